//! The connection state machine: decides when to connect, when to poll, and which state is shown.
//!
//! Pure: events come in, commands go out; the clock and the randomness are arguments. Only the
//! driver executes commands.

use super::Connection;
use crate::{model::Timestamp, protocol::close_code};

/// The pause after the n-th failure is a random part of this, doubled n times …
const FIRST_PAUSE_MS: f64 = 1_000.0;
/// … but of at most this.
const LONGEST_PAUSE_MS: f64 = 30_000.0;
/// A connection attempt without a message by now has failed.
const CONNECT_TIMEOUT_MS: f64 = 8_000.0;
/// Silence after which an open socket counts as dead: two heartbeats and a margin.
const SILENCE_MS: f64 = 40_000.0;
/// Failed attempts after which polling begins.
const FAILURES_BEFORE_POLLING: u32 = 5;
/// Time without a connection after which polling begins.
const POLL_AFTER_MS: f64 = 15_000.0;
/// How long a connection may take to answer after the browser has reported a network change.
const PING_TIMEOUT_MS: f64 = 5_000.0;
/// A tab that was hidden for this long disconnects until it is visible again.
const HIDDEN_PAUSE_MS: f64 = 60_000.0;

/// An event for the link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LinkEvent {
    /// The page has loaded.
    Start,
    /// A message was received over the socket.
    Incoming,
    /// The socket closed, or never opened, with this code.
    Closed(u16),
    /// Some time has passed.
    Tick,
    /// The tab was hidden.
    Hidden,
    /// The tab became visible.
    Visible,
    /// The network is available again, or has changed.
    Online,
    /// The browser reports that there is no network, which may be wrong.
    Offline,
    /// The page was not reloaded, because that has just been done.
    ReloadedInVain,
    /// A poll has ended.
    Polled(PollOutcome),
}

/// The result of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollOutcome {
    /// The server answered.
    Answered,
    /// No answer, or an invalid one.
    Silent,
    /// A sign-in is required, by the server or by a proxy in front of it.
    SignIn,
}

/// A command for the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkCommand {
    /// Open a socket.
    Connect,
    /// Close the socket.
    Disconnect,
    /// Start polling.
    StartPolling,
    /// Stop polling.
    StopPolling,
    /// Reload the page: it is older than the server.
    Reload,
    /// Send a ping to the server.
    Ask,
}

/// The reaction to a close code: see `docs/PROTOCOL.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    /// Retry soon.
    Retry,
    /// Retry late, and poll until then: the server is at capacity or has limited this client, and would do
    /// so again.
    RetryLate,
    /// Reload the page.
    Reload,
    /// Wait for a sign-in, which polling detects.
    SignIn,
}

const fn reaction(code: u16) -> Reaction {
    match code {
        close_code::SIGNED_OUT | close_code::FORBIDDEN => Reaction::SignIn,
        close_code::VERSION => Reaction::Reload,
        close_code::PROTOCOL
        | close_code::UNSUPPORTED
        | close_code::INVALID_UTF8
        | close_code::TOO_BIG
        | close_code::MALFORMED
        | close_code::RATE_LIMITED
        | close_code::AT_CAPACITY => Reaction::RetryLate,
        _ => Reaction::Retry,
    }
}

/// A monotonic clock, in milliseconds since its first reading.
///
/// The computer's clock includes the time in which it slept, from which a dead socket is detected; but
/// users and time servers can set it back or forward, which must not make the link wait for hours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stopwatch {
    elapsed: f64,
    seen: Option<f64>,
}

impl Stopwatch {
    /// The time when the computer's clock reads `clock` (milliseconds).
    pub fn look(&mut self, clock: f64) -> f64 {
        let before = self.seen.replace(clock).unwrap_or(clock);
        self.elapsed += (clock - before).max(0.0);
        self.elapsed
    }
}

