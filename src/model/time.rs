//! Times in messages and on pages: UTC, with millisecond precision.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr, time::Duration};

const MS_PER_DAY: i64 = 86_400_000;

/// A time: milliseconds since 1970-01-01T00:00:00Z.
///
/// Serialized as RFC 3339 with exactly three fractional digits in text formats (JSON), and as a number in
/// binary ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time `ms` milliseconds after (or, if negative, before) the Unix epoch.
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The duration from this time until `now`; zero when it is in the future (clocks differ).
    pub fn age(self, now: Self) -> Duration {
        Duration::from_millis(u64::try_from(now.0.saturating_sub(self.0)).unwrap_or(0))
    }

    /// The time that is `by` later.
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// The time that is `by` earlier.
    pub fn minus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// Year, month (1–12) and day (1–31) of the proleptic Gregorian calendar.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    pub fn date(self) -> (i64, u8, u8) {
        let z = self.0.div_euclid(MS_PER_DAY) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, month as u8, day as u8)
    }

    /// Hour, minute and second of the UTC day.
    pub fn clock(self) -> (u8, u8, u8) {
        let seconds = self.0.rem_euclid(MS_PER_DAY) / 1_000;
        (
            (seconds / 3_600) as u8,
            (seconds / 60 % 60) as u8,
            (seconds % 60) as u8,
        )
    }

    /// The local time at `offset` minutes ahead of UTC.
    pub const fn at_offset(self, offset: i32) -> LocalTime {
        LocalTime { at: self, offset }
    }

    /// The time of calendar parts in UTC; the inverse of [`Self::date`] and [`Self::clock`].
    fn from_parts(year: i64, month: i64, day: i64, ms_of_day: i64) -> Self {
        let shifted_year = year - i64::from(month <= 2);
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self((era * 146_097 + day_of_era - 719_468) * MS_PER_DAY + ms_of_day)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let (hour, minute, second) = self.clock();
        let ms = self.0.rem_euclid(1_000);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
        )
    }
}

/// A local time. Written as RFC 3339 with its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    at: Timestamp,
    /// Minutes ahead of UTC.
    offset: i32,
}

impl LocalTime {
    /// The time at which UTC clocks show this local time.
    fn shifted(self) -> Timestamp {
        Timestamp(self.at.0.saturating_add(i64::from(self.offset) * 60_000))
    }

    /// `2025-11-21`.
    pub fn date(self) -> String {
        let (year, month, day) = self.shifted().date();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `01:18:05`.
    pub fn clock(self) -> String {
        let (hour, minute, second) = self.shifted().clock();
        format!("{hour:02}:{minute:02}:{second:02}")
    }

    /// `01:18:05.042`.
    pub fn clock_with_millis(self) -> String {
        format!("{}.{:03}", self.clock(), self.at.0.rem_euclid(1_000))
    }

    /// `2025-11-21 01:18:05`.
    pub fn moment(self) -> String {
        format!("{} {}", self.date(), self.clock())
    }

    /// `UTC`, `UTC+09:00`.
    pub fn zone(self) -> String {
        if self.offset == 0 {
            return "UTC".to_owned();
        }
        format!("UTC{}", self.numeric_offset())
    }

    /// `+09:00`.
    fn numeric_offset(self) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs();
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date(), self.clock_with_millis())?;
        if self.offset == 0 {
            f.write_str("Z")
        } else {
            f.write_str(&self.numeric_offset())
        }
    }
}

/// The error for text that is not an RFC 3339 date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotATimestamp;

impl fmt::Display for NotATimestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an RFC 3339 date and time")
    }
}

impl std::error::Error for NotATimestamp {}

impl FromStr for Timestamp {
    type Err = NotATimestamp;

    /// Accepts any number of fractional digits (engines write nanoseconds) and any offset.
    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        parse(text).ok_or(NotATimestamp)
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| digits(part, 4));
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let offset_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, offset) = time.split_at_checked(offset_at)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut clock = clock.splitn(3, ':').map(|part| digits(part, 2));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !in_range {
        return None;
    }
    let ms = milliseconds(fraction)?;
    let offset_ms = offset_minutes(offset)? * 60_000;
    let ms_of_day = (hour * 3_600 + minute * 60 + second) * 1_000 + ms;
    Some(Timestamp(
        Timestamp::from_parts(year, month, day, ms_of_day).0 - offset_ms,
    ))
}

