//! CPU time per sample of a container, compared with `docker stats` and with a bare loop that reads the
//! same files.

use crate::{
    Failure, Setting,
    client::{BINARY, Client},
    crowd::{Crowd, Sender, subscribe, with_crowds},
    engine::{Engine, count_stats_calls},
    process::{Process, cpu_during},
    results::{Results, percentile},
};
use deckwatch::protocol::Channel;
use std::{
    cell::Cell,
    fs,
    process::{Command, Stdio},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::net::UnixListener;

const CONTAINERS: usize = 32;
/// Windows of each kind. The engine's processes occasionally do background work that takes several
/// times what is measured and falls into some of the windows, so the minimum of each kind counts.
const ROUNDS: u32 = 5;
/// Rounds of the measurements in which the engine is not involved.
const OWN_ROUNDS: u32 = 3;
const WINDOW: Duration = Duration::from_secs(10);
/// Time for a server to discover all containers before it is measured.
const WARM_UP: Duration = Duration::from_secs(4);
/// Time for the engine to become idle after it has started the containers.
const SETTLING: Duration = Duration::from_secs(15);
/// Number of passes of the bare loop over all files.
const PASSES: &str = "100";

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let engine = setting.engine()?;
    engine.clear().await?;
    engine.run(CONTAINERS).await?;
    tokio::time::sleep(SETTLING).await;
    let measured = with_crowds(all(setting, &engine, results)).await;
    engine.clear().await?;
    measured
}

async fn all(setting: &Setting, engine: &Engine, results: &mut Results) -> Result<(), Failure> {
    results.figure("containers", CONTAINERS as f64)?;
    let window = setting.window(WINDOW);
    let daemons = engine.daemons()?;
    let (mut alone, mut with_us, mut own, mut theirs) = (vec![], vec![], vec![], vec![]);
    for _ in 0..setting.rounds(ROUNDS) {
        let quiet = cpu_during(&daemons, window).await;
        let ours = watch(setting, engine, "1s", window).await?;
        let stats = docker_stats(engine, &daemons, window).await?;
        let percent = |seconds: f64| seconds / window.as_secs_f64() * 100.0;
        results.figure("engine_alone_percent", percent(quiet))?;
        results.figure("engine_with_us_percent", percent(ours.daemons))?;
        results.figure("own_process_us", ours.own / ours.samples * 1e6)?;
        alone.push(quiet);
        with_us.push((ours.daemons, ours.samples));
        own.push(ours.own / ours.samples);
        theirs.push((stats.own + stats.daemons, stats.samples));
    }
    let alone = alone.into_iter().fold(f64::INFINITY, f64::min);
    let added = |windows: Vec<(f64, f64)>| {
        let each = windows.into_iter().map(|(cpu, n)| (cpu - alone) / n);
        each.fold(f64::INFINITY, f64::min)
    };
    let with = with_us.iter().map(|(cpu, _)| *cpu);
    results.figure("engine_with_us", with.fold(f64::INFINITY, f64::min) / alone)?;
    let own = percentile(&mut own, 50.0).unwrap_or_default() + added(with_us).max(0.0);
    let theirs = added(theirs);
    results.figure("ours_us", own * 1e6)?;
    results.figure("docker_stats_us", theirs * 1e6)?;
    results.figure("docker_stats/ours", theirs / own)?;

    for _ in 0..setting.rounds(OWN_ROUNDS) {
        // Only what grows with the number of samples: reading the host and reconciling cancel out.
        let often = watch(setting, engine, "500ms", window).await?;
        let never = watch(setting, engine, "60s", window).await?;
        let marginal = (often.own - never.own) / (often.samples - never.samples);
        results.figure("marginal_us", marginal * 1e6)?;
        results.figure("read_loop_us", often.read_loop_us)?;
        results.figure("marginal/read_loop", marginal * 1e6 / often.read_loop_us)?;
        results.figure("resident_mib", often.resident / f64::from(1 << 20))?;
    }
    results.figure("stats_calls", stats_calls(setting, engine).await? as f64)
}

/// Measurements of one window. CPU times are in seconds.
struct Cost {
    /// CPU time of the measured process.
    own: f64,
    /// CPU time of the engine's processes.
    daemons: f64,
    /// Samples, counted per container.
    samples: f64,
    /// CPU time of the bare loop per container, in microseconds.
    read_loop_us: f64,
    /// Resident memory of the server, in bytes.
    resident: f64,
}

