//! Fuzzing of the messages that clients send.

use super::{
    Channel, ClientMessage, ContainerAction, Ping, Resume, Subscribe, Unsubscribe,
    codec::{self, CODEC_VERSION, DecodeError},
};
use crate::{
    fuzz::{Choices, fuzz},
    model::{
        Action, ActionOptions, ContainerId, ContainerPrefix, HostId, LogPosition, LogStream,
        Timestamp, WorkloadKey,
    },
};

/// The longest sentence about a message that was refused, in characters.
const MAX_REASON: usize = 200;
/// The last millisecond that has a form in RFC 3339: 9999-12-31.
const LAST_MS: u64 = 253_402_300_799_999;

fn channel(choices: &mut Choices<'_>) -> Channel {
    let id = ContainerId::from_bytes([choices.byte(); 32]);
    let all = [
        Channel::METRICS,
        Channel::CONTAINERS,
        Channel::STATS,
        Channel::EVENTS,
        Channel::SOURCES,
        Channel::logs(WorkloadKey::Container(id)),
    ];
    choices.pick(&all)
}

fn host(choices: &mut Choices<'_>) -> Option<HostId> {
    choices.maybe(|choices| choices.pick(&["local", "demo", "nas_1-a"]).parse().unwrap())
}

fn subscribe(choices: &mut Choices<'_>) -> Subscribe {
    Subscribe {
        channel: channel(choices),
        delta: choices.flag(),
        resume: choices.maybe(|choices| Resume {
            epoch: choices.text(),
            seq: choices.number(),
        }),
        tail: choices.maybe(|choices| choices.number() as u32),
        since: choices
            .maybe(|choices| Timestamp::from_millis((choices.number() % LAST_MS).cast_signed())),
        after: choices.maybe(|choices| LogPosition {
            nanos: choices.number().cast_signed(),
            stream: choices.pick(&[LogStream::Stdout, LogStream::Stderr]),
            ordinal: choices.number() as u32,
        }),
        host: host(choices),
    }
}

fn action(choices: &mut Choices<'_>) -> ContainerAction {
    let digits = "0123456789abcdef".repeat(4);
    let length = 12 + choices.below(53);
    let container_id: ContainerPrefix = digits[..length].parse().unwrap();
    ContainerAction {
        request_id: choices.text(),
        container_id,
        action: choices.pick(&Action::ALL),
        host: host(choices),
        options: ActionOptions {
            grace_seconds: choices.maybe(|choices| choices.number() as u32),
            signal: choices.maybe(Choices::text),
            force: choices.maybe(Choices::flag),
            volumes: choices.maybe(Choices::flag),
            name: choices.maybe(Choices::text),
        },
    }
}

/// Any message, valid or not.
fn message(choices: &mut Choices<'_>) -> ClientMessage {
    match choices.below(4) {
        0 => ClientMessage::Ping(Ping {}),
        1 => ClientMessage::Subscribe(subscribe(choices)),
        2 => ClientMessage::Unsubscribe(Unsubscribe {
            channel: channel(choices),
        }),
        _ => ClientMessage::ContainerAction(action(choices)),
    }
}

fn json(message: &ClientMessage) -> String {
    serde_json::to_string(message).unwrap()
}

/// Checks that a message survives both forms.
fn check_accepted(message: &ClientMessage) {
    assert_eq!(ClientMessage::decode(&json(message)).as_ref(), Ok(message));
    let frame = codec::encode(message);
    assert_eq!(
        ClientMessage::decode_binary(&frame),
        Ok(Ok(message.clone()))
    );
}

#[test]
fn json_messages() {
    let id = "0123456789abcdef".repeat(4);
    let seeds = [
        r#"{"type":"ping"}"#.to_owned(),
        r#"{"type":"subscribe","channel":"stats","delta":true,"resume":{"epoch":"e1","seq":7}}"#.to_owned(),
        format!(r#"{{"type":"subscribe","channel":"logs:{id}","tail":100,"since":"2026-01-02T03:04:05.678Z","after":"1763687885042678901o1","host":"nas"}}"#),
        r#"{"type":"unsubscribe","channel":"events"}"#.to_owned(),
        format!(r#"{{"type":"container-action","requestId":"a1","containerId":"{id}","action":"kill","options":{{"signal":"SIGHUP"}}}}"#),
        r#"{"type":"container-action","requestId":"a2","containerId":"0123456789ab","action":"stop","host":"local","options":{"graceSeconds":30,"force":true,"volumes":false,"name":"x1"}}"#.to_owned(),
        r#"{"type":"p\u0069ng","x":[[[{"a":1e999}]]]}"#.to_owned(),
    ];
    let seeds = seeds.each_ref().map(String::as_bytes);
    fuzz(
        "json_messages",
        &seeds,
        |choices| match ClientMessage::decode(&choices.rest_as_text()) {
            Ok(message) => check_accepted(&message),
            Err(error) => assert!(error.message.chars().count() <= MAX_REASON, "{error:?}"),
        },
    );
}

#[test]
fn binary_messages() {
    let frames = [
        ClientMessage::Ping(Ping {}),
        ClientMessage::Subscribe(Subscribe::to(Channel::STATS)),
        ClientMessage::Unsubscribe(Unsubscribe {
            channel: Channel::logs(WorkloadKey::Container(ContainerId::from_bytes([7; 32]))),
        }),
    ]
    .map(|message| codec::encode(&message));
    let seeds = frames.each_ref().map(|frame| &frame[..]);
    fuzz("binary_messages", &seeds, |choices| {
        let mut frame = choices.rest().to_vec();
        match ClientMessage::decode_binary(&frame) {
            Ok(Ok(message)) => {
                let again = codec::encode(&message);
                assert_eq!(ClientMessage::decode_binary(&again), Ok(Ok(message)));
            }
            Ok(Err(error)) => assert!(error.message.chars().count() <= MAX_REASON, "{error:?}"),
            Err(error) => {
                assert_eq!(error, DecodeError::Version);
                assert_ne!(frame[0], CODEC_VERSION);
            }
        }
        // Whatever follows the version, it is not panicked at.
        if let Some(version) = frame.first_mut() {
            *version = CODEC_VERSION;
        }
        assert!(ClientMessage::decode_binary(&frame).is_ok());
    });
}

#[test]
fn valid_messages() {
    fuzz("valid_messages", &[], |choices| {
        let message = message(choices);
        // Both forms accept the same messages.
        let decoded = ClientMessage::decode(&json(&message));
        let frame = codec::encode(&message);
        let binary = ClientMessage::decode_binary(&frame).unwrap();
        assert_eq!(decoded.is_ok(), binary.is_ok(), "{message:?}");
        if decoded.is_ok() {
            check_accepted(&message);
        }
    });
}
