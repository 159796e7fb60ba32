//! The language server and browser speak, version 1: see `docs/PROTOCOL.md`.

mod channel;
mod client;
pub mod codec;
mod error;
mod http;
mod limits;
mod server;

pub use channel::{Channel, UnknownChannel};
pub use client::{ClientMessage, ContainerAction, Ping, Resume, Subscribe, Unsubscribe};
pub use error::{ApiError, ErrorCode};
pub use http::{MetricsHistory, MetricsSample, Problem, Snapshot, SocketStatus};
pub use limits::{
    DEAD_PEER, DEFAULT_LOG_TAIL, MAX_LOG_TAIL, MAX_MESSAGE_BYTES, PROTOCOL_VERSION,
    SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON, close_code,
};
pub use server::{ContainerAck, SequencedEvent, ServerMessage};
