//! A real Docker engine that `scripts/engine` started for the benchmark: its containers, its API and
//! its processes.

use crate::{Failure, process::Process};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy},
    net::{UnixListener, UnixStream},
    process::Command,
};

/// Prefix of the names of all containers that the benchmark creates.
const NAME: &str = "bench-";
/// The image that `scripts/engine` builds.
const IMAGE: &str = "deckwatch-test:latest";

/// An engine whose socket and data are in `folder`.
#[derive(Debug)]
pub(crate) struct Engine {
    folder: PathBuf,
}

impl Engine {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Ids of the processes whose command lines contain the folder: dockerd, containerd and its shims.
    pub(crate) fn daemons(&self) -> Result<Vec<u32>, Failure> {
        let folder = self.folder.display().to_string();
        let marks = [format!("{folder}/data"), format!("{folder}/exec/")];
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let Ok(id) = entry.file_name().to_string_lossy().parse() else {
                continue;
            };
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command);
            if marks.iter().any(|mark| command.contains(mark)) {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// A `docker` command that is connected to this engine.
    pub(crate) fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command
            .args(["-H", &self.url()])
            .args(arguments)
            .kill_on_drop(true);
        command
    }

    /// Starts `n` containers that do nothing but sleep.
    pub(crate) async fn run(&self, n: usize) -> Result<(), Failure> {
        for at in 0..n {
            let name = format!("{NAME}{at}");
            let run = ["run", "-d", "--name", &name, IMAGE, "sleep", "100000"];
            let output = self.docker(&run).output().await?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
            }
        }
        Ok(())
    }

    /// Removes all containers of the benchmark, running or not.
    pub(crate) async fn clear(&self) -> Result<(), Failure> {
        let filter = format!("name={NAME}");
        let listed = self
            .docker(&["ps", "-aq", "--filter", &filter])
            .output()
            .await?;
        let ids = String::from_utf8_lossy(&listed.stdout).into_owned();
        let ids: Vec<_> = ids.split_whitespace().collect();
        if !ids.is_empty() {
            self.docker(&[&["rm", "-f"], &ids[..]].concat())
                .output()
                .await?;
        }
        Ok(())
    }

    /// Starts Deckwatch connected to this engine, with `more` arguments.
    pub(crate) fn watched(&self, binary: &Path, more: &[&str]) -> Result<Process, Failure> {
        let url = self.url();
        Process::deckwatch(binary, &[&["--docker-host", &url][..], more].concat())
    }

    /// Sends a POST request to the engine's API and waits for the response; an error unless it succeeds.
    pub(crate) async fn post(&self, path: &str) -> Result<(), Failure> {
        let mut stream = UnixStream::connect(self.socket()).await?;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        if !answer.starts_with(b"HTTP/1.1 2") {
            return Err(String::from_utf8_lossy(&answer).into_owned().into());
        }
        Ok(())
    }

    /// Reads a streaming response until it ends, and calls `heard` with each line and its arrival time.
    pub(crate) async fn follow(
        &self,
        path: &str,
        mut heard: impl FnMut(Instant, &str),
    ) -> Result<(), Failure> {
        let stream = UnixStream::connect(self.socket()).await?;
        let mut stream = BufReader::with_capacity(64 * 1024, stream);
        let request = format!("GET {path} HTTP/1.1\r\nHost: docker\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).await?;
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).await? > 0 {
            heard(Instant::now(), &String::from_utf8_lossy(&line));
            line.clear();
        }
        Ok(())
    }
}

/// A proxy between Deckwatch and the engine that counts requests for the stats of containers.
pub(crate) async fn count_stats_calls(
    listener: UnixListener,
    engine: PathBuf,
    calls: Arc<AtomicU64>,
) -> Result<(), Failure> {
    loop {
        let (client, _) = listener.accept().await?;
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_engine, mut to_engine) = UnixStream::connect(&engine).await?.into_split();
        tokio::spawn(async move { copy(&mut from_engine, &mut to_client).await });
        let calls = Arc::clone(&calls);
        tokio::spawn(async move {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(n) = from_client.read(&mut buffer).await {
                let Some(bytes) = buffer.get(..n).filter(|bytes| !bytes.is_empty()) else {
                    return;
                };
                let asked = String::from_utf8_lossy(bytes).matches("/stats").count();
                calls.fetch_add(asked as u64, Ordering::Relaxed);
                if to_engine.write_all(bytes).await.is_err() {
                    return;
                }
            }
        });
    }
}
