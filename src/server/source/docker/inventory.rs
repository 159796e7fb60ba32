//! What is known of the engine's containers, and how it is asked for.

use super::super::Observation;
use super::connect::CALL_TIMEOUT;
use super::convert::{self, Details, Listed, Omitted};
use crate::model::{Container, ContainerId, ContainerState, Event, Health};
use bollard::{
    Docker,
    errors::Error,
    query_parameters::{InspectContainerOptions, ListContainersOptions},
};
use futures::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::time::timeout;

/// Containers inspected at once: more make a busy engine slower, not quicker.
const INSPECT_CONCURRENCY: usize = 8;

/// Which containers are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All there are.
    All,
    /// These.
    Only(BTreeSet<ContainerId>),
}

impl Scope {
    /// What covers both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Only(mut ids), Self::Only(more)) => {
                ids.extend(more);
                Self::Only(ids)
            }
            _ => Self::All,
        }
    }
}

/// What of a list entry tells that inspecting again is worth it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    name: String,
    state: ContainerState,
    health: Option<Health>,
    status: StatusClass,
}

/// The status text without what changes as time goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
enum StatusClass {
    /// It started seconds ago: this may be another start than the one known.
    JustStarted,
    /// The text up to its first blank or closing parenthesis: `Up`, `Exited (137)`.
    Word(String),
}

impl Digest {
    fn of(listed: &Listed) -> Self {
        let status = listed.status.as_str();
        let just_started = status.starts_with("Up") && status.contains("second");
        let word = match status.split_once(')') {
            Some((word, _)) if status.starts_with("Exited") => word,
            _ => status.split(' ').next().unwrap_or_default(),
        };
        Self {
            name: listed.name.clone(),
            state: listed.state,
            health: convert::health_in_status(status),
            status: if just_started {
                StatusClass::JustStarted
            } else {
                StatusClass::Word(word.to_owned())
            },
        }
    }

    /// Whether what inspecting told before still holds for an entry with the digest `now`.
    fn still_holds(&self, now: &Self) -> bool {
        self == now && now.status != StatusClass::JustStarted
    }
}

/// What the engine answered.
#[derive(Debug)]
pub(super) struct Fetched {
    scope: Scope,
    /// Without details where they still hold or could not be had.
    containers: Vec<(Listed, Option<Details>)>,
}

/// Lists the containers in `scope` and inspects those whose digest is not in `known`.
///
/// A container that cannot be inspected, because the engine has locked it, is still listed.
pub(super) async fn fetch(
    docker: Docker,
    scope: Scope,
    known: BTreeMap<ContainerId, Digest>,
    own: Option<ContainerId>,
) -> Result<Fetched, Error> {
    let mut entries = Vec::new();
    for summary in list(&docker, &scope).await? {
        match convert::listed(summary, own) {
            Ok(listed) => entries.push(listed),
            Err(Omitted::Hidden) => {}
            Err(Omitted::BadId) => tracing::warn!("the engine listed a container without an id"),
        }
    }
    let inspected = entries.into_iter().map(|listed| {
        let holds = known
            .get(&listed.id)
            .is_some_and(|digest| digest.still_holds(&Digest::of(&listed)));
        let docker = docker.clone();
        async move {
            if holds {
                return Some((listed, None));
            }
            match inspect(&docker, listed.id).await {
                Ok(details) => Some((as_inspected(listed, &details), Some(details))),
                Err(Error::DockerResponseServerError {
                    status_code: 404, ..
                }) => None,
                Err(error) => {
                    tracing::debug!(id = %listed.id, %error, "cannot inspect the container");
                    Some((listed, None))
                }
            }
        }
    });
    let containers = stream::iter(inspected)
        .buffered(INSPECT_CONCURRENCY)
        .filter_map(std::future::ready)
        .collect()
        .await;
    Ok(Fetched { scope, containers })
}

