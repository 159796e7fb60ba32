//! The server in a process of its own.

use crate::{
    Failure,
    child::{resident, without_settings},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Time limit for the start.
const START: Duration = Duration::from_secs(30);
/// The text that precedes the address in the log.
const AT: &str = "Deckwatch is at http://";

/// The server, which is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Process {
    /// Starts `binary` with sign-in and these arguments. Its data and its log are in `folder`.
    pub(crate) fn start(binary: &Path, folder: &Path, more: &[&str]) -> Result<Self, Failure> {
        let log = folder.join("log");
        let mut command = Command::new(binary);
        command
            .current_dir(folder)
            .args(["--site-addr", "127.0.0.1:0", "--auth-mode", "password"])
            // The heartbeats that clients do not request must not answer their pings.
            .args(["--heartbeat", "40s", "--data-dir"])
            .arg(folder.join("data"))
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        without_settings(&mut command);
        let (child, began) = (command.spawn()?, Instant::now());
        let address = loop {
            let text = fs::read_to_string(&log)?;
            if let Some(address) = reported(&text) {
                break address;
            }
            if began.elapsed() > START {
                return Err(format!("it did not start: {text}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        Ok(Self { address, child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// An error if it has ended.
    pub(crate) fn check(&mut self) -> Result<(), Failure> {
        match self.child.try_wait()? {
            Some(status) => Err(format!("the server has ended: {status}").into()),
            None => Ok(()),
        }
    }

    /// Its resident memory, in bytes.
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

fn reported(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once(AT)?;
    let (address, _) = rest.split_once('\n')?;
    address.trim().parse().ok()
}

/// Stops the process `id`, without its knowledge.
pub(crate) fn pause(id: u32) -> Result<(), Failure> {
    signal(id, Signal::STOP)
}

/// Lets a stopped process continue.
pub(crate) fn resume(id: u32) -> Result<(), Failure> {
    signal(id, Signal::CONT)
}

fn signal(id: u32, signal: Signal) -> Result<(), Failure> {
    let id = Pid::from_raw(id.try_into()?).ok_or("no process id")?;
    Ok(kill_process(id, signal)?)
}