/// The state of the connection and of the attempts to restore it.
#[derive(Clone, Debug, Default)]
pub struct Link {
    phase: Phase,
    failures: u32,
    /// When the connection was lost.
    lost_at: f64,
    hidden_at: Option<f64>,
    /// The result of the last poll; `None` while not polling.
    polling: Option<PollOutcome>,
    /// Whether a sign-in is required, as far as is known.
    is_signed_out: bool,
    /// Whether the page has another version than the server even after a reload.
    is_outdated: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Phase {
    /// Not connecting: before the start, and while hidden.
    #[default]
    Suspended,
    /// A connection attempt is in progress.
    Connecting { since: f64 },
    /// Messages arrive; the last one at `last_message`. Since `suspected` the connection is suspected to be
    /// lost.
    Open {
        last_message: f64,
        suspected: Option<f64>,
    },
    /// The next attempt begins at `until`.
    Waiting { until: f64 },
    /// The page is being reloaded.
    Reloading,
}

impl Link {
    /// Whether messages arrive over the socket.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// The state to show. `origin` is the start of the link's clock, in the time that is shown to users.
    pub fn connection(&self, origin: Timestamp) -> Connection {
        match (self.phase, self.polling) {
            (Phase::Open { .. }, _) => Connection::Live,
            _ if self.is_signed_out => Connection::SignedOut,
            _ if self.is_outdated => Connection::Outdated,
            (_, Some(PollOutcome::Silent)) => Connection::Offline,
            (_, Some(_)) => Connection::Polling,
            (Phase::Waiting { until }, None) => Connection::Reconnecting {
                attempt: self.failures,
                next_try: Some(Timestamp::from_millis(
                    origin.as_millis().saturating_add(until as i64),
                )),
            },
            _ if self.failures > 0 => Connection::Reconnecting {
                attempt: self.failures,
                next_try: None,
            },
            _ => Connection::Connecting,
        }
    }

    /// Handles `event` at `now` (milliseconds, monotonic) and returns commands; `random` is from 0 to 1.
    pub fn step(&mut self, event: LinkEvent, now: f64, random: f64) -> Vec<LinkCommand> {
        let mut commands = Vec::new();
        match event {
            LinkEvent::Start => self.connect(now, &mut commands),
            LinkEvent::Incoming => self.on_message(now, &mut commands),
            LinkEvent::Closed(code) => self.on_close(code, now, random, &mut commands),
            LinkEvent::Tick => self.on_tick(now, random, &mut commands),
            LinkEvent::Hidden => self.hidden_at = Some(now),
            LinkEvent::Visible => {
                self.hidden_at = None;
                self.retry_at_once(now, &mut commands);
            }
            LinkEvent::Online => {
                self.suspect(now, &mut commands);
                self.retry_at_once(now, &mut commands);
            }
            LinkEvent::Offline => self.suspect(now, &mut commands),
            LinkEvent::ReloadedInVain => {
                if self.phase == Phase::Reloading {
                    self.is_outdated = true;
                    self.stop_polling(&mut commands);
                    self.retry_late(now, random);
                }
            }
            LinkEvent::Polled(outcome) => self.on_poll(outcome, now, &mut commands),
        }
        commands
    }

    fn connect(&mut self, now: f64, commands: &mut Vec<LinkCommand>) {
        if self.failures == 0 {
            self.lost_at = now;
        }
        self.phase = Phase::Connecting { since: now };
        commands.push(LinkCommand::Connect);
    }

    fn on_message(&mut self, now: f64, commands: &mut Vec<LinkCommand>) {
        if !matches!(self.phase, Phase::Connecting { .. } | Phase::Open { .. }) {
            return;
        }
        self.phase = Phase::Open {
            last_message: now,
            suspected: None,
        };
        self.failures = 0;
        self.is_outdated = false;
        self.is_signed_out = false;
        if self.polling.take().is_some() {
            commands.push(LinkCommand::StopPolling);
        }
    }

    fn on_close(&mut self, code: u16, now: f64, random: f64, commands: &mut Vec<LinkCommand>) {
        if !matches!(self.phase, Phase::Connecting { .. } | Phase::Open { .. }) {
            return;
        }
        match reaction(code) {
            Reaction::SignIn => {
                self.is_signed_out = true;
                self.retry_late(now, random);
            }
            Reaction::Reload => {
                self.phase = Phase::Reloading;
                commands.push(LinkCommand::Reload);
            }
            Reaction::RetryLate => self.retry_late(now, random),
            Reaction::Retry => self.on_loss(now, random),
        }
    }

    /// Retries after about the longest pause, as if all earlier attempts had failed.
    fn retry_late(&mut self, now: f64, random: f64) {
        self.failures = self.failures.max(FAILURES_BEFORE_POLLING - 1);
        self.on_loss(now, random);
        self.phase = Phase::Waiting {
            until: now + LONGEST_PAUSE_MS * (1.0 + random.clamp(0.0, 1.0)) / 2.0,
        };
    }

