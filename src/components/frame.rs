//! The parts around every page.

use super::{A, ConnectionBadge, Glyph, Icon, account::Account};
use crate::{
    client::use_live,
    i18n::{FrameText, say, use_text},
    model::{HostId, Language, Page, Preferences, Theme, format},
};
use leptos::{html::Dialog, prelude::*};
use leptos_router::hooks::use_location;

/// The links to the pages, and the resource use of Deckwatch.
#[component]
pub fn Navigation() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let count = move || format::count(live.totals().get().all.into());
    let mark = move || live.as_of().get().freshness.mark();
    view! {
        <nav class="navigation" aria-label="Deckwatch">
            <A href=Page::Overview.href() exact=true attr:class="brand">
                <Icon glyph=Glyph::Pulse />
                "Deckwatch"
            </A>
            <A href=Page::Overview.href() exact=true attr:class="link">
                <Icon glyph=Glyph::Home />
                {say(text, |text| text.frame.overview)}
            </A>
            <A href=Page::Containers.href() attr:class="link">
                <Icon glyph=Glyph::Box />
                {say(text, |text| text.frame.containers)}
                <span class="count num" data-freshness=mark>{count}</span>
            </A>
            <A href=Page::Logs.href() attr:class="link">
                <Icon glyph=Glyph::Log />
                {say(text, |text| text.frame.logs)}
            </A>
            <A href=Page::RealtimeTest.href() attr:class="link">
                <Icon glyph=Glyph::Signal />
                {say(text, |text| text.frame.realtime)}
            </A>
            <Cost />
        </nav>
    }
}

/// The resource use of Deckwatch on its own machine.
#[component]
fn Cost() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let cost = move || {
        // The host's signals exist only once the host is known.
        live.hosts().track();
        let metrics = live.host(&HostId::default()).metrics;
        let cost = metrics.read().as_ref()?.dashboard?;
        Some(format!(
            "{} {} · {}",
            format::percent(cost.cpu_percent),
            text.get().frame.cpu,
            format::bytes(cost.memory)
        ))
    };
    let mark = move || {
        live.hosts().track();
        live.host(&HostId::default())
            .metrics_as_of
            .get()
            .freshness
            .mark()
    };
    view! {
        <div class="foot" data-freshness=mark>
            {say(text, |text| text.frame.cost)} <br />
            <span class="num">{cost}</span>
        </div>
    }
}

/// Title, search, connection, language, theme and the principal.
#[component]
pub fn Header(
    /// Opens the palette.
    on_search: Callback<()>,
    /// Opens the keyboard help.
    on_help: Callback<()>,
) -> impl IntoView {
    let text = use_text();
    let location = use_location();
    let base = use_live().base();
    let title = move || {
        let path = location.pathname.read();
        title(
            path.strip_prefix(&*base).unwrap_or_default(),
            text.get().frame,
        )
    };
    view! {
        <header class="header">
            <h1>{title}</h1>
            <span class="space"></span>
            <button class="button search-button" aria-label=say(text, |text| text.frame.search_or_act)
                aria-keyshortcuts="Control+K Meta+K" on:click=move |_| on_search.run(())>
                <Icon glyph=Glyph::Search />
                <span class="optional">{say(text, |text| text.frame.search_or_act)}</span>
                <kbd class="optional" aria-hidden="true"></kbd>
            </button>
            <ConnectionBadge />
            <LanguageButton />
            <ThemeButton />
            <button class="button icon optional" aria-label=say(text, |text| text.frame.help) on:click=move |_| on_help.run(())>
                <Icon glyph=Glyph::Help />
            </button>
            <Account />
        </header>
    }
}

fn title(path: &str, text: &FrameText) -> &'static str {
    match Page::parse(path, |_| None) {
        Some(Page::Overview) => text.overview,
        Some(Page::Containers | Page::Container(..)) => text.containers,
        Some(Page::Logs) => text.logs,
        Some(Page::RealtimeTest) => text.realtime_test,
        Some(Page::Settings(_)) => text.settings,
        // Those that only the server renders have another frame.
        Some(Page::Login | Page::Setup) | None => text.not_found,
    }
}

/// Switches to the other language.
#[component]
fn LanguageButton() -> impl IntoView {
    let text = use_text();
    let preferences = expect_context::<RwSignal<Preferences>>();
    let switch = move |_| {
        preferences.update(|preferences| {
            preferences.language = match preferences.language {
                Language::English => Language::Korean,
                Language::Korean => Language::English,
            };
        });
    };
    view! {
        <button class="button quiet" on:click=switch data-testid="language">
            {say(text, |text| text.frame.language)}
        </button>
    }
}

/// Switches from the system's theme to light, to dark, and back.
#[component]
fn ThemeButton() -> impl IntoView {
    let text = use_text();
    let preferences = expect_context::<RwSignal<Preferences>>();
    let theme = move || preferences.with(|preferences| preferences.theme);
    let switch = move |_| {
        preferences.update(|preferences| {
            preferences.theme = match preferences.theme {
                Theme::Auto => Theme::Light,
                Theme::Light => Theme::Dark,
                Theme::Dark => Theme::Auto,
            };
        });
    };
    let label = move || {
        let text = text.get().frame;
        let name = match theme() {
            Theme::Auto => text.theme_auto,
            Theme::Light => text.theme_light,
            Theme::Dark => text.theme_dark,
        };
        format!("{}: {name}", text.theme)
    };
    let icon = move || {
        let glyph = match theme() {
            Theme::Auto => Glyph::HalfMoon,
            Theme::Light => Glyph::Sun,
            Theme::Dark => Glyph::Moon,
        };
        view! { <Icon glyph /> }
    };
    view! {
        <button class="button icon" aria-label=label title=label on:click=switch data-testid="theme">
            {icon}
        </button>
    }
}

/// The dialog with the keyboard shortcuts.
#[component]
pub fn HelpDialog(
    /// Whether it is open; set to open it.
    is_open: RwSignal<bool>,
) -> impl IntoView {
    let text = use_text();
    let node = NodeRef::<Dialog>::new();
    Effect::new(move || {
        let is_open = is_open.get();
        if let Some(dialog) = node.get().filter(|dialog| is_open && !dialog.open()) {
            let _ = dialog.show_modal();
        }
    });
    let rows = move || {
        let keys = text.get().frame.keys;
        keys.map(|(key, meaning)| view! { <dt><kbd>{key}</kbd></dt><dd>{meaning}</dd> })
            .collect_view()
    };
    view! {
        <dialog class="dialog" closedby="any" node_ref=node aria-labelledby="help-title" on:close=move |_| is_open.set(false)>
            <h2 id="help-title">{say(text, |text| text.frame.keyboard)}</h2>
            <dl class="keys">{rows}</dl>
            <form method="dialog" class="row end">
                <button class="button">{say(text, |text| text.frame.close)}</button>
            </form>
        </dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{i18n::text, model::Language};

    #[test]
    fn the_heading_names_the_page() {
        let text = text(Language::English).frame;
        let cases = [
            ("/", text.overview),
            ("/containers", text.containers),
            ("/containers/", text.containers),
            ("/containers/0123456789ab", text.containers),
            ("/containers/0123456789ab/x", text.not_found),
            ("/logs", text.logs),
            ("/containersx", text.not_found),
            ("/realtime-test", text.realtime_test),
            ("/settings", text.settings),
            ("/settings/audit", text.settings),
            ("/nowhere", text.not_found),
        ];
        for (path, expected) in cases {
            assert_eq!(title(path, text), expected, "{path}");
        }
    }
}
