//! The changing access of one open connection, on a server with sign-in.

use super::{client_id::ClientId, greeting::connected};
use crate::{
    model::{Right, WorkloadId},
    protocol::ServerMessage,
    server::{
        AppState,
        access::{self, Lease, Visitor},
        find::Directory,
        hub::Viewer,
    },
};

/// The access of one open connection, and what is needed to apply a change of it.
#[derive(Debug)]
pub(super) struct Rights {
    lease: Lease,
    state: AppState,
    address: String,
    id: ClientId,
}

/// A change of the access of a connection.
#[derive(Debug)]
pub(super) enum Change {
    /// Its session has ended.
    Ended,
    /// Its principal now has this directory.
    Rights(Directory),
}

impl Rights {
    /// The access of a connection of `visitor`; `None` on a server without sign-in.
    pub(super) fn of(state: &AppState, visitor: &Visitor, id: ClientId) -> Option<Self> {
        if state.access.is_open() {
            return None;
        }
        Some(Self {
            lease: visitor.lease()?,
            state: state.clone(),
            address: visitor.address().to_string(),
            id,
        })
    }

    /// Waits for a change. Cancel safe.
    pub(super) async fn changed(&mut self) -> Change {
        match self.lease.changed().await {
            access::Change::Ended => Change::Ended,
            access::Change::Rights(principal) => {
                Change::Rights(self.state.directory_of(&principal.grants))
            }
        }
    }

    /// Whether the log of a workload that exists may not be read by whom `directory` is for. The log of a
    /// workload that is gone ends by itself.
    pub(super) fn hides_log(&self, directory: &Directory, id: WorkloadId) -> bool {
        let named = id.reference();
        directory.find(&named, Right::Logs).is_err()
            && self.state.directory.find(&named, Right::Logs).is_ok()
    }

    /// Records that the client does something.
    pub(super) fn used(&self) {
        self.lease.used(&self.address);
    }

    /// The message with which the client begins again, with what `viewer` sees.
    pub(super) fn connected(&self, viewer: &Viewer) -> ServerMessage {
        connected(&self.state, viewer, self.lease.digest(), self.id)
    }
}
