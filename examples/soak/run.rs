//! One run, from the start of the server to the report.

use crate::{
    Arguments, Failure,
    accounts::Accounts,
    client::Client,
    faults::{Engine, Faults},
    findings::Kind,
    lines::Follower,
    prober::probe,
    process::Process,
    report::{Report, SLACK},
    shared::{Catalog, Shared},
    user::User,
    vitals::{InUse, Memory},
    writers::Writers,
};
use deckwatch::model::{ContainerId, Right};
use fastrand::Rng;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

/// Containers of the synthetic host.
const DEMO: usize = 100;
/// One client of this many follows a log: all of them would take more of the machine than the server.
const FOLLOWS: usize = 10;
/// One client of this many restarts containers, if its user may.
const ACTS: usize = 40;
/// Time before the counts at the start are read: longer than the interval at which figures are read while no
/// client watches, because the files with the figures of containers stay open.
const WARM_UP: Duration = Duration::from_secs(15);
/// Time between samples of memory.
const SAMPLE: Duration = Duration::from_secs(5);
/// Time at the end in which nothing fails: everything must work again.
const QUIET: Duration = Duration::from_secs(20);
/// Time in which the server must release what its clients had in use: longer than it waits for a dead one.
const RELEASED: Duration = Duration::from_secs(90);

/// Runs for the length that `arguments` say.
pub(crate) async fn run(arguments: &Arguments, seed: u64) -> Result<Report, Failure> {
    let folder = tempfile::tempdir()?;
    let writers = match &arguments.engine {
        Some(engine) => Some(Writers::start(engine).await?),
        None => None,
    };
    let result = watched(arguments, seed, folder.path(), writers.as_ref()).await;
    if let Some(writers) = writers {
        writers.remove().await?;
    }
    if result.is_err() {
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        eprintln!("the end of the server's log:\n{}", tail(&log));
    }
    result
}

/// The last lines of a log.
fn tail(log: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<_> = log.lines().collect();
    let last = lines.len().saturating_sub(LINES);
    lines.get(last..).unwrap_or_default().join("\n")
}

async fn watched(
    arguments: &Arguments,
    seed: u64,
    folder: &Path,
    writers: Option<&Writers>,
) -> Result<Report, Failure> {
    let mut rng = Rng::with_seed(seed);
    let relay = writers.map(|writers| writers.relay(folder)).transpose()?;
    let nowhere = "unix:///nonexistent/docker.sock".to_owned();
    let engine = relay.as_ref().map_or(nowhere, |relay| relay.url());
    let demo = DEMO.to_string();
    let more = ["--demo", &demo, "--docker-host", &engine];
    let mut server = Process::start(&arguments.binary, folder, &more)?;
    let data = folder.join("data");
    let accounts = Arc::new(Accounts::create(server.address, &data).await?);
    let numbered = writers.map_or(&[][..], |writers| &writers.ids);
    let expected = DEMO + numbered.len();
    let root = &accounts.root;
    let catalog = Catalog::read(&root.api, &root.cookie(), expected).await?;
    let shared = Arc::new(Shared::new(server.address, catalog));
    tokio::time::sleep(WARM_UP).await;
    let start = InUse::read(server.id(), root).await?;
    println!("at the start: {start:?}");

    let stop = CancellationToken::new();
    let mut crowd = Crowd::gather(arguments, &shared, &accounts, numbered, &mut rng, &stop);
    let mut faults = Faults {
        shared: Arc::clone(&shared),
        accounts: Arc::clone(&accounts),
        engine: match (relay, writers) {
            (Some(relay), Some(writers)) => Some(Engine {
                relay,
                process: writers.engine()?,
            }),
            _ => None,
        },
        server: server.id(),
        database: data.join("deckwatch.db"),
        rng: rng.fork(),
        caused: Default::default(),
    };
    let began = Instant::now();
    let end = began + Duration::from_secs(arguments.minutes * 60);
    let mut memory = Memory::default();
    tokio::select! {
        result = sample(&mut server, &mut memory, began) => result?,
        result = async {
            faults.cause(end - QUIET).await?;
            tokio::time::sleep_until(end).await;
            Ok::<_, Failure>(())
        } => result?,
    }
    crowd.check(&shared);
    stop.cancel();
    crowd.tasks.shutdown().await;
    let released = released(server.id(), &accounts, &start).await?;
    Ok(Report {
        shared,
        memory,
        start,
        end: released,
        took: began.elapsed(),
        faults: faults.caused,
        has_engine: writers.is_some(),
    })
}

