//! Encodes figures of containers as columns of small integers.
//!
//! Every figure becomes an integer: 0 when unknown, otherwise its quantised value plus one. The error of
//! quantisation is too small to be shown:
//!
//! | figure | quantum | shown as |
//! |---|---|---|
//! | CPU | 0.01 % of a core, as the sources round it | one decimal |
//! | bytes and bytes per second | exact below 2,048, then 11 significant bits: off by 0.05 % at most | three significant digits |
//! | memory limit, PIDs, time | exact | – |
//! | memory in percent | not sent if it equals memory over limit | one decimal |
//!
//! Quantising twice changes nothing. So both sides can compute the integers of an earlier list from the list
//! itself, and only the differences have to be sent: see [`super::bits`].

use super::{
    Reader, Wire, Writer,
    bits::{read_column, write_column},
    reader::unzigzag,
    writer::zigzag,
};
use crate::model::{ContainerId, ContainerStats, Timestamp, percent_of};
use std::sync::Arc;

/// Number of columns.
const FIGURES: usize = 14;
/// Significant bits of sizes and rates after the leading one.
const PRECISION: u32 = 10;
/// Highest percentage that is distinguished from higher ones, in hundredths of a percent: 838 cores. Above it
/// an `f32` is less precise than hundredths.
const MAX_HUNDREDTHS: f64 = 8_388_607.0;

/// One container's figures as integers.
pub(super) type Figures = [u64; FIGURES];

/// An encoded row in which every figure is unknown.
pub(super) const NONE: Figures = [0; FIGURES];

/// Encodes `stats`, in a list with the time `at`.
pub(super) fn figures(stats: &ContainerStats, at: i64) -> Figures {
    let read = stats.timestamp.as_millis();
    [
        optional(stats.cpu_percent.and_then(hundredths)),
        optional(stats.memory_usage.map(approximate)),
        optional(stats.memory_limit),
        share(stats),
        optional(stats.network_rx.map(approximate)),
        optional(stats.network_tx.map(approximate)),
        optional(stats.block_read.map(approximate)),
        optional(stats.block_write.map(approximate)),
        optional(stats.network_rx_rate.map(approximate)),
        optional(stats.network_tx_rate.map(approximate)),
        optional(stats.block_read_rate.map(approximate)),
        optional(stats.block_write_rate.map(approximate)),
        optional(stats.pids.map(u64::from)),
        zigzag(at.wrapping_sub(read)),
    ]
}

/// Decodes figures; the inverse of [`figures`] except for the quantisation.
pub(super) fn stats(id: ContainerId, name: String, at: i64, figures: &Figures) -> ContainerStats {
    let [
        cpu,
        usage,
        limit,
        share,
        rx,
        tx,
        read,
        write,
        rx_rate,
        tx_rate,
        read_rate,
        write_rate,
        pids,
        age,
    ] = *figures;
    let bytes = |number: u64| known(number).map(exact);
    let at = Timestamp::from_millis(at.wrapping_sub(unzigzag(age)));
    let mut stats = ContainerStats::unknown(id, name, at);
    stats.cpu_percent = known(cpu).map(percent);
    stats.memory_usage = bytes(usage);
    stats.memory_limit = known(limit);
    stats.memory_percent = match share {
        DERIVED => derived(&stats),
        UNKNOWN => None,
        share => Some(percent(share - EXPLICIT)),
    };
    stats.network_rx = bytes(rx);
    stats.network_tx = bytes(tx);
    stats.block_read = bytes(read);
    stats.block_write = bytes(write);
    stats.network_rx_rate = bytes(rx_rate);
    stats.network_tx_rate = bytes(tx_rate);
    stats.block_read_rate = bytes(read_rate);
    stats.block_write_rate = bytes(write_rate);
    stats.pids = known(pids).and_then(|pids| pids.try_into().ok());
    stats
}

/// Appends rows of figures as differences to `base`, which has as many rows.
pub(super) fn write_rows(rows: &[Figures], base: &[Figures], to: &mut Writer) {
    let difference = |(new, old): (&Figures, &Figures)| {
        let mut row = NONE;
        for ((to, new), old) in row.iter_mut().zip(new).zip(old) {
            *to = zigzag(new.wrapping_sub(*old) as i64);
        }
        row
    };
    let rows: Vec<_> = rows.iter().zip(base).map(difference).collect();
    let changed: Vec<_> = rows.iter().map(|row| *row != NONE).collect();
    let all = changed.iter().all(|changed| *changed);
    to.byte(u8::from(all));
    if !all {
        for eight in changed.chunks(8) {
            let bit = |(n, changed): (usize, &bool)| u8::from(*changed) << n;
            to.byte(eight.iter().enumerate().map(bit).sum());
        }
    }
    for figure in 0..FIGURES {
        let column = rows.iter().filter(|row| **row != NONE);
        let column: Vec<u64> = column.filter_map(|row| row.get(figure).copied()).collect();
        write_column(&column, to);
    }
}

