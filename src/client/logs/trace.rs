//! Assigns levels to lines that have none of their own, such as those of stack traces: the level of the
//! entry that they continue. Input are the lines of one stream of one container, in order. A trace without
//! an entry before it is an error.

use super::{Entry, Kind, Level, ansi};

/// Longest pause between two lines of one entry, in milliseconds: a program writes them together, even on a
/// busy machine.
const MAX_PAUSE: i64 = 1_000;
/// Most lines that continue one entry: more than any runtime prints for one trace, except Go, which prints
/// one per goroutine.
const MAX_LINES: u16 = 5_000;

/// The entry of the last line of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    level: Option<Level>,
    trace: Trace,
    /// When the last line was written, in milliseconds.
    at: Option<i64>,
    lines: u16,
}

/// The kind of stack trace that the last line was part of; each kind has characteristic lines that are not
/// indented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Trace {
    #[default]
    None,
    Python,
    /// After the exception at the end of a Python trace; another trace may follow.
    PythonEnd,
    Go,
    /// Rust's, before the panic message, which is on a line of its own.
    RustMessage,
    Other,
}

/// How a line relates to the entry before it.
enum Part {
    /// It continues the entry.
    Continues(Trace),
    /// It begins a trace, which belongs to the entry before it if that is a warning or an error.
    Begins(Trace),
    /// It is blank.
    Blank,
    /// Nothing, unless a trace has lines like it.
    Own,
}

impl Levels {
    /// Sets the level of `entry`, the next line of the stream.
    pub fn follow(&mut self, entry: &mut Entry) {
        if !matches!(entry.head.kind, Kind::Line(_)) {
            return;
        }
        let at = entry.head.time.get().map(|at| at.as_millis());
        let pause = at
            .zip(self.at)
            .map(|(at, before)| at.saturating_sub(before));
        if pause.is_some_and(|pause| pause > MAX_PAUSE) || self.lines >= MAX_LINES {
            *self = Self::default();
        }
        self.at = at;
        let text = ansi::plain(&entry.text);
        entry.head.level = self.next(&text, entry.head.level);
        self.lines = self.lines.saturating_add(1);
    }

    fn next(&mut self, line: &str, own: Option<Level>) -> Option<Level> {
        let is_in_trace = self.trace != Trace::None;
        // Source code in a trace is not an entry, even if it contains a level.
        if own.is_some() && !(is_in_trace && line.starts_with([' ', '\t'])) {
            *self = Self {
                level: own,
                trace: if is_go_panic(line) {
                    Trace::Go
                } else {
                    Trace::None
                },
                at: self.at,
                lines: 0,
            };
            return own;
        }
        match part(line) {
            Part::Blank if !is_in_trace => return None,
            Part::Blank => {}
            Part::Continues(trace) => {
                if trace != Trace::None && self.trace == Trace::None {
                    self.trace = trace;
                }
            }
            Part::Begins(trace) => {
                if self.level < Some(Level::Warn) {
                    self.level = Some(Level::Error);
                }
                self.trace = match (self.trace, trace) {
                    (Trace::Python, Trace::Other) => Trace::PythonEnd,
                    _ => trace,
                };
            }
            Part::Own if self.trace == Trace::RustMessage => self.trace = Trace::Other,
            Part::Own if self.trace.has(line) => {
                if self.trace == Trace::Python {
                    self.trace = Trace::PythonEnd;
                }
            }
            Part::Own => {
                *self = Self {
                    at: self.at,
                    ..Self::default()
                };
            }
        }
        self.level
    }
}

impl Trace {
    /// Whether traces of this kind have unindented lines like `line`.
    fn has(self, line: &str) -> bool {
        let begins = |beginnings: &[&str]| beginnings.iter().any(|it| line.starts_with(it));
        match self {
            Self::None | Self::RustMessage => false,
            Self::Python => exception(line).is_some(),
            Self::PythonEnd => begins(&["During handling of ", "The above exception "]),
            Self::Go => begins(&["created by ", "[signal ", "exit status "]) || is_call(line),
            Self::Other => begins(&[
                "stack backtrace:",
                "Stack backtrace:",
                "note: ",
                "Node.js v",
            ]),
        }
    }
}

fn part(line: &str) -> Part {
    let text = line.trim_start_matches([' ', '\t']);
    let begins = |beginnings: &[&str]| beginnings.iter().any(|it| text.starts_with(it));
    if text.is_empty() {
        return Part::Blank;
    }
    if text.len() < line.len() || begins(&["Caused by:", "...", "}", "--- End of "]) {
        let is_frame = begins(&["at ", "File \"", "Caused by:", "...", "0: ", "--- End of "]);
        return Part::Continues(if is_frame { Trace::Other } else { Trace::None });
    }
    if begins(&["Traceback ("]) {
        return Part::Begins(Trace::Python);
    }
    if text.starts_with("goroutine ") && text.ends_with("]:") {
        return Part::Begins(Trace::Go);
    }
    if text.starts_with("thread '") && text.contains(" panicked at ") {
        let has_message = !text.ends_with(':');
        return Part::Begins(if has_message {
            Trace::Other
        } else {
            Trace::RustMessage
        });
    }
    let is_exception = exception(line).is_some_and(|name| {
        let is_named = name.starts_with(|c: char| c.is_ascii_uppercase());
        is_named
            && ["Error", "Exception", "Throwable"]
                .iter()
                .any(|end| name.ends_with(end))
    });
    if is_exception || begins(&["Exception in thread ", "Unhandled exception"]) {
        return Part::Begins(Trace::Other);
    }
    Part::Own
}

/// The name, without its path, of the exception in a line of the form `a.b.Name` or `a.b.Name: …`.
fn exception(line: &str) -> Option<&str> {
    let path = line.split_once(':').map_or(line, |(path, _)| path);
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$');
    let is_whole = !path.is_empty() && path.chars().all(is_path);
    is_whole.then(|| path.rsplit('.').next())?
}

/// Whether `line` is a call in a Go trace: `main.(*T).run(0xc000, {0x1, 0x2})`.
fn is_call(line: &str) -> bool {
    let name = line.split_once('(').map_or("", |(name, _)| name);
    !name.is_empty() && !name.contains(' ') && line.ends_with(')')
}

/// Whether `line` is what Go prints before the goroutines.
fn is_go_panic(line: &str) -> bool {
    line.starts_with("panic: ") || line.starts_with("fatal error: ")
}

#[cfg(test)]
mod tests;
