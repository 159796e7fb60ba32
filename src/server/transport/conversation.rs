//! One client's conversation over a WebSocket.

use super::{
    Session, TooManyLogs,
    delivery::Registration,
    following::{Following, MAX_LOGS, start},
    heartbeat::HeartbeatSchedule,
    held::{Held, is_guess},
    limits::{Malformed, RateLimit, Verdict},
    outbox::Outbox,
    socket::{End, OTHER_VERSION, end, flush, receive},
    ws::ClientId,
};
use crate::{
    model::ContainerId,
    protocol::{
        ApiError, Channel, ClientMessage, ContainerAck, ContainerAction, DEAD_PEER, ErrorCode,
        PROTOCOL_VERSION, ServerMessage, Subscribe, close_code,
    },
    server::{
        AppState,
        actions::{Actions, Client, Found},
        clock,
        hub::{Codec, Frame, Hub},
        logs::{Logs, Start},
        websocket::{Incoming, Reader, WebSocket},
    },
};
use axum::extract::ws::Message;
use bytes::Bytes;
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, OptionFuture},
    stream::FuturesUnordered,
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    net::tcp::OwnedReadHalf,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// Actions of one client that may be going on at the same time: a bulk action on a big project.
const MAX_PENDING: usize = 64;

/// How long the answers of actions are waited for at shutdown: a moment longer than they may take to come,
/// and a second less than what all tasks may take to end, for the close.
const LAST_ANSWERS: Duration = Duration::from_secs(7);

/// One client's conversation over a WebSocket.
///
/// There are thousands of these, so what they have while nothing happens is small: what is to be
/// said is queued and leaves at one place, and nothing but that and waiting is asynchronous. News of
/// the hub passes by them altogether: see [`Delivery`](super::Delivery).
pub(super) struct Conversation {
    reader: Reader<OwnedReadHalf>,
    outbox: Arc<Outbox>,
    registration: Registration,
    hub: Hub,
    actions: Actions,
    /// Whom its actions are counted with.
    client: Client,
    logs: Logs,
    /// Absent with most clients, who follow no log.
    following: Option<Box<Following>>,
    /// Absent with nearly all: subscriptions to logs that came before the containers were known.
    held: Option<Box<Held>>,
    /// Answers to come; absent while there are none, because an empty one takes memory too.
    pending: Option<FuturesUnordered<BoxFuture<'static, ContainerAck>>>,
    rate: RateLimit,
    malformed: Malformed,
    heartbeat: HeartbeatSchedule,
    heard: Instant,
}

impl Conversation {
    pub(super) fn new((reader, mut writer): WebSocket, codec: Codec, state: &AppState) -> Self {
        let instruments = state.hub.instruments();
        instruments.socket_opened();
        writer.count(instruments.clone());
        let session = Session::new(state.hub.clone());
        let outbox = Arc::new(Outbox::new(writer, codec, session));
        Self {
            reader,
            // Before anything is followed.
            registration: state.delivery.join(Arc::clone(&outbox)),
            outbox,
            hub: state.hub.clone(),
            actions: state.actions.clone(),
            client: state.actions.new_socket(),
            logs: state.logs.clone(),
            following: None,
            held: None,
            pending: None,
            rate: RateLimit::default(),
            malformed: Malformed::default(),
            heartbeat: state.heartbeats.join(),
            heard: Instant::now(),
        }
    }

    /// Follows `channel` from the start.
    pub(super) fn follow(&mut self, channel: Channel) {
        self.outbox.subscribe(channel, true, None);
    }

    /// Follows the log of the container `found` from the start.
    pub(super) fn follow_log(&mut self, found: &Found, start: Start) -> Result<(), TooManyLogs> {
        let following = self.following.get_or_insert_default();
        following.follow(&self.logs, found, start)
    }

    /// Says something to this client alone, if its form can say that.
    pub(super) fn say(&self, message: &ServerMessage) {
        self.outbox.say(message);
    }

    /// Talks until one of both has enough.
    pub(super) async fn hold(mut self, shutdown: CancellationToken) {
        // Also in the middle of a message that does not leave: a client that does not read must not hold up
        // the end.
        let why = tokio::select! {
            biased;
            () = shutdown.cancelled() => {
                let _ = timeout(LAST_ANSWERS, self.last_answers()).await;
                End::Close(close_code::RESTART, "the server restarts")
            }
            Err(why) = self.talk() => why,
        };
        tracing::debug!(end = ?why, "conversation over");
        self.hub.instruments().socket_closed(why.code());
        // Counts as gone before the goodbye, which may take a moment.
        drop((self.registration, self.following));
        if let Some(writer) = self.outbox.close() {
            end((self.reader, writer), why, &shutdown).await;
        }
    }