async fn list(
    docker: &Docker,
    scope: &Scope,
) -> Result<Vec<bollard::models::ContainerSummary>, Error> {
    let filters = match scope {
        Scope::All => None,
        Scope::Only(ids) => {
            let ids = ids.iter().map(ContainerId::to_string).collect();
            Some(HashMap::from([("id".to_owned(), ids)]))
        }
    };
    let options = ListContainersOptions {
        all: true,
        filters,
        ..ListContainersOptions::default()
    };
    let call = docker.list_containers(Some(options));
    // The client's own timeout ends with the headers.
    timeout(CALL_TIMEOUT, call)
        .await
        .unwrap_or(Err(Error::RequestTimeoutError))
}

async fn inspect(docker: &Docker, id: ContainerId) -> Result<Details, Error> {
    let id = id.to_string();
    let call = docker.inspect_container(&id, None::<InspectContainerOptions>);
    timeout(CALL_TIMEOUT, call)
        .await
        .unwrap_or(Err(Error::RequestTimeoutError))
        .map(convert::details)
}

/// The list is made of copies that the engine renews a moment after it has told of a change;
/// inspecting looks at the container itself, and later.
fn as_inspected(listed: Listed, details: &Details) -> Listed {
    let state = details.state.unwrap_or(listed.state);
    Listed { state, ..listed }
}

/// The containers as last told.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    known: BTreeMap<ContainerId, Known>,
}

#[derive(Debug)]
struct Known {
    listed: Listed,
    details: Details,
    /// Absent when inspecting failed, so that it is tried again.
    digest: Option<Digest>,
}

impl Inventory {
    /// What inspecting needs not tell again.
    pub(super) fn digests(&self) -> BTreeMap<ContainerId, Digest> {
        let digest = |(id, known): (&ContainerId, &Known)| Some((*id, known.digest.clone()?));
        self.known.iter().filter_map(digest).collect()
    }

    /// The health `id` is known to have.
    pub(super) fn health(&self, id: &ContainerId) -> Option<Health> {
        self.known.get(id)?.details.health
    }

