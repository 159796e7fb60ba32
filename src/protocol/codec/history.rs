//! The binary form of histories, with the quantisation of [`super::figures`].

use super::{
    Reader, Wire, Writer,
    figures::{approximate, exact},
    values::wire_struct,
};
use crate::model::{Figure, SLOTS, Sparkline, Sparklines, StatsHistory, StatsPoint};

/// Sources round CPU to hundredths of a percent.
const PER_PERCENT: f64 = 100.0;

/// Encodes `value` of `figure` as a small integer: 0 when unknown, otherwise its quantised value plus one.
pub fn to_number(figure: Figure, value: Option<f64>) -> u64 {
    let scale = if figure == Figure::Cpu {
        PER_PERCENT
    } else {
        1.0
    };
    value.map_or(0, |value| approximate((value * scale).round() as u64) + 1)
}

/// The inverse of [`to_number`], except for the quantisation.
pub fn from_number(figure: Figure, number: u64) -> Option<f64> {
    let value = exact(number.checked_sub(1)?) as f64;
    Some(if figure == Figure::Cpu {
        value / PER_PERCENT
    } else {
        value
    })
}

impl Wire for StatsPoint {
    fn write(&self, to: &mut Writer) {
        to.time(self.at);
        for figure in Figure::ALL {
            to.number(to_number(figure, self.value(figure)));
        }
    }

    fn read(from: &mut Reader<'_>) -> Self {
        let at = from.time();
        let values = Figure::ALL.map(|figure| from_number(figure, from.number()));
        Self { at, values }
    }
}

wire_struct!(StatsHistory {
    id,
    interval_ms,
    points
});

impl Wire for Sparkline {
    fn write(&self, to: &mut Writer) {
        self.id.write(to);
        to.signed(self.last);
        for value in self.values {
            to.number(to_number(Figure::Cpu, value.map(f64::from)));
        }
    }

    fn read(from: &mut Reader<'_>) -> Self {
        Self {
            id: Wire::read(from),
            last: from.signed(),
            values: [(); SLOTS].map(|()| {
                let value = from_number(Figure::Cpu, from.number());
                value.map(|value| value as f32)
            }),
        }
    }
}

wire_struct!(Sparklines { interval_ms, lines });
