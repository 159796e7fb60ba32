//! Detects the severity level of a line.

use super::json;

/// The severity level of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Single steps.
    Trace,
    /// Information for debugging.
    Debug,
    /// Normal operation.
    Info,
    /// Possible problems.
    Warn,
    /// Failures.
    Error,
}

/// The level is expected in this many bytes at the beginning, after a time and a name; further back it
/// would be prose.
const HEAD_BYTES: usize = 160;

impl Level {
    /// Every level, gravest first.
    pub const ALL: [Self; 5] = [
        Self::Error,
        Self::Warn,
        Self::Info,
        Self::Debug,
        Self::Trace,
    ];

    /// The name of the level in URLs and CSS classes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level with this name in some logging library, in any case.
    fn from_word(word: &str) -> Option<Self> {
        const WORDS: [(&str, Level); 27] = [
            ("emerg", Level::Error),
            ("emergency", Level::Error),
            ("alert", Level::Error),
            ("crit", Level::Error),
            ("critical", Level::Error),
            ("fatal", Level::Error),
            ("panic", Level::Error),
            ("severe", Level::Error),
            ("err", Level::Error),
            ("error", Level::Error),
            ("eror", Level::Error),
            ("fail", Level::Error),
            ("warn", Level::Warn),
            ("warning", Level::Warn),
            ("wrn", Level::Warn),
            ("info", Level::Info),
            ("information", Level::Info),
            ("inf", Level::Info),
            ("notice", Level::Info),
            ("log", Level::Info),
            ("debug", Level::Debug),
            ("dbg", Level::Debug),
            ("debu", Level::Debug),
            ("dbug", Level::Debug),
            ("trace", Level::Trace),
            ("trc", Level::Trace),
            ("trce", Level::Trace),
        ];
        let known = WORDS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word));
        known.map(|(_, level)| *level)
    }

    /// The level with this number in pino and bunyan.
    fn from_number(number: &str) -> Option<Self> {
        Some(match number {
            "10" => Self::Trace,
            "20" => Self::Debug,
            "30" => Self::Info,
            "40" => Self::Warn,
            "50" | "60" => Self::Error,
            _ => return None,
        })
    }

    /// The level of a line without escape sequences, if it has one.
    pub fn of(line: &str) -> Option<Self> {
        if line.starts_with('{') {
            let names = ["level", "severity", "lvl", "levelname", "log.level", "@l"];
            let value = json::member(line, &names)?;
            return Self::from_word(value).or_else(|| Self::from_number(value));
        }
        let head = line
            .get(..line.floor_char_boundary(HEAD_BYTES))
            .unwrap_or(line);
        logfmt(head)
            .or_else(|| klog(head))
            .or_else(|| in_words(head))
    }
}

/// Matches `… level=warn …`.
fn logfmt(head: &str) -> Option<Level> {
    let fields = head.split_ascii_whitespace();
    let mut values = fields.filter_map(|field| {
        let (name, value) = field.split_once('=')?;
        matches!(name, "level" | "lvl" | "severity").then(|| value.trim_matches('"'))
    });
    Level::from_word(values.next()?)
}

/// Matches `E0102 15:04:05.678901 …`, the format of Kubernetes and other users of glog.
fn klog(head: &str) -> Option<Level> {
    let (first, _) = head.split_once(' ')?;
    let (letter, date) = first.split_at_checked(1)?;
    if date.len() != 4 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match letter {
        "E" | "F" => Level::Error,
        "W" => Level::Warn,
        "I" => Level::Info,
        _ => return None,
    })
}

/// The first word that is a level and marked as such: in capitals, in brackets, or followed by a colon at
/// the beginning of the line. `no errors` and `an error page` are prose.
fn in_words(head: &str) -> Option<Level> {
    let mut before = "";
    let mut is_first = true;
    for token in head.split_ascii_whitespace() {
        // Python writes the level, the logger and the message without spaces between.
        let word = match token.split_once(':') {
            Some((word, _)) if is_first => word,
            _ => token,
        };
        let word = word.trim_matches(|c: char| !c.is_ascii_alphabetic());
        if let Some(level) = Level::from_word(word) {
            let is_uppercase = word.bytes().all(|byte| byte.is_ascii_uppercase());
            let has_around = |open: char, close: char| {
                token.starts_with(open) && token.trim_end_matches(':').ends_with(close)
            };
            let is_enclosed = has_around('[', ']') || has_around('<', '>') || has_around('(', ')');
            let is_label = is_first && token.ends_with(':') && token.len() == word.len() + 1;
            let is_negated = ["no", "0", "without", "zero"]
                .iter()
                .any(|negation| negation.eq_ignore_ascii_case(before));
            if (is_uppercase && !is_negated) || is_enclosed || is_label {
                return Some(level);
            }
        }
        is_first = false;
        before = token;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_where_programs_write_them() {
        for (line, level) in [
            ("2026-01-02 03:04:05 ERROR db: gone", Level::Error),
            ("[2026-01-02T03:04:05Z WARN  hyper] slow", Level::Warn),
            (
                "2026/01/02 03:04:05 [error] 31#31: *1 open() failed",
                Level::Error,
            ),
            ("time=\"2026\" level=warning msg=\"x\"", Level::Warn),
            ("ts=1 lvl=debug msg=y", Level::Debug),
            (
                "{\"ts\":1,\"level\":\"info\",\"msg\":\"ERROR\"}",
                Level::Info,
            ),
            ("{\"level\":50,\"msg\":\"x\"}", Level::Error),
            ("{\"severity\":\"NOTICE\"}", Level::Info),
            ("E0102 15:04:05.678901   1 main.go:1] oops", Level::Error),
            ("W0102 15:04:05.678901   1 main.go:1] hm", Level::Warn),
            (
                "2026-01-02 03:04:05.006 UTC [1] FATAL:  role missing",
                Level::Error,
            ),
            ("error: could not compile", Level::Error),
            ("Warning: deprecated", Level::Warn),
            ("INFO:     Started server process [1]", Level::Info),
            ("12:00 TRACE step", Level::Trace),
            ("ERROR:root:cannot connect", Level::Error),
            ("fail: Microsoft.Hosting.Lifetime[0]", Level::Error),
            ("1:M 02 Jan <debug> x", Level::Debug),
            ("panic: runtime error: index out of range", Level::Error),
        ] {
            assert_eq!(Level::of(line), Some(level), "{line}");
        }
    }

    #[test]
    fn prose_about_errors_has_no_level() {
        for line in [
            "no errors",
            "finished: 0 errors, no warnings",
            "No ERROR found",
            "GET /error 200",
            "see the error page for information",
            "warning signs were ignored",
            "the log level is high",
            "{\"msg\":\"level\"}",
            "{\"level\":true}",
            "errors=0",
            "fail:over to db2",
            "",
        ] {
            assert_eq!(Level::of(line), None, "{line}");
        }
        let late = format!("{} ERROR", "x ".repeat(200));
        assert_eq!(Level::of(&late), None);
    }
}
