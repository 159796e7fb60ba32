//! The messages from clients.

use super::{ApiError, Channel, ErrorCode, MAX_LOG_TAIL};
use crate::model::{
    Action, ActionOptions, ContainerPrefix, HostId, LogPosition, Timestamp, WorkloadKey,
    WorkloadRef,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::borrow::Cow;

/// A message from a client.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ClientMessage {
    /// Subscribe to a channel; it begins with a snapshot or the missed messages.
    Subscribe(Subscribe),
    /// Unsubscribe from a channel.
    Unsubscribe(Unsubscribe),
    /// Carry out an action on a container.
    ContainerAction(ContainerAction),
    /// Request a heartbeat.
    Ping(Ping),
}

/// A subscription to a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The channel.
    pub channel: Channel,
    /// Whether to send deltas instead of complete lists, if the channel has them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub delta: bool,
    /// The last message that the client has received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
    /// For a log: most last lines to begin with; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
    /// For a log: omit lines written before this time. With `resume`: the time of the last line that the
    /// client has, from which to continue if its number is no longer known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// For a log: continue after this line, the `cursor` of the last message that the client has. It is valid
    /// for every run of the server; `resume` takes precedence while the server still has that line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<LogPosition>,
    /// For a log: the container's host; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
}

impl ContainerAction {
    /// The workload of the action.
    pub fn target(&self) -> WorkloadRef {
        WorkloadRef {
            host: self.host,
            id: self.container_id.clone(),
        }
    }
}

impl Subscribe {
    /// The workload of the log, if the channel is a log.
    pub fn log(&self) -> Option<WorkloadRef> {
        let WorkloadKey::Container(id) = self.channel.logged()?;
        Some(WorkloadRef {
            host: self.host,
            id: id.into(),
        })
    }

    /// A subscription to the channel from its beginning.
    pub const fn to(channel: Channel) -> Self {
        Self {
            channel,
            delta: false,
            resume: None,
            tail: None,
            since: None,
            after: None,
            host: None,
        }
    }

    /// Checks that `tail` is in range, and that log-only fields are set only for log channels.
    ///
    /// # Errors
    /// `invalid`, with a sentence that describes the problem.
    pub fn validate(&self) -> Result<(), ApiError> {
        let only_of_logs = self.tail.is_some()
            || self.since.is_some()
            || self.after.is_some()
            || self.host.is_some();
        let message = if self.tail > Some(MAX_LOG_TAIL) {
            "tail must be at most 5000"
        } else if only_of_logs && self.channel.logged().is_none() {
            "tail, since, after and host are for logs only"
        } else {
            return Ok(());
        };
        Err(ApiError::new(ErrorCode::Invalid, message))
    }
}

/// A client's progress on a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// The epoch of the server that sent the message.
    pub epoch: String,
    /// The sequence number of the last message received.
    pub seq: u64,
}

/// The end of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsubscribe {
    /// The channel.
    pub channel: Channel,
}

/// An action on a container.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContainerAction {
    /// Chosen by the client, 1–64 printable ASCII characters. Requests with the same id within a minute are
    /// one action, carried out once.
    pub request_id: String,
    /// The container.
    pub container_id: ContainerPrefix,
    /// The action.
    pub action: Action,
    /// The host of the container; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    /// The options of the action.
    #[serde(default, skip_serializing_if = "ActionOptions::is_default")]
    pub options: ActionOptions,
}

/// A request for a heartbeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ping {}

/// The parts of a message from which its type is determined.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    channel: Option<Cow<'a, str>>,
}

impl ClientMessage {
    /// Decodes a message strictly: an unknown type, channel or field and a wrong type are errors.
    ///
    /// # Errors
    /// `unknown_type`, `unknown_channel` or `invalid`, with a sentence that describes the problem.
    pub fn decode(text: &str) -> Result<Self, ApiError> {
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| invalid(&error))?;
        let body = || {
            let mut body: serde_json::Value =
                serde_json::from_str(text).map_err(|error| invalid(&error))?;
            if let Some(fields) = body.as_object_mut() {
                fields.remove("type");
            }
            Ok(body)
        };
        let check_channel = || match envelope.channel.as_deref().map(str::parse::<Channel>) {
            Some(Err(error)) => Err(ApiError::new(ErrorCode::UnknownChannel, error.to_string())),
            _ => Ok(()),
        };
        match &*envelope.kind {
            "subscribe" => {
                check_channel()?;
                let subscribe: Subscribe = read(body()?)?;
                subscribe.validate()?;
                Ok(Self::Subscribe(subscribe))
            }
            "unsubscribe" => check_channel().and_then(|()| read(body()?).map(Self::Unsubscribe)),
            "container-action" => {
                let action: ContainerAction = read(body()?)?;
                action.validate()?;
                Ok(Self::ContainerAction(action))
            }
            "ping" => read(body()?).map(Self::Ping),
            _ => Err(ApiError::new(
                ErrorCode::UnknownType,
                "the types are subscribe, unsubscribe, container-action and ping",
            )),
        }
    }
}

