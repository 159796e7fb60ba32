//! What was observed between this browser and the server, and what follows from it. Pure: the probes
//! observe, [`Observations::findings`] judges.

use crate::{
    model::{Finding, HostId, Outcome, Probe, Severity},
    protocol::{Channel, close_code},
};
use std::fmt::Write;

/// Server-sent events come at least every three seconds; a wait of more than this is a proxy's.
const LONGEST_GAP_MS: u32 = 8_000;
/// Ages are told by the server's clock, so that a difference below this only matters to people.
const CLOCK_SKEW_MS: i64 = 30_000;
/// A way there and back that people notice with every click.
const SLOW_MS: u32 = 1_000;

/// Everything that was observed so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// Whether all probes have ended.
    pub finished: bool,
    /// How the server answers by HTTP.
    pub reach: Option<ReachTrial>,
    /// The socket in the binary form.
    pub binary: Option<SocketTrial>,
    /// The socket in JSON.
    pub json: Option<SocketTrial>,
    /// The socket with figures of containers.
    pub docker_stats: Option<SocketTrial>,
    /// Server-sent events.
    pub stream: Option<StreamTrial>,
    /// Polling.
    pub polling: Option<PollTrial>,
    /// A socket on which nothing is said.
    pub quiet: Option<QuietTrial>,
    /// Milliseconds by which the browser's clock is ahead of the server's.
    pub clock_skew_ms: Option<i64>,
    /// Hosts whose engine does not answer.
    pub silent_engines: Vec<HostId>,
}

/// How the server answered a request by HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReachTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// The status of the answer; absent when none came.
    pub status: Option<u16>,
    /// Version of the server, when it was ours that answered.
    pub version: Option<String>,
    /// Whether an error was told in our form.
    pub is_ours: bool,
    /// The status of a request that says where it is from. Only asked for when no socket opens.
    pub origin_status: Option<u16>,
    /// There and back.
    pub ms: u32,
}

/// What became of a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// Whether it opened.
    pub opened: bool,
    /// Whether everything came that was to come.
    pub complete: bool,
    /// With which code it was closed, if by the other side.
    pub closed: Option<u16>,
    /// Messages that came.
    pub messages: u32,
    /// Their length.
    pub bytes: u64,
    /// When the first one came, after the beginning.
    pub first_ms: Option<u32>,
    /// There and back.
    pub round_trip_ms: Option<u32>,
    /// Channels of which there was a message.
    pub channels: Vec<Channel>,
}

/// What became of a stream of server-sent events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// The status of the answer; absent when none came.
    pub status: Option<u16>,
    /// Whether the answer is one of events.
    pub is_stream: bool,
    /// Events that came.
    pub events: u32,
    /// Their length.
    pub bytes: u64,
    /// When the first one came, after the request.
    pub first_ms: Option<u32>,
    /// The longest time without an event, the end included.
    pub longest_gap_ms: u32,
    /// How long after the server's time stamp the latest figures came.
    pub most_late_ms: Option<u32>,
}

/// What became of polling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// The status of the newest answer; absent when none came.
    pub status: Option<u16>,
    /// Answers that came.
    pub answers: u32,
    /// Their length.
    pub bytes: u64,
    /// The slowest.
    pub slowest_ms: u32,
}

/// What became of a socket on which nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuietTrial {
    /// Whether it has ended.
    pub ended: bool,
    /// Whether it opened.
    pub opened: bool,
    /// How long nothing was said.
    pub quiet_ms: u32,
    /// Whether the heartbeat came.
    pub heartbeat: bool,
    /// With which code it was closed, if by the other side.
    pub closed: Option<u16>,
}

impl SocketTrial {
    fn outcome(&self) -> Outcome {
        match (self.ended, self.opened && self.complete) {
            (false, _) => Outcome::Running,
            (true, true) => Outcome::Works,
            (true, false) => Outcome::Broken,
        }
    }
}

impl StreamTrial {
    /// How long events were held back, when they were, while polls were answered within
    /// `slowest_poll_ms`: what delays everything is no buffer.
    fn held_back_ms(&self, slowest_poll_ms: u32) -> Option<u32> {
        let waited = self.longest_gap_ms.max(self.most_late_ms.unwrap_or(0));
        let is_held = waited > LONGEST_GAP_MS.max(slowest_poll_ms.saturating_mul(3));
        (is_held && self.is_stream).then_some(waited)
    }
}

impl Observations {
    /// How far a probe has got.
    pub fn outcome(&self, probe: Probe) -> Outcome {
        let ended = |ended: bool, works: bool| match (ended, works) {
            (false, _) => Outcome::Running,
            (true, true) => Outcome::Works,
            (true, false) => Outcome::Broken,
        };
        let socket = |trial: &Option<SocketTrial>| trial.as_ref().map(SocketTrial::outcome);
        let outcome = match probe {
            Probe::Reach => self.reach.as_ref().map(|trial| {
                ended(
                    trial.ended,
                    trial.status == Some(200) && trial.version.is_some(),
                )
            }),
            Probe::Binary => socket(&self.binary),
            Probe::Json => socket(&self.json),
            Probe::DockerStats => socket(&self.docker_stats),
            Probe::Stream => self.stream.as_ref().map(|trial| {
                let is_held = trial.held_back_ms(self.slowest_poll_ms()).is_some();
                ended(trial.ended, trial.is_stream && trial.bytes > 0 && !is_held)
            }),
            Probe::Polling => self
                .polling
                .as_ref()
                .map(|trial| ended(trial.ended, matches!(trial.status, Some(200 | 304)))),
            Probe::Quiet => self.quiet.as_ref().map(|trial| match trial {
                QuietTrial {
                    ended: true,
                    opened: false,
                    ..
                } => Outcome::Skipped,
                trial => ended(trial.ended, trial.heartbeat),
            }),
        };
        outcome.unwrap_or(Outcome::Waiting)
    }

