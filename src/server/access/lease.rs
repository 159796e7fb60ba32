//! The access of an open connection, which lasts as long as its credential and may change meanwhile.

use super::{Access, Credential, Principal};
use std::sync::Arc;
use tokio::sync::watch;

/// The access of one open connection.
#[derive(Debug)]
pub struct Lease {
    access: Access,
    credential: Credential,
    principal: Arc<Principal>,
    changes: watch::Receiver<u64>,
}

/// A change of the access of an open connection.
#[derive(Debug)]
pub enum Change {
    /// The session has ended: the connection ends.
    Ended,
    /// The principal has other rights.
    Rights(Arc<Principal>),
}

impl Lease {
    /// The access of a connection that was opened by `principal` with `credential`.
    pub fn new(access: Access, credential: Credential, principal: Arc<Principal>) -> Self {
        let mut changes = access.changes();
        // A change between the check of the request and now must not be missed.
        changes.mark_changed();
        Self {
            access,
            credential,
            principal,
            changes,
        }
    }

    /// Waits for a change of the access. Cancel safe.
    pub async fn changed(&mut self) -> Change {
        loop {
            if self.changes.changed().await.is_err() {
                // The accounts outlive every connection.
                std::future::pending::<()>().await;
            }
            match self.access.principal(&self.credential) {
                None => return Change::Ended,
                Some(now) if now.grants != self.principal.grants => {
                    self.principal = Arc::clone(&now);
                    return Change::Rights(now);
                }
                Some(now) => self.principal = now,
            }
        }
    }

    /// [`Principal::digest`] of whose access it is.
    pub fn digest(&self) -> String {
        self.principal.digest()
    }

    /// Records that the client does something.
    pub fn used(&self, from: &str) {
        self.access.used(&self.credential, from);
    }
}
