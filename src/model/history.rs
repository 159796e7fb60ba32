//! The recent history of containers' figures, from which charts and sparklines are drawn.
//!
//! A history contains when each figure was read, and where readings are missing: a gap is a point without any
//! figure. So drawing code does not need to know the reading interval.

use super::{ContainerStats, Timestamp, WorkloadId};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::time::Duration;

/// Age up to which figures are kept.
pub const HISTORY: Duration = Duration::from_secs(5 * 60);

/// Most points of one history: one per second. With a shorter interval the history covers less time.
pub const MAX_POINTS: usize = HISTORY.as_secs() as usize;

/// A figure of a container that has a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// CPU in percent of one core.
    Cpu,
    /// Memory in use, in bytes.
    Memory,
    /// Memory limit, in bytes.
    MemoryLimit,
    /// Bytes received per second.
    NetworkRx,
    /// Bytes sent per second.
    NetworkTx,
    /// Bytes read per second.
    BlockRead,
    /// Bytes written per second.
    BlockWrite,
    /// Processes and threads.
    Pids,
}

impl Figure {
    /// Every figure, at its index in [`StatsPoint::values`].
    pub const ALL: [Self; 8] = [
        Self::Cpu,
        Self::Memory,
        Self::MemoryLimit,
        Self::NetworkRx,
        Self::NetworkTx,
        Self::BlockRead,
        Self::BlockWrite,
        Self::Pids,
    ];
}

/// The figures of a container at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatsPoint {
    /// When they were read.
    pub at: Timestamp,
    /// The figures in the order of [`Figure::ALL`]; all `None` in a gap.
    pub values: [Option<f64>; Figure::ALL.len()],
}

impl StatsPoint {
    /// A gap at `at`.
    pub const fn gap(at: Timestamp) -> Self {
        Self {
            at,
            values: [None; Figure::ALL.len()],
        }
    }

    /// The point of a sample. Values that are not numbers become unknown.
    pub fn of(stats: &ContainerStats) -> Self {
        let number = |number: Option<u64>| number.map(|number| number as f64);
        Self {
            at: stats.timestamp,
            values: [
                stats
                    .cpu_percent
                    .map(f64::from)
                    .filter(|cpu| cpu.is_finite()),
                number(stats.memory_usage),
                number(stats.memory_limit),
                number(stats.network_rx_rate),
                number(stats.network_tx_rate),
                number(stats.block_read_rate),
                number(stats.block_write_rate),
                stats.pids.map(f64::from),
            ],
        }
    }

    /// One of the figures.
    pub fn value(&self, figure: Figure) -> Option<f64> {
        self.values.get(figure as usize).copied().flatten()
    }

    /// Whether the point is a gap.
    pub fn is_gap(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }
}

/// Whether readings are missing between two samples: they are more than one and a half `interval` apart.
pub fn is_gap_between(before: Timestamp, after: Timestamp, interval: Duration) -> bool {
    before.age(after) > interval * 3 / 2
}

/// The last [`HISTORY`] of one container's figures: `GET /api/containers/{id}/stats`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatsHistory {
    /// The workload.
    pub id: WorkloadId,
    /// The interval of figures while they are watched, in milliseconds; 0 when unknown.
    pub interval_ms: u32,
    /// The points, oldest first.
    pub points: Vec<StatsPoint>,
}

impl StatsHistory {
    /// Adds a newer point, preceded by a gap if readings are missing; returns whether they are.
    pub fn push(&mut self, point: StatsPoint) -> bool {
        let before = self.points.last().map(|last| last.at);
        if before.is_some_and(|before| before >= point.at) {
            return false;
        }
        let interval = Duration::from_millis(self.interval_ms.into());
        let is_missing =
            |before: &Timestamp| !interval.is_zero() && is_gap_between(*before, point.at, interval);
        let missing = before.filter(is_missing);
        if let Some(before) = missing {
            self.points.push(StatsPoint::gap(before.plus(interval)));
        }
        self.points.push(point);
        let old = self
            .points
            .partition_point(|old| old.at.age(point.at) > HISTORY);
        // Gaps are points, too.
        let old = old.max(self.points.len().saturating_sub(2 * MAX_POINTS));
        self.points.drain(..old);
        missing.is_some()
    }

    /// Replaces the points by `earlier`, and appends the known points that are newer.
    pub fn begin_with(&mut self, earlier: Self) {
        let known = std::mem::replace(self, earlier);
        for point in known.points.into_iter().filter(|point| !point.is_gap()) {
            self.push(point);
        }
    }

    /// The points of the last `range` before `now`.
    pub fn within(&self, range: Duration, now: Timestamp) -> &[StatsPoint] {
        let old = self
            .points
            .partition_point(|point| point.at.age(now) > range);
        self.points.get(old..).unwrap_or_default()
    }
}

