//! A WebSocket client that tests control.

use super::PATIENCE;
use deckwatch::protocol::{Channel, ClientMessage, ServerMessage, Subscribe};
use futures::{SinkExt, StreamExt};
use std::net::SocketAddr;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Error, Message, client::IntoClientRequest, http::Response},
};

/// A connection to the server's socket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// A message received over a socket, or its close.
#[derive(Debug)]
pub(crate) enum Incoming {
    Text(String),
    Closed(u16),
}

impl Socket {
    /// Connects to `url` with these headers; returns the server's response when it refuses.
    pub(crate) async fn connect(
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Response<Option<Vec<u8>>>> {
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let connecting = tokio_tungstenite::connect_async(request);
        match timeout(PATIENCE, connecting).await.unwrap() {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(refusal)) => Err(*refusal),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects to `url` if that is possible at the moment.
    pub(crate) async fn try_connect(url: &str) -> Option<Self> {
        let (stream, _) = tokio_tungstenite::connect_async(url).await.ok()?;
        Some(Self { stream })
    }

    /// The next message; `None` when the connection is lost for any reason.
    pub(crate) async fn try_next(&mut self) -> Option<ServerMessage> {
        loop {
            match self.stream.next().await?.ok()? {
                Message::Text(text) => return Some(ServerMessage::decode(&text).expect(&text)),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// Connects to the multiplexed socket of `server` with a receive buffer of a few kilobytes. While the
    /// test does not read, the server's writes soon block; by default the kernel would buffer megabytes.
    pub(crate) async fn connect_with_small_buffer(server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let stream = MaybeTlsStream::Plain(socket.connect(server).await.unwrap());
        let url = format!("ws://{server}/api/ws");
        let upgrade = tokio_tungstenite::client_async(url, stream);
        let (stream, _) = timeout(PATIENCE, upgrade).await.unwrap().unwrap();
        Self { stream }
    }

    pub(crate) async fn send(&mut self, message: ClientMessage) {
        self.send_text(&serde_json::to_string(&message).unwrap())
            .await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.send_raw(Message::text(text)).await;
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Subscribes, and waits for the confirmation.
    pub(crate) async fn subscribe(&mut self, channel: Channel) {
        self.subscribe_as(channel, false).await;
    }

    /// Subscribes to changes instead of full lists.
    pub(crate) async fn subscribe_delta(&mut self, channel: Channel) {
        self.subscribe_as(channel, true).await;
    }

    async fn subscribe_as(&mut self, channel: Channel, delta: bool) {
        self.send(ClientMessage::Subscribe(Subscribe {
            delta,
            ..Subscribe::to(channel)
        }))
        .await;
        let confirmed = ServerMessage::Subscribed { channel };
        self.until(|message| *message == confirmed).await;
    }

    /// The next text, or the code with which the server closed.
    pub(crate) async fn receive(&mut self) -> Incoming {
        let wait = async {
            loop {
                match self.stream.next().await {
                    Some(Ok(Message::Text(text))) => return Incoming::Text(text.to_string()),
                    Some(Ok(Message::Close(frame))) => {
                        return Incoming::Closed(frame.map_or(1005, |frame| frame.code.into()));
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(other)) => panic!("unexpected {other:?}"),
                    Some(Err(error)) => panic!("the connection broke: {error}"),
                    None => return Incoming::Closed(1006),
                }
            }
        };
        timeout(PATIENCE, wait)
            .await
            .expect("no message was received")
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> ServerMessage {
        match self.receive().await {
            Incoming::Text(text) => ServerMessage::decode(&text).expect(&text),
            Incoming::Closed(code) => panic!("closed with {code}"),
        }
    }

    /// The first message that satisfies `wanted`; others are skipped.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&ServerMessage) -> bool) -> ServerMessage {
        self.find(|message| wanted(&message).then_some(message))
            .await
    }

    /// The result of `wanted` for the first message for which it has one; others are skipped.
    pub(crate) async fn find<T>(&mut self, wanted: impl Fn(ServerMessage) -> Option<T>) -> T {
        let find = async {
            loop {
                if let Some(found) = wanted(self.next().await) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, find)
            .await
            .expect("the message never came")
    }

    /// The code of the next error.
    pub(crate) async fn error(&mut self) -> String {
        self.find(|message| match message {
            ServerMessage::Error { code, .. } => Some(code.as_str().to_owned()),
            _ => None,
        })
        .await
    }

    /// Reads until the server closes; returns the code.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Incoming::Closed(code) = self.receive().await {
                return code;
            }
        }
    }
}
