//! The state of the server itself, updated while the page is open.

use super::data::{Asked, Failure};
use crate::{
    client::{SettingsData, driver, use_live},
    i18n::{say, use_settings_text},
    model::format,
    protocol::{Alarm, StorageStatus, StorageWord, SystemStatus},
};
use leptos::prelude::*;
use std::time::Duration;

const URL: &str = "/api/system";
/// Time between two requests, like the default one between samples of a host.
const EVERY: Duration = Duration::from_secs(2);

/// The state of the server itself.
#[component]
pub(super) fn System() -> impl IntoView {
    let live = use_live();
    let text = use_settings_text();
    let asked = Asked::beginning(live, |data| match data {
        SettingsData::System(status) => Some(status),
        _ => None,
    });
    Effect::new(move || {
        let after = if asked.is_missing() {
            Duration::ZERO
        } else {
            EVERY
        };
        driver::keep_asking(URL.to_owned(), after, EVERY, move |answer| {
            asked.answer(answer)
        });
    });
    let of = move |pick: fn(&SystemStatus) -> String| {
        Memo::new(move |_| asked.value.read().as_ref().map(pick))
    };
    let version = of(|status| status.version.clone());
    let uptime = of(|status| format::duration(Duration::from_millis(status.uptime_ms)));
    let clients = move || {
        let status = asked.value.read();
        let status = status.as_ref()?;
        Some((text.get().of_at_most)(status.clients, status.max_clients))
    };
    let storage = Memo::new(move |_| {
        let status = asked.value.read();
        status.as_ref().map(|status| status.storage.clone())
    });
    let is_old = move || asked.error.read().is_some().then_some("stale");
    view! {
        <section class="card" aria-labelledby="system-title" data-testid="system">
            <div class="card-head">
                <h2 id="system-title">{say(text, |text| text.sections[4])}</h2>
                <span class="faint optional">{say(text, |text| text.system_hint)}</span>
            </div>
            <Failure error=asked.error />
            <dl class="facts" data-freshness=is_old>
                <dt>{say(text, |text| text.version)}</dt>
                <dd class="num" data-testid="version">{version}</dd>
                <dt>{say(text, |text| text.uptime)}</dt>
                <dd class="num">{uptime}</dd>
                <dt>{say(text, |text| text.clients)}</dt>
                <dd class="num" data-testid="clients">{clients}</dd>
                <dt>{say(text, |text| text.storage)}</dt>
                <dd>{move || storage.get().map(|storage| view! { <Storage storage /> })}</dd>
            </dl>
        </section>
        <Alarms asked />
    }
}

/// Whether the storage works, and why not.
#[component]
fn Storage(
    /// The state of the storage.
    storage: StorageStatus,
) -> impl IntoView {
    let text = use_settings_text();
    let is_ready = storage.state == StorageWord::Ready;
    let tone = if is_ready { "pill ok" } else { "pill bad" };
    let word = move || {
        let text = text.get();
        if is_ready {
            text.storage_ready
        } else {
            text.storage_failing
        }
    };
    view! {
        <span class=tone><span class="dot" aria-hidden="true"></span>{word}</span>
        " "
        <span class="muted">{storage.reason}</span>
    }
}

/// What needs attention.
#[component]
fn Alarms(
    /// The state of the server.
    asked: Asked<SystemStatus>,
) -> impl IntoView {
    let text = use_settings_text();
    let alarms = Memo::new(move |_| {
        let status = asked.value.read();
        status.as_ref().map(|status| status.alarms.clone())
    });
    let content = move || {
        let alarms = alarms.get()?;
        if alarms.is_empty() {
            return Some(view! { <p class="none">{text.get().no_alarms}</p> }.into_any());
        }
        let alarm = |alarm: Alarm| {
            view! {
                <li>
                    <span class="pill warn"><span class="dot" aria-hidden="true"></span>{alarm.name}</span>
                    <span class="said">{alarm.text}</span>
                </li>
            }
        };
        let alarms = alarms.into_iter().map(alarm).collect_view();
        Some(view! { <ul class="list">{alarms}</ul> }.into_any())
    };
    view! {
        <section class="card" aria-labelledby="alarms-title" data-testid="alarms">
            <div class="card-head"><h2 id="alarms-title">{say(text, |text| text.alarms)}</h2></div>
            {content}
        </section>
    }
}
