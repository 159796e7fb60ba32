//! The data of a container's page in addition to the live state, as far as it is in the first HTML.

use crate::{
    model::{ContainerDetails, Event, Processes, WorkloadRef},
    protocol::codec::{Reader, Wire, Writer},
};
use std::sync::Arc;

/// The data of a container's page in addition to the live state; only for the open tab.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerPageData {
    /// The container, as named in the URL.
    pub id: WorkloadRef,
    /// The details.
    pub details: Option<ContainerDetails>,
    /// Its processes.
    pub processes: Option<Processes>,
    /// Its recent events, newest first.
    pub events: Option<Vec<Arc<Event>>>,
    /// The engine's complete description, as indented JSON.
    pub inspect: Option<String>,
}

impl Wire for ContainerPageData {
    fn write(&self, to: &mut Writer) {
        let Self {
            id,
            details,
            processes,
            events,
            inspect,
        } = self;
        id.write(to);
        details.write(to);
        processes.write(to);
        events.write(to);
        inspect.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            id: Wire::read(from),
            details: Wire::read(from),
            processes: Wire::read(from),
            events: Wire::read(from),
            inspect: Wire::read(from),
        }
    }
}