    /// Every container with what inspecting told of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Listed, &Details)> {
        self.known
            .values()
            .map(|known| (&known.listed, &known.details))
    }

    /// What `event` alone tells of a container, at once; the engine is asked for the rest.
    pub(super) fn heed(&mut self, event: &Event) -> Option<Observation> {
        let id: ContainerId = event.id.parse().ok()?;
        let is_gone = matches!(event.action.as_str(), "destroy" | "remove");
        if is_gone {
            return self
                .known
                .remove(&id)
                .map(|_| Observation::ContainerRemoved(id));
        }
        let known = self.known.get_mut(&id)?;
        let before = convert::container(&known.listed, &known.details);
        match event.action.as_str() {
            "pause" => known.listed.state = ContainerState::Paused,
            "unpause" => known.listed.state = ContainerState::Running,
            "start" => {
                known.listed.state = ContainerState::Running;
                known.details = Details {
                    started_at: Some(event.timestamp),
                    restart_count: known.details.restart_count,
                    host_network: known.details.host_network,
                    ..Details::default()
                };
            }
            "die" | "died" => {
                let code = event.attributes.get("exitCode");
                known.listed.state = ContainerState::Exited;
                known.details.exit_code = code.and_then(|code| code.parse().ok());
                known.details.finished_at = Some(event.timestamp);
                known.details.pid = None;
            }
            "rename" => known.listed.name.clone_from(&event.name),
            _ => return None,
        }
        known.digest = None;
        let now = convert::container(&known.listed, &known.details);
        (now != before).then(|| Observation::ContainerChanged(Box::new(now)))
    }

    /// Takes over what the engine answered and says what there is to observe.
    pub(super) fn apply(&mut self, fetched: Fetched) -> Vec<Observation> {
        let Fetched { scope, containers } = fetched;
        let found: BTreeSet<ContainerId> = containers.iter().map(|(c, _)| c.id).collect();
        let changed: Vec<Container> = containers
            .into_iter()
            .filter_map(|(listed, details)| self.update(listed, details))
            .collect();
        match scope {
            Scope::All => {
                self.known.retain(|id, _| found.contains(id));
                let all = self.iter();
                let all = all.map(|(listed, details)| convert::container(listed, details));
                vec![Observation::Containers(all.collect())]
            }
            Scope::Only(asked) => {
                let gone = asked.difference(&found);
                let gone = gone.filter(|id| self.known.remove(id).is_some());
                let gone: Vec<_> = gone.copied().map(Observation::ContainerRemoved).collect();
                let changed = changed.into_iter().map(Box::new);
                let changed = changed.map(Observation::ContainerChanged);
                changed.chain(gone).collect()
            }
        }
    }

    /// The container when it is another than before.
    fn update(&mut self, listed: Listed, details: Option<Details>) -> Option<Container> {
        let previous = self.known.remove(&listed.id);
        let before = previous
            .as_ref()
            .map(|known| convert::container(&known.listed, &known.details));
        let was_known = previous
            .as_ref()
            .is_some_and(|known| known.digest.is_some());
        let digest = (details.is_some() || was_known).then(|| Digest::of(&listed));
        let details = details
            .or(previous.map(|known| known.details))
            .unwrap_or_default();
        let now = convert::container(&listed, &details);
        let known = Known {
            listed,
            details,
            digest,
        };
        self.known.insert(now.id, known);
        (before.as_ref() != Some(&now)).then_some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostId, Timestamp};

    fn id(n: u8) -> ContainerId {
        ContainerId::from_bytes([n; 32])
    }

    fn listed(n: u8, status: &str) -> Listed {
        let summary = serde_json::json!({
            "Id": id(n), "Names": [format!("/web-{n}")], "State": "running", "Status": status,
        });
        convert::listed(serde_json::from_value(summary).unwrap(), None).unwrap()
    }

    fn details(restarts: u32) -> Option<Details> {
        Some(Details {
            restart_count: Some(restarts),
            started_at: Some(Timestamp::from_millis(1)),
            ..Details::default()
        })
    }

    fn all(containers: Vec<(Listed, Option<Details>)>) -> Fetched {
        let scope = Scope::All;
        Fetched { scope, containers }
    }

    fn only(n: u8, containers: Vec<(Listed, Option<Details>)>) -> Fetched {
        let scope = Scope::Only([id(n)].into());
        Fetched { scope, containers }
    }

    #[test]
    fn a_list_that_lags_behind_does_not_undo_what_an_event_told() {
        let paused = Details {
            state: Some(ContainerState::Paused),
            ..Details::default()
        };
        let listed = || listed(1, "Up 3 minutes");
        assert_eq!(
            as_inspected(listed(), &paused).state,
            ContainerState::Paused
        );
        let unknown = as_inspected(listed(), &Details::default());
        assert_eq!(unknown.state, ContainerState::Running);
    }

    #[test]
    fn a_list_replaces_what_was_known_and_keeps_details_that_hold() {
        let mut inventory = Inventory::default();
        let up = "Up 3 minutes";
        inventory.apply(all(vec![
            (listed(1, up), details(7)),
            (listed(2, up), details(0)),
        ]));
        let told = inventory.apply(all(vec![(listed(1, "Up 4 minutes"), None)]));
        let [Observation::Containers(containers)] = told.as_slice() else {
            panic!("{told:?}")
        };
        let [container] = containers.as_slice() else {
            panic!("{containers:?}")
        };
        assert_eq!(container.status, "Up 4 minutes");
        assert_eq!(container.restart_count, Some(7));
    }

    #[test]
    fn only_a_difference_is_told() {
        let mut inventory = Inventory::default();
        let told = inventory.apply(only(1, vec![(listed(1, "Up 3 minutes"), details(0))]));
        assert!(matches!(
            told.as_slice(),
            [Observation::ContainerChanged(_)]
        ));
        let told = inventory.apply(only(1, vec![(listed(1, "Up 3 minutes"), details(0))]));
        assert!(told.is_empty(), "{told:?}");
        let told = inventory.apply(only(1, vec![(listed(1, "Up 3 minutes"), details(1))]));
        assert!(matches!(
            told.as_slice(),
            [Observation::ContainerChanged(_)]
        ));
    }

    fn event(n: u8, action: &str, attributes: &[(&str, &str)]) -> Event {
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Event {
            host: HostId::default(),
            timestamp: Timestamp::from_millis(5_000),
            kind: "container".into(),
            action: action.into(),
            id: id(n).to_string(),
            name: "web-1".into(),
            attributes: attributes.iter().map(text).collect(),
        }
    }

    #[test]
    fn an_event_changes_a_container_before_the_engine_is_asked() {
        let mut inventory = Inventory::default();
        inventory.apply(all(vec![(listed(1, "Up 3 minutes"), details(2))]));
        let mut heed =
            |action, attributes: &[_]| match inventory.heed(&event(1, action, attributes)) {
                Some(Observation::ContainerChanged(container)) => Some(*container),
                _ => None,
            };
        let paused = heed("pause", &[]).unwrap();
        assert_eq!(paused.state, ContainerState::Paused);
        assert!(heed("pause", &[]).is_none(), "told twice");
        assert_eq!(heed("unpause", &[]).unwrap().state, ContainerState::Running);
        let died = heed("die", &[("exitCode", "137")]).unwrap();
        assert_eq!(died.state, ContainerState::Exited);
        assert_eq!(died.exit_code, Some(137));
        assert_eq!(died.finished_at, Some(Timestamp::from_millis(5_000)));
        let started = heed("start", &[]).unwrap();
        assert_eq!(started.exit_code, None);
        assert_eq!(started.started_at, Some(Timestamp::from_millis(5_000)));
        assert_eq!(started.restart_count, Some(2));
        assert!(heed("kill", &[("signal", "15")]).is_none());
        assert!(inventory.digests().is_empty(), "inspected again");
    }

    #[test]
    fn an_event_of_an_unknown_container_waits_for_the_list() {
        let mut inventory = Inventory::default();
        assert!(inventory.heed(&event(1, "start", &[])).is_none());
        assert!(inventory.heed(&event(1, "destroy", &[])).is_none());
    }

    #[test]
    fn what_is_asked_for_and_not_found_is_gone_once() {
        let mut inventory = Inventory::default();
        inventory.apply(all(vec![(listed(1, "Up 3 minutes"), details(0))]));
        let told = inventory.apply(only(1, Vec::new()));
        assert!(matches!(told.as_slice(), [Observation::ContainerRemoved(gone)] if *gone == id(1)));
        assert!(inventory.apply(only(1, Vec::new())).is_empty());
    }

    #[test]
    fn passing_time_is_no_reason_to_inspect_again_but_a_new_start_is() {
        let holds = |before: &str, now: &str| {
            Digest::of(&listed(1, before)).still_holds(&Digest::of(&listed(1, now)))
        };
        assert!(holds("Up 3 minutes", "Up 2 hours"));
        assert!(holds(
            "Exited (0) 2 minutes ago",
            "Exited (0) 3 minutes ago"
        ));
        assert!(!holds(
            "Exited (0) 2 minutes ago",
            "Exited (1) 1 second ago"
        ));
        assert!(!holds("Up 3 minutes", "Up 2 seconds"));
        assert!(!holds("Up 2 seconds", "Up Less than a second"));
        assert!(!holds("Up 3 minutes (healthy)", "Up 4 minutes (unhealthy)"));
        assert!(!holds("Up 3 minutes", "Up 3 minutes (Paused) (healthy)"));
    }

    #[test]
    fn a_container_that_could_not_be_inspected_is_tried_again() {
        let mut inventory = Inventory::default();
        inventory.apply(all(vec![(listed(1, "Up 3 minutes"), None)]));
        assert!(inventory.digests().is_empty());
        inventory.apply(all(vec![(listed(1, "Up 3 minutes"), details(0))]));
        assert_eq!(inventory.digests().len(), 1);
    }
}
