//! The binary form of messages.

use super::{
    DecodeError, Reader, Wire, Writer, decode,
    values::{wire_choice, wire_struct},
};
use crate::model::{ContainersDelta, HostId, Intervals, Timestamp, Update, WorkloadKey};
use crate::protocol::{
    ApiError, Channel, ChannelKind, ClientMessage, ContainerAck, ContainerAction, ErrorCode,
    MetricsHistory, MetricsSample, Ping, Resume, Sequenced, ServerMessage, Snapshot, Subscribe,
    Unsubscribe,
};

/// In place of a message's tag: container figures as differences to earlier ones.
pub(super) const STATS_CHANGES: u8 = 254;

/// Several frames at once: the response of `GET /api/snapshot`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The epoch of the server.
    pub epoch: String,
    /// The same frames as on the socket.
    pub frames: Vec<Vec<u8>>,
}

/// Assigns a tag to each variant of an enum of messages, and implements [`Wire`] for it.
macro_rules! wire_messages {
    ($name:ident, else $nonsense:expr, {
        $($tag:literal = $variant:ident $({ $($field:ident),* })? $(($inner:ident))?,)*
    }) => {
        impl Wire for $name {
            fn write(&self, to: &mut Writer) {
                match self {
                    $(Self::$variant { $($($field),*)? $(0: $inner)? } => {
                        to.byte($tag);
                        $($($field.write(to);)*)?
                        $($inner.write(to);)?
                    })*
                }
            }

            fn read(from: &mut Reader<'_>) -> Self {
                match from.byte() {
                    $($tag => Self::$variant {
                        $($($field: Wire::read(from)),*)?
                        $(0: { let $inner = Wire::read(from); $inner })?
                    },)*
                    _ => {
                        from.fail();
                        $nonsense
                    }
                }
            }
        }
    };
}

wire_messages!(ServerMessage, else Self::Subscribed { channel: Channel::SOURCES }, {
    1 = Connected { client_id, protocol, epoch, principal, version, heartbeat_interval_ms, channels, intervals },
    2 = Subscribed { channel },
    3 = Unsubscribed { channel, reason },
    4 = Update(update),
    5 = ContainerAck(ack),
    6 = Heartbeat { timestamp },
    7 = Error { code, message, request_id, retry_after_ms },
    8 = Log { channel, lines, cursor },
    9 = LogGap { channel, missing, from, to },
    10 = LogEnd { channel, reason, message },
});

/// An update without an effect, decoded from invalid bytes.
const NOTHING: Update = Update::ContainersDelta {
    timestamp: Timestamp::from_millis(0),
    host: HostId::local(),
    delta: ContainersDelta::NONE,
};

wire_messages!(Update, else NOTHING, {
    1 = Metrics { timestamp, host, data },
    2 = Containers { timestamp, host, data },
    3 = ContainersDelta { timestamp, host, delta },
    4 = Stats { timestamp, host, data },
    5 = Event(event),
    6 = Source(source),
});

wire_messages!(ClientMessage, else Self::Ping(Ping {}), {
    1 = Subscribe(subscribe),
    2 = Unsubscribe(unsubscribe),
    3 = ContainerAction(action),
    4 = Ping(ping),
});

wire_choice!(ErrorCode {
    0 = Internal, 1 = Invalid, 2 = UnknownType, 3 = UnknownChannel, 4 = DuplicateId, 5 = Forbidden,
    6 = NotFound, 7 = Conflict, 8 = Protected, 9 = RateLimited, 10 = TooManySubscriptions,
    11 = EngineUnavailable, 12 = Timeout, 13 = Unauthorized, 14 = StorageUnavailable,
});

wire_struct!(Sequenced { seq, update });
wire_struct!(Intervals {
    metrics_ms,
    stats_ms,
    stats_idle_ms
});
wire_struct!(ContainersDelta { upserts, removed });
wire_struct!(ContainerAck {
    request_id,
    container_id,
    action,
    success,
    error
});
wire_struct!(ApiError { code, message });
wire_struct!(Subscribe {
    channel,
    delta,
    resume,
    tail,
    since,
    after,
    host
});
wire_struct!(Resume { epoch, seq });
wire_struct!(Unsubscribe { channel });
wire_struct!(ContainerAction {
    request_id,
    container_id,
    action,
    host,
    options
});
wire_struct!(Snapshot { epoch, messages });
wire_struct!(MetricsHistory { samples });
wire_struct!(MetricsSample {
    timestamp,
    cpu,
    memory,
    disk,
    rx_rate,
    tx_rate
});
wire_struct!(Bundle { epoch, frames });

wire_choice!(ChannelKind {
    0 = Sources, 1 = Metrics, 2 = Containers, 3 = Stats, 4 = Events, 5 = Logs,
});

/// One byte, the number of the kind; for a log the workload's id follows.
impl Wire for Channel {
    fn write(&self, to: &mut Writer) {
        self.kind.write(to);
        if let Some(WorkloadKey::Container(id)) = self.of {
            id.write(to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Self {
        let kind = ChannelKind::read(from);
        let is_per_workload = kind.policy().is_per_workload;
        let of = is_per_workload.then(|| WorkloadKey::Container(Wire::read(from)));
        Self { kind, of }
    }
}

impl Wire for Ping {
    fn write(&self, _to: &mut Writer) {}

    fn read(_from: &mut Reader<'_>) -> Self {
        Self {}
    }
}

impl ClientMessage {
    /// Decodes a message in the binary form, as strictly as [`Self::decode`] decodes JSON.
    ///
    /// # Errors
    /// [`Err`] when it is of another version; inside, `unknown_channel` or `invalid`, with a sentence that
    /// describes the problem.
    pub fn decode_binary(frame: &[u8]) -> Result<Result<Self, ApiError>, DecodeError> {
        let invalid = |error: DecodeError| ApiError::new(ErrorCode::Invalid, error.to_string());
        match decode::<Self>(frame) {
            Err(DecodeError::Version) => Err(DecodeError::Version),
            Err(error) => Ok(Err(invalid(error))),
            Ok(message) => Ok(message.check().map(|()| message)),
        }
    }

    /// Checks the content of the message.
    fn check(&self) -> Result<(), ApiError> {
        let channel = match self {
            Self::Subscribe(subscribe) => {
                subscribe.validate()?;
                subscribe.channel
            }
            Self::Unsubscribe(unsubscribe) => unsubscribe.channel,
            Self::ContainerAction(action) => return action.validate(),
            Self::Ping(_) => return Ok(()),
        };
        if channel.policy().is_subscribable {
            Ok(())
        } else {
            let error = crate::protocol::UnknownChannel.to_string();
            Err(ApiError::new(ErrorCode::UnknownChannel, error))
        }
    }
}
