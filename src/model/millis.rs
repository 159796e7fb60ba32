//! Times as numbers in JSON: milliseconds since the Unix epoch, for `#[serde(with = "…")]`. The answers about
//! accounts, tokens and the audit use them; other answers have RFC 3339 texts.

use super::Timestamp;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes the time.
///
/// # Errors
/// When the serializer fails.
pub fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_i64(at.as_millis())
}

/// Reads a time.
///
/// # Errors
/// When there is no integer.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    i64::deserialize(from).map(Timestamp::from_millis)
}

/// The same for a time that may be absent, which is `null`.
pub mod optional {
    use super::{Deserialize, Deserializer, Serializer, Timestamp};

    /// Writes the time, or `null`.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => to.serialize_some(&at.as_millis()),
            None => to.serialize_none(),
        }
    }

    /// Reads a time or `null`.
    ///
    /// # Errors
    /// When there is neither an integer nor `null`.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let at = Option::<i64>::deserialize(from)?;
        Ok(at.map(Timestamp::from_millis))
    }
}
