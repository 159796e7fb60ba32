//! Transports: how the hub's frames reach clients.

mod client_id;
mod conversation;
mod delivery;
mod following;
mod forms;
mod greeting;
mod heartbeat;
mod held;
mod limits;
pub mod logs;
mod outbox;
pub mod poll;
mod rights;
mod session;
mod socket;
pub mod sse;
#[cfg(test)]
mod tests;
pub mod ws;

pub use delivery::Delivery;
pub use following::TooManyLogs;
pub use heartbeat::HeartbeatTimer;
pub use session::Session;
