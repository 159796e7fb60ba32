//! The log viewer: lines are drawn by the driver, the controls around them are components.

use super::{controls::Controls, footer::Footer, search_box::SearchBox};
use crate::{
    client::{
        FirstLines, LogLooks, LogSetup, LogSource, driver,
        logs::{LogCommand, LogStatus, LogView},
        use_live,
    },
    components::{Glyph, Icon},
    i18n::{say, use_text},
    model::{LogTimes, Preferences, format},
};
use leptos::{
    html::{Div, Input},
    prelude::*,
};

/// The log viewer, with its controls.
#[component]
pub(in crate::pages) fn LogViewer(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
    /// Changes the URL to another view.
    set_view: Callback<LogView>,
    /// The containers of the shown logs.
    sources: Memo<Vec<LogSource>>,
    /// The content at the beginning of the toolbar.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let preferences = expect_context::<RwSignal<Preferences>>();
    let node = NodeRef::<Div>::new();
    let search = NodeRef::<Input>::new();
    let status = RwSignal::new(LogStatus::default());
    let looks = Memo::new(move |_| {
        let preferences = preferences.read();
        LogLooks {
            times: preferences.log_times,
            wrap: preferences.log_wrap,
            words: &text.get().logs().words,
        }
    });
    let events = live.events();
    let command = driver::show_logs(LogSetup {
        node,
        sources,
        view,
        looks,
        events,
        status,
    });
    listen(search, preferences, command, status);
    // The first view in the browser must be that of the server; the driver replaces it.
    let first_lines = use_context::<FirstLines>()
        .map(|lines| lines.0.to_string())
        .unwrap_or_default();
    let class = move || {
        let looks = looks.get();
        let one = if sources.read().len() == 1 {
            " one"
        } else {
            ""
        };
        let wrap = if looks.wrap { " wrap" } else { "" };
        let times = match looks.times {
            LogTimes::Absolute => "",
            LogTimes::Relative => " ago",
            LogTimes::Off => " timeless",
        };
        format!("lines{one}{wrap}{times}")
    };
    view! {
        <section class="card logs" data-testid="viewer">
            <div class="bar" role="toolbar" aria-label=say(text, |text| text.frame.logs)>
                {children.map(|children| children())}
                <span class="space"></span>
                <SearchBox view set_view command status node=search />
                <Controls view set_view sources command status />
            </div>
            <div class=class node_ref=node role="log" aria-live="off" aria-label=say(text, |text| text.logs().log)
                tabindex="0" data-testid="log" inner_html=first_lines></div>
            <NewLines command status />
            <Footer view sources status />
        </section>
    }
}

/// The button that scrolls to the newest lines.
#[component]
fn NewLines(
    /// Sends a command to the viewer.
    command: Callback<LogCommand>,
    /// The state reported by the viewer.
    status: RwSignal<LogStatus>,
) -> impl IntoView {
    let text = use_text();
    let is_away = Memo::new(move |_| {
        let status = status.read();
        status.has_begun && !status.follows && status.shown > 0
    });
    let label = move || {
        let text = text.get().logs();
        match status.read().fresh {
            0 => text.follow.to_owned(),
            fresh => format!("{} {}", format::count(fresh as u64), text.new_lines),
        }
    };
    view! {
        <Show when=move || is_away.get()>
            <button type="button" class="follow" on:click=move |_| command.run(LogCommand::Follow(true)) data-testid="follow">
                <Icon glyph=Glyph::Down />
                {label}
            </button>
        </Show>
    }
}

/// Handles the viewer's keyboard shortcuts.
fn listen(
    search: NodeRef<Input>,
    preferences: RwSignal<Preferences>,
    command: Callback<LogCommand>,
    status: RwSignal<LogStatus>,
) {
    driver::on_page_key(move |key| {
        match key {
            "/" => {
                if let Some(search) = search.get_untracked() {
                    let _ = search.focus();
                }
            }
            "f" => command.run(LogCommand::Follow(!status.read_untracked().follows)),
            "w" => preferences.update(|preferences| preferences.log_wrap = !preferences.log_wrap),
            _ => return false,
        }
        true
    });
}