    /// The connection may be lost without notice; a ping finds out.
    fn suspect(&mut self, now: f64, commands: &mut Vec<LinkCommand>) {
        if let Phase::Open { suspected, .. } = &mut self.phase {
            suspected.get_or_insert(now);
            commands.push(LinkCommand::Ask);
        }
    }

    fn on_loss(&mut self, now: f64, random: f64) {
        if self.is_open() {
            self.lost_at = now;
        }
        let longest =
            LONGEST_PAUSE_MS.min(FIRST_PAUSE_MS * 2_f64.powi(self.failures.min(16) as i32));
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Waiting {
            until: now + longest * random.clamp(0.0, 1.0),
        };
    }

    fn on_tick(&mut self, now: f64, random: f64, commands: &mut Vec<LinkCommand>) {
        if self
            .hidden_at
            .is_some_and(|since| now - since > HIDDEN_PAUSE_MS)
        {
            return self.suspend(commands);
        }
        match self.phase {
            Phase::Connecting { since } if now - since > CONNECT_TIMEOUT_MS => {
                commands.push(LinkCommand::Disconnect);
                self.on_loss(now, random);
            }
            Phase::Open {
                last_message,
                suspected,
            } => {
                let is_dead = suspected.is_some_and(|since| now - since > PING_TIMEOUT_MS);
                if is_dead || now - last_message > SILENCE_MS {
                    commands.push(LinkCommand::Disconnect);
                    self.on_loss(now, random);
                }
            }
            Phase::Waiting { until } if now >= until => self.connect(now, commands),
            _ => {}
        }
        self.poll_when_due(now, commands);
    }

    fn poll_when_due(&mut self, now: f64, commands: &mut Vec<LinkCommand>) {
        let is_trying = matches!(self.phase, Phase::Connecting { .. } | Phase::Waiting { .. });
        let is_due = self.failures >= FAILURES_BEFORE_POLLING || now - self.lost_at > POLL_AFTER_MS;
        // The answers would be incompatible with a page of another version.
        if is_trying && is_due && self.polling.is_none() && !self.is_outdated {
            self.polling = Some(PollOutcome::Answered);
            commands.push(LinkCommand::StartPolling);
        }
    }

    fn on_poll(&mut self, outcome: PollOutcome, now: f64, commands: &mut Vec<LinkCommand>) {
        if self.polling.is_none() {
            return;
        }
        self.polling = Some(outcome);
        let was_signed_out = self.is_signed_out;
        self.is_signed_out = outcome == PollOutcome::SignIn;
        if was_signed_out && outcome == PollOutcome::Answered {
            // The missing sign-in was also why the socket was refused.
            self.retry_at_once(now, commands);
        }
    }

    fn suspend(&mut self, commands: &mut Vec<LinkCommand>) {
        if matches!(self.phase, Phase::Connecting { .. } | Phase::Open { .. }) {
            commands.push(LinkCommand::Disconnect);
        }
        if self.phase != Phase::Reloading {
            self.phase = Phase::Suspended;
        }
        self.stop_polling(commands);
    }

    fn stop_polling(&mut self, commands: &mut Vec<LinkCommand>) {
        if self.polling.take().is_some() {
            commands.push(LinkCommand::StopPolling);
        }
    }

