//! Which messages are applied, in which order, and from where a new connection continues.

use super::*;
use crate::{
    model::{
        ContainerId, ContainerStats, Containers, Dashboard, HostId, Timestamp, Update, diff,
        fixtures::any_containers,
    },
    protocol::codec::{encode, encode_tick},
};
use proptest::prelude::*;
use std::sync::Arc;

/// A list of containers as number `seq`.
fn list(seq: u64, containers: &Containers) -> ServerMessage {
    let at = Timestamp::from_millis(seq as i64);
    let update = Update::containers(HostId::default(), at, containers);
    ServerMessage::numbered(seq, update)
}

/// The change from `old` to `new` as number `seq`.
fn delta(seq: u64, old: &Containers, new: &Containers) -> ServerMessage {
    let update = Update::ContainersDelta {
        host: HostId::default(),
        timestamp: Timestamp::from_millis(seq as i64),
        delta: diff(old, new),
    };
    ServerMessage::numbered(seq, update)
}

/// Figures of one container as number `seq`.
fn stats(seq: u64, memory: u64) -> ServerMessage {
    let at = Timestamp::from_millis(seq as i64);
    let id = ContainerId::from_bytes([1; 32]);
    let mut stats = ContainerStats::unknown(id, "web-1".into(), at);
    stats.memory_usage = Some(memory);
    let update = Update::Stats {
        timestamp: at,
        host: HostId::default(),
        data: vec![Arc::new(stats)],
    };
    ServerMessage::numbered(seq, update)
}

fn snapshot(epoch: &str, messages: Vec<ServerMessage>) -> Snapshot {
    Snapshot {
        epoch: epoch.into(),
        messages,
    }
}

fn seqs(messages: &[ServerMessage]) -> Vec<u64> {
    let positions = messages.iter().filter_map(ServerMessage::position);
    positions.map(|(_, seq)| seq).collect()
}

#[test]
fn messages_that_come_before_a_batch_is_applied_are_applied_with_it_in_their_order() {
    let mut inbox = Inbox::after(&snapshot("run", Vec::new()), false);
    let batch = inbox.receive(vec![stats(1, 1), stats(2, 2)]).unwrap();
    assert!(
        inbox.receive(vec![stats(3, 3)]).is_none(),
        "requested twice"
    );
    assert_eq!(seqs(&batch.take()), [1, 2, 3]);
    assert!(batch.take().is_empty(), "applied twice");
    let next = inbox.receive(vec![stats(4, 4)]).unwrap();
    assert_eq!(seqs(&next.take()), [4]);
    assert!(inbox.receive(Vec::new()).is_none(), "nothing to apply");
}

#[test]
fn a_connection_to_the_same_run_resumes_after_the_newest_message_received() {
    let html = snapshot("run", vec![list(7, &Containers::new()), stats(3, 1)]);
    let mut inbox = Inbox::after(&html, false);
    inbox.receive(vec![stats(4, 1), stats(5, 1)]);
    let resume = inbox.resume("run");
    assert_eq!(resume[&Channel::CONTAINERS].seq, 7);
    assert_eq!(
        resume[&Channel::STATS].seq,
        5,
        "also what is not applied yet"
    );
    assert!(resume.values().all(|resume| resume.epoch == "run"));
    assert_eq!(inbox.position(), "&epoch=run&seq=containers:7,stats:5");
}

#[test]
fn a_partial_list_is_no_base_for_changes() {
    let messages = vec![list(7, &Containers::new()), stats(3, 1)];
    let html = snapshot("run", messages);
    assert!(Inbox::after(&html, true).resume("run").is_empty());
    let mut inbox = Inbox::after(&html, true);
    let changes = encode_tick(&stats(4, 2), &stats(3, 1));
    assert_eq!(inbox.decode(&changes), Err(DecodeError::Base));
}

#[test]
fn nothing_is_resumed_from_another_run_of_the_server() {
    let html = snapshot("old", vec![stats(3, 1)]);
    let mut inbox = Inbox::after(&html, false);
    assert!(inbox.resume("new").is_empty());
    assert_eq!(inbox.position(), "");
    let changes = encode_tick(&stats(4, 2), &stats(3, 1));
    assert_eq!(
        inbox.decode(&changes),
        Err(DecodeError::Base),
        "another base"
    );
    assert!(
        inbox.resume("old").is_empty(),
        "also not back in the old one"
    );
}

