//! Following logs of containers.

use crate::support::{
    app::TestApp,
    fake_engine::{FakeContainer, FakeEngine, LogFault, id_of},
    launch::launch,
    socket::{Incoming, Socket},
};
use deckwatch::{
    model::{LogEndReason, LogLine, SourceState, Update, WorkloadKey},
    protocol::{Channel, ClientMessage, Resume, ServerMessage, Subscribe, Unsubscribe},
};
use serde_json::Value;

async fn follow(app: &TestApp, name: &str, query: &str) -> Socket {
    let path = format!("/ws/docker/{}/logs?{query}", id_of(name));
    app.socket_at(&path, &[]).await.unwrap()
}

async fn next_of(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let Incoming::Text(text) = socket.receive().await else {
            panic!("closed")
        };
        let reported: Value = serde_json::from_str(&text).unwrap();
        if reported["type"] == kind {
            return reported;
        }
    }
}

async fn next_line(socket: &mut Socket) -> Value {
    next_of(socket, "log").await
}

fn log_of(name: &str) -> Channel {
    Channel::logs(WorkloadKey::Container(id_of(name).parse().unwrap()))
}

/// What a client received of one log.
#[derive(Clone, Debug, PartialEq)]
enum SeenEvents {
    Line(LogLine),
    Gap(Option<u64>),
    End(LogEndReason, Option<String>),
}

/// A client of the multiplexed socket that reads one log.
struct Reader {
    socket: Socket,
    channel: Channel,
    waiting: std::collections::VecDeque<SeenEvents>,
}

impl Reader {
    async fn of(app: &TestApp, name: &str) -> Self {
        Self::from(app, Subscribe::to(log_of(name))).await
    }

    async fn from(app: &TestApp, subscribe: Subscribe) -> Self {
        let mut socket = app.socket().await;
        let channel = subscribe.channel;
        socket.send(ClientMessage::Subscribe(subscribe)).await;
        let confirmed = ServerMessage::Subscribed { channel };
        socket.until(|message| *message == confirmed).await;
        Self {
            socket,
            channel,
            waiting: std::collections::VecDeque::new(),
        }
    }

    async fn next(&mut self) -> SeenEvents {
        while self.waiting.is_empty() {
            match self.socket.next().await {
                ServerMessage::Log { channel, lines, .. } if channel == self.channel => {
                    assert!(!lines.is_empty());
                    self.waiting.extend(lines.into_iter().map(SeenEvents::Line));
                }
                ServerMessage::LogGap { missing, .. } => {
                    self.waiting.push_back(SeenEvents::Gap(missing))
                }
                ServerMessage::LogEnd {
                    reason, message, ..
                } => self.waiting.push_back(SeenEvents::End(reason, message)),
                _ => {}
            }
        }
        self.waiting.pop_front().unwrap()
    }

    /// The next item, skipping that the log is temporarily unreadable, as during a restart of the engine.
    async fn next_once_readable(&mut self) -> SeenEvents {
        loop {
            match self.next().await {
                SeenEvents::End(LogEndReason::Unreadable, Some(_)) => {}
                other => return other,
            }
        }
    }

    /// The next line; fails if something else comes first.
    async fn line(&mut self) -> LogLine {
        match self.next().await {
            SeenEvents::Line(line) => line,
            other => panic!("{other:?}"),
        }
    }

    async fn text(&mut self) -> String {
        self.line().await.line
    }
}

