//! The first run: a link that is valid once and for half an hour, with which the first administrator is
//! created. It is printed to the terminal and stored in a file that only the owner of the process can read.

use super::{Digest, Secret, secret::NoRandomness};
use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// How long the link is valid: long enough to read it from a log, short enough that a forgotten one is
/// worthless.
const VALID: Duration = Duration::from_secs(30 * 60);
/// The file with the link, in the data folder.
pub const FILE: &str = "setup-link";

/// The setup of the first administrator. A handle: clones share it.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    offered: Arc<Mutex<Option<Offered>>>,
    /// One setup at a time.
    turn: Arc<Semaphore>,
    file: Option<PathBuf>,
}

#[derive(Debug)]
struct Offered {
    digest: Digest,
    until: Instant,
}

/// Why a setup is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupRefused {
    /// The token is wrong.
    #[error("this setup link is not valid; the newest one is in the log and in the file {FILE}")]
    WrongToken,
    /// Another setup is going on.
    #[error("another setup is going on")]
    InProgress,
    /// The link has expired, or the setup is complete.
    #[error("the setup is over; restart Deckwatch for a new link if there is no administrator yet")]
    Over,
}

impl Setup {
    /// Without an offered link. The link is stored in `folder`.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self {
            offered: Arc::default(),
            turn: Arc::new(Semaphore::new(1)),
            file: folder.map(|folder| folder.join(FILE)),
        }
    }

    /// Offers a new link; `link` makes it from the token.
    pub(super) fn offer(&self, link: impl FnOnce(&str) -> String) -> Result<(), NoRandomness> {
        let token = Secret::random("")?;
        let link = link(token.reveal());
        *self.offered() = Some(Offered {
            digest: token.digest(),
            until: Instant::now() + VALID,
        });
        // Standard error is the only place for it besides the file: it must reach the person who started the
        // server, and no other user can read either.
        let shown = format!("Create the first administrator within 30 minutes: {link}");
        // Nothing is lost without it: the file has the link, too.
        let _ = writeln!(io::stderr().lock(), "{shown}");
        if let Some(file) = &self.file
            && let Err(error) = write(file, &link)
        {
            tracing::warn!(file = %file.display(), %error, "the setup link is not in its file");
        }
        Ok(())
    }

    /// Whether a link has been offered, even if it has expired: a new one needs a restart, so that an unattended
    /// server is not open for ever.
    pub(super) fn was_offered(&self) -> bool {
        self.offered().is_some()
    }

    /// Whether a link is valid now.
    pub(super) fn is_open(&self) -> bool {
        let offered = self.offered();
        offered
            .as_ref()
            .is_some_and(|offered| offered.until > Instant::now())
    }

    /// Begins a setup with `token`. It ends when the returned turn is dropped.
    pub(super) fn begin(&self, token: &str) -> Result<OwnedSemaphorePermit, SetupRefused> {
        if !self.is_open() {
            return Err(SetupRefused::Over);
        }
        let is_right = self
            .offered()
            .as_ref()
            .is_some_and(|offered| offered.digest.is_of(token));
        if !is_right {
            return Err(SetupRefused::WrongToken);
        }
        let turn = Arc::clone(&self.turn).try_acquire_owned();
        turn.map_err(|_| SetupRefused::InProgress)
    }

    /// Withdraws the link.
    pub(super) fn close(&self) {
        *self.offered() = None;
        if let Some(file) = &self.file
            && let Err(error) = std::fs::remove_file(file)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(file = %file.display(), %error, "the used setup link was not removed");
        }
    }

    fn offered(&self) -> std::sync::MutexGuard<'_, Option<Offered>> {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(file: &Path, link: &str) -> io::Result<()> {
    // Made anew, so that the permissions of an older file do not stay.
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    writeln!(file, "{link}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn offered(setup: &Setup) -> String {
        let mut token = String::new();
        setup
            .offer(|text| {
                text.clone_into(&mut token);
                format!("http://localhost/setup#{text}")
            })
            .unwrap();
        token
    }

    #[tokio::test(start_paused = true)]
    async fn a_link_is_valid_for_half_an_hour_and_for_one_setup_at_a_time() {
        let setup = Setup::new(None);
        assert_eq!(setup.begin("").err(), Some(SetupRefused::Over));
        let token = offered(&setup);
        assert_eq!(setup.begin("x").err(), Some(SetupRefused::WrongToken));
        let turn = setup.begin(&token).unwrap();
        assert_eq!(setup.begin(&token).err(), Some(SetupRefused::InProgress));
        drop(turn);
        assert!(setup.begin(&token).is_ok());
        tokio::time::advance(VALID).await;
        assert_eq!(setup.begin(&token).err(), Some(SetupRefused::Over));
    }

    #[tokio::test]
    async fn the_file_is_readable_by_its_owner_only_and_goes_with_the_link() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        std::fs::write(&file, "old").unwrap();
        let setup = Setup::new(Some(folder.path()));
        let token = offered(&setup);
        assert!(std::fs::read_to_string(&file).unwrap().contains(&token));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        setup.close();
        assert!(!file.exists());
        assert_eq!(setup.begin(&token).err(), Some(SetupRefused::Over));
    }
}
