//! Small lines without anything around them, as paths of SVG: a page may have hundreds.

use crate::model::{Sparkline, Timestamp};
use std::fmt::Write;

/// The box paths are drawn in, as `viewBox` has it; the page stretches it to whatever it needs.
pub const SPARK_BOX: &str = "0 0 300 100";
const WIDTH: f32 = 300.0;
const HEIGHT: f32 = 100.0;
/// Room for half of the line, above and below, when the box is as low as it gets (20 px).
const MARGIN: f32 = 6.0;
/// A line that never got higher than this, in percent, stays low: noise is not to look like load.
const LEAST_TOP: f32 = 5.0;

/// A line and the area beneath it: the `d` of a path each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spark {
    /// The line.
    pub line: String,
    /// What lies between the line and the bottom.
    pub area: String,
}

impl Spark {
    /// A container's CPU as it looks at `now`.
    pub fn of_cpu(line: &Sparkline, now: Timestamp) -> Self {
        let values = line.values.iter().flatten();
        Self::through(line.points(now), values.copied().fold(LEAST_TOP, f32::max))
    }

    /// Through `points`, each at its place from 0 (left) to 1 (right) and with a value from 0 to
    /// `top`; broken where a value is missing.
    pub fn through(points: impl Iterator<Item = (f32, Option<f32>)>, top: f32) -> Self {
        let top = top.max(f32::EPSILON);
        let mut spark = Self::default();
        let mut run = Vec::new();
        for (at, value) in points.chain([(1.0, None)]) {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                let share = (value / top).clamp(0.0, 1.0);
                let y = HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN);
                run.push(((at.clamp(0.0, 1.0) * WIDTH) as u32, y.round() as u32));
            } else {
                spark.push(&run);
                run.clear();
            }
        }
        spark
    }

    fn push(&mut self, run: &[(u32, u32)]) {
        let (Some((first, y)), Some((last, _))) = (run.first(), run.last()) else {
            return;
        };
        if run.len() == 1 {
            // A line of no length, of which its round ends are seen.
            let _ = write!(self.line, "M{first} {y}h0");
            return;
        }
        let _ = write!(self.area, "M{first} {HEIGHT}");
        for (n, (x, y)) in run.iter().enumerate() {
            let _ = write!(self.line, "{}{x} {y}", if n == 0 { 'M' } else { 'L' });
            let _ = write!(self.area, "L{x} {y}");
        }
        let _ = write!(self.area, "L{last} {HEIGHT}Z");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[(f32, Option<f32>)], top: f32) -> Spark {
        Spark::through(points.iter().copied(), top)
    }

    #[test]
    fn what_is_missing_is_a_gap() {
        let gap = drawn(&[(0.0, Some(0.0)), (0.5, None), (1.0, Some(100.0))], 100.0);
        assert_eq!(gap.line, "M0 94h0M300 6h0");
        assert_eq!(gap.area, "");
        for nothing in [&[] as &[_], &[(0.5, None)], &[(0.5, Some(f32::NAN))]] {
            assert_eq!(drawn(nothing, 1.0), Spark::default());
        }
    }

    #[test]
    fn points_lie_where_their_time_is_and_the_area_ends_where_the_line_does() {
        let spark = drawn(&[(0.5, Some(1.0)), (0.75, Some(0.5)), (0.8, None)], 1.0);
        assert_eq!(spark.line, "M150 6L225 50");
        assert_eq!(spark.area, "M150 100L150 6L225 50L225 100Z");
    }

    #[test]
    fn nonsense_stays_inside() {
        let spark = drawn(&[(-1.0, Some(-5.0)), (2.0, Some(500.0))], 100.0);
        assert_eq!(spark.line, "M0 94L300 6");
        assert_eq!(drawn(&[(0.0, Some(0.0))], 0.0).line, "M0 94h0");
    }
}
