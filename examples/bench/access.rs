//! Costs of sign-in and rights: users who may see different things, a client that is signed in, other
//! people's sign-ins, and whether response times tell which containers exist.

use crate::{
    Failure, Setting,
    accounts::{self, User},
    api::Api,
    crowd::{Crowd, with_crowds},
    fan_out::INTERVAL_MS,
    process::{Process, cpu_during},
    results::{Results, percentile},
};
use deckwatch::{
    model::Update,
    protocol::{Channel, Snapshot},
};
use futures::future::try_join_all;
use std::{
    cell::Cell,
    convert::Infallible,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::time::{error::Elapsed, timeout};

const CONTAINERS: usize = 100;
/// Connections of each user: as many as the server allows.
const EACH: usize = 20;
/// Four sets of grants that allow the same, so that all messages have the same length; and one user with
/// each of them.
const AUDIENCES: [&[&str]; 4] = [
    &["viewer *"],
    &["viewer name:*"],
    &["viewer label:deckwatch.demo=true"],
    &["viewer name:*", "viewer label:deckwatch.demo=true"],
];
/// Users of each audience: together they have 1,040 connections.
const OF_EACH: usize = 13;
const ROUNDS: u32 = 5;
const WINDOW: Duration = Duration::from_secs(8);

/// Users that are connected before memory is measured, and those that are added.
const FIRST: usize = 13;
const ADDED: usize = 100;
/// Time for a server to become idle before its memory is read.
const REST: Duration = Duration::from_secs(8);

/// Sign-ins at the same time.
const SIGN_INS: usize = 50;
/// How often the measurements with and without sign-ins are repeated.
const REPEATED: u32 = 4;
/// Time after the beginning of the sign-ins until they no longer arrive at the same moments.
const RAMP: Duration = Duration::from_secs(2);
/// Duration of each measurement.
const MEASURED: Duration = Duration::from_secs(4);
/// Pause between two requests of the client that is measured meanwhile.
const PAUSE: Duration = Duration::from_millis(3);

/// Requests for each of the containers whose response times are compared.
const REQUESTS: usize = 5_000;

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    for _ in 0..setting.rounds(ROUNDS) {
        audiences(setting, results).await?;
    }
    idle(setting, results).await?;
    sign_ins(setting, results).await?;
    unknown(setting, results).await
}

async fn audiences(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let one = delivery(setting, [AUDIENCES[0]; 4]).await?;
    let four = delivery(setting, AUDIENCES).await?;
    results.figure("one_us", one.cpu)?;
    results.figure("four_us", four.cpu)?;
    results.figure("four/one", four.cpu / one.cpu)?;
    results.figure("four_bytes/one", four.bytes / one.bytes)?;
    results.figure("wrong", one.wrong + four.wrong)
}

/// Messages that were delivered to the users of four audiences.
struct Delivery {
    /// CPU time of the server per message, in microseconds.
    cpu: f64,
    /// Bytes of a message, including the frame header.
    bytes: f64,
    wrong: f64,
}

/// Delivers the figures of the containers to as many users with each of these grants.
async fn delivery(setting: &Setting, grants: [&[&str]; 4]) -> Result<Delivery, Failure> {
    let of_users: Vec<_> = grants
        .iter()
        .flat_map(|grants| [*grants; OF_EACH])
        .collect();
    let interval = format!("{INTERVAL_MS}ms");
    let options = ["--stats-interval", &interval];
    let (server, users) = accounts::demo(setting, CONTAINERS, &of_users, &options).await?;
    with_crowds(async {
        let mut crowds = Vec::new();
        // One crowd for each audience: all of its clients receive the same messages.
        for users in users.chunks(OF_EACH) {
            let mut crowd = Crowd::default();
            crowd
                .admit(server.address, users, EACH, &[Channel::STATS])
                .await?;
            crowd.settle().await;
            crowds.push(crowd);
        }
        crowds.iter().for_each(Crowd::reset);
        let cpu = cpu_during(&[server.id()], setting.window(WINDOW)).await;
        let (mut frames, mut bytes, mut wrong) = (0, 0, 0);
        for crowd in &mut crowds {
            let tally = crowd.tally();
            crowd.check()?;
            frames += tally.frames;
            bytes += tally.bytes;
            wrong += tally.wrong;
        }
        Ok(Delivery {
            cpu: cpu * 1e6 / frames as f64,
            bytes: bytes as f64 / frames as f64,
            wrong: wrong as f64,
        })
    })
    .await
}

