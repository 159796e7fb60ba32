//! Shared by the tests of the whole server.

pub(crate) mod accounts;
pub(crate) mod app;
pub(crate) mod attackers;
pub(crate) mod certificates;
pub(crate) mod fake_cluster;
pub(crate) mod fake_engine;
pub(crate) mod fake_provider;
pub(crate) mod fake_server;
pub(crate) mod launch;
pub(crate) mod mirror;
pub(crate) mod page;
pub(crate) mod process;
pub(crate) mod raw;
pub(crate) mod socket;
pub(crate) mod sse;

use std::time::Duration;

/// How long a test waits for a condition before it fails. Far longer than it ever takes, so that a busy
/// machine does not make tests fail.
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

/// Factor by which the deadline of a contract is extended, for a machine that is busy with other tests. It
/// stays far below [`PATIENCE`] and the reconcile interval, so that neither hides a lost update.
const BUSY_MACHINE: u32 = 4;

/// The longest interval of full lists that the configuration allows. Within a test there is no second list:
/// what a page shows comes from events and actions.
pub(crate) const NO_RECONCILE: Duration = Duration::from_secs(600);

/// The result of `wait`, which must be available within `contract`, extended by a factor on a busy machine.
pub(crate) async fn within<T>(contract: Duration, what: &str, wait: impl Future<Output = T>) -> T {
    let deadline = contract * BUSY_MACHINE;
    let done = tokio::time::timeout(deadline, wait).await;
    done.unwrap_or_else(|_| panic!("not within {deadline:?}: {what}"))
}
