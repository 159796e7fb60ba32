//! The health check of a container.

use super::facts::Folded;
use crate::{
    client::use_zone,
    i18n::{say, use_text},
    model::{CheckResult, ContainerDetails, HealthCheck, format},
};
use leptos::prelude::*;
use std::time::Duration;

/// The health check and its last results; empty when there is none.
#[component]
pub(super) fn Health(
    /// The details, once known.
    known: Signal<Option<ContainerDetails>>,
) -> impl IntoView {
    let check = Memo::new(move |_| {
        known
            .read()
            .as_ref()
            .and_then(|known| known.health_check.clone())
    });
    move || check.get().map(|check| view! { <Check check /> })
}

#[component]
fn Check(
    /// The check.
    check: HealthCheck,
) -> impl IntoView {
    let text = use_text();
    let interval =
        (check.interval_ms > 0).then(|| format::duration(Duration::from_millis(check.interval_ms)));
    let zone = use_zone();
    let every = move || {
        let every = interval.as_deref();
        let every = every.map(|interval| (text.get().container().every)(interval));
        let parts: Vec<_> = every.into_iter().chain([zone.name()]).collect();
        parts.join(" · ")
    };
    let streak = check.failing_streak;
    let failing = move || (streak > 0).then(|| (text.get().container().failed_in_a_row)(streak));
    let result = move |result: CheckResult| {
        let (class, word) = if result.exit_code == 0 {
            (
                "pill ok",
                text.get_untracked().container().passed.to_owned(),
            )
        } else {
            let word = text.get_untracked().container().failed;
            ("pill bad", format!("{word} ({})", result.exit_code))
        };
        view! {
            <li>
                <time class="num faint" datetime=result.at.to_string()>{move || zone.local(result.at).moment()}</time>
                <span class=class><span class="dot" aria-hidden="true"></span>{word}</span>
                <span class="mono muted said"><Folded value=result.output /></span>
            </li>
        }
    };
    view! {
        <section class="card" data-testid="health">
            <h2>{say(text, |text| text.container().health_check)} <span class="faint">{every}</span></h2>
            <div class="said-by">
                <span class="mono"><Folded value=check.command.join(" ") /></span>
                <b class="bad-text">{failing}</b>
            </div>
            <ul class="list">{check.results.into_iter().map(result).collect_view()}</ul>
        </section>
    }
}