fn numbered(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Vec<u8>> {
    numbers.map(|n| format!("line {n}").into_bytes())
}

#[tokio::test]
async fn new_lines_of_a_followed_log_arrive() {
    let app =
        TestApp::start(FakeEngine::start().with(FakeContainer::running("web-1").lines(30))).await;
    let mut socket = follow(&app, "web-1", "tail=2").await;
    for (n, stream) in [(28, "stdout"), (29, "stderr")] {
        let reported = next_line(&mut socket).await;
        assert_eq!(
            (&reported["line"], &reported["stream"]),
            (&format!("line {n}").into(), &stream.into())
        );
        assert!(
            reported["timestamp"].is_string() && reported["seq"].is_u64(),
            "{reported}"
        );
    }
    app.engine.write_line("web-1", "and on");
    assert_eq!(next_line(&mut socket).await["line"], "and on");
    app.end().await;
}

#[tokio::test]
async fn no_line_is_lost_or_duplicated_when_the_container_or_engine_restarts() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut socket = follow(&app, "web-1", "tail=100").await;
    app.engine.write_line("web-1", "line 0");
    assert_eq!(next_line(&mut socket).await["line"], "line 0");
    for n in 1..=6 {
        if n % 2 == 0 {
            app.engine.stop_container("web-1");
            app.engine.start_container("web-1");
        } else {
            app.engine.refuse();
            app.engine.recover();
        }
        app.engine.write_line("web-1", &format!("line {n}"));
        assert_eq!(next_line(&mut socket).await["line"], format!("line {n}"));
    }
    app.end().await;
}

#[tokio::test]
async fn only_the_requested_lines_are_sent() {
    let app =
        TestApp::start(FakeEngine::start().with(FakeContainer::running("web-1").lines(30))).await;
    let mut socket = follow(&app, "web-1", "tail=30&stdout=false&timestamps=0").await;
    for n in [9, 19, 29] {
        let reported = next_line(&mut socket).await;
        assert_eq!(reported["line"], format!("line {n}"));
        assert!(reported.get("timestamp").is_none(), "{reported}");
    }
    let path = format!("/ws/docker/{}/logs", id_of("web-1"));
    for (query, status) in [
        ("?tail=5001", 400),
        ("?stdout=false&stderr=false", 400),
        ("?since=yesterday", 400),
        ("?colour=red", 400),
    ] {
        let refused = app.socket_at(&format!("{path}{query}"), &[]).await;
        assert_eq!(refused.unwrap_err().0, status, "{query}");
    }
    let nobody = format!("/ws/docker/{}/logs", id_of("nobody"));
    assert_eq!(app.socket_at(&nobody, &[]).await.unwrap_err().0, 404);
    app.end().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_repeatedly_loses_and_duplicates_nothing() {
    const LINES: usize = 100_000;
    /// Lines written at once: well below what the server keeps, so that a gap is never justified.
    const BURST: usize = 2_000;
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let cuts: Vec<_> = (0..20).map(|_| random.usize(1..9_000)).collect();
    app.engine.cut_logs_after("web-1", cuts.clone());
    let mut reader = Reader::of(&app, "web-1").await;
    // After this line, later ones are no longer history of the log.
    app.engine.write_line("web-1", "begin");
    assert_eq!(reader.text().await, "begin");
    let mut seq = None;
    for expected in 0..LINES {
        if expected % BURST == 0 {
            app.engine
                .write_lines("web-1", numbered(expected..expected + BURST));
        }
        let line = reader.line().await;
        assert_eq!(line.line, format!("line {expected}"), "cut after {cuts:?}");
        assert!(seq.is_none_or(|seq| line.seq == seq + 1));
        seq = Some(line.seq);
    }
    app.end().await;
}

#[tokio::test]
async fn lines_discarded_by_the_engine_are_a_gap() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut reader = Reader::of(&app, "web-1").await;
    app.engine.write_lines("web-1", numbered(0..3));
    for n in 0..3 {
        assert_eq!(reader.text().await, format!("line {n}"));
    }
    app.engine.refuse();
    app.engine.write_lines("web-1", numbered(3..10));
    app.engine.rotate("web-1", 2);
    app.engine.recover();
    assert_eq!(reader.next_once_readable().await, SeenEvents::Gap(None));
    for n in 8..10 {
        assert_eq!(reader.text().await, format!("line {n}"));
    }
    app.engine.write_line("web-1", "and on");
    assert_eq!(reader.text().await, "and on");
    let metrics = app.get("/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("\ndeckwatch_log_gaps_total 1\n"),
        "{metrics}"
    );
    app.end().await;
}

