//! The recent resource use of a container.

mod figure;
mod table;
mod view;

use crate::{
    client::{RowSignals, use_live, use_zone},
    i18n::{StatsText, say, use_text},
    model::{HISTORY, Timestamp, WorkloadId},
};
use figure::{FIGURES, StatsFigure};
use leptos::prelude::*;
use std::time::Duration;
use table::StatsTable;
use view::StatsView;

/// The time ranges of the charts.
const RANGES: [Duration; 2] = [Duration::from_secs(60), HISTORY];
/// Age from which on figures of a running container are late: one and a half times the longest default
/// interval.
const LATE: Duration = Duration::from_secs(15);

/// Charts of a container's figures, and the same data as a table.
#[component]
pub(super) fn Stats(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let text = use_text();
    let (live, zone) = (use_live(), use_zone());
    let view = StatsView::follow(live, id, &row);
    let note = move || {
        let last = view.newest.get();
        let clock = |at| zone.clock(at);
        note(
            text.get().stats(),
            view.runs.get(),
            last,
            live.now().get(),
            clock,
        )
    };
    let range = move |range: Duration| {
        let pressed = move || (view.range.get() == range).to_string();
        let name = move || (text.get().stats().minutes)(range.as_secs() / 60);
        view! { <button type="button" aria-pressed=pressed on:click=move |_| view.range.set(range)>{name}</button> }
    };
    let moment = move || view.cross.get().map(|at| zone.clock(at));
    view! {
        <div class="stats-bar">
            <span class="muted" role="status" data-testid="stats-note">{note}</span>
            <span class="space"></span>
            <span class="num" data-testid="moment">{moment}</span>
            <span class="segments" role="group" aria-label=say(text, |text| text.stats().range)>{RANGES.map(range).collect_view()}</span>
        </div>
        <div class="charts" role="group" aria-label=say(text, |text| text.stats().charts)>
            {FIGURES.iter().map(|figure| view! { <StatsFigure figure view /> }).collect_view()}
        </div>
        <StatsTable view />
    }
}

/// Why there are no current figures; `None` when there are.
fn note(
    text: &StatsText,
    runs: bool,
    last: Option<Timestamp>,
    now: Timestamp,
    clock: impl Fn(Timestamp) -> String,
) -> Option<String> {
    match (runs, last) {
        (false, None) => Some(text.not_running.to_owned()),
        (false, Some(last)) => Some((text.ended)(&clock(last))),
        (true, None) => Some(text.waiting.to_owned()),
        (true, Some(last)) => (last.age(now) > LATE).then(|| (text.late)(&clock(last))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{i18n::text, model::Language};

    #[test]
    fn why_there_are_no_figures_is_said() {
        let text = text(Language::English).stats();
        let at = Timestamp::from_millis(1_763_687_885_042);
        let clock = |at: Timestamp| at.at_offset(0).clock();
        let note = |runs, last, now: Timestamp| note(text, runs, last, now, clock);
        assert_eq!(note(true, Some(at), at.plus(LATE)), None);
        let late = note(true, Some(at), at.plus(LATE * 2)).unwrap();
        assert!(late.contains("01:18:05"), "{late}");
        assert!(note(true, None, at).unwrap().contains("Waiting"));
        assert!(note(false, None, at).unwrap().contains("Not running"));
        let ended = note(false, Some(at), at).unwrap();
        assert!(
            ended.contains("Not running") && ended.contains("01:18:05"),
            "{ended}"
        );
    }
}
