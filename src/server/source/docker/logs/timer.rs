//! A timer with a finer resolution than the runtime's, for pauses below a millisecond.

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::{
    io,
    os::fd::OwnedFd,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::io::{Interest, unix::AsyncFd};

/// A kernel timer (`timerfd`) with an accuracy of some fifty microseconds; the runtime's timers count
/// milliseconds.
#[derive(Debug)]
pub(super) struct FineTimer {
    timer: AsyncFd<OwnedFd>,
    is_running: bool,
}

impl FineTimer {
    /// A timer that is not running. Must be called within the runtime.
    ///
    /// # Errors
    /// When the kernel provides no timer, e.g. for lack of file descriptors.
    #[expect(
        deprecated,
        reason = "it is for descriptors that may not be what they say; this one is owned"
    )]
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self {
            timer: AsyncFd::with_interest(timer, Interest::READABLE)?,
            is_running: false,
        })
    }

    /// Starts the timer; a zero duration stops it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn start(&mut self, duration: Duration) -> io::Result<()> {
        let value = Timespec {
            tv_sec: duration.as_secs().try_into().unwrap_or_default(),
            tv_nsec: duration.subsec_nanos().into(),
        };
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: value,
        };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        self.is_running = !duration.is_zero();
        Ok(())
    }

    /// Waits until the timer has elapsed; ready at once when it is not running.
    pub(super) fn poll_elapsed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_running {
            // This fails only when the runtime shuts down.
            if let Ok(mut readiness) = ready!(self.timer.poll_read_ready(cx)) {
                readiness.clear_ready();
            }
            self.is_running = false;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, time::Instant};

    #[tokio::test]
    async fn a_timer_waits_for_its_duration_and_can_be_started_again() {
        let mut timer = FineTimer::new().unwrap();
        let began = Instant::now();
        poll_fn(|cx| timer.poll_elapsed(cx)).await;
        for n in 1..=5 {
            timer.start(Duration::from_micros(300)).unwrap();
            poll_fn(|cx| timer.poll_elapsed(cx)).await;
            assert!(began.elapsed() >= n * Duration::from_micros(300));
        }
        timer.start(Duration::ZERO).unwrap();
        poll_fn(|cx| timer.poll_elapsed(cx)).await;
    }
}
