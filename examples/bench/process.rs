//! Processes that are measured: starting them, and reading their CPU time and memory from `/proc`.

use crate::{
    Failure,
    child::{resident, without_settings},
};
use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Time limit for the start of a process.
const START: Duration = Duration::from_secs(20);
/// The text that precedes the address in the output of every server.
const AT: &str = "http://";
/// The address of no engine.
pub(crate) const NOWHERE: &str = "unix:///nonexistent/docker.sock";

/// A server in a process of its own, which is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    /// A second address, if the server prints one: that of the table without Deckwatch.
    pub(crate) beside: Option<SocketAddr>,
    /// When the process was started.
    pub(crate) started: Instant,
    child: Child,
    /// The folder of its database, removed when this is dropped.
    data: Option<tempfile::TempDir>,
}

impl Process {
    /// Starts Deckwatch with this many synthetic containers and without an engine.
    pub(crate) fn demo(binary: &Path, containers: usize, more: &[&str]) -> Result<Self, Failure> {
        let demo = containers.to_string();
        let demo = ["--demo", &demo, "--docker-host", NOWHERE];
        Self::deckwatch(binary, &[&demo[..], more].concat())
    }

    /// Starts Deckwatch with these arguments.
    pub(crate) fn deckwatch(binary: &Path, arguments: &[&str]) -> Result<Self, Failure> {
        Self::with_data(binary, tempfile::tempdir()?, arguments)
    }

    /// Starts Deckwatch with the database in `data` and these arguments. Environment variables that could
    /// configure it are removed.
    pub(crate) fn with_data(
        binary: &Path,
        data: tempfile::TempDir,
        arguments: &[&str],
    ) -> Result<Self, Failure> {
        let mut command = Command::new(binary);
        command
            .current_dir(std::env::temp_dir())
            .args(["--site-addr", "127.0.0.1:0", "--max-clients", "50000"])
            .arg("--data-dir")
            .arg(data.path())
            .args(arguments);
        without_settings(&mut command);
        let mut process = Self::start(command)?;
        process.data = Some(data);
        Ok(process)
    }

    /// Starts a command and waits until it prints `http://ADDRESS` to standard error.
    pub(crate) fn start(mut command: Command) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let stderr = child.stderr.take().ok_or("no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let (address, beside) = loop {
            let line = match lines.next() {
                Some(line) if started.elapsed() < START => line?,
                _ => return Err(format!("{command:?} did not start").into()),
            };
            // The link to the setup is no address only.
            let (_, rest) = line.split_once(AT).unwrap_or_default();
            let mut words = rest.split_whitespace();
            if let Some(Ok(address)) = words.next().map(str::parse) {
                break (address, words.next().map(str::parse).transpose()?);
            }
        };
        // The rest of the output is read and discarded: a full pipe would block the process.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            address,
            beside,
            started,
            child,
            data: None,
        })
    }

    /// Ends Deckwatch; returns the folder of its database.
    pub(crate) fn stop(mut self) -> Option<tempfile::TempDir> {
        self.data.take()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<f64, Failure> {
        resident(self.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time of processes in nanoseconds, from `schedstat`: `/proc/PID/stat` has a resolution of a
/// hundredth of a second only.
///
/// A thread that has ended counts with the CPU time that was last read.
#[derive(Debug, Default)]
pub(crate) struct Cpu {
    threads: HashMap<(u32, String), u64>,
}

impl Cpu {
    /// Reads the CPU time of `ids` and returns that of all threads seen so far, in seconds.
    pub(crate) fn read(&mut self, ids: &[u32]) -> f64 {
        for id in ids {
            let Ok(tasks) = fs::read_dir(format!("/proc/{id}/task")) else {
                continue;
            };
            for task in tasks.flatten() {
                let Ok(text) = fs::read_to_string(task.path().join("schedstat")) else {
                    continue;
                };
                let ran = text.split(' ').next().and_then(|ran| ran.parse().ok());
                let thread = task.file_name().to_string_lossy().into_owned();
                self.threads.insert((*id, thread), ran.unwrap_or_default());
            }
        }
        self.threads.values().sum::<u64>() as f64 / 1e9
    }
}

/// CPU time of `ids` during `window`, in seconds.
pub(crate) async fn cpu_during(ids: &[u32], window: Duration) -> f64 {
    let mut cpu = Cpu::default();
    let before = cpu.read(ids);
    let end = tokio::time::Instant::now() + window;
    // Reading every second limits what is lost when a thread ends.
    while tokio::time::Instant::now() < end {
        let next = tokio::time::Instant::now() + Duration::from_secs(1);
        tokio::time::sleep_until(next.min(end)).await;
        cpu.read(ids);
    }
    cpu.read(ids) - before
}