#[tokio::test]
async fn an_engine_that_hangs_loses_no_line() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut reader = Reader::of(&app, "web-1").await;
    app.engine.write_line("web-1", "before");
    assert_eq!(reader.text().await, "before");
    app.engine.hang();
    app.engine.write_lines("web-1", numbered(0..3));
    let is = |state| move |m: &ServerMessage| matches!(m.update(), Some(Update::Source(s)) if s.state == state && s.source == deckwatch::model::SourceKind::Docker);
    reader.socket.until(is(SourceState::Down)).await;
    app.engine.recover();
    for n in 0..3 {
        match reader.next_once_readable().await {
            SeenEvents::Line(line) => assert_eq!(line.line, format!("line {n}")),
            other => panic!("{other:?}"),
        }
    }
    app.end().await;
}

#[tokio::test]
async fn a_log_ends_with_its_container_and_continues_with_it() {
    let app =
        TestApp::start(FakeEngine::start().with(FakeContainer::running("web-1").lines(1))).await;
    let mut reader = Reader::of(&app, "web-1").await;
    assert_eq!(reader.text().await, "line 0");
    app.engine.write_line("web-1", "last words");
    app.engine.stop_container("web-1");
    assert_eq!(reader.text().await, "last words");
    let stopped = SeenEvents::End(LogEndReason::ContainerStopped, None);
    assert_eq!(reader.next().await, stopped);

    let mut late = Reader::of(&app, "web-1").await;
    assert_eq!(late.text().await, "line 0");
    assert_eq!(late.text().await, "last words");
    assert_eq!(late.next().await, stopped);

    app.engine.start_container("web-1");
    app.engine.write_line("web-1", "back again");
    assert_eq!(reader.text().await, "back again");
    assert_eq!(late.text().await, "back again");
    app.engine.remove_container("web-1");
    let removed = SeenEvents::End(LogEndReason::ContainerRemoved, None);
    assert_eq!(reader.next().await, removed);
    assert_eq!(late.next().await, removed);
    let again = ClientMessage::Subscribe(Subscribe::to(log_of("web-1")));
    reader.socket.send(again).await;
    assert_eq!(reader.socket.error().await, "not_found");
    app.end().await;
}

#[tokio::test]
async fn an_unreadable_log_reports_the_reason() {
    let why = "configured logging driver does not support reading";
    let mut container = FakeContainer::running("web-1");
    container.log_failure = Some((501, why.into()));
    let app = TestApp::start(FakeEngine::start().with(container)).await;
    let mut reader = Reader::of(&app, "web-1").await;
    let unreadable = SeenEvents::End(LogEndReason::Unreadable, Some(why.into()));
    assert_eq!(reader.next().await, unreadable);
    let mut socket = follow(&app, "web-1", "").await;
    let end = next_of(&mut socket, "log_end").await;
    assert_eq!(end["reason"], "unreadable");
    assert_eq!(end["message"], why);
    app.end().await;
}

#[tokio::test]
async fn a_returning_client_resumes_after_its_last_line() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut first = Reader::of(&app, "web-1").await;
    app.engine.write_lines("web-1", numbered(0..3));
    let mut last = first.line().await;
    for n in 1..3 {
        last = first.line().await;
        assert_eq!(last.line, format!("line {n}"));
    }
    drop(first);
    app.engine.write_lines("web-1", numbered(3..6));
    let epoch = app.snapshot("metrics").await.epoch;
    let back = |epoch: &str, since| Subscribe {
        resume: Some(Resume {
            epoch: epoch.into(),
            seq: last.seq,
        }),
        since,
        ..Subscribe::to(log_of("web-1"))
    };
    let mut again = Reader::from(&app, back(&epoch, None)).await;
    for n in 3..6 {
        assert_eq!(again.text().await, format!("line {n}"));
    }
    // Another epoch of the server: resumes by time, and repeats the lines of that millisecond.
    let mut after_restart = Reader::from(&app, back("another", last.timestamp)).await;
    for n in 0..6 {
        assert_eq!(after_restart.text().await, format!("line {n}"));
    }
    let long_ago = Some(deckwatch::model::Timestamp::from_millis(1));
    let mut too_late = Reader::from(&app, back("another", long_ago)).await;
    assert_eq!(too_late.next().await, SeenEvents::Gap(None));
    assert_eq!(too_late.text().await, "line 0");
    app.end().await;
}

