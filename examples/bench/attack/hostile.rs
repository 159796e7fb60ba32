//! A small HTTP server in place of a Docker engine, which can behave like a hostile or broken one.

use crate::Failure;
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// How the engine behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// All requests are answered correctly.
    Well,
    /// Responses to requests about containers are JSON strings that never end.
    Endless,
    /// Inspect requests are never answered.
    HungInspects,
}

/// Handle that changes the behaviour of a running engine.
#[derive(Clone, Debug, Default)]
pub(super) struct MoodSwitch(Arc<AtomicU8>);

impl MoodSwitch {
    pub(super) fn set(&self, mood: Mood) {
        self.0.store(mood as u8, Ordering::Relaxed);
    }

    fn is(&self, mood: Mood) -> bool {
        self.0.load(Ordering::Relaxed) == mood as u8
    }
}

/// An engine with running containers, which is stopped when this is dropped.
#[derive(Debug)]
pub(super) struct Hostile {
    address: SocketAddr,
    shared: Shared,
}

#[derive(Clone, Debug)]
struct Shared {
    containers: usize,
    mood: MoodSwitch,
    /// The number of the container that has died; 0 for none.
    dead: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl Hostile {
    pub(super) fn start(containers: usize) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Shared {
            containers,
            mood: MoodSwitch::default(),
            dead: Arc::default(),
            over: Arc::default(),
        };
        let engine = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if engine.over.load(Ordering::Relaxed) {
                    return;
                }
                let engine = engine.clone();
                thread::spawn(move || engine.serve(&stream));
            }
        });
        Ok(Self { address, shared })
    }

    /// The address in the form of `DOCKER_HOST`.
    pub(super) fn url(&self) -> String {
        format!("tcp://{}", self.address)
    }

    pub(super) fn mood(&self) -> MoodSwitch {
        self.shared.mood.clone()
    }

    /// Marks container number `n` as exited and sends the event `die`.
    pub(super) fn die(&self, n: usize) {
        self.shared.dead.store(n, Ordering::Relaxed);
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // The listener checks `over` when it accepts a connection: this one ends it.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream).lines();
        loop {
            let request = lines.next()?.ok()?;
            while !lines.next()?.ok()?.is_empty() {}
            let path = request.split(' ').nth(1)?;
            let path = path.split('?').next()?;
            let path = match path.strip_prefix("/v1.") {
                Some(rest) => rest.get(rest.find('/')?..)?,
                None => path,
            };
            self.answer(path, stream)?;
        }
    }

    fn answer(&self, path: &str, stream: &TcpStream) -> Option<()> {
        let parts: Vec<_> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["_ping"] => send(stream, "OK"),
            ["version"] => send(
                stream,
                r#"{"Version":"27.3.1","ApiVersion":"1.47","MinAPIVersion":"1.24","Os":"linux","Arch":"amd64"}"#,
            ),
            ["info"] => send(
                stream,
                r#"{"ID":"x","Name":"x","NCPU":2,"MemTotal":8589934592}"#,
            ),
            ["events"] => self.events(stream),
            ["containers", ..] if self.mood.is(Mood::Endless) => self.endless(stream),
            ["containers", "json"] => {
                let list: Vec<_> = (1..=self.containers).map(|n| self.entry(n)).collect();
                send(stream, &format!("[{}]", list.join(",")))
            }
            ["containers", _, "json"] if self.mood.is(Mood::HungInspects) => {
                self.wait_while(|| true);
                None
            }
            ["containers", id, "json"] => {
                let n = usize::from_str_radix(id, 16).ok()?;
                let running = self.dead.load(Ordering::Relaxed) != n;
                let state = if running { "running" } else { "exited" };
                send(
                    stream,
                    &format!(
                        r#"{{"Id":"{id}","Created":"2025-01-01T00:00:00Z","Name":"/c{n}","RestartCount":0,"State":{{"Status":"{state}","Running":{running},"Pid":0,"ExitCode":0,"StartedAt":"2025-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z"}},"Config":{{"Image":"x","Env":[],"Labels":{{}}}},"HostConfig":{{}}}}"#
                    ),
                )
            }
            _ => send(stream, "{}"),
        }
    }

    fn entry(&self, n: usize) -> String {
        let is_dead = self.dead.load(Ordering::Relaxed) == n;
        let (state, status) = if is_dead {
            ("exited", "Exited (0) 1 second ago")
        } else {
            ("running", "Up 1 hour")
        };
        format!(
            r#"{{"Id":"{n:064x}","Names":["/c{n}"],"Image":"x","ImageID":"sha256:{n:064x}","Command":"x","Created":1735689600,"Ports":[],"Labels":{{}},"State":"{state}","Status":"{status}"}}"#
        )
    }

    /// Serves the event stream, which contains one event when a container exits.
    fn events(&self, mut stream: &TcpStream) -> Option<()> {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).ok()?;
        let before = self.dead.load(Ordering::Relaxed);
        self.wait_while(|| self.dead.load(Ordering::Relaxed) == before);
        let n = self.dead.load(Ordering::Relaxed);
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).ok()?;
        let event = format!(
            "{{\"Type\":\"container\",\"Action\":\"die\",\"Actor\":{{\"ID\":\"{n:064x}\",\"Attributes\":{{\"name\":\"c{n}\",\"exitCode\":\"0\"}}}},\"scope\":\"local\",\"time\":{},\"timeNano\":{}}}\n",
            now.as_secs(),
            now.as_nanos()
        );
        stream
            .write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())
            .ok()?;
        self.wait_while(|| true);
        None
    }

    /// Responds with a JSON string that does not end while the engine is in this mood.
    fn endless(&self, mut stream: &TcpStream) -> Option<()> {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[\"\r\n";
        stream.write_all(head.as_bytes()).ok()?;
        let piece = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
        while self.mood.is(Mood::Endless) && !self.over.load(Ordering::Relaxed) {
            stream.write_all(piece.as_bytes()).ok()?;
        }
        None
    }

    fn wait_while(&self, is_so: impl Fn() -> bool) {
        while is_so() && !self.over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn send(mut stream: &TcpStream, body: &str) -> Option<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nApi-Version: 1.47\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).ok()
}
