//! The filters and display options of the list. Without JavaScript they are a form and a row of links.

use super::hosts::HostMenu;
use crate::{
    client::use_live,
    components::{A, AllLastSeen, Columns, Glyph, Icon, Items, Menu},
    i18n::{say, use_text},
    model::{ContainerQuery, Density, Grouping, Layout, Page, Preferences, SortKey, StateFilter},
};
use leptos::prelude::*;

/// Filters, order and display options.
#[component]
pub(super) fn Toolbar(
    /// The filters and the order, from the URL.
    query: Memo<ContainerQuery>,
    /// Changes the URL to other filters.
    set_query: Callback<ContainerQuery>,
    /// The lines of the list.
    items: Memo<Items>,
    /// The columns of the table.
    columns: Memo<Columns<SortKey>>,
) -> impl IntoView {
    let text = use_text();
    let live = use_live();
    let chips = StateFilter::ALL.map(|filter| {
        let href = move || {
            ContainerQuery {
                state: filter,
                ..query.get()
            }
            .href()
        };
        let class = move || {
            if query.read().state == filter {
                "chip on"
            } else {
                "chip"
            }
        };
        let count = move || filter.count(&live.totals().get());
        // Chips for states without containers are hidden.
        let is_of_use = Memo::new(move |_| {
            let always = matches!(filter, StateFilter::All | StateFilter::Running);
            always || query.read().state == filter || count() > 0
        });
        view! {
            <Show when=move || is_of_use.get()>
                <A href=href attr:class=class attr:data-freshness=move || live.as_of().get().freshness.mark()>
                    {move || text.get().containers().state_filter(filter)} <b class="num">{count}</b>
                </A>
            </Show>
        }
    });
    let on_text = move |event| {
        set_query.run(ContainerQuery {
            text: event_target_value(&event),
            ..query.get_untracked()
        })
    };
    let shown = move || {
        format!(
            "{} {}",
            items.read().workloads,
            text.get().containers().shown
        )
    };
    // The form of the page without scripts must submit the other parameters unchanged.
    let others = move || {
        let others = query
            .get()
            .to_url()
            .into_iter()
            .filter(|(name, _)| *name != "q");
        let hidden = |(name, value)| view! { <input type="hidden" name=name value=value /> };
        others.map(hidden).collect_view()
    };
    view! {
        <form class="toolbar" method="get" action=live.href(&Page::Containers.href()) role="search" on:submit=|event| event.prevent_default()>
            <label class="search">
                <Icon glyph=Glyph::Search />
                <input type="search" name="q" id="filter" autocomplete="off" spellcheck="false"
                    aria-label=say(text, |text| text.containers().filter) placeholder=say(text, |text| text.containers().filter_hint)
                    value=query.read_untracked().text.clone() prop:value=move || query.read().text.clone() on:input=on_text />
                <kbd>"/"</kbd>
            </label>
            <noscript><button class="button">{say(text, |text| text.containers().apply)}</button></noscript>
            {others}
            <HostMenu query />
            <span class="chips">{chips.collect_view()}</span>
            <AllLastSeen />
            <span class="faint num" role="status" data-testid="shown">{shown}</span>
            <Looks query set_query columns />
        </form>
    }
}

