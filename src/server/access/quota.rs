//! Bounds the entries of the audit log that clients cause without being signed in. The limits per address do
//! not: an attacker can have many addresses.

use std::time::Duration;
use tokio::time::Instant;

/// The time in which entries are counted.
pub(super) const WINDOW: Duration = Duration::from_secs(3_600);
/// Most entries in that time: two failed sign-ins per minute. If they are always used up, those of the
/// retention of 400 days are 1.2 million, some 200 MB.
pub(super) const PER_HOUR: u32 = 120;

/// The entries of the present hour.
#[derive(Debug, Default)]
pub(super) struct Quota {
    since: Option<Instant>,
    written: u32,
    /// Entries that were left out in this hour.
    left_out: u64,
    /// Entries that were left out in hours that have ended, and have not been reported.
    unreported: u64,
}

impl Quota {
    /// Whether another entry may be written. If not, it is counted as left out.
    pub(super) fn admit(&mut self) -> bool {
        self.turn_over();
        if self.written < PER_HOUR {
            self.written += 1;
            return true;
        }
        if self.left_out == 0 {
            tracing::warn!("more than {PER_HOUR} failed sign-ins in an hour; others are counted");
        }
        self.left_out += 1;
        false
    }

    /// Number of entries that were left out and have not been reported: in the hours that have ended, or until
    /// now if the server `is_ending`.
    pub(super) fn unreported(&mut self, is_ending: bool) -> u64 {
        self.turn_over();
        if is_ending {
            self.unreported += std::mem::take(&mut self.left_out);
        }
        self.unreported
    }

    /// Notes that `count` left out entries have been reported.
    pub(super) fn reported(&mut self, count: u64) {
        self.unreported = self.unreported.saturating_sub(count);
    }

    /// Begins another hour if this one is over.
    fn turn_over(&mut self) {
        let now = Instant::now();
        let is_over = |since: Instant| now.duration_since(since) >= WINDOW;
        if self.since.is_none_or(is_over) {
            self.since = Some(now);
            self.written = 0;
            self.unreported += std::mem::take(&mut self.left_out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(quota: &mut Quota) -> usize {
        (0..500).filter(|_| quota.admit()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn entries_beyond_the_limit_of_an_hour_are_counted_and_reported_once() {
        let mut quota = Quota::default();
        let most = PER_HOUR as usize;
        assert_eq!(admitted(&mut quota), most);
        assert_eq!(quota.unreported(false), 0, "the hour is not over");
        tokio::time::advance(WINDOW).await;
        assert_eq!(admitted(&mut quota), most, "another hour");
        let left_out = quota.unreported(false);
        assert_eq!(left_out, 500 - u64::from(PER_HOUR));
        quota.reported(left_out);
        assert_eq!(quota.unreported(false), 0);
        assert_eq!(quota.unreported(true), left_out, "of the present hour");
    }
}
