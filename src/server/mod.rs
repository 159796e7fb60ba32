//! The server: sources are observed, the collector keeps the state, the hub fans it out.

pub mod source;