    /// Sends the answers of the actions that are going on, all of which come before a shutdown is over.
    async fn last_answers(&mut self) -> Result<(), End> {
        while let Some(pending) = &mut self.pending {
            let ack = pending.next().await;
            self.answered(ack);
            flush(&self.outbox).await?;
        }
        Ok(())
    }

    async fn talk(&mut self) -> Result<Infallible, End> {
        loop {
            flush(&self.outbox).await?;
            let ack: OptionFuture<_> = self.pending.as_mut().map(StreamExt::next).into();
            let held: OptionFuture<_> = self.held.as_mut().map(|held| held.changed()).into();
            let logs: OptionFuture<_> = self.following.as_ref().map(|logs| logs.changed()).into();
            tokio::select! {
                heard = receive(&mut self.reader) => {
                    self.heard = Instant::now();
                    if let Err(end) = heard.and_then(|heard| self.answer(heard)) {
                        // What was answered before is still to be told.
                        flush(&self.outbox).await?;
                        return Err(end);
                    }
                }
                () = self.outbox.left_over() => self.outbox.catch_up(),
                Some(()) = logs => self.queue_logs(),
                Some(()) = held => self.answer_held(),
                Some(ack) = ack => self.answered(ack),
                () = self.heartbeat.next() => self.look_at_the_clock()?,
            }
        }
    }

    fn queue_logs(&mut self) {
        if let Some(following) = &mut self.following {
            let news = following.news();
            count_gaps(&news, &self.hub);
            self.outbox.queue_all(&news);
        }
    }

    fn answered(&mut self, ack: Option<ContainerAck>) {
        if let Some(ack) = ack {
            self.say(&ServerMessage::ContainerAck(ack));
        }
        self.pending.take_if(|pending| pending.is_empty());
    }

    fn look_at_the_clock(&mut self) -> Result<(), End> {
        if self.heard.elapsed() >= DEAD_PEER {
            return Err(End::Close(close_code::SILENT, "nothing heard"));
        }
        if self.heartbeat.is_due() {
            let timestamp = clock::now();
            self.say(&ServerMessage::Heartbeat { timestamp });
            self.outbox.queue(Message::Ping(Bytes::new()));
        }
        Ok(())
    }

    fn answer(&mut self, heard: Incoming) -> Result<(), End> {
        if let Some(end) = self.misunderstanding(&heard) {
            return Err(end);
        }
        match (self.rate.judge(), heard) {
            (Verdict::CutOff, _) => {
                return Err(End::Close(close_code::RATE_LIMITED, "too many messages"));
            }
            (_, Incoming::Ping(payload)) => self.outbox.queue(Message::Pong(payload)),
            (_, Incoming::Pong | Incoming::Close(_)) => {}
            (Verdict::Refuse(retry_after), heard) => {
                self.say(&rate_limited(request_id(&heard), retry_after));
            }
            // Whoever gets one thing only has nothing to say.
            (Verdict::Heed, _) if self.is_single_purpose() => {}
            (Verdict::Heed, Incoming::Text(text)) => {
                return self.heed(ClientMessage::decode(&text));
            }
            (Verdict::Heed, Incoming::Binary(bytes)) => {
                match ClientMessage::decode_binary(&bytes) {
                    Ok(message) => return self.heed(message),
                    Err(_) => return Err(OTHER_VERSION),
                }
            }
        }
        Ok(())
    }

    /// Why what was heard cannot be meant for this conversation.
    fn misunderstanding(&self, heard: &Incoming) -> Option<End> {
        let reason = match (heard, self.outbox.codec()) {
            (Incoming::Text(_), Codec::Binary) => "binary messages only",
            (Incoming::Binary(_), Codec::Json | Codec::DockerStats | Codec::DockerLogs(_)) => {
                "text messages only"
            }
            _ => return None,
        };
        Some(End::Close(close_code::UNSUPPORTED, reason))
    }

    fn is_single_purpose(&self) -> bool {
        let codec = self.outbox.codec();
        matches!(codec, Codec::DockerStats | Codec::DockerLogs(_))
    }

