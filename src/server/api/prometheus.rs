//! `GET /metrics`: figures for Prometheus, in its text format.
//!
//! Source of the format: <https://prometheus.io/docs/instrumenting/exposition_formats/>. A figure that
//! is not known is left out, never zero.

use crate::{
    model::{Container, ContainerStats, Dashboard, HostId, SourceState},
    protocol::Channel,
    server::AppState,
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use std::fmt::{Display, Write as _};

/// Of a figure there is only one of.
const NO_LABELS: &[(&str, &str)] = &[];

/// What Prometheus wants to hear.
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`: our own figures, whether the sources answer, and what containers use.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "prometheus",
    summary = "Figures for Prometheus.",
    responses((status = 200, description = "The text format, version 0.0.4.", body = String))
)]
pub async fn metrics(State(state): State<AppState>) -> Response {
    let mut page = Page::default();
    own(&state, &mut page);
    state.hub.read(|dashboard| {
        sources(dashboard, &mut page);
        containers(dashboard, &mut page);
    });
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], page.text).into_response()
}

fn own(state: &AppState, page: &mut Page) {
    let version = env!("CARGO_PKG_VERSION");
    page.about("deckwatch_build_info", "gauge", "The version that runs.");
    page.sample("deckwatch_build_info", &[("version", version)], Some(1));
    page.about(
        "deckwatch_uptime_seconds",
        "gauge",
        "Since the server started.",
    );
    page.sample(
        "deckwatch_uptime_seconds",
        NO_LABELS,
        Some(state.started.elapsed().as_secs()),
    );
    page.about(
        "deckwatch_clients",
        "gauge",
        "Open WebSocket and SSE connections.",
    );
    page.sample(
        "deckwatch_clients",
        NO_LABELS,
        Some(state.gate.connections()),
    );
    page.about(
        "deckwatch_subscriptions",
        "gauge",
        "Subscriptions by channel.",
    );
    for channel in Channel::ALL {
        let labels = [("channel", channel.to_string())];
        page.sample(
            "deckwatch_subscriptions",
            &labels,
            Some(state.hub.demand().viewers(channel)),
        );
    }
    page.about(
        "deckwatch_published_total",
        "counter",
        "Messages published by channel.",
    );
    for channel in Channel::ALL {
        let labels = [("channel", channel.to_string())];
        page.sample(
            "deckwatch_published_total",
            &labels,
            Some(state.hub.head(channel)),
        );
    }
    page.about(
        "deckwatch_http_sent_bytes_total",
        "counter",
        "Bytes sent over HTTP, without WebSockets.",
    );
    page.sample(
        "deckwatch_http_sent_bytes_total",
        NO_LABELS,
        Some(state.traffic.sent()),
    );
    page.about(
        "deckwatch_http_received_bytes_total",
        "counter",
        "Bytes received over HTTP, without WebSockets.",
    );
    page.sample(
        "deckwatch_http_received_bytes_total",
        NO_LABELS,
        Some(state.traffic.received()),
    );
    let cost = state.hub.read(|dashboard| {
        let host = dashboard.hosts.get(&HostId::default())?;
        host.metrics.as_ref()?.dashboard
    });
    page.about(
        "deckwatch_cpu_percent",
        "gauge",
        "What the server uses of one core.",
    );
    page.sample(
        "deckwatch_cpu_percent",
        NO_LABELS,
        cost.map(|cost| cost.cpu_percent),
    );
    page.about(
        "deckwatch_memory_bytes",
        "gauge",
        "Memory the server has in use.",
    );
    page.sample(
        "deckwatch_memory_bytes",
        NO_LABELS,
        cost.map(|cost| cost.memory),
    );
}

fn sources(dashboard: &Dashboard, page: &mut Page) {
    page.about(
        "deckwatch_source_up",
        "gauge",
        "Whether a source of figures answers.",
    );
    for (host, known) in &dashboard.hosts {
        for (kind, source) in &known.sources {
            let labels = [
                ("host", host.to_string()),
                ("source", format!("{kind:?}").to_lowercase()),
            ];
            let is_up = source.state != SourceState::Down;
            page.sample("deckwatch_source_up", &labels, Some(u8::from(is_up)));
        }
    }
}

/// One figure of a container.
struct Figure {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    read: fn(&Container, Option<&ContainerStats>) -> Option<f64>,
}

/// What is told of every container.
#[rustfmt::skip]
const FIGURES: [Figure; 10] = [
    Figure { name: "running", kind: "gauge", help: "Whether it runs.", read: |container, _| Some(f64::from(u8::from(container.state.is_up()))) },
    Figure { name: "restarts_total", kind: "counter", help: "How often the engine has restarted it.", read: |container, _| container.restart_count.map(f64::from) },
    Figure { name: "cpu_percent", kind: "gauge", help: "Use of one core; more than 100 is possible.", read: |_, stats| stats?.cpu_percent.map(f64::from) },
    Figure { name: "memory_bytes", kind: "gauge", help: "Memory in use without caches.", read: |_, stats| stats?.memory_usage.map(float) },
    Figure { name: "memory_limit_bytes", kind: "gauge", help: "Memory it may use at most.", read: |_, stats| stats?.memory_limit.map(float) },
    Figure { name: "network_received_bytes_total", kind: "counter", help: "Bytes received since its start.", read: |_, stats| stats?.network_rx.map(float) },
    Figure { name: "network_sent_bytes_total", kind: "counter", help: "Bytes sent since its start.", read: |_, stats| stats?.network_tx.map(float) },
    Figure { name: "block_read_bytes_total", kind: "counter", help: "Bytes read from block devices since its start.", read: |_, stats| stats?.block_read.map(float) },
    Figure { name: "block_written_bytes_total", kind: "counter", help: "Bytes written to block devices since its start.", read: |_, stats| stats?.block_write.map(float) },
    Figure { name: "pids", kind: "gauge", help: "Processes and threads.", read: |_, stats| stats?.pids.map(f64::from) },
];

/// Counters beyond 2⁵³ lose their last bits, as all values of Prometheus do.
fn float(n: u64) -> f64 {
    n as f64
}

fn containers(dashboard: &Dashboard, page: &mut Page) {
    for figure in &FIGURES {
        let name = format!("deckwatch_container_{}", figure.name);
        page.about(&name, figure.kind, figure.help);
        for (host, known) in &dashboard.hosts {
            for container in known.containers.values() {
                let value = (figure.read)(container, known.stats.get(&container.id));
                let (id, container) = (container.id.short(), container.name.as_str());
                page.sample(
                    &name,
                    &[("host", host.as_str()), ("id", &id), ("name", container)],
                    value,
                );
            }
        }
    }
}

/// What is answered.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn about(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// One line, unless the value is not known.
    fn sample(
        &mut self,
        name: &str,
        labels: &[(&str, impl AsRef<str>)],
        value: Option<impl Display>,
    ) {
        let Some(value) = value else { return };
        self.text.push_str(name);
        for (n, (label, value)) in labels.iter().enumerate() {
            let before = if n == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{label}=\"{}\"", escaped(value.as_ref()));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_labels_are_escaped_and_unknown_figures_left_out() {
        let mut page = Page::default();
        page.sample("a", &[("name", "x\"y\\z\nw")], Some(1.5));
        page.sample("b", &[("name", "")], None::<u8>);
        page.sample("c", &[] as &[(&str, &str)], Some(2));
        assert_eq!(page.text, "a{name=\"x\\\"y\\\\z\\nw\"} 1.5\nc 2\n");
    }
}
