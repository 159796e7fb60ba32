//! Sparklines as SVG paths; cheap, because a page may have hundreds.

use crate::model::{Sparkline, Timestamp};
use std::fmt::Write;

/// The `viewBox` of the paths; the page stretches it as needed.
pub const SPARK_BOX: &str = "0 0 300 100";
const WIDTH: f32 = 300.0;
const HEIGHT: f32 = 100.0;
/// Margin above and below for half of the stroke, when the box has its least height (20 px).
const MARGIN: f32 = 6.0;
/// Least upper end of the scale, in percent, so that noise does not look like load.
const LEAST_TOP: f32 = 5.0;

/// A line and the area below it, each as the `d` attribute of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spark {
    /// The line.
    pub line: String,
    /// The area between the line and the bottom.
    pub area: String,
}

impl Spark {
    /// A container's CPU history at `now`.
    pub fn of_cpu(line: &Sparkline, now: Timestamp) -> Self {
        let values = line.values.iter().flatten();
        Self::through(line.points(now), values.copied().fold(LEAST_TOP, f32::max))
    }

    /// A line through `points`, each with a position from 0 (left) to 1 (right) and a value from 0 to
    /// `top`; interrupted where a value is missing.
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
            // A line of length zero is visible by its round caps.
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
    fn a_missing_value_is_a_gap() {
        let gap = drawn(&[(0.0, Some(0.0)), (0.5, None), (1.0, Some(100.0))], 100.0);
        assert_eq!(gap.line, "M0 94h0M300 6h0");
        assert_eq!(gap.area, "");
        for nothing in [&[] as &[_], &[(0.5, None)], &[(0.5, Some(f32::NAN))]] {
            assert_eq!(drawn(nothing, 1.0), Spark::default());
        }
    }

    #[test]
    fn points_are_at_their_times_and_the_area_ends_with_the_line() {
        let spark = drawn(&[(0.5, Some(1.0)), (0.75, Some(0.5)), (0.8, None)], 1.0);
        assert_eq!(spark.line, "M150 6L225 50");
        assert_eq!(spark.area, "M150 100L150 6L225 50L225 100Z");
    }

    #[test]
    fn values_out_of_range_stay_inside_the_box() {
        let spark = drawn(&[(-1.0, Some(-5.0)), (2.0, Some(500.0))], 100.0);
        assert_eq!(spark.line, "M0 94L300 6");
        assert_eq!(drawn(&[(0.0, Some(0.0))], 0.0).line, "M0 94h0");
    }
}
