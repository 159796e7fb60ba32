//! Changes of the table in a browser, compared with the same table changed by hand-written JavaScript.

use crate::{
    Failure, Setting,
    latency::browser,
    memory::page,
    process::{Process, cpu_during},
    results::Results,
    rows::Rows,
};
use deckwatch::server::{self, Config, config::Docker, source::docker::Address};
use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const CONTAINERS: usize = 1_000;
/// Rows that change at a tick, four cells each.
pub(crate) const CHANGED_ROWS: usize = 100;
/// Time between two ticks.
const TICK: Duration = Duration::from_millis(200);
/// Number of requests per round for the HTML of the table.
const PAGES: u32 = 40;
const ROUNDS: u32 = 3;

pub(crate) async fn measure(setting: &Setting, results: &mut Results) -> Result<(), Failure> {
    let quiet = ["--stats-interval", "60s", "--metrics-interval", "5s"];
    let server = Process::demo(&setting.binary, CONTAINERS, &quiet)?;
    for _ in 0..setting.rounds(ROUNDS) {
        first_html(&server, results).await?;
    }
    let url = format!("http://{}", server.address);
    let rounds = setting.rounds(ROUNDS).to_string();
    browser(setting, &["hydrate", &url, &rounds], results).await?;
    drop(server);

    let mut command = Command::new(std::env::current_exe()?);
    command.arg("table-server");
    let server = Process::start(command)?;
    let url = format!("http://{}", server.address);
    let beside = server.beside.ok_or("no second address")?;
    let beside = format!("ws://{beside}");
    let package = setting.binary.with_file_name("pkg").display().to_string();
    let seconds = setting.window(Duration::from_secs(6)).as_secs().to_string();
    browser(
        setting,
        &["table", &url, &beside, &package, &rounds, &seconds],
        results,
    )
    .await?;
    Ok(())
}

async fn first_html(server: &Process, results: &mut Results) -> Result<(), Failure> {
    page(server, "/containers").await?;
    let pages = async {
        let mut bytes = 0;
        for _ in 0..PAGES {
            bytes = page(server, "/containers").await?;
        }
        Ok::<_, Failure>(bytes)
    };
    let own = [server.id()];
    let mut cpu = crate::process::Cpu::default();
    let before = cpu.read(&own);
    let bytes = pages.await?;
    let spent = cpu.read(&own) - before;
    let idle = cpu_during(&own, Duration::from_secs(1)).await;
    results.figure("idle_ms_per_s", idle * 1e3)?;
    results.figure("html_ms", spent * 1e3 / f64::from(PAGES))?;
    results.figure("html_kib", bytes as f64 / 1024.0)
}

/// A real server whose state is generated here, so that it is known which cells change. A second
/// socket sends the same changes, formatted as text, to a page that only writes them into its cells.
#[derive(clap::Args)]
pub(crate) struct TableServer {}

impl TableServer {
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let config = Config {
            site_addr: (Ipv4Addr::LOCALHOST, 0).into(),
            docker: Docker {
                host: Some(Address::Unix("/nonexistent/docker.sock".into())),
                ..Docker::default()
            },
            ..Config::default()
        };
        let running = server::start(config).await?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let beside = listener.local_addr()?;
        let mut rows = Rows::new(CONTAINERS)?;
        let clients = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&clients);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(client) = greet(client) {
                    all.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(client);
                }
            }
        });
        running.hub.publish(rows.first());
        eprintln!("http://{} {beside}", running.addr);
        loop {
            tokio::time::sleep(TICK).await;
            let (updates, text) = rows.tick(CHANGED_ROWS);
            running.hub.publish(updates);
            let frame = text_frame(&text);
            let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
            clients.retain_mut(|client: &mut TcpStream| client.write_all(&frame).is_ok());
        }
    }
}

/// Reads the request and accepts the upgrade as RFC 6455 requires, which browsers check.
fn greet(mut client: TcpStream) -> Result<TcpStream, Failure> {
    let mut key = None;
    for line in BufReader::new(client.try_clone()?).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("sec-websocket-key")
        {
            key = Some(value.to_owned());
        }
    }
    let accept = derive_accept_key(key.ok_or("no key")?.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    client.write_all(answer.as_bytes())?;
    Ok(client)
}

fn text_frame(text: &str) -> Vec<u8> {
    // Browsers reject a length that is not in its shortest form.
    let mut frame = vec![0x81];
    if let Ok(length) = u16::try_from(text.len()) {
        frame.push(126);
        frame.extend_from_slice(&length.to_be_bytes());
    } else {
        frame.push(127);
        frame.extend_from_slice(&(text.len() as u64).to_be_bytes());
    }
    frame.extend_from_slice(text.as_bytes());
    frame
}
