//! Lines from what an engine sends of a container's log.

use super::super::{EngineError, LogLines, LogQuery, NANOS_PER_MS, SourceLine};
use crate::model::{ContainerId, LogStream, Timestamp};
use bollard::{Docker, container::LogOutput, query_parameters::LogsOptions};
use futures::{StreamExt, stream};
use std::collections::VecDeque;

/// Longest line that is kept, in bytes.
const MAX_LINE_BYTES: usize = 64 * 1024;
/// Stands at the end of a line that was longer.
const TRUNCATED: &str = " … (truncated)";

/// The lines `query` asks for. Waits for the first chunk, so that a failure is an error and not an
/// empty log.
pub(super) async fn lines(
    docker: Docker,
    id: ContainerId,
    query: &LogQuery,
) -> Result<LogLines, EngineError> {
    // The engine takes seconds; what is outside of the milliseconds asked for is left out here.
    let seconds =
        |at: Timestamp| i32::try_from(at.as_millis().div_euclid(1_000)).unwrap_or(i32::MAX);
    let options = LogsOptions {
        follow: query.follow,
        stdout: query.stdout,
        stderr: query.stderr,
        since: query.since.map_or(0, seconds),
        until: query.until.map_or(0, |at| seconds(at).saturating_add(1)),
        timestamps: true,
        tail: query
            .tail
            .map_or_else(|| "all".to_owned(), |lines| lines.to_string()),
    };
    let (since, until) = (query.since, query.until);
    let id = id.to_string();
    let mut chunks = docker.logs(&id, Some(options)).boxed();
    let first = if query.follow {
        None
    } else {
        chunks.next().await
    };
    let first = first.transpose()?;
    let chunks = stream::iter(first.map(Ok)).chain(chunks);
    let is_asked_for = move |line: &SourceLine| {
        line.timestamp().is_none_or(|at| {
            since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until)
        })
    };
    let lines = stream::unfold(
        (chunks.boxed(), Some(Assembler::default()), VecDeque::new()),
        |(mut chunks, mut assembler, mut ready)| async move {
            loop {
                if let Some(line) = ready.pop_front() {
                    return Some((Ok(line), (chunks, assembler, ready)));
                }
                let assembling = assembler.as_mut()?;
                match chunks.next().await {
                    Some(Ok(chunk)) => assembling.push(chunk, &mut ready),
                    Some(Err(error)) => {
                        return Some((Err(error.into()), (chunks, None, ready)));
                    }
                    None => {
                        assembling.finish(&mut ready);
                        assembler = None;
                    }
                }
            }
        },
    );
    let lines =
        lines.filter(move |line| std::future::ready(line.as_ref().map_or(true, is_asked_for)));
    Ok(lines.boxed())
}

/// Puts lines together: an engine splits long ones into parts of 16 KiB, each with its own time.
#[derive(Debug, Default)]
struct Assembler {
    stdout: Option<Partial>,
    stderr: Option<Partial>,
}

#[derive(Debug)]
struct Partial {
    nanos: Option<i64>,
    text: Vec<u8>,
    truncated: bool,
}

impl Assembler {
    fn push(&mut self, chunk: LogOutput, ready: &mut VecDeque<SourceLine>) {
        let (stream, bytes) = match chunk {
            LogOutput::StdErr { message } => (LogStream::Stderr, message),
            LogOutput::StdOut { message }
            | LogOutput::Console { message }
            | LogOutput::StdIn { message } => (LogStream::Stdout, message),
        };
        let slot = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (nanos, text) = split_timestamp(part);
            let complete = text.ends_with(b"\n");
            let partial = slot.get_or_insert_with(|| Partial {
                nanos,
                text: Vec::new(),
                truncated: false,
            });
            partial.append(text.strip_suffix(b"\n").unwrap_or(text));
            if complete {
                ready.extend(slot.take().map(|partial| partial.into_line(stream)));
            }
        }
    }

    fn finish(&mut self, ready: &mut VecDeque<SourceLine>) {
        ready.extend(
            self.stdout
                .take()
                .map(|partial| partial.into_line(LogStream::Stdout)),
        );
        ready.extend(
            self.stderr
                .take()
                .map(|partial| partial.into_line(LogStream::Stderr)),
        );
    }
}