/// Samples the memory of the server for ever; an error if the server ends.
async fn sample(server: &mut Process, memory: &mut Memory, began: Instant) -> Result<(), Failure> {
    let mut pace = tokio::time::interval(SAMPLE);
    loop {
        pace.tick().await;
        server.check()?;
        memory.add(began.elapsed(), server.resident()?);
    }
}

/// What is in use after the clients have left: as soon as it is like at the start, or else in the end.
async fn released(server: u32, accounts: &Accounts, start: &InUse) -> Result<InUse, Failure> {
    let end = Instant::now() + RELEASED;
    loop {
        let now = InUse::read(server, &accounts.root).await?;
        if now.is_like(start, &SLACK) || Instant::now() > end {
            return Ok(now);
        }
        tokio::time::sleep(SAMPLE).await;
    }
}

/// All clients.
#[derive(Debug)]
struct Crowd {
    tasks: JoinSet<()>,
    /// Whether each client is connected.
    connected: Vec<Arc<AtomicBool>>,
}

impl Crowd {
    /// Starts all clients, one that polls per user, and the changes of grants.
    fn gather(
        arguments: &Arguments,
        shared: &Arc<Shared>,
        accounts: &Arc<Accounts>,
        numbered: &[ContainerId],
        rng: &mut Rng,
        stop: &CancellationToken,
    ) -> Self {
        let mut crowd = Self {
            tasks: JoinSet::new(),
            connected: Vec::new(),
        };
        let sockets = usize::from(arguments.sockets);
        for (number, user) in (0..sockets).zip(accounts.users.iter().cycle()) {
            let is_connected = Arc::new(AtomicBool::new(false));
            crowd.connected.push(Arc::clone(&is_connected));
            let follows = rng.usize(..FOLLOWS) == 0;
            let client = Client {
                shared: Arc::clone(shared),
                user: Arc::clone(user),
                number,
                follower: follows
                    .then(|| follower(shared, user, numbered, rng))
                    .flatten(),
                targets: match number.is_multiple_of(ACTS) {
                    true => targets(shared, user, numbered).into(),
                    false => Arc::default(),
                },
                action: None,
                rng: rng.fork(),
                is_connected,
            };
            crowd.tasks.spawn(client.run(stop.clone()));
        }
        for user in &accounts.users {
            crowd
                .tasks
                .spawn(probe(Arc::clone(shared), Arc::clone(user)));
        }
        let (accounts, shared, rng) = (Arc::clone(accounts), Arc::clone(shared), rng.fork());
        crowd.tasks.spawn(async move {
            let server = shared.server;
            accounts.keep_changing(&shared.findings, server, rng).await;
        });
        crowd
    }

    /// Reports the clients that are not connected.
    fn check(&self, shared: &Shared) {
        let connected = self.connected.iter();
        let away = connected
            .filter(|is_so| !is_so.load(Ordering::Relaxed))
            .count();
        shared.findings.add(Kind::Away, away as u64, || {
            format!("{away} of {}", self.connected.len())
        });
    }
}

/// A random log that `user` may read: a numbered one, or that of any container where there are none.
fn follower(
    shared: &Shared,
    user: &User,
    numbered: &[ContainerId],
    rng: &mut Rng,
) -> Option<Follower> {
    let mut readable = shared.catalog.ids(&user.base, Right::Logs);
    readable.retain(|id| numbered.is_empty() || numbered.contains(id));
    let id = rng.choice(readable)?;
    Some(Follower::new(id, numbered.contains(&id)))
}

/// The containers that a client of `user` restarts: never a writer, whose numbers would begin again.
fn targets(shared: &Shared, user: &User, numbered: &[ContainerId]) -> Vec<ContainerId> {
    let mut targets = shared.catalog.ids(&user.base, Right::Act);
    targets.retain(|id| !numbered.contains(id));
    targets
}
