//! Converts the engine's lists and inspections to [`Container`], by pure functions.
//!
//! Only fields that are shown are read. A field of an unexpected type is unknown, and an entry without an
//! id is omitted; neither affects the rest of the answer.

mod details;

pub(super) use details::{Details, details};

use super::{super::redactor::Redactor, json::Json};
use crate::model::{
    COMPOSE_PROJECT_LABEL, Container, ContainerId, ContainerState, HIDE_LABEL, Health,
    PROTECT_LABEL, Port, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// The label with the name of the project in podman-compose.
const PODMAN_PROJECT_LABEL: &str = "io.podman.compose.project";
/// The last second of the year 9999, which is the last that RFC 3339 can represent.
const END_OF_TIME: i64 = 253_402_300_799;

/// One container as in the engine's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) id: ContainerId,
    /// `None` when the list has none, as while the container is being removed.
    pub(super) name: Option<String>,
    /// As in the list: the id of the image once its tag was moved to another image.
    pub(super) image: String,
    pub(super) state: ContainerState,
    pub(super) status: String,
    pub(super) created: Timestamp,
    pub(super) ports: Vec<Port>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) project: Option<String>,
    pub(super) protected: bool,
}

/// The parsed answer to a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// The containers to show.
    pub(super) listed: Vec<Listed>,
    /// The containers with the label that hides them.
    pub(super) hidden: BTreeSet<ContainerId>,
}

/// Why an entry of the list is omitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Omitted {
    Hidden(ContainerId),
    BadId,
}

/// Parses the engine's list; `None` when `body` is not a JSON array. `own` is Deckwatch's own container.
/// Secrets are masked by `redactor`.
pub(super) fn list(body: &str, own: Option<ContainerId>, redactor: &Redactor) -> Option<List> {
    let mut list = List::default();
    for entry in Json::parse(body)?.items()? {
        match listed(entry, own, redactor) {
            Ok(listed) => list.listed.push(listed),
            Err(Omitted::Hidden(id)) => drop(list.hidden.insert(id)),
            Err(Omitted::BadId) => tracing::debug!("the engine listed a container without an id"),
        }
    }
    Some(list)
}

/// Whether these labels hide the container.
pub(super) fn is_hidden(labels: &BTreeMap<String, String>) -> bool {
    is_true(labels.get(HIDE_LABEL))
}

fn is_true(label: Option<&String>) -> bool {
    label.is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
}

fn listed(
    entry: Json<'_>,
    own: Option<ContainerId>,
    redactor: &Redactor,
) -> Result<Listed, Omitted> {
    let fields = entry.fields();
    let id = fields.get("Id").text().unwrap_or_default();
    let id: ContainerId = id.parse().map_err(|_| Omitted::BadId)?;
    let labels = fields.get("Labels").map();
    if is_hidden(&labels) {
        return Err(Omitted::Hidden(id));
    }
    let state = fields.get("State").text().unwrap_or_default();
    Ok(Listed {
        id,
        name: name(fields.get("Names").texts()),
        image: fields.get("Image").text().unwrap_or_default(),
        state: state_from_engine(&state),
        status: status(fields.get("Status"), redactor),
        created: created(fields.get("Created")),
        ports: ports(fields.get("Ports").items().unwrap_or_default()),
        project: project(&labels),
        protected: is_true(labels.get(PROTECT_LABEL)) || own == Some(id),
        labels: masked(labels, redactor),
    })
}

/// The Compose project that the labels name, if any.
pub(super) fn project(labels: &BTreeMap<String, String>) -> Option<String> {
    let names = [COMPOSE_PROJECT_LABEL, PODMAN_PROJECT_LABEL];
    let mut projects = names.into_iter().filter_map(|name| labels.get(name));
    projects.find(|project| !project.is_empty()).cloned()
}

/// `labels`, with values that look like secrets masked.
pub(super) fn masked(
    labels: impl IntoIterator<Item = (String, String)>,
    redactor: &Redactor,
) -> BTreeMap<String, String> {
    let labels = labels.into_iter().map(|(name, value)| {
        let value = redactor.mask_value(&name, &value);
        (name, value)
    });
    labels.collect()
}

