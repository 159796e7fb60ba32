//! Invalid client messages are answered with an error, and worse ones close the connection.

use crate::support::{app::TestApp, fake_engine::FakeEngine};
use deckwatch::protocol::{ClientMessage, MAX_MESSAGE_BYTES, Ping, ServerMessage, close_code};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

/// The error codes with which the texts are answered; the connection must stay open.
async fn errors(texts: &[&str]) -> Vec<String> {
    let app = TestApp::start(FakeEngine::start()).await;
    let mut socket = app.socket().await;
    let mut codes = Vec::new();
    for text in texts {
        socket.send_text(text).await;
        codes.push(socket.error().await);
    }
    socket.send(ClientMessage::Ping(Ping {})).await;
    socket
        .until(|message| matches!(message, ServerMessage::Heartbeat { .. }))
        .await;
    app.end().await;
    codes
}

#[tokio::test]
async fn an_unknown_channel_is_reported_as_such() {
    let texts = [
        r#"{"type":"subscribe","channel":"weather"}"#,
        r#"{"type":"unsubscribe","channel":"weather"}"#,
        r#"{"type":"subscribe","channel":"sources"}"#,
    ];
    assert_eq!(errors(&texts).await, ["unknown_channel"; 3]);
}

#[tokio::test]
async fn an_unknown_type_is_reported_as_such() {
    let texts = [
        r#"{"type":"shout"}"#,
        r#"{"type":""}"#,
        r#"{"type":"Subscribe"}"#,
    ];
    assert_eq!(errors(&texts).await, ["unknown_type"; 3]);
}

#[tokio::test]
async fn an_extra_field_is_invalid() {
    let texts = [
        r#"{"type":"ping","x":1}"#,
        r#"{"type":"subscribe","channel":"stats","interval":1}"#,
        r#"{"type":"subscribe","channel":"stats","resume":{"epoch":"e","seq":1,"x":1}}"#,
    ];
    assert_eq!(errors(&texts).await, ["invalid"; 3]);
}

#[tokio::test]
async fn a_wrong_type_is_invalid() {
    let texts = [
        "not JSON",
        "null",
        "[]",
        r#"{"type":7}"#,
        r#"{"type":"subscribe","channel":7}"#,
        r#"{"type":"subscribe","channel":"stats","delta":"yes"}"#,
        r#"{"type":"subscribe","channel":"stats","resume":{"epoch":"e","seq":-1}}"#,
    ];
    assert_eq!(errors(&texts).await, ["invalid"; 7]);
}

#[tokio::test]
async fn json_too_deep_to_parse_is_invalid() {
    let (open, close) = ("[".repeat(30_000), "]".repeat(30_000));
    let extra = format!(r#"{{"type":"ping","x":{open}{close}}}"#);
    let unclosed = "{\"a\":".repeat(10_000);
    assert_eq!(errors(&[&extra, &open, &unclosed]).await, ["invalid"; 3]);
}

/// The code with which the server closes after this message; other clients must not be affected.
async fn close_after(message: Message) -> u16 {
    let app = TestApp::start(FakeEngine::start()).await;
    let mut other = app.socket().await;
    let mut socket = app.socket().await;
    socket.send_raw(message).await;
    let code = socket.closed().await;
    other.send(ClientMessage::Ping(Ping {})).await;
    other
        .until(|message| matches!(message, ServerMessage::Heartbeat { .. }))
        .await;
    app.end().await;
    code
}

#[tokio::test]
async fn a_message_over_64_kib_closes_the_connection() {
    let message = Message::text(" ".repeat(MAX_MESSAGE_BYTES + 1));
    assert_eq!(close_after(message).await, close_code::TOO_BIG);
}

#[tokio::test]
async fn a_message_of_64_kib_is_read() {
    let mut text = r#"{"type":"shout"}"#.to_owned();
    text.push_str(&" ".repeat(MAX_MESSAGE_BYTES - text.len()));
    assert_eq!(errors(&[&text]).await, ["unknown_type"]);
}

#[tokio::test]
async fn a_binary_message_closes_a_json_connection() {
    let message = Message::binary(&b"{\"type\":\"ping\"}"[..]);
    assert_eq!(close_after(message).await, close_code::UNSUPPORTED);
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_the_connection() {
    let frame = Frame::message(&b"\xff\xfe"[..], OpCode::Data(Data::Text), true);
    assert_eq!(
        close_after(Message::Frame(frame)).await,
        close_code::INVALID_UTF8
    );
}

#[tokio::test]
async fn ten_errors_in_a_minute_close_the_connection() {
    let app = TestApp::start(FakeEngine::start()).await;
    let mut socket = app.socket().await;
    for _ in 0..10 {
        socket.send_text("nonsense").await;
    }
    for _ in 0..9 {
        assert_eq!(socket.error().await, "invalid");
    }
    assert_eq!(socket.closed().await, close_code::MALFORMED);
    app.end().await;
}

#[tokio::test]
async fn a_client_that_floods_is_disconnected_and_others_are_still_answered() {
    let app = TestApp::start(FakeEngine::start()).await;
    let (mut flood, mut other) = (app.socket().await, app.socket().await);
    let ping = ClientMessage::Ping(Ping {});
    // A burst, everything that is refused before the end, and what becomes allowed meanwhile.
    for _ in 0..600 {
        flood.send(ping.clone()).await;
    }
    assert_eq!(flood.error().await, "rate_limited");
    assert_eq!(flood.closed().await, close_code::RATE_LIMITED);
    other.send(ping).await;
    other
        .until(|message| matches!(message, ServerMessage::Heartbeat { .. }))
        .await;
    app.end().await;
}
