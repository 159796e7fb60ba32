//! What is known of the engine's containers.
//!
//! Lists, inspections and events come in, in any order and any time after they were asked for; what
//! there is to observe comes out. An answer that was asked for before something newer was learned of
//! a container does not undo it.

mod digest;

use super::convert::{self, Details, List, Listed};
use crate::model::{Container, ContainerId, ContainerState, ContainersDelta, Event, Health};
use digest::Digest;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::time::Instant;

/// Engines list copies that they renew a moment after the event. A list asked for within this time
/// after an event does not change the state that the event told; inspecting does, as it looks at
/// the container itself.
const SETTLE: Duration = Duration::from_secs(1);
/// How long a container counts as hidden after its label was last seen: its last events come after
/// the first list without it.
const HIDDEN_FOR: Duration = Duration::from_secs(60);

/// Which containers a list was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All there are.
    All,
    /// These.
    Only(BTreeSet<ContainerId>),
}

impl Scope {
    /// Whether it is every container.
    pub(super) fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Whether a list of this scope has the container, if there is one.
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
    /// Containers that were removed, with the time: a list may still have them for a moment.
    gone: BTreeMap<ContainerId, Instant>,
    /// Containers whose label asks not to show them, with the time at which the label was last seen.
    hidden: BTreeMap<ContainerId, Instant>,
    is_listed: bool,
}

#[derive(Debug)]
struct Known {
    listed: Listed,
    details: Details,
    /// Absent until it is inspected, and when an event has told that it changed.
    digest: Option<Digest>,
    /// When the newest list with it was asked for, or the newest event received.
    as_of: Instant,
    /// When an event last told its state.
    told: Option<Instant>,
}

/// What a list changes.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Every container, when all were listed.
    pub(super) all: Option<Vec<Container>>,
    /// What changed, when only some were listed.
    pub(super) delta: ContainersDelta,
    /// Containers of which more is to be known than the list tells.
    pub(super) inspect: Vec<ContainerId>,
}

impl Known {
    fn container(&self) -> Container {
        convert::container(&self.listed, &self.details)
    }

    /// Whether a list asked for at `asked` may still have the state from before the event.
    fn is_ahead_of(&self, asked: Instant) -> bool {
        self.told.is_some_and(|told| asked < told + SETTLE)
    }
}

impl Inventory {
    /// The health `id` is known to have.
    pub(super) fn health(&self, id: &ContainerId) -> Option<Health> {
        self.known.get(id)?.details.health
    }

    /// Whether `id` must not be shown, as far as is known.
    pub(super) fn is_hidden(&self, id: &ContainerId) -> bool {
        self.hidden.contains_key(id)
    }

    /// Whether `id` is shown.
    pub(super) fn knows(&self, id: &ContainerId) -> bool {
        self.known.contains_key(id)
    }

    /// Whether there was a list of all containers.
    pub(super) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Any container that there is.
    pub(super) fn any(&self) -> Option<ContainerId> {
        self.known.keys().next().copied()
    }

    /// Every container with what inspecting told of it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Listed, &Details)> {
        self.known
            .values()
            .map(|known| (&known.listed, &known.details))
    }

    /// An event had the label that hides `id`.
    pub(super) fn hide(&mut self, id: ContainerId, now: Instant) -> ContainersDelta {
        self.hidden.insert(id, now);
        self.remove(id)
    }

    /// What `event` alone, received at `now`, tells of a container; the engine is asked for the rest.
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
            known.told = Some(now);
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

    /// Takes over a list of `scope` that was asked for at `asked`.
    pub(super) fn on_list(&mut self, scope: &Scope, list: List, asked: Instant) -> Applied {
        self.forget(scope, asked);
        for id in &list.hidden {
            self.hidden.insert(*id, asked);
        }
        let mut found = BTreeSet::new();
        let mut applied = Applied::default();
        let mut upserts = Vec::new();
        for listed in list.listed {
            let id = listed.id;
            if self.gone.contains_key(&id) || !scope.covers(&id) {
                continue;
            }
            // The label may have been taken away only with the container.
            self.hidden.remove(&id);
            found.insert(id);
            upserts.extend(self.update(listed, asked));
            if self.has_to_be_inspected(scope, &id) {
                applied.inspect.push(id);
            }
        }
        let is_gone = |id: &ContainerId, known: &Known| {
            scope.covers(id) && !found.contains(id) && known.as_of <= asked
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

    /// Forgets what a list asked for at `asked` knows better.
    fn forget(&mut self, scope: &Scope, asked: Instant) {
        self.gone.retain(|_, gone| asked < *gone + SETTLE);
        if scope.is_all() {
            // Events of a container may follow its removal.
            self.hidden.retain(|_, seen| asked < *seen + HIDDEN_FOR);
        }
    }

    fn has_to_be_inspected(&self, scope: &Scope, id: &ContainerId) -> bool {
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

    /// The container when it is another than before.
    fn update(&mut self, mut listed: Listed, asked: Instant) -> Option<Container> {
        let id = listed.id;
        let Some(known) = self.known.get_mut(&id) else {
            let known = Known {
                listed,
                details: Details::default(),
                digest: None,
                as_of: asked,
                told: None,
            };
            let container = known.container();
            self.known.insert(id, known);
            return Some(container);
        };
        if asked < known.as_of {
            return None;
        }
        let before = known.container();
        if known.is_ahead_of(asked) {
            listed.state = known.listed.state;
        }
        // While a container is being removed it has no name.
        listed.name = listed.name.or_else(|| known.listed.name.take());
        known.listed = listed;
        known.as_of = asked;
        let now = known.container();
        (before != now).then_some(now)
    }

    /// Takes over what inspecting `id` told, which was asked for at `asked`. The container when it is
    /// another than before.
    pub(super) fn on_inspected(
        &mut self,
        id: &ContainerId,
        details: Details,
        asked: Instant,
    ) -> Option<Container> {
        let known = self.known.get_mut(id)?;
        if known.told.is_some_and(|told| asked < told) {
            return None;
        }
        let before = known.container();
        known.listed.state = details.state.unwrap_or(known.listed.state);
        // Where inspecting says nothing about health, an event's word holds.
        let health = details.health.or(known.details.health);
        known.details = Details { health, ..details };
        known.digest = Some(Digest::of(&known.listed));
        let now = known.container();
        (before != now).then_some(now)
    }
}

/// These containers are new or changed.
pub(super) fn changed(containers: impl IntoIterator<Item = Container>) -> ContainersDelta {
    ContainersDelta {
        upserts: containers.into_iter().map(Arc::new).collect(),
        removed: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