/// In columns: `timestamps`, and a column of the same length per figure.
impl Serialize for StatsHistory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = |figure| {
            let points = self.points.iter();
            points.map(move |point| point.value(figure).map(|value| value as u64))
        };
        let mut all = serializer.serialize_struct("StatsHistory", 12)?;
        all.serialize_field("containerId", &self.id.container_id())?;
        all.serialize_field("host", &self.id.scope.host())?;
        all.serialize_field("intervalMs", &self.interval_ms)?;
        let times: Vec<_> = self.points.iter().map(|point| point.at).collect();
        all.serialize_field("timestamps", &times)?;
        let cpu: Vec<_> = self
            .points
            .iter()
            .map(|point| point.value(Figure::Cpu))
            .collect();
        all.serialize_field("cpuPercent", &cpu)?;
        for (name, figure) in [
            ("memoryUsage", Figure::Memory),
            ("memoryLimit", Figure::MemoryLimit),
            ("networkRxRate", Figure::NetworkRx),
            ("networkTxRate", Figure::NetworkTx),
            ("blockReadRate", Figure::BlockRead),
            ("blockWriteRate", Figure::BlockWrite),
            ("pids", Figure::Pids),
        ] {
            all.serialize_field(name, &whole(figure).collect::<Vec<_>>())?;
        }
        all.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(seconds: i64) -> StatsPoint {
        let mut point = StatsPoint::gap(Timestamp::from_millis(seconds * 1_000));
        point.values[0] = Some(seconds as f64);
        point
    }

    fn history(seconds: &[i64]) -> StatsHistory {
        let mut history = StatsHistory {
            interval_ms: 2_000,
            ..StatsHistory::default()
        };
        for at in seconds {
            history.push(point(*at));
        }
        history
    }

    fn shown(history: &StatsHistory) -> Vec<Option<f64>> {
        let points = history.points.iter();
        points.map(|point| point.value(Figure::Cpu)).collect()
    }

    #[test]
    fn what_is_missing_is_a_gap() {
        assert_eq!(
            shown(&history(&[2, 4, 7])),
            [Some(2.0), Some(4.0), Some(7.0)]
        );
        let history = history(&[2, 4, 8]);
        assert_eq!(shown(&history), [Some(2.0), Some(4.0), None, Some(8.0)]);
        assert!(history.points[2].is_gap());
        assert_eq!(history.points[2].at, Timestamp::from_millis(6_000));
    }

    #[test]
    fn nothing_comes_twice_or_in_the_wrong_order() {
        assert_eq!(shown(&history(&[4, 4, 2, 6])), [Some(4.0), Some(6.0)]);
    }

    #[test]
    fn what_was_asked_for_goes_before_what_came_meanwhile() {
        let mut came = history(&[20, 22, 24]);
        came.begin_with(history(&[10, 12, 18, 20, 22]));
        let seconds = |seconds: f64| Some(seconds);
        assert_eq!(
            shown(&came),
            [
                seconds(10.0),
                seconds(12.0),
                None,
                seconds(18.0),
                seconds(20.0),
                seconds(22.0),
                seconds(24.0)
            ]
        );
        let mut unknown = StatsHistory::default();
        assert!(
            !unknown.push(point(2)) && !unknown.push(point(200)),
            "how often is not known"
        );
        unknown.begin_with(history(&[196, 198]));
        assert_eq!(
            shown(&unknown),
            [seconds(196.0), seconds(198.0), seconds(200.0)]
        );
    }

    #[test]
    fn it_reaches_back_five_minutes() {
        let all: Vec<_> = (0..400).map(|n| n * 2).collect();
        let history = history(&all);
        assert_eq!(history.points.len(), 151);
        let now = Timestamp::from_millis(798_000);
        assert_eq!(history.within(Duration::from_secs(60), now).len(), 31);
        assert!(history.within(HISTORY, now.plus(HISTORY * 2)).is_empty());
    }

    #[test]
    fn it_is_bounded_however_often_figures_come() {
        let mut history = history(&[]);
        for n in 0..10_000 {
            let mut point = point(0);
            point.at = Timestamp::from_millis(n);
            history.push(point);
        }
        assert_eq!(history.points.len(), 2 * MAX_POINTS);
    }

    #[test]
    fn what_is_no_number_is_not_known() {
        let at = Timestamp::from_millis(7);
        let mut stats = ContainerStats::unknown(Default::default(), "web".into(), at);
        stats.cpu_percent = Some(f32::NAN);
        assert!(StatsPoint::of(&stats).is_gap());
        stats.cpu_percent = Some(f32::INFINITY);
        assert!(StatsPoint::of(&stats).is_gap());
    }

    #[test]
    fn json_has_a_column_for_each_figure() {
        let mut history = history(&[2, 8]);
        history.points[0].values[1] = Some(1_048_576.0);
        let json = serde_json::to_value(&history).unwrap();
        assert_eq!(json["cpuPercent"], serde_json::json!([2.0, null, 8.0]));
        assert_eq!(
            json["memoryUsage"],
            serde_json::json!([1_048_576, null, null])
        );
        assert_eq!(json["timestamps"][1], "1970-01-01T00:00:04.000Z");
        assert_eq!(json["intervalMs"], 2_000);
        assert_eq!(json["pids"].as_array().map(Vec::len), Some(3));
    }
}
