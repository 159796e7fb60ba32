//! Ids of containers and hosts.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, ops::RangeInclusive, str::FromStr};

/// The full id of a container: 32 bytes, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId([u8; Self::LEN]);

impl ContainerId {
    /// Length of an id in bytes.
    pub const LEN: usize = 32;

    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The first twelve digits, the usual abbreviation.
    pub fn short(&self) -> String {
        let mut text = self.to_string();
        text.truncate(12);
        text
    }
}

/// The error for text that is not a container id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAContainerId;

impl fmt::Display for NotAContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a container id is 12 to 64 lower-case hexadecimal digits")
    }
}

impl std::error::Error for NotAContainerId {}

impl FromStr for ContainerId {
    type Err = NotAContainerId;

    /// Accepts only the full form: 64 lower-case hexadecimal digits. [`ContainerPrefix`] accepts shorter
    /// ones.
    fn from_str(text: &str) -> Result<Self, NotAContainerId> {
        let mut bytes = [0; 32];
        let pairs = text.as_bytes().chunks_exact(2);
        if text.len() != 64 {
            return Err(NotAContainerId);
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let [high, low] = pair else {
                return Err(NotAContainerId);
            };
            *byte =
                nibble(*high).ok_or(NotAContainerId)? << 4 | nibble(*low).ok_or(NotAContainerId)?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ContainerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for ContainerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <[u8; 32]>::deserialize(deserializer).map(Self);
        }
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// A container as named by a request: its id or an unambiguous beginning of it.
///
/// 12 to 64 lower-case hexadecimal digits. No other text is ever sent to an engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ContainerPrefix(String);

impl ContainerPrefix {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The range that contains exactly the ids that begin with these digits.
    pub fn ids(&self) -> RangeInclusive<ContainerId> {
        let filled = |with: char| {
            let rest = 2 * ContainerId::LEN - self.0.len().min(2 * ContainerId::LEN);
            let text: String = self
                .0
                .chars()
                .chain(std::iter::repeat_n(with, rest))
                .collect();
            text.parse().unwrap_or_default()
        };
        filled('0')..=filled('f')
    }

    /// Whether `id` begins with these digits.
    pub fn matches(&self, id: &ContainerId) -> bool {
        id.to_string().starts_with(&self.0)
    }
}

impl FromStr for ContainerPrefix {
    type Err = NotAContainerId;

    fn from_str(text: &str) -> Result<Self, NotAContainerId> {
        let valid = (12..=64).contains(&text.len()) && text.bytes().all(|b| nibble(b).is_some());
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAContainerId)
        }
    }
}

impl From<ContainerId> for ContainerPrefix {
    fn from(id: ContainerId) -> Self {
        Self(id.to_string())
    }
}

impl<'de> Deserialize<'de> for ContainerPrefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// The name of a host: `local` for the machine that Deckwatch runs on, `demo` for the synthetic one, or a
/// configured name.
///
/// 1 to 64 letters, digits, `-` and `_`, so that it needs no escaping in URLs and labels. The text is stored
/// inline, so that the id of a workload is a plain value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId {
    /// The text, padded with zeros, so that names compare as their texts do.
    bytes: [u8; Self::MAX_LEN],
    len: u8,
}

impl HostId {
    /// Longest name, in bytes: the longest label of a domain name, and one more.
    pub const MAX_LEN: usize = 64;

    /// The machine that Deckwatch runs on.
    pub const fn local() -> Self {
        Self::of(b"local")
    }

    /// The synthetic host of `--demo`.
    pub const fn demo() -> Self {
        Self::of(b"demo")
    }

    const fn of(text: &[u8]) -> Self {
        let mut bytes = [0; Self::MAX_LEN];
        let (head, _) = bytes.split_at_mut(text.len());
        head.copy_from_slice(text);
        Self {
            bytes,
            len: text.len() as u8,
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(..self.len.into()).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }

    /// Whether it is the machine that Deckwatch runs on.
    pub fn is_local(&self) -> bool {
        *self == Self::local()
    }

    /// Whether it is the synthetic host.
    pub fn is_demo(&self) -> bool {
        *self == Self::demo()
    }
}

impl Default for HostId {
    fn default() -> Self {
        Self::local()
    }
}

/// The error for text that is not the name of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAHostId;

impl fmt::Display for NotAHostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a host is 1 to 64 letters, digits, '-' and '_'")
    }
}

impl std::error::Error for NotAHostId {}

impl FromStr for HostId {
    type Err = NotAHostId;

    fn from_str(text: &str) -> Result<Self, NotAHostId> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self::of(text.as_bytes()))
        } else {
            Err(NotAHostId)
        }
    }
}

impl<'de> Deserialize<'de> for HostId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl Serialize for HostId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_64_digits() {
        let text = "0123456789abcdef".repeat(4);
        let id: ContainerId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(id.short(), "0123456789ab");
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
    }

    #[test]
    fn the_ids_of_a_prefix_begin_with_it() {
        let id: ContainerId = "0123456789abcdef".repeat(4).parse().unwrap();
        for prefix in ["0123456789ab", "0123456789abc", &id.to_string()] {
            let prefix: ContainerPrefix = prefix.parse().unwrap();
            assert!(prefix.ids().contains(&id));
            assert!(prefix.matches(prefix.ids().start()) && prefix.matches(prefix.ids().end()));
        }
        let other: ContainerPrefix = "0123456789ac".parse().unwrap();
        assert!(!other.ids().contains(&id));
    }

    #[test]
    fn a_host_has_a_plain_name() {
        let longest = "x".repeat(HostId::MAX_LEN);
        for text in ["local", "nas-2", "NAS_2", "7", &longest] {
            assert_eq!(text.parse::<HostId>().unwrap().as_str(), text);
        }
        let too_long = "x".repeat(HostId::MAX_LEN + 1);
        for text in ["", "a b", "a/b", "a.b", "ä", "<b>", "a\n", &too_long] {
            assert_eq!(text.parse::<HostId>(), Err(NotAHostId), "{text}");
            assert!(
                serde_json::from_value::<HostId>(text.into()).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn only_12_to_64_lower_case_hex_digits_name_a_container() {
        for text in ["0123456789ab", &"a".repeat(64)] {
            assert!(text.parse::<ContainerPrefix>().is_ok(), "{text}");
        }
        for text in [
            "",
            "0123456789a",
            &"a".repeat(65),
            "../../version",
            "%2e%2e%2f%2e%2e",
            "ABCDEFABCDEF",
            "0123456789ag",
            "🦀🦀🦀",
        ] {
            assert!(text.parse::<ContainerPrefix>().is_err(), "{text}");
        }
    }
}
