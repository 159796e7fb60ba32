//! The tabs of a container's page. They are links: the address says which one is open, and without
//! JavaScript they work as well.

use super::{
    events::Events, inspect::Inspect, logs::Logs, overview::Overview, processes::Processes,
    stats::Stats,
};
use crate::{
    client::{RowSignals, driver, use_live},
    i18n::{ContainerText, say, use_text},
    model::ContainerId,
};
use leptos::{html::Nav, prelude::*};
use leptos_router::hooks::use_query_map;

/// A tab.
struct Tab {
    /// Its name in the address.
    name: &'static str,
    title: fn(&ContainerText) -> &'static str,
    content: fn(ContainerId, RowSignals, Signal<bool>) -> AnyView,
}

/// The tabs in order. The first is open when the address names none.
#[rustfmt::skip]
const TABS: &[Tab] = &[
    Tab { name: "overview", title: |text| text.overview, content: |id, row, is_removed| view! { <Overview id row is_removed /> }.into_any() },
    Tab { name: "stats", title: |text| text.stats, content: |id, row, _| view! { <Stats id row /> }.into_any() },
    Tab { name: "logs", title: |text| text.logs, content: |id, row, _| view! { <Logs id row /> }.into_any() },
    Tab { name: "processes", title: |text| text.processes, content: |id, row, _| view! { <Processes id row /> }.into_any() },
    Tab { name: "events", title: |text| text.events, content: |id, _, _| view! { <Events id /> }.into_any() },
    Tab { name: "inspect", title: |text| text.inspect, content: |id, _, _| view! { <Inspect id /> }.into_any() },
];

/// Which of [`TABS`] is open.
fn use_tab() -> Memo<usize> {
    let query = use_query_map();
    Memo::new(move |_| {
        let query = query.read();
        let asked = query.get_str("tab");
        let is_asked = |tab: &Tab| asked == Some(tab.name);
        TABS.iter().position(is_asked).unwrap_or(0)
    })
}

/// Links to all tabs.
#[component]
pub(super) fn TabBar(
    /// Of which container.
    id: ContainerId,
) -> impl IntoView {
    let text = use_text();
    let open = use_tab();
    let live = use_live();
    let bar = NodeRef::<Nav>::new();
    Effect::new(move || {
        open.track();
        if let Some(bar) = bar.get() {
            driver::show_current(&bar);
        }
    });
    let link = move |(n, tab): (usize, &'static Tab)| {
        let href = match n {
            0 => format!("/containers/{id}"),
            _ => format!("/containers/{id}?tab={}", tab.name),
        };
        let href = live.href(&href);
        let current = move || (open.get() == n).then_some("page");
        let title = move || (tab.title)(text.get().container);
        view! { <a class="tab" href=href aria-current=current>{title}</a> }
    };
    view! {
        <nav class="tabs" aria-label=say(text, |text| text.container.tabs) node_ref=bar>
            {TABS.iter().enumerate().map(link).collect_view()}
        </nav>
    }
}

/// What is on the open tab.
#[component]
pub(super) fn TabContent(
    /// Of which container.
    id: ContainerId,
    /// Its signals.
    row: RowSignals,
    /// Whether the engine no longer has it.
    is_removed: Signal<bool>,
) -> impl IntoView {
    let open = use_tab();
    move || {
        let tab = TABS.get(open.get())?;
        Some((tab.content)(id, row.clone(), is_removed))
    }
}
