//! Limits what clients can add to the logs without signing in: every client can begin a sign-in, and fail.

use std::time::Duration;
use tokio::time::Instant;

/// The time in which notes are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Most notes in that time: enough for the failures of users, too few to fill a disk.
const MOST: u32 = 20;

/// Counts notes about failed sign-ins of unknown visitors.
#[derive(Debug, Default)]
pub(super) struct Notes {
    since: Option<Instant>,
    count: u32,
}

impl Notes {
    /// Whether another note may be made.
    pub(super) fn admit(&mut self) -> bool {
        let now = Instant::now();
        let is_over = |since: Instant| now.duration_since(since) >= WINDOW;
        if self.since.is_none_or(is_over) {
            (self.since, self.count) = (Some(now), 0);
        }
        self.count = self.count.saturating_add(1);
        self.count <= MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn notes_are_limited_per_minute() {
        let mut notes = Notes::default();
        let admitted = |notes: &mut Notes| (0..1_000).filter(|_| notes.admit()).count();
        assert_eq!(admitted(&mut notes), MOST as usize);
        tokio::time::advance(WINDOW).await;
        assert_eq!(admitted(&mut notes), MOST as usize);
    }
}
