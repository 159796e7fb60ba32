//! Random secrets, and the digests under which they are stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// Random bytes of a secret: twice what cannot be guessed.
const LEN: usize = 32;

/// A random secret, which is sent to its owner once and never stored.
#[derive(Clone)]
pub struct Secret(String);

/// The SHA-256 digest of a secret. A secret is random, so a fast digest is as safe as a slow one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// The operating system provides no random numbers.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system provides no random numbers")]
pub struct NoRandomness;

impl Secret {
    /// A new secret that begins with `prefix`.
    ///
    /// # Errors
    /// When the operating system provides no random numbers.
    pub fn random(prefix: &str) -> Result<Self, NoRandomness> {
        let mut bytes = [0; LEN];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The text that its owner receives.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The digest to store.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Digest {
    /// The digest of a secret that a client sent.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// The digest with these bytes, as stored; `None` for another length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether `secret` has this digest. Takes the same time for every secret.
    pub fn is_of(&self, secret: &str) -> bool {
        self.0.ct_eq(&Self::of(secret).0).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_found_by_their_digests_only() {
        let (one, other) = (Secret::random("x_").unwrap(), Secret::random("x_").unwrap());
        assert!(one.reveal().starts_with("x_") && one.reveal().len() > 40);
        assert_ne!(one.reveal(), other.reveal());
        let stored = Digest::from_slice(one.digest().as_bytes()).unwrap();
        assert!(stored.is_of(one.reveal()) && !stored.is_of(other.reveal()));
        assert_eq!(Digest::from_slice(&[0; 31]), None);
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::random("").unwrap();
        assert!(!format!("{secret:?} {:?}", secret.digest()).contains(secret.reveal()));
    }
}
