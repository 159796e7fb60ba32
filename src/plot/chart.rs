//! A chart of a container's stats over time.

use super::{
    scale::{Scale, ticks, ticks_of_bytes},
    scene::{Align, Ink, Scene, Shape, line},
};
use crate::model::{Figure, StatsPoint, Timestamp, format};
use std::time::Duration;

/// The unit of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Percent of one core.
    Percent,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    Rate,
    /// A number of things.
    Count,
}

impl Unit {
    /// `value` as text, with its unit.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Percent => format::percent(value as f32),
            Self::Bytes => format::bytes(value as u64),
            Self::Rate => format::rate(value as u64),
            Self::Count => format::count(value as u64),
        }
    }

    /// The axis label of `tick`, for ticks that are `step` apart.
    fn label(self, tick: f64, step: f64) -> String {
        match self {
            Self::Percent if step < 1.0 => format::percent(tick as f32),
            Self::Percent => format!("{} %", tick as u64),
            _ => self.text(tick),
        }
    }

    fn ticks(self, top: f64) -> Vec<f64> {
        match self {
            Self::Percent => ticks(top, STEPS, 0.5),
            Self::Bytes => ticks_of_bytes(top, STEPS),
            Self::Rate => ticks(top, STEPS, 500.0),
            Self::Count => ticks(top, STEPS, 1.0),
        }
    }
}

/// A chart: which figures it shows, and how.
#[derive(Clone, Copy, Debug)]
pub struct Chart {
    /// The figures, each with its colour. The second line is dashed.
    pub lines: &'static [(Figure, Ink)],
    /// A figure that is the upper limit of the others.
    pub limit: Option<Figure>,
    /// The unit of all figures.
    pub unit: Unit,
}

/// Size and time range of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Width and height, in CSS pixels.
    pub size: (f32, f32),
    /// The time at the right edge.
    pub now: Timestamp,
    /// The time span of the chart.
    pub range: Duration,
    /// The label at the right end of the time axis.
    pub now_word: &'static str,
}

/// Most steps of an axis.
const STEPS: u32 = 4;
/// Left margin, for the tick labels.
const LEFT: f32 = 64.0;
/// Right margin, for half of the last time label.
const RIGHT: f32 = 16.0;
/// Top margin, for half of the highest tick label.
const TOP: f32 = 8.0;
/// Bottom margin, for the time labels.
const BOTTOM: f32 = 22.0;
/// A limit this many times as high as the highest value is only labelled; a line there would flatten the
/// chart.
const FAR_LIMIT: f64 = 8.0;

impl Frame {
    /// The scale from times, in milliseconds, to pixels.
    pub fn times(&self) -> Scale {
        let now = self.now.as_millis() as f64;
        let from = now - self.range.as_millis() as f64;
        Scale::new((from, now), (LEFT, (self.size.0 - RIGHT).max(LEFT + 1.0)))
    }

    fn bottom(&self) -> f32 {
        (self.size.1 - BOTTOM).max(TOP + 1.0)
    }
}

impl Chart {
    /// The shapes of the chart, with a vertical line at the time `cross`, if any.
    pub fn scene(&self, points: &[StatsPoint], frame: &Frame, cross: Option<Timestamp>) -> Scene {
        let mut scene = Scene::new();
        let values = |figure| points.iter().filter_map(move |point| point.value(figure));
        let highest = |figure| values(figure).fold(0.0, f64::max);
        let top = self
            .lines
            .iter()
            .map(|(figure, _)| highest(*figure))
            .fold(0.0, f64::max);
        let limit = self.limit.and_then(|figure| values(figure).next_back());
        let near = limit.filter(|limit| *limit <= top * FAR_LIMIT);
        let ticks = self.unit.ticks(near.map_or(top, |limit| top.max(limit)));
        let times = frame.times();
        let end = ticks.last().copied().unwrap_or(1.0);
        let level = Scale::new((0.0, end), (frame.bottom(), TOP));
        self.axes(&ticks, level, frame, &mut scene);
        for (n, (figure, ink)) in self.lines.iter().enumerate() {
            let position = |point: &StatsPoint| {
                let value = point.value(*figure)?;
                Some((
                    times.position(point.at.as_millis() as f64),
                    level.position(value),
                ))
            };
            let base = (n == 0).then(|| frame.bottom());
            line(points.iter().map(position), *ink, base, n > 0, &mut scene);
        }
        if let Some(limit) = limit {
            self.limit(
                limit,
                near.map(|limit| level.position(limit)),
                frame,
                &mut scene,
            );
        }
        if let Some(cross) = cross {
            let x = times.position(cross.as_millis() as f64);
            scene.push(Shape::Rule {
                from: (x, TOP),
                to: (x, frame.bottom()),
                ink: Ink::Cross,
                dashed: false,
            });
        }
        scene
    }

