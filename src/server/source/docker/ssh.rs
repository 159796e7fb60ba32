//! The tunnel to an engine on a machine that is reached through SSH: one `ssh` process per engine, which
//! forwards a local socket to the engine's.
//!
//! Every connection is a channel of that process, without a handshake of its own. Keys, known hosts and
//! configuration are the user's; `ssh` never prompts.

use super::address::SshAddress;
use std::{
    io::{self, ErrorKind},
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::UnixStream,
    process::{Child, Command},
    time::{Instant, sleep},
};

/// Timeout for connecting, authenticating and forwarding together.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);
/// Interval at which the forwarded socket is checked for.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Most bytes that are kept of an error line of `ssh`.
const MAX_LINE: usize = 400;

/// An `ssh` process that forwards a socket. It is killed when this is dropped.
pub(super) struct Tunnel {
    address: SshAddress,
    process: tokio::sync::Mutex<Option<Process>>,
}

struct Process {
    child: Child,
    /// Contains the forwarded socket; only this user can access it.
    folder: TempDir,
    last_line: LastLine,
}

/// The last line that `ssh` wrote to standard error: the reason when it fails.
#[derive(Clone, Default)]
struct LastLine(Arc<Mutex<String>>);

impl Tunnel {
    /// A tunnel to the engine at `address`; nothing is started yet.
    pub(super) fn new(address: SshAddress) -> Self {
        Self {
            address,
            process: tokio::sync::Mutex::default(),
        }
    }

    /// Starts `ssh` and waits until it forwards.
    ///
    /// # Errors
    /// When it does not within [`OPEN_TIMEOUT`], or exits: with its last error line.
    pub(super) async fn open(&self) -> io::Result<()> {
        let mut process = Process::start(&self.address)?;
        let deadline = Instant::now() + OPEN_TIMEOUT;
        while !process.is_ready() {
            if let Some(error) = process.failure() {
                // Its last line may not have been read yet.
                sleep(POLL_INTERVAL).await;
                return Err(process.last_line.error(error));
            }
            if Instant::now() > deadline {
                return Err(process
                    .last_line
                    .error("it did not connect in time".to_owned()));
            }
            sleep(POLL_INTERVAL).await;
        }
        *self.process.lock().await = Some(process);
        Ok(())
    }

    /// A connection to the engine.
    ///
    /// # Errors
    /// When `ssh` has ended, or was not opened.
    pub(super) async fn connect(&self) -> io::Result<UnixStream> {
        let mut process = self.process.lock().await;
        let Some(process) = process.as_mut() else {
            return Err(ErrorKind::NotConnected.into());
        };
        if let Some(error) = process.failure() {
            return Err(process.last_line.error(error));
        }
        let socket = process.socket();
        UnixStream::connect(socket).await
    }

    /// Why a connection ended at once: `ssh` accepts every connection, and closes it when the other machine
    /// cannot open the engine's socket.
    pub(super) async fn refusal(&self) -> Option<io::Error> {
        let process = self.process.lock().await;
        let last_line = std::mem::take(&mut *process.as_ref()?.last_line.lock());
        let socket = self.address.socket.display();
        last_line.contains("open failed").then(|| {
            io::Error::other(format!(
                "ssh: {socket} cannot be opened there; is the engine running, and may this user \
                 open its socket? ({last_line})"
            ))
        })
    }
}

impl Process {
    fn start(address: &SshAddress) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("deckwatch-").tempdir()?;
        let socket = folder.path().join(SOCKET);
        let mut command = Command::new("ssh");
        command.args(arguments(address, &socket.display().to_string()));
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => io::Error::other("there is no `ssh` on this machine"),
            _ => error,
        })?;
        let last_line = LastLine::default();
        if let Some(stderr) = child.stderr.take() {
            #[expect(clippy::disallowed_methods, reason = "it ends with the process")]
            tokio::spawn(last_line.clone().keep(stderr));
        }
        Ok(Self {
            child,
            folder,
            last_line,
        })
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    /// Whether the socket exists: `ssh` creates it once it is authenticated.
    fn is_ready(&self) -> bool {
        self.socket().exists()
    }

    /// How the process ended, if it did.
    fn failure(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(format!("it ended with {status}")),
            Err(error) => Some(error.to_string()),
        }
    }
}

/// File name of the forwarded socket.
const SOCKET: &str = "engine.sock";

fn arguments(address: &SshAddress, socket: &str) -> Vec<String> {
    let forward = format!("{socket}:{}", address.socket.display());
    let options = [
        // `ssh` fails instead of prompting for a password or a host key.
        "BatchMode=yes",
        "ConnectTimeout=10",
        "ExitOnForwardFailure=yes",
        "StreamLocalBindMask=0177",
        // A lost connection is detected within ten seconds.
        "ServerAliveInterval=5",
        "ServerAliveCountMax=2",
        // The process must not be shared, so that it ends with this one.
        "ControlMaster=no",
        "ControlPath=none",
        "RemoteCommand=none",
        // At a lower level it does not report why a channel cannot be opened.
        "LogLevel=INFO",
    ];
    let mut arguments = vec!["-N".to_owned(), "-T".to_owned()];
    for option in options {
        arguments.extend(["-o".to_owned(), option.to_owned()]);
    }
    arguments.extend(["-L".to_owned(), forward]);
    if let Some(port) = address.port {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(user) = &address.user {
        arguments.extend(["-l".to_owned(), user.clone()]);
    }
    arguments.extend(["--".to_owned(), address.host.clone()]);
    arguments
}

impl LastLine {
    /// Reads standard error of `ssh` to its end and keeps the last line.
    async fn keep(self, mut stderr: impl AsyncRead + Unpin) {
        let (mut buffer, mut line) = ([0; 1_024], Vec::new());
        while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
            for byte in buffer.iter().take(read) {
                match byte {
                    b'\n' => self.take(&std::mem::take(&mut line)),
                    _ if line.len() < MAX_LINE => line.push(*byte),
                    _ => {}
                }
            }
        }
        self.take(&line);
    }

    fn take(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if !line.is_empty() {
            tracing::debug!("ssh: {line}");
            *self.lock() = line.to_owned();
        }
    }

    /// The last line that `ssh` wrote as an error, or else `otherwise`.
    fn error(&self, otherwise: String) -> io::Error {
        let last_line = self.lock().clone();
        let last_line = if last_line.is_empty() {
            otherwise
        } else {
            last_line
        };
        io::Error::other(format!("ssh: {}", last_line.trim_end_matches('.')))
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
