//! The server: sources are observed, the collector keeps the state, the hub fans it out.

pub mod clock;
pub mod hub;
pub mod source;