    fn axes(&self, ticks: &[f64], level: Scale, frame: &Frame, scene: &mut Scene) {
        let step = ticks.get(1).copied().unwrap_or(1.0);
        for tick in ticks {
            let y = level.position(*tick);
            scene.push(Shape::Rule {
                from: (LEFT, y),
                to: (frame.size.0 - RIGHT, y),
                ink: Ink::Grid,
                dashed: false,
            });
            scene.push(Shape::Text {
                at: (LEFT - 8.0, y),
                text: self.unit.label(*tick, step),
                ink: Ink::Label,
                align: Align::End,
            });
        }
        let times = frame.times();
        let seconds = frame.range.as_secs();
        let step = if seconds > 60 { 60 } else { 15 };
        for ago in (0..=seconds).step_by(step) {
            let at = frame.now.as_millis() - i64::try_from(ago).unwrap_or(0) * 1_000;
            let text = match ago {
                0 => frame.now_word.to_owned(),
                ago => format!("−{}", format::duration(Duration::from_secs(ago))),
            };
            scene.push(Shape::Text {
                at: (times.position(at as f64), frame.size.1 - BOTTOM / 2.0),
                text,
                ink: Ink::Label,
                align: Align::Middle,
            });
        }
    }

    /// Draws the limit as a line, or only its label when it is far above.
    fn limit(&self, limit: f64, y: Option<f32>, frame: &Frame, scene: &mut Scene) {
        let right = frame.size.0 - RIGHT;
        if let Some(y) = y {
            scene.push(Shape::Rule {
                from: (LEFT, y),
                to: (right, y),
                ink: Ink::Limit,
                dashed: true,
            });
        }
        let arrow = if y.is_some() { "" } else { "↑ " };
        scene.push(Shape::Text {
            at: (right - 4.0, y.unwrap_or(TOP) + 9.0),
            text: format!("{arrow}{}", self.unit.text(limit)),
            ink: if y.is_some() { Ink::Limit } else { Ink::Label },
            align: Align::End,
        });
    }
}

