//! The form of `/ws/docker/stats`: container stats as the `docker` command line shows them, in
//! `snake_case`.

use crate::{
    model::{ContainerId, ContainerStats, Timestamp, Update},
    protocol::ServerMessage,
    server::hub::encode,
};
use bytestring::ByteString;
use serde::Serialize;

/// `message` in this form; `None` if it has no container stats.
pub(super) fn docker_stats(message: &ServerMessage) -> Option<ByteString> {
    DockerStats::of(message).map(|body| encode(&body))
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "docker_stats")]
struct DockerStats<'a> {
    timestamp: Timestamp,
    data: DockerStatsData<'a>,
}

#[derive(Serialize)]
struct DockerStatsData<'a> {
    containers: Vec<DockerContainerStats<'a>>,
}

#[derive(Serialize)]
struct DockerContainerStats<'a> {
    id: ContainerId,
    name: &'a str,
    cpu_percent: Option<f32>,
    memory_usage: Option<u64>,
    memory_limit: Option<u64>,
    memory_percent: Option<f32>,
    network_rx: Option<u64>,
    network_tx: Option<u64>,
    block_read: Option<u64>,
    block_write: Option<u64>,
    pids: Option<u32>,
}

impl<'a> DockerStats<'a> {
    fn of(message: &'a ServerMessage) -> Option<Self> {
        let Some(Update::Stats {
            timestamp, data, ..
        }) = message.update()
        else {
            return None;
        };
        Some(Self {
            timestamp: *timestamp,
            data: DockerStatsData {
                containers: data
                    .iter()
                    .map(|stats| DockerContainerStats::of(stats))
                    .collect(),
            },
        })
    }
}

impl<'a> DockerContainerStats<'a> {
    fn of(stats: &'a ContainerStats) -> Self {
        Self {
            id: stats.container_id,
            name: &stats.container_name,
            cpu_percent: stats.cpu_percent,
            memory_usage: stats.memory_usage,
            memory_limit: stats.memory_limit,
            memory_percent: stats.memory_percent,
            network_rx: stats.network_rx,
            network_tx: stats.network_tx,
            block_read: stats.block_read,
            block_write: stats.block_write,
            pids: stats.pids,
        }
    }
}
