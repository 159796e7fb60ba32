//! The tested ways, and the observations of each.

use crate::{
    client::{Observations, SocketTrial},
    components::{Glyph, Icon},
    i18n::{RealtimeText, say, use_text},
    model::{Outcome, Probe, format},
};
use leptos::prelude::*;

/// The tested ways.
#[component]
pub(super) fn Ways(
    /// The observations.
    observed: RwSignal<Observations>,
) -> impl IntoView {
    let text = use_text();
    let row = move |probe: Probe| {
        let outcome = Memo::new(move |_| observed.read().outcome(probe));
        let seen = Memo::new(move |_| seen(probe, &observed.read(), text.get().realtime()));
        let pill = move || {
            let (tone, glyph) = look(outcome.get());
            view! {
                <span class=format!("pill {tone}")>
                    {glyph.map(|glyph| view! { <Icon glyph /> })}
                    {(text.get().realtime().outcome)(outcome.get())}
                </span>
            }
        };
        view! {
            <tr data-probe=format!("{probe:?}")>
                <th scope="row">
                    {move || (text.get().realtime().name)(probe)}
                    <span class="mono faint">{probe.path()}</span>
                </th>
                <td>{pill}</td>
                <td class="muted">{seen}</td>
            </tr>
        }
    };
    view! {
        <section class="card">
            <h2>{say(text, |text| text.realtime().ways)}</h2>
            <table class="ways">
                <colgroup><col class="way" /><col class="result" /><col /></colgroup>
                <thead class="hidden">
                    <tr>
                        <th scope="col">{say(text, |text| text.realtime().way)}</th>
                        <th scope="col">{say(text, |text| text.realtime().result)}</th>
                        <th scope="col">{say(text, |text| text.realtime().seen)}</th>
                    </tr>
                </thead>
                <tbody>{Probe::ALL.map(row).collect_view()}</tbody>
            </table>
        </section>
    }
}

const fn look(outcome: Outcome) -> (&'static str, Option<Glyph>) {
    match outcome {
        Outcome::Waiting | Outcome::Skipped => ("idle", None),
        Outcome::Running => ("idle", Some(Glyph::Pulse)),
        Outcome::Works => ("ok", Some(Glyph::Check)),
        Outcome::Broken => ("bad", Some(Glyph::Close)),
    }
}

/// The observations of a way, as text.
fn seen(probe: Probe, observed: &Observations, text: &RealtimeText) -> String {
    let parts = match probe {
        Probe::Reach => observed
            .reach
            .as_ref()
            .filter(|trial| trial.ended)
            .map(|trial| {
                let version = trial
                    .version
                    .as_ref()
                    .map(|version| format!("Deckwatch {version}"));
                vec![
                    status(trial.status, text),
                    version,
                    Some((text.answered_in)(trial.ms)),
                ]
            }),
        Probe::Binary => observed.binary.as_ref().map(|trial| socket(trial, text)),
        Probe::Json => observed.json.as_ref().map(|trial| socket(trial, text)),
        Probe::DockerStats => observed
            .docker_stats
            .as_ref()
            .map(|trial| socket(trial, text)),
        Probe::Stream => observed.stream.as_ref().map(|trial| {
            let received = (trial.bytes > 0)
                .then(|| (text.received)(trial.events, &format::bytes(trial.bytes)));
            let gap = trial
                .ended
                .then(|| (text.longest_wait)(trial.longest_gap_ms));
            let refused = status(trial.status, text).filter(|_| trial.ended && !trial.is_stream);
            vec![refused, received, trial.first_ms.map(text.first_after), gap]
        }),
        Probe::Polling => observed
            .polling
            .as_ref()
            .filter(|trial| trial.ended || trial.answers > 0)
            .map(|trial| {
                let received = (trial.answers > 0)
                    .then(|| (text.received)(trial.answers, &format::bytes(trial.bytes)));
                let refused =
                    status(trial.status, text).filter(|_| !matches!(trial.status, Some(200 | 304)));
                vec![
                    refused,
                    received,
                    Some((text.answered_in)(trial.slowest_ms)),
                ]
            }),
        Probe::Quiet => observed
            .quiet
            .as_ref()
            .filter(|trial| trial.opened)
            .map(|trial| {
                let quiet = (text.quiet_for)((trial.quiet_ms + 500) / 1_000);
                vec![Some(quiet), trial.closed.map(text.closed_with)]
            }),
    };
    let parts: Vec<_> = parts.unwrap_or_default().into_iter().flatten().collect();
    parts.join(" · ")
}

fn socket(trial: &SocketTrial, text: &RealtimeText) -> Vec<Option<String>> {
    let received =
        (trial.messages > 0).then(|| (text.received)(trial.messages, &format::bytes(trial.bytes)));
    let channels: Vec<_> = trial.channels.iter().map(ToString::to_string).collect();
    vec![
        trial.closed.map(text.closed_with),
        received,
        trial.first_ms.map(text.first_after),
        trial.round_trip_ms.map(text.back_in),
        (!channels.is_empty()).then(|| channels.join(", ")),
    ]
}

fn status(status: Option<u16>, text: &RealtimeText) -> Option<String> {
    Some(status.map_or_else(|| text.no_answer.to_owned(), text.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::PollTrial, i18n::text, model::Language};

    #[test]
    fn what_was_seen_is_told_in_words_and_nothing_before_there_is_anything() {
        let text = text(Language::English).realtime();
        for probe in Probe::ALL {
            assert_eq!(seen(probe, &Observations::default(), text), "", "{probe:?}");
        }
        let observed = Observations {
            json: Some(SocketTrial {
                ended: true,
                opened: true,
                messages: 2,
                bytes: 2_048,
                first_ms: Some(5),
                round_trip_ms: Some(3),
                channels: vec![crate::protocol::Channel::METRICS],
                ..SocketTrial::default()
            }),
            polling: Some(PollTrial {
                ended: true,
                slowest_ms: 9,
                ..PollTrial::default()
            }),
            ..Observations::default()
        };
        assert_eq!(
            seen(Probe::Json, &observed, text),
            "2 messages, 2 KiB · first after 5 ms · round trip 3 ms · metrics"
        );
        assert_eq!(
            seen(Probe::Polling, &observed, text),
            "no answer · answered in 9 ms"
        );
    }
}
