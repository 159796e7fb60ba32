//! Reads the last lines of a log, regardless of how many records they consist of.

use crate::server::source::{EngineError, LogLines, LogQuery, LogSource, SourceLine};
use futures::{StreamExt, TryStreamExt, stream};
use std::collections::VecDeque;

/// Most bytes of lines that are kept while they are counted. If there are more, they are read again.
const MAX_KEPT: usize = 1 << 20;
/// Most requests. Each asks for four times as many records as the one before, so that lines of 64 MiB are
/// found as well.
const MAX_ROUNDS: usize = 8;

/// The lines counted so far.
#[derive(Debug, Default)]
struct Count {
    lines: usize,
    records: usize,
    /// The last lines; `None` if they have too many bytes.
    kept: Option<VecDeque<SourceLine>>,
    bytes: usize,
}

impl Count {
    fn take(&mut self, line: SourceLine, wanted: usize, query: &LogQuery) {
        self.records += line.assembly.records as usize;
        if !query.is_of_interest(&line) {
            return;
        }
        self.lines += 1;
        if let Some(kept) = &mut self.kept {
            self.bytes += line.line.len();
            kept.push_back(line);
            if kept.len() > wanted
                && let Some(older) = kept.pop_front()
            {
                self.bytes -= older.line.len();
            }
        }
        self.kept.take_if(|_| self.bytes > MAX_KEPT);
    }
}

/// The last `wanted` lines that match `query`, whose `tail` is ignored.
///
/// Engines count records, of both streams and until the present, and a long line consists of several: the
/// number of requested records is increased until there are enough lines.
///
/// # Errors
/// The engine's errors.
pub async fn last_lines(
    log: &dyn LogSource,
    query: &LogQuery,
    wanted: usize,
) -> Result<LogLines, EngineError> {
    // One more, because the first line may be incomplete.
    let mut asked = wanted.saturating_add(1);
    for round in 1.. {
        let of_all = LogQuery {
            tail: Some(u32::try_from(asked).unwrap_or(u32::MAX)),
            until: None,
            stdout: true,
            stderr: true,
            ..query.clone()
        };
        let mut count = Count {
            kept: Some(VecDeque::new()),
            ..Count::default()
        };
        let mut lines = log.read(&of_all).await?;
        while let Some(line) = lines.try_next().await? {
            count.take(line, wanted, query);
        }
        let has_all = count.records < asked || count.lines > wanted || round == MAX_ROUNDS;
        if !has_all {
            asked = asked.saturating_mul(4);
            continue;
        }
        if let Some(kept) = count.kept {
            return Ok(stream::iter(kept).map(Ok).boxed());
        }
        let (older, query) = (count.lines.saturating_sub(wanted), query.clone());
        let lines = log.read(&of_all).await?;
        let lines = lines.try_filter(move |line| std::future::ready(query.is_of_interest(line)));
        return Ok(lines.skip(older).boxed());
    }
    Ok(stream::empty().boxed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{LogStream, Timestamp},
        server::source::{Assembly, NANOS_PER_MS},
    };
    use async_trait::async_trait;
    use proptest::prelude::*;

    /// An engine with one log. Each entry is the number of records and of bytes of a line; every third
    /// line is of standard error.
    #[derive(Debug)]
    struct Log(Vec<(u32, usize)>);

    impl Log {
        fn line(&self, n: usize) -> SourceLine {
            let (records, bytes) = self.0[n];
            SourceLine {
                nanos: Some(n as i64 * NANOS_PER_MS),
                stream: if n % 3 == 2 {
                    LogStream::Stderr
                } else {
                    LogStream::Stdout
                },
                line: format!("{n} {}", "x".repeat(bytes)),
                assembly: Assembly {
                    records,
                    ..Assembly::default()
                },
                ordinal: 0,
            }
        }
    }

    #[async_trait]
    impl LogSource for Log {
        async fn read(&self, query: &LogQuery) -> Result<LogLines, EngineError> {
            let mut left = query.tail.unwrap();
            let mut told = VecDeque::new();
            for n in (0..self.0.len()).rev() {
                let mut line = self.line(n);
                let records = line.assembly.records.min(left);
                if records == 0 {
                    break;
                }
                left -= records;
                line.assembly.records = records;
                if query.is_of_interest(&line) {
                    told.push_front(Ok(line));
                }
            }
            Ok(stream::iter(told).boxed())
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn as_many_lines_come_as_are_wanted_if_the_log_has_them(
            log in prop::collection::vec((1_u32..40, prop_oneof![9 => 0_usize..50, 1 => Just(200_000)]), 0..60),
            wanted in 1_usize..70,
            has_stdout: bool,
            until in prop::option::of(0_i64..60),
        ) {
            let log = Log(log);
            let query = LogQuery {
                stdout: has_stdout,
                stderr: true,
                until: until.map(Timestamp::from_millis),
                ..LogQuery::default()
            };
            let all = (0..log.0.len()).map(|n| log.line(n)).filter(|line| query.is_of_interest(line));
            let all: Vec<_> = all.collect();
            let expected = all[all.len().saturating_sub(wanted)..].to_vec();
            let read = async {
                let lines = last_lines(&log, &query, wanted).await.unwrap();
                lines.try_collect::<Vec<_>>().await.unwrap()
            };
            prop_assert_eq!(futures::executor::block_on(read), expected);
        }
    }
}
