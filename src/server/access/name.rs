//! Names of users.

use crate::model::is_user_name;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::{borrow::Cow, fmt, str::FromStr};

/// The name of a user: 1 to 64 letters, digits, `.`, `_`, `@` and `-`, in lower case. Names that differ only
/// in case are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

/// The error for text that is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user name has 1 to 64 letters, digits, '.', '_', '@' and '-'")]
pub struct NotAName;

impl Name {
    /// A name that no user has, for counting attempts with text that is no name.
    pub(super) fn of_nobody() -> Self {
        Self(String::new())
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        is_user_name(text)
            .then(|| Self(text.to_ascii_lowercase()))
            .ok_or(NotAName)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_have_no_special_characters() {
        let name = |text: &str| text.parse::<Name>();
        assert_eq!(name("Ana@Example.com"), name("ana@example.com"));
        for text in ["", "a b", "ana\n", "ана", "a/b", &"x".repeat(65)] {
            assert_eq!(name(text), Err(NotAName), "{text:?}");
        }
    }
}
