//! Connections to a whole server, over real sockets.

#![expect(clippy::disallowed_methods, reason = "a test has no shutdown")]

use crate::{
    model::{HostId, Timestamp, Update, fixtures::container},
    protocol::{Channel, DEAD_PEER, Sequenced, ServerMessage, Snapshot, close_code},
    server::{Config, Running, hub::Hub, source::docker::Address, start},
};
use futures::{SinkExt, StreamExt};
use std::{net::Ipv4Addr, sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// How long to wait for an expected message.
const DEADLINE: Duration = Duration::from_secs(90);

type Client = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

async fn server(max_clients: u32) -> Running {
    let mut config = Config {
        site_addr: (Ipv4Addr::LOCALHOST, 0).into(),
        max_clients,
        ..Config::default()
    };
    config.docker.host = Some(Address::Unix("/nonexistent/docker.sock".into()));
    start(config).await.unwrap()
}

async fn connect(running: &Running, path: &str) -> Client {
    let url = format!("ws://{}{path}", running.addr);
    connect_async(url).await.unwrap().0
}

async fn say(client: &mut Client, text: &str) {
    client.send(Message::text(text)).await.unwrap();
}

/// Waits for the message that `wanted` accepts.
async fn hear<T>(client: &mut Client, wanted: impl Fn(ServerMessage) -> Option<T>) -> T {
    let heard = async {
        loop {
            if let Message::Text(text) = client.next().await.unwrap().unwrap()
                && let Some(heard) = wanted(ServerMessage::decode(&text).unwrap())
            {
                return heard;
            }
        }
    };
    timeout(DEADLINE, heard).await.expect("an answer in time")
}

/// Waits for the close and returns its code.
async fn closed(client: &mut Client) -> u16 {
    let closed = async {
        loop {
            if let Message::Close(frame) = client.next().await.unwrap().unwrap() {
                return frame.unwrap().code.into();
            }
        }
    };
    timeout(DEADLINE, closed).await.expect("a close in time")
}

fn publish(running: &Running, n: u8) {
    running.hub.publish(vec![Update::Containers {
        timestamp: Timestamp::from_millis(i64::from(n)),
        host: HostId::default(),
        data: (0..n).map(|n| Arc::new(container(n))).collect(),
    }]);
}

fn list_of(n: usize) -> impl Fn(ServerMessage) -> Option<u64> {
    move |message| match message {
        ServerMessage::Update(Sequenced {
            update: Update::Containers { data, .. },
            seq,
        }) if data.len() == n => Some(seq),
        _ => None,
    }
}

#[tokio::test]
async fn a_client_is_greeted_gets_a_snapshot_and_every_change() {
    let running = server(10).await;
    publish(&running, 1);
    let mut client = connect(&running, "/api/ws").await;
    let first = client.next().await.unwrap().unwrap();
    let first = ServerMessage::decode(first.to_text().unwrap()).unwrap();
    assert!(
        matches!(first, ServerMessage::Connected { epoch, .. } if epoch == running.hub.epoch())
    );
    hear(&mut client, |message| {
        matches!(message.update(), Some(Update::Source(_))).then_some(())
    })
    .await;

    say(
        &mut client,
        r#"{"type":"subscribe","channel":"containers"}"#,
    )
    .await;
    assert_eq!(hear(&mut client, list_of(1)).await, 1);
    publish(&running, 2);
    assert_eq!(hear(&mut client, list_of(2)).await, 2);

    say(
        &mut client,
        r#"{"type":"unsubscribe","channel":"containers"}"#,
    )
    .await;
    hear(&mut client, |message| {
        matches!(message, ServerMessage::Unsubscribed { .. }).then_some(())
    })
    .await;
    assert_eq!(running.hub.demand().viewers(Channel::CONTAINERS), 0);
    assert!(running.shutdown().await);
    assert_eq!(closed(&mut client).await, close_code::RESTART);
}

#[tokio::test]
async fn what_breaks_the_rules_is_told_why_the_connection_closes() {
    let running = server(10).await;
    for (message, code) in [
        (Message::binary(vec![1]), close_code::UNSUPPORTED),
        (Message::text("x".repeat(65 * 1024)), close_code::TOO_BIG),
    ] {
        let mut client = connect(&running, "/api/ws").await;
        client.send(message).await.unwrap();
        assert_eq!(closed(&mut client).await, code);
    }
    let mut client = connect(&running, "/api/ws").await;
    for _ in 0..10 {
        say(&mut client, "{}").await;
    }
    assert_eq!(closed(&mut client).await, close_code::MALFORMED);

    let mut request = format!("ws://{}/api/ws", running.addr)
        .into_client_request()
        .unwrap();
    request.headers_mut().insert(
        "sec-websocket-protocol",
        "deckwatch.v9.json".parse().unwrap(),
    );
    let (mut client, _) = connect_async(request).await.unwrap();
    assert_eq!(closed(&mut client).await, close_code::VERSION);
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn beyond_its_places_the_server_refuses_and_recovers() {
    let running = server(1).await;
    let mut first = connect(&running, "/ws/docker/stats").await;
    let url = format!("ws://{}/api/ws", running.addr);
    let refused = connect_async(&url).await.unwrap_err();
    assert!(refused.to_string().contains("503"), "{refused}");
    first.close(None).await.unwrap();
    let again = async {
        while connect_async(&url).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, again)
        .await
        .expect("the place is free again");
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn polling_brings_the_same_messages_and_nothing_when_nothing_is_new() {
    let running = server(1).await;
    publish(&running, 1);
    let client = reqwest::Client::new();
    let url = format!(
        "http://{}/api/snapshot?channels=containers,stats",
        running.addr
    );
    let get = |url: &str| client.get(url).timeout(DEADLINE);
    let first = get(&url).send().await.unwrap();
    let etag = first.headers()["etag"].clone();
    let snapshot: Snapshot = first.json().await.unwrap();
    assert!(
        snapshot
            .messages
            .into_iter()
            .any(|message| list_of(1)(message).is_some())
    );
    assert!(
        *running.hub.demand().stats(HostId::local()).borrow(),
        "a poller watches too"
    );

    // The source may still be changing its reason why there is no engine.
    let mut known = get(&url)
        .header("if-none-match", &etag)
        .send()
        .await
        .unwrap();
    while known.status() != 304 {
        let etag = known.headers()["etag"].clone();
        known = get(&url)
            .header("if-none-match", &etag)
            .send()
            .await
            .unwrap();
    }

    publish(&running, 2);
    let since = format!(
        "{url}&epoch={}&seq=containers:1,stats:0",
        running.hub.epoch()
    );
    let news: Snapshot = get(&since).send().await.unwrap().json().await.unwrap();
    let lists = news.messages.into_iter().filter_map(list_of(2));
    assert_eq!(lists.collect::<Vec<_>>(), [2]);
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn a_stream_begins_with_the_list_and_repeats_it() {
    let running = server(1).await;
    publish(&running, 1);
    let url = format!("http://{}/api/containers/stream", running.addr);
    let mut stream = reqwest::get(&url).await.unwrap();
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
    let id = format!("id: {}:", running.hub.epoch());
    let mut text = String::new();
    let repeated = async {
        while text.matches(&id).count() < 2 {
            let chunk = stream.chunk().await.unwrap().expect("it does not end");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    timeout(DEADLINE, repeated).await.expect("the list again");
    assert!(text.contains("event: containers"), "{text}");
    assert_eq!(running.hub.demand().viewers(Channel::STATS), 1);
    assert!(running.shutdown().await, "the stream ends with the server");
}

/// A subscription to the list of containers.
const WISH: &str = r#"{"type":"subscribe","channel":"containers"}"#;

/// A client that reads nothing and has almost no buffer, while the server sends a list that is far longer
/// than all buffers on the way.
async fn sleeper(running: &Running) -> WebSocketStream<tokio::net::TcpStream> {
    publish_large(&running.hub, 1, "x".repeat(8 << 20));
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(running.addr).await.unwrap();
    let url = format!("ws://{}/api/ws", running.addr);
    let (mut client, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    client.send(Message::text(WISH)).await.unwrap();
    // More than the first message.
    let mut buffer = [0; 2_048];
    let comes = async { while client.get_ref().peek(&mut buffer).await.unwrap() < buffer.len() {} };
    timeout(DEADLINE, comes).await.expect("it comes");
    client
}

/// A list of one container with a long label.
fn publish_large(hub: &Hub, at: i64, note: String) {
    let mut large = container(1);
    large.labels = [("note".to_owned(), note)].into();
    hub.publish(vec![Update::Containers {
        timestamp: Timestamp::from_millis(at),
        host: HostId::default(),
        data: vec![Arc::new(large)],
    }]);
}

/// Advances the clock by `time` at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

async fn until_nobody_is_connected(running: &Running) {
    let url = format!("http://{}/api/ws", running.addr);
    let gone = async {
        loop {
            let status = reqwest::get(&url).await.unwrap().text().await.unwrap();
            if status.contains("\"connectedClients\":0,") {
                return;
            }
        }
    };
    timeout(DEADLINE, gone).await.expect("it is let go");
}

#[tokio::test]
async fn who_is_silent_for_too_long_is_let_go() {
    let running = server(10).await;
    let mut client = connect(&running, "/api/ws").await;
    hear(&mut client, |message| {
        matches!(message, ServerMessage::Connected { .. }).then_some(())
    })
    .await;
    // While the client does not read, its pings are unanswered.
    pass(DEAD_PEER - Duration::from_secs(1)).await;
    let url = format!("http://{}/api/ws", running.addr);
    let status = reqwest::get(&url).await.unwrap().text().await.unwrap();
    assert!(status.contains("\"connectedClients\":1,"), "{status}");
    pass(Duration::from_secs(2)).await;
    assert_eq!(closed(&mut client).await, close_code::SILENT);
    until_nobody_is_connected(&running).await;
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn a_client_that_never_reads_is_let_go() {
    let running = server(10).await;
    let client = sleeper(&running).await;
    pass(Duration::from_secs(11)).await;
    pass(Duration::from_secs(21)).await;
    until_nobody_is_connected(&running).await;
    drop(client);
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn a_client_that_reads_too_late_learns_why_it_is_let_go() {
    let running = server(10).await;
    let mut client = sleeper(&running).await;
    pass(Duration::from_secs(11)).await;
    pass(Duration::from_secs(10)).await;
    let end = async {
        loop {
            // The list that was partly sent is still complete.
            if let Message::Close(frame) = client.next().await.unwrap().unwrap() {
                return frame.unwrap().code.into();
            }
        }
    };
    let code: u16 = timeout(DEADLINE, end).await.expect("the end");
    assert_eq!(code, close_code::TOO_SLOW);
    until_nobody_is_connected(&running).await;
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn who_reads_late_is_brought_what_came_meanwhile() {
    let running = server(10).await;
    let mut late = sleeper(&running).await;
    // While the first list is being sent, nothing else can be; the second list waits for room.
    let mut other = connect(&running, "/api/ws").await;
    say(&mut other, WISH).await;
    for n in 2..=5 {
        publish(&running, n);
        hear(&mut other, list_of(n.into())).await;
    }
    let mut seqs = Vec::new();
    hear_late(&mut late, |message| match message {
        ServerMessage::Update(Sequenced {
            update: Update::Containers { data, .. },
            seq,
        }) => {
            seqs.push(*seq);
            data.len() == 5
        }
        _ => false,
    })
    .await;
    assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
    assert!(running.shutdown().await);
}

#[tokio::test]
async fn who_is_always_behind_is_still_heard() {
    let running = server(10).await;
    let mut behind = sleeper(&running).await;
    // A publication follows at every moment at which the earlier list could be sent completely.
    let hub = running.hub.clone();
    let publishing = tokio::spawn(async move {
        for n in 0_i64.. {
            publish_large(&hub, n, n.to_string().repeat(1 << 16));
            tokio::task::yield_now().await;
        }
    });
    let enough = r#"{"type":"unsubscribe","channel":"containers"}"#;
    behind.send(Message::text(enough)).await.unwrap();
    hear_late(&mut behind, |message| {
        matches!(message, ServerMessage::Unsubscribed { .. })
    })
    .await;
    publishing.abort();
    assert!(running.shutdown().await);
}

/// Waits for the message that `is_wanted`.
async fn hear_late(
    client: &mut WebSocketStream<tokio::net::TcpStream>,
    mut is_wanted: impl FnMut(&ServerMessage) -> bool,
) {
    let heard = async {
        loop {
            if let Message::Text(text) = client.next().await.unwrap().unwrap()
                && is_wanted(&ServerMessage::decode(&text).unwrap())
            {
                return;
            }
        }
    };
    timeout(DEADLINE, heard).await.expect("an answer in time");
}

#[tokio::test]
async fn who_does_not_read_does_not_hold_up_the_end() {
    let running = server(10).await;
    let client = sleeper(&running).await;
    assert!(running.shutdown().await, "all tasks end in time");
    drop(client);
}