/// Podman has states of its own: `stopped` for a moment after every exit, `configured` and `initialized`
/// before the first start, `stopping` while the process still runs.
fn state_from_engine(word: &str) -> ContainerState {
    match word {
        "stopped" => ContainerState::Exited,
        "stopping" => ContainerState::Running,
        "configured" | "initialized" => ContainerState::Created,
        word => ContainerState::from_engine(word),
    }
}

fn status(text: Json<'_>, redactor: &Redactor) -> String {
    redactor
        .mask_text(&text.text().unwrap_or_default())
        .into_owned()
}

/// Seconds since 1970, as in the list; the epoch itself when they are invalid.
fn created(seconds: Json<'_>) -> Timestamp {
    let seconds = seconds.number().filter(|it| (0..=END_OF_TIME).contains(it));
    Timestamp::from_millis(seconds.unwrap_or(0).saturating_mul(1_000))
}

/// The container's own name, which has no inner slash; names that links of other containers add have one.
fn name(names: Vec<String>) -> Option<String> {
    let mut names = names
        .into_iter()
        .map(|name| name.strip_prefix('/').map(str::to_owned).unwrap_or(name))
        .filter(|name| !name.is_empty())
        .collect::<Vec<_>>();
    names.sort_by_key(|name| name.contains('/'));
    names.into_iter().next()
}

/// The ports, sorted, without duplicates. Docker lists a port that is published on all addresses twice, for
/// IPv4 and IPv6; only the IPv4 one is kept.
fn ports(summaries: Vec<Json<'_>>) -> Vec<Port> {
    let ports: BTreeSet<Port> = summaries.into_iter().filter_map(port).collect();
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

/// `None` for a port without a number inside the container.
fn port(summary: Json<'_>) -> Option<Port> {
    let fields = summary.fields();
    let text = |name| fields.get(name).text().filter(|text| !text.is_empty());
    Some(Port {
        ip: text("IP"),
        private_port: fields.get("PrivatePort").number()?,
        public_port: fields.get("PublicPort").number().filter(|port| *port != 0),
        protocol: text("Type").unwrap_or_else(|| "tcp".to_owned()),
    })
}

/// Parses the engine's word for a health; `none` and unknown words are no health.
pub(super) fn health(word: &str) -> Option<Health> {
    Health::ALL
        .into_iter()
        .find(|health| health.as_str() == word)
}

/// The health in a status text, e.g. `Up 3 minutes (healthy)`.
pub(super) fn health_in_status(status: &str) -> Option<Health> {
    let (_, note) = status.rsplit_once('(')?;
    match note.trim_end_matches(')') {
        "health: starting" => Some(Health::Starting),
        word => health(word),
    }
}

/// Merges an entry of the list and the inspected details.
pub(super) fn container(listed: &Listed, details: &Details) -> Container {
    Container {
        id: listed.id,
        name: shown_name(listed, details),
        image: shown_image(listed, details),
        state: listed.state,
        status: details.mask(&listed.status),
        health: details.health.filter(|_| listed.state.is_up()),
        created: listed.created,
        started_at: details.started_at,
        finished_at: details.finished_at,
        ports: listed.ports.clone(),
        labels: listed
            .labels
            .iter()
            .map(|(name, value)| (name.clone(), details.mask_label(value)))
            .collect(),
        project: listed.project.clone(),
        restart_count: details.restart_count,
        exit_code: details.exit_code,
        nano_cpus: details.nano_cpus,
        protected: listed.protected,
    }
}

/// The best known name, or else the short id.
pub(super) fn shown_name(listed: &Listed, details: &Details) -> String {
    let name = listed.name.as_ref().or(details.name.as_ref());
    name.cloned().unwrap_or_else(|| listed.id.short())
}

/// The name of the image at the time the container was created. Once the tag was moved to another image, as
/// after `compose pull`, the list has only the id of the image.
fn shown_image(listed: &Listed, details: &Details) -> String {
    let image = &listed.image;
    let id = image.strip_prefix("sha256:").unwrap_or(image);
    let is_id = image.is_empty()
        || (matches!(id.len(), 12 | 64) && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let created_with = details.image.as_ref().filter(|_| is_id);
    created_with.unwrap_or(image).clone()
}

#[cfg(test)]
mod odd;
#[cfg(test)]
mod tests;
