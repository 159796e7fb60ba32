//! The configuration of a container, its limits and its connections.

use super::{
    data::asked,
    facts::{Folded, Pairs},
    health::Health,
};
use crate::{
    client::{Asked, RowSignals, driver, use_live, use_zone},
    components::ZoneName,
    i18n::{say, use_text},
    model::{
        Attachment, Container, ContainerDetails, ContainerStats, Mount, Port, SortKey, Timestamp,
        WorkloadId, format,
    },
    protocol::workload_path,
};
use leptos::prelude::*;

/// The details, once known.
type Details = Signal<Option<ContainerDetails>>;

/// The overview of a container.
#[component]
pub(super) fn Overview(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
    /// Whether the engine no longer has it.
    is_removed: Signal<bool>,
) -> impl IntoView {
    let text = use_text();
    let asked = details(id, &row, is_removed);
    let known: Details = asked.value.into();
    let labels = {
        let workload = row.workload.clone();
        Memo::new(move |_| {
            let labels = workload.with(|it| it.labels().clone());
            labels.into_iter().collect::<Vec<_>>()
        })
    };
    let env = Memo::new(move |_| {
        let details = known.read();
        let env = details.iter().flat_map(|details| &details.env);
        env.map(|variable| (variable.name.clone(), variable.value.clone()))
            .collect::<Vec<_>>()
    });
    let failure = move || {
        let error = asked.error.get().filter(|_| !is_removed.get())?;
        Some(
            view! { <p class="banner" role="status">{text.get().container().not_read} " " {error.message}</p> },
        )
    };
    view! {
        {failure}
        <div class="columns">
            <div class="stack">
                <RunsAs row=row.clone() known />
                <section class="card" data-testid="env">
                    <h2>{say(text, |text| text.container().env)} <span class="faint">{say(text, |text| text.container().values_hidden)}</span></h2>
                    <Pairs pairs=env none=Signal::derive(say(text, |text| text.containers().none)) />
                </section>
            </div>
            <div class="stack">
                <Use row=row.clone() known />
                <Connections row known />
            </div>
        </div>
        <Health known />
        <section class="card" data-testid="labels">
            <h2>{say(text, |text| text.containers().labels)}</h2>
            <Pairs pairs=labels none=Signal::derive(say(text, |text| text.containers().none)) can_copy=true />
        </section>
    }
}

/// Requests the details, and again after every event of the container.
fn details(id: WorkloadId, row: &RowSignals, is_removed: Signal<bool>) -> Asked<ContainerDetails> {
    let live = use_live();
    let asked = asked(live, id, |given| given.details.take());
    let row = row.clone();
    let version = Memo::new(move |_| {
        let container = row.container();
        let events = live.events();
        let event = events.with(|events| {
            let mut events = events.iter().filter(|event| event.workload() == Some(id));
            events.next().map(|event| event.timestamp)
        });
        let run = (container.state, container.health, container.started_at);
        (run, container.restart_count, event)
    });
    Effect::new(move |before: Option<()>| {
        version.track();
        let is_needed = before.is_some() || asked.is_missing();
        if is_needed && !is_removed.get_untracked() {
            driver::ask(workload_path(id, "details"), move |answer| {
                asked.answer(answer);
            });
        }
    });
    asked
}

