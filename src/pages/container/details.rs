//! What a container is.

use crate::{
    client::{RowSignals, use_live},
    i18n::use_text,
    model::{Container, ContainerStats, format},
};
use leptos::prelude::*;

/// What a container is and uses.
#[component]
pub(super) fn Details(
    /// The container's signals.
    row: RowSignals,
) -> impl IntoView {
    let text = use_text();
    let live = use_live();
    let container = row.container.clone();
    let facts = move || {
        let (text, container) = (text.get().containers, container.read());
        let uptime = container.started_at.filter(|_| container.state.is_up());
        let uptime = uptime.map(|at| format::duration(at.age(live.now().get())));
        facts(text, &container, uptime)
            .into_iter()
            .map(|(key, value)| view! { <dt>{key}</dt><dd class="mono">{value}</dd> })
            .collect_view()
    };
    let stats = row.stats.clone();
    let figures = move || {
        let stats = stats.read();
        let all = stats.as_ref().map(figures).unwrap_or_default();
        all.into_iter()
            .map(|(key, value)| view! { <dt>{key}</dt><dd class="num">{value}</dd> })
            .collect_view()
    };
    let labels = move || {
        let container = row.container.read();
        let labels = container.labels.iter();
        labels.map(|(key, value)| view! { <dt class="mono">{key.clone()}</dt><dd class="mono">{value.clone()}</dd> }).collect_view()
    };
    view! {
        <div class="columns">
            <section class="card"><dl class="facts">{facts}</dl></section>
            <section class="card"><dl class="facts" data-testid="figures">{figures}</dl></section>
        </div>
        <section class="card">
            <h2>{move || text.get().containers.labels}</h2>
            <dl class="facts">{labels}</dl>
        </section>
    }
}

fn facts(
    text: &'static crate::i18n::ContainersText,
    container: &Container,
    uptime: Option<String>,
) -> Vec<(&'static str, String)> {
    use crate::model::SortKey;
    let none = || text.none.to_owned();
    let ports: Vec<_> = container
        .ports
        .iter()
        .map(|port| match port.public_port {
            Some(public) => format!(
                "{}:{public} → {}/{}",
                port.ip.as_deref().unwrap_or_default(),
                port.private_port,
                port.protocol
            ),
            None => format!("{}/{}", port.private_port, port.protocol),
        })
        .collect();
    vec![
        (text.id, container.id.to_string()),
        (text.column(SortKey::Image), container.image.clone()),
        (text.project, container.project.clone().unwrap_or_else(none)),
        (text.column(SortKey::Created), container.created.to_string()),
        (
            text.started,
            container.started_at.map_or_else(none, |at| at.to_string()),
        ),
        (
            text.column(SortKey::Uptime),
            uptime.unwrap_or_else(|| container.status.clone()),
        ),
        (
            text.column(SortKey::Restarts),
            container.restart_count.map_or_else(none, |n| n.to_string()),
        ),
        (
            text.exit_code,
            container
                .exit_code
                .map_or_else(none, |code| code.to_string()),
        ),
        (
            text.column(SortKey::Ports),
            if ports.is_empty() {
                none()
            } else {
                ports.join(", ")
            },
        ),
    ]
}

fn figures(stats: &ContainerStats) -> Vec<(&'static str, String)> {
    let known = |text: Option<String>| text.unwrap_or_else(|| format::UNKNOWN.to_owned());
    let pair = |a: Option<u64>, b: Option<u64>| {
        known(
            a.zip(b)
                .map(|(a, b)| format!("{} / {}", format::bytes(a), format::bytes(b))),
        )
    };
    vec![
        ("CPU", known(stats.cpu_percent.map(format::percent))),
        (
            "Memory / limit",
            pair(stats.memory_usage, stats.memory_limit),
        ),
        ("Network rx / tx", pair(stats.network_rx, stats.network_tx)),
        (
            "Block read / write",
            pair(stats.block_read, stats.block_write),
        ),
        ("PIDs", known(stats.pids.map(|pids| pids.to_string()))),
    ]
}
