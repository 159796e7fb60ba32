//! Sends every WebSocket message back, with the socket of the server: for `scripts/conformance`, which tests
//! it with the Autobahn suite. It is not part of Deckwatch.
//!
//! ```text
//! cargo run --features ssr --example echo -- 127.0.0.1:9002
//! ```

use axum::{Router, extract::State, response::Response, routing::get};
use deckwatch::{
    protocol::MAX_MESSAGE_BYTES,
    server::{
        health::Health,
        serve::{Traffic, listen, serve},
        shutdown::{Shutdown, signalled},
        websocket::{CloseFrame, Incoming, Message, Upgrade, WebSocket, close},
    },
};
use std::{error::Error, time::Duration};
use tokio::time::timeout;

/// How long a client may take to answer a close, as in the server.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("an address to listen on")?;
    let listener = listen(address.parse()?)?;
    let shutdown = Shutdown::default();
    let router = Router::new()
        .route("/", get(upgrade))
        .with_state(shutdown.clone());
    let heartbeat = Health::default().watch("http");
    let serving = serve(
        listener,
        router,
        Traffic::default(),
        heartbeat,
        shutdown.clone(),
    );
    shutdown.spawn("http", serving);
    signalled().await?;
    shutdown.finish().await;
    Ok(())
}

async fn upgrade(State(shutdown): State<Shutdown>, upgrade: Upgrade) -> Response {
    upgrade.accept(MAX_MESSAGE_BYTES, shutdown.tracker(), echo)
}

/// Answers pings, and sends messages back until the client closes or violates the protocol.
async fn echo((mut reader, mut writer): WebSocket) {
    let end = loop {
        let answer = match reader.receive().await {
            Ok(Incoming::Text(text)) => Message::Text(text),
            Ok(Incoming::Binary(bytes)) => Message::Binary(bytes),
            Ok(Incoming::Ping(payload)) => Message::Pong(payload),
            Ok(Incoming::Pong) => continue,
            Ok(Incoming::Close(code)) => break code.map(|code| (code, "")),
            Err(fault) => match fault.close() {
                Some(end) => break Some(end),
                None => return,
            },
        };
        writer.queue(answer);
        if writer.flush().await.is_err() {
            return;
        }
    };
    let frame = end.map(|(code, reason)| CloseFrame {
        code,
        reason: reason.into(),
    });
    writer.queue(Message::Close(frame));
    let _ = timeout(CLOSE_TIMEOUT, close(reader, writer)).await;
}
