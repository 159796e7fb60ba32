//! Effect of attacks on a healthy client: its response times before, during and after an attack, and the
//! growth of the server's memory.
//!
//! The attackers have an address and a thread of their own. They reopen connections that the server closes,
//! slowly enough that they do not take the processor from the server.

mod hostile;

use crate::{
    Failure, Setting,
    process::Process,
    results::{Results, percentile},
};
use hostile::{Hostile, Mood};
use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

const CONTAINERS: usize = 100;
/// Length of each of the three measurements: before, during and after an attack.
const WINDOW: Duration = Duration::from_millis(2_500);
/// Pause between two requests of the healthy client.
const PAUSE: Duration = Duration::from_millis(5);
/// Timeout of a request of the healthy client; one that takes longer counts as not served.
const SERVED: Duration = Duration::from_secs(5);
/// Time limit for an attack to reach its full strength; after it, the measurement starts anyway.
const RISE: Duration = Duration::from_secs(4);
/// Connections that are reopened in one batch, and the pause after each batch.
const REOPENED: (usize, Duration) = (20, Duration::from_millis(20));
const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const MIB: f64 = (1 << 20) as f64;

pub(crate) fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let head = |address: SocketAddr| format!("GET / HTTP/1.1\r\nHost: {address}\r\nX: ");
    let bodies = |address: SocketAddr| {
        let id = "0".repeat(64);
        let line = format!("POST /api/containers/{id}/stop HTTP/1.1\r\nHost: {address}");
        format!("{line}\r\nContent-Length: 200\r\n\r\n{{").into_bytes()
    };
    let heads = |address: SocketAddr| [head(address).as_bytes(), &[b'x'; 390_000]].concat();
    held(setting, results, "bodies", 4_200, &bodies)?;
    held(setting, results, "heads", 1_500, &heads)?;
    held(setting, results, "idle", 10_000, &|_| Vec::new())?;
    actions(setting, results)?;
    endless(setting, results)?;
    hung(setting, results)
}

/// An attack that holds connections open after sending `bytes` on each of them.
fn held(
    setting: &Setting,
    results: &mut Results,
    name: &str,
    connections: usize,
    bytes: &dyn Fn(SocketAddr) -> Vec<u8>,
) -> Result<(), Failure> {
    let server = Process::demo(&setting.binary, CONTAINERS, &[])?;
    let bytes = bytes(server.address);
    let address = server.address;
    let attack = move |attack: &Progress| hold(address, connections, &bytes, attack);
    around(setting, results, name, &server, connections, attack)?;
    Ok(())
}

/// An attack with actions on unknown containers. Afterwards, valid actions of another client are tried.
fn actions(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    const ACTIONS: usize = 4_400;
    let server = Process::demo(&setting.binary, CONTAINERS, &[])?;
    let address = server.address;
    let attack = move |attack: &Progress| ask_for_nothing(address, attack);
    around(setting, results, "actions", &server, ACTIONS, attack)?;
    let id = first_container(address)?;
    let mut refused = 0;
    for action in ["pause", "unpause", "restart"] {
        let line = format!("POST /api/containers/{id}/{action}");
        let answer = request(address, &line)?;
        refused += u32::from(!answer.starts_with("HTTP/1.1 200"));
    }
    results.figure("actions:refused", f64::from(refused))
}

/// An engine that sends endless responses.
fn endless(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let engine = Hostile::start(CONTAINERS)?;
    let server = Process::deckwatch(&setting.binary, &["--docker-host", &engine.url()])?;
    until_containers(server.address, CONTAINERS)?;
    let mood = engine.mood();
    let attack = move |attack: &Progress| {
        mood.set(Mood::Endless);
        attack.grow(1);
        while attack.goes_on() {
            thread::sleep(PAUSE);
        }
        mood.set(Mood::Well);
    };
    around(setting, results, "endless", &server, 1, attack)?;
    Ok(())
}