fn digits(text: &str, at_most: usize) -> Option<i64> {
    let valid =
        !text.is_empty() && text.len() <= at_most && text.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| text.parse().ok()).flatten()
}

/// The first three digits of a decimal fraction, as milliseconds.
fn milliseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let padded = fraction.bytes().chain(*b"00").take(3);
    Some(padded.fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0')))
}

fn offset_minutes(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    Some(sign * (digits(hours, 2)? * 60 + digits(minutes, 2)?))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return i64::deserialize(deserializer).map(Self);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_exactly_three_fractional_digits() {
        assert_eq!(
            Timestamp::from_millis(0).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
        assert_eq!(
            Timestamp::from_millis(1_763_687_885_042).to_string(),
            "2025-11-21T01:18:05.042Z"
        );
    }

    #[test]
    fn engine_times_with_nanoseconds_and_offsets_are_read() {
        let utc: Timestamp = "2025-11-21T01:18:05.042999999Z".parse().unwrap();
        assert_eq!(utc.as_millis(), 1_763_687_885_042);
        let seoul: Timestamp = "2025-11-21T10:18:05.042+09:00".parse().unwrap();
        assert_eq!(seoul, utc);
        let zero: Timestamp = "0001-01-01T00:00:00Z".parse().unwrap();
        assert!(zero.as_millis() < 0);
    }

    #[test]
    fn times_are_shown_as_the_clocks_of_a_place_show_them() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let cases = [
            (
                "2025-11-21T18:05:06.007Z",
                540,
                "2025-11-22T03:05:06.007+09:00",
                "UTC+09:00",
            ),
            (
                "2025-11-21T18:05:06.007Z",
                0,
                "2025-11-21T18:05:06.007Z",
                "UTC",
            ),
            (
                "2025-11-21T18:05:06.007Z",
                345,
                "2025-11-21T23:50:06.007+05:45",
                "UTC+05:45",
            ),
            (
                "2025-01-01T01:02:03Z",
                -210,
                "2024-12-31T21:32:03.000-03:30",
                "UTC-03:30",
            ),
            // The hour that occurs twice in New York: before and after clocks are put back.
            (
                "2025-11-02T05:30:00Z",
                -240,
                "2025-11-02T01:30:00.000-04:00",
                "UTC-04:00",
            ),
            (
                "2025-11-02T06:30:00Z",
                -300,
                "2025-11-02T01:30:00.000-05:00",
                "UTC-05:00",
            ),
            // The hour that is skipped.
            (
                "2025-03-09T06:59:59Z",
                -300,
                "2025-03-09T01:59:59.000-05:00",
                "UTC-05:00",
            ),
            (
                "2025-03-09T07:00:00Z",
                -240,
                "2025-03-09T03:00:00.000-04:00",
                "UTC-04:00",
            ),
        ];
        for (utc, offset, text, zone) in cases {
            let local = at(utc).at_offset(offset);
            assert_eq!(
                (local.to_string(), local.zone()),
                (text.into(), zone.into())
            );
            assert_eq!(at(text), at(utc), "{text}");
        }
        let local = at("2025-11-21T18:05:06.007Z").at_offset(540);
        assert_eq!(local.moment(), "2025-11-22 03:05:06");
        assert_eq!(local.clock_with_millis(), "03:05:06.007");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "now",
            "2025-11-21",
            "2025-13-01T00:00:00Z",
            "2025-11-21T25:00:00Z",
            "2025-11-21T01:02:03",
            "2025-11-21T01:02:03.Z",
            "+025-11-21T01:02:03Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn text_and_back_is_the_same(ms in -62_135_596_800_000_i64..253_402_300_799_999) {
            let at = Timestamp::from_millis(ms);
            proptest::prop_assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
        }
    }
}
