//! The connection of this page.

use crate::{
    client::use_live,
    components::ConnectionState,
    i18n::{say, use_text},
    model::format,
};
use leptos::prelude::*;

/// Statistics of this page's connection.
#[component]
pub(super) fn Summary() -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let summary = live.connection_summary();
    let or_unknown = |value: Option<String>| value.unwrap_or_else(|| format::UNKNOWN.into());
    let newest = move || {
        let newest = summary.read().newest?;
        Some((text.get().realtime().ago)(&format::age(
            newest.age(live.now().get()),
        )))
    };
    let channels = move || {
        let positions = summary.read().positions.clone();
        let positions = positions
            .iter()
            .map(|(channel, seq)| format!("{channel} {seq}"));
        positions.collect::<Vec<_>>().join(" · ")
    };
    let epoch = move || Some(summary.read().epoch.clone()).filter(|epoch| !epoch.is_empty());
    view! {
        <section class="card" data-testid="summary">
            <h2>{say(text, |text| text.realtime().connection)}</h2>
            <dl class="facts">
                <dt>{say(text, |text| text.realtime().state)}</dt>
                <dd><ConnectionState /></dd>
                <dt>{say(text, |text| text.realtime().messages)}</dt>
                <dd class="num" data-testid="messages">{move || format::count(summary.read().messages)}</dd>
                <dt>{say(text, |text| text.realtime().data)}</dt>
                <dd class="num">{move || format::bytes(summary.read().bytes)}</dd>
                <dt>{say(text, |text| text.realtime().rate)}</dt>
                <dd class="num">{move || format::rate(summary.read().rate)}</dd>
                <dt>{say(text, |text| text.realtime().newest)}</dt>
                <dd class="num">{move || or_unknown(newest())}</dd>
                <dt>{say(text, |text| text.realtime().round_trip)}</dt>
                <dd class="num" data-testid="round-trip">{move || or_unknown(summary.read().round_trip_ms.map(|ms| format!("{ms} ms")))}</dd>
                <dt>{say(text, |text| text.realtime().reconnects)}</dt>
                <dd class="num">{move || summary.read().reconnects}</dd>
                <dt>{say(text, |text| text.realtime().run)}</dt>
                <dd class="mono">{move || or_unknown(epoch())}</dd>
                <dt>{say(text, |text| text.realtime().channels)}</dt>
                <dd class="num wrap">{channels}</dd>
            </dl>
        </section>
    }
}
