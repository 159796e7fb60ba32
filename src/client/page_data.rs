//! What the page of one container shows beside the live state, as far as the first HTML has it.

use crate::{
    model::{ContainerDetails, Event, Processes, WorkloadRef},
    protocol::codec::{Reader, Wire, Writer},
};
use std::sync::Arc;

/// What the page of one container shows beside the live state: only what its open tab needs.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerPageData {
    /// Of which container, as the address names it.
    pub id: WorkloadRef,
    /// What inspecting tells.
    pub details: Option<ContainerDetails>,
    /// Its processes.
    pub processes: Option<Processes>,
    /// What lately happened to it, newest first.
    pub events: Option<Vec<Arc<Event>>>,
    /// The engine's whole description, as indented JSON.
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
