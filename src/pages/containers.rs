//! The page with all containers.

mod cells;
mod hosts;
mod keys;
mod listing;
mod toolbar;

use crate::{
    client::use_live,
    components::{
        BulkBar, Items, Listing, NoContainers, PageTitle, Pointer, Selection, Table, ViewLink,
        cards, use_columns, use_items,
    },
    i18n::use_text,
    model::{ContainerQuery, Layout, Preferences, WorkloadId},
    part::in_part,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use leptos_router::hooks::{use_navigate, use_query_map};
use toolbar::Toolbar;

in_part! {
    containers, load_page;
    /// The page, from the part [`Part::Containers`](super::Part::Containers).
    pub(super) fn page() -> Result<AnyView, SplitLoaderError> {
        Ok(view! { <ContainersPage /> }.into_any())
    }
}

/// All containers, filtered and sorted according to the URL.
#[component]
fn ContainersPage() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let preferences = expect_context::<RwSignal<Preferences>>();
    let map = use_query_map();
    let query = Memo::new(move |_| ContainerQuery::from_url(|name| map.read().get(name)));
    let navigate = use_navigate();
    let set_query = Callback::new(move |query: ContainerQuery| {
        let options = leptos_router::NavigateOptions {
            replace: true,
            scroll: false,
            ..Default::default()
        };
        navigate(&query.href(), options);
    });
    let selection = Selection::default();
    forget_gone(selection);
    let pointer = Pointer::default();
    let items = use_items(live, query, pointer);
    let columns = use_columns::<ContainerQuery>();
    keys::listen();
    let title = move || {
        let (totals, name) = (live.totals().get(), text.get().frame.containers);
        // In the tab's title, an outdated count would look current.
        match live.as_of().get().is_live() {
            true => format!("({}/{}) {name}", totals.running, totals.all),
            false => name.to_owned(),
        }
    };
    let is_cards = Memo::new(move |_| preferences.read().layout == Layout::Cards);
    view! {
        <PageTitle text=title />
        <div class="containers-list">
            <Toolbar query set_query items columns />
            <Show when=move || is_cards.get() fallback=move || view! { <Table query items columns selection pointer /> }>
                {cards::<ContainerQuery>(items)}
            </Show>
        </div>
        <EmptyList query items />
        <BulkBar selection actions=ContainerQuery::BULK />
    }
}

/// Removes containers that no longer exist from the selection.
fn forget_gone(selection: Selection) {
    let live = use_live();
    Effect::new(move || {
        live.track_list();
        let is_gone = |id: &WorkloadId| live.row(*id).is_none();
        if selection.read_untracked().iter().any(is_gone) {
            selection.update(|selection| selection.retain(|id| !is_gone(id)));
        }
    });
}

/// Why the list is empty, and what to do.
#[component]
fn EmptyList(
    /// The filters and the order, from the URL.
    query: Memo<ContainerQuery>,
    /// The lines of the list.
    items: Memo<Items>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let failure = live.engine_failure();
    let is_known = move || live.is_listed().get() || failure.read().is_some();
    let is_empty = move || items.read().is_empty() && is_known();
    let content = move || {
        let text = text.get();
        if live.totals().get().all > 0 && query.read().is_filtering() {
            view! {
                <b>{text.containers().no_match} " " <q>{query.read().text.clone()}</q></b>
                <ViewLink href=ContainerQuery::default().href() attr:class="button" attr:data-testid="clear-filter">{text.containers().clear_filter}</ViewLink>
            }
            .into_any()
        } else {
            view! { <NoContainers /> }.into_any()
        }
    };
    view! {
        <Show when=is_empty>
            <div class="card empty" role="status">{content}</div>
        </Show>
    }
}