/// Memory per client that is signed in and idle.
async fn idle(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let grants = vec![AUDIENCES[0]; FIRST + ADDED];
    let (server, users) = accounts::demo(setting, CONTAINERS, &grants, &[]).await?;
    let (first, added) = users.split_at(FIRST);
    with_crowds(async {
        let mut crowd = Crowd::default();
        crowd.admit(server.address, first, EACH, &[]).await?;
        tokio::time::sleep(setting.window(REST)).await;
        let before = server.resident()?;
        crowd.admit(server.address, added, EACH, &[]).await?;
        crowd.settle().await;
        tokio::time::sleep(setting.window(REST)).await;
        let each = (server.resident()? - before) / (ADDED * EACH) as f64 / 1024.0;
        crowd.check()?;
        results.figure("idle_kib", each)
    })
    .await
}

/// Response times of a client with and without sign-ins of others.
async fn sign_ins(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let grants = vec![AUDIENCES[0]; SIGN_INS + 1];
    let (server, users) = accounts::demo(setting, CONTAINERS, &grants, &[]).await?;
    let (client, others) = users.split_first().ok_or("no user")?;
    let others = others.iter().map(|user| {
        let api = Api::new(server.address, user.address)?;
        Ok::<_, Failure>((api, user.name.as_str()))
    });
    let others: Vec<_> = others.collect::<Result<_, _>>()?;
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    let window = setting.window(MEASURED);
    for _ in 0..setting.rounds(REPEATED) {
        let measured = Measured::begin(server.address, client);
        tokio::time::sleep(window).await;
        quiet.extend(measured.end()?);
        let done = Cell::new(0_u32);
        let mut sign_ins = pin!(try_join_all(
            others.iter().map(|(api, name)| again(api, name, &done))
        ));
        // They all begin at the same moment, which is not what is measured.
        unless_ended(timeout(RAMP, &mut sign_ins).await)?;
        done.set(0);
        let measured = Measured::begin(server.address, client);
        unless_ended(timeout(window, &mut sign_ins).await)?;
        busy.extend(measured.end()?);
        let each_second = f64::from(done.get()) / window.as_secs_f64();
        results.figure("sign_ins_a_second", each_second)?;
    }
    let of = |times: &mut Vec<f64>, percent| percentile(times, percent).ok_or("no response");
    for percent in [50.0, 99.0] {
        let (quiet, busy) = (of(&mut quiet, percent)?, of(&mut busy, percent)?);
        results.figure(&format!("quiet_p{percent}_ms"), quiet)?;
        results.figure(&format!("busy_p{percent}_ms"), busy)?;
        results.figure(&format!("busy/quiet_p{percent}"), busy / quiet)?;
    }
    Ok(())
}

/// Signs a user in again and again, and counts that in `done`.
async fn again(api: &Api, name: &str, done: &Cell<u32>) -> Result<Infallible, Failure> {
    loop {
        accounts::sign_in(api, name).await?;
        done.set(done.get() + 1);
    }
}

/// The error with which endless sign-ins ended before the time was over.
fn unless_ended<T>(ended: Result<Result<T, Failure>, Elapsed>) -> Result<(), Failure> {
    match ended {
        Ok(Err(error)) => Err(error),
        _ => Ok(()),
    }
}

/// A client that requests the list of containers repeatedly, each time over a new connection. On a thread of
/// its own, so that it does not wait for the other clients of this process.
struct Measured {
    goes_on: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<f64>, Failure>>,
}

