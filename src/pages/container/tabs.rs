//! The tabs of a container's page. They are links: the URL contains the open tab, and they work without
//! JavaScript, too.

use super::{
    events::Events, inspect::Inspect, logs::Logs, overview::Overview, processes::Processes,
    stats::Stats,
};
use crate::{
    client::{RowSignals, driver, use_live},
    i18n::{ContainerText, say, use_text},
    model::{Page, Tab, WorkloadId},
    pages::{Part, view_of},
    part::in_part,
};
use leptos::{
    html::Nav, prelude::*, task::spawn_local_scoped_with_cancellation, wasm_split::SplitLoaderError,
};
use leptos_router::hooks::use_query_map;

const fn title(tab: Tab, text: &ContainerText) -> &'static str {
    match tab {
        Tab::Overview => text.overview,
        Tab::Stats => text.stats,
        Tab::Logs => text.logs,
        Tab::Processes => text.processes,
        Tab::Events => text.events,
        Tab::Inspect => text.inspect,
    }
}

/// The open tab.
fn use_tab() -> Memo<Tab> {
    let query = use_query_map();
    Memo::new(move |_| Tab::named(query.read().get_str(Page::TAB).unwrap_or_default()))
}

/// Links to all tabs.
#[component]
pub(super) fn TabBar(
    /// The container.
    id: WorkloadId,
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
    let link = move |tab: Tab| {
        let href = live.href(&Page::tab(id, tab).href());
        let current = move || (open.get() == tab).then_some("page");
        let title = move || title(tab, text.get().container());
        view! { <a class="tab" href=href aria-current=current>{title}</a> }
    };
    view! {
        <nav class="tabs" aria-label=say(text, |text| text.container().tabs) node_ref=bar>
            {Tab::ALL.map(link).collect_view()}
        </nav>
    }
}

/// The content of the open tab.
#[component]
pub(super) fn TabContent(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
    /// Whether the engine no longer has it.
    is_removed: Signal<bool>,
) -> impl IntoView {
    let shown = use_loaded(id, use_tab());
    move || {
        let row = row.clone();
        match shown.get()? {
            Tab::Overview => Some(view! { <Overview id row is_removed /> }.into_any()),
            Tab::Logs => view_of(logs(id, row)),
            tab => view_of(more(tab, id, row)),
        }
    }
}

/// `open`, once its code is loaded; until then the tab that was open before, if there was one.
fn use_loaded(id: WorkloadId, open: Memo<Tab>) -> Memo<Option<Tab>> {
    let live = use_live();
    let loaded = Trigger::new();
    Effect::new(move || {
        let tab = open.get();
        let Some(part) = Part::of_tab(tab).filter(|part| !part.is_loaded()) else {
            return;
        };
        let address = live.href(&Page::tab(id, tab).href());
        spawn_local_scoped_with_cancellation(async move {
            part.load_or_open(&address).await;
            loaded.notify();
        });
    });
    Memo::new(move |before: Option<&Option<Tab>>| {
        loaded.track();
        let tab = open.get();
        let is_loaded = Part::of_tab(tab).is_none_or(Part::is_loaded);
        if is_loaded {
            Some(tab)
        } else {
            before.copied().flatten()
        }
    })
}

in_part! {
    logs, load_logs;
    /// The tab of the part [`Part::Logs`].
    pub(in crate::pages) fn logs(
        id: WorkloadId,
        row: RowSignals,
    ) -> Result<AnyView, SplitLoaderError> {
        Ok(view! { <Logs id row /> }.into_any())
    }
}

in_part! {
    container_tabs, load_more;
    /// The tabs of the part [`Part::ContainerTabs`].
    pub(in crate::pages) fn more(
        tab: Tab,
        id: WorkloadId,
        row: RowSignals,
    ) -> Result<AnyView, SplitLoaderError> {
        Ok(match tab {
            Tab::Stats => view! { <Stats id row /> }.into_any(),
            Tab::Processes => view! { <Processes id row /> }.into_any(),
            Tab::Events => view! { <Events id /> }.into_any(),
            Tab::Inspect => view! { <Inspect id /> }.into_any(),
            Tab::Overview | Tab::Logs => ().into_any(),
        })
    }
}
