//! Measures what the binary form costs on the wire, with a recording of what a hundred real containers did
//! in ten minutes (made by `scripts/record-trace`). `cargo test --test bytes -- --nocapture` prints the
//! figures.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "that is how a test fails, and this one tells what it measured"
)]

#[expect(dead_code, reason = "traces are only read here")]
mod trace;

use deckwatch::{
    model::{Figure, Update},
    protocol::{
        ServerMessage, Snapshot,
        codec::{Ticks, encode, encode_tick, to_number},
    },
};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use std::{
    collections::BTreeMap,
    io::{Read, Write},
    path::Path,
};

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

fn inflated(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(&*fixture(name))
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn deflated(bytes: &[u8]) -> usize {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

fn trace() -> Vec<ServerMessage> {
    trace::read(&fixture("trace.deflate"))
}

/// Bytes per tick: in JSON, in compressed JSON, and in the binary form as changes to the tick before.
struct Sizes {
    json: f64,
    deflated: f64,
    binary: f64,
}

fn sizes(ticks: &[ServerMessage]) -> Sizes {
    let mut sums = [0; 3];
    for pair in ticks.windows(2) {
        let json = serde_json::to_vec(&pair[1]).unwrap();
        let of_this = [
            json.len(),
            deflated(&json),
            encode_tick(&pair[1], &pair[0]).len(),
        ];
        sums.iter_mut()
            .zip(of_this)
            .for_each(|(sum, size)| *sum += size);
    }
    let [json, deflated, binary] = sums.map(|sum| sum as f64 / (ticks.len() - 1) as f64);
    Sizes {
        json,
        deflated,
        binary,
    }
}

/// The quantised stats of every container in a tick.
fn quantised(tick: &ServerMessage) -> BTreeMap<String, [i64; 13]> {
    let Some(Update::Stats {
        timestamp, data, ..
    }) = tick.update()
    else {
        panic!("not figures: {tick:?}");
    };
    let bytes =
        |value: Option<u64>| to_number(Figure::Memory, value.map(|value| value as f64)) as i64;
    let row = |stats: &deckwatch::model::ContainerStats| {
        let cpu = to_number(Figure::Cpu, stats.cpu_percent.map(f64::from)) as i64;
        let age = timestamp.as_millis() - stats.timestamp.as_millis();
        [
            cpu,
            bytes(stats.memory_usage),
            bytes(stats.memory_limit),
            bytes(stats.network_rx),
            bytes(stats.network_tx),
            bytes(stats.block_read),
            bytes(stats.block_write),
            bytes(stats.network_rx_rate),
            bytes(stats.network_tx_rate),
            bytes(stats.block_read_rate),
            bytes(stats.block_write_rate),
            bytes(stats.pids.map(u64::from)),
            age,
        ]
    };
    data.iter()
        .map(|stats| (stats.container_id.to_string(), row(stats)))
        .collect()
}

/// The entropy of the differences of quantised stats, in bytes per tick: what an ideal code with one table
/// per figure would need (Shannon: Σ p · log₂ 1/p bits per symbol).
fn entropy(ticks: &[ServerMessage]) -> f64 {
    let rows: Vec<_> = ticks.iter().map(quantised).collect();
    let mut counts: [BTreeMap<i64, u32>; 13] = Default::default();
    for pair in rows.windows(2) {
        for (id, row) in &pair[1] {
            let before = pair[0].get(id).copied().unwrap_or_default();
            for (n, count) in counts.iter_mut().enumerate() {
                *count.entry(row[n] - before[n]).or_default() += 1;
            }
        }
    }
    let bits = |counts: &BTreeMap<i64, u32>| {
        let all = f64::from(counts.values().sum::<u32>());
        let bits = counts
            .values()
            .map(|count| f64::from(*count) * (all / f64::from(*count)).log2());
        bits.sum::<f64>()
    };
    counts.iter().map(bits).sum::<f64>() / 8.0 / (ticks.len() - 1) as f64
}

#[test]
fn the_trace_has_a_hundred_containers_over_ten_minutes() {
    let ticks = trace();
    let at = |tick: &ServerMessage| match tick.update() {
        Some(Update::Stats {
            timestamp, data, ..
        }) => (timestamp.as_millis(), data.len()),
        other => panic!("{other:?}"),
    };
    let (first, last) = (at(&ticks[0]), at(&ticks[ticks.len() - 1]));
    assert!(last.0 - first.0 >= 600_000, "{} ms", last.0 - first.0);
    let most = ticks.iter().map(|tick| at(tick).1).max();
    assert_eq!(most, Some(100));
    assert!(fixture("trace.deflate").len() <= 300_000);
}

#[test]
fn a_tick_is_a_small_fraction_of_its_json() {
    let ticks = trace();
    let Sizes {
        json,
        deflated,
        binary,
    } = sizes(&ticks);
    let entropy = entropy(&ticks);
    println!("a tick of 100 containers, mean of {}:", ticks.len() - 1);
    println!(
        "  JSON {json:.0} B, compressed {deflated:.0} B, binary {binary:.0} B: 1/{:.0} and 1/{:.1}",
        json / binary,
        deflated / binary
    );
    println!(
        "  entropy of the differences {entropy:.0} B: binary is {:.2} times that",
        binary / entropy
    );
    println!("  {:.2} B a container and sample", binary / 100.0);
    assert!(binary <= json / 30.0, "{binary} of {json}");
    assert!(binary <= deflated / 10.0, "{binary} of {deflated}");
    assert!(binary <= entropy * 1.8, "{binary} of {entropy}");
}

#[test]
fn a_snapshot_is_a_small_fraction_of_the_engine_s_own_list() {
    let engine = inflated("engine.json.deflate").len();
    let snapshot: Snapshot = serde_json::from_slice(&inflated("snapshot.json.deflate")).unwrap();
    let json = serde_json::to_vec(&snapshot).unwrap().len();
    let frames = snapshot
        .messages
        .iter()
        .map(|message| deflated(&encode(message)));
    let binary: usize = frames.sum();
    println!(
        "a list of 100 containers: engine {engine} B, JSON {json} B, binary {binary} B: 1/{:.1} of the engine's",
        engine as f64 / binary as f64
    );
    assert!(binary * 8 <= engine, "{binary} of {engine}");
}

#[test]
fn ten_minutes_of_streaming_cost_a_small_fraction_of_polling() {
    let ticks = trace();
    let polled: usize = ticks
        .iter()
        .map(|tick| serde_json::to_vec(tick).unwrap().len())
        .sum();
    // As the page receives it: one complete list, then changes.
    let whole = deflated(&encode(&ticks[0]));
    let changes = ticks
        .windows(2)
        .map(|pair| encode_tick(&pair[1], &pair[0]).len());
    let streamed: usize = whole + changes.sum::<usize>();
    let saved = 100.0 * (1.0 - streamed as f64 / polled as f64);
    println!(
        "ten minutes: polled every two seconds {polled} B of JSON, streamed {streamed} B: {saved:.1} % less"
    );
    assert!(saved >= 97.0, "{saved}");
}

#[test]
fn decoding_the_stream_yields_the_measured_messages() {
    let ticks = trace();
    let mut page = Ticks::default();
    page.decode(&encode(&ticks[0])).unwrap();
    for pair in ticks.windows(2) {
        let shown = page.decode(&encode_tick(&pair[1], &pair[0])).unwrap();
        let (shown, measured) = (quantised(&shown), quantised(&pair[1]));
        assert_eq!(shown, measured);
    }
}
