//! Throughput of logs through the server, compared with a raw reader of the engine's API, and the
//! longest task and the memory of the log page in a browser.

use crate::{
    Failure, Setting,
    client::{BINARY, Client},
    crowd::{inflated, with_crowds},
    engine::Engine,
    latency::browser,
    process::{Cpu, Process},
    results::Results,
};
use deckwatch::{
    protocol::{Channel, ClientMessage, ServerMessage, Subscribe, codec},
    server::source::{redact::Context, redactor::Redactor},
};
use std::{
    cell::Cell,
    hint::black_box,
    time::{Duration, Instant},
};

const LINES: u64 = 400_000;
const ROUNDS: u32 = 5;
/// Delay before a container starts to write, so that its reader is connected by then.
const HEAD_START: Duration = Duration::from_secs(4);
/// Time limit for one run.
const PATIENCE: Duration = Duration::from_secs(90);
/// The text after the number of a line. Together they are about a hundred bytes, a typical length.
const SAYS: &str =
    "GET /items?page=2 200 12 ms user=8f21c0de trace=4bf92f3577b34da6a3ce929d0e0e4736 ok";
/// A text of the same length with a secret, …
const SAYS_SECRET: &str =
    "GET /items?page=2 200 12 ms user=8f21c0de token=glpat-0123456789abcdefABCDEFwxyz ok";
/// … and as the server shows it.
const SHOWS_SECRET: &str = "GET /items?page=2 200 12 ms user=8f21c0de token=•••••• ok";
/// Clients that stop reading.
const STALLED: usize = 10;
/// The name of the container that writes.
const NAME: &str = "bench-log";

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let engine = setting.engine()?;
    engine.clear().await?;
    let measured = async {
        for _ in 0..setting.rounds(ROUNDS) {
            let raw = with_crowds(raw(&engine)).await?;
            let ours = with_crowds(ours(setting, &engine, &PLAIN, 0)).await?;
            let masked = with_crowds(self::ours(setting, &engine, &SECRET, 0)).await?;
            let bytes = (SAYS.len() + 8) as f64;
            results.figure("raw_lines", raw.rate)?;
            results.figure("ours_lines", ours.rate)?;
            results.figure("ours_mb", ours.rate * bytes / 1e6)?;
            results.figure("ours/raw", ours.rate / raw.rate)?;
            results.figure("engine_us", raw.daemons * 1e6)?;
            results.figure("own_us", ours.own * 1e6)?;
            results.figure("own/engine", ours.own / raw.daemons)?;
            let redactor = search()?;
            results.figure("redactor_us", redactor * 1e6)?;
            results.figure("redactor/own", redactor / ours.own)?;
            results.figure("masked_us", masked.own * 1e6)?;
            results.figure("masked/own", masked.own / ours.own)?;
            results.figure("missing", ours.missing)?;
            results.figure("wrong", ours.wrong + masked.wrong)?;
            let stalled = with_crowds(self::ours(setting, &engine, &PLAIN, STALLED)).await?;
            let each = (stalled.grown - ours.grown) / STALLED as f64;
            results.figure("stalled_mib", each / f64::from(1 << 20))?;
        }
        in_browser(setting, &engine, results).await
    };
    let measured = measured.await;
    engine.clear().await?;
    measured
}

/// CPU time of the search for secrets in a line that contains none, in seconds.
fn search() -> Result<f64, Failure> {
    let (redactor, mut context) = (Redactor::default(), Context::default());
    let id = [std::process::id()];
    let mut cpu = Cpu::default();
    let before = cpu.read(&id);
    for n in 0..LINES {
        let line = black_box(format!("{n} {SAYS}").into_bytes());
        let masked = black_box(redactor.mask_line(line, &mut context));
        if !masked.ends_with(SAYS.as_bytes()) {
            return Err("something was masked".into());
        }
    }
    Ok((cpu.read(&id) - before) / LINES as f64)
}

/// What a container writes after the number of each line, and what a client receives of it.
struct Text {
    written: &'static str,
    shown: &'static str,
}

const PLAIN: Text = Text {
    written: SAYS,
    shown: SAYS,
};
const SECRET: Text = Text {
    written: SAYS_SECRET,
    shown: SHOWS_SECRET,
};

/// Measurements of one run: one container's log, read to its last line.
struct Run {
    /// Lines per second, from the first to the last.
    rate: f64,
    /// CPU time of the engine's processes per line, in seconds.
    daemons: f64,
    /// CPU time of the server per line, in seconds.
    own: f64,
    /// Lines missing, by the gaps in their numbers.
    missing: f64,
    /// Lines duplicated, out of order or incomplete.
    wrong: f64,
    /// Growth of the server's resident memory during the run, in bytes.
    grown: f64,
}

