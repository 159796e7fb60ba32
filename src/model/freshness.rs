//! Of which moment data is, and how far it can be trusted. The one place that judges it: server and
//! browser render what these functions say.

use super::{SourceState, SourceStatus, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How often figures come, in milliseconds: as the server is configured, and as it tells every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Intervals {
    /// Hosts' own figures.
    pub metrics_ms: u32,
    /// Figures of containers while a client watches them.
    pub stats_ms: u32,
    /// Figures of containers while none does.
    pub stats_idle_ms: u32,
}

impl Default for Intervals {
    /// The defaults of the server's configuration.
    fn default() -> Self {
        Self {
            metrics_ms: 2_000,
            stats_ms: 2_000,
            stats_idle_ms: 10_000,
        }
    }
}

impl Intervals {
    /// Between two sets of a host's own figures. Something new comes at least as often over a
    /// connection that works.
    pub const fn metrics(self) -> Duration {
        Duration::from_millis(self.metrics_ms as u64)
    }

    /// Between two sets of figures of containers that are watched.
    pub const fn stats(self) -> Duration {
        Duration::from_millis(self.stats_ms as u64)
    }

    /// Between two sets of figures of containers that are not watched.
    pub const fn stats_idle(self) -> Duration {
        Duration::from_millis(self.stats_idle_ms as u64)
    }
}

/// The least time between two messages that a connection is judged by: to send a lost packet again
/// takes seconds.
const LEAST_INTERVAL: Duration = Duration::from_secs(5);

/// How far data can be trusted, judged by the time its source gave. The worst is the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freshness {
    /// As new as it should be.
    #[default]
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

    /// Its name in the document; nothing for what is live, which needs no mark.
    pub const fn mark(self) -> Option<&'static str> {
        match self {
            Self::Live => None,
            Self::Late => Some("late"),
            Self::Stale => Some("stale"),
            Self::Unknown => Some("unknown"),
        }
    }
}

/// What has to answer for data to be live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Deckwatch's server.
    #[default]
    Server,
    /// A container engine.
    Engine,
}

/// Of which moment data is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsOf {
    /// How far it can be trusted.
    pub freshness: Freshness,
    /// The last moment at which it was known to be so. Absent for live data, which is of the present,
    /// and for data of which that moment is not known.
    pub last_seen: Option<Timestamp>,
    /// What does not answer, when it is not live.
    pub silent: Origin,
}

impl AsOf {
    /// What a page can know at best, by its connection to the server: `newest` is the time of the
    /// newest figure on the page, of which a new one should come every `interval`.
    pub fn connection(
        is_connected: bool,
        newest: Option<Timestamp>,
        now: Timestamp,
        interval: Duration,
    ) -> Self {
        // Before the first figure there is nothing that could be old.
        let at = newest.unwrap_or(now);
        let freshness = match (
            Freshness::judge(Some(at), now, interval.max(LEAST_INTERVAL)),
            is_connected,
        ) {
            (Freshness::Live, false) => Freshness::Late,
            (_, false) => Freshness::Stale,
            (freshness, true) => freshness,
        };
        Self::of(freshness, newest, Origin::Server)
    }

    /// What an engine tells of its containers. Without a status nothing is known against it.
    pub fn engine(status: Option<&SourceStatus>) -> Self {
        let Some(status) = status else {
            return Self::default();
        };
        let freshness = match (status.state, status.last_seen) {
            (SourceState::Live, _) => Freshness::Live,
            (SourceState::Late, _) => Freshness::Late,
            (SourceState::Stale | SourceState::Down, Some(_)) => Freshness::Stale,
            (SourceState::Stale | SourceState::Down, None) => Freshness::Unknown,
        };
        Self::of(freshness, status.last_seen, Origin::Engine)
    }

    /// A figure that the server read at `at`, of which a new one should come every `interval`.
    pub fn figure(at: Option<Timestamp>, now: Timestamp, interval: Duration) -> Self {
        Self::of(Freshness::judge(at, now, interval), at, Origin::Server)
    }

    /// Figures of containers read at `at` that this page has watched since `since`. Before that they
    /// may have come at the idle pace, which says nothing against them.
    pub fn watched(
        at: Option<Timestamp>,
        since: Timestamp,
        now: Timestamp,
        intervals: Intervals,
    ) -> Self {
        let idle = Freshness::judge(at, since, intervals.stats_idle());
        let due_from = match idle {
            Freshness::Live => at.max(Some(since)),
            _ => at,
        };
        Self::of(
            Freshness::judge(due_from, now, intervals.stats()),
            at,
            Origin::Server,
        )
    }

    fn of(freshness: Freshness, last_seen: Option<Timestamp>, silent: Origin) -> Self {
        let last_seen = last_seen.filter(|_| freshness != Freshness::Live);
        Self {
            freshness,
            last_seen,
            silent,
        }
    }

    /// Data that needs both, `self` to get to the page and `other` to be right: as bad as the worse,
    /// and of the earlier moment.
    pub fn and(self, other: Self) -> Self {
        let silent = if self.is_live() {
            other.silent
        } else {
            self.silent
        };
        let seen = [self.last_seen, other.last_seen].into_iter().flatten();
        Self::of(self.freshness.max(other.freshness), seen.min(), silent)
    }

