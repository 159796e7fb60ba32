//! The log page: the log of one container, or those of several, merged by time.

mod controls;
mod footer;
mod picker;
mod search_box;
mod viewer;

pub(super) use viewer::LogViewer;

use crate::{
    client::{Live, LogSource, logs::LogView, use_live},
    components::PageTitle,
    i18n::use_text,
    model::{ContainerId, WorkloadId, WorkloadRef},
    part::in_part,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use picker::{Chips, ChooseContainers};

in_part! {
    logs, load_page;
    /// The page, from the part [`Part::Logs`](super::Part::Logs).
    pub(super) fn page() -> Result<AnyView, SplitLoaderError> {
        Ok(view! { <LogsPage /> }.into_any())
    }
}

/// The logs of the containers in the URL.
#[component]
fn LogsPage() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let view = use_view();
    let set_view = use_set_view(LogView::href);
    let sources = Memo::new(move |_| {
        live.track_list();
        let view = view.read();
        let sources = view
            .containers
            .iter()
            .filter_map(|named| source(live, named));
        sources.collect::<Vec<_>>()
    });
    let is_empty = Memo::new(move |_| sources.read().is_empty());
    let title = move || {
        let sources = sources.read();
        let names: Vec<_> = sources.iter().map(|source| source.name.as_str()).collect();
        let page = text.get().frame.logs;
        match names.is_empty() {
            true => page.to_owned(),
            false => format!("{} · {page}", names.join(", ")),
        }
    };
    view! {
        <PageTitle text=title />
        <Show when=move || !is_empty.get() fallback=move || view! { <ChooseContainers view /> }>
            <LogViewer view set_view sources>
                <Chips view sources />
            </LogViewer>
        </Show>
    }
}

/// The shown logs and filters, from the URL.
pub(super) fn use_view() -> Memo<LogView> {
    let map = use_query_map();
    Memo::new(move |_| {
        let map = map.read();
        LogView::from_url(|name| map.get(name), &map.get_all("c").unwrap_or_default())
    })
}

/// A callback that changes the URL to another view.
pub(super) fn use_set_view(
    address: impl Fn(&LogView) -> String + Send + Sync + 'static,
) -> Callback<LogView> {
    let navigate = use_navigate();
    Callback::new(move |view: LogView| {
        let options = NavigateOptions {
            replace: true,
            scroll: false,
            ..Default::default()
        };
        navigate(&address(&view), options);
    })
}

/// The container of a reference. A removed one is kept: its lines can still be read.
fn source(live: Live, named: &WorkloadRef) -> Option<LogSource> {
    let found = live.with_dashboard(|dashboard| {
        let id = dashboard.find(named)?;
        let name = dashboard.workload(id)?.name().to_owned();
        Some(LogSource { id, name })
    });
    found.or_else(|| {
        let id: ContainerId = named.id.as_str().parse().ok()?;
        Some(LogSource {
            id: WorkloadId::container(named.host.unwrap_or_default(), id),
            name: id.short(),
        })
    })
}