#[tokio::test]
async fn the_engine_is_asked_once_for_all_readers() {
    let app =
        TestApp::start(FakeEngine::start().with(FakeContainer::running("web-1").lines(600))).await;
    let followed = || {
        let requests = app.engine.requests();
        let is = |r: &&String| r.contains("/logs?") && r.contains("follow=true");
        requests.iter().filter(is).count()
    };
    let mut readers = Vec::new();
    for _ in 0..5 {
        let mut reader = Reader::of(&app, "web-1").await;
        assert_eq!(reader.text().await, "line 500");
        readers.push(reader);
    }
    let deeper = Subscribe {
        tail: Some(550),
        ..Subscribe::to(log_of("web-1"))
    };
    let mut deep = Reader::from(&app, deeper).await;
    let first = deep.line().await;
    assert_eq!(first.line, "line 50");
    for n in 51..600_u64 {
        let line = deep.line().await;
        assert_eq!(
            (line.line, line.seq),
            (format!("line {n}"), first.seq + n - 50)
        );
    }
    app.engine.write_line("web-1", "for all");
    for reader in &mut readers {
        for n in 501..600 {
            assert_eq!(reader.text().await, format!("line {n}"));
        }
        assert_eq!(reader.text().await, "for all");
    }
    assert_eq!(deep.text().await, "for all");
    assert_eq!(followed(), 1);
    app.end().await;
}

