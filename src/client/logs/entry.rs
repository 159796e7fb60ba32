//! Entries of a log view: lines, and events between them.

use super::{Level, ansi};
use crate::model::{Event, LogLine, LogStream, Timestamp};

/// Bytes of a line that are scanned for its level.
const LEVEL_BYTES: usize = 4_096;

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line of the log, with its stream.
    Line(LogStream),
    /// The container started.
    Started,
    /// The container ended; the text is its exit code, if known.
    Ended,
    /// The kernel killed one of its processes for lack of memory.
    OutOfMemory,
    /// The container was paused.
    Paused,
    /// The container was resumed.
    Unpaused,
    /// Lines are missing; their number, if known, saturated at the maximum.
    Gap(Option<u32>),
}

/// An optional time in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaybeTime(i64);

impl MaybeTime {
    const UNKNOWN: i64 = i64::MIN;

    /// The time, if known.
    pub fn get(self) -> Option<Timestamp> {
        (self.0 != Self::UNKNOWN).then(|| Timestamp::from_millis(self.0))
    }
}

impl From<Option<Timestamp>> for MaybeTime {
    fn from(time: Option<Timestamp>) -> Self {
        Self(time.map_or(Self::UNKNOWN, Timestamp::as_millis))
    }
}

/// The properties of an entry except its text. Kept small, as there are many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its position in time, in milliseconds: its own time, or that of the line before it in the same log,
    /// whichever is later.
    pub at: i64,
    /// Its own time, if it has one.
    pub time: MaybeTime,
    /// The index of its container among the viewer's.
    pub source: u8,
    /// The kind of the entry.
    pub kind: Kind,
    /// Its level, if it has one.
    pub level: Option<Level>,
    /// Whether the whole line is shown.
    pub is_expanded: bool,
    /// Whether it matches the search; `None` until it was searched.
    pub is_match: Option<bool>,
}

/// An entry of a log view: a line, or an event between lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its properties.
    pub head: Head,
    /// The raw line, or the detail of an event.
    pub text: Box<str>,
}

impl Head {
    /// Whether it is a line.
    pub const fn is_line(&self) -> bool {
        matches!(self.kind, Kind::Line(_))
    }
}

impl Entry {
    /// A line of the log `source`.
    pub fn line(source: u8, line: LogLine) -> Self {
        let head = line.line.get(..line.line.floor_char_boundary(LEVEL_BYTES));
        let level = Level::of(&ansi::plain(head.unwrap_or_default()));
        let mut entry = Self::at(source, line.timestamp, Kind::Line(line.stream));
        entry.head.level = level;
        entry.text = line.line.into();
        entry
    }

    /// An entry other than a line.
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

    /// The entry for `event` in its container's log; `None` if it is irrelevant there.
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
