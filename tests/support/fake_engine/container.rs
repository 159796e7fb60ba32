//! A container of the fake engine, and its representation in Docker's API.

use deckwatch::model::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    time::{Instant, SystemTime},
};

/// A container of the fake engine.
#[derive(Clone, Debug)]
pub(crate) struct FakeContainer {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) state: String,
    pub(crate) exit_code: i64,
    pub(crate) restart_count: u32,
    pub(crate) health: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) env: Vec<String>,
    pub(crate) command: Vec<String>,
    /// Output of the last health check.
    pub(crate) health_output: Option<String>,
    pub(crate) lines: Vec<Line>,
    /// Number of lines of its log that were discarded.
    pub(crate) dropped: usize,
    /// Number of lines at the end of each of its runs.
    pub(crate) run_ends: Vec<usize>,
    /// Whether it has a terminal.
    pub(crate) terminal: bool,
    /// Bytes after which the engine splits a line.
    pub(crate) part: usize,
    /// The fault that replaces its log.
    pub(crate) log_failure: Option<(u16, String)>,
    pub(crate) log_fault: Option<LogFault>,
    /// Replaces parts of the stats (`null` deletes), or the whole body as text.
    pub(crate) figures: Figures,
    pub(super) started: Timestamp,
    pub(super) finished: Timestamp,
    counting_since: Instant,
}

/// How the body of stats differs from the usual one.
#[derive(Clone, Debug)]
pub(crate) enum Figures {
    Patched(Value),
    Text(String),
}

/// A line of a log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) stderr: bool,
    pub(crate) text: Vec<u8>,
    /// Whether it has a line end. The last line of a run may have none, and neither has the first part of
    /// an incomplete line.
    pub(crate) ended: bool,
}

/// A fault of the engine's answer to a request for a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFault {
    /// It begins, and nothing follows.
    Hangs,
    /// Its frames are invalid.
    Corrupt,
}

impl Line {
    /// Number of records of `part` bytes that an engine stores for it.
    pub(super) fn records(&self, part: usize) -> usize {
        self.text.len().div_ceil(part).max(1)
    }
}

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_millis(i64::try_from(since.unwrap().as_millis()).unwrap())
}

/// A full id that depends only on the name, so that tests can compute it.
pub(crate) fn id_of(name: &str) -> String {
    let seed = |n: u64| {
        let bytes = name.bytes().chain(n.to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        })
    };
    (0..4).map(|n| format!("{:016x}", seed(n))).collect()
}

impl FakeContainer {
    /// A container that has been running for three minutes.
    pub(crate) fn running(name: &str) -> Self {
        Self {
            id: id_of(name),
            name: name.to_owned(),
            image: "nginx:1.27".to_owned(),
            state: "running".to_owned(),
            exit_code: 0,
            restart_count: 0,
            health: None,
            labels: BTreeMap::new(),
            env: Vec::new(),
            command: vec!["nginx".to_owned()],
            health_output: None,
            lines: Vec::new(),
            dropped: 0,
            run_ends: Vec::new(),
            terminal: false,
            part: 16 * 1024,
            log_failure: None,
            log_fault: None,
            figures: Figures::Patched(json!({})),
            started: Timestamp::from_millis(now().as_millis() - 180_000),
            finished: Timestamp::from_millis(-62_135_596_800_000),
            counting_since: Instant::now(),
        }
    }

    /// A container that has exited.
    pub(crate) fn exited(name: &str) -> Self {
        Self {
            state: "exited".to_owned(),
            finished: now(),
            ..Self::running(name)
        }
    }

    /// With the id of a container called `name`, because engines give different ids to containers with the
    /// same name.
    pub(crate) fn with_id_of(mut self, name: &str) -> Self {
        self.id = id_of(name);
        self
    }

    pub(crate) fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn env(mut self, variable: &str) -> Self {
        self.env.push(variable.to_owned());
        self
    }