#[component]
fn RunsAs(
    /// The container's signals.
    row: RowSignals,
    /// The details, once known.
    known: Details,
) -> impl IntoView {
    let (live, zone) = (use_live(), use_zone());
    let text = use_text();
    let as_of = row.as_of.clone();
    let facts = move || {
        let (text, container) = (text.get(), row.container());
        let details = known.get().unwrap_or_default();
        // A separate closure, so that the passing of time redraws nothing else.
        let time = |at: Timestamp| {
            let as_of = as_of.clone();
            let ago = move || {
                let now = as_of.get().moment(|| live.now().get());
                (text.container().ago)(&format::duration(at.age(now)))
            };
            view! { <time datetime=at.to_string()>{move || zone.local(at).moment()}</time> " " <span class="faint">{ago}</span> }.into_any()
        };
        let words = |text: String| view! { <Folded value=text /> }.into_any();
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let command = [details.entrypoint.as_slice(), &details.command]
            .concat()
            .join(" ");
        let policy = given(&details.restart_policy);
        let restarts = (text.container().restarts)(container.restart_count.unwrap_or(0).into());
        let facts = [
            (text.container().command, given(&command).map(words)),
            (text.container().user, given(&details.user).map(words)),
            (
                text.container().working_dir,
                given(&details.working_dir).map(words),
            ),
            (
                text.container().restart_policy,
                policy.map(|policy| words(format!("{policy} · {restarts}"))),
            ),
            (
                text.containers().column(SortKey::Created),
                Some(time(container.created)),
            ),
            (text.containers().started, container.started_at.map(time)),
            (text.container().finished, container.finished_at.map(time)),
            (
                text.containers().exit_code,
                exit(&container, &details, text.container()).map(words),
            ),
            (text.container().error, given(&details.error).map(words)),
            (
                text.containers().project,
                container.project.clone().map(words),
            ),
        ];
        let shown = facts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        shown
            .map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> })
            .collect_view()
    };
    view! {
        <section class="card">
            <h2>{say(text, |text| text.container().runs_as)} <ZoneName /></h2>
            <dl class="facts" data-testid="facts">{facts}</dl>
        </section>
    }
}

/// The exit code of the last run, and its meaning.
fn exit(
    container: &Container,
    details: &ContainerDetails,
    text: &crate::i18n::ContainerText,
) -> Option<String> {
    let code = container.exit_code?;
    let memory = details.oom_killed.then_some(text.out_of_memory);
    let words: Vec<_> = std::iter::once(text.exit(code))
        .chain(memory.map(str::to_owned))
        .collect();
    Some(format!("{code}: {}", words.join(", ")))
}

/// The resource use, and the limits.
#[component]
fn Use(
    /// The container's signals.
    row: RowSignals,
    /// The details, once known.
    known: Details,
) -> impl IntoView {
    let text = use_text();
    let host = use_live().host(&row.host()).metrics;
    let facts = move || {
        let (words, stats) = (text.get().container(), row.stats());
        let limits = known.get().map(|details| details.limits);
        let limit = |limit: Option<String>| match (&limits, limit) {
            (None, _) => String::new(),
            (Some(_), Some(limit)) => format!("{} {limit}", words.limit),
            (Some(_), None) => words.no_limit.to_owned(),
        };
        let limits = limits.clone().unwrap_or_default();
        let used = |figure: &dyn Fn(&ContainerStats) -> Option<String>| {
            let figure = stats.as_deref().and_then(figure);
            figure.unwrap_or_else(|| format::UNKNOWN.to_owned())
        };
        let network = |stats: &ContainerStats| {
            let (rx, tx) = stats.network_rx_rate.zip(stats.network_tx_rate)?;
            Some(format!("↓ {}  ↑ {}", format::rate(rx), format::rate(tx)))
        };
        let disk = |stats: &ContainerStats| {
            let (read, write) = stats.block_read_rate.zip(stats.block_write_rate)?;
            Some(format!(
                "R {}  W {}",
                format::rate(read),
                format::rate(write)
            ))
        };
        // The CPU limit is also in the list, and the percentage is relative to it.
        let cores = row.container().cores();
        let cpu = used(&|stats| {
            let share = cores.map_or(stats.cpu_percent, |cores| stats.cpu_share(cores));
            share.map(format::percent)
        });
        let cores = cores.map(|cores| (words.cores)(&format::decimal(cores)));
        // A limit of at least the host's memory has no effect.
        let all = host.read_untracked().as_ref().map(|host| host.memory.total);
        let is_limit = |limit: &u64| all.is_none_or(|all| *limit < all);
        let memory = limits.memory.filter(is_limit).map(format::bytes);
        [
            ("CPU", cpu, limit(cores)),
            (words.memory, used(&|stats| stats.memory_usage.map(format::bytes)), limit(memory)),
            ("PIDs", used(&|stats| stats.pids.map(|pids| pids.to_string())), limit(limits.pids.map(format::count))),
            (words.network, used(&network), String::new()),
            (words.disk, used(&disk), String::new()),
        ]
        .into_iter()
        .map(|(name, used, limit)| {
            view! { <dt>{name}</dt><dd><b class="num">{used}</b> " " <span class="faint">{limit}</span></dd> }
        })
        .collect_view()
    };
    view! {
        <section class="card">
            <h2>{say(text, |text| text.container().uses)}</h2>
            <dl class="facts" data-testid="figures">{facts}</dl>
        </section>
    }
}

