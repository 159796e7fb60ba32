//! Containers of a real engine that write numbered lines to their logs.

use crate::{Failure, relay::Relay};
use deckwatch::model::ContainerId;
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio::process::Command;

/// The image that `scripts/engine` builds.
const IMAGE: &str = "deckwatch-test:latest";
/// Names and labels: each audience sees some of them, and no two audiences the same.
const WRITERS: [(&str, &str); 4] = [
    ("soak-web-1", "com.docker.compose.project=shop"),
    ("soak-db-1", "com.docker.compose.project=shop"),
    ("soak-web-2", "deckwatch.demo=true"),
    ("soak-db-2", "com.docker.compose.project=media"),
];
/// What each writer runs: fifty lines every tenth of a second, so that all write 2,000 lines per second. Their
/// logs are not rotated: half an hour is some 500 MB.
const SCRIPT: &str = r#"awk 'BEGIN { for (;;) { for (k = 0; k < 50; k++) print ++n " a line of a log"; fflush(); system("usleep 97000") } }'"#;

/// An engine with its writers.
#[derive(Debug)]
pub(crate) struct Writers {
    folder: PathBuf,
    pub(crate) ids: Vec<ContainerId>,
}

impl Writers {
    /// Starts the writers in the engine whose files are in `folder`.
    pub(crate) async fn start(folder: &Path) -> Result<Self, Failure> {
        let mut writers = Self {
            folder: folder.to_owned(),
            ids: Vec::new(),
        };
        writers.remove().await?;
        for (name, label) in WRITERS {
            let run = ["run", "-d", "--name", name, "--label", label, IMAGE];
            let id = writers
                .docker(&[&run[..], &["sh", "-c", SCRIPT]].concat())
                .await?;
            writers.ids.push(id.parse().map_err(|_| "no container id")?);
        }
        Ok(writers)
    }

    /// Removes the writers.
    pub(crate) async fn remove(&self) -> Result<(), Failure> {
        let names = WRITERS.map(|(name, _)| name);
        self.docker(&[&["rm", "-f"], &names[..]].concat()).await?;
        Ok(())
    }

    /// A relay to the engine, in `folder`.
    pub(crate) fn relay(&self, folder: &Path) -> Result<Relay, Failure> {
        Relay::start(folder.join("relay.sock"), self.socket())
    }

    /// The process id of the engine.
    pub(crate) fn engine(&self) -> Result<u32, Failure> {
        let file = fs::read_to_string(self.folder.join("dockerd.pid"))?;
        Ok(file.trim().parse()?)
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }

    async fn docker(&self, arguments: &[&str]) -> Result<String, Failure> {
        let url = format!("unix://{}", self.socket().display());
        let output = Command::new("docker")
            .args(["-H", &url])
            .args(arguments)
            .kill_on_drop(true)
            .output()
            .await?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() {
            return Ok(text);
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}
