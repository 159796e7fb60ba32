//! The messages of the protocol as in `docs/PROTOCOL.md`: each golden file is parsed to the value it
//! represents, and that value is serialized to the file, field for field. Next to each file is the same
//! message in the binary form, byte for byte: if that changes, `CODEC_VERSION` must change, too.

#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

#[path = "golden/values.rs"]
mod values;

use deckwatch::{
    model::*,
    model::{Update, WorkloadKey},
    protocol::{
        codec::{Bundle, Ticks, Wire, decode, encode, encode_tick},
        *,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Debug, path::Path, sync::Arc};
use values::*;

fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn text(name: &str) -> String {
    read(&format!("{name}.json"))
}

/// Bytes as in the files: 32 per line.
fn hex(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let lines: Vec<String> = bytes.chunks(32).map(line).collect();
    lines.join("\n") + "\n"
}

/// Checks that the frame equals the one in the file.
fn frame(name: &str, frame: &[u8]) {
    assert_eq!(
        hex(frame),
        read(&format!("{name}.hex")),
        "{name}: raise CODEC_VERSION"
    );
}

fn binary<T: Wire + PartialEq + Debug>(name: &str, value: &T) {
    let bytes = encode(value);
    assert_eq!(decode::<T>(&bytes).as_ref(), Ok(value), "{name}");
    frame(name, &bytes);
}

/// The value as sent over the wire. Through text, because numbers are rounded only there.
fn written(value: &impl Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

fn file(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

fn body<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: T) {
    assert_eq!(
        serde_json::from_str::<T>(&text(name)).unwrap(),
        value,
        "{name} is read"
    );
    assert_eq!(written(&value), file(name), "{name} is written");
}

fn from_client(name: &str, value: ClientMessage) {
    assert_eq!(
        ClientMessage::decode(&text(name)).unwrap(),
        value,
        "{name} is read"
    );
    assert_eq!(written(&value), file(name), "{name} is written");
    binary(name, &value);
}

fn from_server(name: &str, value: ServerMessage) {
    binary(name, &value);
    body(name, value);
}

#[test]
fn a_client_subscribes_and_unsubscribes() {
    let channel = Channel::CONTAINERS;
    let subscribe = |delta, resume| {
        ClientMessage::Subscribe(Subscribe {
            delta,
            resume,
            ..Subscribe::to(channel)
        })
    };
    let resume = Resume {
        epoch: "4f1c".into(),
        seq: 41,
    };
    from_client("client-subscribe", subscribe(false, None));
    from_client(
        "client-subscribe-resume",
        subscribe(true, Some(resume.clone())),
    );
    from_client(
        "client-subscribe-logs",
        ClientMessage::Subscribe(Subscribe {
            resume: Some(resume),
            tail: Some(500),
            since: Some(AT),
            after: Some(position(LogStream::Stderr)),
            host: Some(local()),
            ..Subscribe::to(Channel::logs(WorkloadKey::Container(WEB.parse().unwrap())))
        }),
    );
    from_client(
        "client-unsubscribe",
        ClientMessage::Unsubscribe(Unsubscribe { channel }),
    );
    from_client("client-ping", ClientMessage::Ping(Ping {}));
}

#[test]
fn a_client_acts_on_a_container() {
    from_client(
        "client-container-action",
        ClientMessage::ContainerAction(ContainerAction {
            request_id: "r-1".into(),
            container_id: WEB.parse().unwrap(),
            action: Action::Restart,
            host: Some(local()),
            options: ActionOptions::default(),
        }),
    );
    from_client(
        "client-container-action-options",
        ClientMessage::ContainerAction(ContainerAction {
            request_id: "r-2".into(),
            container_id: "0123456789ab".parse().unwrap(),
            action: Action::Stop,
            host: None,
            options: ActionOptions {
                grace_seconds: Some(3),
                signal: Some("SIGTERM".into()),
                force: Some(true),
                volumes: Some(false),
                name: Some("web-2".into()),
            },
        }),
    );
}

#[test]
fn a_session_is_opened_and_kept_alive() {
    from_server(
        "connected",
        ServerMessage::Connected {
            client_id: "c-1".into(),
            protocol: PROTOCOL_VERSION,
            epoch: "4f1c".into(),
            principal: "9a3e".into(),
            version: "0.1.0".into(),
            heartbeat_interval_ms: 15_000,
            channels: Channel::SUBSCRIBABLE.to_vec(),
            intervals: Intervals::default(),
        },
    );
    let channel = Channel::METRICS;
    from_server("subscribed", ServerMessage::Subscribed { channel });
    let reason = None;
    from_server(
        "unsubscribed",
        ServerMessage::Unsubscribed { channel, reason },
    );
    let (channel, reason) = (Channel::EVENTS, Some("signed out".into()));
    from_server(
        "unsubscribed-by-server",
        ServerMessage::Unsubscribed { channel, reason },
    );
    from_server("heartbeat", ServerMessage::Heartbeat { timestamp: AT });
}

#[test]
fn metrics_and_stats_are_sent() {
    let message = |seq, metrics| {
        let update = Update::Metrics {
            timestamp: AT,
            host: local(),
            data: Arc::new(metrics),
        };
        ServerMessage::numbered(seq, update)
    };
    from_server("metrics", message(7, metrics()));
    from_server("metrics-unknown", message(8, metrics_unknown()));
    let unknown = ContainerStats::unknown(JOB.parse().unwrap(), "job".into(), AT);
    from_server(
        "stats",
        ServerMessage::numbered(
            9,
            Update::Stats {
                timestamp: AT,
                host: local(),
                data: vec![Arc::new(web_stats()), Arc::new(unknown)],
            },
        ),
    );
}

#[test]
fn stats_are_sent_as_changes_to_the_last_ones() {
    let message = |seq, data: Vec<ContainerStats>| {
        let update = Update::Stats {
            timestamp: Timestamp::from_millis(AT.as_millis() + 2_000 * seq as i64),
            host: local(),
            data: data.into_iter().map(Arc::new).collect(),
        };
        ServerMessage::numbered(seq, update)
    };
    let job = ContainerStats::unknown(JOB.parse().unwrap(), "job".into(), AT);
    let before = message(9, vec![web_stats(), job]);
    let cron = ContainerStats {
        container_id: ContainerId::from_bytes([0x42; 32]),
        container_name: "cron".into(),
        ..web_stats()
    };
    let web = ContainerStats {
        container_name: "web-2".into(),
        cpu_percent: Some(4.9),
        memory_usage: None,
        memory_percent: None,
        network_rx_rate: Some(0),
        ..web_stats()
    };
    let now = message(10, vec![web, cron]);
    let bytes = encode_tick(&now, &before);
    frame("stats-changes", &bytes);
    let mut page = Ticks::default();
    page.remember(&before);
    assert_eq!(page.decode(&bytes), Ok(now));
}

#[test]
fn containers_and_events_are_sent() {
    from_server(
        "containers",
        ServerMessage::numbered(
            41,
            Update::Containers {
                timestamp: AT,
                host: local(),
                data: vec![Arc::new(web()), Arc::new(job())],
            },
        ),
    );
    from_server(
        "containers-delta",
        ServerMessage::numbered(
            42,
            Update::ContainersDelta {
                timestamp: AT,
                host: local(),
                delta: ContainersDelta {
                    upserts: vec![Arc::new(job())],
                    removed: vec![WEB.parse().unwrap()],
                },
            },
        ),
    );
    let event = Arc::new(Event {
        host: local(),
        timestamp: AT,
        kind: "container".into(),
        action: "die".into(),
        id: WEB.into(),
        name: "web".into(),
        attributes: BTreeMap::from([("exitCode".into(), "137".into())]),
        subject: None,
    });
    from_server("event", ServerMessage::numbered(3, Update::Event(event)));
}

#[test]
fn log_lines_are_sent() {
    let channel = Channel::logs(WorkloadKey::Container(WEB.parse().unwrap()));
    let line = |seq, stream, line: &str| LogLine {
        seq,
        timestamp: (seq != 7).then_some(AT),
        stream,
        line: line.into(),
        position: None,
    };
    from_server(
        "log",
        ServerMessage::Log {
            channel,
            lines: vec![
                line(5, LogStream::Stdout, "GET / 200"),
                line(6, LogStream::Stderr, "\u{1b}[31moh\u{1b}[0m"),
                line(7, LogStream::Stdout, ""),
            ],
            cursor: Some(position(LogStream::Stdout)),
        },
    );
    let (from, to) = (Some(AT), Some(AT));
    let gap = |missing, from, to| ServerMessage::LogGap {
        channel,
        missing,
        from,
        to,
    };
    from_server("log-gap", gap(Some(12), from, to));
    from_server("log-gap-unknown", gap(None, None, None));
    let end = |reason, message| ServerMessage::LogEnd {
        channel,
        reason,
        message,
    };
    from_server("log-end", end(LogEndReason::ContainerStopped, None));
    let message = "configured logging driver does not support reading";
    from_server(
        "log-end-unreadable",
        end(LogEndReason::Unreadable, Some(message.into())),
    );
    from_server("log-end-removed", end(LogEndReason::ContainerRemoved, None));
}

#[test]
fn actions_are_acknowledged_and_failures_explained() {
    let ack = |error: Option<ApiError>| {
        ServerMessage::ContainerAck(ContainerAck {
            request_id: "r-1".into(),
            container_id: "0123456789ab".parse().unwrap(),
            action: Action::Restart,
            success: error.is_none(),
            error,
        })
    };
    from_server("container-ack", ack(None));
    from_server(
        "container-ack-failure",
        ack(Some(ApiError::no_such_container())),
    );
    let invalid = ApiError::new(ErrorCode::Invalid, "not JSON");
    from_server("error", ServerMessage::error(invalid));
    from_server(
        "error-rate-limited",
        ServerMessage::Error {
            code: ErrorCode::RateLimited,
            message: "too many requests".into(),
            request_id: Some("r-1".into()),
            retry_after_ms: Some(1_000),
        },
    );
    from_server(
        "source",
        ServerMessage::numbered(
            4,
            Update::Source(SourceStatus {
                host: local(),
                source: SourceKind::Docker,
                state: SourceState::Down,
                since: AT,
                last_seen: Some(Timestamp::from_millis(1_763_687_884_000)),
                message: Some("permission denied".into()),
                endpoint: Some("unix:///var/run/docker.sock".into()),
                version: None,
                machine: None,
            }),
        ),
    );
}

#[test]
fn http_bodies_have_their_documented_shape() {
    let subscriptions = [
        ("metrics", 2),
        ("containers", 1),
        ("stats", 0),
        ("events", 0),
    ];
    body(
        "socket-status",
        SocketStatus {
            status: "ok".into(),
            connected_clients: 2,
            subscriptions: subscriptions.map(|(name, n)| (name.to_owned(), n)).into(),
            uptime_seconds: 60,
            version: "0.1.0".into(),
        },
    );
    let update = Update::Stats {
        timestamp: AT,
        host: local(),
        data: Vec::new(),
    };
    let stats = ServerMessage::numbered(9, update);
    let epoch = "4f1c".to_owned();
    let bundle = Bundle {
        epoch: epoch.clone(),
        frames: vec![encode(&stats)],
    };
    binary("snapshot", &bundle);
    body(
        "snapshot",
        Snapshot {
            epoch,
            messages: vec![stats],
        },
    );
    body(
        "problem",
        Problem {
            status: 404,
            title: "Not Found".into(),
            detail: "no such container".into(),
            code: ErrorCode::NotFound,
        },
    );
}