/// Layout, density, grouping and columns.
#[component]
fn Looks(
    /// The filters and the order, from the URL.
    query: Memo<ContainerQuery>,
    /// Changes the URL to other filters.
    set_query: Callback<ContainerQuery>,
    /// The columns of the table.
    columns: Memo<Columns<SortKey>>,
) -> impl IntoView {
    let text = use_text();
    let preferences = expect_context::<RwSignal<Preferences>>();
    let layout = move |wanted: Layout| {
        let pressed = move || (preferences.read().layout == wanted).to_string();
        let label = move || {
            if wanted == Layout::Table {
                text.get().containers().table
            } else {
                text.get().containers().cards
            }
        };
        view! {
            <button type="button" aria-pressed=pressed on:click=move |_| preferences.update(|p| p.layout = wanted)>{label}</button>
        }
    };
    let density = move |wanted: Density| {
        let pressed = move || (preferences.read().density == wanted).to_string();
        let label = move || {
            if wanted == Density::Compact {
                text.get().containers().compact
            } else {
                text.get().containers().normal
            }
        };
        view! {
            <button type="button" aria-pressed=pressed on:click=move |_| preferences.update(|p| p.density = wanted)>{label}</button>
        }
    };
    let group = move |_| {
        let query = query.get_untracked();
        set_query.run(ContainerQuery {
            grouping: match query.grouping {
                Grouping::None => Grouping::Project,
                Grouping::Project | Grouping::Host => Grouping::None,
            },
            ..query
        });
    };
    let grouping = move |wanted: Grouping| {
        let pressed = move || (query.read().grouping == wanted).to_string();
        let choose = move |_| {
            set_query.run(ContainerQuery {
                grouping: wanted,
                ..query.get_untracked()
            });
        };
        view! {
            <button type="button" aria-pressed=pressed on:click=choose>{move || (text.get().containers().grouped)(wanted)}</button>
        }
    };
    let live = use_live();
    let hide = move |_| {
        let query = query.get_untracked();
        set_query.run(ContainerQuery {
            hide_stopped: !query.hide_stopped,
            ..query
        });
    };
    view! {
        <button type="button" class="button optional" aria-pressed=move || query.read().hide_stopped.to_string() on:click=hide>
            {say(text, |text| text.containers().hide_stopped)}
        </button>
        <button type="button" class="button optional" aria-pressed=move || (query.read().grouping != Grouping::None).to_string() on:click=group data-testid="group">
            {say(text, |text| text.containers().group)}
        </button>
        <span class="segments optional">{Layout::ALL.iter().copied().map(layout).collect_view()}</span>
        <ViewMenu columns>
            <li><span class="segments">{Density::ALL.iter().copied().map(density).collect_view()}</span></li>
            <Show when=move || live.has_several_hosts()>
                <li><span class="segments" data-testid="grouping">{Grouping::ALL.iter().copied().map(grouping).collect_view()}</span></li>
            </Show>
        </ViewMenu>
    }
}

/// The menu of display options and columns.
#[component]
fn ViewMenu(
    /// The columns of the table.
    columns: Memo<Columns<SortKey>>,
    /// Entries above the columns.
    children: Children,
) -> impl IntoView {
    let text = use_text();
    let preferences = expect_context::<RwSignal<Preferences>>();
    // The style sheet shows it when the column has no room.
    let no_room = move |step: u16| {
        view! { <span class=format!("no-room to-{step}")>{say(text, |text| text.containers().no_room)}</span> }
    };
    let column = move |key: SortKey| {
        let name = key.as_str();
        let shown = move || {
            !preferences
                .read()
                .hidden_columns
                .iter()
                .any(|hidden| hidden == name)
        };
        let toggle = move |_| {
            preferences.update(|preferences| {
                let hidden = &mut preferences.hidden_columns;
                if hidden.iter().any(|hidden| hidden == name) {
                    hidden.retain(|hidden| hidden != name);
                } else {
                    hidden.push(name.to_owned());
                }
            });
        };
        view! {
            <li>
                <label class="check">
                    <input type="checkbox" checked=untrack(shown) prop:checked=shown on:change=toggle />
                    {move || text.get().containers().column(key)}
                    {move || columns.read().start(key).map(no_room)}
                </label>
            </li>
        }
    };
    let choices = SortKey::ALL
        .into_iter()
        .filter(|key| !matches!(key, SortKey::Name | SortKey::State));
    view! {
        <Menu id="view" class="menu optional" face=say(text, |text| text.containers().choose_columns)>
            <ul>{children()}{choices.map(column).collect_view()}</ul>
        </Menu>
    }
}
