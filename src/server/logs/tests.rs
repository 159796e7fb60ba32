use super::{
    ring::{Cursor, Ring},
    *,
};
use crate::{
    model::{
        Action, ActionOptions, ContainerId, HostId, LogLine, LogStream, Timestamp, Update,
        Workload, WorkloadKey, fixtures::container,
    },
    protocol::{Channel, ServerMessage},
    server::{
        hub::{Audience, Frame, Hub},
        source::{Engine, EngineError, LogLines, LogQuery, NANOS_PER_MS, SourceLine},
    },
};
use async_trait::async_trait;
use futures::StreamExt;
use proptest::prelude::*;
use tokio::sync::mpsc;

const CHANNEL: Channel = Channel::logs(WorkloadKey::Container(ContainerId::from_bytes([7; 32])));
const PATIENCE: Duration = Duration::from_secs(30);

fn line(n: u64, bytes: usize) -> SourceLine {
    let mut line = format!("line {n}");
    line.extend(std::iter::repeat_n('.', bytes));
    SourceLine {
        nanos: Some(n as i64 * NANOS_PER_MS),
        stream: LogStream::Stdout,
        line,
        ..SourceLine::default()
    }
}

/// Reads `frames` as a client whose next line is `next`: gaps must count exactly the missing lines.
fn read(frames: &[Arc<Frame>], next: &mut u64) -> Vec<LogLine> {
    let mut read = Vec::new();
    for frame in frames {
        match frame.message() {
            ServerMessage::Log { lines, .. } => {
                for line in lines {
                    let said: String = line.line.chars().take_while(|c| *c != '.').collect();
                    assert_eq!(said, format!("line {next}"));
                    *next += 1;
                    read.push(line.clone());
                }
            }
            ServerMessage::LogGap { missing, .. } => *next += missing.expect("how many"),
            other => panic!("{other:?}"),
        }
    }
    read
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_reader_gets_every_line_or_is_told_how_many_it_missed(
        batches in prop::collection::vec((1_u64..400, 0_usize..300, prop::option::of(1_usize..40_000)), 1..80),
    ) {
        let mut ring = Ring::new(CHANNEL, 1_000_000);
        let mut cursor = ring.begin(0, None);
        let (mut written, mut next) = (0, 0);
        for (count, bytes, budget) in batches {
            ring.push_lines((written..written + count).map(|n| line(n, bytes)).collect());
            written += count;
            prop_assert!(ring.lines() <= MAX_LINES);
            if let Some(mut budget) = budget {
                let frames = ring.after(&mut cursor, &mut budget);
                read(&frames, &mut next);
            }
        }
        let rest = ring.after(&mut cursor, &mut usize::MAX.clone());
        read(&rest, &mut next);
        prop_assert_eq!(next, written);
        prop_assert_eq!(cursor.entry, ring.head());
    }

    #[test]
    fn a_reader_can_begin_and_go_on_anywhere(batches in prop::collection::vec(1_u64..40, 1..20), tail in 0_usize..400, at: prop::sample::Index) {
        let mut ring = Ring::new(CHANNEL, 10);
        let mut written = 0;
        for count in batches {
            ring.push_lines((written..written + count).map(|n| line(n, 0)).collect());
            written += count;
        }
        let mut next = written.saturating_sub(tail as u64);
        let mut cursor = ring.begin(tail, None);
        read(&ring.after(&mut cursor, &mut usize::MAX.clone()), &mut next);
        prop_assert_eq!(next, written);

        let known = at.index(written as usize) as u64;
        let mut next = known + 1;
        let mut cursor = ring.resume(10 + known).unwrap();
        read(&ring.after(&mut cursor, &mut usize::MAX.clone()), &mut next);
        prop_assert_eq!(next, written);

        let mut next = known;
        let since = line(known, 0).timestamp();
        let mut cursor = ring.begin(MAX_LINES, since);
        read(&ring.after(&mut cursor, &mut usize::MAX.clone()), &mut next);
        prop_assert_eq!(next, written);
    }

    #[test]
    fn older_lines_come_before_with_lower_numbers(older in 1_u64..3_000, chunk in 1_usize..600, newer in 1_u64..4_000) {
        let mut ring = Ring::new(CHANNEL, 1_000_000);
        ring.push_lines((older..older + newer).map(|n| line(n, 0)).collect());
        prop_assert!(ring.begins_with(&line(older, 0)));
        let mut reader = ring.begin(0, None);
        let lines: Vec<_> = (0..older).map(|n| line(n, 0)).collect();
        ring.prepend(lines.chunks(chunk).map(<[_]>::to_vec).collect());
        let fits = (MAX_LINES as u64).min(older + newer);
        prop_assert_eq!(ring.lines() as u64, fits);
        let mut cursor = ring.begin(MAX_LINES, None);
        let mut next = older + newer - fits;
        let told = read(&ring.after(&mut cursor, &mut usize::MAX.clone()), &mut next);
        prop_assert_eq!(next, older + newer);
        prop_assert_eq!(told.last().unwrap().seq, 1_000_000 + newer - 1);
        prop_assert!(ring.after(&mut reader, &mut usize::MAX.clone()).is_empty(), "who was at the head still is");
    }
}

