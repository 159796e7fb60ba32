//! One client's conversation over a WebSocket.

use super::{
    Session,
    limits::{Malformed, RateLimit, Verdict},
    socket::{End, Heard, OTHER_VERSION, Socket},
};
use crate::{
    protocol::{
        ApiError, Channel, ClientMessage, ContainerAck, ContainerAction, DEAD_PEER, ErrorCode,
        PROTOCOL_VERSION, ServerMessage, Subscribe, close_code, codec,
    },
    server::{
        AppState,
        actions::Actions,
        clock,
        hub::{Codec, Frame, encode},
    },
};
use axum::extract::ws::Message;
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, OptionFuture},
    stream::FuturesUnordered,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

/// Actions of one client that may be going on at the same time: a bulk action on a big project.
const MAX_PENDING: usize = 64;

/// One client's conversation over a WebSocket.
pub(super) struct Conversation {
    socket: Socket,
    session: Session,
    codec: Codec,
    actions: Actions,
    /// Answers to come.
    pending: FuturesUnordered<BoxFuture<'static, ContainerAck>>,
    rate: RateLimit,
    malformed: Malformed,
    heartbeat: Duration,
    heard: Instant,
}

impl Conversation {
    pub(super) fn new(socket: Socket, codec: Codec, state: &AppState) -> Self {
        Self {
            socket,
            session: Session::new(state.hub.clone()),
            codec,
            actions: state.actions.clone(),
            pending: FuturesUnordered::new(),
            rate: RateLimit::new(),
            malformed: Malformed::default(),
            heartbeat: state.config.heartbeat,
            heard: Instant::now(),
        }
    }

    /// Talks until one of both has enough, following `channels` from the start.
    pub(super) async fn hold(
        mut self,
        hello: Option<ServerMessage>,
        channels: &[Channel],
        shutdown: CancellationToken,
    ) {
        // Also in the middle of a message that does not leave: who does not read must not hold up
        // the end.
        let end = tokio::select! {
            biased;
            () = shutdown.cancelled() => End::Close(close_code::RESTART, "the server restarts"),
            Err(end) = self.talk(hello, channels) => end,
        };
        tracing::debug!(?end, "conversation over");
        // Counts as gone before the goodbye, which may take a moment.
        drop(self.session);
        self.socket.end(end).await;
    }

    async fn talk(
        &mut self,
        hello: Option<ServerMessage>,
        channels: &[Channel],
    ) -> Result<std::convert::Infallible, End> {
        if let Some(hello) = hello {
            self.say(&hello).await?;
        }
        for channel in channels {
            let frames = self.session.subscribe(*channel, true, None);
            self.send(frames).await?;
        }
        let mut heartbeat = interval_at(Instant::now() + self.heartbeat, self.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let ack: OptionFuture<_> = (!self.pending.is_empty())
                .then(|| self.pending.next())
                .into();
            tokio::select! {
                heard = self.socket.hear() => {
                    self.heard = Instant::now();
                    self.answer(heard?).await?;
                }
                () = self.session.changed() => {
                    let news = self.session.news();
                    self.send(news).await?;
                }
                Some(Some(ack)) = ack => {
                    let ack = ServerMessage::ContainerAck(ack);
                    self.say(&ack).await?;
                }
                _ = heartbeat.tick() => self.beat().await?,
                () = sleep_until(self.heard + DEAD_PEER) => {
                    return Err(End::Close(close_code::SILENT, "nothing heard"));
                }
            }
        }
    }

    async fn send(&mut self, frames: Vec<Arc<Frame>>) -> Result<(), End> {
        for frame in frames {
            if let Some(message) = frame.encoded(self.codec) {
                self.socket.send(message).await?;
            }
        }
        Ok(())
    }

    /// Says something to this client alone, if its form can say that.
    async fn say(&mut self, message: &ServerMessage) -> Result<(), End> {
        let message = match self.codec {
            Codec::Json => Message::Text(encode(message)),
            Codec::Binary => Message::Binary(codec::encode(message).into()),
            Codec::DockerStats => return Ok(()),
        };
        self.socket.send(message).await
    }

    async fn beat(&mut self) -> Result<(), End> {
        let timestamp = clock::now();
        self.say(&ServerMessage::Heartbeat { timestamp }).await?;
        self.socket.ping().await
    }

    async fn answer(&mut self, heard: Heard) -> Result<(), End> {
        if let Some(end) = self.misunderstanding(&heard) {
            return Err(end);
        }
        match (self.rate.judge(), heard) {
            (Verdict::CutOff, _) => Err(End::Close(close_code::RATE_LIMITED, "too many messages")),
            (_, Heard::Alive) => Ok(()),
            (Verdict::Refuse(retry_after), _) => self.say(&rate_limited(None, retry_after)).await,
            // Whoever gets figures in the form of a command line has nothing to say.
            (Verdict::Heed, _) if self.codec == Codec::DockerStats => Ok(()),
            (Verdict::Heed, Heard::Text(text)) => self.heed(ClientMessage::decode(&text)).await,
            (Verdict::Heed, Heard::Binary(bytes)) => match ClientMessage::decode_binary(&bytes) {
                Ok(message) => self.heed(message).await,
                Err(_) => Err(OTHER_VERSION),
            },
        }
    }

    /// Why what was heard cannot be meant for this conversation.
    fn misunderstanding(&self, heard: &Heard) -> Option<End> {
        let reason = match (heard, self.codec) {
            (Heard::Text(_), Codec::Binary) => "binary messages only",
            (Heard::Binary(_), Codec::Json | Codec::DockerStats) => "text messages only",
            _ => return None,
        };
        Some(End::Close(close_code::UNSUPPORTED, reason))
    }

    async fn heed(&mut self, message: Result<ClientMessage, ApiError>) -> Result<(), End> {
        match message {
            Ok(ClientMessage::Subscribe(subscribe)) => self.subscribe(subscribe).await,
            Ok(ClientMessage::Unsubscribe(unsubscribe)) => {
                self.session.unsubscribe(unsubscribe.channel);
                self.say(&ServerMessage::Unsubscribed {
                    channel: unsubscribe.channel,
                    reason: None,
                })
                .await
            }
            Ok(ClientMessage::ContainerAction(action)) => self.act(action).await,
            Ok(ClientMessage::Ping(_)) => {
                let timestamp = clock::now();
                self.say(&ServerMessage::Heartbeat { timestamp }).await
            }
            Err(error) => {
                self.say(&ServerMessage::error(error)).await?;
                if self.malformed.one_more() {
                    return Err(End::Close(close_code::MALFORMED, "malformed messages"));
                }
                Ok(())
            }
        }
    }

    async fn subscribe(&mut self, subscribe: Subscribe) -> Result<(), End> {
        let Subscribe {
            channel,
            delta,
            resume,
            ..
        } = subscribe;
        self.say(&ServerMessage::Subscribed { channel }).await?;
        let frames = self.session.subscribe(channel, delta, resume.as_ref());
        self.send(frames).await
    }

    async fn act(&mut self, action: ContainerAction) -> Result<(), End> {
        if self.pending.len() >= MAX_PENDING {
            let retry_after = Duration::from_secs(1);
            return self
                .say(&rate_limited(Some(action.request_id), retry_after))
                .await;
        }
        self.pending.push(self.actions.perform(action).boxed());
        Ok(())
    }
}

/// The first message on a connection.
pub(super) fn connected(state: &AppState) -> ServerMessage {
    ServerMessage::Connected {
        client_id: format!("{:016x}", fastrand::u64(..)),
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
