//! The command palette.

use super::{Glyph, Icon, use_action_requests};
use crate::{
    client::{Live, logs::LogView, use_live},
    i18n::{Text, say, use_text},
    model::{Action, ContainerQuery, Page, WorkloadId},
};
use leptos::{ev, html::Dialog, prelude::*};
use leptos_router::hooks::use_navigate;

/// Most choices shown at once: as many as fit on a screen.
const MAX_CHOICES: usize = 12;

/// A command of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    label: String,
    glyph: Glyph,
    deed: Deed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Deed {
    Open(String),
    Act(Action, WorkloadId),
}

/// The dialog in which pages, containers and actions are found by name.
#[component]
pub fn Palette(
    /// Whether it is open; set to open it.
    is_open: RwSignal<bool>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let requests = use_action_requests();
    let navigate = use_navigate();
    let node = NodeRef::<Dialog>::new();
    let typed = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let choices = Memo::new(move |_| {
        // Not computed while closed, because a thousand containers have many choices.
        if !is_open.get() {
            return Vec::new();
        }
        live.track_list();
        choices(live, text.get(), &typed.read())
    });
    Effect::new(move || {
        let Some(dialog) = node.get() else { return };
        if is_open.get() && !dialog.open() {
            typed.set(String::new());
            at.set(0);
            let _ = dialog.show_modal();
        } else if !is_open.get() {
            dialog.close();
        }
    });
    let run = Callback::new(move |choice: Choice| {
        is_open.set(false);
        match choice.deed {
            Deed::Open(path) => navigate(&path, Default::default()),
            Deed::Act(action, id) => requests.request(action, vec![id]),
        }
    });
    let on_key = move |event: ev::KeyboardEvent| {
        let last = choices.read_untracked().len().saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = (*at + 1).min(last)),
            "ArrowUp" => at.update(|at| *at = at.saturating_sub(1)),
            "Enter" => {
                event.prevent_default();
                if let Some(choice) = choices.read_untracked().get(at.get_untracked()).cloned() {
                    run.run(choice);
                }
                return;
            }
            _ => return,
        }
        event.prevent_default();
    };
    let on_input = move |event| {
        typed.set(event_target_value(&event));
        at.set(0);
    };
    let options = move || {
        let chosen = at.get();
        let views = choices.get().into_iter().enumerate().map(|(i, choice)| {
            let (label, glyph) = (choice.label.clone(), choice.glyph);
            view! {
                <li id=format!("choice-{i}") role="option" aria-selected=(i == chosen).to_string() on:click=move |_| run.run(choice.clone())>
                    <Icon glyph />
                    {label}
                </li>
            }
        });
        views.collect_view()
    };
    view! {
        <dialog class="dialog palette" closedby="any" node_ref=node on:close=move |_| is_open.set(false) aria-label=say(text, |text| text.frame.search_or_act)>
            <input type="text" role="combobox" aria-expanded=move || is_open.get().to_string() aria-controls="choices" autocomplete="off" spellcheck="false"
                aria-label=say(text, |text| text.frame.palette_hint) placeholder=say(text, |text| text.frame.palette_hint)
                aria-activedescendant=move || (!choices.read().is_empty()).then(|| format!("choice-{}", at.get()))
                prop:value=typed on:input=on_input on:keydown=on_key data-testid="palette-input" />
            <ul id="choices" role="listbox" aria-label=say(text, |text| text.frame.search_or_act)>{options}</ul>
            <p class="hint" role="status">{move || (is_open.get() && choices.read().is_empty()).then(|| text.get().frame.no_match)}</p>
        </dialog>
    }
}

fn choices(live: Live, text: &Text, typed: &str) -> Vec<Choice> {
    let typed = typed.trim().to_lowercase();
    let pages = [
        (text.frame.overview, Glyph::Home, Page::Overview),
        (text.frame.containers, Glyph::Box, Page::Containers),
        (text.frame.logs, Glyph::Log, Page::Logs),
        (text.frame.realtime_test, Glyph::Signal, Page::RealtimeTest),
    ];
    let pages = pages.map(|(label, glyph, page)| Choice {
        label: label.to_owned(),
        glyph,
        deed: Deed::Open(page.href()),
    });
    let rows = live.rows(&ContainerQuery::default());
    let opened = rows.iter().map(|row| Choice {
        label: row.workload.name().to_owned(),
        glyph: Glyph::Box,
        deed: Deed::Open(Page::of(row.id).href()),
    });
    let read = rows.iter().map(|row| Choice {
        label: format!("{} {}", text.frame.logs, row.workload.name()),
        glyph: Glyph::Log,
        deed: Deed::Open(LogView::of(row.id).href()),
    });
    let acted = rows
        .iter()
        .filter(|row| !row.workload.is_protected() && live.can_act(row.id))
        .flat_map(|row| {
            let allowed = Action::ALL
                .into_iter()
                .filter(|action| action.allowed(row.workload.state()));
            allowed.map(|action| Choice {
                label: format!(
                    "{} {}",
                    text.containers().action(action),
                    row.workload.name()
                ),
                glyph: Glyph::of(action),
                deed: Deed::Act(action, row.id),
            })
        });
    let matches = |choice: &Choice| {
        let label = choice.label.to_lowercase();
        typed.split_whitespace().all(|word| label.contains(word))
    };
    pages
        .into_iter()
        .chain(opened)
        .chain(acted)
        .chain(read)
        .filter(matches)
        .take(MAX_CHOICES)
        .collect()
}
