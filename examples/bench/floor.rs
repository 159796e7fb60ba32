//! Lower bounds: a server that only sends frames, and a loop that only reads files. The costs of
//! Deckwatch are given as multiples of these.

use crate::Failure;
use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Sends numbered frames to all connected clients: one `send` per client and frame, in sequence.
#[derive(clap::Args)]
pub(crate) struct SendServer {
    /// Time between two frames, in milliseconds.
    interval: u64,
    /// Payload of a message, in bytes; at least the eight bytes of its number.
    payload: usize,
}

impl SendServer {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        eprintln!("http://{}", listener.local_addr()?);
        let clients = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&clients);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(client) = greet(client) {
                    all.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(client);
                }
            }
        });
        let mut due = Instant::now();
        for seq in 0_u64.. {
            due += Duration::from_millis(self.interval);
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let frame = self.frame(seq)?;
            let mut clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
            clients.retain_mut(|client| client.write_all(&frame).is_ok());
        }
        Ok(())
    }

    fn frame(&self, seq: u64) -> Result<Vec<u8>, Failure> {
        let payload = self.payload.max(size_of_val(&seq));
        let mut frame = vec![0x82];
        match u8::try_from(payload) {
            Ok(short) if short < 126 => frame.push(short),
            _ => {
                frame.push(126);
                frame.extend_from_slice(&u16::try_from(payload)?.to_be_bytes());
            }
        }
        let head = frame.len();
        frame.extend_from_slice(&seq.to_be_bytes());
        frame.resize(head + payload, b'x');
        Ok(frame)
    }
}

/// Reads the request and accepts the upgrade to WebSocket. There is no `Sec-WebSocket-Accept`: the
/// benchmark's client does not check it.
fn greet(mut client: TcpStream) -> std::io::Result<TcpStream> {
    client.set_nodelay(true)?;
    let mut lines = BufReader::new(client.try_clone()?).lines();
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    client.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    )?;
    Ok(client)
}

/// Opens files once, reads all of them from the beginning in each pass, and prints the CPU time.
#[derive(clap::Args)]
pub(crate) struct ReadLoop {
    /// Number of passes over all files.
    times: u32,
    /// Files to read.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl ReadLoop {
    /// Prints the CPU time of one pass over all files, in nanoseconds.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let files: Vec<File> = self
            .files
            .iter()
            .map(File::open)
            .collect::<Result<_, _>>()?;
        let mut buffer = vec![0; 16 * 1024];
        let mut cpu = crate::process::Cpu::default();
        let own = [std::process::id()];
        let before = cpu.read(&own);
        for _ in 0..self.times {
            for file in &files {
                file.read_at(&mut buffer, 0)?;
            }
            // A pause as between two samples: what is evicted from the caches meanwhile is part of the cost.
            thread::sleep(Duration::from_millis(50));
        }
        let spent = (cpu.read(&own) - before) / f64::from(self.times);
        println!("{}", spent * 1e9);
        Ok(())
    }
}
