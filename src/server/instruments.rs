//! Counters and timers of the server's own work, for `/metrics`.
//!
//! They are written where the work is done and read when Prometheus scrapes. Counting a sent message costs
//! one relaxed addition; labels are looked up only for rare or slow events. Nothing here blocks, and no
//! other code depends on the values.

use crate::{
    model::{Action, HostId},
    protocol::{Channel, close_code},
    server::{recent::Growth, source::redact::Rule},
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Upper bounds of the buckets for deliveries, in seconds: a tick for one client takes some 10 µs, for
/// five thousand some 40 ms.
const DELIVERY_BUCKETS: [f64; 12] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5,
];
/// The same for requests to engines: a sample takes a millisecond, a list of a thousand containers a
/// second, and nothing more than ten.
const REQUEST_BUCKETS: [f64; 12] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// The same for actions: stopping a container takes up to its grace period, ten seconds by default.
const ACTION_BUCKETS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 120.0];
/// The same for connections: one that breaks at once, one that a proxy cuts after a minute, a page that is open
/// all day.
const CONNECTION_BUCKETS: [f64; 10] = [
    1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0, 604_800.0,
];
/// The same for clients that did not accept a message at once. After ten seconds they are disconnected.
const LAG_BUCKETS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The code for a connection that ended without a close frame (RFC 6455, 7.1.5).
const ABNORMAL: u16 = 1006;
/// The close codes that are counted separately. A client may send any code; others count as [`ABNORMAL`],
/// so that no client can make the response long.
const CODES: [u16; 17] = [
    close_code::NORMAL,
    close_code::LEAVING,
    close_code::PROTOCOL,
    close_code::UNSUPPORTED,
    ABNORMAL,
    close_code::INVALID_UTF8,
    close_code::TOO_BIG,
    close_code::INTERNAL,
    close_code::RESTART,
    close_code::AT_CAPACITY,
    close_code::MALFORMED,
    close_code::SIGNED_OUT,
    close_code::FORBIDDEN,
    close_code::SILENT,
    close_code::VERSION,
    close_code::RATE_LIMITED,
    close_code::TOO_SLOW,
];

/// The counters and timers. A handle: clones share them.
#[derive(Clone, Debug, Default)]
pub struct Instruments {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    started: Instant,
    sockets_opened: Counter,
    sockets_closed: Family<Code, Counter>,
    sent_messages: Counter,
    sent_bytes: Counter,
    failed_messages: Counter,
    /// How much the counters of sent and of failed messages have grown in the last minutes.
    recent_sends: Mutex<[Growth; 2]>,
    connections: Durations,
    lags: Histogram,
    collections: Family<OfHost, Histogram, fn() -> Histogram>,
    resyncs: Family<OfChannel, Counter>,
    log_gaps: Counter,
    redactions: Family<OfRule, Counter>,
    /// When the oldest publication was made whose delivery has not begun, in nanoseconds since `started`;
    /// zero if there is none.
    published: AtomicU64,
    deliveries: Durations,
    actions: Family<OfAction, Histogram, fn() -> Histogram>,
    requests: Family<OfRequest, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfChannel {
    channel: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRule {
    rule: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAction {
    action: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfHost {
    host: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    host: String,
    call: String,
}

/// What was sent to clients over WebSockets since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// WebSockets opened.
    pub opened: u64,
    /// WebSockets closed, for any reason.
    pub closed: u64,
    /// Messages sent.
    pub sent_messages: u64,
    /// Messages that were to be sent when the connection was lost, or the client was too slow.
    pub failed_messages: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Times a client's cursor was no longer in the ring.
    pub resyncs: u64,
    /// Gaps in logs that were sent to clients.
    pub log_gaps: u64,
    /// The mean duration of closed WebSockets; `None` before the first.
    pub mean_connection: Option<Duration>,
    /// The mean time from a publication to its write to the last client; `None` before the first.
    pub mean_delivery: Option<Duration>,
}

/// Messages of the last [`WINDOW`](super::recent::WINDOW).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentSends {
    /// Messages sent.
    pub sent: u64,
    /// Messages that could not be sent.
    pub failed: u64,
}

/// The moment from which a delivery is timed.
#[derive(Clone, Copy, Debug)]
pub struct Delivery(Option<Duration>);

/// Counts masked secrets, by rule. The default counts nothing.
#[derive(Clone, Debug, Default)]
pub(in crate::server) struct Redactions {
    /// One counter per rule, in the order of [`Rule::ALL`], so that no label is looked up per secret.
    by_rule: Arc<[Counter]>,
}

/// Times the requests to one engine, and the collection of its figures.
#[derive(Clone, Debug)]
pub struct EngineRequests {
    instruments: Instruments,
    host: String,
}

impl Default for Inner {
    fn default() -> Self {
        let (sockets_closed, resyncs) = (Family::default(), Family::default());
        // Series start at zero rather than absent; otherwise the first occurrence would not count as an
        // increase.
        for code in CODES {
            drop(sockets_closed.get_or_create_owned(&Code { code }));
        }
        for channel in Channel::ALL {
            drop(resyncs.get_or_create_owned(&OfChannel {
                channel: channel.policy().name,
            }));
        }
        Self {
            started: Instant::now(),
            sockets_opened: Counter::default(),
            sockets_closed,
            sent_messages: Counter::default(),
            sent_bytes: Counter::default(),
            failed_messages: Counter::default(),
            recent_sends: Mutex::default(),
            connections: Durations::new(CONNECTION_BUCKETS),
            lags: Histogram::new(LAG_BUCKETS),
            collections: Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS)),
            resyncs,
            log_gaps: Counter::default(),
            redactions: Family::default(),
            published: AtomicU64::new(0),
            deliveries: Durations::new(DELIVERY_BUCKETS),
            actions: Family::new_with_constructor(|| Histogram::new(ACTION_BUCKETS)),
            requests: Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS)),
        }
    }
}