/// Measures Deckwatch with one client that subscribes to the stats channel.
async fn watch(
    setting: &Setting,
    engine: &Engine,
    interval: &str,
    window: Duration,
) -> Result<Cost, Failure> {
    let server = engine.watched(&setting.binary, &["--stats-interval", interval])?;
    let mut crowd = Crowd::gather(server.address, 1, Sender::Deckwatch, &[Channel::STATS]).await?;
    tokio::time::sleep(WARM_UP).await;
    crowd.reset();
    let own = [server.id()];
    let daemons = engine.daemons()?;
    let (own, daemons) = tokio::join!(cpu_during(&own, window), cpu_during(&daemons, window));
    let samples = crowd.tally().frames as f64 * CONTAINERS as f64;
    crowd.check()?;
    Ok(Cost {
        own,
        daemons,
        samples,
        read_loop_us: read_loop(&server)?,
        resident: server.resident()?,
    })
}

/// Measures `docker stats`, and counts how often the engine samples during the window.
async fn docker_stats(engine: &Engine, daemons: &[u32], window: Duration) -> Result<Cost, Failure> {
    let mut command = engine.docker(&["stats", "--no-trunc"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let own = [child.id().ok_or("docker stats has ended")?];
    let answers = Rc::new(Cell::new(0.0));
    let count = Rc::clone(&answers);
    let stream = engine.follow("/containers/bench-0/stats?stream=1", move |_, line| {
        if line.starts_with('{') {
            count.set(count.get() + 1.0);
        }
    });
    let measured = async {
        tokio::time::sleep(WARM_UP).await;
        answers.set(0.0);
        tokio::join!(cpu_during(&own, window), cpu_during(daemons, window))
    };
    let (own, daemons) = tokio::select! {
        ended = stream => return Err(format!("the stream of figures ended: {ended:?}").into()),
        measured = measured => measured,
    };
    child.kill().await?;
    Ok(Cost {
        own,
        daemons,
        samples: answers.get() * CONTAINERS as f64,
        read_loop_us: 0.0,
        resident: 0.0,
    })
}

/// CPU time per container, in microseconds, of reading the files that the server has open.
fn read_loop(server: &Process) -> Result<f64, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(format!("/proc/{}/fd", server.id()))?.flatten() {
        let Ok(path) = fs::read_link(entry.path()) else {
            continue;
        };
        let is_counter = path.starts_with("/sys/fs/cgroup")
            || (path.starts_with("/proc") && path.ends_with("net/dev"));
        if is_counter {
            files.push(path);
        }
    }
    if files.len() < CONTAINERS {
        return Err("the server does not read the kernel's files".into());
    }
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.args(["read-loop", PASSES]).args(&files).output()?;
    let nanoseconds: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(nanoseconds / 1e3 / CONTAINERS as f64)
}

/// Stats requests that the engine receives while a client watches the stats channel.
async fn stats_calls(setting: &Setting, engine: &Engine) -> Result<u64, Failure> {
    let folder = std::env::temp_dir().join(format!("deckwatch-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let path = folder.join("docker.sock");
    let calls = Arc::new(AtomicU64::new(0));
    let listener = UnixListener::bind(&path)?;
    let proxy = tokio::spawn(count_stats_calls(
        listener,
        engine.socket(),
        Arc::clone(&calls),
    ));
    let url = format!("unix://{}", path.display());
    let server = Process::deckwatch(
        &setting.binary,
        &["--docker-host", &url, "--stats-interval", "500ms"],
    )?;
    let mut client = Client::connect(server.address, BINARY).await?;
    client.say(&subscribe(Channel::STATS)).await?;
    let reading = async {
        loop {
            client.next().await?;
        }
    };
    let read: Result<Result<(), Failure>, _> =
        tokio::time::timeout(WARM_UP + setting.window(WINDOW), reading).await;
    proxy.abort();
    fs::remove_dir_all(&folder)?;
    match read {
        Ok(ended) => ended.map(|()| 0),
        Err(_) => Ok(calls.load(Ordering::Relaxed)),
    }
}
