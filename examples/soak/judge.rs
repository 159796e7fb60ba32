//! Decides whether a message is within the audience of the user that received it.

use crate::{ledger::Holder, shared::Catalog, user::User};
use deckwatch::{
    model::{Container, ContainerId, Grants, HostId, Right, Subject, Update, WorkloadKey},
    protocol::{Channel, ServerMessage},
};

/// Checks messages to one holder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) user: &'a User,
    pub(crate) holder: &'a Holder,
    /// When the content was requested; 0 if it is sent without a request.
    pub(crate) since: i64,
}

impl Judge<'_> {
    /// What in the message is outside of the audience.
    pub(crate) fn outside(&self, message: &ServerMessage) -> Option<String> {
        match message {
            ServerMessage::Update(sequenced) => self.update(&sequenced.update),
            ServerMessage::Log { channel, lines, .. } => {
                let last = lines.last().and_then(|line| line.timestamp);
                let at = last.map_or(0, |at| at.as_millis());
                let id = logged(*channel)?;
                (!self.by_id(id, at, Right::Logs)).then(|| format!("lines of {channel}"))
            }
            ServerMessage::ContainerAck(_)
            | ServerMessage::Connected { .. }
            | ServerMessage::Subscribed { .. }
            | ServerMessage::Unsubscribed { .. }
            | ServerMessage::LogGap { .. }
            | ServerMessage::LogEnd { .. }
            | ServerMessage::Heartbeat { .. }
            | ServerMessage::Error { .. } => None,
        }
    }

    fn update(&self, update: &Update) -> Option<String> {
        match update {
            Update::Containers {
                timestamp,
                host,
                data,
            } => self.containers(*host, timestamp.as_millis(), data.iter()),
            Update::ContainersDelta {
                timestamp,
                host,
                delta,
            } => self.containers(*host, timestamp.as_millis(), delta.upserts.iter()),
            Update::Stats {
                timestamp, data, ..
            } => {
                let at = timestamp.as_millis();
                let mut stats = data.iter();
                let of = stats.find(|of| !self.by_id(of.container_id, at, Right::See))?;
                Some(format!("figures of {}", of.container_name))
            }
            Update::Metrics {
                timestamp, host, ..
            } => {
                let may = self.whole_host(*host, timestamp.as_millis());
                (!may).then(|| format!("figures of the host {host}"))
            }
            Update::Event(event) => {
                let at = event.timestamp.as_millis();
                let id = event.workload().and_then(|id| id.container_id());
                let may = id.is_some_and(|id| self.by_id(id, at, Right::See))
                    || self.whole_host(event.host, at);
                (!may).then(|| format!("the event {} of {}", event.action, event.name))
            }
            Update::Source(status) => {
                // Its times are those of the last change, so that only the announced grants count.
                let may = self.host(status.host, 0);
                (!may).then(|| format!("the state of the host {}", status.host))
            }
        }
    }

    fn containers<'c>(
        &self,
        host: HostId,
        at: i64,
        mut all: impl Iterator<Item = &'c std::sync::Arc<Container>>,
    ) -> Option<String> {
        let outside = all.find(|container| !self.container(host, container, at, Right::See))?;
        Some(format!("the container {}", outside.name))
    }

    /// A container that does not exist is in no audience.
    fn by_id(&self, id: ContainerId, at: i64, right: Right) -> bool {
        let known = self.catalog.get(id);
        known.is_some_and(|(host, container)| self.container(host, container, at, right))
    }

    fn container(&self, host: HostId, container: &Container, at: i64, right: Right) -> bool {
        let subject = Subject::of(host, container);
        self.may(at, |grants| grants.allows(right, &subject))
    }

    fn whole_host(&self, host: HostId, at: i64) -> bool {
        self.may(at, |grants| includes(grants, host))
    }

    /// A host is seen by those who see any of its containers.
    fn host(&self, host: HostId, at: i64) -> bool {
        self.may(at, |grants| {
            let sees = |of: &Container| grants.allows(Right::See, &Subject::of(host, of));
            includes(grants, host) || self.catalog.of(host).any(sees)
        })
    }

    fn may(&self, at: i64, allow: impl Fn(&Grants) -> bool) -> bool {
        self.user.may(self.holder, at.max(self.since), allow)
    }
}

fn includes(grants: &Grants, host: HostId) -> bool {
    let scopes = grants.scopes(Right::See);
    scopes.iter().any(|scope| scope.includes_host(host))
}

/// The container whose log the channel is.
pub(crate) fn logged(channel: Channel) -> Option<ContainerId> {
    let WorkloadKey::Container(id) = channel.logged()?;
    Some(id)
}
