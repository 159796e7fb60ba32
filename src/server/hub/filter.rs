//! The part of the state and of each update that a restricted audience may see.
//!
//! Pure functions from the unrestricted state. A host of which an audience sees only some containers is
//! *partial*: it exists for the audience from its first visible container on, without figures of its own,
//! and only the state of its engine is shown.

use super::Audience;
use crate::model::{
    Container, ContainerId, ContainerStats, Containers, ContainersDelta, Dashboard, Host, HostId,
    SourceState, SourceStatus, Subject, Timestamp, Update, diff,
};
use std::sync::Arc;

/// The part of an update that an audience may see.
#[derive(Debug, Default)]
pub(super) struct Visible {
    /// What to publish to the audience, in this order.
    pub(super) updates: Vec<Update>,
    /// Whether an existing container is no longer visible, because its name, labels or project have changed.
    /// Earlier frames, which describe it, must not be sent any more.
    pub(super) has_left: bool,
}

/// The part of `everything` that `audience` may see.
pub(super) fn visible_part(audience: &Audience, everything: &Dashboard) -> Dashboard {
    let hosts = everything.hosts.iter();
    let hosts = hosts.filter_map(|(name, host)| {
        let seen = match audience.sees_whole(*name) {
            true => Some(host.clone()),
            false => partial(audience, *name, host),
        };
        Some((*name, seen?))
    });
    let events = everything.events.iter();
    Dashboard {
        hosts: hosts.collect(),
        events: events
            .filter(|event| audience.sees_event(event))
            .cloned()
            .collect(),
    }
}

/// The visible part of a partial host; `None` if no container is visible.
fn partial(audience: &Audience, name: HostId, host: &Host) -> Option<Host> {
    let containers = host.containers.iter();
    let containers = containers.filter(|(_, container)| sees(audience, name, container));
    let containers: Containers = containers
        .map(|(id, container)| (*id, Arc::clone(container)))
        .collect();
    if containers.is_empty() {
        return None;
    }
    let sources = host.sources.values().filter_map(restricted);
    let sources = sources.map(|status| (status.source, status)).collect();
    let stats = stats_of(&containers, host.stats.values());
    Some(Host {
        containers_at: Some(listed_at(host)),
        stats: stats.map(|stats| (stats.container_id, stats)).collect(),
        stats_at: host.stats_at,
        sources,
        containers,
        metrics: None,
        metrics_at: None,
    })
}

/// When the list of a partial host was last known to be correct. Not the time of the list itself, which is the
/// time of the last change of any container, visible or not.
fn listed_at(host: &Host) -> Timestamp {
    let engine = host.sources.values().filter(|status| status.is_engine());
    let since = engine.map(|status| status.since).max();
    host.stats_at.max(since).unwrap_or_default()
}

/// The part of `update` that `audience` may see. `view` is the part of the state that it has been sent so far,
/// and `everything` the whole state before the update.
pub(super) fn visible(
    audience: &Audience,
    update: &Update,
    view: &Dashboard,
    everything: &Dashboard,
) -> Visible {
    let name = update.host();
    if audience.sees_whole(name) {
        return Visible::only(Some(update.clone()));
    }
    let shown = view.hosts.get(&name);
    let host = everything.hosts.get(&name);
    match update {
        Update::Containers {
            timestamp, data, ..
        } => {
            let (seen, unseen) = split(audience, name, data);
            let seen = seen.into_iter().map(|container| (container.id, container));
            let none = Containers::new();
            let known = shown.map_or(&none, |host| &host.containers);
            let has_left = unseen.iter().any(|id| known.contains_key(id));
            let delta = diff(known, &seen.collect());
            listed(name, *timestamp, delta, has_left, shown, host)
        }
        Update::ContainersDelta {
            timestamp, delta, ..
        } => {
            let is_known = |id: &_| shown.is_some_and(|host| host.containers.contains_key(id));
            let (upserts, mut removed) = split(audience, name, &delta.upserts);
            removed.retain(is_known);
            let has_left = !removed.is_empty();
            removed.extend(delta.removed.iter().copied().filter(is_known));
            let delta = ContainersDelta { upserts, removed };
            listed(name, *timestamp, delta, has_left, shown, host)
        }
        Update::Stats {
            timestamp, data, ..
        } => Visible::only(shown.map(|host| Update::Stats {
            timestamp: *timestamp,
            host: name,
            data: stats_of(&host.containers, data.iter()).collect(),
        })),
        Update::Metrics { .. } => Visible::default(),
        Update::Event(event) => {
            let is_seen = audience.sees_event(event);
            Visible::only(is_seen.then(|| update.clone()))
        }
        Update::Source(status) => {
            let status = restricted(status).filter(|status| {
                // Only its message or version may have changed.
                shown.is_some_and(|host| host.sources.get(&status.source) != Some(status))
            });
            Visible::only(status.map(Update::Source))
        }
    }
}

