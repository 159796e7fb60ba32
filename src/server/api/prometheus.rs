//! `GET /metrics`: metrics for Prometheus, in its text format.
//!
//! The server's own counters come from [`Instruments`](crate::server::instruments); everything else is
//! read from the state when Prometheus scrapes. An unknown value is omitted, never zero.

use crate::{
    model::{Container, ContainerStats, Dashboard, SourceState},
    protocol::{ApiError, Channel, ErrorCode},
    server::{
        AppState,
        alarms::{self, Rule},
        api::system::own_cost,
        problem::Refusal,
    },
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, EncodeMetric,
        prometheus_text::{CONTENT_TYPE, encode},
    },
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use std::fmt;
use tokio::runtime::Handle;

/// The prefix of all metric names.
const PREFIX: &str = "deckwatch";

/// `GET /metrics`: metrics of the server, the state of its sources, and the resource usage of containers.
///
/// # Errors
/// `internal` if the metrics cannot be encoded.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "prometheus",
    summary = "Figures for Prometheus.",
    responses((status = 200, description = "The text format, version 0.0.4.", body = String))
)]
pub async fn metrics(State(state): State<AppState>) -> Result<Response, Refusal> {
    let mut registry = Registry::with_prefix(PREFIX);
    state
        .directory
        .viewer()
        .instruments()
        .register(&mut registry);
    registry.register_collector(Box::new(Now(state)));
    let mut text = String::new();
    encode(&mut text, &registry)
        .map_err(|_| ApiError::new(ErrorCode::Internal, "the figures could not be written"))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

/// The metrics that are read from the state during the scrape.
#[derive(Debug)]
struct Now(AppState);

impl Collector for Now {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page { encoder };
        own(&self.0, &mut page)?;
        live(&self.0, &mut page)?;
        self.0.directory.viewer().read(|dashboard| {
            sources(dashboard, &mut page)?;
            containers(dashboard, &mut page)
        })
    }
}

fn own(state: &AppState, page: &mut Page<'_>) -> fmt::Result {
    let version = env!("CARGO_PKG_VERSION");
    let build = [([("version", version)], 1_u64)];
    page.gauges("build_info", "The version that runs.", build)?;
    let uptime = state.started.elapsed().as_secs();
    page.gauge("uptime_seconds", "Since the server started.", Some(uptime))?;
    let connections = u64::from(state.gate.connections());
    let help = "Open WebSocket and SSE connections.";
    page.gauge("clients", help, Some(connections))?;
    let tasks = Handle::current().metrics().num_alive_tasks() as u64;
    page.gauge("tasks", "Asynchronous tasks that run.", Some(tasks))?;
    let viewers = |channel| u64::from(state.directory.viewer().demand().viewers(channel));
    let subscriptions = Channel::ALL.map(|channel| ([label(channel)], viewers(channel)));
    page.gauges("subscriptions", "Subscriptions by channel.", subscriptions)?;
    let published =
        Channel::ALL.map(|channel| ([label(channel)], state.directory.viewer().head(channel)));
    page.counters("published", "Messages published by channel.", published)?;
    let help = "Bytes sent over HTTP, without WebSockets.";
    page.counter("http_sent_bytes", help, state.traffic.sent())?;
    let help = "Bytes received over HTTP, without WebSockets.";
    page.counter("http_received_bytes", help, state.traffic.received())?;
    let cost = own_cost(state);
    let cpu = cost.map(|cost| f64::from(cost.cpu_percent));
    page.gauge("cpu_percent", "What the server uses of one core.", cpu)?;
    let memory = cost.map(|cost| cost.memory);
    page.gauge("memory_bytes", "Memory the server has in use.", memory)
}

/// Connections and alarms.
fn live(state: &AppState, page: &mut Page<'_>) -> fmt::Result {
    let open = u64::try_from(state.delivery.sockets()).unwrap_or(u64::MAX);
    page.gauge("sockets_open", "Open WebSockets.", Some(open))?;
    let totals = state.directory.viewer().instruments().totals();
    let mean =
        (totals.sent_messages > 0).then(|| float(totals.sent_bytes) / float(totals.sent_messages));
    let help = "Mean size of the messages sent over WebSockets.";
    page.gauge("socket_message_mean_bytes", help, mean)?;
    let help = "Connections that replaced one of the same client which had ended shortly before.";
    page.counter("reconnects", help, state.gate.reconnects())?;
    let present = alarms::present(state);
    let count = |rule: Rule| {
        let named = present.iter().filter(|alarm| alarm.name == rule.as_str());
        ([("alarm", rule.as_str())], named.count() as u64)
    };
    let help = "Alarms about the server itself, by rule.";
    page.gauges("alarms", help, Rule::ALL.map(count))
}

fn label(channel: Channel) -> (&'static str, &'static str) {
    ("channel", channel.policy().name)
}

