//! A client that reads the log, and comes back whenever its connection is lost.

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
    /// Where the server is; connects anew with each change.
    server: watch::Sender<SocketAddr>,
    heard: Arc<Mutex<Vec<Incoming>>>,
    has_begun: Arc<watch::Sender<bool>>,
    task: JoinHandle<()>,
}

/// How far it got.
#[derive(Default)]
struct Place {
    resume: Option<Resume>,
    after: Option<LogPosition>,
    since: Option<Timestamp>,
}

struct Reading {
    channel: Channel,
    heard: Arc<Mutex<Vec<Incoming>>>,
    has_begun: Arc<watch::Sender<bool>>,
    place: Place,
}

fn lock(heard: &Mutex<Vec<Incoming>>) -> MutexGuard<'_, Vec<Incoming>> {
    heard.lock().unwrap()
}

impl Client {
    pub(super) fn start(container: &str, server: SocketAddr) -> Self {
        let (server, mut servers) = watch::channel(server);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let has_begun = Arc::new(watch::Sender::new(false));
        let mut reading = Reading {
            channel: Channel::logs(WorkloadKey::Container(container.parse().unwrap())),
            heard: Arc::clone(&heard),
            has_begun: Arc::clone(&has_begun),
            place: Place::default(),
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
            heard,
            has_begun,
            task,
        }
    }

    /// Waits until it follows the log.
    pub(super) async fn until_begun(&self) {
        self.has_begun
            .subscribe()
            .wait_for(|is_so| *is_so)
            .await
            .unwrap();
    }

    /// Connects anew, to this server.
    pub(super) fn reconnect(&self, server: SocketAddr) {
        self.server.send_replace(server);
    }

    /// A fault happens: what may have been lost by it comes after this.
    pub(super) fn mark(&self, fault: Fault) {
        lock(&self.heard).push(Incoming::Fault(fault));
    }

    /// Waits until the last line has come, and gives back what was heard.
    pub(super) async fn until_ended(self, truth: &[TruthLine]) -> Vec<Incoming> {
        let last = &truth[truth.len() - 1].text;
        eventually("the last line comes", async || {
            let heard = lock(&self.heard);
            let line = heard.iter().rev().find_map(Incoming::text);
            line == Some(last)
        })
        .await;
        self.task.abort();
        std::mem::take(&mut *lock(&self.heard))
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
                        resume: self.place.resume.clone(),
                        after: self.place.after,
                        since: self.place.since,
                        ..Subscribe::to(self.channel)
                    };
                    socket.send(ClientMessage::Subscribe(subscribe)).await;
                }
                ServerMessage::Log { lines, cursor, .. } => {
                    let last = lines.last().unwrap();
                    self.place = Place {
                        resume: Some(Resume {
                            epoch: epoch.clone(),
                            seq: last.seq,
                        }),
                        after: cursor,
                        since: last.timestamp,
                    };
                    lock(&self.heard).extend(lines.into_iter().map(Incoming::Line));
                }
                ServerMessage::LogGap {
                    missing, from, to, ..
                } => lock(&self.heard).push(Incoming::Gap { missing, from, to }),
                ServerMessage::Subscribed { .. } => {
                    self.has_begun.send_replace(true);
                }
                _ => {}
            }
        }
    }
}
