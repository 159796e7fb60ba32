//! An open connection of a client, and its requests without a response.

use super::Socket;
use crate::{
    Failure,
    api::ANSWER,
    findings::{Findings, Kind},
    judge::Judge,
    ledger::Holder,
    shared::Catalog,
    user::User,
};
use deckwatch::protocol::{
    Channel, ClientMessage, ContainerAction, Ping, ServerMessage, Subscribe,
};
use futures::SinkExt;
use std::{collections::BTreeMap, time::Instant};
use tokio_tungstenite::tungstenite::Message;

/// An open connection.
pub(super) struct Open {
    pub(super) socket: Socket,
    /// The epoch in the last `connected`.
    pub(super) epoch: String,
    holder: Holder,
    /// Whether it receives changes of lists instead of whole ones.
    has_deltas: bool,
    /// When the requests without a response were sent.
    pending: BTreeMap<Request, Instant>,
}

/// A request that gets a response.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    Ping,
    Subscribe(Channel),
    Action(String),
}

impl Open {
    /// A new connection of the session with this number.
    pub(super) fn new(socket: Socket, session: u64, has_deltas: bool) -> Self {
        Self {
            socket,
            epoch: String::new(),
            holder: Holder {
                session,
                ..Holder::default()
            },
            has_deltas,
            pending: BTreeMap::new(),
        }
    }

    /// The judge of the messages that it receives.
    pub(super) fn judge<'a>(&'a self, catalog: &'a Catalog, user: &'a User) -> Judge<'a> {
        Judge {
            catalog,
            user,
            holder: &self.holder,
            since: 0,
        }
    }

    /// Receives `connected`; returns whether it is the first one.
    pub(super) fn connected(&mut self, epoch: String, digest: String) -> bool {
        self.epoch = epoch;
        std::mem::replace(&mut self.holder.digest, digest).is_empty()
    }

    /// Subscribes to everything but logs.
    pub(super) async fn subscribe_all(&mut self, findings: &Findings) -> Result<(), Failure> {
        for channel in Channel::SUBSCRIBABLE {
            let subscribe = Subscribe {
                delta: self.has_deltas,
                ..Subscribe::to(channel)
            };
            self.subscribe(subscribe, findings).await?;
        }
        Ok(())
    }

    /// Whether the server has sent `connected`, and no subscription to `channel` is pending.
    pub(super) fn may_subscribe(&self, channel: Channel) -> bool {
        let is_pending = self.pending.contains_key(&Request::Subscribe(channel));
        !self.epoch.is_empty() && !is_pending
    }

    pub(super) async fn subscribe(
        &mut self,
        subscribe: Subscribe,
        findings: &Findings,
    ) -> Result<(), Failure> {
        let request = Request::Subscribe(subscribe.channel);
        self.send(request, ClientMessage::Subscribe(subscribe), findings)
            .await
    }

    pub(super) async fn ping(&mut self, findings: &Findings) -> Result<(), Failure> {
        self.send(Request::Ping, ClientMessage::Ping(Ping {}), findings)
            .await
    }

    pub(super) async fn act(
        &mut self,
        action: ContainerAction,
        findings: &Findings,
    ) -> Result<(), Failure> {
        let request = Request::Action(action.request_id.clone());
        self.send(request, ClientMessage::ContainerAction(action), findings)
            .await
    }

    async fn send(
        &mut self,
        request: Request,
        message: ClientMessage,
        findings: &Findings,
    ) -> Result<(), Failure> {
        findings.requests.add(1);
        self.pending.entry(request).or_insert_with(Instant::now);
        let text = serde_json::to_string(&message)?;
        Ok(self.socket.send(Message::text(text)).await?)
    }

    /// Receives the response to a request.
    pub(super) fn answered(&mut self, message: &ServerMessage) {
        let request = match message {
            ServerMessage::Heartbeat { .. } => Request::Ping,
            ServerMessage::Subscribed { channel } | ServerMessage::Unsubscribed { channel, .. } => {
                Request::Subscribe(*channel)
            }
            ServerMessage::ContainerAck(ack) => Request::Action(ack.request_id.clone()),
            _ => return,
        };
        self.pending.remove(&request);
    }

    /// Reports requests that have been waiting for too long.
    pub(super) fn check(&mut self, user: &str, findings: &Findings) {
        self.pending.retain(|request, sent| {
            let is_late = sent.elapsed() > ANSWER;
            findings.add(Kind::Unanswered, u64::from(is_late), || {
                format!("{request:?} of {user}")
            });
            !is_late
        });
    }

    /// Starts the time of all pending requests again, because this client did not read meanwhile.
    pub(super) fn forgive(&mut self) {
        for sent in self.pending.values_mut() {
            *sent = Instant::now();
        }
    }
}