impl Instruments {
    /// Counts a WebSocket that was opened.
    pub fn socket_opened(&self) {
        self.inner.sockets_opened.inc();
    }

    /// Counts a WebSocket that was open for `open` and was closed with `code`; `None` if the connection was
    /// lost.
    pub fn socket_closed(&self, code: Option<u16>, open: Duration) {
        self.inner.connections.observe(open);
        let code = code.filter(|code| CODES.contains(code)).unwrap_or(ABNORMAL);
        self.inner
            .sockets_closed
            .get_or_create(&Code { code })
            .inc();
    }

    /// Counts `bytes` of sent WebSocket frames, which complete `messages` messages.
    pub fn sent(&self, messages: u64, bytes: u64) {
        self.inner.sent_messages.inc_by(messages);
        self.inner.sent_bytes.inc_by(bytes);
    }

    /// Counts `messages` that were to be sent over a WebSocket and never will be.
    pub fn not_sent(&self, messages: u64) {
        self.inner.failed_messages.inc_by(messages);
    }

    /// Records that published messages waited for `lag` until their client had accepted earlier ones.
    pub fn lagged(&self, lag: Duration) {
        self.inner.lags.observe(lag.as_secs_f64());
    }

    /// Messages of the last minutes. It must be called several times per window: messages count when they are
    /// noticed here, so that sending one costs nothing more.
    pub fn recent_sends(&self) -> RecentSends {
        let inner = &self.inner;
        let mut growths = inner
            .recent_sends
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let [sent, failed] = &mut *growths;
        RecentSends {
            sent: sent.read(inner.sent_messages.get(), now),
            failed: failed.read(inner.failed_messages.get(), now),
        }
    }

    /// All counts since the start.
    pub fn totals(&self) -> Totals {
        let inner = &self.inner;
        let closed = |code| inner.sockets_closed.get_or_create(&Code { code }).get();
        let resyncs = |channel: Channel| {
            let channel = channel.policy().name;
            inner.resyncs.get_or_create(&OfChannel { channel }).get()
        };
        Totals {
            opened: inner.sockets_opened.get(),
            closed: CODES.into_iter().map(closed).sum(),
            sent_messages: inner.sent_messages.get(),
            failed_messages: inner.failed_messages.get(),
            sent_bytes: inner.sent_bytes.get(),
            resyncs: Channel::ALL.into_iter().map(resyncs).sum(),
            log_gaps: inner.log_gaps.get(),
            mean_connection: inner.connections.mean(),
            mean_delivery: inner.deliveries.mean(),
        }
    }

