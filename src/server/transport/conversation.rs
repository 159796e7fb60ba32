//! One client's messages over a WebSocket.

use super::{
    Session, TooManyLogs,
    client_id::ClientId,
    delivery::Registration,
    following::{Following, start},
    forms::Form,
    heartbeat::HeartbeatSchedule,
    held::{Held, is_guess},
    limits::{Malformed, RateLimit, Verdict},
    outbox::Outbox,
    rights::{Change, Rights},
    socket::{End, OTHER_VERSION, end, flush, receive},
};
use crate::{
    model::{Right, WorkloadRef},
    protocol::{
        ApiError, Channel, ClientMessage, ContainerAck, ContainerAction, DEAD_PEER, ErrorCode,
        MAX_LOGS, MAX_PENDING_ACTIONS, ServerMessage, Subscribe, close_code,
    },
    server::{
        AppState,
        access::{Actor, Visitor},
        actions::{Actions, By, Client},
        clock,
        find::{Directory, Found},
        hub::Frame,
        instruments::Instruments,
        logs::{Logs, Start},
        websocket::{Incoming, Message, Reader, WebSocket},
    },
};
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

/// How long a shutdown waits for the answers of actions: slightly longer than an answer may take, and a
/// second less than all tasks have to end, which leaves time for the close.
const LAST_ANSWERS: Duration = Duration::from_secs(7);

/// One client's messages over a WebSocket.
///
/// There are thousands of these, so an idle one must be small: outgoing messages are queued and sent at
/// one place, and only sending and waiting are asynchronous. Frames of the hub do not pass through here:
/// see [`Delivery`](super::Delivery).
pub(super) struct Conversation {
    reader: Reader<OwnedReadHalf>,
    outbox: Arc<Outbox>,
    registration: Registration,
    directory: Directory,
    /// Notices when the access changes; `None` on a server without sign-in, where it never does.
    rights: Option<Box<Rights>>,
    /// The principal, for the audit log.
    actor: Actor,
    actions: Actions,
    /// The client for which its actions are counted.
    client: Client,
    logs: Logs,
    /// `None` for most clients, which follow no log.
    following: Option<Box<Following>>,
    /// Subscriptions to logs that arrived before the containers were known; `None` for nearly all clients.
    held: Option<Box<Held>>,
    /// Outstanding answers; `None` while there are none, because an empty collection takes memory, too.
    pending: Option<FuturesUnordered<BoxFuture<'static, ContainerAck>>>,
    rate: RateLimit,
    malformed: Malformed,
    heartbeat: HeartbeatSchedule,
    received_at: Instant,
    opened_at: Instant,
}

impl Conversation {
    pub(super) fn new(
        (reader, mut writer): WebSocket,
        form: Form,
        (state, visitor): (&AppState, &Visitor),
        id: ClientId,
    ) -> Self {
        let instruments = visitor.viewer().instruments();
        instruments.socket_opened();
        writer.count(instruments.clone());
        let session = Session::new(visitor.viewer().clone());
        let outbox = Arc::new(Outbox::new(writer, form, session));
        Self {
            reader,
            // Registers before any subscription.
            registration: state.delivery.join(Arc::clone(&outbox)),
            outbox,
            directory: visitor.directory().clone(),
            rights: Rights::of(state, visitor, id).map(Box::new),
            actor: visitor.actor(),
            actions: state.actions.clone(),
            client: state.actions.new_socket(),
            logs: state.logs.clone(),
            following: None,
            held: None,
            pending: None,
            rate: RateLimit::default(),
            malformed: Malformed::default(),
            heartbeat: state.heartbeats.join(),
            received_at: Instant::now(),
            opened_at: Instant::now(),
        }
    }

    /// Subscribes to `channel` from the start.
    pub(super) fn follow(&mut self, channel: Channel) {
        self.outbox.subscribe(channel, true, None);
    }

    /// Subscribes to the log of the container `found` from the start.
    pub(super) fn follow_log(&mut self, found: &Found, start: Start) -> Result<(), TooManyLogs> {
        let following = self.following.get_or_insert_default();
        following.follow(&self.logs, found, start)
    }

