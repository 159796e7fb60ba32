//! Linear scales from values to pixels, and round tick values for axes.

/// A linear scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    from: f64,
    to: f64,
    start: f32,
    end: f32,
}

impl Scale {
    /// A scale that maps values from `from` to `to` to pixels from `start` to `end`.
    pub const fn new((from, to): (f64, f64), (start, end): (f32, f32)) -> Self {
        Self {
            from,
            to,
            start,
            end,
        }
    }

    /// The pixel of `value`, clamped to the scale.
    pub fn position(&self, value: f64) -> f32 {
        let share = (value - self.from) / (self.to - self.from);
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        };
        self.start + share as f32 * (self.end - self.start)
    }

    /// The value at the pixel `position`; the inverse of [`Self::position`].
    pub fn value(&self, position: f32) -> f64 {
        let share = f64::from((position - self.start) / (self.end - self.start));
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        };
        self.from + share * (self.to - self.from)
    }
}

/// Round tick values from 0 to at least `top`: at most `n` steps of 1, 2 or 5 times a power of ten, none
/// smaller than `least`. The axis ends at the last one.
pub fn ticks(top: f64, n: u32, least: f64) -> Vec<f64> {
    let top = sane(top).max(least);
    let rough = (top / f64::from(n.max(1))).max(least);
    let power = 10_f64.powi(rough.log10().floor() as i32);
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    // Tolerates rounding errors.
    let step = steps.into_iter().find(|step| *step >= rough * 0.999_999);
    up_to(top, step.unwrap_or(rough))
}

/// The same for bytes: steps are powers of two, so that they are round in KiB, MiB and GiB.
pub fn ticks_of_bytes(top: f64, n: u32) -> Vec<f64> {
    let top = sane(top).max(1_024.0);
    let rough = top / f64::from(n.max(1));
    up_to(top, 2_f64.powi(rough.log2().ceil() as i32))
}

/// Replaces values that are not finite, or beyond any counter, so that they yield an axis.
fn sane(top: f64) -> f64 {
    if top.is_finite() {
        top.clamp(0.0, u64::MAX as f64)
    } else {
        0.0
    }
}

fn up_to(top: f64, step: f64) -> Vec<f64> {
    let steps = (top / step - 1e-6).ceil().clamp(1.0, 32.0) as u32;
    (0..=steps).map(|n| f64::from(n) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_and_values_are_inverse_and_clamped() {
        let scale = Scale::new((0.0, 200.0), (100.0, 0.0));
        assert_eq!(scale.position(50.0), 75.0);
        assert_eq!(scale.value(75.0), 50.0);
        assert_eq!((scale.position(-1.0), scale.position(1e9)), (100.0, 0.0));
        assert_eq!((scale.value(999.0), scale.value(-9.0)), (0.0, 200.0));
        assert_eq!(scale.position(f64::NAN), 100.0);
        let empty = Scale::new((5.0, 5.0), (0.0, 10.0));
        assert_eq!(empty.position(5.0), 0.0);
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(97.0, 4, 0.1), [0.0, 50.0, 100.0]);
        assert_eq!(ticks(100.0, 4, 0.1), [0.0, 50.0, 100.0]);
        assert_eq!(ticks(101.0, 4, 0.1), [0.0, 50.0, 100.0, 150.0]);
        assert_eq!(ticks(3.0, 4, 1.0), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(ticks(0.0, 4, 1.0), [0.0, 1.0]);
        assert_eq!(ticks(f64::NAN, 4, 1.0), [0.0, 1.0]);
        assert_eq!(ticks(2_400_000.0, 4, 1.0).last(), Some(&3_000_000.0));
    }

    #[test]
    fn ticks_of_bytes_are_powers_of_two() {
        const MIB: f64 = 1_048_576.0;
        assert_eq!(
            ticks_of_bytes(200.0 * MIB, 4),
            [0.0, 64.0, 128.0, 192.0, 256.0].map(|n| n * MIB)
        );
        assert_eq!(ticks_of_bytes(256.0 * MIB, 4).last(), Some(&(256.0 * MIB)));
        assert_eq!(ticks_of_bytes(0.0, 4), [0.0, 256.0, 512.0, 768.0, 1_024.0]);
    }

    proptest::proptest! {
        #[test]
        fn every_axis_is_short_and_reaches_its_top(top: f64, n in 0..9_u32) {
            for ticks in [ticks(top, n, 1.0), ticks_of_bytes(top, n)] {
                proptest::prop_assert!((2..=33).contains(&ticks.len()), "{ticks:?}");
                proptest::prop_assert!(ticks.iter().all(|tick| tick.is_finite()));
                let end = ticks.last().copied().unwrap_or_default();
                let is_reached = top.is_nan() || top > u64::MAX as f64 || end >= top * 0.999;
                proptest::prop_assert!(is_reached, "{end}");
            }
        }
    }
}
