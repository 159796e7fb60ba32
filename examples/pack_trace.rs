//! Compresses a recording of `scripts/record-trace` into the fixtures of `tests/bytes`.
//!
//! `cargo run --features ssr --example pack_trace -- DIR`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for developers, which may panic on any error"
)]

#[path = "../tests/bytes/trace.rs"]
#[expect(dead_code, reason = "traces are only written here")]
mod trace;

use deckwatch::{model::Update, protocol::ServerMessage};
use flate2::{Compression, write::DeflateEncoder};
use std::{collections::BTreeMap, fs, io::Write, path::Path};

fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let dir = Path::new(&dir);
    let stream = fs::read_to_string(dir.join("stream")).unwrap();
    let messages = stream.lines().filter_map(|line| line.strip_prefix("data:"));
    let (mut times, mut containers) = (Vec::new(), BTreeMap::new());
    for message in messages.filter_map(|text| ServerMessage::decode(text.trim()).ok()) {
        let Some(Update::Stats {
            timestamp, data, ..
        }) = message.update()
        else {
            continue;
        };
        let at = timestamp.as_millis();
        if times.last() == Some(&at) {
            continue;
        }
        for stats in data {
            let row = trace::row(stats, at);
            let rows = containers.entry((stats.container_id, stats.container_name.clone()));
            rows.or_insert_with(BTreeMap::new).insert(times.len(), row);
        }
        times.push(at);
    }
    pack("trace.deflate", trace::text(&times, &containers).as_bytes());
    for name in ["engine.json", "snapshot.json"] {
        pack(
            &format!("{name}.deflate"),
            &fs::read(dir.join(name)).unwrap(),
        );
    }
    println!("{} ticks of {} containers", times.len(), containers.len());
}

fn pack(name: &str, bytes: &[u8]) {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    let packed = encoder.finish().unwrap();
    println!("{name}: {} of {} bytes", packed.len(), bytes.len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), packed).unwrap();
}
