//! The settings of a log view, which are part of the page's URL.

use super::Level;
use crate::model::{LogStream, Page, WorkloadId, WorkloadRef, percent_encoded};
use std::time::Duration;

/// Most logs shown at once: as many colours as can be distinguished.
pub const MAX_CONTAINERS: usize = 8;

/// Numbers of last lines to choose from; the second is the default.
pub const TAILS: [u32; 4] = [100, 500, 1_000, 5_000];
const DEFAULT_TAIL: u32 = 500;

/// Declares an enum whose variants have names in URLs; the first is the default.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name { #[default] $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every choice, in the order in which they are offered.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name of the choice in URLs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The choice with this name, or the default.
            pub fn named(name: &str) -> Self {
                Self::ALL.iter().copied().find(|choice| choice.as_str() == name).unwrap_or_default()
            }
        }
    };
}

choice! {
    /// The levels to show.
    LevelFilter {
        /// Every line, including lines without a level.
        All = "all",
        /// Errors.
        Error = "error",
        /// Warnings and errors.
        Warn = "warn",
        /// Info and above.
        Info = "info",
        /// Debug and above.
        Debug = "debug",
    }
}

impl LevelFilter {
    /// Whether a line with this level is shown.
    pub fn shows(self, level: Option<Level>) -> bool {
        let least = match self {
            Self::All => return true,
            Self::Error => Level::Error,
            Self::Warn => Level::Warn,
            Self::Info => Level::Info,
            Self::Debug => Level::Debug,
        };
        level >= Some(least)
    }
}

choice! {
    /// The streams to show.
    StreamFilter {
        /// Both streams.
        Both = "both",
        /// Standard output.
        Stdout = "stdout",
        /// Standard error.
        Stderr = "stderr",
    }
}

choice! {
    /// The age of the oldest lines to show.
    Since {
        /// Any age.
        Any = "any",
        /// Five minutes.
        FiveMinutes = "5m",
        /// A quarter of an hour.
        QuarterHour = "15m",
        /// An hour.
        Hour = "1h",
        /// Six hours.
        SixHours = "6h",
        /// A day.
        Day = "24h",
    }
}

impl Since {
    /// The age as a duration; `None` for any.
    pub const fn ago(self) -> Option<Duration> {
        Some(Duration::from_mins(match self {
            Self::Any => return None,
            Self::FiveMinutes => 5,
            Self::QuarterHour => 15,
            Self::Hour => 60,
            Self::SixHours => 6 * 60,
            Self::Day => 24 * 60,
        }))
    }
}

/// The settings of a log view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogView {
    /// The containers, at most [`MAX_CONTAINERS`].
    pub containers: Vec<WorkloadRef>,
    /// The search text.
    pub text: String,
    /// Whether it is a regular expression.
    pub regex: bool,
    /// Whether matching lines are hidden.
    pub invert: bool,
    /// Whether other lines are hidden.
    pub only: bool,
    /// The levels to show.
    pub level: LevelFilter,
    /// The streams to show.
    pub stream: StreamFilter,
    /// Number of last lines per container to begin with.
    pub tail: u32,
    /// The age of the oldest lines.
    pub since: Since,
}

impl Default for LogView {
    fn default() -> Self {
        Self {
            containers: Vec::new(),
            text: String::new(),
            regex: false,
            invert: false,
            only: false,
            level: LevelFilter::default(),
            stream: StreamFilter::default(),
            tail: DEFAULT_TAIL,
            since: Since::default(),
        }
    }
}

impl LogView {
    /// The default view of one container's log.
    pub fn of(id: WorkloadId) -> Self {
        Self {
            containers: vec![id.reference()],
            ..Self::default()
        }
    }

    /// The URL of the log page with this view.
    pub fn href(&self) -> String {
        Page::Logs.href_with(&self.to_url())
    }

