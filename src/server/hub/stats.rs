//! The container stats of the last minutes, in compact form.

use crate::{
    model::{
        ContainerStats, Containers, Figure, HISTORY, HostId, MAX_POINTS, Scope, Sparkline,
        StatsHistory, StatsPoint, Timestamp, WorkloadId, WorkloadKey, is_gap_between,
    },
    protocol::codec::{from_number, to_number},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// How often container stats are read.
#[derive(Clone, Copy, Debug)]
pub struct Paces {
    /// Interval while at least one client watches.
    pub watched: Duration,
    /// Interval while no client watches.
    pub idle: Duration,
}

impl Default for Paces {
    /// The defaults of the configuration.
    fn default() -> Self {
        Self {
            watched: Duration::from_secs(2),
            idle: Duration::from_secs(10),
        }
    }
}

/// The container stats of the last [`HISTORY`], per scope.
#[derive(Debug, Default)]
pub(super) struct StatsHistories {
    paces: Paces,
    scopes: BTreeMap<Scope, Rings>,
}

/// The workloads of one scope.
#[derive(Debug, Default)]
struct Rings {
    /// The number of times watching had ended when the last sample arrived.
    lapses: u32,
    rings: BTreeMap<WorkloadKey, Ring>,
}

/// The points of one container: 151 of 20 bytes at the default pace, 3 KB; never more than [`MAX_POINTS`],
/// 6 KB. A container that no longer exists has none.
#[derive(Debug)]
struct Ring {
    /// When the newest point was read; older points store only the milliseconds between them.
    newest: Timestamp,
    /// The expected interval between points when the newest one arrived.
    pace: Duration,
    points: VecDeque<Packed>,
}

/// A point: the low half of its time, and each figure as encoded by [`to_number`], which fits into 16
/// bits.
#[derive(Clone, Copy, Debug)]
struct Packed {
    at: u32,
    figures: [u16; Figure::ALL.len()],
}

impl StatsHistories {
    pub(super) fn new(paces: Paces) -> Self {
        Self {
            paces,
            scopes: BTreeMap::new(),
        }
    }

    /// Records the samples of the containers of `host` that exist.
    pub(super) fn record(
        &mut self,
        host: HostId,
        stats: &[Arc<ContainerStats>],
        there_are: &Containers,
        (watched, lapses): (bool, u32),
    ) {
        let pace = if watched {
            self.paces.watched
        } else {
            self.paces.idle
        };
        let Rings {
            lapses: known,
            rings,
        } = self.scopes.entry(Scope::Host(host)).or_default();
        // Between two samples there may have been a time without watchers.
        let was_watched = std::mem::replace(known, lapses) == lapses;
        let before = if was_watched {
            pace
        } else {
            self.paces.idle.max(pace)
        };
        for stats in stats {
            if there_are.contains_key(&stats.container_id) {
                let key = WorkloadKey::Container(stats.container_id);
                let ring = rings.entry(key).or_insert_with(Ring::new);
                ring.push(&StatsPoint::of(stats), before);
                ring.pace = pace;
            }
        }
    }

    /// Drops the points of containers of `host` that no longer exist.
    pub(super) fn keep(&mut self, host: HostId, there_are: &Containers) {
        if let Some(scope) = self.scopes.get_mut(&Scope::Host(host)) {
            scope.rings.retain(|key, _| match key {
                WorkloadKey::Container(id) => there_are.contains_key(id),
            });
        }
    }

    /// The points of the last `range` before `now`; empty for a container that never ran.
    pub(super) fn of(&self, id: WorkloadId, range: Duration, now: Timestamp) -> StatsHistory {
        let points = self.ring(id).into_iter().flat_map(Ring::points);
        StatsHistory {
            points: points.filter(|point| point.at.age(now) <= range).collect(),
            ..self.empty(id)
        }
    }

    /// The history of a workload without points.
    pub(super) fn empty(&self, id: WorkloadId) -> StatsHistory {
        StatsHistory {
            id,
            interval_ms: self.interval_ms(),
            points: Vec::new(),
        }
    }

    fn ring(&self, id: WorkloadId) -> Option<&Ring> {
        self.scopes.get(&id.scope)?.rings.get(&id.key)
    }

    /// The CPU of a workload over the last [`HISTORY`]; `None` if it never ran.
    pub(super) fn sparkline(&self, id: WorkloadId) -> Option<Sparkline> {
        let ring = self.ring(id)?;
        let mut line = Sparkline::new(id);
        let mut missing = true;
        for point in ring.points() {
            if !point.is_gap() {
                let cpu = point.value(Figure::Cpu).map(|cpu| cpu as f32);
                line.push(point.at, cpu, missing);
            }
            missing = point.is_gap();
        }
        Some(line)
    }

    /// Milliseconds between samples while at least one client watches.
    pub(super) fn interval_ms(&self) -> u32 {
        u32::try_from(self.paces.watched.as_millis()).unwrap_or(u32::MAX)
    }
}

impl Ring {
    const fn new() -> Self {
        Self {
            newest: Timestamp::from_millis(0),
            pace: Duration::ZERO,
            points: VecDeque::new(),
        }
    }

    /// Adds a point that was expected at `pace`, preceded by a gap if points are missing.
    fn push(&mut self, point: &StatsPoint, pace: Duration) {
        if !self.points.is_empty() {
            if self.newest == point.at {
                return;
            }
            if self.newest > point.at {
                // The clock was set back, so older points cannot be placed.
                self.points.clear();
            } else if is_gap_between(self.newest, point.at, self.pace.max(pace)) {
                self.add(&StatsPoint::gap(self.newest.plus(self.pace)));
            }
        }
        self.newest = point.at;
        self.add(point);
        let is_old = |old: &Packed| self.time(*old).age(point.at) > HISTORY;
        let old = self.points.iter().take_while(|old| is_old(old)).count();
        self.points.drain(..old);
    }

    fn add(&mut self, point: &StatsPoint) {
        if self.points.len() == MAX_POINTS {
            self.points.pop_front();
        }
        let figures = Figure::ALL.map(|figure| {
            let number = to_number(figure, point.value(figure));
            u16::try_from(number).unwrap_or(u16::MAX)
        });
        let at = point.at.as_millis() as u32;
        self.points.push_back(Packed { at, figures });
    }

    fn points(&self) -> impl Iterator<Item = StatsPoint> {
        self.points.iter().map(|packed| {
            let mut point = StatsPoint::gap(self.time(*packed));
            for ((value, figure), number) in
                point.values.iter_mut().zip(Figure::ALL).zip(packed.figures)
            {
                *value = from_number(figure, number.into());
            }
            point
        })
    }

    /// The low half of the time is enough, because every point is close enough to the newest one.
    fn time(&self, packed: Packed) -> Timestamp {
        let newest = self.newest.as_millis();
        let before = (newest as u32).wrapping_sub(packed.at);
        Timestamp::from_millis(newest - i64::from(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixtures::container;
    use std::sync::Arc;

    const START: i64 = 1_763_687_885_042;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(START + ms)
    }

    fn there_are(ids: &[u8]) -> Containers {
        let container = |n: &u8| Arc::new(container(*n));
        ids.iter().map(container).map(|c| (c.id, c)).collect()
    }

    fn stats(n: u8, ms: i64, cpu: f32) -> Arc<ContainerStats> {
        let mut stats = ContainerStats::unknown(container(n).id, format!("c{n}"), at(ms));
        stats.cpu_percent = Some(cpu);
        stats.memory_usage = Some(u64::MAX);
        stats.network_rx_rate = Some(0);
        stats.pids = Some(3);
        Arc::new(stats)
    }

    fn web() -> WorkloadId {
        WorkloadId::container(HostId::default(), container(1).id)
    }

    fn recorded(samples: &[(i64, bool)]) -> StatsHistories {
        let (mut histories, there_are) = (StatsHistories::default(), there_are(&[1]));
        for (ms, watched) in samples {
            let stats = [stats(1, *ms, 5.25)];
            histories.record(HostId::default(), &stats, &there_are, (*watched, 0));
        }
        histories
    }

    fn cpu(histories: &StatsHistories, now: i64) -> Vec<(i64, Option<f64>)> {
        let history = histories.of(web(), HISTORY, at(now));
        let points = history.points.iter();
        points
            .map(|p| (p.at.as_millis() - START, p.value(Figure::Cpu)))
            .collect()
    }

    #[test]
    fn figures_are_given_back_as_they_were_read_with_the_time_they_were_read() {
        let histories = recorded(&[(0, true), (2_000, true)]);
        let history = histories.of(web(), HISTORY, at(2_000));
        assert_eq!(history.interval_ms, 2_000);
        let point = history.points[1];
        assert_eq!(point.at, at(2_000));
        assert_eq!(point.value(Figure::Cpu), Some(5.25));
        assert_eq!(
            point.value(Figure::NetworkRx),
            Some(0.0),
            "zero is a figure"
        );
        assert_eq!(point.value(Figure::NetworkTx), None);
        assert_eq!(point.value(Figure::Pids), Some(3.0));
        let memory = point.value(Figure::Memory).unwrap();
        assert!((memory / u64::MAX as f64 - 1.0).abs() < 0.0006, "{memory}");
    }

    #[test]
    fn what_is_missing_is_a_gap_by_the_pace_at_which_it_should_have_come() {
        let watched = recorded(&[(0, true), (3_000, true), (6_001, true)]);
        let gap = [
            (0, Some(5.25)),
            (3_000, Some(5.25)),
            (5_000, None),
            (6_001, Some(5.25)),
        ];
        assert_eq!(cpu(&watched, 6_001), gap);
        let idle = recorded(&[(0, false), (10_000, false), (20_000, true), (22_000, true)]);
        assert!(
            cpu(&idle, 22_000).iter().all(|(_, cpu)| cpu.is_some()),
            "nobody watched"
        );
        let left = recorded(&[(0, true), (2_000, true), (12_000, false)]);
        assert!(
            cpu(&left, 12_000).iter().all(|(_, cpu)| cpu.is_some()),
            "nobody watches any more"
        );
        let lost = recorded(&[(0, false), (16_000, false)]);
        assert_eq!(cpu(&lost, 16_000)[1], (10_000, None));
    }

    #[test]
    fn a_page_that_is_left_and_another_that_is_opened_leave_no_gap() {
        let (mut histories, there_are) = (StatsHistories::default(), there_are(&[1]));
        for (ms, lapses) in [(0, 0), (2_000, 0), (6_000, 1), (10_000, 1)] {
            let stats = [stats(1, ms, 5.25)];
            histories.record(HostId::default(), &stats, &there_are, (true, lapses));
        }
        let times: Vec<_> = cpu(&histories, 10_000)
            .iter()
            .map(|(ms, cpu)| (*ms, cpu.is_some()))
            .collect();
        assert_eq!(
            times,
            [
                (0, true),
                (2_000, true),
                (6_000, true),
                (8_000, false),
                (10_000, true)
            ]
        );
    }

    #[test]
    fn only_the_last_five_minutes_are_kept_and_given() {
        let samples: Vec<_> = (0..1_000).map(|n| (n * 2_000, true)).collect();
        let histories = recorded(&samples);
        assert_eq!(cpu(&histories, 1_998_000).len(), 151);
        assert_eq!(cpu(&histories, 1_998_000 + 200_000).len(), 51);
        assert_eq!(cpu(&histories, 9_999_999), []);
    }

    #[test]
    fn memory_is_bounded_however_often_figures_come() {
        let samples: Vec<_> = (0..5_000).map(|n| (n, true)).collect();
        let histories = recorded(&samples);
        let ring = histories.ring(web()).unwrap();
        assert_eq!(ring.points.len(), MAX_POINTS);
        assert!(ring.points.capacity() <= 2 * MAX_POINTS);
        assert_eq!(size_of::<Packed>(), 20);
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew() {
        let histories = recorded(&[
            (60_000, true),
            (62_000, true),
            (0, true),
            (0, true),
            (2_000, true),
        ]);
        assert_eq!(
            cpu(&histories, 2_000),
            [(0, Some(5.25)), (2_000, Some(5.25))]
        );
    }

    #[test]
    fn who_is_gone_is_forgotten_and_who_is_not_there_is_not_remembered() {
        let mut histories = StatsHistories::default();
        let host = HostId::default();
        let both = [stats(1, 0, 1.0), stats(2, 0, 1.0)];
        histories.record(host, &both, &there_are(&[1]), (true, 0));
        assert_eq!(histories.scopes[&Scope::Host(host)].rings.len(), 1);
        histories.record(host, &both, &there_are(&[1, 2]), (true, 0));
        histories.keep(host, &there_are(&[2]));
        assert_eq!(histories.sparkline(web()), None);
        assert!(
            histories
                .sparkline(WorkloadId::container(host, container(2).id))
                .is_some()
        );
    }

    #[test]
    fn a_line_has_the_gaps_of_its_points() {
        let histories = recorded(&[(0, false), (10_000, false), (40_000, true), (42_000, true)]);
        let line = histories.sparkline(web()).unwrap();
        let known: String = line.values[SLOTS_BEFORE..]
            .iter()
            .map(|value| if value.is_some() { '#' } else { '.' })
            .collect();
        assert_eq!(known, ".###.....#", "{:?}", line.values);
    }

    /// The test examines the last ten slots.
    const SLOTS_BEFORE: usize = crate::model::SLOTS - 10;
}
