//! Containers for tests.

use super::{Container, ContainerId, ContainerState, Containers, Health, Timestamp};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::Arc};

/// A running container with the given number in its id and name.
pub(crate) fn container(n: u8) -> Container {
    Container {
        id: ContainerId::from_bytes([n; 32]),
        name: format!("web-{n}"),
        image: "nginx:1.27".into(),
        state: ContainerState::Running,
        status: "Up 3 minutes".into(),
        health: None,
        created: Timestamp::from_millis(1_763_687_000_000),
        started_at: Some(Timestamp::from_millis(1_763_687_001_000)),
        finished_at: None,
        ports: Vec::new(),
        labels: BTreeMap::new(),
        project: None,
        restart_count: Some(0),
        exit_code: None,
        nano_cpus: None,
        protected: false,
    }
}

prop_compose! {
    fn any_container()(
        n in 0..24u8,
        state in prop::sample::select(&ContainerState::ALL[..]),
        health in prop::option::of(prop::sample::select(&Health::ALL[..])),
        project in prop::option::of("[a-c]"),
        status in "Up [0-9]",
    ) -> Container {
        Container { state, health, project, status, ..container(n) }
    }
}

/// Any list of up to 24 containers.
pub(crate) fn any_containers() -> impl Strategy<Value = Containers> {
    prop::collection::vec(any_container(), 0..24)
        .prop_map(|list| list.into_iter().map(|c| (c.id, Arc::new(c))).collect())
}
