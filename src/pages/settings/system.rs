//! The state of the server itself, updated while the page is open.

use super::data::{Failure, asked};
use crate::{
    client::{Asked, SettingsData, driver, use_live},
    i18n::{RecentOfAll, SettingsText, say, use_settings_text},
    model::{SourceKind, SourceState, SourceStatus, format},
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
    let asked = asked(live, |data| match data {
        SettingsData::System(status) => Some(*status),
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
    view! {
        <Figures asked />
        <Alarms asked />
        <Sources asked />
    }
}

/// A figure: its name in the document, its label, and its text; `None` while it is unknown.
type Figure = (
    &'static str,
    fn(&SettingsText) -> &'static str,
    fn(&SettingsText, &SystemStatus) -> Option<String>,
);

/// The figures, in the order of the page.
const FIGURES: [Figure; 12] = [
    (
        "version",
        |text| text.version,
        |_, status| Some(status.version.clone()),
    ),
    (
        "uptime",
        |text| text.uptime,
        |_, status| Some(duration(status.uptime_ms)),
    ),
    (
        "cpu",
        |text| text.cpu,
        |_, status| status.cpu_percent.map(format::percent),
    ),
    (
        "memory",
        |text| text.memory,
        |_, status| status.memory.map(format::bytes),
    ),
    (
        "clients",
        |text| text.clients,
        |text, status| Some((text.of_at_most)(status.clients, status.max_clients)),
    ),
    (
        "sent",
        |text| text.sent_messages,
        |text, status| {
            let (recent, all) = (&status.recent, &status.sockets);
            Some(counts(
                text,
                status,
                recent.sent_messages,
                all.sent_messages,
            ))
        },
    ),
    (
        "failed",
        |text| text.failed_sends,
        |text, status| {
            let (recent, all) = (&status.recent, &status.sockets);
            Some(counts(
                text,
                status,
                recent.failed_messages,
                all.failed_messages,
            ))
        },
    ),
    (
        "reconnects",
        |text| text.reconnects,
        |text, status| {
            let (recent, all) = (&status.recent, &status.sockets);
            Some(counts(text, status, recent.reconnects, all.reconnects))
        },
    ),
    (
        "lost",
        |text| text.lost,
        |text, status| {
            let sockets = &status.sockets;
            let (resyncs, gaps) = (
                format::count(sockets.resyncs),
                format::count(sockets.log_gaps),
            );
            Some((text.lost_counts)(&resyncs, &gaps))
        },
    ),
    (
        "message-size",
        |text| text.message_size,
        |_, status| {
            let sockets = &status.sockets;
            let size = sockets.sent_bytes.checked_div(sockets.sent_messages);
            size.map(format::bytes)
        },
    ),
    (
        "delivery-time",
        |text| text.delivery_time,
        |_, status| {
            let micros = status.sockets.mean_delivery_us?;
            Some(format!("{} ms", format::decimal(micros as f32 / 1_000.0)))
        },
    ),
    (
        "connection-time",
        |text| text.connection_time,
        |_, status| status.sockets.mean_duration_ms.map(duration),
    ),
];

fn duration(ms: u64) -> String {
    format::duration(Duration::from_millis(ms))
}

fn counts(text: &SettingsText, status: &SystemStatus, recent: u64, all: u64) -> String {
    (text.recent_of_all)(&RecentOfAll {
        recent: format::count(recent),
        window: duration(status.recent.window_ms),
        all: format::count(all),
    })
}

/// The figures of the server, and the state of its storage.
#[component]
fn Figures(
    /// The state of the server.
    asked: Asked<SystemStatus>,
) -> impl IntoView {
    let text = use_settings_text();
    let storage = Memo::new(move |_| {
        let status = asked.value.read();
        status.as_ref().map(|status| status.storage.clone())
    });
    let is_old = move || asked.error.read().is_some().then_some("stale");
    let figure = |(name, label, value): Figure| {
        let value = Memo::new(move |_| {
            let status = asked.value.read();
            status.as_ref().and_then(|status| value(text.get(), status))
        });
        view! {
            <dt>{move || label(text.get())}</dt>
            <dd class="num" data-testid=name>{move || value.get().unwrap_or_else(|| "–".into())}</dd>
        }
    };
    view! {
        <section class="card" aria-labelledby="system-title" data-testid="system">
            <div class="card-head">
                <h2 id="system-title">{say(text, |text| text.sections[4])}</h2>
                <span class="faint optional">{say(text, |text| text.system_hint)}</span>
            </div>
            <Failure error=asked.error />
            <dl class="facts" data-freshness=is_old>
                {FIGURES.map(figure).collect_view()}
                <dt>{say(text, |text| text.storage)}</dt>
                <dd>{move || storage.get().map(|storage| view! { <Storage storage /> })}</dd>
            </dl>
        </section>
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
            let name = alarm.name.clone();
            view! {
                <li data-alarm=name>
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

/// The sources of figures, with their states.
#[component]
fn Sources(
    /// The state of the server.
    asked: Asked<SystemStatus>,
) -> impl IntoView {
    let text = use_settings_text();
    let sources = Memo::new(move |_| {
        let status = asked.value.read();
        status.as_ref().map(|status| status.sources.clone())
    });
    let content = move || {
        let source = |status: SourceStatus| view! { <Source status /> };
        let sources = sources.get()?.into_iter().map(source).collect_view();
        Some(view! { <ul class="list">{sources}</ul> })
    };
    view! {
        <section class="card" aria-labelledby="sources-title" data-testid="sources">
            <div class="card-head"><h2 id="sources-title">{say(text, |text| text.sources)}</h2></div>
            {content}
        </section>
    }
}

/// One source.
#[component]
fn Source(
    /// Its status.
    status: SourceStatus,
) -> impl IntoView {
    let text = use_settings_text();
    let tone = match status.state {
        SourceState::Live => "pill ok",
        SourceState::Late => "pill warn",
        SourceState::Stale | SourceState::Down => "pill bad",
    };
    let kind = match status.source {
        SourceKind::Docker => "Docker",
        SourceKind::System => "System",
        SourceKind::Demo => "Demo",
    };
    let state = status.state;
    view! {
        <li data-source=format!("{}/{kind}", status.host)>
            <span class=tone>
                <span class="dot" aria-hidden="true"></span>
                {move || (text.get().source_state)(state)}
            </span>
            <span class="said">
                <b>{status.host.to_string()}</b> " " {status.version.unwrap_or_else(|| kind.to_owned())} " "
                <span class="muted">{status.message}</span>
            </span>
        </li>
    }
}
