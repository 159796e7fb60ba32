//! One WebSocket, owned by the driver alone.

use crate::protocol::{
    Channel, ClientMessage, Ping, Resume, SUBPROTOCOL_JSON, ServerMessage, Subscribe,
};
use futures::{SinkExt, StreamExt};
use gloo_net::websocket::{Message, WebSocketError, futures::WebSocket};
use leptos::prelude::window;
use std::collections::BTreeMap;

/// Closed without a word, as when it never opened.
const ABNORMAL: u16 = 1006;

/// A socket, opening or open.
pub(super) struct Socket(WebSocket);

/// What comes over it.
pub(super) enum Heard {
    Message(Box<ServerMessage>),
    Closed(u16),
}

impl Socket {
    /// Opens one to where the page came from.
    pub(super) fn open() -> Option<Self> {
        let location = window().location();
        let scheme = if location.protocol().ok()? == "https:" {
            "wss"
        } else {
            "ws"
        };
        let url = format!("{scheme}://{}/api/ws", location.host().ok()?);
        WebSocket::open_with_protocol(&url, SUBPROTOCOL_JSON)
            .ok()
            .map(Self)
    }

    /// The next message of the socket; never, while there is none.
    pub(super) async fn next(socket: &mut Option<Self>) -> Heard {
        let Some(Self(socket)) = socket else {
            return std::future::pending().await;
        };
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => match ServerMessage::decode(&text) {
                    Ok(message) => return Heard::Message(Box::new(message)),
                    // A newer server may say more than this page understands.
                    Err(error) => leptos::logging::debug_warn!("not understood: {error}"),
                },
                Some(Ok(Message::Bytes(_))) => {}
                Some(Err(WebSocketError::ConnectionClose(close))) => {
                    return Heard::Closed(close.code);
                }
                Some(Err(_)) | None => return Heard::Closed(ABNORMAL),
            }
        }
    }

    /// Asks for everything the pages show, from where `resume` left off.
    pub(super) async fn subscribe(&mut self, mut resume: BTreeMap<Channel, Resume>) {
        for channel in Channel::SUBSCRIBABLE {
            let resume = resume.remove(&channel);
            let delta = channel == Channel::Containers;
            self.say(&ClientMessage::Subscribe(Subscribe {
                channel,
                delta,
                resume,
            }))
            .await;
        }
        // The answer, a heartbeat, tells the server's time.
        self.say(&ClientMessage::Ping(Ping {})).await;
    }

    /// Sends a message; a failure shows as a close.
    pub(super) async fn say(&mut self, message: &ClientMessage) {
        if let Ok(text) = serde_json::to_string(message) {
            let _ = self.0.send(Message::Text(text)).await;
        }
    }
}