/// Ports, networks and mounts.
#[component]
fn Connections(
    /// The container's signals.
    row: RowSignals,
    /// The details, once known.
    known: Details,
) -> impl IntoView {
    let text = use_text();
    // The host name in the page's URL is known only in the browser.
    let host = RwSignal::new(None::<String>);
    Effect::new(move || host.set(driver::page_host()));
    let ports = Memo::new(move |_| row.container().ports.clone());
    let none =
        move || view! { <span class="faint">{text.get().containers().none}</span> }.into_any();
    let ports = move || {
        let host = host.get();
        let lines = ports
            .get()
            .into_iter()
            .map(|port| port_line(port, host.as_deref()));
        list(lines.collect()).unwrap_or_else(none)
    };
    let networks = move || {
        let details = known.read();
        let lines = details
            .iter()
            .flat_map(|details| &details.networks)
            .map(network_line);
        list(lines.collect()).unwrap_or_else(none)
    };
    let mounts = move || {
        let (details, text) = (known.read(), text.get().container());
        let lines = details.iter().flat_map(|details| &details.mounts);
        list(lines.map(|mount| mount_line(mount, text)).collect()).unwrap_or_else(none)
    };
    view! {
        <section class="card">
            <h2>{say(text, |text| text.container().connections)}</h2>
            <dl class="facts" data-testid="connections">
                <dt>{move || text.get().containers().column(SortKey::Ports)}</dt><dd>{ports}</dd>
                <dt>{say(text, |text| text.container().networks)}</dt><dd>{networks}</dd>
                <dt>{say(text, |text| text.container().mounts)}</dt><dd>{mounts}</dd>
            </dl>
        </section>
    }
}

fn list(lines: Vec<AnyView>) -> Option<AnyView> {
    let lines: Vec<_> = lines
        .into_iter()
        .map(|line| view! { <li>{line}</li> })
        .collect();
    (!lines.is_empty()).then(|| view! { <ul class="values">{lines}</ul> }.into_any())
}

fn port_line(port: Port, page_host: Option<&str>) -> AnyView {
    let inside = format!("{}/{}", port.private_port, port.protocol);
    let Some(public) = port.public_port else {
        return view! { <span class="mono faint">{inside}</span> }.into_any();
    };
    let href = port.link(page_host);
    let ip = port.ip.unwrap_or_default();
    view! {
        <a class="port" href=href target="_blank" rel="noopener noreferrer">{public}</a>
        <span class="mono faint">{format!("→ {inside} · {ip}")}</span>
    }
    .into_any()
}

fn network_line(attachment: &Attachment) -> AnyView {
    let addresses = attachment.addresses.join(", ");
    view! { <Folded value=attachment.network.clone() /> " " <span class="mono faint">{addresses}</span> }.into_any()
}

fn mount_line(mount: &Mount, text: &'static crate::i18n::ContainerText) -> AnyView {
    let source = if mount.source.is_empty() {
        &mount.kind
    } else {
        &mount.source
    };
    let access = if mount.writable {
        text.writable
    } else {
        text.read_only
    };
    view! {
        <span class="mono"><Folded value=format!("{source} → {}", mount.target) /></span>
        " " <span class="faint">{format!("{} · {access}", mount.kind)}</span>
    }
    .into_any()
}
