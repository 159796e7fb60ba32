//! The page of one container.

mod data;
mod events;
mod facts;
mod gone;
mod head;
mod health;
mod inspect;
mod logs;
mod overview;
mod processes;
mod stats;
mod tabs;

use crate::{
    client::{Live, RowSignals, use_live},
    model::{Page, WorkloadId, WorkloadRef},
    part::in_part,
};
use gone::Gone;
use head::Head;
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use leptos_router::hooks::{use_params_map, use_query_map};
use tabs::{TabBar, TabContent};
pub(super) use tabs::{load_logs, load_more};

/// The container that the page shows.
#[derive(Clone, Copy, PartialEq)]
struct Shown {
    id: WorkloadId,
    /// Whether the engine still has it. The page keeps showing its last state when not.
    is_listed: bool,
    /// How many times it has reappeared; each time its signals are new.
    returns: u32,
}

in_part! {
    container, load_page;
    /// The page, from the part [`Part::Container`](super::Part::Container).
    pub(super) fn page() -> Result<AnyView, SplitLoaderError> {
        Ok(view! { <ContainerPage /> }.into_any())
    }
}

/// The page of one container.
#[component]
fn ContainerPage() -> impl IntoView {
    let live = use_live();
    let params = use_params_map();
    let queries = use_query_map();
    let asked = Memo::new(move |_| {
        let host = queries.read().get(Page::HOST);
        Some(WorkloadRef {
            host: host.map(|host| host.parse()).transpose().ok()?,
            id: params.read().get("id")?.parse().ok()?,
        })
    });
    let shown = Memo::new(move |before: Option<&Option<Shown>>| {
        live.track_list();
        let asked = asked.read();
        let before = before.copied().flatten();
        next(live, asked.as_ref()?, before)
    });
    let which = Memo::new(move |_| shown.get().map(|shown| (shown.id, shown.returns)));
    let is_removed = Memo::new(move |_| shown.get().is_some_and(|shown| !shown.is_listed));
    move || match which.get().and_then(|(id, _)| Some((id, live.row(id)?))) {
        Some((id, row)) => {
            let mark = mark(&row);
            view! {
                <div class="stack">
                    <Head id row=row.clone() is_removed=is_removed.into() />
                    <TabBar id />
                    <div class="as-is" data-freshness=mark>
                        <TabContent id row is_removed=is_removed.into() />
                    </div>
                </div>
            }
            .into_any()
        }
        None => view! { <Gone asked=asked.into() /> }.into_any(),
    }
}

/// The freshness of the container's state, as an attribute of the document.
fn mark(row: &RowSignals) -> impl Fn() -> Option<&'static str> + use<> {
    let as_of = row.as_of.clone();
    move || as_of.get().freshness.mark()
}

/// The container to show for `asked`, when `before` was shown so far.
fn next(live: Live, asked: &WorkloadRef, before: Option<Shown>) -> Option<Shown> {
    let before = before.filter(|before| asked.matches(before.id));
    let found = live.with_dashboard(|dashboard| dashboard.find(asked));
    let Some(id) = found else {
        let is_listed = false;
        return before.map(|before| Shown {
            is_listed,
            ..before
        });
    };
    let same = before.filter(|before| before.id == id);
    let returns = same.map_or(0, |before| before.returns + u32::from(!before.is_listed));
    let is_listed = true;
    Some(Shown {
        id,
        is_listed,
        returns,
    })
}
