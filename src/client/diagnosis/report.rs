//! The observations as plain text.

use super::{Observations, SocketTrial};
use crate::model::{Finding, Probe};
use std::fmt::Write;

impl Observations {
    /// All observations as plain text for a bug report, in English. Contains no address, host name or
    /// container.
    pub fn report(&self) -> String {
        let mut text = String::new();
        for probe in Probe::ALL {
            let _ = writeln!(
                text,
                "{probe:?}: {:?}{}",
                self.outcome(probe),
                self.detail(probe)
            );
        }
        if let Some(ms) = self.clock_skew_ms {
            let _ = writeln!(text, "clock ahead of the server's: {ms} ms");
        }
        let findings = self.findings();
        if findings.is_empty() {
            let _ = writeln!(text, "no findings");
        }
        for finding in findings {
            let _ = match finding {
                Finding::Engine(_) => writeln!(text, "finding: an engine does not answer"),
                finding => writeln!(text, "finding: {finding:?}"),
            };
        }
        text
    }

    fn detail(&self, probe: Probe) -> String {
        match probe {
            Probe::Reach => self.reach.as_ref().map(|t| {
                let version = t.version.as_deref().unwrap_or("unknown");
                let (status, origin) = (or_none(t.status), or_none(t.origin_status));
                format!(", status {status}, server {version}, {} ms, own origin {origin}", t.ms)
            }),
            Probe::Binary => self.binary.as_ref().map(socket_detail),
            Probe::Json => self.json.as_ref().map(socket_detail),
            Probe::DockerStats => self.docker_stats.as_ref().map(socket_detail),
            Probe::Stream => self.stream.as_ref().map(|t| {
                let (status, first) = (or_none(t.status), or_none(t.first_ms));
                let (gap, late) = (t.longest_gap_ms, or_none(t.most_late_ms));
                format!(
                    ", status {status}, {} events, {} bytes, first after {first} ms, longest gap {gap} ms, latest {late} ms late",
                    t.events, t.bytes
                )
            }),
            Probe::Polling => self.polling.as_ref().map(|t| {
                let status = or_none(t.status);
                format!(", status {status}, {} answers, {} bytes, slowest {} ms", t.answers, t.bytes, t.slowest_ms)
            }),
            Probe::Quiet => self.quiet.as_ref().map(|t| {
                let closed = or_none(t.closed);
                format!(", quiet for {} ms, heartbeat {}, closed {closed}", t.quiet_ms, t.heartbeat)
            }),
        }
        .unwrap_or_default()
    }
}

fn socket_detail(trial: &SocketTrial) -> String {
    let (closed, first) = (or_none(trial.closed), or_none(trial.first_ms));
    let (opened, back) = (trial.opened, or_none(trial.round_trip_ms));
    let (messages, bytes) = (trial.messages, trial.bytes);
    let channels: Vec<_> = trial.channels.iter().map(ToString::to_string).collect();
    format!(
        ", opened {opened}, closed {closed}, {messages} messages, {bytes} bytes, first after {first} ms, round trip {back} ms, channels [{}]",
        channels.join(" ")
    )
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}
