//! Judges the age of data and how far it can be trusted. The only place that does: server and browser render
//! the results of these functions.

use super::{SourceState, SourceStatus, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The intervals at which figures are read, in milliseconds: the server's configuration, sent to every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Intervals {
    /// Interval of hosts' own figures.
    pub metrics_ms: u32,
    /// Interval of container figures while a client watches them.
    pub stats_ms: u32,
    /// Interval of container figures while no client watches them.
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
    /// The interval of hosts' own figures. Over a working connection, something new arrives at least this
    /// often.
    pub const fn metrics(self) -> Duration {
        Duration::from_millis(self.metrics_ms as u64)
    }

    /// The interval of container figures while they are watched.
    pub const fn stats(self) -> Duration {
        Duration::from_millis(self.stats_ms as u64)
    }

    /// The interval of container figures while they are not watched.
    pub const fn stats_idle(self) -> Duration {
        Duration::from_millis(self.stats_idle_ms as u64)
    }
}

/// Shortest message interval by which a connection is judged: the retransmission of a lost packet takes
/// seconds.
const LEAST_INTERVAL: Duration = Duration::from_secs(5);

/// How far data can be trusted, judged by its age. The greatest value is the worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freshness {
    /// As recent as expected.
    #[default]
    Live,
    /// The next value is overdue.
    Late,
    /// Too old to be shown as current.
    Stale,
    /// No value has ever arrived.
    Unknown,
}

impl Freshness {
    /// The freshness of a figure read at `at`, when a new one is expected every `interval`.
    ///
    /// Live up to two and a half intervals (one reading may be lost, and half an interval allows for network
    /// and scheduling), late up to five, then stale.
    pub fn judge(at: Option<Timestamp>, now: Timestamp, interval: Duration) -> Self {
        let Some(at) = at else { return Self::Unknown };
        match at.age(now) {
            age if age <= interval * 5 / 2 => Self::Live,
            age if age <= interval * 5 => Self::Late,
            _ => Self::Stale,
        }
    }

    /// The name in the document; `None` for live data, which has no mark.
    pub const fn mark(self) -> Option<&'static str> {
        match self {
            Self::Live => None,
            Self::Late => Some("late"),
            Self::Stale => Some("stale"),
            Self::Unknown => Some("unknown"),
        }
    }
}

/// The component that must answer for data to be live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Deckwatch's server.
    #[default]
    Server,
    /// A container engine.
    Engine,
}

/// The age and freshness of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsOf {
    /// How far the data can be trusted.
    pub freshness: Freshness,
    /// When the data was last known to be correct. Absent for live data, and when the time is unknown.
    pub last_seen: Option<Timestamp>,
    /// The component that does not answer, when the data is not live.
    pub silent: Origin,
}

impl AsOf {
    /// The freshness of the connection to the server, an upper bound for everything on the page. `newest` is
    /// the time of the newest figure on the page; a new one is expected every `interval`.
    pub fn connection(
        is_connected: bool,
        newest: Option<Timestamp>,
        now: Timestamp,
        interval: Duration,
    ) -> Self {
        // Before the first figure nothing can be old.
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

    /// The freshness of an engine's list of containers. Without a status it counts as live.
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

    /// The freshness of a figure that the server read at `at`, when a new one is expected every `interval`.
    pub fn figure(at: Option<Timestamp>, now: Timestamp, interval: Duration) -> Self {
        Self::of(Freshness::judge(at, now, interval), at, Origin::Server)
    }

    /// The freshness of container figures read at `at`, which this page has watched since `since`. Earlier
    /// ones may have been read at the idle interval, and count as late only by that interval.
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

    /// The freshness of data that depends on both: `self` for the transport to the page, `other` for the
    /// source. It has the worse freshness and the earlier time.
    pub fn and(self, other: Self) -> Self {
        let silent = if self.is_live() {
            other.silent
        } else {
            self.silent
        };
        let seen = [self.last_seen, other.last_seen].into_iter().flatten();
        Self::of(self.freshness.max(other.freshness), seen.min(), silent)
    }

    /// Whether the data is current.
    pub const fn is_live(self) -> bool {
        matches!(self.freshness, Freshness::Live)
    }

    /// The time up to which ages and uptimes count: they stop while the state is unknown.
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
        // Read at the idle interval before this page watched: the next reading is due soon.
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
