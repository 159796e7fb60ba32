//! The server: sources are observed, the collector keeps the state, the hub fans it out.

pub mod actions;
pub mod clock;
pub mod collector;
pub mod hub;
pub mod shutdown;
pub mod source;