/// Starts a container that writes `lines` numbered lines with `text` after `wait` and then sleeps; returns
/// its id.
async fn start(
    engine: &Engine,
    text: &Text,
    lines: u64,
    wait: Duration,
) -> Result<String, Failure> {
    engine.docker(&["rm", "-f", NAME]).output().await?;
    let (wait, says) = (wait.as_secs(), text.written);
    let script = format!(
        "sleep {wait}; awk 'BEGIN {{ for (n = 1; n <= {lines}; n++) print n \" {says}\" }}'; sleep 100000"
    );
    let run = [
        "run",
        "-d",
        "--name",
        NAME,
        "deckwatch-test:latest",
        "sh",
        "-c",
        &script,
    ];
    let output = engine.docker(&run).output().await?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

async fn raw(engine: &Engine) -> Result<Run, Failure> {
    let id = start(engine, &PLAIN, LINES, HEAD_START).await?;
    let daemons = engine.daemons()?;
    let mut cpu = Cpu::default();
    let before = cpu.read(&daemons);
    let (first, lines) = (Cell::new(None), Cell::new(0));
    let path = format!("/containers/{id}/logs?stdout=1&follow=1&timestamps=1");
    let reading = engine.follow(&path, |at, line| {
        if line.contains(SAYS) {
            first.set(first.get().or(Some(at)));
            lines.set(lines.get() + 1);
        }
    });
    let done = async {
        while lines.get() < LINES {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        ended = reading => return Err(format!("the log ended: {ended:?}").into()),
        done = tokio::time::timeout(PATIENCE, done) => done?,
    }
    let took = first.get().ok_or("no line")?.elapsed();
    Ok(Run {
        rate: LINES as f64 / took.as_secs_f64(),
        daemons: (cpu.read(&daemons) - before) / LINES as f64,
        own: 0.0,
        missing: 0.0,
        wrong: 0.0,
        grown: 0.0,
    })
}

/// What a client of the server has received.
#[derive(Default)]
struct Read {
    first: Option<Instant>,
    last: u64,
    missing: u64,
    wrong: u64,
}

impl Read {
    fn message(&mut self, message: &ServerMessage, text: &Text) {
        // Gap messages are ignored: the numbers of the lines around a gap show how many are missing.
        let ServerMessage::Log { lines, .. } = message else {
            return;
        };
        self.first.get_or_insert_with(Instant::now);
        for line in lines {
            let number = line.line.split(' ').next().and_then(|n| n.parse().ok());
            let number: u64 = number.unwrap_or_default();
            self.wrong += u64::from(number <= self.last || !line.line.ends_with(text.shown));
            self.missing += number.saturating_sub(self.last + 1);
            self.last = number;
        }
    }
}

async fn ours(
    setting: &Setting,
    engine: &Engine,
    text: &Text,
    stalled: usize,
) -> Result<Run, Failure> {
    let server = engine.watched(&setting.binary, &[])?;
    let id = start(engine, text, LINES, HEAD_START).await?;
    let mut client = follow(&server, &id).await?;
    let mut sleepers = Vec::new();
    for _ in 0..stalled {
        sleepers.push(follow(&server, &id).await?);
    }
    let before = server.resident()?;
    let own = [server.id()];
    let mut cpu = Cpu::default();
    let began = cpu.read(&own);
    let mut read = Read::default();
    let reading = async {
        while read.last < LINES {
            let frame = inflated(&client.next().await?)?;
            if let Ok(message) = codec::decode::<ServerMessage>(&frame) {
                read.message(&message, text);
            }
        }
        Ok::<_, Failure>(())
    };
    tokio::time::timeout(PATIENCE, reading).await??;
    let took = read.first.ok_or("no line")?.elapsed();
    let grown = server.resident()? - before;
    drop(sleepers);
    Ok(Run {
        rate: LINES as f64 / took.as_secs_f64(),
        daemons: 0.0,
        own: (cpu.read(&own) - began) / LINES as f64,
        missing: read.missing as f64,
        wrong: read.wrong as f64,
        grown,
    })
}

/// Connects a client and subscribes to a log. Retries until the server knows the container.
async fn follow(server: &Process, id: &str) -> Result<Client, Failure> {
    let channel: Channel = format!("logs:{id}")
        .parse()
        .map_err(|_| "no such channel")?;
    let began = Instant::now();
    while began.elapsed() < HEAD_START {
        let mut client = Client::connect(server.address, BINARY).await?;
        client
            .say(&ClientMessage::Subscribe(Subscribe::to(channel)))
            .await?;
        loop {
            let frame = inflated(&client.next().await?)?;
            match codec::decode::<ServerMessage>(&frame) {
                Ok(ServerMessage::Subscribed { .. }) => return Ok(client),
                Ok(ServerMessage::Error { .. }) => break,
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err("the log cannot be followed".into())
}

/// Measures a burst, and the memory of the page after few and after many lines.
async fn in_browser(
    setting: &Setting,
    engine: &Engine,
    results: &mut Results,
) -> Result<(), Failure> {
    let server = engine.watched(&setting.binary, &[])?;
    let mut heaps = Vec::new();
    for (what, lines) in [("burst", 40_000), ("few", 10_000), ("many", 1_000_000)] {
        let lines = if setting.quick { lines / 4 } else { lines };
        let id = start(engine, &PLAIN, lines, HEAD_START * 2).await?;
        let url = format!("http://{}/containers/{id}?tab=logs", server.address);
        let figures = browser(setting, &["logs", &url, what, &lines.to_string()], results).await?;
        heaps.extend(figures.get(&format!("{what}_heap_mib")).copied());
    }
    if let [_, few, many] = heaps[..] {
        results.figure("heap_growth_mib", many - few)?;
    }
    Ok(())
}
