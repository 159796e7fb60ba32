//! The source against real engines, which the command line changes independently.
//!
//! Every test is `#[ignore]`d, so that a run without an engine counts it as ignored. `scripts/test` runs
//! the module `docker` on each Docker version that it can start, and `podman` on Podman. To run them by
//! hand: `scripts/engine start DIR podman`, then `DECKWATCH_TEST_DOCKER=unix://DIR/docker.sock cargo test
//! --features ssr --test engines -- --ignored podman`. The engine must have the image
//! `deckwatch-test:latest`.

#![cfg(feature = "ssr")]
#![expect(clippy::disallowed_methods, reason = "a test has no shutdown")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "that is how a test fails"
)]

mod actions;
mod docker;
mod podman;
mod watched;