/// An engine that never answers inspect requests: how long the start of the server and a change take,
/// compared with an engine that answers them.
fn hung(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let (mut starts, mut changes) = (Vec::new(), Vec::new());
    for mood in [Mood::Well, Mood::HungInspects] {
        let engine = Hostile::start(CONTAINERS)?;
        engine.mood().set(mood);
        let server = Process::deckwatch(&setting.binary, &["--docker-host", &engine.url()])?;
        until_containers(server.address, CONTAINERS)?;
        starts.push(server.started.elapsed().as_secs_f64() * 1e3);
        // Time for the first inspect requests to be sent; in one case they stay unanswered.
        thread::sleep(Duration::from_millis(500));
        let asked = Instant::now();
        engine.die(1);
        until(SERVED * 4, || {
            let list = request(server.address, "GET /api/containers")?;
            Ok(list.matches("\"exited\"").count() == 1)
        })?;
        changes.push(asked.elapsed().as_secs_f64() * 1e3);
    }
    for (key, took) in [("start", starts), ("change", changes)] {
        let [well, hung] = took.as_slice() else {
            continue;
        };
        results.figure(&format!("hung:{key}_well_ms"), *well)?;
        results.figure(&format!("hung:{key}_ms"), *hung)?;
        results.figure(&format!("hung:{key}"), hung / well)?;
    }
    Ok(())
}