#[tokio::test]
async fn a_connection_may_follow_a_limited_number_of_logs() {
    const MOST: usize = 64;
    let names: Vec<_> = (0..200).map(|n| format!("web-{n}")).collect();
    let containers = names
        .iter()
        .map(|name| FakeContainer::running(name).lines(1));
    let app = TestApp::start(containers.fold(FakeEngine::start(), FakeEngine::with)).await;
    let mut socket = app.socket().await;
    let (mut followed, mut refused) = (Vec::new(), 0);
    for name in &names {
        let channel = log_of(name);
        loop {
            socket
                .send(ClientMessage::Subscribe(Subscribe::to(channel)))
                .await;
            let answer = socket
                .find(|message| match message {
                    ServerMessage::Subscribed { channel: of } if of == channel => {
                        Some("subscribed")
                    }
                    ServerMessage::Error { code, .. } => Some(code.as_str()),
                    _ => None,
                })
                .await;
            match answer {
                "subscribed" => followed.push(name),
                "too_many_subscriptions" => refused += 1,
                // Retried later, as the error asks.
                "rate_limited" => {
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
                other => panic!("{other}"),
            }
            break;
        }
    }
    assert_eq!((followed.len(), refused), (MOST, names.len() - MOST));
    for name in followed {
        app.engine.write_line(name, "hello");
        let channel = log_of(name);
        let says_hello = |m: &ServerMessage| matches!(m, ServerMessage::Log { channel: of, lines, .. } if *of == channel && lines.iter().any(|line| line.line == "hello"));
        socket.until(says_hello).await;
    }
    socket
        .send(ClientMessage::Unsubscribe(Unsubscribe {
            channel: log_of("web-0"),
        }))
        .await;
    socket
        .until(|m| matches!(m, ServerMessage::Unsubscribed { channel, .. } if *channel == log_of("web-0")))
        .await;
    app.end().await;
}

#[tokio::test]
async fn secrets_are_masked_in_every_form_of_the_log() {
    let container = FakeContainer::running("web-1")
        .env("DB_PASSWORD=hunter2-and-more")
        .env("TLS_KEY_SECRET=first-line-of-it\nsecond-line-of-it")
        .env("URL=redis://app:from-a-url@cache");
    let app = TestApp::start(FakeEngine::start().with(container)).await;
    // The engine splits a line in the middle of a secret.
    let before = "-".repeat(16 * 1024 - 5);
    let mut reader = Reader::of(&app, "web-1").await;
    let mut socket = follow(&app, "web-1", "").await;
    let written = [
        (
            "connecting as app:hunter2-and-more!",
            "connecting as app:••••••!",
        ),
        ("first-line-of-it", "••••••"),
        (" second-line-of-it", " ••••••"),
        ("from-a-url", "••••••"),
        ("nothing to hide", "nothing to hide"),
    ];
    let long = (
        format!("{before}hunter2-and-more"),
        format!("{before}••••••"),
    );
    let written: Vec<_> = written
        .map(|(text, shown)| (text.to_owned(), shown.to_owned()))
        .into_iter()
        .chain([long])
        .collect();
    for (text, shown) in &written {
        app.engine.write_line("web-1", text);
        assert_eq!(&reader.text().await, shown);
        assert_eq!(&next_line(&mut socket).await["line"], shown);
    }
    for format in ["text", "ndjson"] {
        let path = format!("/api/containers/{}/logs?format={format}", id_of("web-1"));
        let log = app.get(&path).await.text().await.unwrap();
        assert_eq!(log.lines().count(), written.len());
        assert_eq!(log.matches("••••••").count(), 5);
        for secret in ["hunter2", "first-line", "second-line", "from-a-url"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
    app.end().await;
}

#[tokio::test]
async fn long_blank_and_binary_lines_arrive() {
    for terminal in [false, true] {
        let mut container = FakeContainer::running("web-1");
        container.terminal = terminal;
        let app = TestApp::start(FakeEngine::start().with(container)).await;
        let mut reader = Reader::of(&app, "web-1").await;
        app.engine.write_lines(
            "web-1",
            [
                b"\xff\xfe not UTF-8".to_vec(),
                b"10 %\r50 %\r100 %".to_vec(),
                b"".to_vec(),
                "한국어 🦀 \u{1b}[31mred\u{1b}[0m".into(),
                b"NUL \0 inside".to_vec(),
                vec![b'x'; 40_000],
                vec![b'y'; 1 << 20],
                b"after it".to_vec(),
            ],
        );
        assert_eq!(reader.text().await, "\u{fffd}\u{fffd} not UTF-8");
        assert_eq!(reader.text().await, "10 %\r50 %\r100 %");
        assert_eq!(reader.text().await, "");
        assert_eq!(reader.text().await, "한국어 🦀 \u{1b}[31mred\u{1b}[0m");
        assert_eq!(reader.text().await, "NUL \0 inside");
        assert_eq!(reader.text().await, "x".repeat(40_000));
        let cut = reader.text().await;
        assert!(cut.starts_with(&"y".repeat(64 * 1024)), "{}", cut.len());
        assert!(cut.ends_with(" … (truncated)") && cut.len() < 64 * 1024 + 32);
        assert_eq!(reader.text().await, "after it");
        app.end().await;
    }
}

#[tokio::test]
async fn the_last_line_of_a_run_without_a_line_end_is_a_line_of_its_own() {
    for terminal in [false, true] {
        let mut container = FakeContainer::running("web-1");
        container.terminal = terminal;
        let app = TestApp::start(FakeEngine::start().with(container)).await;
        let mut reader = Reader::of(&app, "web-1").await;
        let mut expected = Vec::new();
        for run in 1..=3 {
            let (first, last) = (format!("first of {run}"), format!("last of {run}"));
            app.engine.write_line("web-1", &first);
            app.engine.write_words("web-1", &last);
            app.engine.stop_container("web-1");
            assert_eq!([reader.text().await, reader.text().await], [&*first, &last]);
            assert!(matches!(reader.next().await, SeenEvents::End(..)));
            app.engine.start_container("web-1");
            expected.extend([first, last]);
        }
        let mut late = Reader::of(&app, "web-1").await;
        // A late reader learns where each run ended.
        for line in expected {
            let mut reported = late.next().await;
            while matches!(reported, SeenEvents::End(LogEndReason::ContainerStopped, _)) {
                reported = late.next().await;
            }
            assert!(
                matches!(&reported, SeenEvents::Line(l) if l.line == line),
                "{reported:?}"
            );
        }
        app.end().await;
    }
}

#[tokio::test]
async fn an_incomplete_line_is_sent_once_it_is_complete() {
    const PART: usize = 16 * 1024;
    for terminal in [false, true] {
        let mut container = FakeContainer::running("web-1");
        container.terminal = terminal;
        let app = TestApp::start(FakeEngine::start().with(container)).await;
        app.engine.write_line("web-1", "before");
        app.engine.write_words("web-1", &"a".repeat(PART));
        let mut reader = Reader::of(&app, "web-1").await;
        assert_eq!(reader.text().await, "before");
        app.engine.write_rest("web-1", "the rest");
        assert_eq!(reader.text().await, format!("{}the rest", "a".repeat(PART)));
        app.engine.write_line("web-1", "after");
        assert_eq!(reader.text().await, "after");
        app.end().await;
    }
}

#[tokio::test]
async fn the_requested_number_of_lines_arrives_whatever_their_length() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    app.engine.write_lines("web-1", numbered(0..1_000));
    let long = |n: usize| format!("long {n} {}", "x".repeat(40_000));
    let longs = (0..10).map(|n| long(n).into_bytes());
    app.engine.write_lines("web-1", longs);
    let mut all: Vec<_> = (0..1_000).map(|n| format!("line {n}")).collect();
    all.extend((0..10).map(long));
    // As many as the engine has records, and fewer; one more each time for the first reader.
    for tail in [1, 5, 50, 500, 1_010, 2_000] {
        let expected = &all[all.len().saturating_sub(tail)..];
        let mut reader = Reader::from(
            &app,
            Subscribe {
                tail: Some(u32::try_from(tail).unwrap()),
                ..Subscribe::to(log_of("web-1"))
            },
        )
        .await;
        for line in expected {
            assert_eq!(&reader.text().await, line, "{tail}");
        }
        let path = format!("/api/containers/{}/logs?tail={tail}", id_of("web-1"));
        let log = app.get(&path).await.text().await.unwrap();
        assert!(log.lines().eq(expected), "{tail}: {}", log.lines().count());
    }
    app.end().await;
}

/// Time within which the contract requires the report of an unreadable log, with a margin for a busy
/// machine.
const TOLD_WITHIN: std::time::Duration = std::time::Duration::from_secs(10 + 5);

#[tokio::test]
async fn a_temporarily_unreadable_log_is_reported_in_time_and_continues_later() {
    type Break = fn(&FakeEngine);
    let faults: [(Break, &str); 4] = [
        (FakeEngine::hang, ""),
        (
            |engine| engine.cut_logs_after("web-1", vec![0; 10_000]),
            "cut",
        ),
        (
            |engine| engine.log_fault("web-1", Some(LogFault::Corrupt)),
            "no log",
        ),
        (
            |engine| engine.log_fault("web-1", Some(LogFault::Hangs)),
            "in time",
        ),
    ];
    let each = faults.map(async |(fault, why)| {
        for is_open_before in [true, false] {
            let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
            app.engine.write_line("web-1", "before");
            let mut reader = None;
            if is_open_before {
                let mut open = Reader::of(&app, "web-1").await;
                assert_eq!(open.text().await, "before");
                reader = Some(open);
            }
            fault(&app.engine);
            if reader.is_some() {
                // An open stream is not affected; the fault is in its next chunk.
                app.engine.cut_logs("web-1");
            }
            let mut reader = match reader {
                Some(reader) => reader,
                None => Reader::of(&app, "web-1").await,
            };
            app.engine.write_line("web-1", "after");
            let mut lines = Vec::new();
            let reported = async {
                loop {
                    match reader.next().await {
                        SeenEvents::Line(line) => lines.push(line.line),
                        SeenEvents::End(LogEndReason::Unreadable, why) => return why.unwrap(),
                        other => panic!("{other:?}"),
                    }
                }
            };
            let reported = tokio::time::timeout(TOLD_WITHIN, reported).await;
            assert!(
                reported
                    .as_ref()
                    .is_ok_and(|reported| reported.contains(why)),
                "{why}: {reported:?}"
            );
            app.engine.cut_logs_after("web-1", []);
            app.engine.log_fault("web-1", None);
            app.engine.recover();
            let mut expected = vec!["before", "after"];
            expected.drain(..usize::from(is_open_before));
            while lines.len() < expected.len() {
                match reader.next_once_readable().await {
                    SeenEvents::Line(line) => lines.push(line.line),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(lines, expected, "{why}");
            app.end().await;
        }
    });
    futures::future::join_all(each).await;
}

#[tokio::test]
async fn a_stalled_stream_is_reopened() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let mut reader = Reader::of(&app, "web-1").await;
    app.engine.write_line("web-1", "before");
    assert_eq!(reader.text().await, "before");
    app.engine.stick_logs("web-1");
    app.engine.write_line("web-1", "after");
    let text = tokio::time::timeout(TOLD_WITHIN, reader.text()).await;
    assert_eq!(text.as_deref(), Ok("after"));
    app.end().await;
}

#[tokio::test]
async fn a_subscription_is_held_until_the_containers_are_known() {
    let engine = FakeEngine::start().with(FakeContainer::running("web-1").lines(3));
    engine.hang();
    let app = TestApp::start_without_engine(engine).await;
    let mut socket = app.socket().await;
    for name in ["web-1", "nobody"] {
        let subscribe = Subscribe::to(log_of(name));
        socket.send(ClientMessage::Subscribe(subscribe)).await;
    }
    let path = format!("/ws/docker/{}/logs", id_of("web-1"));
    let single = async {
        let mut socket = app.socket_at(&path, &[]).await.unwrap();
        next_line(&mut socket).await
    };
    let multiplexed = async {
        // Both were received, as messages are answered in order.
        socket
            .send(ClientMessage::Ping(deckwatch::protocol::Ping {}))
            .await;
        socket
            .until(|message| match message {
                ServerMessage::Heartbeat { .. } => true,
                ServerMessage::Subscribed { .. } | ServerMessage::Error { .. } => {
                    panic!("{message:?}")
                }
                _ => false,
            })
            .await;
        app.engine.recover();
        let subscribed = ServerMessage::Subscribed {
            channel: log_of("web-1"),
        };
        let mut answers = (false, false);
        while answers != (true, true) {
            match socket.next().await {
                message if message == subscribed => answers.0 = true,
                ServerMessage::Unsubscribed { channel, .. } => {
                    answers.1 = channel == log_of("nobody");
                }
                _ => {}
            }
        }
    };
    let (line, ()) = tokio::join!(single, multiplexed);
    assert_eq!(line["line"], "line 0");
    app.end().await;
}

#[tokio::test]
async fn a_client_with_the_cursor_resumes_with_another_epoch_of_the_server() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    app.engine.write_lines("web-1", numbered(0..100));
    let mut socket = follow(&app, "web-1", "tail=100").await;
    let mut cursors = Vec::new();
    for n in 0..100 {
        let line = next_line(&mut socket).await;
        assert_eq!(line["line"], format!("line {n}"));
        cursors.push(line["cursor"].as_str().unwrap().to_owned());
    }
    drop(socket);
    let other = launch(
        &app.engine.address(),
        crate::support::app::Settings::default(),
    )
    .await;
    let path = format!("ws://{}/ws/docker/{}/logs", other.address(), id_of("web-1"));
    // Three lines have the same millisecond; none is repeated.
    let mut all: Vec<_> = (0..100).map(|n| format!("line {n}")).collect();
    for has in [5, 6, 7, 98, 99] {
        let url = format!("{path}?after={}", cursors[has]);
        let mut socket = Socket::connect(&url, &[]).await.unwrap();
        let new = format!("after {has}");
        app.engine.write_line("web-1", &new);
        all.push(new);
        for line in &all[has + 1..] {
            assert_eq!(&next_line(&mut socket).await["line"], line);
        }
    }
    app.engine.rotate("web-1", 50);
    let long_ago = cursors[0].replacen("1", "0", 1);
    let mut late = Socket::connect(&format!("{path}?after={long_ago}"), &[])
        .await
        .unwrap();
    let Incoming::Text(gap) = late.receive().await else {
        panic!("closed")
    };
    let gap: Value = serde_json::from_str(&gap).unwrap();
    assert_eq!(
        (&gap["type"], &gap["missing"]),
        (&"log_gap".into(), &Value::Null)
    );
    assert!(gap["to"].is_string(), "{gap}");
    other.end().await;
    app.end().await;
}
