//! CPU time of delivering every tick to every client, compared with bare `send` calls and npm's `ws`.

use crate::{
    Failure, Setting,
    crowd::{Crowd, Sender, with_crowds},
    process::{Process, cpu_during},
    results::Results,
};
use deckwatch::protocol::Channel;
use std::{process::Command, time::Duration};

/// Synthetic containers.
const CONTAINERS: usize = 100;
/// Time between two ticks, in milliseconds: the shortest that can be set, for many ticks in a short run.
pub(crate) const INTERVAL_MS: u64 = 500;
/// Numbers of clients, each with its number of rounds.
const CROWDS: [(usize, u32); 2] = [(1_000, 3), (5_000, 2)];
const WINDOW: Duration = Duration::from_secs(8);

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let (payload, anyway) = alone(setting).await?;
    results.figure("frame_bytes", payload as f64)?;
    results.figure("anyway_ms", anyway * 1e3)?;
    for (clients, rounds) in CROWDS {
        for _ in 0..setting.rounds(rounds) {
            let ours = one(setting, clients, Contender::Deckwatch).await?;
            let send = one(setting, clients, Contender::Send(payload)).await?;
            let mut figure = |key: &str, value| results.figure(&format!("{key}:{clients}"), value);
            figure("ours", ours.cpu)?;
            let each = ours.cpu - anyway * 1e6 / ours.frames_a_second;
            figure("each", each)?;
            figure("each/send", each / send.cpu)?;
            figure("send", send.cpu)?;
            figure("ours/send", ours.cpu / send.cpu)?;
            figure("last_client", ours.last_client)?;
            figure("send_last_client", send.last_client)?;
            figure("last_client/send", ours.last_client / send.last_client)?;
            figure("delay_p50", ours.delay_p50)?;
            figure("delay_p99", ours.delay_p99)?;
            figure("wrong", ours.wrong)?;
            if setting.end2end.join("node_modules/ws").exists() {
                let peer = one(setting, clients, Contender::Ws(payload)).await?;
                figure("ws", peer.cpu)?;
                figure("ours/ws", ours.cpu / peer.cpu)?;
            }
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Contender {
    Deckwatch,
    /// A loop of `send`, with the payload of a message in bytes.
    Send(usize),
    /// npm's `ws`, with the payload of a message in bytes.
    Ws(usize),
}

impl Contender {
    fn start(self, setting: &Setting) -> Result<Process, Failure> {
        let interval = INTERVAL_MS.to_string();
        match self {
            Self::Deckwatch => demo(setting, CONTAINERS),
            Self::Send(payload) => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["send-server", &interval, &payload.to_string()]);
                Process::start(command)
            }
            Self::Ws(payload) => {
                let mut command = Command::new("node");
                command.current_dir(&setting.end2end);
                command.args(["bench/ws_server.mjs", &interval, &payload.to_string()]);
                Process::start(command)
            }
        }
    }

    fn sender(self) -> Sender {
        match self {
            Self::Deckwatch => Sender::Deckwatch,
            Self::Send(_) | Self::Ws(_) => Sender::Plain,
        }
    }
}

/// Starts Deckwatch with synthetic containers and the shortest time between two ticks.
pub(crate) fn demo(setting: &Setting, containers: usize) -> Result<Process, Failure> {
    let interval = format!("{INTERVAL_MS}ms");
    Process::demo(
        &setting.binary,
        containers,
        &["--stats-interval", &interval],
    )
}

struct Outcome {
    /// CPU time of the server per delivered frame, in microseconds.
    cpu: f64,
    frames_a_second: f64,
    /// Time from the first to the last client that received a message, p99, in microseconds.
    last_client: f64,
    delay_p50: f64,
    delay_p99: f64,
    wrong: f64,
}

async fn one(setting: &Setting, clients: usize, contender: Contender) -> Result<Outcome, Failure> {
    let server = contender.start(setting)?;
    with_crowds(async {
        let follow: &[_] = match contender {
            Contender::Deckwatch => &[Channel::STATS],
            _ => &[],
        };
        let crowd = Crowd::gather(server.address, clients, contender.sender(), follow);
        let mut crowd = crowd.await?;
        crowd.settle().await;
        crowd.reset();
        let window = setting.window(WINDOW);
        let cpu = cpu_during(&[server.id()], window).await;
        let mut tally = crowd.tally();
        crowd.check()?;
        Ok(Outcome {
            cpu: cpu * 1e6 / tally.frames as f64,
            frames_a_second: tally.frames as f64 / window.as_secs_f64(),
            last_client: tally.last_client(),
            delay_p50: tally.delay(50.0),
            delay_p99: tally.delay(99.0),
            wrong: tally.wrong as f64,
        })
    })
    .await
}

/// Measures a single client: the payload of a tick in bytes, which the `send` loop and npm's `ws` send
/// as well, and the CPU time that the server uses even then, in seconds per second.
async fn alone(setting: &Setting) -> Result<(usize, f64), Failure> {
    let server = demo(setting, CONTAINERS)?;
    let window = setting.window(WINDOW);
    let (tally, cpu) = with_crowds(async {
        let crowd = Crowd::gather(server.address, 1, Sender::Deckwatch, &[Channel::STATS]).await?;
        crowd.settle().await;
        crowd.reset();
        let cpu = cpu_during(&[server.id()], window).await;
        Ok((crowd.tally(), cpu))
    })
    .await?;
    let frame = tally
        .bytes
        .checked_div(tally.frames)
        .ok_or("no frame came")?;
    // Without the header of the frame, which has four bytes.
    let payload = usize::try_from(frame)?.saturating_sub(4);
    Ok((payload, cpu / window.as_secs_f64()))
}