/// Progress of an attack, and the signal that ends it. Shared between the attackers and the measurement.
#[derive(Clone, Default)]
struct Progress {
    done: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Progress {
    fn grow(&self, n: usize) {
        self.done.fetch_add(n, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

/// Measures the healthy client before, during and after `attack`, which has reached its full strength once
/// its progress is `full`.
fn around(
    setting: &Setting,
    results: &mut Results,
    name: &str,
    server: &Process,
    full: usize,
    attack: impl FnOnce(&Progress) + Send + 'static,
) -> Result<(), Failure> {
    let window = setting.window(WINDOW);
    thread::sleep(Duration::from_millis(500));
    let mut figure = |key: &str, value| results.figure(&format!("{name}:{key}"), value);
    let before = healthy(server.address, window);
    let quiet = server.resident()?;
    let progress = Progress::default();
    let attackers: JoinHandle<()> = thread::spawn({
        let progress = progress.clone();
        move || attack(&progress)
    });
    let began = Instant::now();
    while progress.done.load(Ordering::Relaxed) < full && began.elapsed() < RISE {
        thread::sleep(PAUSE);
    }
    let done = progress.done.load(Ordering::Relaxed);
    let during = healthy(server.address, window);
    let most = server.resident()?;
    progress.stop.store(true, Ordering::Relaxed);
    attackers.join().map_err(|_| "the attackers failed")?;
    thread::sleep(Duration::from_secs(1));
    let after = healthy(server.address, window);
    figure("done", done as f64)?;
    for (when, healthy) in [("before", &before), ("during", &during), ("after", &after)] {
        figure(&format!("{when}_p50_ms"), healthy.p50)?;
        figure(&format!("{when}_p99_ms"), healthy.p99)?;
    }
    figure("p50", during.p50 / before.p50)?;
    figure("p99", during.p99 / before.p99)?;
    figure("p99_after", after.p99 / before.p99)?;
    figure("not_served", (during.not_served + after.not_served) as f64)?;
    figure("grown_mib", (most - quiet).max(0.0) / MIB)
}

/// Response times of the healthy client, in milliseconds, and the number of requests that failed.
struct Healthy {
    p50: f64,
    p99: f64,
    not_served: usize,
}

/// Requests the list of containers repeatedly for `window`, each time over a new connection.
fn healthy(server: SocketAddr, window: Duration) -> Healthy {
    let (mut took, mut not_served) = (Vec::new(), 0);
    let end = Instant::now() + window;
    while Instant::now() < end {
        let asked = Instant::now();
        let answer = request(server, "GET /api/containers");
        if !answer.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            not_served += 1;
        }
        took.push(asked.elapsed().as_secs_f64() * 1e3);
        thread::sleep(PAUSE);
    }
    Healthy {
        p50: percentile(&mut took, 50.0).unwrap_or(f64::MAX),
        p99: percentile(&mut took, 99.0).unwrap_or(f64::MAX),
        not_served,
    }
}

/// Sends one request over a new connection and returns the response.
fn request(server: SocketAddr, line: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect_timeout(&server, SERVED)?;
    stream.set_read_timeout(Some(SERVED))?;
    let rest = "Content-Length: 0\r\nConnection: close";
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: {server}\r\n{rest}\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn first_container(server: SocketAddr) -> Result<String, Failure> {
    let list = request(server, "GET /api/containers")?;
    let id = list
        .split("\"id\":\"")
        .nth(1)
        .and_then(|rest| rest.get(..64));
    Ok(id.ok_or("no container")?.to_owned())
}

fn until_containers(server: SocketAddr, n: usize) -> Result<(), Failure> {
    until(Duration::from_secs(60), || {
        let list = request(server, "GET /api/containers")?;
        Ok(list.matches("\"id\":\"").count() >= n)
    })
}

fn until(
    patience: Duration,
    mut is_so: impl FnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if is_so()? {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    Err("not within the time limit".into())
}

/// Opens connections and reopens those that the server closes, until the attack is stopped.
fn hold(server: SocketAddr, connections: usize, bytes: &[u8], progress: &Progress) {
    let mut held: Vec<Option<TcpStream>> = (0..connections).map(|_| None).collect();
    let mut is_first = true;
    while progress.goes_on() {
        let mut reopened = 0;
        for place in &mut held {
            if !progress.goes_on() {
                return;
            }
            if place.as_ref().is_some_and(is_open) {
                continue;
            }
            *place = attacker(server, bytes);
            reopened += 1;
            if is_first {
                progress.grow(1);
            } else if reopened % REOPENED.0 == 0 {
                thread::sleep(REOPENED.1);
            }
        }
        is_first = false;
        thread::sleep(REOPENED.1);
    }
}

/// Opens a connection from the attackers' address and sends as much of `bytes` as it accepts at once.
fn attacker(server: SocketAddr, bytes: &[u8]) -> Option<TcpStream> {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.bind(&SocketAddr::from((ATTACKER, 0)).into()).ok()?;
    let patience = Duration::from_millis(100);
    socket.connect_timeout(&server.into(), patience).ok()?;
    socket.set_nonblocking(true).ok()?;
    let mut stream = TcpStream::from(socket);
    let mut rest = bytes;
    for _ in 0..8 {
        match stream.write(rest) {
            Ok(written) => rest = rest.get(written..)?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(_) => return None,
        }
        if rest.is_empty() {
            break;
        }
    }
    Some(stream)
}

fn is_open(stream: &TcpStream) -> bool {
    let nothing_yet = |error: &std::io::Error| error.kind() == ErrorKind::WouldBlock;
    stream
        .peek(&mut [0])
        .is_err_and(|error| nothing_yet(&error))
}

/// Requests actions on unknown containers, each as soon as the previous one is answered.
fn ask_for_nothing(server: SocketAddr, progress: &Progress) {
    let mut stream: Option<TcpStream> = None;
    while progress.goes_on() {
        let Some(open) = stream.as_mut() else {
            stream = attacker(server, b"");
            if let Some(open) = &stream {
                let _ = open.set_nonblocking(false);
                let _ = open.set_read_timeout(Some(SERVED));
            }
            continue;
        };
        let id = format!("{:064x}", progress.done.load(Ordering::Relaxed));
        let line = format!("POST /api/containers/{id}/stop HTTP/1.1\r\nHost: {server}");
        let sent = write!(open, "{line}\r\nContent-Length: 0\r\n\r\n");
        let mut answer = [0; 4_096];
        match sent.and_then(|()| open.read(&mut answer)) {
            Ok(1..) => progress.grow(1),
            _ => stream = None,
        }
    }
}
