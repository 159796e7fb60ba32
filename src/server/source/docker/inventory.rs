//! The containers of one engine as last observed. Lists, inspections and events come in, in any order and
//! with any delay; observations come out. An answer must not undo an observation that is newer than its
//! request.

mod digest;

use super::convert::{self, Details, List, Listed};
use crate::model::{
    Container, ContainerId, ContainerState, ContainersDelta, Event, EventSubject, Health,
};
use digest::Digest;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// Engines answer lists from copies that they update a moment after the event. A list requested within this
/// time after an event does not change the state that the event reported; an inspection does, as it reads
/// the container itself.
const LIST_LAG: Duration = Duration::from_secs(1);
/// How long a container counts as hidden after its label was last seen: its last events arrive after the
/// first list without it.
const HIDDEN_FOR: Duration = Duration::from_secs(60);

/// The containers that a list was requested for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All containers.
    All,
    /// These containers.
    Only(BTreeSet<ContainerId>),
}

impl Scope {
    /// Whether it covers all containers.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Whether a list of this scope would contain the container if it existed.
    pub(super) fn covers(&self, id: &ContainerId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(id),
        }
    }
}

/// The containers as last observed.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    known: BTreeMap<ContainerId, Known>,
    /// Recently removed containers, with the time: a list may still contain them for a moment.
    gone: BTreeMap<ContainerId, Instant>,
    /// Containers with the label that hides them, with the time at which it was last seen.
    hidden: BTreeMap<ContainerId, Instant>,
    /// Whether a complete list has been received.
    is_listed: bool,
}

/// A container that is shown.
#[derive(Debug)]
struct Known {
    listed: Listed,
    details: Details,
    /// `None` until it is inspected, and after an event that changed it.
    digest: Option<Digest>,
    /// When the newest list with it was requested, or the newest event received.
    as_of: Instant,
    /// When an event last reported its state.
    state_event_at: Option<Instant>,
}

/// The result of a list.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Every container, if all were listed.
    pub(super) all: Option<Vec<Container>>,
    /// The changes, if only some were listed.
    pub(super) delta: ContainersDelta,
    /// Containers that need an inspection, as the list lacks details.
    pub(super) inspect: Vec<ContainerId>,
}

impl Known {
    fn container(&self) -> Container {
        convert::container(&self.listed, &self.details)
    }

    /// Whether a list requested at `requested_at` may still contain the state from before the event.
    fn may_be_outdated(&self, requested_at: Instant) -> bool {
        self.state_event_at
            .is_some_and(|state_event_at| requested_at < state_event_at + LIST_LAG)
    }
}

impl Inventory {
    /// The last known health of `id`.
    pub(super) fn health(&self, id: &ContainerId) -> Option<Health> {
        self.known.get(id)?.details.health
    }

    /// Whether `id` has the label that hides it, as far as is known.
    pub(super) fn is_hidden(&self, id: &ContainerId) -> bool {
        self.hidden.contains_key(id)
    }

    /// Whether `id` is shown.
    pub(super) fn contains(&self, id: &ContainerId) -> bool {
        self.known.contains_key(id)
    }

    /// Whether a complete list has been received.
    pub(super) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Any of the containers, to probe the engine with.
    pub(super) fn any(&self) -> Option<ContainerId> {
        self.known.keys().next().copied()
    }