impl Partial {
    fn append(&mut self, text: &[u8]) {
        let room = MAX_LINE_BYTES.saturating_sub(self.text.len());
        self.truncated |= text.len() > room;
        self.text
            .extend_from_slice(text.get(..room).unwrap_or(text));
    }

    fn into_line(self, stream: LogStream) -> SourceLine {
        let text = self.text.strip_suffix(b"\r").unwrap_or(&self.text);
        let mut line = String::from_utf8_lossy(text).into_owned();
        if self.truncated {
            line.push_str(TRUNCATED);
        }
        SourceLine {
            nanos: self.nanos,
            stream,
            line,
        }
    }
}

/// Splits `2026-01-02T03:04:05.678901234Z text` where the first word is a time, which it gives in
/// nanoseconds since the Unix epoch.
fn split_timestamp(line: &[u8]) -> (Option<i64>, &[u8]) {
    /// RFC 3339 with nanoseconds and an offset is 35 bytes.
    const LONGEST: usize = 36;
    let space = line.iter().take(LONGEST).position(|byte| *byte == b' ');
    let nanos = space.and_then(|space| nanos(std::str::from_utf8(line.get(..space)?).ok()?));
    match (nanos, space.and_then(|space| line.get(space + 1..))) {
        (Some(nanos), Some(text)) => (Some(nanos), text),
        _ => (None, line),
    }
}

/// Nanoseconds since the Unix epoch; [`Timestamp`] knows milliseconds only.
fn nanos(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit);
    let below_ms = digits.chain(std::iter::repeat(b'0')).skip(3).take(6);
    let below_ms = below_ms.fold(0, |nanos, digit| nanos * 10 + i64::from(digit - b'0'));
    at.as_millis()
        .checked_mul(NANOS_PER_MS)?
        .checked_add(below_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-01-02T03:04:05.678901234Z";

    fn lines(chunks: &[(LogStream, &[u8])]) -> Vec<SourceLine> {
        let (mut assembler, mut ready) = (Assembler::default(), VecDeque::new());
        for (stream, bytes) in chunks {
            let message = bytes.to_vec().into();
            let chunk = match stream {
                LogStream::Stdout => LogOutput::StdOut { message },
                LogStream::Stderr => LogOutput::StdErr { message },
            };
            assembler.push(chunk, &mut ready);
        }
        assembler.finish(&mut ready);
        ready.into()
    }

    #[test]
    fn a_line_has_its_time_apart() {
        let read = lines(&[(
            LogStream::Stdout,
            format!("{TIME} hello world\r\n").as_bytes(),
        )]);
        let [line] = read.as_slice() else {
            panic!("{read:?}")
        };
        assert_eq!(line.line, "hello world");
        assert_eq!(
            line.timestamp().unwrap().to_string(),
            "2026-01-02T03:04:05.678Z"
        );
        assert_eq!(line.nanos.unwrap() % 1_000_000_000, 678_901_234);
    }

    #[test]
    fn parts_of_a_long_line_are_put_together_whatever_comes_between() {
        let part = format!("{TIME} {}", "a".repeat(16_384));
        let rest = format!("{TIME} b\n");
        let other = format!("{TIME} oops\n");
        let read = lines(&[
            (LogStream::Stdout, part.as_bytes()),
            (LogStream::Stderr, other.as_bytes()),
            (LogStream::Stdout, rest.as_bytes()),
        ]);
        let texts: Vec<_> = read.iter().map(|line| line.line.len()).collect();
        assert_eq!(texts, [4, 16_385]);
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_mark_and_what_is_not_utf_8_is_replaced() {
        let long = vec![b'x'; 200_000];
        let read = lines(&[(LogStream::Stdout, &long), (LogStream::Stdout, b"\n\xff\n")]);
        let [long, bad] = read.as_slice() else {
            panic!("{}", read.len())
        };
        assert_eq!(long.line.len(), MAX_LINE_BYTES + TRUNCATED.len());
        assert_eq!(bad.line, "\u{fffd}");
        assert_eq!(bad.nanos, None);
    }

    #[test]
    fn an_end_without_a_line_end_is_a_line() {
        let read = lines(&[(LogStream::Stderr, format!("{TIME} last words").as_bytes())]);
        assert_eq!(
            read.first().map(|line| line.line.as_str()),
            Some("last words")
        );
    }
}
