//! What all clients share: the address of the server, what exists, and what was found.

use crate::{Failure, api::Api, findings::Findings};
use deckwatch::{
    model::{Container, ContainerId, Grants, HostId, Right, Subject, Update},
    protocol::{ServerMessage, Snapshot},
};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::broadcast;

/// Orders that a client may be behind. A client that has missed some was stalled anyway.
const ORDERS: usize = 16;
/// Time limit for the server to list all containers after its start.
const LISTED: Duration = Duration::from_secs(60);

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) server: SocketAddr,
    pub(crate) catalog: Catalog,
    pub(crate) findings: Findings,
    pub(crate) orders: broadcast::Sender<Order>,
}

impl Shared {
    pub(crate) fn new(server: SocketAddr, catalog: Catalog) -> Self {
        Self {
            server,
            catalog,
            findings: Findings::default(),
            orders: broadcast::Sender::new(ORDERS),
        }
    }
}

/// What some of the clients do to their connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) harm: Harm,
    /// Chooses the clients.
    pub(crate) salt: usize,
    /// One client of this many obeys.
    pub(crate) one_of: usize,
}

/// What a client does to its connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Harm {
    /// Closes it without a word.
    Cut,
    /// Does not read for this long.
    Stall(Duration),
}

impl Order {
    /// Whether the client with this number obeys.
    pub(crate) fn is_for(&self, client: usize) -> bool {
        (client + self.salt).is_multiple_of(self.one_of)
    }
}

/// Every container, as the server lists it for an administrator. None is created, renamed or removed during
/// the run.
#[derive(Debug, Default)]
pub(crate) struct Catalog(BTreeMap<ContainerId, (HostId, Arc<Container>)>);

impl Catalog {
    /// Waits until the server lists `expected` containers.
    pub(crate) async fn read(api: &Api, cookie: &str, expected: usize) -> Result<Self, Failure> {
        let until = tokio::time::Instant::now() + LISTED;
        loop {
            let snapshot: Snapshot = api.get("/api/containers", cookie).await?.json().await?;
            let catalog = Self(snapshot.messages.iter().flat_map(listed).collect());
            if catalog.0.len() >= expected {
                return Ok(catalog);
            }
            if tokio::time::Instant::now() > until {
                return Err(format!("{} of {expected} containers", catalog.0.len()).into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A container and its host.
    pub(crate) fn get(&self, id: ContainerId) -> Option<(HostId, &Container)> {
        let (host, container) = self.0.get(&id)?;
        Some((*host, container))
    }

    /// The containers on which `grants` give `right`, in a fixed order.
    pub(crate) fn ids(&self, grants: &Grants, right: Right) -> Vec<ContainerId> {
        let all = self.0.iter();
        let allowed = all
            .filter(|(_, (host, container))| grants.allows(right, &Subject::of(*host, container)));
        allowed.map(|(id, _)| *id).collect()
    }

    /// The containers of `host`.
    pub(crate) fn of(&self, host: HostId) -> impl Iterator<Item = &Container> {
        let all = self.0.values().filter(move |(of, _)| *of == host);
        all.map(|(_, container)| &**container)
    }
}

fn listed(message: &ServerMessage) -> Vec<(ContainerId, (HostId, Arc<Container>))> {
    match message.update() {
        Some(Update::Containers { host, data, .. }) => {
            let all = data.iter();
            all.map(|container| (container.id, (*host, Arc::clone(container))))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The time in milliseconds since the Unix epoch, which the messages of the server on this machine use, too.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}
