//! The search of the log viewer.

use crate::{
    client::logs::{LogCommand, LogStatus, LogView, Order, Problem},
    components::{Glyph, Icon},
    i18n::{say, use_text},
    model::format,
};
use leptos::{ev, html::Input, prelude::*};

/// The search text, the search options and the number of matches.
#[component]
pub(super) fn SearchBox(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
    /// Changes the URL to another view.
    set_view: Callback<LogView>,
    /// Sends a command to the viewer.
    command: Callback<LogCommand>,
    /// The state reported by the viewer.
    status: RwSignal<LogStatus>,
    /// The text field, for setting the focus.
    node: NodeRef<Input>,
) -> impl IntoView {
    let text = use_text();
    let search = move |text: String| {
        set_view.run(LogView {
            text,
            ..view.get_untracked()
        })
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" => {
            event.prevent_default();
            let order = if event.shift_key() {
                Order::Previous
            } else {
                Order::Next
            };
            command.run(LogCommand::Go(order));
        }
        "Escape" => {
            event.prevent_default();
            search(String::new());
            if let Some(node) = node.get_untracked() {
                let _ = node.blur();
            }
        }
        _ => {}
    };
    let is_wrong =
        Memo::new(move |_| status.read().findings.problem.is_some() && view.read().is_search());
    let count = move || {
        let status = status.read();
        let findings = &status.findings;
        let total = format::count(findings.total);
        view.read().is_search().then(|| match findings.current {
            _ if findings.problem.is_some() => String::new(),
            Some(current) => format!("{} / {total}", format::count(current)),
            None => total,
        })
    };
    let go = move |order, glyph, label: fn(&crate::i18n::LogsText) -> &'static str| {
        let label = move || label(text.get().logs());
        view! {
            <button type="button" class="button icon" aria-label=label title=label disabled=move || status.read().findings.total == 0
                on:click=move |_| command.run(LogCommand::Go(order))><Icon glyph /></button>
        }
    };
    view! {
        <label class="search" class:bad=is_wrong>
            <Icon glyph=Glyph::Search />
            <input type="search" node_ref=node autocomplete="off" spellcheck="false" aria-label=say(text, |text| text.logs().search)
                placeholder=say(text, |text| text.logs().search) aria-invalid=move || is_wrong.get().to_string()
                prop:value=move || view.read().text.clone() on:input=move |event| search(event_target_value(&event)) on:keydown=on_key
                data-testid="search" />
            <span class="faint num" data-testid="matches">{count}</span>
        </label>
        <Show when=move || view.read().is_search()>
            <span class="steps">
                {go(Order::Previous, Glyph::Up, |text| text.previous)}
                {go(Order::Next, Glyph::Down, |text| text.next)}
            </span>
        </Show>
        <Switches view set_view />
        <Complaint status is_wrong />
    }
}

/// The search options.
#[component]
fn Switches(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
    /// Changes the URL to another view.
    set_view: Callback<LogView>,
) -> impl IntoView {
    let text = use_text();
    type Switch = fn(&mut LogView) -> &mut bool;
    let switch = move |sign, label: fn(&crate::i18n::LogsText) -> &'static str, which: Switch| {
        let label = move || label(text.get().logs());
        let pressed = move || (*which(&mut view.get())).to_string();
        let toggle = move |_| {
            let mut view = view.get_untracked();
            let on = which(&mut view);
            *on = !*on;
            set_view.run(view);
        };
        view! {
            <button type="button" aria-label=label title=label aria-pressed=pressed on:click=toggle>{sign}</button>
        }
    };
    view! {
        <span class="segments">
            {switch(".*".into_any(), |text| text.regex, |view| &mut view.regex)}
            {switch("≠".into_any(), |text| text.invert, |view| &mut view.invert)}
            {switch(view! { <Icon glyph=Glyph::Funnel /> }.into_any(), |text| text.only, |view| &mut view.only)}
        </span>
    }
}

/// Why the search cannot be run.
#[component]
fn Complaint(
    /// The state reported by the viewer.
    status: RwSignal<LogStatus>,
    /// Whether the search has a problem.
    is_wrong: Memo<bool>,
) -> impl IntoView {
    let text = use_text();
    let words = move || {
        let text = text.get().logs();
        is_wrong
            .get()
            .then(|| match &status.read().findings.problem {
                Some(Problem::Invalid(why)) => format!("{} {why}", text.invalid),
                Some(Problem::TooSlow) => text.too_slow.to_owned(),
                None => String::new(),
            })
    };
    view! { <span class="complaint" role="status" data-testid="search-problem">{words}</span> }
}