    /// How many probes have ended.
    pub fn ended(&self) -> usize {
        let is_over =
            |probe: &Probe| !matches!(self.outcome(*probe), Outcome::Waiting | Outcome::Running);
        Probe::ALL.iter().copied().filter(is_over).count()
    }

    fn slowest_poll_ms(&self) -> u32 {
        self.polling.as_ref().map_or(0, |trial| trial.slowest_ms)
    }

    /// What is wrong as far as it can be told by now, the worst first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        found.extend(self.unreachable());
        if found.is_empty() {
            found.extend(self.sockets());
            found.extend(self.stream());
            found.extend(self.polling());
            found.extend(self.quiet());
            found.extend(self.speed());
        }
        found.extend(self.silent_engines.iter().cloned().map(Finding::Engine));
        found.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
        found
    }

    /// Why nothing else needs to be looked at.
    fn unreachable(&self) -> Option<Finding> {
        let reach = self.reach.as_ref().filter(|trial| trial.ended)?;
        let polls = matches!(self.outcome(Probe::Polling), Outcome::Works);
        match reach.status {
            Some(200) if reach.version.is_some() => None,
            None if polls => None,
            None => Some(Finding::Unreachable),
            Some(421) => Some(Finding::HostRefused),
            Some(401) => Some(Finding::SignedOut),
            Some(status @ 500..) if !reach.is_ours => Some(Finding::ProxyFailed(status)),
            Some(status) => Some(Finding::Stranger(status)),
        }
    }

    fn sockets(&self) -> Option<Finding> {
        let (binary, json) = (
            self.ended_socket(&self.binary)?,
            self.ended_socket(&self.json)?,
        );
        let told = [binary, json]
            .into_iter()
            .find_map(|trial| match trial.closed {
                Some(close_code::SIGNED_OUT | close_code::FORBIDDEN) => Some(Finding::SignedOut),
                Some(close_code::VERSION) => Some(Finding::OtherVersion),
                Some(close_code::AT_CAPACITY) => Some(Finding::AtCapacity),
                _ => None,
            });
        if told.is_some() {
            return told;
        }
        match (binary.opened, json.opened) {
            (false, false) => Some(self.why_none_opens()),
            (false, true) => Some(Finding::SubprotocolRefused),
            (true, _) if !binary.complete => Some(match binary.closed {
                Some(code) => Finding::SocketCut(code),
                None => Finding::SocketSilent,
            }),
            (true, _) => {
                let other = self.ended_socket(&self.docker_stats)?;
                (!other.opened).then_some(Finding::OtherPathRefused)
            }
        }
    }

    fn ended_socket<'a>(&self, trial: &'a Option<SocketTrial>) -> Option<&'a SocketTrial> {
        trial.as_ref().filter(|trial| trial.ended)
    }

    /// The browser does not tell why a socket did not open, but other requests do.
    fn why_none_opens(&self) -> Finding {
        let reach = self.reach.as_ref();
        let stream = self.stream.as_ref();
        if reach.and_then(|trial| trial.origin_status) == Some(403) {
            Finding::OriginRefused
        } else if stream.and_then(|trial| trial.status) == Some(503) {
            Finding::AtCapacity
        } else {
            Finding::UpgradeRefused
        }
    }

    fn stream(&self) -> Option<Finding> {
        let trial = self.stream.as_ref().filter(|trial| trial.ended)?;
        if !trial.is_stream {
            // Said already of the sockets.
            let is_full = trial.status == Some(503);
            return (!is_full).then_some(Finding::StreamRefused(trial.status));
        }
        let held = trial.held_back_ms(self.slowest_poll_ms())?;
        Some(Finding::StreamBuffered(held / 1_000))
    }

    fn polling(&self) -> Option<Finding> {
        let trial = self.polling.as_ref().filter(|trial| trial.ended)?;
        let works = self.outcome(Probe::Polling) == Outcome::Works;
        (!works).then_some(Finding::PollingFailed(trial.status))
    }

    fn quiet(&self) -> Option<Finding> {
        let trial = self
            .quiet
            .as_ref()
            .filter(|trial| trial.ended && trial.opened)?;
        let seconds = (trial.quiet_ms + 500) / 1_000;
        match (trial.heartbeat, trial.closed) {
            (true, _) | (_, Some(close_code::RESTART)) => None,
            (false, Some(_)) => Some(Finding::IdleCut(seconds)),
            (false, None) => Some(Finding::HeartbeatLost(seconds)),
        }
    }

    fn speed(&self) -> Vec<Finding> {
        let trial = self.binary.as_ref();
        let slow = trial
            .and_then(|trial| trial.round_trip_ms)
            .filter(|ms| *ms > SLOW_MS);
        let skew = self.clock_skew_ms.filter(|ms| ms.abs() > CLOCK_SKEW_MS);
        let slow = slow.map(Finding::Slow);
        slow.into_iter()
            .chain(skew.map(|ms| Finding::ClockSkew(ms / 1_000)))
            .collect()
    }

    /// How bad the worst finding is; absent when there is none.
    pub fn severity(&self) -> Option<Severity> {
        self.findings().first().map(Finding::severity)
    }

    /// All of it as plain text for a ticket, in English. Names no address, host name or container.
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
    let channels: Vec<_> = trial
        .channels
        .iter()
        .map(|channel| channel.as_str())
        .collect();
    format!(
        ", opened {opened}, closed {closed}, {messages} messages, {bytes} bytes, first after {first} ms, round trip {back} ms, channels [{}]",
        channels.join(" ")
    )
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests;
