//! From the engine's descriptions to [`Container`]: pure functions.

use super::super::redact;
use crate::model::{
    COMPOSE_PROJECT_LABEL, Container, ContainerId, ContainerState, HIDE_LABEL, Health,
    PROTECT_LABEL, Port, Timestamp,
};
use bollard::models::{ContainerInspectResponse, ContainerSummary, PortSummary};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The label under which podman-compose keeps the name of the project.
const PODMAN_PROJECT_LABEL: &str = "io.podman.compose.project";

/// What the engine's list tells of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: ContainerId,
    pub(super) name: String,
    pub(super) image: String,
    pub(super) state: ContainerState,
    pub(super) status: String,
    pub(super) created: Timestamp,
    pub(super) ports: Vec<Port>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) project: Option<String>,
    pub(super) protected: bool,
}

/// What only inspecting tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Details {
    /// What it is doing; absent when the engine's word for it is not known.
    pub(super) state: Option<ContainerState>,
    pub(super) health: Option<Health>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) restart_count: Option<u32>,
    pub(super) exit_code: Option<i32>,
    /// Its first process, as the engine's host numbers it.
    pub(super) pid: Option<u32>,
    /// It shares the host's network.
    pub(super) host_network: bool,
}

/// Why a container of the list is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Omitted {
    /// Its owner does not want it to be.
    Hidden,
    /// Its id is none.
    BadId,
}

/// Whether a container with these labels asks not to be shown.
pub(super) fn is_hidden(labels: &HashMap<String, String>) -> bool {
    is_true(labels.get(HIDE_LABEL))
}

fn is_true(label: Option<&String>) -> bool {
    label.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

/// Reads one entry of the engine's list; `own` is Deckwatch's own container.
pub(super) fn listed(
    summary: ContainerSummary,
    own: Option<ContainerId>,
) -> Result<Listed, Omitted> {
    let labels = summary.labels.unwrap_or_default();
    if is_hidden(&labels) {
        return Err(Omitted::Hidden);
    }
    let id = summary.id.unwrap_or_default();
    let id: ContainerId = id.parse().map_err(|_| Omitted::BadId)?;
    let state = summary.state.map(|state| state.to_string());
    let project = [COMPOSE_PROJECT_LABEL, PODMAN_PROJECT_LABEL]
        .into_iter()
        .find_map(|label| labels.get(label).filter(|project| !project.is_empty()));
    Ok(Listed {
        id,
        name: name(summary.names.unwrap_or_default(), id),
        image: summary.image.unwrap_or_default(),
        state: state_from_engine(state.as_deref().unwrap_or_default()),
        status: redact::mask_text(&summary.status.unwrap_or_default()).into_owned(),
        created: Timestamp::from_millis(summary.created.unwrap_or(0).saturating_mul(1_000)),
        ports: ports(summary.ports.unwrap_or_default()),
        project: project.cloned(),
        protected: is_true(labels.get(PROTECT_LABEL)) || own == Some(id),
        labels: labels
            .into_iter()
            .map(|(name, value)| {
                let value = redact::mask_value(&name, &value);
                (name, value)
            })
            .collect(),
    })
}

/// Podman says `stopping` of what still runs.
fn state_from_engine(word: &str) -> ContainerState {
    match word {
        "stopping" => ContainerState::Running,
        word => ContainerState::from_engine(word),
    }
}

/// Its own name: the one without a slash inside, which links of other containers have.
fn name(names: Vec<String>, id: ContainerId) -> String {
    let mut names = names
        .into_iter()
        .map(|name| name.strip_prefix('/').map(str::to_owned).unwrap_or(name))
        .filter(|name| !name.is_empty())
        .collect::<Vec<_>>();
    names.sort_by_key(|name| name.contains('/'));
    names.into_iter().next().unwrap_or_else(|| id.short())
}

/// Sorted, without duplicates. Docker tells of a port published on every address twice, for IPv4
/// and IPv6; the IPv4 one stands for both.
fn ports(summaries: Vec<PortSummary>) -> Vec<Port> {
    let ports: BTreeSet<Port> = summaries.into_iter().map(port).collect();
    let is_any = |port: &Port, address: &str| port.ip.as_deref() == Some(address);
    let doubled = |port: &Port| {
        is_any(port, "::")
            && ports.contains(&Port {
                ip: Some("0.0.0.0".to_owned()),
                ..port.clone()
            })
    };
    let mut kept: Vec<Port> = ports
        .iter()
        .filter(|port| !doubled(port))
        .cloned()
        .collect();
    kept.sort_by(|a, b| {
        (a.private_port, &a.protocol, a.public_port, &a.ip).cmp(&(
            b.private_port,
            &b.protocol,
            b.public_port,
            &b.ip,
        ))
    });
    kept
}

fn port(summary: PortSummary) -> Port {
    let protocol = summary.typ.map(|typ| typ.to_string());
    Port {
        ip: summary.ip.filter(|ip| !ip.is_empty()),
        private_port: summary.private_port,
        public_port: summary.public_port.filter(|port| *port != 0),
        protocol: protocol
            .filter(|protocol| !protocol.is_empty())
            .unwrap_or_else(|| "tcp".to_owned()),
    }
}

/// Reads what inspecting told.
pub(super) fn details(inspected: ContainerInspectResponse) -> Details {
    let state = inspected.state.unwrap_or_default();
    let runs = state.running.unwrap_or(false);
    let finished_at = time(state.finished_at.as_deref()).filter(|_| !runs);
    let network = inspected.host_config.and_then(|config| config.network_mode);
    let word = state.status.as_ref().map(AsRef::as_ref);
    Details {
        state: word
            .map(state_from_engine)
            .filter(|state| *state != ContainerState::Unknown),
        health: state
            .health
            .and_then(|health| health.status)
            .and_then(|status| health(status.as_ref())),
        started_at: time(state.started_at.as_deref()),
        // A container that never ran has exit code 0 and no end.
        exit_code: finished_at.and_then(|_| i32::try_from(state.exit_code?).ok()),
        finished_at,
        restart_count: inspected
            .restart_count
            .and_then(|count| u32::try_from(count).ok()),
        pid: state
            .pid
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid > 0),
        host_network: network.as_deref() == Some("host"),
    }
}

/// Engines write the year 1 for "never".
fn time(text: Option<&str>) -> Option<Timestamp> {
    let at: Timestamp = text?.parse().ok()?;
    (at.as_millis() > 0).then_some(at)
}

/// The engine's word for a health; `none` and everything unknown is no health.
pub(super) fn health(word: &str) -> Option<Health> {
    Health::ALL
        .into_iter()
        .find(|health| health.as_str() == word)
}

/// The health the status text tells, e.g. `Up 3 minutes (healthy)`.
pub(super) fn health_in_status(status: &str) -> Option<Health> {
    let (_, note) = status.rsplit_once('(')?;
    match note.trim_end_matches(')') {
        "health: starting" => Some(Health::Starting),
        word => health(word),
    }
}

/// Both halves put together.
pub(super) fn container(listed: &Listed, details: &Details) -> Container {
    Container {
        id: listed.id,
        name: listed.name.clone(),
        image: listed.image.clone(),
        state: listed.state,
        status: listed.status.clone(),
        health: details.health.filter(|_| listed.state.is_up()),
        created: listed.created,
        started_at: details.started_at,
        finished_at: details.finished_at,
        ports: listed.ports.clone(),
        labels: listed.labels.clone(),
        project: listed.project.clone(),
        restart_count: details.restart_count,
        exit_code: details.exit_code,
        protected: listed.protected,
    }
}

#[cfg(test)]
mod tests;
