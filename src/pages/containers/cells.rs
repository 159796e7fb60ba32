//! The cells of a row; each is redrawn only when its own value changes.

use crate::{
    client::{RowSignals, Zone, driver, use_live, use_zone},
    components::{A, ActionFailure, CpuLine, HostLabel, HostName, Meter, MeterKind, StatusPill},
    i18n::use_text,
    model::{
        Container, ContainerState, ContainerStats, Page, Port, SortKey, Workload, WorkloadId,
        format,
    },
};
use leptos::prelude::*;

/// The content of a cell.
#[component]
pub(super) fn CellContent(
    /// The container.
    id: WorkloadId,
    /// The column.
    key: SortKey,
    /// The container's signals.
    row: RowSignals,
) -> impl IntoView {
    match key {
        SortKey::State => view! { <StatusPill workload=row.workload /> }.into_any(),
        SortKey::Name => view! { <Name id row /> }.into_any(),
        SortKey::Uptime => view! { <Uptime row /> }.into_any(),
        SortKey::Health => view! { <HealthWord row /> }.into_any(),
        SortKey::Ports => view! { <Ports id row /> }.into_any(),
        SortKey::Cpu | SortKey::Memory => view! { <Gauge id key row /> }.into_any(),
        SortKey::Network | SortKey::Disk | SortKey::Pids => {
            // Without a memo: formatting the text again and finding it unchanged costs less than a memo.
            let figure = move || {
                let stats = row.stats();
                stats.map_or_else(|| format::UNKNOWN.to_owned(), |stats| figure(key, &stats))
            };
            view! { {figure} }.into_any()
        }
        SortKey::Host => view! { <HostName host=row.host() /> }.into_any(),
        SortKey::Image | SortKey::Restarts | SortKey::Created => {
            let zone = use_zone();
            let word = Memo::new(move |_| word(key, &row.container(), zone));
            view! { <span title=word>{word}</span> }.into_any()
        }
    }
}

fn word(key: SortKey, container: &Container, zone: Zone) -> String {
    match key {
        SortKey::Image => container.image.clone(),
        SortKey::Restarts => container
            .restart_count
            .map_or_else(|| format::UNKNOWN.to_owned(), |n| n.to_string()),
        _ => zone.local(container.created).date(),
    }
}

fn figure(key: SortKey, stats: &ContainerStats) -> String {
    let rates = |down: Option<u64>, up: Option<u64>, arrows: (&str, &str)| match down.zip(up) {
        Some((down, up)) => format!(
            "{} {}\n{} {}",
            arrows.0,
            format::rate(down),
            arrows.1,
            format::rate(up)
        ),
        None => format::UNKNOWN.to_owned(),
    };
    match key {
        SortKey::Network => rates(stats.network_rx_rate, stats.network_tx_rate, ("↓", "↑")),
        SortKey::Disk => rates(stats.block_read_rate, stats.block_write_rate, ("R", "W")),
        _ => stats
            .pids
            .map_or_else(|| format::UNKNOWN.to_owned(), |pids| pids.to_string()),
    }
}

#[component]
fn Name(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let (named, grouped) = (row.clone(), row.workload.clone());
    let name = Memo::new(move |_| named.name());
    let project = Memo::new(move |_| grouped.with(|it| it.group().map(str::to_owned)));
    view! {
        <A href=Page::of(id).href() attr:class="name">{name}</A>
        <HostLabel host=row.host() />
        {move || project.get().map(|project| view! { <div class="sub">{project}</div> })}
        <ActionFailure id row />
    }
}

#[component]
fn Uptime(
    /// The container's signals.
    row: RowSignals,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let uptime = Memo::new(move |_| {
        let (container, text) = (row.container(), text.get().containers());
        if container.state.has_stats() {
            let uptime = container.uptime(row.moment(live.now()))?;
            return Some(format::duration(uptime));
        }
        if container.state == ContainerState::Restarting {
            return text.last_run(&container, "\n");
        }
        Some(format!("{} {}", text.exit_code, container.exit_code?))
    });
    view! { <span>{move || uptime.get().unwrap_or_else(|| format::UNKNOWN.to_owned())}</span> }
}

#[component]
fn HealthWord(
    /// The container's signals.
    row: RowSignals,
) -> impl IntoView {
    let text = use_text();
    let health = Memo::new(move |_| row.workload.with(Workload::health));
    move || {
        health.get().map_or(format::UNKNOWN, |health| {
            text.get().containers().health(health)
        })
    }
}

/// The CPU or memory of a running container.
#[component]
fn Gauge(
    /// The container.
    id: WorkloadId,
    /// CPU or memory.
    key: SortKey,
    /// The container's signals.
    row: RowSignals,
) -> impl IntoView {
    let workload = row.workload.clone();
    let has_figures = Memo::new(move |_| workload.with(|it| it.state().has_stats()));
    let kind = if key == SortKey::Cpu {
        MeterKind::Cpu
    } else {
        MeterKind::Memory
    };
    view! {
        <Show when=move || has_figures.get() fallback=|| format::UNKNOWN>
            <div class="gauge">
                <Meter kind row=row.clone() />
                {(key == SortKey::Cpu).then(|| view! { <CpuLine id /> })}
            </div>
        </Show>
    }
}

/// Number of digits of ports that fit in the column; a link leads to all ports.
const PORT_DIGITS: usize = 8;

#[component]
fn Ports(
    /// The container.
    id: WorkloadId,
    /// The container's signals.
    row: RowSignals,
) -> impl IntoView {
    let name = row.host();
    let signals = use_live().host(&name);
    let ports = Memo::new(move |_| published(&row.container()));
    // The host name in the page's URL is known only in the browser.
    let page_host = RwSignal::new(None::<String>);
    Effect::new(move || page_host.set(driver::page_host()));
    let links = move || {
        let own = page_host.get().filter(|_| !signals.is_address_hidden(name));
        let host = signals.address().or(own);
        let ports = ports.get();
        let shown = ports_with_room(&ports);
        let rest = ports.len() - shown;
        let views = ports.into_iter().take(shown).map(|port| {
            let href = port.link(host.as_deref());
            view! { <a class="port" href=href target="_blank" rel="noopener noreferrer">{port.public_port}</a> }
        });
        let more = (rest > 0)
            .then(|| view! { <A href=Page::of(id).href() attr:class="port">"+"{rest}</A> });
        (views.collect_view(), more)
    };
    view! { <span class="port-list">{links}</span> }
}

/// Number of leading ports that fit; the others are only counted.
fn ports_with_room(ports: &[Port]) -> usize {
    let digits = |port: &Port| port.public_port.map_or(0, |port| port.to_string().len());
    if ports.len() <= 2 && ports.iter().map(digits).sum::<usize>() <= PORT_DIGITS {
        ports.len()
    } else {
        1
    }
}

/// Published TCP ports.
fn published(container: &Container) -> Vec<Port> {
    let is_published = |port: &&Port| port.protocol == "tcp" && port.public_port.is_some();
    let published = container.ports.iter().filter(is_published);
    let mut published: Vec<_> = published.cloned().collect();
    // An engine lists a port once per IP version.
    published.dedup_by_key(|port| port.public_port);
    published
}