    /// Parses the query of a URL; unknown values are ignored. `get` returns the first value of a name,
    /// `containers` are all values of `c`.
    pub fn from_url(get: impl Fn(&str) -> Option<String>, containers: &[String]) -> Self {
        let is_on = |name| get(name).as_deref() == Some("1");
        let named = |name| get(name).unwrap_or_default();
        let mut ids: Vec<WorkloadRef> = Vec::new();
        for id in containers.iter().filter_map(|id| id.parse().ok()) {
            if !ids.contains(&id) && ids.len() < MAX_CONTAINERS {
                ids.push(id);
            }
        }
        let tail = get("tail").and_then(|tail| tail.parse().ok());
        Self {
            containers: ids,
            text: named("q"),
            regex: is_on("regex"),
            invert: is_on("invert"),
            only: is_on("only"),
            level: LevelFilter::named(&named("level")),
            stream: StreamFilter::named(&named("stream")),
            tail: tail
                .filter(|tail| TAILS.contains(tail))
                .unwrap_or(DEFAULT_TAIL),
            since: Since::named(&named("since")),
        }
    }

    /// The query of a URL with this view, without defaults; to be appended after `?` or `&`. Empty for the
    /// default view.
    pub fn to_url(&self) -> String {
        let mut pairs = Vec::new();
        let mut push = |is_set: bool, name: &str, value: &str| {
            if is_set {
                pairs.push(format!("{name}={}", percent_encoded(value)));
            }
        };
        for id in &self.containers {
            push(true, "c", &id.to_string());
        }
        push(self.is_search(), "q", &self.text);
        push(self.regex, "regex", "1");
        push(self.invert, "invert", "1");
        push(self.only, "only", "1");
        push(
            self.level != LevelFilter::default(),
            "level",
            self.level.as_str(),
        );
        push(
            self.stream != StreamFilter::default(),
            "stream",
            self.stream.as_str(),
        );
        push(self.tail != DEFAULT_TAIL, "tail", &self.tail.to_string());
        push(self.since != Since::default(), "since", self.since.as_str());
        pairs.join("&")
    }

    /// Whether there is a search text.
    pub const fn is_search(&self) -> bool {
        !self.text.is_empty()
    }

    /// The only stream to show; `None` for both.
    pub const fn only_stream(&self) -> Option<LogStream> {
        match self.stream {
            StreamFilter::Both => None,
            StreamFilter::Stdout => Some(LogStream::Stdout),
            StreamFilter::Stderr => Some(LogStream::Stderr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn read(url: &str) -> LogView {
        let pairs = url.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<(String, String)> = pairs
            .map(|(name, value)| {
                (
                    name.to_owned(),
                    value.replace("%20", " ").replace("%2B", "+"),
                )
            })
            .collect();
        let containers: Vec<_> = pairs
            .iter()
            .filter(|(name, _)| name == "c")
            .map(|(_, id)| id.clone())
            .collect();
        let map: HashMap<_, _> = pairs.into_iter().collect();
        LogView::from_url(|name| map.get(name).cloned(), &containers)
    }

    #[test]
    fn a_view_is_preserved_by_its_url() {
        let view = LogView {
            containers: ["0123456789ab", "abcdef012345"]
                .map(|id| id.parse().unwrap())
                .into(),
            text: "a b+".into(),
            regex: true,
            invert: true,
            only: true,
            level: LevelFilter::Warn,
            stream: StreamFilter::Stderr,
            tail: 5_000,
            since: Since::Hour,
        };
        assert_eq!(read(&view.to_url()), view);
        assert_eq!(LogView::default().to_url(), "");
        assert_eq!(read(""), LogView::default());
    }

    #[test]
    fn invalid_values_are_ignored_and_the_number_of_containers_is_limited() {
        let ids: Vec<_> = (0..20).map(|n| format!("c={n:012x}&c={n:012x}")).collect();
        let view = read(&format!(
            "c=../x&tail=7&level=loud&since=1y&{}",
            ids.join("&")
        ));
        assert_eq!(view.containers.len(), MAX_CONTAINERS);
        let plain = LogView {
            containers: Vec::new(),
            ..view
        };
        assert_eq!(plain, LogView::default());
    }

    #[test]
    fn a_line_without_a_level_is_shown_only_with_all_levels() {
        assert!(LevelFilter::All.shows(None));
        assert!(!LevelFilter::Debug.shows(None));
        assert!(LevelFilter::Debug.shows(Some(Level::Info)));
        assert!(!LevelFilter::Debug.shows(Some(Level::Trace)));
    }
}