impl Measured {
    fn begin(server: SocketAddr, user: &User) -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let (signal, user) = (Arc::clone(&goes_on), user.clone());
        let measure = move || {
            let mut times = Vec::new();
            while signal.load(Ordering::Relaxed) {
                times.push(response_time(server, &user)?);
                thread::sleep(PAUSE);
            }
            Ok(times)
        };
        Self {
            goes_on,
            thread: thread::spawn(measure),
        }
    }

    /// Ends it and returns its response times in milliseconds.
    fn end(self) -> Result<Vec<f64>, Failure> {
        self.goes_on.store(false, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the client failed")?
    }
}

/// Requests the list of containers over a new connection and returns the response time in milliseconds.
fn response_time(server: SocketAddr, user: &User) -> Result<f64, Failure> {
    let asked = Instant::now();
    let mut connection = TcpStream::connect(server)?;
    let request = get("/api/containers", server, user, "Connection: close\r\n");
    connection.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    match answer.starts_with(b"HTTP/1.1 200") {
        true => Ok(asked.elapsed().as_secs_f64() * 1e3),
        false => Err(String::from_utf8_lossy(&answer).into_owned().into()),
    }
}

/// The request of `user` for `path`.
fn get(path: &str, server: SocketAddr, user: &User, more: &str) -> String {
    let cookie = &user.cookie;
    format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nCookie: {cookie}\r\n{more}\r\n")
}

/// Response times for a container that exists but is not visible to the user, and for two that do not exist.
async fn unknown(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let grants: [&[&str]; 2] = [&["viewer *"], &["viewer project:nothing"]];
    let (server, users) = accounts::demo(setting, CONTAINERS, &grants, &[]).await?;
    let [all, none] = users.as_slice() else {
        return Err("no users".into());
    };
    let id = first_container(&server, all).await?;
    let ids = [id, "1".repeat(64), "2".repeat(64)];
    let mut connection = TcpStream::connect(server.address)?;
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..REQUESTS {
        for (id, times) in ids.iter().zip(&mut times) {
            times.push(not_found(&mut connection, server.address, none, id)?);
        }
    }
    for percent in [50.0, 90.0] {
        let [hidden, one, other] = times
            .each_mut()
            .map(|times| percentile(times, percent).unwrap_or(f64::MAX));
        results.figure(&format!("hidden_p{percent}_us"), hidden)?;
        results.figure(&format!("hidden/unknown_p{percent}"), hidden / one)?;
        results.figure(&format!("unknown/unknown_p{percent}"), other / one)?;
    }
    Ok(())
}

async fn first_container(server: &Process, user: &User) -> Result<String, Failure> {
    let api = Api::new(server.address, user.address)?;
    let list = api.get("/api/containers", &user.cookie).await?;
    let list: Snapshot = list.json().await?;
    let mut containers = list.messages.iter().filter_map(|message| {
        let Some(Update::Containers { data, .. }) = message.update() else {
            return None;
        };
        data.first()
    });
    Ok(containers.next().ok_or("no container")?.id.to_string())
}

/// Requests a container that is not found, and returns the response time in microseconds.
fn not_found(
    connection: &mut TcpStream,
    server: SocketAddr,
    user: &User,
    id: &str,
) -> Result<f64, Failure> {
    let request = get(&format!("/api/containers/{id}"), server, user, "");
    // The response is short enough to arrive in one piece.
    let mut answer = [0; 4_096];
    let asked = Instant::now();
    connection.write_all(request.as_bytes())?;
    let length = connection.read(&mut answer)?;
    let took = asked.elapsed().as_secs_f64() * 1e6;
    match answer.get(..length) {
        Some(answer) if answer.starts_with(b"HTTP/1.1 404") => Ok(took),
        other => Err(format!("unexpected: {:?}", other.map(String::from_utf8_lossy)).into()),
    }
}
