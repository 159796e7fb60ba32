//! No line of a followed log is lost or duplicated, whatever happens to the connection.

use super::*;
use crate::{
    model::{ContainerId, HostId, LogPosition, LogStream, Timestamp},
    protocol::Resume,
};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

const ID: WorkloadId = WorkloadId::container(HostId::local(), ContainerId::from_bytes([1; 32]));

/// A viewer, and the updates it has received.
#[derive(Clone, Default)]
struct Viewer(Arc<Mutex<Vec<LogUpdate>>>);

impl Viewer {
    fn follows(&self, viewer: u64) -> LogOrder {
        let received = Arc::clone(&self.0);
        LogOrder::Follow(Follower {
            viewer,
            request: LogRequest {
                id: ID,
                tail: 100,
                since: None,
            },
            notify: Arc::new(move |_, updates| received.lock().unwrap().push(updates)),
        })
    }

    /// The updates since the last call.
    fn updates(&self) -> Vec<LogUpdate> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The texts of the lines since the last call.
    fn lines(&self) -> Vec<String> {
        let lines = self
            .updates()
            .into_iter()
            .flat_map(|updates| match updates {
                LogUpdate::Lines(lines) => lines,
                _ => Vec::new(),
            });
        lines.map(|line| line.line).collect()
    }
}

fn line(seq: u64, ms: i64, text: &str) -> LogLine {
    LogLine {
        seq,
        timestamp: Some(Timestamp::from_millis(ms)),
        stream: LogStream::Stdout,
        line: text.into(),
        position: None,
    }
}

const CHANNEL: Channel = Channel::logs(ID.key);

fn log(lines: Vec<LogLine>) -> ServerMessage {
    log_to(lines, None)
}

fn log_to(lines: Vec<LogLine>, cursor: Option<LogPosition>) -> ServerMessage {
    ServerMessage::Log {
        channel: CHANNEL,
        lines,
        cursor,
    }
}

fn subscribed() -> ServerMessage {
    ServerMessage::Subscribed { channel: CHANNEL }
}

fn refused() -> ServerMessage {
    ServerMessage::Unsubscribed {
        channel: CHANNEL,
        reason: Some("not_found".into()),
    }
}

fn end(reason: LogEndReason) -> ServerMessage {
    ServerMessage::LogEnd {
        channel: CHANNEL,
        reason,
        message: None,
    }
}

/// The only subscription in `messages`.
fn subscription(messages: &[ClientMessage]) -> &Subscribe {
    let mut all = messages.iter().filter_map(|message| match message {
        ClientMessage::Subscribe(subscribe) => Some(subscribe),
        _ => None,
    });
    let one = all.next().unwrap();
    assert!(all.next().is_none());
    one
}

/// A log that one viewer follows over an open socket, with the epoch `run`.
fn followed() -> (Feeds, Viewer) {
    let (mut feeds, viewer) = (Feeds::default(), Viewer::default());
    feeds.on_connect("run");
    feeds.order(viewer.follows(1), true);
    feeds.receive(subscribed(), 0.0);
    (feeds, viewer)
}

#[test]
fn without_a_socket_a_log_is_subscribed_to_when_one_opens() {
    let (mut feeds, viewer) = (Feeds::default(), Viewer::default());
    assert!(feeds.order(viewer.follows(1), false).is_empty());
    assert_eq!(viewer.updates(), [LogUpdate::Begin]);
    let messages = feeds.on_connect("run");
    let first = subscription(&messages);
    assert_eq!((first.tail, first.since), (Some(100), None));
    assert_eq!(first.resume, None);
}

#[test]
fn a_second_viewer_shares_the_subscription_and_both_start_over() {
    let (mut feeds, one) = followed();
    feeds.receive(log(vec![line(1, 1, "a")]), 0.0);
    one.updates();
    let other = Viewer::default();
    let messages = feeds.order(other.follows(2), true);
    assert!(matches!(messages[0], ClientMessage::Unsubscribe(_)));
    assert_eq!(subscription(&messages).resume, None, "from the beginning");
    assert_eq!(
        (one.updates(), other.updates()),
        (vec![LogUpdate::Begin], vec![LogUpdate::Begin])
    );
    feeds.receive(log(vec![line(2, 2, "of the earlier subscription")]), 0.0);
    feeds.receive(subscribed(), 0.0);
    feeds.receive(log(vec![line(1, 1, "a")]), 0.0);
    assert_eq!(
        (one.lines(), other.lines()),
        (vec!["a".into()], vec!["a".into()])
    );
}

