//! The other findings, and the proxy configuration that fixes them.

use super::copy::CopyButton;
use crate::{
    client::{Observations, driver},
    i18n::{say, use_text},
    model::{Finding, Proxy, Remedy, Severity},
};
use leptos::prelude::*;

/// The findings that are not in the verdict.
#[component]
pub(super) fn Findings(
    /// The observations.
    observed: RwSignal<Observations>,
    /// The proxy whose lines are shown.
    proxy: RwSignal<Proxy>,
) -> impl IntoView {
    let others = Memo::new(move |_| {
        let observed = observed.read();
        // At the end the verdict shows the first finding.
        let said = usize::from(observed.finished);
        observed
            .findings()
            .into_iter()
            .skip(said)
            .collect::<Vec<_>>()
    });
    view! {
        <For each=move || others.get() key=Finding::clone let(finding)>
            <Found finding proxy />
        </For>
    }
}

/// One finding.
#[component]
fn Found(
    /// The finding.
    finding: Finding,
    /// The proxy whose lines are shown.
    proxy: RwSignal<Proxy>,
) -> impl IntoView {
    let text = use_text();
    let tone = match finding.severity() {
        Severity::Fault => "bad",
        Severity::Warning => "warn",
        Severity::Note => "idle",
    };
    let remedy = finding.remedy();
    let said = Memo::new(move |_| (text.get().realtime().finding)(&finding));
    let title = move || {
        let [title, _] = said.get();
        title
    };
    let advice = move || {
        let [_, advice] = said.get();
        advice
    };
    view! {
        <section class=format!("card finding {tone}") data-testid="finding">
            <div class="head">
                <span class="dot" aria-hidden="true"></span>
                <div class="said">
                    <h2 class="title">{title}</h2>
                    <p class="muted">{advice}</p>
                </div>
            </div>
            {remedy.map(|remedy| view! { <Lines remedy proxy /> })}
        </section>
    }
}

/// The lines of a proxy's configuration for a remedy.
#[component]
pub(super) fn Lines(
    /// The remedy.
    remedy: Remedy,
    /// The proxy whose lines are shown.
    proxy: RwSignal<Proxy>,
) -> impl IntoView {
    let text = use_text();
    let choice = move |each: Proxy| {
        let chosen = move || (proxy.get() == each).to_string();
        view! { <button class="button" aria-pressed=chosen on:click=move |_| proxy.set(each)>{each.name()}</button> }
    };
    let copy = Callback::new(move |()| driver::copy(proxy.get_untracked().lines(remedy)));
    let label = Signal::derive(say(text, |text| text.realtime().copy));
    view! {
        <div class="row tools" role="group" aria-label=say(text, |text| text.realtime().proxy)>
            {Proxy::ALL.map(choice).collect_view()}
            <span class="space"></span>
            <CopyButton label copy />
        </div>
        <pre class="mono" tabindex="0" data-testid="lines">{move || proxy.get().lines(remedy)}</pre>
    }
}
