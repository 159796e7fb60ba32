//! The protocol between server and browser, version 1: see `docs/PROTOCOL.md`.

mod access;
mod channel;
mod client;
pub mod codec;
mod error;
#[cfg(test)]
#[cfg(feature = "ssr")]
mod fuzz;
mod http;
mod limits;
mod server;

pub use access::{
    Alarm, Audit, AuditEntry, CreatedToken, KioskLink, NewToken, NewUser, PasswordChange,
    RecentFigures, Secret, Setup, SignIn, SignOut, SocketFigures, StorageStatus, StorageWord,
    SystemStatus, Token, TokenKind, Tokens, User, UserChange, Users,
};
pub use channel::{Channel, ChannelKind, ChannelPolicy, Delta, Retention, UnknownChannel};
pub use client::{ClientMessage, ContainerAction, Ping, Resume, Subscribe, Unsubscribe};
pub use error::{ApiError, ErrorCode};
pub use http::{MetricsHistory, MetricsSample, Problem, Snapshot, SocketStatus, workload_path};
pub use limits::{
    DEAD_PEER, DEFAULT_LOG_TAIL, MAX_LOG_TAIL, MAX_LOGS, MAX_MESSAGE_BYTES, MAX_PENDING_ACTIONS,
    MAX_SPARKLINES, MESSAGE_BURST, MESSAGE_RATE, PROTOCOL_VERSION, SUBPROTOCOL_BINARY,
    SUBPROTOCOL_JSON, close_code,
};
pub use server::{ContainerAck, Sequenced, ServerMessage};