#[test]
fn a_number_that_was_never_given_is_not_gone_on_from() {
    let mut ring = Ring::new(CHANNEL, 100);
    ring.push_lines(vec![line(0, 0)]);
    for seq in [0, 98, 101, u64::MAX] {
        assert_eq!(ring.resume(seq), None, "{seq}");
    }
    assert!(ring.resume(99).is_some() && ring.resume(100).is_some());
}

#[test]
fn a_gap_nobody_can_count_stays_one_for_who_missed_it() {
    let mut ring = Ring::new(CHANNEL, 100);
    let mut cursor: Cursor = ring.begin(0, None);
    ring.push_gap(None, None);
    let full = (0..11).map(|_| (0..500).map(|n| line(n, 0)).collect());
    full.for_each(|lines| ring.push_lines(lines));
    let frames = ring.after(&mut cursor, &mut 1);
    let gap = frames.first().map(|frame| frame.message().clone());
    assert!(
        matches!(gap, Some(ServerMessage::LogGap { missing: None, .. })),
        "{gap:?}"
    );
}

#[test]
fn what_is_kept_is_bounded_in_bytes() {
    let mut ring = Ring::new(CHANNEL, 100);
    for n in 0..100 {
        ring.push_lines(vec![line(n, 64 * 1024)]);
    }
    assert!(ring.lines() * 64 * 1024 <= MAX_BYTES);
    let mut cursor = ring.begin(MAX_LINES, None);
    let mut budget = 100_000;
    let frames = ring.after(&mut cursor, &mut budget);
    assert_eq!(
        (frames.len(), budget),
        (2, 0),
        "no more than may be sent, and a part of an entry"
    );
}

/// An engine that has only a log: the function answers a query.
struct LogEngine<F>(F);

impl<F> std::fmt::Debug for LogEngine<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogEngine")
    }
}

#[async_trait]
impl<F: Fn(&LogQuery) -> LogLines + Send + Sync> Engine for LogEngine<F> {
    async fn act(&self, _: ContainerId, _: Action, _: &ActionOptions) -> Result<(), EngineError> {
        Err(EngineError::NotFound)
    }

    async fn inspect(&self, _: ContainerId) -> Result<serde_json::Value, EngineError> {
        Err(EngineError::NotFound)
    }

    async fn reveal(
        &self,
        _: ContainerId,
        _: Option<&[String]>,
    ) -> Result<serde_json::Value, EngineError> {
        Err(EngineError::NotFound)
    }

    async fn top(&self, _: ContainerId) -> Result<crate::model::Processes, EngineError> {
        Err(EngineError::NotFound)
    }

    async fn logs(&self, _: ContainerId, query: &LogQuery) -> Result<LogLines, EngineError> {
        Ok((self.0)(query))
    }
}

/// The line before all others.
fn past() -> LogLines {
    futures::stream::iter([Ok(line(0, 0))]).boxed()
}

/// An engine that sends the lines of `log` to the first follower.
fn written(log: mpsc::UnboundedReceiver<SourceLine>) -> impl Engine {
    let log = Mutex::new(Some(log));
    LogEngine(move |query: &LogQuery| {
        let Some(log) = log.lock().unwrap().take_if(|_| query.follow) else {
            return past();
        };
        let next = |mut log: mpsc::UnboundedReceiver<_>| async move {
            log.recv().await.map(|line| (Ok(line), log))
        };
        // Repeats the line before, because the query starts slightly earlier.
        past().chain(futures::stream::unfold(log, next)).boxed()
    })
}

/// An engine that sends `lines` lines at once to a follower.
fn bursting(lines: u64) -> impl Engine {
    LogEngine(move |query: &LogQuery| {
        if query.follow {
            let all = futures::stream::iter(0..lines).map(|n| Ok(line(n, 0)));
            all.chain(futures::stream::pending()).boxed()
        } else {
            past()
        }
    })
}

#[tokio::test]
async fn lines_that_come_at_once_after_a_known_one_all_arrive() {
    const LINES: u64 = 3_000;
    let (logs, mut found, _writer) = followed();
    found.engine = Arc::new(bursting(LINES));
    let waker = Arc::new(Notify::new());
    // All lines, including those from before the reader began.
    let start = Start {
        tail: LINES as usize,
        ..start()
    };
    let mut watch = logs.watch(&found, start, Arc::clone(&waker));
    read_to(&mut watch, &waker, &mut 0, LINES).await;
}

