//! Rests shorter than the runtime's timers know.

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

/// A timer of the kernel's own, exact to some fifty microseconds: the runtime's count in
/// milliseconds.
#[derive(Debug)]
pub(super) struct Rest {
    timer: AsyncFd<OwnedFd>,
    is_on: bool,
}

impl Rest {
    /// Not begun yet. Must be called within the runtime.
    ///
    /// # Errors
    /// When the kernel gives no timer, e.g. for want of file descriptors.
    #[expect(
        deprecated,
        reason = "it is for descriptors that may not be what they say; this one is owned"
    )]
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self {
            timer: AsyncFd::with_interest(timer, Interest::READABLE)?,
            is_on: false,
        })
    }

    /// Begins a rest of so long.
    ///
    /// # Errors
    /// When the kernel says so.
    pub(super) fn begin(&mut self, rest: Duration) -> io::Result<()> {
        let value = Timespec {
            tv_sec: rest.as_secs().try_into().unwrap_or_default(),
            tv_nsec: rest.subsec_nanos().into(),
        };
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: value,
        };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        self.is_on = !rest.is_zero();
        Ok(())
    }

    /// Waits until it is over.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_on {
            // It fails only when the runtime ends.
            if let Ok(mut over) = ready!(self.timer.poll_read_ready(cx)) {
                over.clear_ready();
            }
            self.is_on = false;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, time::Instant};

    #[tokio::test]
    async fn a_rest_takes_as_long_as_it_should_and_another_one_after_it_does_too() {
        let mut rest = Rest::new().unwrap();
        let began = Instant::now();
        poll_fn(|cx| rest.poll_over(cx)).await;
        for n in 1..=5 {
            rest.begin(Duration::from_micros(300)).unwrap();
            poll_fn(|cx| rest.poll_over(cx)).await;
            assert!(began.elapsed() >= n * Duration::from_micros(300));
        }
        rest.begin(Duration::ZERO).unwrap();
        poll_fn(|cx| rest.poll_over(cx)).await;
    }
}
