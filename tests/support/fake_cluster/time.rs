//! Times as Kubernetes writes them.

use deckwatch::model::Timestamp;
use std::time::SystemTime;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// Nanoseconds since 1970.
pub(super) fn nanos() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_nanos()).unwrap()
}

/// The current time, as in all fields of objects.
pub(super) fn now() -> String {
    in_seconds(0)
}

/// The time in `seconds`, as in all fields of objects.
pub(super) fn in_seconds(seconds: i64) -> String {
    format!("{}Z", seconds_of(ago(-seconds)))
}

/// A time as in logs.
pub(super) fn with_nanos(nanos: i64) -> String {
    let fraction = nanos.rem_euclid(NANOS_PER_SECOND);
    format!("{}.{fraction:09}Z", seconds_of(nanos))
}

/// The whole second in which `text` lies, in nanoseconds since 1970: the API server passes no fractions of
/// seconds to the kubelet.
pub(super) fn whole_second(text: &str) -> Option<i64> {
    let ms = text.parse::<Timestamp>().ok()?.as_millis();
    Some(ms.div_euclid(1_000).saturating_mul(NANOS_PER_SECOND))
}

/// The time `seconds` ago, in nanoseconds since 1970.
pub(super) fn ago(seconds: i64) -> i64 {
    nanos() - seconds * NANOS_PER_SECOND
}

fn seconds_of(nanos: i64) -> String {
    let at = Timestamp::from_millis(nanos.div_euclid(1_000_000)).to_string();
    at.split('.').next().unwrap().to_owned()
}
