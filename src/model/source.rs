//! Where figures come from, and how fresh they are.

use super::{HostId, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A place figures come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A Docker or Podman engine.
    Docker,
    /// The operating system of the host.
    System,
    /// Invented containers.
    Demo,
}

/// Whether a source answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceState {
    /// It answers in time.
    Live,
    /// Its answer is overdue.
    Late,
    /// It has been silent for so long that its figures must not be trusted.
    Stale,
    /// It cannot be reached.
    Down,
}

/// What is known of one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    /// Whose source.
    pub host: HostId,
    /// Which.
    pub source: SourceKind,
    /// Whether it answers.
    pub state: SourceState,
    /// Since when it has been in that state.
    pub since: Timestamp,
    /// Why, and what to do, when it is not live.
    #[serde(default)]
    pub message: Option<String>,
    /// Where it is reached, e.g. `unix:///var/run/docker.sock`.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// What answers there, e.g. `Docker 27.3.1`.
    #[serde(default)]
    pub version: Option<String>,
}

/// How far a figure can be trusted, judged by the time its source gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freshness {
    /// As new as it should be.
    Live,
    /// The next one is overdue.
    Late,
    /// Too old to be taken for the present.
    Stale,
    /// There never was one.
    Unknown,
}

impl Freshness {
    /// Judges a figure read at `at`, of which a new one should come every `interval`.
    ///
    /// Live up to two and a half intervals (one may be lost, and half a one is network and
    /// scheduling), late up to five, then stale.
    pub fn judge(at: Option<Timestamp>, now: Timestamp, interval: Duration) -> Self {
        let Some(at) = at else { return Self::Unknown };
        match at.age(now) {
            age if age <= interval * 5 / 2 => Self::Live,
            age if age <= interval * 5 => Self::Late,
            _ => Self::Stale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_follows_the_age_of_the_figure() {
        let at = Timestamp::from_millis(1_000_000);
        let judge = |ms: i64| {
            Freshness::judge(
                Some(at),
                Timestamp::from_millis(1_000_000 + ms),
                Duration::from_secs(2),
            )
        };
        assert_eq!(judge(-500), Freshness::Live, "clocks differ a little");
        assert_eq!(judge(5_000), Freshness::Live);
        assert_eq!(judge(5_001), Freshness::Late);
        assert_eq!(judge(10_000), Freshness::Late);
        assert_eq!(judge(10_001), Freshness::Stale);
        assert_eq!(
            Freshness::judge(None, at, Duration::from_secs(2)),
            Freshness::Unknown
        );
    }
}