    fn retry_at_once(&mut self, now: f64, commands: &mut Vec<LinkCommand>) {
        if self.hidden_at.is_none()
            && matches!(self.phase, Phase::Waiting { .. } | Phase::Suspended)
        {
            self.connect(now, commands);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LinkCommand::{Connect, Disconnect, StartPolling, StopPolling};
    use proptest::prelude::*;

    fn started() -> Link {
        let mut link = Link::default();
        assert_eq!(link.step(LinkEvent::Start, 0.0, 0.5), [Connect]);
        link
    }

    #[test]
    fn the_clock_includes_sleep_and_never_goes_back() {
        let mut stopwatch = Stopwatch::default();
        assert_eq!(stopwatch.look(5e12), 0.0);
        assert_eq!(stopwatch.look(5e12 + 250.0), 250.0);
        assert_eq!(
            stopwatch.look(5e12 - 3.6e6),
            250.0,
            "the clock was set back by an hour"
        );
        assert_eq!(stopwatch.look(5e12 - 3.6e6 + 250.0), 500.0);
        assert_eq!(
            stopwatch.look(5e12),
            500.0 + 3.6e6 - 250.0,
            "the computer slept"
        );
    }

    #[test]
    fn the_next_attempt_is_reported_in_the_time_shown_to_users() {
        let mut link = started();
        link.step(LinkEvent::Closed(1006), 2_000.0, 0.5);
        let next_try = Some(Timestamp::from_millis(1_000_000 + 2_500));
        assert_eq!(
            link.connection(Timestamp::from_millis(1_000_000)),
            Connection::Reconnecting {
                attempt: 1,
                next_try
            }
        );
    }

    #[test]
    fn pauses_double_up_to_half_a_minute_and_reset_after_a_message() {
        let mut link = started();
        let mut now = 0.0;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            link.step(LinkEvent::Closed(1006), now, 1.0);
            let Phase::Waiting { until } = link.phase else {
                panic!("{link:?}")
            };
            pauses.push(until - now);
            now = until;
            link.step(LinkEvent::Tick, now, 1.0);
        }
        assert_eq!(pauses, [1e3, 2e3, 4e3, 8e3, 16e3, 30e3, 30e3]);
        link.step(LinkEvent::Incoming, now, 1.0);
        link.step(LinkEvent::Closed(1006), now, 1.0);
        assert_eq!(link.phase, Phase::Waiting { until: now + 1e3 });
    }

    #[test]
    fn polling_begins_after_five_failed_attempts_and_ends_with_the_first_message() {
        let mut link = started();
        for n in 1..=5 {
            link.step(LinkEvent::Closed(1006), f64::from(n), 0.0);
            let commands = link.step(LinkEvent::Tick, f64::from(n), 0.0);
            assert_eq!(commands.contains(&StartPolling), n == 5, "try {n}");
        }
        assert_eq!(link.connection(Timestamp::default()), Connection::Polling);
        link.step(LinkEvent::Polled(PollOutcome::Silent), 6.0, 0.0);
        assert_eq!(link.connection(Timestamp::default()), Connection::Offline);
        assert_eq!(link.step(LinkEvent::Incoming, 7.0, 0.0), [StopPolling]);
        assert_eq!(link.connection(Timestamp::default()), Connection::Live);
    }

    #[test]
    fn polling_begins_after_fifteen_seconds_without_a_connection() {
        let mut link = started();
        link.step(LinkEvent::Tick, 8_001.0, 1.0);
        assert!(
            !link
                .step(LinkEvent::Tick, 15_000.0, 1.0)
                .contains(&StartPolling)
        );
        assert!(
            link.step(LinkEvent::Tick, 15_001.0, 1.0)
                .contains(&StartPolling)
        );
    }

    #[test]
    fn a_silent_connection_is_dropped_and_any_message_keeps_it() {
        let mut link = started();
        link.step(LinkEvent::Incoming, 0.0, 0.5);
        assert_eq!(link.step(LinkEvent::Tick, 40_000.0, 0.5), []);
        link.step(LinkEvent::Incoming, 40_000.0, 0.5);
        assert_eq!(link.step(LinkEvent::Tick, 80_000.0, 0.5), []);
        assert_eq!(link.step(LinkEvent::Tick, 80_001.0, 0.5), [Disconnect]);
        assert!(matches!(
            link.connection(Timestamp::default()),
            Connection::Reconnecting { attempt: 1, .. }
        ));
    }

    #[test]
    fn a_hidden_tab_disconnects_after_a_minute_and_reconnects_when_visible() {
        let mut link = started();
        link.step(LinkEvent::Incoming, 0.0, 0.5);
        link.step(LinkEvent::Hidden, 1.0, 0.5);
        link.step(LinkEvent::Incoming, 60_000.0, 0.5);
        assert_eq!(link.step(LinkEvent::Tick, 60_002.0, 0.5), [Disconnect]);
        assert_eq!(link.step(LinkEvent::Tick, 90_000.0, 0.5), []);
        assert_eq!(link.step(LinkEvent::Visible, 90_001.0, 0.5), [Connect]);
    }

    #[test]
    fn a_page_of_another_version_is_reloaded() {
        let commands = started().step(LinkEvent::Closed(close_code::VERSION), 1.0, 0.5);
        assert_eq!(commands, [LinkCommand::Reload]);
    }

    fn polling() -> Link {
        let mut link = started();
        for n in 1..=5 {
            link.step(LinkEvent::Closed(1006), f64::from(n), 0.0);
            link.step(LinkEvent::Tick, f64::from(n), 0.0);
        }
        link.step(LinkEvent::Closed(1006), 6.0, 1.0);
        assert_eq!(link.connection(Timestamp::default()), Connection::Polling);
        link
    }

    #[test]
    fn a_sign_in_required_by_a_proxy_is_reported_until_it_is_done() {
        let mut link = polling();
        let polled = LinkEvent::Polled;
        assert_eq!(link.step(polled(PollOutcome::SignIn), 7.0, 1.0), []);
        assert_eq!(link.connection(Timestamp::default()), Connection::SignedOut);
        // Then the proxy becomes unreachable.
        link.step(polled(PollOutcome::Silent), 8.0, 1.0);
        assert_eq!(link.connection(Timestamp::default()), Connection::Offline);
        link.step(polled(PollOutcome::SignIn), 9.0, 1.0);
        // After the sign-in the socket is tried at once.
        assert_eq!(
            link.step(polled(PollOutcome::Answered), 10.0, 1.0),
            [Connect]
        );
        assert_eq!(link.connection(Timestamp::default()), Connection::Polling);
        assert_eq!(link.step(LinkEvent::Incoming, 11.0, 1.0), [StopPolling]);
        assert_eq!(link.connection(Timestamp::default()), Connection::Live);
        assert_eq!(
            link.step(polled(PollOutcome::SignIn), 12.0, 1.0),
            [],
            "polling has ended"
        );
        assert_eq!(link.connection(Timestamp::default()), Connection::Live);
    }

    #[test]
    fn a_socket_that_opens_after_a_sign_in_elsewhere_clears_the_signed_out_state() {
        let mut link = polling();
        link.step(LinkEvent::Polled(PollOutcome::SignIn), 7.0, 1.0);
        assert_eq!(link.step(LinkEvent::Visible, 8.0, 1.0), [Connect]);
        assert_eq!(link.connection(Timestamp::default()), Connection::SignedOut);
        link.step(LinkEvent::Incoming, 9.0, 1.0);
        link.step(LinkEvent::Closed(1006), 10.0, 1.0);
        let connection = link.connection(Timestamp::default());
        assert!(
            matches!(connection, Connection::Reconnecting { .. }),
            "{connection:?}"
        );
    }

    #[test]
    fn after_a_close_for_lack_of_a_sign_in_polling_detects_the_sign_in() {
        for code in [close_code::SIGNED_OUT, close_code::FORBIDDEN] {
            let mut link = started();
            link.step(LinkEvent::Incoming, 0.0, 0.5);
            link.step(LinkEvent::Closed(code), 1.0, 0.5);
            assert_eq!(link.connection(Timestamp::default()), Connection::SignedOut);
            assert_eq!(link.step(LinkEvent::Tick, 2.0, 0.5), [StartPolling]);
            assert_eq!(link.connection(Timestamp::default()), Connection::SignedOut);
            let commands = link.step(LinkEvent::Polled(PollOutcome::Answered), 3.0, 0.5);
            assert_eq!(commands, [Connect]);
        }
    }

    #[test]
    fn every_close_code_has_a_reaction() {
        for (codes, expected) in [
            (
                &[
                    1000, 1001, 1005, 1006, 1011, 1012, 1014, 1015, 4408, 4430, 4999,
                ][..],
                Reaction::Retry,
            ),
            (
                &[1002, 1003, 1007, 1009, 1013, 4400, 4429],
                Reaction::RetryLate,
            ),
            (&[4401, 4403], Reaction::SignIn),
            (&[4409], Reaction::Reload),
        ] {
            for code in codes {
                assert_eq!(reaction(*code), expected, "{code}");
            }
        }
    }

    #[test]
    fn a_refused_client_retries_late_and_polls_until_then() {
        for code in [close_code::RATE_LIMITED, close_code::AT_CAPACITY] {
            let mut link = started();
            link.step(LinkEvent::Incoming, 0.0, 0.0);
            assert_eq!(link.step(LinkEvent::Closed(code), 1.0, 0.0), []);
            assert_eq!(
                link.step(LinkEvent::Tick, 1.0, 0.0),
                [StartPolling],
                "{code}"
            );
            assert_eq!(
                link.step(LinkEvent::Tick, 15_000.0, 0.0),
                [],
                "not even with the shortest random pause"
            );
            assert_eq!(link.step(LinkEvent::Tick, 15_001.0, 0.0), [Connect]);
            assert_eq!(link.step(LinkEvent::Incoming, 15_002.0, 0.0), [StopPolling]);
            assert_eq!(link.connection(Timestamp::default()), Connection::Live);
        }
    }

    #[test]
    fn a_page_that_stays_outdated_reports_it_and_keeps_retrying() {
        let mut link = started();
        link.step(LinkEvent::Closed(close_code::VERSION), 1.0, 1.0);
        assert_eq!(
            link.step(LinkEvent::Tick, 60_000.0, 1.0),
            [],
            "it is being reloaded"
        );
        assert_eq!(link.step(LinkEvent::ReloadedInVain, 2.0, 1.0), []);
        assert_eq!(link.connection(Timestamp::default()), Connection::Outdated);
        assert_eq!(link.step(LinkEvent::Tick, 30_001.0, 1.0), [], "no polling");
        assert_eq!(link.step(LinkEvent::Tick, 30_002.0, 1.0), [Connect]);
        assert_eq!(link.connection(Timestamp::default()), Connection::Outdated);
        link.step(LinkEvent::Incoming, 30_003.0, 1.0);
        assert_eq!(link.connection(Timestamp::default()), Connection::Live);
    }

    #[test]
    fn a_suspected_connection_must_answer() {
        for event in [LinkEvent::Offline, LinkEvent::Online] {
            let mut link = started();
            link.step(LinkEvent::Incoming, 0.0, 0.5);
            assert_eq!(link.step(event, 1.0, 0.5), [LinkCommand::Ask]);
            link.step(LinkEvent::Incoming, 2.0, 0.5);
            assert_eq!(
                link.step(LinkEvent::Tick, 20_000.0, 0.5),
                [],
                "it has answered"
            );
            link.step(event, 20_000.0, 0.5);
            link.step(event, 24_000.0, 0.5);
            assert_eq!(link.step(LinkEvent::Tick, 25_000.0, 0.5), []);
            assert_eq!(link.step(LinkEvent::Tick, 25_001.0, 0.5), [Disconnect]);
        }
        let mut waiting = started();
        waiting.step(LinkEvent::Closed(1006), 0.0, 1.0);
        assert_eq!(waiting.step(LinkEvent::Offline, 1.0, 1.0), []);
        assert_eq!(waiting.step(LinkEvent::Online, 2.0, 1.0), [Connect]);
    }

    fn any_event() -> impl Strategy<Value = LinkEvent> {
        prop_oneof![
            Just(LinkEvent::Incoming),
            prop::sample::select(vec![1000, 1006, 1012, 1013, 4400, 4401, 4408, 4409, 4430])
                .prop_map(LinkEvent::Closed),
            Just(LinkEvent::Tick),
            Just(LinkEvent::Hidden),
            Just(LinkEvent::Visible),
            Just(LinkEvent::Online),
            Just(LinkEvent::Offline),
            prop::sample::select(vec![
                PollOutcome::Answered,
                PollOutcome::Silent,
                PollOutcome::SignIn
            ])
            .prop_map(LinkEvent::Polled),
        ]
    }

    proptest! {
        #[test]
        fn it_never_gives_up_and_never_has_two_sockets(events in prop::collection::vec((any_event(), 0.0..20_000.0, 0.0..1.0), 0..200)) {
            let (mut link, mut now, mut sockets, mut polls) = (started(), 0.0, 1_i32, 0_i32);
            for (event, pause, random) in events {
                now += pause;
                let closes = matches!(event, LinkEvent::Closed(_));
                if closes {
                    if sockets == 0 { continue; }
                    sockets -= 1;
                }
                if event == LinkEvent::Incoming && sockets == 0 { continue; }
                let mut commands = link.step(event, now, random);
                if commands.contains(&LinkCommand::Reload) {
                    commands.extend(link.step(LinkEvent::ReloadedInVain, now, random));
                }
                for command in commands {
                    match command {
                        Connect => sockets += 1,
                        Disconnect => sockets -= 1,
                        StartPolling => polls += 1,
                        StopPolling => polls -= 1,
                        LinkCommand::Reload | LinkCommand::Ask => {}
                    }
                    prop_assert!((0..=1).contains(&sockets) && (0..=1).contains(&polls));
                }
            }
            // Once visible, it retries within the longest pause.
            link.step(LinkEvent::Visible, now, 0.5);
            if sockets == 0 || !link.is_open() {
                link.step(LinkEvent::Tick, now + 30_001.0, 0.5);
                link.step(LinkEvent::Tick, now + 60_002.0, 0.5);
                prop_assert!(link.phase != Phase::Suspended, "{link:?}");
            }
        }
    }
}
