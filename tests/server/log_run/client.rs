//! A client that reads the log, and reconnects whenever its connection is lost.

use super::{
    Fault,
    truth::{Incoming, TruthLine},
};
use crate::support::{eventually, socket};
use deckwatch::{
    model::{LogPosition, Timestamp, WorkloadKey},
    protocol::{Channel, ClientMessage, MAX_LOG_TAIL, Resume, ServerMessage, Subscribe},
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

/// A client that reads one log.
pub(super) struct Client {
    /// The address of the server; reconnects at each change.
    server: watch::Sender<SocketAddr>,
    received: Arc<Mutex<Vec<Incoming>>>,
    has_begun: Arc<watch::Sender<bool>>,
    task: JoinHandle<()>,
}

/// How far the log was read.
#[derive(Default)]
struct Position {
    resume: Option<Resume>,
    after: Option<LogPosition>,
    since: Option<Timestamp>,
}

struct Reading {
    channel: Channel,
    received: Arc<Mutex<Vec<Incoming>>>,
    has_begun: Arc<watch::Sender<bool>>,
    position: Position,
}

fn lock(received: &Mutex<Vec<Incoming>>) -> MutexGuard<'_, Vec<Incoming>> {
    received.lock().unwrap()
}

impl Client {
    pub(super) fn start(container: &str, server: SocketAddr) -> Self {
        let (server, mut servers) = watch::channel(server);
        let received = Arc::new(Mutex::new(Vec::new()));
        let has_begun = Arc::new(watch::Sender::new(false));
        let mut reading = Reading {
            channel: Channel::logs(WorkloadKey::Container(container.parse().unwrap())),
            received: Arc::clone(&received),
            has_begun: Arc::clone(&has_begun),
            position: Position::default(),
        };
        let task = tokio::spawn(async move {
            loop {
                let server = *servers.borrow_and_update();
                tokio::select! {
                    () = reading.read(server) => tokio::time::sleep(Duration::from_millis(50)).await,
                    changed = servers.changed() => if changed.is_err() { return },
                }
            }
        });
        Self {
            server,
            received,
            has_begun,
            task,
        }
    }

    /// Waits until the client follows the log.
    pub(super) async fn until_begun(&self) {
        self.has_begun
            .subscribe()
            .wait_for(|is_so| *is_so)
            .await
            .unwrap();
    }

    /// Reconnects to this server.
    pub(super) fn reconnect(&self, server: SocketAddr) {
        self.server.send_replace(server);
    }

    /// Records a fault: a loss that it may cause comes after this.
    pub(super) fn mark(&self, fault: Fault) {
        lock(&self.received).push(Incoming::Fault(fault));
    }

    /// Waits for the last line; returns everything that was received.
    pub(super) async fn until_ended(self, truth: &[TruthLine]) -> Vec<Incoming> {
        let last = &truth[truth.len() - 1].text;
        eventually("the last line comes", async || {
            let received = lock(&self.received);
            let line = received.iter().rev().find_map(Incoming::text);
            line == Some(last)
        })
        .await;
        self.task.abort();
        std::mem::take(&mut *lock(&self.received))
    }
}

impl Reading {
    /// Reads until the connection is lost.
    async fn read(&mut self, server: SocketAddr) {
        let url = format!("ws://{server}/api/ws");
        let Some(mut socket) = socket::Socket::try_connect(&url).await else {
            return;
        };
        let mut epoch = String::new();
        while let Some(message) = socket.try_next().await {
            match message {
                ServerMessage::Connected { epoch: of, .. } => {
                    epoch = of;
                    let subscribe = Subscribe {
                        tail: Some(MAX_LOG_TAIL),
                        resume: self.position.resume.clone(),
                        after: self.position.after,
                        since: self.position.since,
                        ..Subscribe::to(self.channel)
                    };
                    socket.send(ClientMessage::Subscribe(subscribe)).await;
                }
                ServerMessage::Log { lines, cursor, .. } => {
                    let last = lines.last().unwrap();
                    self.position = Position {
                        resume: Some(Resume {
                            epoch: epoch.clone(),
                            seq: last.seq,
                        }),
                        after: cursor,
                        since: last.timestamp,
                    };
                    lock(&self.received).extend(lines.into_iter().map(Incoming::Line));
                }
                ServerMessage::LogGap {
                    missing, from, to, ..
                } => lock(&self.received).push(Incoming::Gap { missing, from, to }),
                ServerMessage::Subscribed { .. } => {
                    self.has_begun.send_replace(true);
                }
                _ => {}
            }
        }
    }
}
