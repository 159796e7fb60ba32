//! The verdict in one sentence: everything works, or the worst problem and what to do.

use super::{copy::CopyButton, findings::Lines};
use crate::{
    client::{Observations, driver},
    i18n::{say, use_text},
    model::{Finding, Probe, Proxy, Severity},
};
use leptos::prelude::*;

/// The verdict in one sentence: everything works, or the worst problem and what to do.
#[component]
pub(super) fn Verdict(
    /// The observations.
    observed: RwSignal<Observations>,
    /// The proxy whose lines are shown.
    proxy: RwSignal<Proxy>,
    /// Runs the test again.
    on_again: Callback<()>,
) -> impl IntoView {
    let text = use_text();
    let is_over = Memo::new(move |_| observed.read().finished);
    let ended = Memo::new(move |_| observed.read().ended());
    let worst = Memo::new(move |_| observed.read().findings().into_iter().next());
    let tone = move || tone(is_over.get(), worst.get().as_ref());
    let said = Memo::new(move |_| {
        let text = text.get().realtime();
        match (is_over.get(), worst.get()) {
            (false, _) => {
                let progress = (text.progress)(ended.get(), Probe::ALL.len());
                [progress, text.intro.into()]
            }
            (true, None) => [text.all_well.into(), text.all_well_hint.into()],
            (true, Some(worst)) => (text.finding)(&worst),
        }
    });
    let title = move || {
        let [title, _] = said.get();
        title
    };
    let advice = move || {
        let [_, advice] = said.get();
        advice
    };
    let lines = move || {
        let remedy = worst.get().filter(|_| is_over.get())?.remedy()?;
        Some(view! { <Lines remedy proxy /> })
    };
    let copy = Callback::new(move |()| driver::copy_report(&observed.read_untracked()));
    let copy_label = Signal::derive(say(text, |text| text.realtime().copy_report));
    view! {
        <section class=move || format!("card verdict {}", tone()) data-testid="verdict" data-finished=move || is_over.get().then_some("")>
            <div class="head">
                <span class="dot" aria-hidden="true"></span>
                <div class="said">
                    <p class="title" role="status">{title}</p>
                    <p class="muted">{advice}</p>
                </div>
                <div class="row tools">
                    <button class="button" disabled=move || !is_over.get() on:click=move |_| on_again.run(()) data-testid="run-again">
                        {say(text, |text| text.realtime().run_again)}
                    </button>
                    <CopyButton label=copy_label copy />
                </div>
            </div>
            {move || (!is_over.get()).then(|| view! { <Progress ended /> })}
            {lines}
        </section>
    }
}

/// The progress of the test.
#[component]
fn Progress(
    /// Number of probes that have ended.
    ended: Memo<usize>,
) -> impl IntoView {
    let text = use_text();
    let label = say(text, |text| text.frame.realtime_test);
    let all = Probe::ALL.len().to_string();
    view! { <progress aria-label=label max=all prop:value=move || ended.get() as f64></progress> }
}

fn tone(is_over: bool, worst: Option<&Finding>) -> &'static str {
    match (is_over, worst.map(Finding::severity)) {
        (_, Some(Severity::Fault)) => "bad",
        (_, Some(Severity::Warning)) => "warn",
        (true, _) => "ok",
        (false, _) => "idle",
    }
}