#[test]
fn the_last_viewer_to_leave_ends_the_subscription() {
    let (mut feeds, _one) = followed();
    feeds.order(Viewer::default().follows(2), true);
    assert!(feeds.order(LogOrder::Leave(1, ID), true).is_empty());
    let messages = feeds.order(LogOrder::Leave(2, ID), true);
    assert!(matches!(messages[..], [ClientMessage::Unsubscribe(_)]));
    assert!(feeds.on_connect("run").is_empty());
    assert!(feeds.requests().is_empty());
}

#[test]
fn a_new_connection_resumes_after_the_last_line() {
    let (mut feeds, viewer) = followed();
    feeds.receive(log(vec![line(7, 40, "a"), line(8, 50, "b")]), 0.0);
    let messages = feeds.on_connect("run");
    let again = subscription(&messages);
    let expected = Resume {
        epoch: "run".into(),
        seq: 8,
    };
    assert_eq!(again.resume, Some(expected));
    assert_eq!(again.since, Some(Timestamp::from_millis(50)));
    assert_eq!(again.tail, Some(MAX_LOG_TAIL));
    feeds.receive(subscribed(), 0.0);
    feeds.receive(log(vec![line(9, 50, "b")]), 0.0);
    assert_eq!(
        viewer.lines(),
        ["a", "b", "b"],
        "equal lines with different sequence numbers are two lines"
    );
}

#[test]
fn lines_repeated_by_a_restarted_server_are_dropped() {
    let (mut feeds, viewer) = followed();
    feeds.receive(
        log(vec![line(7, 40, "a"), line(8, 50, "b"), line(9, 50, "c")]),
        0.0,
    );
    feeds.on_connect("another run");
    feeds.receive(subscribed(), 0.0);
    feeds.receive(
        log(vec![line(1, 50, "b"), line(2, 50, "c"), line(3, 50, "d")]),
        0.0,
    );
    assert_eq!(viewer.lines(), ["a", "b", "c", "d"]);
}

#[test]
fn a_refusal_is_reported_and_retried_after_a_pause() {
    let (mut feeds, viewer) = followed();
    viewer.updates();
    feeds.receive(refused(), 1_000.0);
    assert_eq!(viewer.updates(), [LogUpdate::Refused("not_found".into())]);
    assert!(feeds.retry(3_000.0).is_empty());
    assert_eq!(feeds.retry(3_001.0).len(), 1);
    assert!(
        feeds.retry(60_000.0).is_empty(),
        "not while an answer is pending"
    );
}

#[test]
fn a_removed_container_is_neither_subscribed_to_nor_polled_again() {
    let (mut feeds, viewer) = followed();
    viewer.updates();
    feeds.receive(end(LogEndReason::ContainerStopped), 0.0);
    assert_eq!(feeds.on_connect("run").len(), 1, "it may start again");
    feeds.receive(subscribed(), 0.0);
    feeds.receive(end(LogEndReason::ContainerRemoved), 0.0);
    assert!(feeds.on_connect("run").is_empty());
    assert!(feeds.requests().is_empty());
    feeds.receive(refused(), 0.0);
    assert!(feeds.retry(60_000.0).is_empty());
}

#[test]
fn polling_continues_after_the_last_line_and_drops_repeated_lines() {
    let (mut feeds, viewer) = (Feeds::default(), Viewer::default());
    feeds.order(viewer.follows(1), false);
    let first = feeds.requests();
    assert_eq!((first[0].tail, first[0].since), (100, None));
    feeds.take_polled(ID, vec![line(0, 40, "a"), line(0, 50, "b")]);
    let next = feeds.requests();
    assert_eq!(next[0].since, Some(Timestamp::from_millis(50)));
    assert_eq!(next[0].tail, MAX_LOG_TAIL);
    feeds.take_polled(
        ID,
        vec![line(0, 50, "b"), line(0, 50, "b"), line(0, 60, "c")],
    );
    assert_eq!(viewer.lines(), ["a", "b", "b", "c"]);
}

#[test]
fn messages_that_are_not_about_logs_are_returned() {
    let (mut feeds, _viewer) = followed();
    let channel = Channel::CONTAINERS;
    let message = ServerMessage::Subscribed { channel };
    assert_eq!(feeds.receive(message.clone(), 0.0), Some(message));
    let channel = Channel::logs(WorkloadKey::Container(ContainerId::from_bytes([2; 32])));
    let of_another = ServerMessage::Subscribed { channel };
    assert_eq!(
        feeds.receive(of_another, 0.0),
        None,
        "a log that is no longer followed"
    );
}

