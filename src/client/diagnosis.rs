//! Observations about the connection between this browser and the server, and the diagnosis that follows.
//! Pure: the probes observe, [`Observations::findings`] interprets.

mod report;
mod trials;

pub use trials::{PollTrial, QuietTrial, ReachTrial, SocketTrial, StreamTrial};

use crate::{
    model::{Finding, HostId, Outcome, Probe, Severity},
    protocol::close_code,
};

/// Ages are computed with the server's clock; a difference below this is irrelevant to users.
const CLOCK_SKEW_MS: i64 = 30_000;
/// A round trip that users notice with every click.
const SLOW_MS: u32 = 1_000;

/// All observations so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// Whether all probes have ended.
    pub finished: bool,
    /// The HTTP request.
    pub reach: Option<ReachTrial>,
    /// The socket with the binary subprotocol.
    pub binary: Option<SocketTrial>,
    /// The socket with the JSON subprotocol.
    pub json: Option<SocketTrial>,
    /// The socket with container stats.
    pub docker_stats: Option<SocketTrial>,
    /// Server-sent events.
    pub stream: Option<StreamTrial>,
    /// Polling.
    pub polling: Option<PollTrial>,
    /// The idle socket.
    pub quiet: Option<QuietTrial>,
    /// Milliseconds by which the browser's clock is ahead of the server's.
    pub clock_skew_ms: Option<i64>,
    /// Hosts whose engine does not answer.
    pub silent_engines: Vec<HostId>,
}

impl Observations {
    /// The state of a probe.
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

    /// Number of probes that have ended.
    pub fn ended(&self) -> usize {
        let has_ended =
            |probe: &Probe| !matches!(self.outcome(*probe), Outcome::Waiting | Outcome::Running);
        Probe::ALL.iter().copied().filter(has_ended).count()
    }

    fn slowest_poll_ms(&self) -> u32 {
        self.polling.as_ref().map_or(0, |trial| trial.slowest_ms)
    }

    /// The problems that are known so far, the worst first.
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

    /// A problem that makes the other probes irrelevant.
    fn unreachable(&self) -> Option<Finding> {
        let reach = self.reach.as_ref().filter(|trial| trial.ended)?;
        let polls = matches!(self.outcome(Probe::Polling), Outcome::Works);
        match reach.status {
            Some(200) if reach.version.is_some() => None,
            None if polls => None,
            None => Some(Finding::Unreachable),
            Some(421) => Some(Finding::HostRefused),
            Some(_) if reach.wants_sign_in => Some(Finding::SignedOut),
            Some(status @ 500..) if !reach.is_ours => Some(Finding::ProxyFailed(status)),
            Some(status) => Some(Finding::Stranger(status)),
        }
    }

    fn sockets(&self) -> Option<Finding> {
        let (binary, json) = (
            self.ended_socket(&self.binary)?,
            self.ended_socket(&self.json)?,
        );
        let reported = [binary, json]
            .into_iter()
            .find_map(|trial| match trial.closed {
                Some(close_code::SIGNED_OUT | close_code::FORBIDDEN) => Some(Finding::SignedOut),
                Some(close_code::VERSION) => Some(Finding::OtherVersion),
                Some(close_code::AT_CAPACITY) => Some(Finding::AtCapacity),
                _ => None,
            });
        if reported.is_some() {
            return reported;
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

    /// The browser does not report why a socket did not open, but other requests do.
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
            // Already reported for the sockets.
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

    /// The severity of the worst finding; `None` when there is none.
    pub fn severity(&self) -> Option<Severity> {
        self.findings().first().map(Finding::severity)
    }
}

#[cfg(test)]
mod tests;