    /// Whether it is of the present.
    pub const fn is_live(self) -> bool {
        matches!(self.freshness, Freshness::Live)
    }

    /// The moment up to which ages and uptimes count: they stand still while nothing is known.
    pub fn moment(self, now: impl FnOnce() -> Timestamp) -> Timestamp {
        self.last_seen.unwrap_or_else(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{HostId, SourceKind};

    const FAST: Duration = Duration::from_secs(2);

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + ms)
    }

    fn engine(state: SourceState, last_seen: Option<i64>) -> AsOf {
        AsOf::engine(Some(&SourceStatus {
            host: HostId::default(),
            source: SourceKind::Docker,
            state,
            since: at(0),
            last_seen: last_seen.map(at),
            message: None,
            endpoint: None,
            version: None,
            machine: None,
        }))
    }

    #[test]
    fn freshness_follows_the_age_of_the_figure() {
        let judge = |ms| Freshness::judge(Some(at(0)), at(ms), Duration::from_secs(2));
        assert_eq!(judge(-500), Freshness::Live, "clocks differ a little");
        assert_eq!(judge(5_000), Freshness::Live);
        assert_eq!(judge(5_001), Freshness::Late);
        assert_eq!(judge(10_000), Freshness::Late);
        assert_eq!(judge(10_001), Freshness::Stale);
        let none = Freshness::judge(None, at(0), Duration::from_secs(2));
        assert_eq!(none, Freshness::Unknown);
    }

    #[test]
    fn a_connection_that_brings_nothing_is_not_live_however_open_it_is() {
        let judge = |is_connected, ms| {
            let as_of = AsOf::connection(is_connected, Some(at(0)), at(ms), FAST);
            (as_of.freshness, as_of.last_seen)
        };
        assert_eq!(judge(true, 12_500), (Freshness::Live, None));
        assert_eq!(judge(true, 12_501), (Freshness::Late, Some(at(0))));
        assert_eq!(judge(true, 25_001), (Freshness::Stale, Some(at(0))));
        assert_eq!(judge(false, 100), (Freshness::Late, Some(at(0))), "at once");
        assert_eq!(judge(false, 12_501), (Freshness::Stale, Some(at(0))));
        let empty = AsOf::connection(true, None, at(0), FAST);
        assert!(empty.is_live(), "{empty:?}");
        assert!(!AsOf::connection(false, None, at(0), FAST).is_live());
    }

    #[test]
    fn a_connection_is_judged_by_a_longer_interval_when_figures_come_that_seldom() {
        let as_of = AsOf::connection(true, Some(at(0)), at(20_000), Duration::from_secs(10));
        assert!(as_of.is_live(), "{as_of:?}");
    }

    #[test]
    fn figures_of_containers_age_by_the_interval_at_which_they_are_watched() {
        let judge = |read_at: Option<i64>, watched_since, now| {
            let intervals = Intervals::default();
            let read_at = read_at.map(at);
            AsOf::watched(read_at, at(watched_since), at(now), intervals).freshness
        };
        assert_eq!(judge(Some(0), 0, 5_000), Freshness::Live);
        assert_eq!(judge(Some(0), 0, 5_001), Freshness::Late);
        assert_eq!(judge(Some(0), 0, 10_001), Freshness::Stale);
        assert_eq!(judge(None, 0, 100), Freshness::Unknown);
        // Read at the idle pace before this page watched: the next ones come soon.
        assert_eq!(judge(Some(-20_000), 0, 100), Freshness::Live);
        assert_eq!(judge(Some(-20_000), 0, 5_001), Freshness::Late);
        assert_eq!(
            judge(Some(-30_000), 0, 100),
            Freshness::Stale,
            "they had stopped before"
        );
    }

    #[test]
    fn what_an_engine_tells_is_as_fresh_as_its_state() {
        assert!(AsOf::engine(None).is_live());
        assert!(engine(SourceState::Live, None).is_live());
        for (state, last_seen, freshness) in [
            (SourceState::Late, Some(3), Freshness::Late),
            (SourceState::Stale, Some(3), Freshness::Stale),
            (SourceState::Down, Some(3), Freshness::Stale),
            (SourceState::Down, None, Freshness::Unknown),
        ] {
            let as_of = engine(state, last_seen);
            assert_eq!(as_of.freshness, freshness, "{state:?}");
            assert_eq!(as_of.last_seen, last_seen.map(at), "{state:?}");
        }
    }

    #[test]
    fn data_is_of_the_earliest_moment_of_all_it_needs() {
        let (link, down) = (
            AsOf::connection(false, Some(at(7)), at(9), FAST),
            engine(SourceState::Down, Some(3)),
        );
        let both = link.and(down);
        assert_eq!(both.freshness, Freshness::Stale);
        assert_eq!(both.last_seen, Some(at(3)));
        assert_eq!(both.silent, Origin::Server, "the engine may have come back");
        assert_eq!(AsOf::default().and(down), down);
        assert_eq!(link.and(AsOf::default()), link);
    }

    #[test]
    fn ages_stand_still_while_nothing_is_known() {
        let down = engine(SourceState::Down, Some(3));
        assert_eq!(down.moment(|| at(60_000)), at(3));
        assert_eq!(AsOf::default().moment(|| at(60_000)), at(60_000));
    }
}