    /// Queues a message for this client only, if its form has such a message.
    pub(super) fn send(&self, message: &ServerMessage) {
        self.outbox.send(message);
    }

    /// Exchanges messages until the client, the server or an error ends the connection. Returns the close code;
    /// `None` if the connection is lost.
    ///
    /// Boxed, because an argument of an asynchronous function is in its future twice.
    pub(super) async fn hold(mut self: Box<Self>, shutdown: CancellationToken) -> Option<u16> {
        // Shutdown interrupts a pending send, too: a client that does not read must not delay the end.
        let why = tokio::select! {
            biased;
            () = shutdown.cancelled() => {
                let _ = timeout(LAST_ANSWERS, self.last_answers()).await;
                End::Close(close_code::RESTART, "the server restarts")
            }
            Err(why) = self.talk() => why,
        };
        tracing::debug!(end = ?why, "conversation over");
        let instruments = self.directory.viewer().instruments();
        instruments.socket_closed(why.code(), self.opened_at.elapsed());
        // Unregisters before the close, which may take a moment.
        drop((self.registration, self.following));
        if let Some(writer) = self.outbox.close() {
            end((self.reader, writer), why, &shutdown).await;
        }
        why.code()
    }

    /// Sends the answers of actions in progress, all of which arrive before a shutdown is complete.
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
            let rights: OptionFuture<_> =
                self.rights.as_mut().map(|rights| rights.changed()).into();
            tokio::select! {
                received = receive(&mut self.reader) => {
                    self.received_at = Instant::now();
                    if let Err(end) = received.and_then(|incoming| self.answer(incoming)) {
                        // Earlier answers may still be queued.
                        flush(&self.outbox).await?;
                        return Err(end);
                    }
                }
                () = self.outbox.left_over() => self.outbox.catch_up(),
                Some(()) = logs => self.queue_logs()?,
                Some(()) = held => self.answer_held(),
                Some(ack) = ack => self.answered(ack),
                Some(change) = rights => self.change_rights(change)?,
                () = self.heartbeat.next() => self.check_time()?,
            }
        }
    }

    /// Applies changed rights: what may no longer be seen is no longer sent, and the client begins again with
    /// what it may see.
    fn change_rights(&mut self, change: Change) -> Result<(), End> {
        let Change::Rights(directory) = change else {
            return Err(End::Close(close_code::SIGNED_OUT, "signed out"));
        };
        self.directory = directory;
        let lost = self.leave_hidden_logs();
        if self.outbox.form().is_single_purpose() {
            let viewer = self.directory.viewer().clone();
            self.outbox.begin_again(&[], viewer);
            let may_stay = lost.is_empty() && self.directory.has(Right::See);
            return match may_stay {
                true => Ok(()),
                false => Err(End::Close(close_code::FORBIDDEN, "no longer allowed")),
            };
        }
        let viewer = self.directory.viewer();
        let connected = self.rights.as_ref().map(|rights| rights.connected(viewer));
        let lost = lost.into_iter().map(unsubscribed);
        let messages: Vec<_> = connected.into_iter().chain(lost).collect();
        self.outbox.begin_again(&messages, viewer.clone());
        Ok(())
    }

    /// Stops following the logs that may no longer be read; returns their channels.
    fn leave_hidden_logs(&mut self) -> Vec<Channel> {
        let (Some(rights), Some(following)) = (&self.rights, &mut self.following) else {
            return Vec::new();
        };
        let lost = following.leave_hidden(|id| rights.hides_log(&self.directory, id));
        self.following.take_if(|following| following.is_empty());
        lost
    }

    fn queue_logs(&mut self) -> Result<(), End> {
        // A container can be renamed out of what the client may see.
        let lost = self.leave_hidden_logs();
        if !lost.is_empty() && self.outbox.form().is_single_purpose() {
            return Err(End::Close(close_code::FORBIDDEN, "no longer allowed"));
        }
        for channel in lost {
            self.send(&unsubscribed(channel));
        }
        if let Some(following) = &mut self.following {
            let frames = following.catch_up();
            count_gaps(&frames, self.directory.viewer().instruments());
            self.outbox.queue_all(&frames);
        }
        Ok(())
    }

    fn answered(&mut self, ack: Option<ContainerAck>) {
        if let Some(ack) = ack {
            self.send(&ServerMessage::ContainerAck(ack));
        }
        self.pending.take_if(|pending| pending.is_empty());
    }

    fn check_time(&mut self) -> Result<(), End> {
        if self.received_at.elapsed() >= DEAD_PEER {
            return Err(End::Close(close_code::SILENT, "nothing heard"));
        }
        if self.heartbeat.is_due() {
            let timestamp = clock::now();
            self.send(&ServerMessage::Heartbeat { timestamp });
            self.outbox.queue(Message::Ping(Bytes::new()));
        }
        Ok(())
    }

    fn answer(&mut self, incoming: Incoming) -> Result<(), End> {
        if let Some(end) = self.misunderstanding(&incoming) {
            return Err(end);
        }
        if let Some(rights) = &self.rights
            && matches!(incoming, Incoming::Text(_) | Incoming::Binary(_))
        {
            rights.used();
        }
        match (self.rate.judge(), incoming) {
            (Verdict::CutOff, _) => {
                return Err(End::Close(close_code::RATE_LIMITED, "too many messages"));
            }
            (_, Incoming::Ping(payload)) => self.outbox.queue(Message::Pong(payload)),
            (_, Incoming::Pong | Incoming::Close(_)) => {}
            (Verdict::Refuse(retry_after), incoming) => {
                self.send(&rate_limited(request_id(&incoming), retry_after));
            }
            // Single-purpose sockets ignore client messages.
            (Verdict::Handle, _) if self.outbox.form().is_single_purpose() => {}
            (Verdict::Handle, Incoming::Text(text)) => {
                return self.handle(ClientMessage::decode(&text));
            }
            (Verdict::Handle, Incoming::Binary(bytes)) => {
                match ClientMessage::decode_binary(&bytes) {
                    Ok(message) => return self.handle(message),
                    Err(_) => return Err(OTHER_VERSION),
                }
            }
        }
        Ok(())
    }

    /// Why `incoming` is not a valid message for this connection.
    fn misunderstanding(&self, incoming: &Incoming) -> Option<End> {
        let reason = match (incoming, self.outbox.form()) {
            (Incoming::Text(_), Form::Binary) => "binary messages only",
            (Incoming::Binary(_), _) if self.outbox.form() != Form::Binary => "text messages only",
            _ => return None,
        };
        Some(End::Close(close_code::UNSUPPORTED, reason))
    }

    fn handle(&mut self, message: Result<ClientMessage, ApiError>) -> Result<(), End> {
        match message {
            Ok(ClientMessage::Subscribe(subscribe)) => self.subscribe(&subscribe),
            Ok(ClientMessage::Unsubscribe(unsubscribe)) => {
                let channel = unsubscribe.channel;
                self.unsubscribe(channel);
                let reason = None;
                self.send(&ServerMessage::Unsubscribed { channel, reason });
            }
            Ok(ClientMessage::ContainerAction(action)) => self.act(action),
            Ok(ClientMessage::Ping(_)) => {
                let timestamp = clock::now();
                self.send(&ServerMessage::Heartbeat { timestamp });
            }
            Err(error) => {
                self.send(&ServerMessage::error(error));
                if self.malformed.one_more() {
                    return Err(End::Close(close_code::MALFORMED, "malformed messages"));
                }
            }
        }
        Ok(())
    }

    fn subscribe(&mut self, subscribe: &Subscribe) {
        if let Some(named) = subscribe.log() {
            return self.subscribe_to_log(&named, subscribe);
        }
        let Subscribe {
            channel,
            delta,
            resume,
            ..
        } = subscribe;
        self.send(&ServerMessage::Subscribed { channel: *channel });
        self.outbox.subscribe(*channel, *delta, resume.as_ref());
    }

    fn unsubscribe(&mut self, channel: Channel) {
        if channel.logged().is_none() {
            return self.outbox.unsubscribe(channel);
        }
        if let Some(following) = &mut self.following {
            following.leave(channel);
        }
        if let Some(held) = &mut self.held {
            held.leave(channel);
        }
        self.following.take_if(|following| following.is_empty());
    }

    /// Subscribes to the log of a container, if it exists and the client follows fewer logs than allowed.
    fn subscribe_to_log(&mut self, named: &WorkloadRef, subscribe: &Subscribe) {
        let found = self.directory.find(named, Right::Logs);
        if let Err(error) = &found
            && is_guess(error, &self.directory, named.host)
            && self.keep_held(subscribe)
        {
            return;
        }
        self.subscribe_to_known_log(found, subscribe);
    }

    fn subscribe_to_known_log(&mut self, found: Result<Found, ApiError>, subscribe: &Subscribe) {
        let channel = subscribe.channel;
        let start = start(subscribe, self.directory.viewer().epoch());
        let followed = found.and_then(|found| {
            self.follow_log(&found, start).map_err(|TooManyLogs| {
                let message = "too many logs are followed";
                ApiError::new(ErrorCode::TooManySubscriptions, message)
            })
        });
        match followed {
            Ok(()) => self.send(&ServerMessage::Subscribed { channel }),
            Err(error) => {
                let reason = Some(error.message.clone());
                self.send(&ServerMessage::error(error));
                self.send(&ServerMessage::Unsubscribed { channel, reason });
            }
        }
    }

    /// Holds a subscription until the containers are known; returns false if too many are held.
    fn keep_held(&mut self, subscribe: &Subscribe) -> bool {
        let viewer = self.directory.viewer();
        let held = self.held.get_or_insert_with(|| Box::new(Held::new(viewer)));
        let has_room = held.len() < MAX_LOGS;
        if has_room {
            held.hold(subscribe.clone());
        }
        has_room
    }

    fn answer_held(&mut self) {
        let due = self
            .held
            .as_mut()
            .map(|held| held.take_due(&self.directory));
        self.held.take_if(|held| held.is_empty());
        for subscribe in due.unwrap_or_default() {
            if let Some(named) = subscribe.log() {
                self.subscribe_to_known_log(self.directory.find(&named, Right::Logs), &subscribe);
            }
        }
    }

    fn act(&mut self, action: ContainerAction) {
        let pending = self.pending.get_or_insert_default();
        if pending.len() >= MAX_PENDING_ACTIONS {
            let retry_after = Duration::from_secs(1);
            return self.send(&rate_limited(Some(action.request_id), retry_after));
        }
        let by = By {
            client: self.client,
            actor: self.actor.clone(),
            directory: self.directory.clone(),
        };
        let ack = self.actions.perform(by, action);
        pending.push(ack.boxed());
    }
}

/// The message about a log that may no longer be read.
fn unsubscribed(channel: Channel) -> ServerMessage {
    let reason = Some("you may no longer see this log".to_owned());
    ServerMessage::Unsubscribed { channel, reason }
}

/// The request id in `incoming` if it is an action: its client waits for an answer.
fn request_id(incoming: &Incoming) -> Option<String> {
    let message = match incoming {
        Incoming::Text(text) => ClientMessage::decode(text).ok()?,
        Incoming::Binary(bytes) => ClientMessage::decode_binary(bytes).ok()?.ok()?,
        Incoming::Ping(_) | Incoming::Pong | Incoming::Close(_) => return None,
    };
    match message {
        ClientMessage::ContainerAction(action) => Some(action.request_id),
        _ => None,
    }
}

fn count_gaps(frames: &[Arc<Frame>], instruments: &Instruments) {
    for frame in frames {
        if let ServerMessage::LogGap { .. } = frame.message() {
            instruments.log_gap();
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<A, B, F: Future>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    /// With thousands of clients, both are a large part of the server's memory.
    #[test]
    fn an_idle_conversation_is_small() {
        assert!(size_of::<Conversation>() <= 448);
        assert!(size_of_future(Conversation::hold) <= 1_024);
    }
}
