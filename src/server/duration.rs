//! Durations as text with a unit, as people write them in settings.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, str::FromStr, time::Duration};

/// A duration, written as `500ms`, `2s`, `1m`, `12h` or `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HumanDuration(pub Duration);

/// The error for a text that is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADuration;

impl fmt::Display for NotADuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a duration such as 500ms, 2s, 1m, 12h or 7d")
    }
}

impl std::error::Error for NotADuration {}

impl FromStr for HumanDuration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let unit_at = text
            .find(|c: char| !c.is_ascii_digit())
            .ok_or(NotADuration)?;
        let (number, unit) = text.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| NotADuration)?;
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(NotADuration),
        };
        let ms = number.checked_mul(unit_ms).ok_or(NotADuration)?;
        Ok(Self(Duration::from_millis(ms)))
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        match ms {
            _ if ms == 0 || !ms.is_multiple_of(1_000) => write!(f, "{ms}ms"),
            _ if !ms.is_multiple_of(60_000) => write!(f, "{}s", ms / 1_000),
            _ if !ms.is_multiple_of(3_600_000) => write!(f, "{}m", ms / 60_000),
            _ if !ms.is_multiple_of(86_400_000) => write!(f, "{}h", ms / 3_600_000),
            _ => write!(f, "{}d", ms / 86_400_000),
        }
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, ms) in [
            ("0ms", 0),
            ("500ms", 500),
            ("2s", 2_000),
            ("1m", 60_000),
            ("90m", 5_400_000),
            ("12h", 43_200_000),
            ("7d", 604_800_000),
        ] {
            let duration: HumanDuration = text.parse().unwrap();
            assert_eq!(duration.0, Duration::from_millis(ms));
            assert_eq!(duration.to_string(), text);
        }
        for text in [
            "",
            "2",
            "s",
            "2 s",
            "-2s",
            "2.5s",
            "2w",
            "99999999999999999999s",
            "18446744073709551615m",
        ] {
            assert_eq!(text.parse::<HumanDuration>(), Err(NotADuration), "{text}");
        }
    }
}
