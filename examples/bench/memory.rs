//! Memory per client, memory of the server without clients, and the time from the start of the process
//! to the first page.

use crate::{
    Failure, Setting,
    crowd::{Crowd, Sender, with_crowds},
    fan_out::{INTERVAL_MS, demo},
    process::Process,
    results::Results,
};
use deckwatch::protocol::Channel;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const CONTAINERS: usize = 100;
const CLIENTS: usize = 2_000;
/// Clients that are connected before the measurement: memory that only the first clients cause is not
/// a cost per client.
const FIRST: usize = 250;
/// Number of ticks after which a busy client is measured.
const TICKS: u64 = 100;
/// Connections of the churn: in total, and at the same time.
const CHURN: (usize, usize) = (6_000, 500);
/// Time for a server to become idle before its memory is read.
const REST: Duration = Duration::from_secs(8);
const STARTS: u32 = 10;
/// The end of a complete page.
const END: &[u8] = b"</html>";

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    for _ in 0..setting.rounds(STARTS) {
        results.figure("start_ms", first_page(setting).await? * 1e3)?;
    }
    let server = Process::demo(&setting.binary, CONTAINERS, &[])?;
    tokio::time::sleep(setting.window(REST)).await;
    results.figure("server_mib", server.resident()? / f64::from(1 << 20))?;
    drop(server);
    clients(setting, results).await?;
    churn(setting, results).await
}

/// Time from the start of the process until the first page is loaded, in seconds.
async fn first_page(setting: &Setting) -> Result<f64, Failure> {
    let server = Process::demo(&setting.binary, CONTAINERS, &[])?;
    page(&server, "/").await?;
    Ok(server.started.elapsed().as_secs_f64())
}

/// Loads a page completely and returns the length of the response, in bytes.
pub(crate) async fn page(server: &Process, path: &str) -> Result<usize, Failure> {
    let mut stream = TcpStream::connect(server.address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    if !answer.starts_with(b"HTTP/1.1 200") || !answer.windows(END.len()).any(|part| part == END) {
        return Err(format!("{path} did not return a complete page").into());
    }
    Ok(answer.len())
}

async fn clients(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let (idle, wrong) = client(setting, &[], setting.window(REST)).await?;
    results.figure("idle_kib", idle)?;
    results.figure("idle_wrong", wrong)?;
    let ticks = setting.window(Duration::from_millis(INTERVAL_MS * TICKS));
    let follow = [Channel::CONTAINERS, Channel::STATS];
    let (busy, wrong) = client(setting, &follow, ticks).await?;
    results.figure("busy_kib", busy)?;
    results.figure("busy_wrong", wrong)
}

/// Memory per additional client after `window`, in KiB, and the number of wrong messages.
async fn client(
    setting: &Setting,
    follow: &[Channel],
    window: Duration,
) -> Result<(f64, f64), Failure> {
    let server = demo(setting, CONTAINERS)?;
    with_crowds(async {
        let deckwatch = Sender::Deckwatch;
        let mut crowd = Crowd::gather(server.address, FIRST, deckwatch, follow).await?;
        tokio::time::sleep(setting.window(REST)).await;
        let before = server.resident()?;
        crowd
            .grow(server.address, CLIENTS, deckwatch, follow)
            .await?;
        crowd.settle().await;
        tokio::time::sleep(window).await;
        let each = (server.resident()? - before) / CLIENTS as f64 / 1024.0;
        crowd.check()?;
        Ok((each, crowd.tally().wrong as f64))
    })
    .await
}

/// Memory that remains allocated after many clients have connected and disconnected.
async fn churn(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let (all, at_once) = CHURN;
    let server = demo(setting, CONTAINERS)?;
    let come_and_go = async |n: usize| {
        with_crowds(async {
            let follow = [Channel::CONTAINERS, Channel::STATS];
            let crowd = Crowd::gather(server.address, n, Sender::Deckwatch, &follow).await?;
            crowd.settle().await;
            Ok(())
        })
        .await
    };
    // The first clients cause allocations that stay: threads, buffers of the allocator.
    come_and_go(at_once).await?;
    tokio::time::sleep(setting.window(REST)).await;
    let before = server.resident()?;
    for _ in 0..all / at_once {
        come_and_go(at_once).await?;
    }
    tokio::time::sleep(setting.window(REST)).await;
    results.figure(
        "churn_mib",
        (server.resident()? - before) / f64::from(1 << 20),
    )
}
