//! A page of Deckwatch: the binary form over a socket, and the reducer.

use super::{PATIENCE, app::TestApp};
use deckwatch::{
    model::Dashboard,
    protocol::{
        Channel, ClientMessage, Resume, SUBPROTOCOL_BINARY, ServerMessage, Subscribe,
        codec::{self, Ticks},
    },
};
use futures::{SinkExt, StreamExt};
use std::io::Read;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// A connection with the binary form.
#[derive(Debug)]
pub(crate) struct Page {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(crate) ticks: Ticks,
    pub(crate) dashboard: Dashboard,
}

/// `frame` with its message decompressed.
pub(crate) fn inflated(frame: &[u8]) -> Vec<u8> {
    let Some(message) = codec::as_deflated(frame) else {
        return frame.to_vec();
    };
    let mut plain = Vec::new();
    let mut decoder = flate2::read::DeflateDecoder::new(message);
    decoder.read_to_end(&mut plain).unwrap();
    codec::inflated(&plain)
}

impl Page {
    /// Connects; no message is sent yet.
    pub(crate) async fn connect(app: &TestApp) -> Self {
        let url = format!("ws://{}/api/ws", app.address);
        let mut request = url.into_client_request().unwrap();
        let protocol = SUBPROTOCOL_BINARY.parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (stream, answer) = connect_async(request).await.unwrap();
        assert_eq!(
            answer.headers()["sec-websocket-protocol"],
            SUBPROTOCOL_BINARY
        );
        Self {
            stream,
            ticks: Ticks::default(),
            dashboard: Dashboard::default(),
        }
    }

    pub(crate) async fn send(&mut self, message: &ClientMessage) {
        self.send_raw(Message::binary(codec::encode(message))).await;
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Subscribes as the pages do.
    pub(crate) async fn follow(&mut self, channel: Channel, resume: Option<Resume>) {
        self.send(&ClientMessage::Subscribe(Subscribe {
            delta: channel == Channel::CONTAINERS,
            resume,
            ..Subscribe::to(channel)
        }))
        .await;
    }

    /// The next frame, or the code with which the server closed.
    pub(crate) async fn frame(&mut self) -> Result<Vec<u8>, u16> {
        let wait = async {
            loop {
                match self.stream.next().await.unwrap().unwrap() {
                    Message::Binary(frame) => return Ok(frame.to_vec()),
                    Message::Close(frame) => return Err(frame.unwrap().code.into()),
                    Message::Text(text) => panic!("text on a binary socket: {text}"),
                    _ => {}
                }
            }
        };
        timeout(PATIENCE, wait)
            .await
            .expect("no message was received")
    }

    /// The next message, with its effect on the dashboard applied.
    pub(crate) async fn next(&mut self) -> ServerMessage {
        let frame = inflated(&self.frame().await.unwrap());
        let message = self.ticks.decode(&frame).unwrap();
        if let Some(update) = message.update().cloned() {
            self.dashboard.apply(update);
        }
        message
    }

    /// The first message that satisfies `wanted`.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&ServerMessage) -> bool) -> ServerMessage {
        let find = async {
            loop {
                let message = self.next().await;
                if wanted(&message) {
                    return message;
                }
            }
        };
        timeout(PATIENCE, find)
            .await
            .expect("the message never came")
    }

    /// Reads until the server closes; returns the code.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.frame().await {
                return code;
            }
        }
    }
}