impl Visible {
    fn only(update: Option<Update>) -> Self {
        Self {
            updates: update.into_iter().collect(),
            has_left: false,
        }
    }
}

/// The updates for a `delta` of the visible containers of a partial host, of which `shown` has been sent so far.
fn listed(
    name: HostId,
    timestamp: Timestamp,
    delta: ContainersDelta,
    has_left: bool,
    shown: Option<&Host>,
    host: Option<&Host>,
) -> Visible {
    if delta.is_empty() {
        return Visible::default();
    }
    let Some(shown) = shown else {
        // The host appears. The state of its engine comes first, so that its containers are never shown as
        // current while it is away.
        let sources = host.into_iter().flat_map(|host| host.sources.values());
        let sources = sources.filter_map(restricted).map(Update::Source);
        let list = Update::Containers {
            timestamp,
            host: name,
            data: delta.upserts,
        };
        return Visible {
            updates: sources.chain([list]).collect(),
            has_left: false,
        };
    };
    // New subscribers receive the last figures that were sent, so these must not contain those that left.
    let stats = shown.stats_at.filter(|_| has_left).map(|timestamp| {
        let stats = shown.stats.values();
        let stats = stats.filter(|stats| !delta.removed.contains(&stats.container_id));
        Update::Stats {
            timestamp,
            host: name,
            data: stats.cloned().collect(),
        }
    });
    let list = Update::ContainersDelta {
        timestamp,
        host: name,
        delta,
    };
    Visible {
        updates: [list].into_iter().chain(stats).collect(),
        has_left,
    }
}

fn sees(audience: &Audience, host: HostId, container: &Container) -> bool {
    audience.sees(&Subject::of(host, container))
}

/// The visible containers of `list`, and the ids of the others.
fn split(
    audience: &Audience,
    host: HostId,
    list: &[Arc<Container>],
) -> (Vec<Arc<Container>>, Vec<ContainerId>) {
    let (mut seen, mut unseen) = (Vec::new(), Vec::new());
    for container in list {
        match sees(audience, host, container) {
            true => seen.push(Arc::clone(container)),
            false => unseen.push(container.id),
        }
    }
    (seen, unseen)
}

/// The figures of `containers` among `stats`. Figures that were read before a container was renamed have its
/// old name, which may not be visible.
fn stats_of<'a>(
    containers: &Containers,
    stats: impl Iterator<Item = &'a Arc<ContainerStats>>,
) -> impl Iterator<Item = Arc<ContainerStats>> {
    stats.filter_map(|stats| {
        let container = containers.get(&stats.container_id)?;
        if stats.container_name == container.name {
            return Some(Arc::clone(stats));
        }
        let mut renamed = ContainerStats::clone(stats);
        renamed.container_name.clone_from(&container.name);
        Some(Arc::new(renamed))
    })
}

/// The status of an engine as shown for a partial host: its state and the times needed to judge the age of
/// data. Its message, address, version and machine describe the host; the message may contain the address.
/// `None` for a source of the host's own figures.
fn restricted(status: &SourceStatus) -> Option<SourceStatus> {
    let message = match status.state {
        SourceState::Live => None,
        SourceState::Late | SourceState::Stale | SourceState::Down => {
            Some("Only users with access to the whole host see the reason.".to_owned())
        }
    };
    status.is_engine().then_some(SourceStatus {
        host: status.host,
        source: status.source,
        state: status.state,
        since: status.since,
        last_seen: status.last_seen,
        message,
        endpoint: None,
        version: None,
        machine: None,
    })
}