/// A log that is being followed, and the sender for its lines.
fn followed() -> (Logs, Found, mpsc::UnboundedSender<SourceLine>) {
    let hub = Hub::new(16);
    let container = Arc::new(container(1));
    hub.publish(vec![Update::Containers {
        timestamp: Timestamp::default(),
        host: HostId::default(),
        data: vec![Arc::clone(&container)],
    }]);
    let (writer, log) = mpsc::unbounded_channel();
    let found = Found {
        id: WorkloadId::container(HostId::default(), container.id),
        workload: Workload::Container(container),
        engine: Arc::new(written(log)),
    };
    let viewer = hub.viewer(Audience::Unrestricted);
    (Logs::new(viewer, Shutdown::default()), found, writer)
}

fn start() -> Start {
    Start {
        tail: 1_000,
        since: None,
        resume: None,
        after: None,
    }
}

/// Reads until line `until` has arrived.
async fn read_to(watch: &mut Watch, waker: &Notify, next: &mut u64, until: u64) {
    let reading = async {
        while *next < until {
            waker.notified().await;
            let mut budget = usize::MAX;
            read(&watch.news(&mut budget), next);
        }
    };
    timeout(PATIENCE, reading).await.expect("the lines come");
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_up_nobody_and_misses_a_counted_number() {
    const LINES: u64 = 40_000;
    let (logs, found, writer) = followed();
    let (quick_waker, slow_waker) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let mut quick = logs.watch(&found, start(), Arc::clone(&quick_waker));
    let mut slow = logs.watch(&found, start(), Arc::clone(&slow_waker));
    let (mut quick_next, mut slow_next) = (0, 0);
    read_to(&mut quick, &quick_waker, &mut quick_next, 1).await;
    read_to(&mut slow, &slow_waker, &mut slow_next, 1).await;
    (1..LINES).for_each(|n| writer.send(line(n, 100)).unwrap());
    read_to(&mut quick, &quick_waker, &mut quick_next, LINES).await;

    let mut budget = usize::MAX;
    let news = slow.news(&mut budget);
    let told = read(&news, &mut slow_next);
    assert_eq!(
        slow_next, LINES,
        "the gap says exactly how many are missing"
    );
    assert!(told.len() <= MAX_LINES);
    assert_eq!(logs.followed(), 1);
}

#[tokio::test]
async fn a_quick_burst_is_lost_to_nobody_who_reads() {
    // As many lines as the ring holds, and as many bytes.
    for length in [0, 333] {
        burst(length).await;
    }
}

async fn burst(length: usize) {
    const LINES: u64 = 40_000;
    let (logs, found, writer) = followed();
    let waker = Arc::new(Notify::new());
    let mut watch = logs.watch(&found, start(), Arc::clone(&waker));
    (1..LINES).for_each(|n| writer.send(line(n, length)).unwrap());
    let mut lines = 0;
    let reading = async {
        while lines < LINES {
            waker.notified().await;
            for frame in watch.news(&mut 10_000) {
                match frame.message() {
                    ServerMessage::Log { lines: told, .. } => lines += told.len() as u64,
                    other => panic!("{other:?}"),
                }
            }
            waker.notify_one();
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, reading).await.expect("all come");
}

#[tokio::test(start_paused = true)]
async fn a_log_nobody_reads_is_let_go_after_a_while() {
    let (logs, found, _writer) = followed();
    let waker = Arc::new(Notify::new());
    let first = async || {
        let mut watch = logs.watch(&found, start(), Arc::clone(&waker));
        loop {
            waker.notified().await;
            let mut budget = usize::MAX;
            if let Some(line) = read(&watch.news(&mut budget), &mut 0).first() {
                return (watch, line.seq);
            }
        }
    };
    let (watch, seq) = first().await;
    tokio::time::sleep(LINGER * 3).await;
    assert_eq!(logs.followed(), 1);
    drop(watch);
    tokio::time::sleep(LINGER / 2).await;
    assert_eq!(logs.followed(), 1, "a page that is loaded again goes on");
    let (watch, same) = first().await;
    assert_eq!(same, seq);
    tokio::time::sleep(LINGER * 3).await;
    assert_eq!(logs.followed(), 1);
    drop(watch);
    tokio::time::sleep(LINGER * 2).await;
    assert_eq!(logs.followed(), 0);
    let (_watch, later) = first().await;
    assert!(
        later > seq,
        "numbers of then cannot be mistaken for those of now"
    );
}
