//! Writes the lines that the container copies to its log.

use super::{LONGEST, PACE};
use crate::support::eventually;
use fastrand::Rng;
use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::sleep,
    time::{Duration, Instant},
};

/// Bytes of the engine's buffer, at which it splits lines.
const BUFFER: usize = 16 * 1024;

/// Writes lines into the container's pipes, from a separate thread.
pub(super) struct Writer {
    written: Arc<AtomicU64>,
}

/// One of the container's streams.
struct Pipe {
    file: File,
    /// Bytes that are still to be written.
    waiting: Vec<u8>,
}

impl Pipe {
    /// Writes the buffered bytes in pieces that end anywhere, except for the last bytes, which may be part
    /// of a character.
    fn write(&mut self, random: &mut Rng) {
        let keep = random.usize(0..8).min(self.waiting.len());
        let mut rest = self.waiting.as_slice();
        while rest.len() > keep {
            let (piece, after) = rest.split_at(random.usize(1..=(rest.len() - keep)));
            self.file.write_all(piece).unwrap();
            rest = after;
        }
        self.waiting = rest.to_vec();
    }
}

impl Writer {
    /// Starts writing `lines` lines.
    pub(super) fn start(folder: PathBuf, lines: u64, is_terminal: bool, seed: u64) -> Self {
        let written = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&written);
        std::thread::spawn(move || write(folder, lines, is_terminal, seed, &count));
        Self { written }
    }

    /// Waits until `line` was written.
    pub(super) async fn until(&self, line: u64) {
        eventually("the lines are written", async || {
            self.written.load(Ordering::Relaxed) >= line
        })
        .await;
    }
}

fn write(folder: PathBuf, lines: u64, is_terminal: bool, seed: u64, count: &AtomicU64) {
    // Open for reading, too: bytes that are unread when the container dies are read by its next run.
    let open = |name| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(folder.join(name))
    };
    let mut pipes = ["out", "err"].map(|name| Pipe {
        file: open(name).unwrap(),
        waiting: Vec::new(),
    });
    let (mut random, began) = (Rng::with_seed(seed), Instant::now());
    let pace = PACE.max(lines / LONGEST);
    for n in 0..lines {
        let stream = usize::from(random.u8(..5) == 0 && !is_terminal);
        let pipe = &mut pipes[stream];
        pipe.waiting.extend(line(n, &mut random).into_bytes());
        pipe.waiting.push(b'\n');
        if n % 50 == 0 || n + 1 == lines {
            pipes.iter_mut().for_each(|pipe| pipe.write(&mut random));
            let due = Duration::from_millis(n * 1_000 / pace);
            sleep(due.saturating_sub(began.elapsed()));
            count.store(n, Ordering::Relaxed);
        }
    }
    for pipe in &mut pipes {
        pipe.file.write_all(&pipe.waiting).unwrap();
    }
    count.store(lines, Ordering::Relaxed);
    // The last line of the last run, which is stopped without a line end.
    pipes[0].file.write_all(b"last words").unwrap();
    // The pipes must outlive the last run, or it would end by itself.
    sleep(Duration::from_secs(600));
}

/// A line that differs from all others.
fn line(n: u64, random: &mut Rng) -> String {
    let begin = format!("{n} ");
    let bytes = match random.u32(..1_000) {
        0 => random.usize(60_000..70_000),
        1 => random.usize(1..4) * BUFFER + random.usize(0..3) - 1,
        2 => BUFFER,
        3..=20 => 0,
        _ => random.usize(1..120),
    };
    let fill = ["x", "é", "한", "🦀", "\r10 %", "\u{1b}[31m"];
    let fill = fill[if random.u8(..4) == 0 {
        random.usize(..fill.len())
    } else {
        0
    }];
    let mut line = begin;
    while line.len() + fill.len() <= bytes {
        line.push_str(fill);
    }
    while line.len() < bytes {
        line.push('.');
    }
    line
}