impl ContainerAction {
    /// Longest request id, in bytes.
    pub const MAX_REQUEST_ID: usize = 64;

    /// Checks the request id and the options.
    ///
    /// # Errors
    /// `invalid`, with a sentence that describes the problem.
    pub fn validate(&self) -> Result<(), ApiError> {
        let id = &self.request_id;
        let printable = id.bytes().all(|byte| byte.is_ascii_graphic());
        if !printable || !(1..=Self::MAX_REQUEST_ID).contains(&id.len()) {
            return Err(ApiError::new(
                ErrorCode::Invalid,
                "requestId must be 1 to 64 printable ASCII characters",
            ));
        }
        let options = self.options.validate(self.action);
        options.map_err(|message| ApiError::new(ErrorCode::Invalid, message))
    }
}

fn read<T: DeserializeOwned>(body: serde_json::Value) -> Result<T, ApiError> {
    serde_json::from_value(body).map_err(|error| invalid(&error))
}

fn invalid(error: &serde_json::Error) -> ApiError {
    // The parser may quote its input; a message of bounded length is enough to find the error.
    let message: String = error.to_string().chars().take(200).collect();
    ApiError::new(ErrorCode::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> ErrorCode {
        ClientMessage::decode(text).unwrap_err().code
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_its_reason() {
        assert_eq!(
            code("{\"type\":\"subscribe\",\"channel\":\"weather\"}"),
            ErrorCode::UnknownChannel
        );
        assert_eq!(
            code("{\"type\":\"subscribe\",\"channel\":\"sources\"}"),
            ErrorCode::UnknownChannel
        );
        assert_eq!(code("{\"type\":\"shout\"}"), ErrorCode::UnknownType);
        for channel in ["logs", "logs:", "logs:0123456789ab", "logs:../../version"] {
            assert_eq!(
                code(&format!(
                    "{{\"type\":\"subscribe\",\"channel\":\"{channel}\"}}"
                )),
                ErrorCode::UnknownChannel
            );
        }
        let log = |option: &str| {
            let id = "a".repeat(64);
            format!("{{\"type\":\"subscribe\",\"channel\":\"logs:{id}\",{option}}}")
        };
        let deep = format!(
            "{{\"type\":\"ping\",\"x\":{}{}}}",
            "[".repeat(10_000),
            "]".repeat(10_000)
        );
        for text in [
            "",
            "{",
            "null",
            "[]",
            "7",
            "{\"type\":7}",
            "{\"type\":\"ping\",\"x\":1}",
            "{\"type\":\"subscribe\"}",
            "{\"type\":\"subscribe\",\"channel\":\"stats\",\"delta\":\"yes\"}",
            "{\"type\":\"subscribe\",\"channel\":\"stats\",\"resume\":{\"epoch\":\"e\",\"seq\":-1}}",
            "{\"type\":\"subscribe\",\"channel\":\"stats\",\"resume\":{\"epoch\":\"e\",\"seq\":1e999}}",
            "{\"type\":\"subscribe\",\"channel\":\"stats\",\"extra\":1}",
            "{\"type\":\"subscribe\",\"channel\":\"stats\",\"tail\":1}",
            log("\"tail\":5001").as_str(),
            log("\"tail\":-1").as_str(),
            log("\"since\":\"yesterday\"").as_str(),
            "{\"type\":\"container-action\",\"requestId\":\"\",\"containerId\":\"0123456789ab\",\"action\":\"stop\"}",
            "{\"type\":\"container-action\",\"requestId\":\"r\",\"containerId\":\"../../version\",\"action\":\"stop\"}",
            "{\"type\":\"container-action\",\"requestId\":\"r\",\"containerId\":\"0123456789ab\",\"action\":\"exec\"}",
            "{\"type\":\"container-action\",\"requestId\":\"r\",\"containerId\":\"0123456789ab\",\"action\":\"rename\"}",
            deep.as_str(),
        ] {
            assert_eq!(
                code(text),
                ErrorCode::Invalid,
                "{}",
                &text[..text.len().min(120)]
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = ClientMessage::decode(&text);
        }
    }
}