    fn heed(&mut self, message: Result<ClientMessage, ApiError>) -> Result<(), End> {
        match message {
            Ok(ClientMessage::Subscribe(subscribe)) => self.subscribe(&subscribe),
            Ok(ClientMessage::Unsubscribe(unsubscribe)) => {
                let channel = unsubscribe.channel;
                self.unsubscribe(channel);
                let reason = None;
                self.say(&ServerMessage::Unsubscribed { channel, reason });
            }
            Ok(ClientMessage::ContainerAction(action)) => self.act(action),
            Ok(ClientMessage::Ping(_)) => {
                let timestamp = clock::now();
                self.say(&ServerMessage::Heartbeat { timestamp });
            }
            Err(error) => {
                self.say(&ServerMessage::error(error));
                if self.malformed.one_more() {
                    return Err(End::Close(close_code::MALFORMED, "malformed messages"));
                }
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, subscribe: &Subscribe) {
        if let Channel::Logs(id) = subscribe.channel {
            return self.subscribe_to_log(id, subscribe);
        }
        let Subscribe {
            channel,
            delta,
            resume,
            ..
        } = subscribe;
        self.say(&ServerMessage::Subscribed { channel: *channel });
        self.outbox.subscribe(*channel, *delta, resume.as_ref());
    }

    fn unsubscribe(&mut self, channel: Channel) {
        match channel {
            Channel::Logs(id) => {
                if let Some(following) = &mut self.following {
                    following.leave(id);
                }
                if let Some(held) = &mut self.held {
                    held.leave(id);
                }
                self.following.take_if(|following| following.is_empty());
            }
            _ => self.outbox.unsubscribe(channel),
        }
    }

    /// Follows the log of a container, as far as there is one and it is not one too many.
    fn subscribe_to_log(&mut self, id: ContainerId, subscribe: &Subscribe) {
        let found = self.actions.find(subscribe.host.as_ref(), &id.into());
        if let Err(error) = &found
            && is_guess(error, &self.actions, subscribe.host.as_ref())
            && self.keep_held(subscribe)
        {
            return;
        }
        self.subscribe_to_known_log(id, subscribe);
    }

    fn subscribe_to_known_log(&mut self, id: ContainerId, subscribe: &Subscribe) {
        let channel = subscribe.channel;
        let found = self.actions.find(subscribe.host.as_ref(), &id.into());
        let start = start(subscribe, self.hub.epoch());
        let followed = found.and_then(|found| {
            self.follow_log(&found, start).map_err(|TooManyLogs| {
                let message = "too many logs are followed";
                ApiError::new(ErrorCode::TooManySubscriptions, message)
            })
        });
        match followed {
            Ok(()) => self.say(&ServerMessage::Subscribed { channel }),
            Err(error) => {
                let reason = Some(error.message.clone());
                self.say(&ServerMessage::error(error));
                self.say(&ServerMessage::Unsubscribed { channel, reason });
            }
        }
    }

    /// Holds a subscription until the containers are known, unless it is one too many.
    fn keep_held(&mut self, subscribe: &Subscribe) -> bool {
        let hub = &self.hub;
        let held = self.held.get_or_insert_with(|| Box::new(Held::new(hub)));
        let has_room = held.len() < MAX_LOGS;
        if has_room {
            held.hold(subscribe.clone());
        }
        has_room
    }

    fn answer_held(&mut self) {
        let due = self.held.as_mut().map(|held| held.take_due(&self.actions));
        self.held.take_if(|held| held.is_empty());
        for subscribe in due.unwrap_or_default() {
            if let Channel::Logs(id) = subscribe.channel {
                self.subscribe_to_known_log(id, &subscribe);
            }
        }
    }

    fn act(&mut self, action: ContainerAction) {
        let pending = self.pending.get_or_insert_default();
        if pending.len() >= MAX_PENDING {
            let retry_after = Duration::from_secs(1);
            return self.say(&rate_limited(Some(action.request_id), retry_after));
        }
        pending.push(self.actions.perform(self.client, action).boxed());
    }
}

/// Of which request it was heard, if it is an action: whoever asked for that waits for an answer.
fn request_id(heard: &Incoming) -> Option<String> {
    let message = match heard {
        Incoming::Text(text) => ClientMessage::decode(text).ok()?,
        Incoming::Binary(bytes) => ClientMessage::decode_binary(bytes).ok()?.ok()?,
        Incoming::Ping(_) | Incoming::Pong | Incoming::Close(_) => return None,
    };
    match message {
        ClientMessage::ContainerAction(action) => Some(action.request_id),
        _ => None,
    }
}

fn count_gaps(news: &[Arc<Frame>], hub: &Hub) {
    for frame in news {
        if let ServerMessage::LogGap { .. } = frame.message() {
            hub.instruments().log_gap();
        }
    }
}

/// The first message on a connection.
pub(super) fn connected(state: &AppState, id: ClientId) -> ServerMessage {
    ServerMessage::Connected {
        client_id: id.to_string(),
        protocol: PROTOCOL_VERSION,
        epoch: state.hub.epoch().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        heartbeat_interval_ms: u64::try_from(state.config.heartbeat.as_millis())
            .unwrap_or(u64::MAX),
        channels: Channel::SUBSCRIBABLE.to_vec(),
    }
}

fn rate_limited(request_id: Option<String>, retry_after: Duration) -> ServerMessage {
    let error = ApiError::new(ErrorCode::RateLimited, "too many messages");
    ServerMessage::Error {
        code: error.code,
        message: error.message,
        request_id,
        retry_after_ms: Some(u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX)),
    }
}
