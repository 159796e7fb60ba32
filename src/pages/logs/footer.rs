//! The state of the log viewer.

use crate::{
    client::{
        Connection, LogSource,
        logs::{LogStatus, LogView},
        use_live,
    },
    components::ZoneName,
    i18n::use_text,
    model::{LogTimes, Preferences, format},
};
use leptos::prelude::*;

/// The number and rate of lines, and problems.
#[component]
#[expect(
    clippy::too_many_lines,
    reason = "one view, whose parts are a line or two each"
)]
pub(super) fn Footer(
    /// The shown logs and filters, from the URL.
    view: Memo<LogView>,
    /// The containers of the shown logs.
    sources: Memo<Vec<LogSource>>,
    /// The state reported by the viewer.
    status: RwSignal<LogStatus>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let counts = move || {
        let text = text.get().logs();
        let status = status.read();
        let mut parts = vec![format!(
            "{} {}",
            format::count(status.lines as u64),
            text.lines
        )];
        let mut add = |is_so: bool, n: u64, what: &str| {
            if is_so {
                parts.push(format!("{} {what}", format::count(n)));
            }
        };
        add(
            status.shown != status.lines,
            status.shown as u64,
            text.shown,
        );
        let n_sources = sources.read().len();
        add(n_sources > 1, n_sources as u64, text.containers);
        add(status.rate > 0, status.rate.into(), text.per_second);
        add(status.dropped > 0, status.dropped, text.dropped);
        add(status.held > 0, status.held as u64, text.held);
        if status.findings.is_searching && view.read().is_search() {
            parts.push(text.searching.to_owned());
        }
        if status.has_begun && !status.follows {
            parts.push(text.stopped_by_scrolling.to_owned());
        }
        parts.join(" · ")
    };
    let ends = move || {
        let text = text.get().logs();
        let sources = sources.read();
        let status = status.read();
        let name = |id| {
            sources
                .iter()
                .find(|source| source.id == id)
                .map(|source| source.name.clone())
        };
        let ends = status
            .ended
            .iter()
            .filter_map(|(id, why)| Some(format!("{}: {}", name(*id)?, text.end(*why))));
        ends.chain(status.complaint.clone())
            .collect::<Vec<_>>()
            .join(" · ")
    };
    let connection = move || {
        let text = text.get().logs();
        match live.connection().get() {
            Connection::Live | Connection::Connecting => None,
            Connection::Polling => Some(text.polling),
            _ => Some(text.disconnected),
        }
    };
    let copied = move || {
        let text = text.get().logs();
        let said = status.read().copied?;
        Some(said.map_or_else(
            || text.not_copied.to_owned(),
            |lines| format!("{} {}", format::count(lines as u64), text.copied),
        ))
    };
    let preferences = expect_context::<RwSignal<Preferences>>();
    let has_clock = move || preferences.read().log_times == LogTimes::Absolute;
    view! {
        <Nothing status />
        <div class="bar foot">
            <span class="num" data-testid="counts">{counts}</span>
            <span class="warn" data-testid="ends">{ends}</span>
            <span class="warn" role="status">{connection}</span>
            <span class="space"></span>
            <span role="status" data-testid="copied">{copied}</span>
            <Show when=has_clock><ZoneName /></Show>
        </div>
    }
}

/// Why no lines are shown.
#[component]
fn Nothing(
    /// The state reported by the viewer.
    status: RwSignal<LogStatus>,
) -> impl IntoView {
    let text = use_text();
    let why = Memo::new(move |_| {
        let status = status.read();
        let text = text.get().logs();
        match (status.shown, status.lines, status.has_begun) {
            (0, 0, false) => None,
            (0, 0, true) => Some(text.empty),
            (0, ..) => Some(text.nothing_shown),
            _ => None,
        }
    });
    view! { <p class="nothing" data-testid="nothing">{why}</p> }
}