fn sources(dashboard: &Dashboard, page: &mut Page<'_>) -> fmt::Result {
    let hosts = dashboard.hosts.iter();
    let sources = hosts.flat_map(|(host, known)| {
        known.sources.iter().map(move |(kind, source)| {
            let kind = format!("{kind:?}").to_lowercase();
            let labels = [("host", host.to_string()), ("source", kind)];
            (labels, u64::from(source.state != SourceState::Down))
        })
    });
    page.gauges("source_up", "Whether a source of figures answers.", sources)?;
    let states = [
        (SourceState::Live, "live"),
        (SourceState::Late, "late"),
        (SourceState::Stale, "stale"),
        (SourceState::Down, "down"),
    ];
    let hosts = dashboard.hosts.iter();
    let sources = hosts.flat_map(|(host, known)| {
        known.sources.iter().flat_map(move |(kind, source)| {
            states.map(|(state, name)| {
                let kind = format!("{kind:?}").to_lowercase();
                let labels = [
                    ("host", host.to_string()),
                    ("source", kind),
                    ("state", name.to_owned()),
                ];
                (labels, u64::from(source.state == state))
            })
        })
    });
    let help = "The state of a source of figures: 1 for the present one.";
    page.gauges("source_state", help, sources)
}

/// One metric of containers.
struct Figure {
    name: &'static str,
    kind: MetricType,
    help: &'static str,
    read: fn(&Container, Option<&ContainerStats>) -> Option<f64>,
}

/// All metrics of containers.
#[rustfmt::skip]
const FIGURES: [Figure; 10] = [
    Figure { name: "running", kind: MetricType::Gauge, help: "Whether it runs.", read: |container, _| Some(f64::from(u8::from(container.state.is_up()))) },
    Figure { name: "restarts", kind: MetricType::Counter, help: "How often the engine has restarted it.", read: |container, _| container.restart_count.map(f64::from) },
    Figure { name: "cpu_percent", kind: MetricType::Gauge, help: "Use of one core; more than 100 is possible.", read: |_, stats| stats?.cpu_percent.map(f64::from) },
    Figure { name: "memory_bytes", kind: MetricType::Gauge, help: "Memory in use without caches.", read: |_, stats| stats?.memory_usage.map(float) },
    Figure { name: "memory_limit_bytes", kind: MetricType::Gauge, help: "Memory it may use at most.", read: |_, stats| stats?.memory_limit.map(float) },
    Figure { name: "network_received_bytes", kind: MetricType::Counter, help: "Bytes received since its start.", read: |_, stats| stats?.network_rx.map(float) },
    Figure { name: "network_sent_bytes", kind: MetricType::Counter, help: "Bytes sent since its start.", read: |_, stats| stats?.network_tx.map(float) },
    Figure { name: "block_read_bytes", kind: MetricType::Counter, help: "Bytes read from block devices since its start.", read: |_, stats| stats?.block_read.map(float) },
    Figure { name: "block_written_bytes", kind: MetricType::Counter, help: "Bytes written to block devices since its start.", read: |_, stats| stats?.block_write.map(float) },
    Figure { name: "pids", kind: MetricType::Gauge, help: "Processes and threads.", read: |_, stats| stats?.pids.map(f64::from) },
];

/// Counters above 2⁵³ lose their last bits, as all values in Prometheus do.
fn float(n: u64) -> f64 {
    n as f64
}

fn containers(dashboard: &Dashboard, page: &mut Page<'_>) -> fmt::Result {
    for figure in &FIGURES {
        let hosts = dashboard.hosts.iter();
        let values = hosts.flat_map(|(host, known)| {
            known.containers.values().filter_map(move |container| {
                let value = (figure.read)(
                    container,
                    known.stats.get(&container.id).map(|stats| &**stats),
                )?;
                let labels = [
                    ("host", host.to_string()),
                    ("id", container.id.short()),
                    ("name", container.name.clone()),
                ];
                Some((labels, value))
            })
        });
        let name = format!("container_{}", figure.name);
        match figure.kind {
            MetricType::Counter => page.counters(&name, figure.help, values)?,
            _ => page.gauges(&name, figure.help, values)?,
        }
    }
    Ok(())
}

/// Writes metrics, one after the other.
struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Page<'_> {
    /// A gauge without labels; omitted if its value is unknown.
    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        value: Option<impl EncodeGaugeValue>,
    ) -> fmt::Result {
        let kind = MetricType::Gauge;
        let encoder = self.encoder.encode_descriptor(name, help, None, kind)?;
        value.map_or(Ok(()), |value| ConstGauge::new(value).encode(encoder))
    }

    /// A gauge with one value per label set.
    fn gauges<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        let kind = MetricType::Gauge;
        let mut encoder = self.encoder.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in values {
            ConstGauge::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    /// A counter without labels. `_total` is appended to its name.
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let kind = MetricType::Counter;
        let encoder = self.encoder.encode_descriptor(name, help, None, kind)?;
        ConstCounter::new(value).encode(encoder)
    }

    /// A counter with one value per label set. `_total` is appended to its name.
    fn counters<L: EncodeLabelSet, V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        let kind = MetricType::Counter;
        let mut encoder = self.encoder.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in values {
            ConstCounter::new(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
