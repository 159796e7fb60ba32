//! A message in a ring, encoded at most once per form however many clients get it.

use super::docker_logs::{LogForm, docker_logs};
use crate::{
    model::{ContainerId, ContainerStats, Timestamp},
    protocol::{ServerMessage, codec},
};
use axum::extract::ws::{Message, Utf8Bytes};
use bytes::Bytes;
use flate2::{Compression, write::DeflateEncoder};
use serde::Serialize;
use std::{
    io::{self, Write},
    sync::{Arc, OnceLock},
};

/// Binary frames longer than this are compressed: below, there is little to win.
const COMPRESS_ABOVE: usize = 1024;

/// How a frame is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// The public form: `docs/PROTOCOL.md`.
    Json,
    /// The form our own pages speak: see [`crate::protocol::codec`].
    Binary,
    /// The form of `/ws/docker/stats`, which only figures of containers have.
    DockerStats,
    /// The form of `/ws/docker/{id}/logs`, which only what is about logs has.
    DockerLogs(LogForm),
}

/// A message with its place in a channel.
#[derive(Debug)]
pub struct Frame {
    seq: u64,
    message: Arc<ServerMessage>,
    /// What the binary form is told as changes to.
    base: Option<Arc<ServerMessage>>,
    json: OnceLock<Utf8Bytes>,
    binary: OnceLock<Bytes>,
    docker_stats: OnceLock<Option<Utf8Bytes>>,
    docker_logs: OnceLock<Arc<[Utf8Bytes]>>,
}

impl Frame {
    /// `message` as number `seq` of its channel.
    pub fn new(seq: u64, message: ServerMessage) -> Self {
        Self::after(seq, Arc::new(message), None)
    }

    /// `message`, which others share, as number `seq` of its channel.
    pub fn shared(seq: u64, message: Arc<ServerMessage>) -> Self {
        Self::after(seq, message, None)
    }

    /// `message` as number `seq` of its channel, for those who have `base`.
    pub(super) fn after(
        seq: u64,
        message: Arc<ServerMessage>,
        base: Option<Arc<ServerMessage>>,
    ) -> Self {
        Self {
            seq,
            message,
            base,
            json: OnceLock::new(),
            binary: OnceLock::new(),
            docker_stats: OnceLock::new(),
            docker_logs: OnceLock::new(),
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
        self.json.get_or_init(|| encode(&*self.message)).clone()
    }

    /// Its binary form. The first caller encodes and compresses, all others share.
    pub fn binary(&self) -> Bytes {
        let encode = || match &self.base {
            // Nothing is left in changes that could be compressed.
            Some(base) => codec::encode_tick(&self.message, base).into(),
            None => compressed(codec::encode(&*self.message), self.effort()),
        };
        self.binary.get_or_init(encode).clone()
    }

    /// It in the form of `codec`: one message, none if that form does not have it, and of logs as
    /// many as there are lines.
    pub fn encoded(&self, codec: Codec) -> Vec<Message> {
        match codec {
            Codec::Json => vec![Message::Text(self.json())],
            Codec::Binary => vec![Message::Binary(self.binary())],
            Codec::DockerStats => self
                .docker_stats
                .get_or_init(|| DockerStats::of(&self.message).map(|body| encode(&body)))
                .clone()
                .map(Message::Text)
                .into_iter()
                .collect(),
            Codec::DockerLogs(form) => self.docker_logs(form),
        }
    }

    /// Lines of logs are many, and much alike: the least effort finds most of what there is to find.
    fn effort(&self) -> Compression {
        match &*self.message {
            ServerMessage::Log { .. } => Compression::fast(),
            _ => Compression::default(),
        }
    }

    fn docker_logs(&self, form: LogForm) -> Vec<Message> {
        let lines = || docker_logs(&self.message, form);
        if form != LogForm::ALL {
            return lines().into_iter().map(Message::Text).collect();
        }
        let shared = self.docker_logs.get_or_init(|| lines().into());
        shared.iter().cloned().map(Message::Text).collect()
    }
}

/// `frame`, compressed if that makes it shorter by enough to be worth the browser's while.
fn compressed(frame: Vec<u8>, effort: Compression) -> Bytes {
    let Some((_version, message)) = frame.split_first().filter(|_| frame.len() > COMPRESS_ABOVE)
    else {
        return frame.into();
    };
    match deflate(message, effort) {
        Ok(short) if short.len() < message.len() / 8 * 7 => codec::deflated(&short).into(),
        _ => frame.into(),
    }
}

fn deflate(bytes: &[u8], effort: Compression) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), effort);
    encoder.write_all(bytes)?;
    encoder.finish()
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
