//! One container.

mod details;
mod logs;
mod stats;
mod tabs;

use crate::{
    client::{RowSignals, use_live},
    components::{A, ActionButtons, ActionFailure, PageTitle, StatusPill},
    i18n::use_text,
    model::ContainerId,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use tabs::{TabBar, TabContent};

/// One container: what it is, what it does and what it says.
#[component]
pub fn ContainerPage() -> impl IntoView {
    let live = use_live();
    let params = use_params_map();
    let id = Memo::new(move |_| {
        params
            .read()
            .get("id")
            .and_then(|id| id.parse::<ContainerId>().ok())
    });
    let exists = Memo::new(move |_| {
        live.track_list();
        id.get().filter(|id| live.row(*id).is_some())
    });
    move || match exists.get().and_then(|id| Some((id, live.row(id)?))) {
        Some((id, row)) => view! { <Container id row /> }.into_any(),
        None => view! { <Gone /> }.into_any(),
    }
}

#[component]
fn Gone() -> impl IntoView {
    let text = use_text();
    view! {
        <PageTitle text=move || text.get().containers.gone.to_owned() />
        <div class="card empty" data-testid="gone">
            <b>{move || text.get().containers.gone}</b>
            <p>{move || text.get().containers.gone_hint}</p>
            <A href="/containers" attr:class="button">{move || text.get().containers.back}</A>
        </div>
    }
}

#[component]
fn Container(
    /// Which.
    id: ContainerId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let container = row.container.clone();
    let name = Memo::new(move |_| container.read().name.clone());
    view! {
        <PageTitle text=move || name.get() />
        <div class="stack">
            <div class="card container-head">
                <StatusPill container=row.container.clone() />
                <h2 class="name">{name}</h2>
                <span class="space"></span>
                <ActionButtons id row=row.clone() />
                <ActionFailure id row=row.clone() />
            </div>
            <TabBar id />
            <TabContent id row />
        </div>
    }
}
