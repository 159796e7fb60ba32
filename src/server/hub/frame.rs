//! A message in a ring, encoded at most once per form however many clients get it.

use crate::{
    model::{ContainerId, ContainerStats, Timestamp},
    protocol::ServerMessage,
};
use axum::extract::ws::Utf8Bytes;
use serde::Serialize;
use std::sync::OnceLock;

/// How a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// The public form: `docs/PROTOCOL.md`.
    Json,
    /// The form of `/ws/docker/stats`, which only figures of containers have.
    DockerStats,
}

/// A message with its place in a channel.
#[derive(Debug)]
pub struct Frame {
    seq: u64,
    message: ServerMessage,
    json: OnceLock<Utf8Bytes>,
    docker_stats: OnceLock<Option<Utf8Bytes>>,
}

impl Frame {
    /// `message` as number `seq` of its channel.
    pub fn new(seq: u64, message: ServerMessage) -> Self {
        Self {
            seq,
            message,
            json: OnceLock::new(),
            docker_stats: OnceLock::new(),
        }
    }

    /// Its number in the channel.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// What it says.
    pub fn message(&self) -> &ServerMessage {
        &self.message
    }

    /// Its public form. The first caller encodes, all others share.
    pub fn json(&self) -> Utf8Bytes {
        self.json.get_or_init(|| encode(&self.message)).clone()
    }

    /// It in the form of `codec`, if that has it.
    pub fn encoded(&self, codec: Codec) -> Option<Utf8Bytes> {
        match codec {
            Codec::Json => Some(self.json()),
            Codec::DockerStats => self
                .docker_stats
                .get_or_init(|| DockerStats::of(&self.message).map(|body| encode(&body)))
                .clone(),
        }
    }
}

/// `message` as JSON text.
pub fn encode(message: &impl Serialize) -> Utf8Bytes {
    match serde_json::to_string(message) {
        Ok(text) => text.into(),
        Err(error) => {
            tracing::error!(%error, "a message could not be encoded");
            Utf8Bytes::from_static(
                r#"{"type":"error","code":"internal","message":"a message could not be encoded"}"#,
            )
        }
    }
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
        let ServerMessage::Stats {
            timestamp, data, ..
        } = message
        else {
            return None;
        };
        Some(Self {
            timestamp: *timestamp,
            data: DockerStatsData {
                containers: data.iter().map(DockerContainerStats::of).collect(),
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