/// Reads differences and adds them to `rows`.
pub(super) fn read_rows(rows: &mut [Figures], from: &mut Reader<'_>) {
    let all = from.byte() != 0;
    let bitmap = if all {
        &[]
    } else {
        from.raw(rows.len().div_ceil(8))
    };
    let is_changed = |n: usize| {
        all || bitmap
            .get(n / 8)
            .is_some_and(|byte| byte >> (n % 8) & 1 == 1)
    };
    let changed = (0..rows.len()).filter(|n| is_changed(*n)).count();
    for figure in 0..FIGURES {
        let mut column = read_column(changed, from).into_iter();
        for (n, row) in rows.iter_mut().enumerate() {
            if is_changed(n)
                && let (Some(number), Some(difference)) = (row.get_mut(figure), column.next())
            {
                *number = number.wrapping_add(unzigzag(difference) as u64);
            }
        }
    }
}

/// A complete list: sorted by id, without duplicates; ids, then names, then figures.
impl Wire for Arc<ContainerStats> {
    fn write(&self, to: &mut Writer) {
        Self::write_list(std::slice::from_ref(self), to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        let mut list = Self::read_list(from);
        let one = list.pop().filter(|_| list.is_empty());
        one.unwrap_or_else(|| {
            from.fail();
            Self::new(stats(ContainerId::default(), String::new(), 0, &NONE))
        })
    }

    fn write_list(list: &[Self], to: &mut Writer) {
        let list = sorted(list);
        let at = to.last_time();
        to.count(list.len());
        for stats in &list {
            stats.container_id.write(to);
            to.string(&stats.container_name);
        }
        let rows: Vec<_> = list.iter().map(|stats| figures(stats, at)).collect();
        write_rows(&rows, &vec![NONE; rows.len()], to);
    }

    fn read_list(from: &mut Reader<'_>) -> Vec<Self> {
        let at = from.last_time();
        let named: Vec<(ContainerId, String)> = (0..from.count_of(ContainerId::LEN))
            .map(|_| (Wire::read(from), Wire::read(from)))
            .collect();
        if !named.is_sorted_by(|(a, _), (b, _)| a < b) {
            from.fail();
        }
        let mut rows = vec![NONE; named.len()];
        read_rows(&mut rows, from);
        let rows = named.into_iter().zip(&rows);
        rows.map(|((id, name), row)| Self::new(stats(id, name, at, row)))
            .collect()
    }
}

/// The list sorted by id; of entries with the same id, the last one is kept.
pub(super) fn sorted(list: &[Arc<ContainerStats>]) -> Vec<&ContainerStats> {
    let mut sorted: Vec<_> = list.iter().rev().map(|stats| &**stats).collect();
    sorted.sort_by_key(|stats| stats.container_id);
    sorted.dedup_by_key(|stats| stats.container_id);
    sorted
}

fn optional(number: Option<u64>) -> u64 {
    number.map_or(0, |number| number.saturating_add(1))
}

fn known(number: u64) -> Option<u64> {
    number.checked_sub(1)
}

/// The percentage of memory equals memory over limit.
const DERIVED: u64 = 0;
/// The percentage of memory is unknown, although memory and limit are known.
const UNKNOWN: u64 = 1;
/// Added to any other percentage of memory, in hundredths of a percent.
const EXPLICIT: u64 = 2;

fn share(stats: &ContainerStats) -> u64 {
    let of = |usage: Option<u64>| percent_of(usage?, stats.memory_limit?);
    let approximately = stats.memory_usage.map(|usage| exact(approximate(usage)));
    let share = stats.memory_percent.and_then(hundredths);
    if stats.memory_percent == of(stats.memory_usage)
        || share == of(approximately).and_then(hundredths)
    {
        DERIVED
    } else {
        share.map_or(UNKNOWN, |share| share.saturating_add(EXPLICIT))
    }
}

fn derived(stats: &ContainerStats) -> Option<f32> {
    percent_of(stats.memory_usage?, stats.memory_limit?)
}

/// Hundredths of a percent; `None` if `percent` is not a number.
fn hundredths(percent: f32) -> Option<u64> {
    let hundredths = (f64::from(percent) * 100.0).round().min(MAX_HUNDREDTHS);
    percent.is_finite().then_some(hundredths as u64)
}

fn percent(hundredths: u64) -> f32 {
    (hundredths as f64 / 100.0) as f32
}

/// Quantises a number: exact below `2^(PRECISION + 1)`; above, rounded to [`PRECISION`] bits after the
/// leading one, preceded by the number of omitted bits. Monotonic.
pub(super) fn approximate(number: u64) -> u64 {
    let bits = u64::BITS - number.leading_zeros();
    match bits.saturating_sub(PRECISION + 1) {
        0 => number,
        shift => (u64::from(shift) << PRECISION) + (number >> shift) + (number >> (shift - 1) & 1),
    }
}

/// The number that [`approximate`] has quantised.
pub(super) fn exact(approximate: u64) -> u64 {
    let shift = (approximate >> PRECISION).saturating_sub(1);
    let significant = approximate - (shift << PRECISION);
    match u32::try_from(shift).ok().filter(|shift| *shift < u64::BITS) {
        Some(shift) => significant.saturating_mul(1 << shift),
        None => u64::MAX,
    }
}