    /// Counts a client whose cursor in `channel` was no longer in the ring.
    pub fn resynced(&self, channel: Channel) {
        let channel = channel.policy().name;
        self.inner
            .resyncs
            .get_or_create(&OfChannel { channel })
            .inc();
    }

    /// Counts a gap in a log that was sent to a client.
    pub fn log_gap(&self) {
        self.inner.log_gaps.inc();
    }

    /// Records that something was published that is still to be delivered.
    pub fn published(&self) {
        let now = self.now().as_nanos().max(1);
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        // An older publication that still waits keeps its time.
        let published = &self.inner.published;
        let _ = published.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Starts a delivery of everything published until now.
    pub fn begin_delivery(&self) -> Delivery {
        let published = self.inner.published.swap(0, Ordering::Relaxed);
        Delivery((published > 0).then(|| Duration::from_nanos(published)))
    }

    /// Records that the delivery has reached its last client.
    pub fn end_delivery(&self, Delivery(published): Delivery) {
        if let Some(published) = published {
            let took = self.now().saturating_sub(published);
            self.inner.deliveries.observe(took);
        }
    }

    /// Records that the engine has executed `action`, or failed to, after `took`.
    pub fn acted(&self, action: Action, is_done: bool, took: Duration) {
        let labels = OfAction {
            action: action.as_str(),
            result: if is_done { "done" } else { "failed" },
        };
        let actions = &self.inner.actions;
        actions.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// The counters of masked secrets.
    pub(in crate::server) fn redactions(&self) -> Redactions {
        let of = |rule: Rule| {
            let rule = rule.as_str();
            self.inner.redactions.get_or_create_owned(&OfRule { rule })
        };
        Redactions {
            by_rule: Rule::ALL.into_iter().map(of).collect(),
        }
    }

    /// The timer of requests to the engine of `host`.
    pub fn requests_of(&self, host: &HostId) -> EngineRequests {
        EngineRequests {
            instruments: self.clone(),
            host: host.to_string(),
        }
    }

    /// Adds all metrics to `registry`, which adds the server's name as a prefix.
    pub fn register(&self, registry: &mut Registry) {
        self.register_sockets(registry);
        let inner = &self.inner;
        registry.register(
            "resyncs",
            "Times a client's position was no longer in the ring, by channel",
            inner.resyncs.clone(),
        );
        registry.register(
            "log_gaps",
            "Times a client was told that lines of a log are missing",
            inner.log_gaps.clone(),
        );
        registry.register(
            "redactions",
            "Secrets masked in what engines send, by the rule that found them",
            inner.redactions.clone(),
        );
        registry.register(
            "delivery_seconds",
            "Time from a publication until it was written to the last client",
            inner.deliveries.histogram.clone(),
        );
        registry.register(
            "action_seconds",
            "Time an engine took for an action, by action and result",
            inner.actions.clone(),
        );
        registry.register(
            "engine_request_seconds",
            "Time until the head of an engine's answer, by host and call",
            inner.requests.clone(),
        );
        registry.register(
            "collection_seconds",
            "Time to read the figures of all containers of a host",
            inner.collections.clone(),
        );
    }

    fn register_sockets(&self, registry: &mut Registry) {
        let inner = &self.inner;
        registry.register(
            "sockets_opened",
            "WebSockets that were opened",
            inner.sockets_opened.clone(),
        );
        registry.register(
            "sockets_closed",
            "WebSockets that were closed, by close code; 1006 is a lost connection",
            inner.sockets_closed.clone(),
        );
        registry.register(
            "socket_sent_messages",
            "Messages sent over WebSockets",
            inner.sent_messages.clone(),
        );
        registry.register(
            "socket_sent_bytes",
            "Bytes sent over WebSockets",
            inner.sent_bytes.clone(),
        );
        registry.register(
            "socket_failed_messages",
            "Messages that could not be sent over WebSockets",
            inner.failed_messages.clone(),
        );
        registry.register(
            "socket_duration_seconds",
            "Time for which closed WebSockets were open",
            inner.connections.histogram.clone(),
        );
        registry.register(
            "send_lag_seconds",
            "Time that messages waited for a client which had not accepted earlier ones",
            inner.lags.clone(),
        );
    }

    fn now(&self) -> Duration {
        self.inner.started.elapsed()
    }
}

impl Redactions {
    /// Counts a secret that `rule` found.
    pub(in crate::server) fn count(&self, rule: Rule) {
        if let Some(counter) = self.by_rule.get(rule as usize) {
            counter.inc();
        }
    }
}

impl EngineRequests {
    /// Records that the response head of `call`, or a failure, arrived after `took`.
    pub fn answered(&self, call: &str, took: Duration) {
        let labels = OfRequest {
            host: self.host.clone(),
            call: call.to_owned(),
        };
        let requests = &self.instruments.inner.requests;
        requests.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Records that reading the figures of all containers of the host took `took`.
    pub fn collected(&self, took: Duration) {
        let host = self.host.clone();
        let collections = &self.instruments.inner.collections;
        let collections = collections.get_or_create(&OfHost { host });
        collections.observe(took.as_secs_f64());
    }
}

/// Durations as a histogram, and their mean, which a histogram does not tell.
#[derive(Debug)]
struct Durations {
    histogram: Histogram,
    count: AtomicU64,
    micros: AtomicU64,
}

impl Durations {
    fn new(buckets: impl IntoIterator<Item = f64>) -> Self {
        Self {
            histogram: Histogram::new(buckets),
            count: AtomicU64::new(0),
            micros: AtomicU64::new(0),
        }
    }

    fn observe(&self, took: Duration) {
        self.histogram.observe(took.as_secs_f64());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// `None` before the first.
    fn mean(&self) -> Option<Duration> {
        let micros = self.micros.load(Ordering::Relaxed);
        let mean = micros.checked_div(self.count.load(Ordering::Relaxed))?;
        Some(Duration::from_micros(mean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_timed_from_the_oldest_publication_it_began_with() {
        let instruments = Instruments::default();
        let none = instruments.begin_delivery();
        instruments.end_delivery(none);
        assert_eq!(instruments.inner.deliveries.histogram.count(), 0);
        instruments.published();
        let first = instruments.inner.published.load(Ordering::Relaxed);
        instruments.published();
        let delivery = instruments.begin_delivery();
        assert_eq!(delivery.0, Some(Duration::from_nanos(first)));
        instruments.published();
        instruments.end_delivery(delivery);
        assert_eq!(instruments.inner.deliveries.histogram.count(), 1);
        let next = instruments.begin_delivery();
        assert!(next.0 > delivery.0, "it came during the first one");
    }

    #[test]
    fn codes_that_only_clients_know_are_counted_as_one() {
        let instruments = Instruments::default();
        for code in 3_000..4_999 {
            instruments.socket_closed(Some(code), Duration::from_secs(1));
        }
        assert_eq!(instruments.inner.sockets_closed.len(), CODES.len());
        let code = Code { code: ABNORMAL };
        let others = instruments.inner.sockets_closed.get_or_create_owned(&code);
        assert_eq!(others.get(), 1_992);
        let totals = instruments.totals();
        assert_eq!(totals.closed, 1_999);
        assert_eq!(totals.mean_connection, Some(Duration::from_secs(1)));
    }

    #[test]
    fn recent_messages_are_those_since_the_last_reading_and_before() {
        let instruments = Instruments::default();
        let recent = |sent, failed| RecentSends { sent, failed };
        assert_eq!(instruments.recent_sends(), recent(0, 0));
        instruments.sent(3, 300);
        instruments.not_sent(1);
        assert_eq!(instruments.recent_sends(), recent(3, 1));
        instruments.sent(2, 200);
        assert_eq!(instruments.recent_sends(), recent(5, 1));
        let totals = instruments.totals();
        assert_eq!((totals.sent_messages, totals.failed_messages), (5, 1));
        assert_eq!((totals.sent_bytes, totals.mean_delivery), (500, None));
    }
}