    /// Every container with its details.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Listed, &Details)> {
        self.known
            .values()
            .map(|known| (&known.listed, &known.details))
    }

    /// The project and labels of `id` as last listed, if it is shown.
    pub(super) fn subject(&self, id: &ContainerId) -> Option<Arc<EventSubject>> {
        let listed = &self.known.get(id)?.listed;
        Some(Arc::new(EventSubject {
            project: listed.project.clone(),
            labels: listed.labels.clone(),
        }))
    }

    /// Hides `id`, after an event with the label that asks for it.
    pub(super) fn hide(&mut self, id: ContainerId, now: Instant) -> ContainersDelta {
        self.hidden.insert(id, now);
        self.remove(id)
    }

    /// Applies `event`, received at `now`, as far as it describes the new state; the rest is requested from
    /// the engine.
    pub(super) fn on_event(
        &mut self,
        event: &Event,
        health: Option<Health>,
        now: Instant,
    ) -> ContainersDelta {
        let Ok(id) = event.id.parse() else {
            return ContainersDelta::default();
        };
        if matches!(event.action.as_str(), "destroy" | "remove") {
            self.gone.insert(id, now);
            return self.remove(id);
        }
        if matches!(event.action.as_str(), "create" | "start") {
            self.gone.remove(&id);
        }
        let Some(known) = self.known.get_mut(&id) else {
            return ContainersDelta::default();
        };
        let before = known.container();
        let is_state = match event.action.as_str() {
            "pause" => {
                known.listed.state = ContainerState::Paused;
                true
            }
            "unpause" => {
                known.listed.state = ContainerState::Running;
                true
            }
            "start" => {
                known.listed.state = ContainerState::Running;
                known.details = Details {
                    started_at: Some(event.timestamp),
                    ..known.details.of_next_run()
                };
                true
            }
            "die" | "died" => {
                let code = event.attributes.get("exitCode");
                known.listed.state = ContainerState::Exited;
                known.details.exit_code = code.and_then(|code| code.parse().ok());
                known.details.finished_at = Some(event.timestamp);
                known.details.pid = None;
                true
            }
            "rename" => {
                known.listed.name = Some(event.name.clone()).filter(|name| !name.is_empty());
                false
            }
            _ if health.is_some() => {
                known.details.health = health;
                false
            }
            _ => return ContainersDelta::default(),
        };
        known.digest = None;
        known.as_of = now;
        if is_state {
            known.state_event_at = Some(now);
        }
        let now = known.container();
        changed((now != before).then_some(now))
    }

    fn remove(&mut self, id: ContainerId) -> ContainersDelta {
        let known = self.known.remove(&id);
        ContainersDelta {
            removed: known.map(|_| id).into_iter().collect(),
            ..ContainersDelta::default()
        }
    }

    /// Applies a list of `scope` that was requested at `requested_at`.
    pub(super) fn on_list(&mut self, scope: &Scope, list: List, requested_at: Instant) -> Applied {
        self.expire(scope, requested_at);
        for id in &list.hidden {
            self.hidden.insert(*id, requested_at);
        }
        let mut found = BTreeSet::new();
        let mut applied = Applied::default();
        let mut upserts = Vec::new();
        for listed in list.listed {
            let id = listed.id;
            if self.gone.contains_key(&id) || !scope.covers(&id) {
                continue;
            }
            // The label disappears only with the container, so this container is not hidden.
            self.hidden.remove(&id);
            found.insert(id);
            upserts.extend(self.update(listed, requested_at));
            if self.needs_inspection(scope, &id) {
                applied.inspect.push(id);
            }
        }
        let is_gone = |id: &ContainerId, known: &Known| {
            scope.covers(id) && !found.contains(id) && known.as_of <= requested_at
        };
        let gone = self.known.extract_if(.., |id, known| is_gone(id, known));
        let removed = gone.map(|(id, _)| id).collect();
        match scope {
            Scope::All => {
                self.is_listed = true;
                applied.all = Some(self.containers());
            }
            Scope::Only(_) => {
                let upserts = changed(upserts).upserts;
                applied.delta = ContainersDelta { upserts, removed };
            }
        }
        applied
    }

    /// Drops expired entries of `gone` and `hidden`.
    fn expire(&mut self, scope: &Scope, requested_at: Instant) {
        self.gone.retain(|_, gone| requested_at < *gone + LIST_LAG);
        if scope.is_all() {
            // Events of a container may arrive after its removal.
            self.hidden
                .retain(|_, seen| requested_at < *seen + HIDDEN_FOR);
        }
    }

    fn needs_inspection(&self, scope: &Scope, id: &ContainerId) -> bool {
        let Some(known) = self.known.get(id) else {
            return false;
        };
        let now = Digest::of(&known.listed);
        let holds = |digest: &Digest| digest.still_holds(&now, &known.details);
        !scope.is_all() || !known.digest.as_ref().is_some_and(holds)
    }

    fn containers(&self) -> Vec<Container> {
        self.known.values().map(Known::container).collect()
    }

    /// Applies an entry of a list; returns the container if it has changed.
    fn update(&mut self, mut listed: Listed, requested_at: Instant) -> Option<Container> {
        let id = listed.id;
        let Some(known) = self.known.get_mut(&id) else {
            let known = Known {
                listed,
                details: Details::default(),
                digest: None,
                as_of: requested_at,
                state_event_at: None,
            };
            let container = known.container();
            self.known.insert(id, known);
            return Some(container);
        };
        if requested_at < known.as_of {
            return None;
        }
        let before = known.container();
        if known.may_be_outdated(requested_at) {
            listed.state = known.listed.state;
        }
        // A container that is being removed has no name in the list.
        listed.name = listed.name.or_else(|| known.listed.name.take());
        known.listed = listed;
        known.as_of = requested_at;
        let now = known.container();
        (before != now).then_some(now)
    }

    /// Applies an inspection of `id` that was requested at `requested_at`; returns the container if it has
    /// changed.
    pub(super) fn on_inspected(
        &mut self,
        id: &ContainerId,
        details: Details,
        requested_at: Instant,
    ) -> Option<Container> {
        let known = self.known.get_mut(id)?;
        if known
            .state_event_at
            .is_some_and(|state_event_at| requested_at < state_event_at)
        {
            return None;
        }
        let before = known.container();
        known.listed.state = details.state.unwrap_or(known.listed.state);
        // An inspection without a health keeps the one from the last event.
        let health = details.health.or(known.details.health);
        known.details = Details { health, ..details };
        known.digest = Some(Digest::of(&known.listed));
        let now = known.container();
        (before != now).then_some(now)
    }
}

/// A delta in which `containers` are new or changed.
pub(super) fn changed(containers: impl IntoIterator<Item = Container>) -> ContainersDelta {
    ContainersDelta {
        upserts: containers.into_iter().map(Arc::new).collect(),
        removed: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