/// The index of the sample nearest to `at` that is not a gap.
pub fn nearest(points: &[StatsPoint], at: Timestamp) -> Option<usize> {
    let distance = |point: &StatsPoint| point.at.as_millis().abs_diff(at.as_millis());
    let known = points
        .iter()
        .enumerate()
        .filter(|(_, point)| !point.is_gap());
    known
        .min_by_key(|(_, point)| distance(point))
        .map(|(n, _)| n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: Chart = Chart {
        lines: &[(Figure::Cpu, Ink::Cpu)],
        limit: None,
        unit: Unit::Percent,
    };
    const MEMORY: Chart = Chart {
        lines: &[(Figure::Memory, Ink::Memory)],
        limit: Some(Figure::MemoryLimit),
        unit: Unit::Bytes,
    };
    const NETWORK: Chart = Chart {
        lines: &[(Figure::NetworkRx, Ink::Rx), (Figure::NetworkTx, Ink::Tx)],
        limit: None,
        unit: Unit::Rate,
    };

    fn frame() -> Frame {
        Frame {
            size: (480.0, 130.0),
            now: Timestamp::from_millis(300_000),
            range: Duration::from_secs(300),
            now_word: "now",
        }
    }

    fn point(ms: i64, values: &[(Figure, f64)]) -> StatsPoint {
        let mut point = StatsPoint::gap(Timestamp::from_millis(ms));
        for (figure, value) in values {
            point.values[*figure as usize] = Some(*value);
        }
        point
    }

    fn lines(scene: &Scene) -> Vec<(Vec<(f32, f32)>, bool)> {
        let line = |shape: &Shape| match shape {
            Shape::Line { points, dashed, .. } => Some((points.clone(), *dashed)),
            _ => None,
        };
        scene.iter().filter_map(line).collect()
    }

    fn texts(scene: &Scene) -> Vec<String> {
        let text = |shape: &Shape| match shape {
            Shape::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        scene.iter().filter_map(text).collect()
    }

    #[test]
    fn lines_are_at_their_times_and_values_and_break_at_gaps() {
        let points = [
            point(0, &[(Figure::Cpu, 0.0)]),
            point(150_000, &[(Figure::Cpu, 100.0)]),
            StatsPoint::gap(Timestamp::from_millis(200_000)),
            point(300_000, &[(Figure::Cpu, 50.0)]),
        ];
        let scene = CPU.scene(&points, &frame(), None);
        let first = vec![(64.0, 108.0), (264.0, 8.0)];
        assert_eq!(
            lines(&scene),
            [(first, false), (vec![(464.0, 58.0)], false)]
        );
        assert_eq!(
            texts(&scene),
            [
                "0 %", "50 %", "100 %", "now", "−1 min", "−2 min", "−3 min", "−4 min", "−5 min"
            ]
        );
    }

    #[test]
    fn a_missing_figure_breaks_only_its_own_line() {
        let both = |ms| point(ms, &[(Figure::NetworkRx, 10.0), (Figure::NetworkTx, 5.0)]);
        let points = [
            both(0),
            point(1_000, &[(Figure::NetworkRx, 9.0)]),
            both(2_000),
        ];
        let drawn = lines(&NETWORK.scene(&points, &frame(), None));
        let shape: Vec<_> = drawn
            .iter()
            .map(|(points, dashed)| (points.len(), *dashed))
            .collect();
        assert_eq!(shape, [(3, false), (1, true), (1, true)]);
    }

    #[test]
    fn a_limit_is_a_line_unless_it_would_flatten_the_chart() {
        let memory = |used: f64, limit: f64| {
            let points = [point(
                0,
                &[(Figure::Memory, used), (Figure::MemoryLimit, limit)],
            )];
            MEMORY.scene(&points, &frame(), None)
        };
        let is_limit = |shape: &&Shape| {
            matches!(
                shape,
                Shape::Rule {
                    ink: Ink::Limit,
                    dashed: true,
                    ..
                }
            )
        };
        let near = memory(200e6, 268_435_456.0);
        assert_eq!(near.iter().filter(is_limit).count(), 1);
        assert!(texts(&near).contains(&"256 MiB".to_owned()));
        let far = memory(1e6, 16_384.0 * 1_048_576.0);
        assert_eq!(far.iter().filter(is_limit).count(), 0);
        assert!(texts(&far).contains(&"↑ 16 GiB".to_owned()));
    }

    #[test]
    fn unknown_and_extreme_values_yield_finite_shapes() {
        let scene = MEMORY.scene(&[], &frame(), None);
        assert_eq!(lines(&scene), []);
        assert!(texts(&scene).contains(&"now".to_owned()));
        let tiny = Frame {
            size: (0.0, 0.0),
            ..frame()
        };
        let points = [
            point(0, &[(Figure::Memory, f64::NAN)]),
            point(9, &[(Figure::Memory, 1e300)]),
        ];
        for shape in MEMORY.scene(&points, &tiny, Some(Timestamp::default())) {
            if let Shape::Line { points, .. } = shape {
                assert!(points.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
            }
        }
    }

    #[test]
    fn the_nearest_sample_is_found_and_is_not_a_gap() {
        let points = [
            point(0, &[(Figure::Cpu, 1.0)]),
            StatsPoint::gap(Timestamp::from_millis(4_000)),
            point(10_000, &[(Figure::Cpu, 2.0)]),
        ];
        let at = |ms| nearest(&points, Timestamp::from_millis(ms));
        assert_eq!(
            (at(-5), at(4_000), at(6_000), at(99_999)),
            (Some(0), Some(0), Some(2), Some(2))
        );
        assert_eq!(nearest(&points[1..2], Timestamp::default()), None);
        let cross = CPU.scene(&points, &frame(), Some(Timestamp::from_millis(150_000)));
        let is_cross = |shape: &&Shape| {
            matches!(
                shape,
                Shape::Rule {
                    ink: Ink::Cross,
                    from: (264.0, _),
                    ..
                }
            )
        };
        assert_eq!(cross.iter().filter(is_cross).count(), 1);
    }
}
