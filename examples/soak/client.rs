//! A client: one socket at a time, which it reopens whenever it is lost.

mod open;
mod socket;

use crate::{
    Failure,
    api::ANSWER,
    findings::Kind,
    lines::Follower,
    shared::{Harm, Order, Shared},
    user::{Session, User},
};
use deckwatch::{
    model::{Action, ActionOptions, ContainerId},
    protocol::{Channel, ContainerAction, ServerMessage},
};
use fastrand::Rng;
use futures::StreamExt;
use open::Open;
pub(crate) use socket::{Socket, connect};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::broadcast, time::timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

/// Interval at which a client checks its pending requests.
const TICK: Duration = Duration::from_secs(1);
/// Bounds of the pause before a client reconnects, in milliseconds.
const PAUSE: std::ops::Range<u64> = 200..2_000;
/// Ticks between two pings, and between two attempts to follow a log again.
const PING_TICKS: u64 = 10;
/// Ticks between two actions.
const ACTION_TICKS: u64 = 20;

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) user: Arc<User>,
    pub(crate) number: usize,
    pub(crate) follower: Option<Follower>,
    /// Containers that it restarts from time to time.
    pub(crate) targets: Arc<[ContainerId]>,
    /// The action without a response; sent again on the next connection.
    pub(crate) action: Option<ContainerAction>,
    pub(crate) rng: Rng,
    /// Whether it has an open connection.
    pub(crate) is_connected: Arc<AtomicBool>,
}

impl Client {
    /// Keeps a connection open until `stop` is cancelled.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut orders = self.shared.orders.subscribe();
        let keeps_connected = async {
            loop {
                let session = self.user.session().await;
                if let Ok(socket) = connect(self.shared.server, &self.user, &session).await {
                    self.shared.findings.connections.add(1);
                    self.is_connected.store(true, Ordering::Relaxed);
                    // Whatever ended the connection, the next one follows.
                    let _ = self.use_socket(socket, session.number, &mut orders).await;
                    self.is_connected.store(false, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_millis(self.rng.u64(PAUSE))).await;
            }
        };
        stop.run_until_cancelled(keeps_connected).await;
    }

    /// Uses a connection until it ends.
    async fn use_socket(
        &mut self,
        socket: Socket,
        session: u64,
        orders: &mut broadcast::Receiver<Order>,
    ) -> Result<(), Failure> {
        let mut open = Open::new(socket, session, self.number.is_multiple_of(2));
        let mut pace = tokio::time::interval(TICK);
        let mut ticks = self.rng.u64(..ACTION_TICKS);
        loop {
            tokio::select! {
                message = open.socket.next() => match message.ok_or("it ended")?? {
                    Message::Text(text) => self.receive(&mut open, &text).await?,
                    Message::Close(_) => return Ok(()),
                    _ => {}
                },
                _ = pace.tick() => {
                    ticks += 1;
                    self.tick(&mut open, ticks).await?;
                }
                order = orders.recv() => match order {
                    Ok(order) if order.is_for(self.number) => match order.harm {
                        Harm::Cut => return Ok(()),
                        Harm::Stall(time) => {
                            tokio::time::sleep(time).await;
                            open.forgive();
                        }
                    },
                    _ => {}
                }
            }
        }
    }

    async fn receive(&mut self, open: &mut Open, text: &str) -> Result<(), Failure> {
        let message = ServerMessage::decode(text)?;
        let shared = Arc::clone(&self.shared);
        let findings = &shared.findings;
        findings.messages.add(1);
        let outside = open.judge(&shared.catalog, &self.user).outside(&message);
        if let Some(what) = outside {
            findings.add(Kind::Outside, 1, || {
                format!("{} received {what}", self.user.name)
            });
        }
        open.answered(&message);
        match message {
            ServerMessage::Connected {
                epoch, principal, ..
            } => {
                let is_first = open.connected(epoch, principal);
                if is_first {
                    open.subscribe_all(findings).await?;
                    self.follow(open).await?;
                    self.act(open).await?;
                }
            }
            ServerMessage::Log {
                channel,
                lines,
                cursor,
            } => {
                if let Some(follower) = self.follower_of(channel) {
                    follower.lines(&lines, cursor, &open.epoch, findings);
                }
            }
            ServerMessage::LogGap {
                channel, missing, ..
            } => {
                if let Some(follower) = self.follower_of(channel) {
                    follower.gap(missing, findings);
                }
            }
            ServerMessage::Subscribed { channel } => self.has_log(channel, true),
            ServerMessage::Unsubscribed { channel, .. } => self.has_log(channel, false),
            ServerMessage::ContainerAck(_) => self.action = None,
            _ => {}
        }
        Ok(())
    }

    async fn tick(&mut self, open: &mut Open, ticks: u64) -> Result<(), Failure> {
        open.check(&self.user.name, &self.shared.findings);
        if ticks.is_multiple_of(PING_TICKS) {
            open.ping(&self.shared.findings).await?;
            let lost = self.follower.as_ref().filter(|log| !log.is_followed);
            let channel = lost.map(Follower::channel);
            // A second subscription before the response to the first would begin at the same line.
            if channel.is_some_and(|channel| open.may_subscribe(channel)) {
                self.follow(open).await?;
            }
        }
        if ticks.is_multiple_of(ACTION_TICKS) && self.action.is_none() {
            self.action = self.rng.choice(&*self.targets).map(|id| ContainerAction {
                request_id: format!("{:016x}", self.rng.u64(..)),
                container_id: (*id).into(),
                action: Action::Restart,
                host: None,
                options: ActionOptions::default(),
            });
            self.act(open).await?;
        }
        Ok(())
    }

    async fn follow(&mut self, open: &mut Open) -> Result<(), Failure> {
        if let Some(follower) = &mut self.follower {
            follower.is_followed = false;
            let subscribe = follower.subscribe();
            open.subscribe(subscribe, &self.shared.findings).await?;
        }
        Ok(())
    }

    async fn act(&self, open: &mut Open) -> Result<(), Failure> {
        match &self.action {
            Some(action) => open.act(action.clone(), &self.shared.findings).await,
            None => Ok(()),
        }
    }

    fn has_log(&mut self, channel: Channel, is_followed: bool) {
        if let Some(follower) = self.follower_of(channel) {
            follower.is_followed = is_followed;
        }
    }

    fn follower_of(&mut self, channel: Channel) -> Option<&mut Follower> {
        let follower = self.follower.as_mut();
        follower.filter(|follower| follower.channel() == channel)
    }
}

/// The digest with which the server announces the grants of `user`.
pub(crate) async fn announced(
    server: SocketAddr,
    user: &User,
    session: &Session,
) -> Result<String, Failure> {
    let first = async {
        let mut socket = connect(server, user, session).await?;
        while let Some(message) = socket.next().await {
            if let Message::Text(text) = message?
                && let ServerMessage::Connected { principal, .. } = ServerMessage::decode(&text)?
            {
                return Ok(principal);
            }
        }
        Err("it ended".into())
    };
    timeout(ANSWER, first).await?
}