/// A server reduced to logs: all lines of one log, in order. Line `n` has the sequence number `n + 1` in
/// every epoch.
struct Server {
    run: usize,
    lines: Vec<(i64, String)>,
    has_positions: bool,
}

impl Server {
    fn epoch(&self) -> String {
        format!("run-{}", self.run)
    }

    fn line(&self, n: usize) -> LogLine {
        let (ms, text) = &self.lines[n];
        line(n as u64 + 1, *ms, text)
    }

    /// The position of line `n` in the log, if this server knows positions.
    fn position(&self, n: usize) -> Option<LogPosition> {
        let (ms, _) = self.lines[n];
        let first = self.lines.partition_point(|(earlier, _)| *earlier < ms);
        self.has_positions.then(|| LogPosition {
            nanos: ms * 1_000_000,
            stream: LogStream::Stdout,
            ordinal: (n - first) as u32 + 1,
        })
    }

    /// The index at which a subscription begins.
    fn start(&self, subscribe: &Subscribe) -> usize {
        let known = subscribe.resume.as_ref();
        let known = known.filter(|resume| resume.epoch == self.epoch());
        match (known, subscribe.after) {
            (Some(resume), _) => resume.seq as usize,
            (None, Some(after)) => {
                let at = (0..self.lines.len()).find(|n| self.position(*n) == Some(after));
                at.unwrap() + 1
            }
            (None, None) => self.since(subscribe.since),
        }
    }

    /// The index of the first line written at `since` or later.
    fn since(&self, since: Option<Timestamp>) -> usize {
        let since = since.map_or(i64::MIN, Timestamp::as_millis);
        self.lines.partition_point(|(ms, _)| *ms < since)
    }
}

/// A step of the scenario.
#[derive(Clone, Debug)]
enum Step {
    /// The container writes a line, this many milliseconds after the one before.
    Write(i64, u8),
    /// The server sends up to this many lines, if the reader is connected.
    Send(usize),
    Lose,
    Connect,
    Poll,
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..3_i64, 0..3_u8).prop_map(|(later, text)| Step::Write(later, text)),
        4 => (0..5_usize).prop_map(Step::Send),
        1 => Just(Step::Lose),
        2 => Just(Step::Connect),
        1 => Just(Step::Poll),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    /// However often connections are lost, the server restarts or polling takes over, even within one
    /// millisecond: the viewer receives every line once, in order.
    #[test]
    fn a_viewer_receives_every_line_once_and_in_order(steps in prop::collection::vec(any_step(), 0..120), has_positions: bool) {
        let (mut feeds, viewer) = (Feeds::default(), Viewer::default());
        feeds.order(viewer.follows(1), false);
        let mut server = Server { run: 0, lines: Vec::new(), has_positions };
        // The index at which the server continues, while the reader is connected.
        let mut cursor: Option<usize> = None;
        for step in steps.into_iter().chain([Step::Connect, Step::Send(usize::MAX)]) {
            match step {
                Step::Write(later, text) => {
                    let last = server.lines.last().map_or(0, |(ms, _)| *ms);
                    server.lines.push((last + later, text.to_string()));
                }
                Step::Send(most) => if let Some(at) = &mut cursor {
                    let to = at.saturating_add(most).min(server.lines.len());
                    let lines: Vec<_> = (*at..to).map(|n| server.line(n)).collect();
                    if !lines.is_empty() {
                        feeds.receive(log_to(lines, server.position(to - 1)), 0.0);
                    }
                    *at = to;
                },
                Step::Lose => cursor = None,
                Step::Connect => if cursor.is_none() {
                    let messages = feeds.on_connect(&server.epoch());
                    cursor = Some(server.start(subscription(&messages)));
                    feeds.receive(subscribed(), 0.0);
                },
                Step::Poll => if cursor.is_none() {
                    let request = feeds.requests().remove(0);
                    let from = server.since(request.since);
                    let lines = (from..server.lines.len()).map(|n| LogLine { seq: 0, ..server.line(n) });
                    feeds.take_polled(ID, lines.collect());
                },
                Step::Restart => {
                    cursor = None;
                    server.run += 1;
                }
            }
        }
        let written: Vec<_> = server.lines.iter().map(|(_, text)| text.clone()).collect();
        prop_assert_eq!(viewer.lines(), written);
    }
}
