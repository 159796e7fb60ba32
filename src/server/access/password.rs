//! Hashes and checks passwords with Argon2id, a few at a time.
//!
//! A hash takes 19 MiB and some 20 ms of a core on purpose, so that a stolen database cannot be searched.
//! The number of hashes at once is bounded, and they have a low priority, so that sign-ins neither exhaust the
//! memory nor delay clients.

use crate::model::{PASSWORD_LENGTHS, is_password};
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use rustix::{process::setpriority_process, thread::gettid};
use std::{
    sync::{Arc, LazyLock},
    thread,
};
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};

/// Most hashes at once: two take 38 MiB. Of two cores, one is left for clients.
const AT_ONCE: usize = 2;
/// Sign-ins that wait for a hash. The last one waits two or three seconds; further ones are refused.
const WAITING: usize = 100;
/// Memory of a hash in KiB, its passes and its threads: the first recommendation of OWASP for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Bytes of a salt: the recommendation of RFC 9106.
const SALT: usize = 16;
/// The priority of the threads that compute hashes, as with `nice`: a tenth of the processor time of clients. With
/// the lowest one, a sign-in would take many seconds while other programs use the whole machine.
const NICE: i32 = 10;

/// The hash against which the password of an unknown user is checked, so that the answer takes as long as
/// for a known one.
static UNKNOWN_USER: LazyLock<Option<String>> = LazyLock::new(|| hash("an unknown user").ok());

/// Hashes and checks passwords. A handle: clones share the bounds.
#[derive(Clone, Debug)]
pub struct Passwords {
    room: Arc<Semaphore>,
    cores: Arc<Semaphore>,
}

/// Why a password could not be hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// The password is too short or too long.
    #[error("a password has {} to {} characters", PASSWORD_LENGTHS.start(), PASSWORD_LENGTHS.end())]
    Length,
    /// Too many passwords are being checked.
    #[error("too many people sign in at the moment; try again in a few seconds")]
    Busy,
    /// The hash could not be computed.
    #[error("the password could not be processed")]
    Failed,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(at_once() + WAITING)),
            cores: Arc::new(Semaphore::new(at_once())),
        }
    }
}

impl Passwords {
    /// The hash of a new password in the PHC format.
    ///
    /// # Errors
    /// When its length is wrong, or too many passwords are being hashed.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.run(move || hash(&password)).await?
    }

    /// Whether `password` has the `hash`. Without a hash, as for an unknown user, the answer is no and takes
    /// as long.
    ///
    /// # Errors
    /// When too many passwords are being checked.
    pub async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        self.run(move || {
            let is_known = hash.is_some();
            let hash = hash.or_else(|| UNKNOWN_USER.clone());
            let is_right = hash.is_some_and(|hash| verify(&password, &hash));
            is_known && is_right
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| PasswordError::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let core = core.map_err(|_| PasswordError::Failed)?;
        let (answer, answered) = oneshot::channel();
        // A thread of its own, because only a privileged process can raise the priority of a thread again.
        let thread = thread::Builder::new().name("password".to_owned());
        let begun = thread.spawn(move || {
            // Held by the work itself: its memory is in use even if the answer is no longer awaited.
            let _held = (room, core);
            // On Linux this concerns the thread only. Where it is not allowed, the priority stays as it is.
            let _ = setpriority_process(Some(gettid()), NICE);
            // The request may have ended before the answer.
            let _ = answer.send(work());
        });
        begun.map_err(|_| PasswordError::Failed)?;
        answered.await.map_err(|_| PasswordError::Failed)
    }
}

/// Hashes at once on this machine.
fn at_once() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (cores / 2).clamp(1, AT_ONCE)
}

/// Checks the length of a new password.
///
/// # Errors
/// When it is too short or too long.
pub fn check_length(password: &str) -> Result<(), PasswordError> {
    is_password(password)
        .then_some(())
        .ok_or(PasswordError::Length)
}

/// The hash of `password`, computed on this thread; for the command line.
///
/// # Errors
/// When its length is wrong, or there are no random numbers or no memory.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    check_length(password)?;
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|_| PasswordError::Failed)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| PasswordError::Failed)?;
    let hash = argon2()?.hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Failed)
}

fn verify(password: &str, hash: &str) -> bool {
    let parsed = PasswordHash::new(hash);
    parsed.is_ok_and(|hash| {
        // The parameters of the hash itself apply.
        let argon2 = Argon2::default();
        argon2.verify_password(password.as_bytes(), &hash).is_ok()
    })
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let (memory, passes, threads) = COST;
    let params = Params::new(memory, passes, threads, None).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "correct horse battery";

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_is_right() {
        let passwords = Passwords::default();
        let hash = passwords.hash(PASSWORD.into()).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let verify = |text: &str, hash| passwords.verify(text.to_owned(), hash);
        assert_eq!(verify(PASSWORD, Some(hash.clone())).await, Ok(true));
        assert_eq!(verify("correct horse batterz", Some(hash)).await, Ok(false));
        assert_eq!(verify(PASSWORD, None).await, Ok(false));
        assert_eq!(verify(PASSWORD, Some("no hash".into())).await, Ok(false));
        assert_eq!(verify("an unknown user", None).await, Ok(false));
    }

    #[tokio::test]
    async fn short_and_endless_passwords_are_refused() {
        let passwords = Passwords::default();
        for password in ["eleven char".to_owned(), "x".repeat(257)] {
            assert_eq!(passwords.hash(password).await, Err(PasswordError::Length));
        }
        assert!(passwords.hash("twelve chars".into()).await.is_ok());
    }

    #[tokio::test]
    async fn hashes_have_a_low_priority() {
        let priority = || rustix::process::getpriority_process(Some(gettid()));
        let of_tests = priority().unwrap();
        let of_hashes = Passwords::default().run(priority).await.unwrap();
        assert_eq!(of_hashes, Ok(NICE));
        assert_eq!(priority(), Ok(of_tests), "only the thread is concerned");
    }

    #[tokio::test]
    async fn more_than_the_bounded_number_is_refused_at_once() {
        let passwords = Passwords::default();
        let all = Arc::clone(&passwords.room);
        let taken = all
            .acquire_many((at_once() + WAITING) as u32)
            .await
            .unwrap();
        let refused = passwords.verify(PASSWORD.into(), None).await;
        assert_eq!(refused, Err(PasswordError::Busy));
        drop(taken);
        assert!(passwords.verify(PASSWORD.into(), None).await.is_ok());
    }
}
