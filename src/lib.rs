//! Deckwatch: a real-time dashboard for Docker containers and the hosts under them.
//!
//! Data flows one way:
//!
//! ```text
//! source ──observe──▶ collector ──publish──▶ hub ──frame──▶ transport
//!                                                              │ message
//!                        pages ◀── components ◀──signal── client ◀┘
//! ```
//!
//! A module knows only what lies beneath it; [`model`] and [`protocol`] are shared by both sides.

pub mod client;
pub mod model;
pub mod protocol;
#[cfg(feature = "ssr")]
pub mod server;
