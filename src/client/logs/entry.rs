//! What stands in a row: a line, or what happened between lines.

use super::{Level, ansi};
use crate::model::{Event, LogLine, LogStream, Timestamp};

/// Bytes of a line that are looked at for its level.
const LEVEL_BYTES: usize = 4_096;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line of the log.
    Line(LogStream),
    /// The container started.
    Started,
    /// It ended; the text is its exit code, when that is known.
    Ended,
    /// The kernel ended one of its processes, for want of memory.
    OutOfMemory,
    /// It was paused.
    Paused,
    /// It goes on.
    Unpaused,
    /// Lines are missing: so many, when that is known, or four thousand million and more.
    Gap(Option<u32>),
}

/// A time that is known or not, in the room of one that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaybeTime(i64);

impl MaybeTime {
    const UNKNOWN: i64 = i64::MIN;

    /// The time, when it is known.
    pub fn get(self) -> Option<Timestamp> {
        (self.0 != Self::UNKNOWN).then(|| Timestamp::from_millis(self.0))
    }
}

impl From<Option<Timestamp>> for MaybeTime {
    fn from(time: Option<Timestamp>) -> Self {
        Self(time.map_or(Self::UNKNOWN, Timestamp::as_millis))
    }
}

/// What is known of an entry besides its text; small, for there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Where it stands in time: its own time, or that of the line before it in the same log when
    /// that is later, in milliseconds.
    pub at: i64,
    /// Its own time, when it has one.
    pub time: MaybeTime,
    /// Which of the viewer's containers it is of.
    pub source: u8,
    /// What it is.
    pub kind: Kind,
    /// How grave it is, when it says so.
    pub level: Option<Level>,
    /// Whether all of it is shown.
    pub is_expanded: bool,
    /// Whether it is what is searched for; not known before it was looked at.
    pub is_match: Option<bool>,
}

/// A line of one of the logs, or what happened between lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is known of it.
    pub head: Head,
    /// The line as it came.
    pub text: Box<str>,
}

impl Head {
    /// Whether it is a line.
    pub const fn is_line(&self) -> bool {
        matches!(self.kind, Kind::Line(_))
    }
}

impl Entry {
    /// A line of the log of `source`.
    pub fn line(source: u8, line: LogLine) -> Self {
        let head = line.line.get(..line.line.floor_char_boundary(LEVEL_BYTES));
        let level = Level::of(&ansi::plain(head.unwrap_or_default()));
        let mut entry = Self::at(source, line.timestamp, Kind::Line(line.stream));
        entry.head.level = level;
        entry.text = line.line.into();
        entry
    }

    /// Something other than a line.
    pub fn at(source: u8, time: Option<Timestamp>, kind: Kind) -> Self {
        let head = Head {
            at: time.map_or(i64::MIN, Timestamp::as_millis),
            time: time.into(),
            source,
            kind,
            level: None,
            is_expanded: false,
            is_match: None,
        };
        Self {
            head,
            text: Box::default(),
        }
    }

    /// What `event` means for a reader of its container's log, if anything.
    pub fn marker(source: u8, event: &Event) -> Option<Self> {
        let kind = match event.action.as_str() {
            "start" => Kind::Started,
            "die" => Kind::Ended,
            "oom" => Kind::OutOfMemory,
            "pause" => Kind::Paused,
            "unpause" => Kind::Unpaused,
            _ => return None,
        };
        let code = event
            .attributes
            .get("exitCode")
            .filter(|_| kind == Kind::Ended);
        Some(Self {
            text: code.cloned().unwrap_or_default().into(),
            ..Self::at(source, Some(event.timestamp), kind)
        })
    }
}
