//! A host: its address, its resources and their use.

use super::history::{follow_history, points, traffic};
use crate::{
    client::{HostSignals, use_live},
    components::{LastSeen, Sparkline},
    i18n::{say, use_text},
    model::{AsOf, HostId, HostMetrics, SourceKind, SourceState, format},
    protocol::MetricsSample,
};
use leptos::prelude::*;
use std::{collections::VecDeque, time::Duration};

/// A host with its current figures and those of the last five minutes.
#[component]
pub(super) fn HostCard(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let live = use_live();
    let signals = live.host(&host);
    let history = follow_history(&host, &signals);
    let as_of = signals.metrics_as_of.clone();
    let tiles = TILES
        .map(|tile| view! { <Tile tile signals=signals.clone() history /> })
        .collect_view();
    view! {
        <section class="card host" data-testid="host" data-freshness=move || as_of.get().freshness.mark()>
            <HostTitle host as_of=signals.metrics_as_of.clone() signals />
            <div class="tiles">{tiles}</div>
        </section>
    }
}

/// The name of a host, its operating system or engine, and the freshness of its figures.
#[component]
pub(super) fn HostTitle(
    /// The host.
    host: HostId,
    /// Its signals.
    signals: HostSignals,
    /// The freshness of the figures shown below.
    as_of: ArcRwSignal<AsOf>,
) -> impl IntoView {
    let text = use_text();
    let metrics = signals.metrics.clone();
    let name = {
        let (signals, host) = (signals.clone(), host);
        move || signals.name(&host)
    };
    let uptime = move || {
        let seconds = metrics.read().as_ref()?.uptime;
        Some(format!(
            "{} {}",
            text.get().frame.up,
            format::duration(Duration::from_secs(seconds))
        ))
    };
    let own = signals.metrics.clone();
    // Shown in the navigation instead, when there is room.
    let cost = move || {
        let cost = own.read().as_ref()?.dashboard?;
        let (cpu, memory) = (
            format::percent(cost.cpu_percent),
            format::bytes(cost.memory),
        );
        Some(format!("{} {cpu} · {memory}", text.get().frame.cost))
    };
    let engine = move || {
        let sources = signals.sources.read();
        let engine = sources.get(&SourceKind::Docker)?;
        (engine.state != SourceState::Down)
            .then(|| engine.version.clone())
            .flatten()
    };
    let demo = host.is_demo().then(|| view! { <span class="pill warn"><span class="dot"></span>{say(text, |text| text.frame.demo)}</span> });
    view! {
        <div class="host-title">
            <b>{name}</b>
            {demo}
            <span class="muted">{engine}</span>
            <span class="space"></span>
            <LastSeen as_of />
            <span class="muted num own-cost">{cost}</span>
            <span class="muted num">{uptime}</span>
        </div>
    }
}

/// One of a host's figures.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TileKind {
    Cpu,
    Memory,
    Disk,
    Network,
}

const TILES: [TileKind; 4] = [
    TileKind::Cpu,
    TileKind::Memory,
    TileKind::Disk,
    TileKind::Network,
];

#[component]
fn Tile(
    /// The figure it shows.
    tile: TileKind,
    /// The host's signals.
    signals: HostSignals,
    /// The last five minutes.
    history: RwSignal<VecDeque<MetricsSample>>,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let metrics = signals.metrics;
    let unknown = || format::UNKNOWN.to_owned();
    let value = {
        let metrics = metrics.clone();
        Memo::new(move |_| {
            metrics
                .read()
                .as_ref()
                .and_then(|metrics| value(tile, metrics))
                .unwrap_or_else(unknown)
        })
    };
    let detail = move || {
        let text = text.get().frame;
        metrics.read().as_ref().and_then(|metrics| match tile {
            TileKind::Cpu => {
                let [one, five, fifteen] = metrics.cpu.load_avg;
                Some(format!(
                    "{} {} · {} {one:.2} {five:.2} {fifteen:.2}",
                    metrics.cpu.cores, text.cores, text.load
                ))
            }
            TileKind::Memory => Some(used_of(
                metrics.memory.used,
                metrics.memory.total,
                text.used_of,
            )),
            TileKind::Disk => {
                let disk = metrics.disk.as_ref()?;
                Some(format!(
                    "{} · {}",
                    used_of(disk.used, disk.total, text.used_of),
                    disk.path
                ))
            }
            TileKind::Network => {
                let names: Vec<_> = metrics
                    .networks
                    .iter()
                    .map(|network| network.name.as_str())
                    .collect();
                Some(names.join(" "))
            }
        })
    };
    let name = move || {
        let text = text.get().frame;
        match tile {
            TileKind::Cpu => text.cpu,
            TileKind::Memory => text.memory,
            TileKind::Disk => text.disk,
            TileKind::Network => text.network,
        }
    };
    let points = Signal::derive(move || {
        let now = live.now().get();
        history.with(|samples| points(samples, now, |sample| point(tile, sample)))
    });
    let label = Signal::derive(move || format!("{} {}", name(), value.get()));
    let of = match tile {
        TileKind::Cpu => "cpu",
        TileKind::Memory => "memory",
        TileKind::Disk => "disk",
        TileKind::Network => "network",
    };
    let line = if tile == TileKind::Network {
        view! { <Sparkline points of label /> }.into_any()
    } else {
        view! { <Sparkline points of label top=100.0 /> }.into_any()
    };
    view! {
        <div class="tile">
            <div class="key">{name}</div>
            <div class="value num">{value}</div>
            <div class="detail num">{detail}</div>
            {line}
        </div>
    }
}

fn value(tile: TileKind, metrics: &HostMetrics) -> Option<String> {
    match tile {
        TileKind::Cpu => Some(format::percent(metrics.cpu.usage)),
        TileKind::Memory => Some(format::percent(metrics.memory.usage)),
        TileKind::Disk => metrics
            .disk
            .as_ref()
            .map(|disk| format::percent(disk.usage)),
        TileKind::Network => {
            let (rx, tx) = traffic(metrics)?;
            Some(format!("↓ {}  ↑ {}", format::rate(rx), format::rate(tx)))
        }
    }
}

fn used_of(used: u64, total: u64, of: &str) -> String {
    format!("{} {of} {}", format::bytes(used), format::bytes(total))
}

fn point(tile: TileKind, sample: &MetricsSample) -> Option<f32> {
    match tile {
        TileKind::Cpu => Some(sample.cpu),
        TileKind::Memory => Some(sample.memory),
        TileKind::Disk => sample.disk,
        TileKind::Network => sample
            .rx_rate
            .zip(sample.tx_rate)
            .map(|(rx, tx)| (rx + tx) as f32),
    }
}
