//! The lines of a list.

use super::Listing;
use crate::{
    client::Live,
    components::{use_action_requests, use_any_menu_open},
    model::{ContainerState, Group, WorkloadId},
};
use leptos::prelude::*;

/// Interval at which a list is reordered by a live figure, in seconds: users must be able to read and click.
const REORDER_SECONDS: i64 = 5;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// The head of the group of the following workloads.
    Group(GroupHead),
    /// A workload.
    Workload(WorkloadId),
}

/// The head of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupHead {
    /// The group.
    pub group: Group,
    /// Number of shown workloads in the group.
    pub all: usize,
    /// Number of running ones among them.
    pub running: usize,
}

/// The lines of a list, and the number of workloads among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// The lines, in order.
    pub lines: Vec<Item>,
    /// Number of workloads.
    pub workloads: usize,
}

impl Items {
    /// Whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The workloads, in order.
    pub fn ids(&self) -> impl Iterator<Item = WorkloadId> {
        self.lines.iter().filter_map(|line| match line {
            Item::Workload(id) => Some(*id),
            Item::Group(_) => None,
        })
    }
}

/// The state of the pointer over the rows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pointer {
    /// Whether it is over the rows.
    pub is_over: RwSignal<bool>,
    /// Whether it is pressed on a row.
    pub is_down: RwSignal<bool>,
}

/// The lines of `query`.
///
/// Changes only when workloads are added, removed, changed or reordered, and not while a menu or a dialog is
/// open or the pointer is pressed: the target of a click, and the element to which the focus returns, must
/// not move.
pub fn use_items<L: Listing>(live: Live, query: Memo<L>, pointer: Pointer) -> Memo<Items> {
    let pace = Memo::new(move |before: Option<&i64>| match before {
        Some(before) if pointer.is_over.get() => *before,
        _ => live.now().get().as_millis() / 1_000 / REORDER_SECONDS,
    });
    let is_menu_open = use_any_menu_open();
    let requests = use_action_requests();
    // All are read, so that the end of each is tracked.
    let is_held = move || {
        [
            is_menu_open.get(),
            requests.is_asking(),
            pointer.is_down.get(),
        ]
        .contains(&true)
    };
    Memo::new(move |before: Option<&Items>| {
        if let Some(before) = before.filter(|_| is_held()) {
            return before.clone();
        }
        live.track_list();
        let query = query.read();
        if query.is_order_live() {
            pace.track();
        }
        items(live, &*query)
    })
}

fn items(live: Live, query: &impl Listing) -> Items {
    let rows = live.with_dashboard(|dashboard| query.rows(dashboard));
    let workloads = rows.len();
    let mut lines = Vec::with_capacity(workloads);
    for together in rows.chunk_by(|a, b| query.group(a) == query.group(b)) {
        let group = together.first().and_then(|row| query.group(row));
        let running = together
            .iter()
            .filter(|row| row.workload.state() == ContainerState::Running);
        let head = group.map(|group| GroupHead {
            group,
            all: together.len(),
            running: running.count(),
        });
        lines.extend(head.map(Item::Group));
        let ids = together.iter().map(|row| row.id);
        lines.extend(ids.map(Item::Workload));
    }
    Items { lines, workloads }
}
