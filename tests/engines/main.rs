//! The source against real engines, changed by the command line behind its back.
//!
//! Every test is `#[ignore]`d, so that a run without an engine counts it as ignored. `scripts/test`
//! runs the module `docker` on each Docker that it can start, and `podman` on Podman. By hand:
//! `scripts/engine start DIR podman`, then `DECKWATCH_TEST_DOCKER=unix://DIR/docker.sock cargo test
//! --features ssr --test engines -- --ignored podman`. The engine has the image
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