    pub(crate) fn command(mut self, words: &[&str]) -> Self {
        self.command = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// With a failing health check with this output.
    pub(crate) fn health_output(mut self, text: &str) -> Self {
        self.health = Some("unhealthy".to_owned());
        self.health_output = Some(text.to_owned());
        self
    }

    /// With a log of `n` numbered lines, every tenth on stderr.
    pub(crate) fn lines(mut self, n: u32) -> Self {
        let start = now().as_millis() - i64::from(n);
        self.lines = (0..n)
            .map(|n| Line {
                at: Timestamp::from_millis(start + i64::from(n)),
                stderr: n % 10 == 9,
                text: format!("line {n}").into_bytes(),
                ended: true,
            })
            .collect();
        self
    }

    /// Appends lines. Three have the same time, as with engines whose clock is coarse.
    pub(super) fn write(&mut self, texts: impl IntoIterator<Item = Vec<u8>>) {
        let next = |line: &Line| line.at.plus(std::time::Duration::from_millis(1));
        let start = self.lines.last().map(next).unwrap_or_default().max(now());
        let lines = texts.into_iter().enumerate().map(|(n, text)| Line {
            at: Timestamp::from_millis(start.as_millis() + n as i64 / 3),
            stderr: false,
            text,
            ended: true,
        });
        self.lines.extend(lines);
    }

    /// Appends text without a line end; with `is_rest` it continues the incomplete line, with the same
    /// time.
    pub(super) fn write_words(&mut self, text: &str, is_rest: bool, ended: bool) {
        let last = self.lines.last().map(|line| line.at);
        self.write([text.as_bytes().to_vec()]);
        if let Some(line) = self.lines.last_mut() {
            line.ended = ended;
            line.at = last.filter(|_| is_rest).unwrap_or(line.at);
        }
    }

    pub(super) fn is_up(&self) -> bool {
        matches!(self.state.as_str(), "running" | "paused")
    }

    fn status(&self) -> String {
        let ago = |at: Timestamp| match at.age(now()).as_secs() {
            seconds @ 0..60 => format!("{seconds} seconds"),
            seconds => format!("{} minutes", seconds / 60),
        };
        let health = self.health.as_deref().map(|health| format!(" ({health})"));
        let health = health.unwrap_or_default();
        match self.state.as_str() {
            "running" => format!("Up {}{health}", ago(self.started)),
            "paused" => format!("Up {} (Paused)", ago(self.started)),
            "exited" => format!("Exited ({}) {} ago", self.exit_code, ago(self.finished)),
            _ => "Created".to_owned(),
        }
    }

    /// Its entry in `/containers/json`.
    pub(super) fn summary(&self) -> Value {
        json!({
            "Id": self.id,
            "Names": [format!("/{}", self.name)],
            "Image": self.image,
            "ImageID": "sha256:0",
            "Command": self.command.join(" "),
            "Created": self.started.as_millis() / 1_000,
            "Ports": [{ "IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp" }],
            "Labels": self.labels,
            "State": self.state,
            "Status": self.status(),
            "HostConfig": { "NetworkMode": "bridge" },
            "Mounts": [],
        })
    }

    /// The response of `/containers/{id}/json`.
    pub(super) fn inspection(&self) -> Value {
        let health = self.health.as_deref().map(|status| {
            json!({ "Status": status, "FailingStreak": 1, "Log": [
                { "Start": self.started.to_string(), "ExitCode": 1, "Output": self.health_output },
            ] })
        });
        json!({
            "Id": self.id,
            "Created": self.started.to_string(),
            "Name": format!("/{}", self.name),
            "Image": "sha256:0",
            "RestartCount": self.restart_count,
            "State": {
                "Status": self.state,
                "Running": self.is_up(),
                "Paused": self.state == "paused",
                "Restarting": false,
                "OOMKilled": false,
                "Dead": false,
                "Pid": 0,
                "ExitCode": self.exit_code,
                "Error": "",
                "StartedAt": self.started.to_string(),
                "FinishedAt": self.finished.to_string(),
                "Health": health,
            },
            "Config": {
                "Image": self.image,
                "Labels": self.labels,
                "Env": self.env,
                "Cmd": self.command,
                "Tty": self.terminal,
            },
            "HostConfig": { "NetworkMode": "bridge", "Memory": 0 },
            "Mounts": [],
            "NetworkSettings": { "Ports": {} },
        })
    }

    /// The response of `/containers/{id}/stats`: a tenth of a core, 64 of 512 MiB.
    pub(super) fn stats(&self) -> String {
        let patch = match &self.figures {
            Figures::Text(text) => return text.clone(),
            Figures::Patched(patch) => patch,
        };
        let ns = u64::try_from(self.counting_since.elapsed().as_nanos()).unwrap();
        let cpu = |ns: u64| {
            json!({
                "cpu_usage": { "total_usage": ns / 10, "usage_in_usermode": ns / 10, "usage_in_kernelmode": 0 },
                "system_cpu_usage": ns * 2,
                "online_cpus": 2,
            })
        };
        let mut body = json!({
            "id": self.id,
            "name": format!("/{}", self.name),
            "read": now().to_string(),
            "preread": "0001-01-01T00:00:00Z",
            "cpu_stats": cpu(ns),
            "precpu_stats": { "cpu_usage": { "total_usage": 0 } },
            "memory_stats": { "usage": 64 << 20, "limit": 512 << 20, "stats": { "inactive_file": 0 } },
            "networks": { "eth0": { "rx_bytes": ns / 1_000, "tx_bytes": ns / 2_000 } },
            "blkio_stats": { "io_service_bytes_recursive": [
                { "major": 8, "minor": 0, "op": "read", "value": ns / 1_000 },
                { "major": 8, "minor": 0, "op": "write", "value": ns / 2_000 },
            ] },
            "pids_stats": { "current": 3 },
        });
        merge(&mut body, patch);
        body.to_string()
    }
}

/// RFC 7396: objects are merged, `null` deletes, everything else replaces.
fn merge(body: &mut Value, patch: &Value) {
    let (Value::Object(body), Value::Object(patch)) = (body, patch) else {
        return;
    };
    for (key, value) in patch {
        match (body.get_mut(key), value) {
            (_, Value::Null) => drop(body.remove(key)),
            (Some(inner @ Value::Object(_)), Value::Object(_)) => merge(inner, value),
            _ => drop(body.insert(key.clone(), value.clone())),
        }
    }
}
