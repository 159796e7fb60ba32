//! The choice of containers whose logs are shown. The choices are links: the URL contains the chosen ones.

use crate::{
    client::{
        LogSource,
        logs::{LogView, MAX_CONTAINERS},
        use_live,
    },
    components::{A, Glyph, Icon, Menu, StatusPill},
    i18n::{say, use_text},
    model::{ContainerQuery, Page, WorkloadId},
};
use leptos::prelude::*;

/// Most containers offered at once; others are found by typing a part of their names.
const OFFERED: usize = 40;

/// The URL with an additional container.
fn with(view: &LogView, id: WorkloadId) -> String {
    let mut view = view.clone();
    view.containers.push(id.reference());
    view.href()
}

/// The URL without a container.
fn without(view: &LogView, id: WorkloadId) -> String {
    let mut view = view.clone();
    view.containers.retain(|named| !named.matches(id));
    view.href()
}

/// The containers of the shown logs, each in its colour, and a menu to add others.
#[component]
pub(super) fn Chips(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
    /// The containers of the shown logs.
    sources: Memo<Vec<LogSource>>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let chip = move |(at, source): (usize, LogSource)| {
        let href = move || without(&view.read(), source.id);
        let name = source.name.clone();
        let label = move || format!("{} {name}", text.get().logs().remove);
        view! {
            <span class=format!("chip source c{}", at + 1) data-testid="chip">
                <a href=live.href(&Page::of(source.id).href())>{source.name.clone()}</a>
                <A href=href attr:aria-label=label attr:class="close"><Icon glyph=Glyph::Close /></A>
            </span>
        }
    };
    let chips = move || {
        sources
            .get()
            .into_iter()
            .enumerate()
            .map(chip)
            .collect_view()
    };
    view! {
        {chips}
        <Menu id="picker" class="menu picker" face=move || view! { "+ " {say(text, |text| text.logs().add)} }>
            <div class="choices"><Choices view /></div>
        </Menu>
    }
}

/// Containers to choose from.
#[component]
fn Choices(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let typed = RwSignal::new(String::new());
    let is_full = Memo::new(move |_| view.read().containers.len() >= MAX_CONTAINERS);
    let offered = Memo::new(move |_| {
        live.track_list();
        let query = ContainerQuery {
            text: typed.get(),
            ..ContainerQuery::default()
        };
        let rows = live.rows(&query).into_iter().take(OFFERED);
        rows.map(|row| (row.id, row.workload.name().to_owned()))
            .collect::<Vec<_>>()
    });
    let choice = move |(id, name): (WorkloadId, String)| {
        let is_chosen =
            Memo::new(move |_| view.read().containers.iter().any(|named| named.matches(id)));
        let href = move || {
            let view = view.read();
            match (is_chosen.get(), is_full.get()) {
                (true, _) => without(&view, id),
                (false, true) => view.href(),
                (false, false) => with(&view, id),
            }
        };
        let status = live
            .row(id)
            .map(|row| view! { <StatusPill workload=row.workload /> });
        view! {
            <li>
                <A href=href attr:class="choice" attr:aria-disabled=move || (is_full.get() && !is_chosen.get()).then_some("true")>
                    <span class="tick" aria-hidden="true">{move || is_chosen.get().then(|| view! { <Icon glyph=Glyph::Check /> })}</span>
                    <span class="name">{name}</span>
                    {status}
                </A>
            </li>
        }
    };
    let failure = live.engine_failure();
    let none = move || {
        let text = text.get().frame;
        match live.totals().read().all {
            0 if failure.read().is_some() => text.no_engine,
            0 => text.no_containers,
            _ => text.no_match,
        }
    };
    view! {
        <label class="search">
            <Icon glyph=Glyph::Search />
            <input type="search" autocomplete="off" spellcheck="false" aria-label=say(text, |text| text.logs().find)
                placeholder=say(text, |text| text.logs().find) on:input=move |event| typed.set(event_target_value(&event)) />
        </label>
        <ul>{move || offered.get().into_iter().map(choice).collect_view()}</ul>
        <Show when=move || is_full.get()><p class="hint">{say(text, |text| text.logs().full)}</p></Show>
        <Show when=move || offered.read().is_empty()><p class="hint">{none}</p></Show>
    }
}

/// Shown while no container is chosen.
#[component]
pub(super) fn ChooseContainers(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
) -> impl IntoView {
    let text = use_text();
    view! {
        <section class="card choose" data-testid="choose">
            <h2>{say(text, |text| text.logs().choose)}</h2>
            <p class="hint">{say(text, |text| text.logs().choose_hint)}</p>
            <div class="choices"><Choices view /></div>
        </section>
    }
}