#[test]
fn figures_after_a_gap_are_refused_until_a_whole_list_comes() {
    let html = snapshot("run", vec![stats(3, 1)]);
    let mut inbox = Inbox::after(&html, false);
    let next = encode_tick(&stats(4, 2), &stats(3, 1));
    assert_eq!(inbox.decode(&next), Ok(stats(4, 2)));
    let after_gap = encode_tick(&stats(9, 9), &stats(8, 8));
    assert_eq!(inbox.decode(&after_gap), Err(DecodeError::Base));
    assert_eq!(inbox.decode(&encode(&stats(9, 9))), Ok(stats(9, 9)));
    let next = encode_tick(&stats(10, 1), &stats(9, 9));
    assert_eq!(inbox.decode(&next), Ok(stats(10, 1)));
}

#[test]
fn an_answer_to_a_poll_that_makes_no_sense_is_dropped_as_a_whole() {
    let html = snapshot("run", vec![stats(3, 1)]);
    let mut inbox = Inbox::after(&html, false);
    let bundle = |frames| Bundle {
        epoch: "run".into(),
        frames,
    };
    let whole = bundle(vec![encode(&stats(4, 2)), encode(&stats(5, 3))]);
    let messages = inbox.decode_all(&whole);
    assert_eq!(seqs(&messages), [4, 5]);
    inbox.receive(messages);
    let broken = bundle(vec![encode(&stats(6, 2)), vec![1, 2, 3]]);
    assert!(inbox.decode_all(&broken).is_empty());
    assert_eq!(inbox.position(), "", "the next poll begins anew");
}

/// A server reduced to resuming: its lists, and how many changes it remembers.
struct Server<'a> {
    epoch: &'a str,
    lists: &'a [Containers],
    remembered: usize,
}

impl Server<'_> {
    /// The messages for a new subscriber when list `head` is the newest.
    fn subscribe(&self, head: usize, resume: Option<&Resume>) -> Vec<ServerMessage> {
        let known = resume.filter(|resume| resume.epoch == self.epoch);
        match known.map(|resume| resume.seq as usize) {
            Some(seq) if seq <= head && head - seq <= self.remembered => (seq..head)
                .map(|seq| delta(seq as u64 + 1, &self.lists[seq], &self.lists[seq + 1]))
                .collect(),
            _ => vec![list(head as u64, &self.lists[head])],
        }
    }
}

/// A step of the scenario.
#[derive(Clone, Debug)]
enum Step {
    /// The next change is published; a connected page receives it.
    Change,
    /// The connection is lost.
    Lose,
    Reconnect,
    Apply,
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Change),
        1 => Just(Step::Lose),
        2 => Just(Step::Reconnect),
        2 => Just(Step::Apply),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    /// However often connections are lost and the server restarts: a page that is connected and has applied
    /// all messages shows the server's list.
    #[test]
    fn a_page_that_reconnects_shows_what_the_server_has(
        lists in prop::collection::vec(any_containers(), 24),
        steps in prop::collection::vec(any_step(), 0..60),
        remembered in 0..6_usize,
    ) {
        let epochs: Vec<_> = (0..=60).map(|n| format!("run-{n}")).collect();
        let (mut run, mut head, mut connected) = (0, 0, false);
        let mut inbox = Inbox::after(&snapshot(&epochs[0], vec![list(0, &lists[0])]), false);
        let mut dashboard = Dashboard::default();
        dashboard.apply(list(0, &lists[0]).update().unwrap().clone());
        let mut batch = None;
        let steps = steps.into_iter().chain([Step::Reconnect, Step::Apply]);
        for step in steps {
            let server = Server { epoch: &epochs[run], lists: &lists, remembered };
            let came = match step {
                Step::Change if head + 1 < lists.len() => {
                    head += 1;
                    let change = delta(head as u64, &lists[head - 1], &lists[head]);
                    if connected { vec![change] } else { Vec::new() }
                }
                Step::Reconnect if !connected => {
                    connected = true;
                    let resume = inbox.resume(server.epoch);
                    server.subscribe(head, resume.get(&Channel::CONTAINERS))
                }
                Step::Lose => {
                    connected = false;
                    Vec::new()
                }
                Step::Restart => {
                    (run, connected) = (run + 1, false);
                    Vec::new()
                }
                Step::Apply => {
                    let waiting = batch.take().map(|batch: Batch| batch.take());
                    for message in waiting.unwrap_or_default() {
                        dashboard.apply(message.update().unwrap().clone());
                    }
                    Vec::new()
                }
                Step::Change | Step::Reconnect => Vec::new(),
            };
            let frames: Vec<_> = came.iter().map(encode).collect();
            let messages: Result<Vec<_>, _> = frames.iter().map(|frame| inbox.decode(frame)).collect();
            let is_pending = batch.is_some();
            let requested = inbox.receive(messages.unwrap());
            prop_assert!(requested.is_none() || !is_pending, "two batches at a time");
            batch = requested.or(batch);
        }
        let shown = dashboard.hosts[&HostId::default()].containers.clone();
        prop_assert_eq!(shown, lists[head].clone());
    }
}
