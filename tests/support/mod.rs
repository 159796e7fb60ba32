//! What the tests of the whole server share.

pub(crate) mod app;
pub(crate) mod attackers;
pub(crate) mod fake_engine;
pub(crate) mod launch;
pub(crate) mod mirror;
pub(crate) mod page;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod socket;
pub(crate) mod sse;

use std::time::Duration;

/// How long a test waits for a condition before it calls it broken. Far longer than it ever takes:
/// a busy machine must not fail a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(240);

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    assert!(waited.is_ok(), "never came true: {what}");
}
