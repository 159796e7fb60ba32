//! A recorded trace of stats, and its file format: compressed text columns of differences.
//!
//! The first line has the times of the ticks, each as the difference to the one before. Then, per
//! container: a line with id and name, and a line per figure with one word per tick: the difference to the
//! last known value, or a dot where there is none. The last of these lines is the age of the stats at the
//! tick; where it is unknown, the container was not in the list.

use deckwatch::{
    model::{ContainerId, ContainerStats, HostId, Timestamp, Update},
    protocol::ServerMessage,
};
use flate2::read::DeflateDecoder;
use std::{collections::BTreeMap, io::Read, sync::Arc};

/// Number of lines with figures per container.
pub(crate) const COLUMNS: usize = 14;

/// The stats of one container in a tick, as integers.
pub(crate) type Row = [Option<i64>; COLUMNS];

/// Every tick of the trace in `file`, oldest first.
pub(crate) fn read(file: &[u8]) -> Vec<ServerMessage> {
    let mut text = String::new();
    DeflateDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    let times = column(lines.next().unwrap());
    let mut ticks: Vec<_> = times.iter().map(|at| (at.unwrap(), Vec::new())).collect();
    while let Some(head) = lines.next() {
        let (id, name) = head.split_once(' ').unwrap();
        let columns: Vec<_> = (0..COLUMNS)
            .map(|_| column(lines.next().unwrap()))
            .collect();
        for (n, (at, stats)) in ticks.iter_mut().enumerate() {
            let row: Row = std::array::from_fn(|of| columns[of][n]);
            stats.extend(stats_of(id.parse().unwrap(), name, *at, &row));
        }
    }
    let message = |(n, (at, data)): (usize, (i64, Vec<ContainerStats>))| {
        let update = Update::Stats {
            timestamp: Timestamp::from_millis(at),
            host: HostId::default(),
            data: data.into_iter().map(Arc::new).collect(),
        };
        ServerMessage::numbered(n as u64 + 1, update)
    };
    ticks.into_iter().enumerate().map(message).collect()
}

fn column(line: &str) -> Vec<Option<i64>> {
    let mut last = 0;
    let value = |word: &str| {
        last += word.parse::<i64>().ok()?;
        Some(last)
    };
    line.split(' ').map(value).collect()
}

/// The text of a trace, from the times of the ticks and the rows of each container.
pub(crate) fn text(
    times: &[i64],
    containers: &BTreeMap<(ContainerId, String), BTreeMap<usize, Row>>,
) -> String {
    let mut text = words(times.iter().map(|at| Some(*at)));
    for ((id, name), rows) in containers {
        text += &format!("{id} {name}\n");
        for of in 0..COLUMNS {
            text += &words((0..times.len()).map(|n| rows.get(&n)?[of]));
        }
    }
    text
}

fn words(values: impl Iterator<Item = Option<i64>>) -> String {
    let mut last = 0;
    let word = |value: Option<i64>| match value {
        Some(value) => (value - std::mem::replace(&mut last, value)).to_string(),
        None => ".".to_owned(),
    };
    let words: Vec<_> = values.map(word).collect();
    words.join(" ") + "\n"
}

/// Stats as integers.
pub(crate) fn row(stats: &ContainerStats, at: i64) -> Row {
    let hundredths = |percent: Option<f32>| percent.map(|p| (f64::from(p) * 100.0).round() as i64);
    let whole = |number: Option<u64>| number.map(|number| number as i64);
    [
        hundredths(stats.cpu_percent),
        whole(stats.memory_usage),
        whole(stats.memory_limit),
        hundredths(stats.memory_percent),
        whole(stats.network_rx),
        whole(stats.network_tx),
        whole(stats.block_read),
        whole(stats.block_write),
        whole(stats.network_rx_rate),
        whole(stats.network_tx_rate),
        whole(stats.block_read_rate),
        whole(stats.block_write_rate),
        stats.pids.map(i64::from),
        Some(at - stats.timestamp.as_millis()),
    ]
}

/// The inverse of [`row`]; `None` when the container was not in the list.
fn stats_of(id: ContainerId, name: &str, at: i64, row: &Row) -> Option<ContainerStats> {
    let percent = |n: usize| row[n].map(|hundredths| (hundredths as f64 / 100.0) as f32);
    let whole = |n: usize| row[n].map(|number| number as u64);
    let read_at = Timestamp::from_millis(at - row[13]?);
    let mut stats = ContainerStats::unknown(id, name.to_owned(), read_at);
    stats.cpu_percent = percent(0);
    stats.memory_usage = whole(1);
    stats.memory_limit = whole(2);
    stats.memory_percent = percent(3);
    stats.network_rx = whole(4);
    stats.network_tx = whole(5);
    stats.block_read = whole(6);
    stats.block_write = whole(7);
    stats.network_rx_rate = whole(8);
    stats.network_tx_rate = whole(9);
    stats.block_read_rate = whole(10);
    stats.block_write_rate = whole(11);
    stats.pids = row[12].map(|pids| pids as u32);
    Some(stats)
}
