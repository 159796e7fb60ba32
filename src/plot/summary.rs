//! Summarizes a line in three values.

use crate::model::{Figure, StatsPoint};

/// Minimum, mean and maximum of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The minimum.
    pub least: f64,
    /// The mean of all samples.
    pub mean: f64,
    /// The maximum.
    pub most: f64,
}

impl Summary {
    /// The summary of `figure` over `points`; `None` when it is unknown at every point.
    pub fn of(points: &[StatsPoint], figure: Figure) -> Option<Self> {
        let known = points.iter().filter_map(|point| point.value(figure));
        let (n, sum, least, most) = known.fold(
            (0_u32, 0.0, f64::INFINITY, 0.0_f64),
            |(n, sum, least, most), value| (n + 1, sum + value, least.min(value), most.max(value)),
        );
        (n > 0).then(|| Self {
            least,
            mean: sum / f64::from(n),
            most,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn gaps_do_not_count() {
        let mut points = [StatsPoint::gap(Timestamp::default()); 4];
        points[0].values[0] = Some(1.0);
        points[2].values[0] = Some(4.0);
        points[3].values[0] = Some(4.0);
        let summary = Summary::of(&points, Figure::Cpu);
        let expected = Summary {
            least: 1.0,
            mean: 3.0,
            most: 4.0,
        };
        assert_eq!(summary, Some(expected));
        assert_eq!(Summary::of(&points, Figure::Memory), None);
    }
}
