//! The live state for pages. It is changed in `apply`.

mod apply;
mod judge;
mod rights;

use super::{
    connection::Connection,
    initial::{Initial, InitialState, Inline},
    logs::LogOrder,
    signals::{ActionState, HostSignals, RowSignals},
    traffic::ConnectionSummary,
};
use crate::{
    model::{
        Action, ActionOptions, AsOf, ContainerQuery, Dashboard, Event, HostId, Intervals, Row,
        Scope, Timestamp, Totals, Workload, WorkloadId,
    },
    protocol::ContainerAction,
};
pub(super) use apply::set_if_changed;
use leptos::prelude::*;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// The functions with which pages send; installed by the driver.
#[derive(Clone)]
pub struct Outbox {
    /// Creates a unique request id.
    pub new_request_id: fn() -> String,
    /// Sends an action, over any transport.
    pub send: Arc<dyn Fn(ContainerAction) + Send + Sync>,
    /// Follows a log, or stops following it.
    pub order_log: Arc<dyn Fn(LogOrder) + Send + Sync>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}

/// An action that this page has requested.
#[derive(Clone, Debug)]
struct Request {
    id: WorkloadId,
    action: Action,
    /// The state of the workload at that time.
    before: Workload,
    /// When the server confirmed it; `None` until then.
    done_at: Option<Timestamp>,
}

/// The live state of everything on the page. A handle: copies share it.
///
/// Each row and host has its own signals, so that a new figure redraws one cell. The mirror of the server's
/// state changes only in [`Live::apply`].
#[derive(Clone, Copy, Debug)]
pub struct Live {
    dashboard: StoredValue<Dashboard>,
    rows: StoredValue<BTreeMap<WorkloadId, RowSignals>>,
    host_signals: StoredValue<BTreeMap<HostId, HostSignals>>,
    requests: StoredValue<BTreeMap<String, Request>>,
    outbox: StoredValue<Option<Outbox>>,
    initial: StoredValue<Initial>,
    hosts: RwSignal<Vec<HostId>>,
    list_version: RwSignal<u64>,
    stats_version: RwSignal<u64>,
    totals: RwSignal<Totals>,
    listed: RwSignal<bool>,
    partial: RwSignal<bool>,
    events: RwSignal<Vec<Arc<Event>>>,
    connection: RwSignal<Connection>,
    summary: RwSignal<ConnectionSummary>,
    is_watched: StoredValue<bool>,
    newest: RwSignal<Option<Timestamp>>,
    as_of: RwSignal<AsOf>,
    away: RwSignal<Vec<HostId>>,
    now: RwSignal<Timestamp>,
    intervals: StoredValue<Intervals>,
    /// When this page began to watch container figures.
    watched_since: StoredValue<Timestamp>,
}

/// Provides the state for [`use_live`] below the calling component, beginning with the snapshot in the HTML.
pub fn provide_live() -> Live {
    let initial = SharedValue::<_, Inline>::new_with_encoding(|| {
        use_context::<InitialState>()
            .map(|state| (*state.0).clone())
            .unwrap_or_default()
    });
    let live = Live::new(initial.into_inner());
    provide_context(live);
    live
}

/// The live state provided by the application.
///
/// # Panics
/// Outside of the application's component tree.
#[track_caller]
pub fn use_live() -> Live {
    #[expect(
        clippy::expect_used,
        reason = "a component outside of the application is a bug"
    )]
    use_context::<Live>().expect("`provide_live` is called by the application's root")
}

impl Live {
    fn new(initial: Initial) -> Self {
        let messages = initial.snapshot.messages.clone();
        let live = Self {
            dashboard: StoredValue::default(),
            rows: StoredValue::default(),
            host_signals: StoredValue::default(),
            requests: StoredValue::default(),
            outbox: StoredValue::default(),
            hosts: RwSignal::default(),
            list_version: RwSignal::default(),
            stats_version: RwSignal::default(),
            totals: RwSignal::new(initial.totals),
            listed: RwSignal::default(),
            partial: RwSignal::new(true),
            events: RwSignal::default(),
            connection: RwSignal::default(),
            summary: RwSignal::default(),
            is_watched: StoredValue::default(),
            newest: RwSignal::default(),
            as_of: RwSignal::default(),
            away: RwSignal::default(),
            now: RwSignal::new(initial.now),
            intervals: StoredValue::new(initial.intervals),
            watched_since: StoredValue::new(initial.now),
            initial: StoredValue::new(initial),
        };
        live.apply(messages);
        live.initial.with_value(|initial| {
            live.partial.set(initial.partial);
            live.totals.set(initial.totals);
        });
        live
    }

    /// The state of the connection to the server.
    pub fn connection(self) -> Signal<Connection> {
        self.connection.into()
    }

    /// Statistics of the connection, updated every second while they are watched.
    pub fn connection_summary(self) -> Signal<ConnectionSummary> {
        self.summary.into()
    }

    /// Sets whether [`Self::connection_summary`] is shown.
    pub fn watch_connection(self, is_watched: bool) {
        self.is_watched.set_value(is_watched);
    }

    /// Whether [`Self::connection_summary`] is shown.
    pub fn is_connection_watched(self) -> bool {
        self.is_watched.get_value()
    }

    /// Sets the statistics of the connection.
    pub fn set_connection_summary(self, summary: ConnectionSummary) {
        set_if_changed(self.summary, summary);
    }

    /// The current time: the server's clock at first, updated every second in the browser.
    pub fn now(self) -> Signal<Timestamp> {
        self.now.into()
    }

    /// When the newest figure on the page was read.
    pub fn newest(self) -> Signal<Option<Timestamp>> {
        self.newest.into()
    }

    /// The freshness of the containers of all hosts: live while any engine answers (see [`Self::away`] for
    /// the others), otherwise as of the earliest time.
    pub fn as_of(self) -> Signal<AsOf> {
        self.as_of.into()
    }

    /// Hosts whose engines do not answer while another one does.
    pub fn away(self) -> Signal<Vec<HostId>> {
        self.away.into()
    }

    /// Whether no state is known yet.
    pub fn loading(self) -> Signal<bool> {
        Signal::derive(move || self.hosts.read().is_empty())
    }

    /// Names of all hosts; changes only when a host is added or removed.
    pub fn hosts(self) -> Signal<Vec<HostId>> {
        self.hosts.into()
    }

    /// Whether there are several hosts, so that their names must be shown. Tracks the hosts.
    pub fn has_several_hosts(self) -> bool {
        self.hosts.read().len() > 1
    }

    /// Counts of all containers.
    pub fn totals(self) -> Signal<Totals> {
        self.totals.into()
    }

    /// Whether any list of containers has arrived; before that, an empty list means nothing.
    pub fn is_listed(self) -> Signal<bool> {
        self.listed.into()
    }

    /// Whether only the containers in view are known, until the first complete list has arrived.
    pub fn is_partial(self) -> Signal<bool> {
        self.partial.into()
    }

    /// Recent events, newest first.
    pub fn events(self) -> Signal<Vec<Arc<Event>>> {
        self.events.into()
    }

    /// Tracks every change of the list of containers (not of their figures).
    pub fn track_list(self) {
        self.list_version.track();
    }

    /// Tracks every new set of container figures.
    pub fn track_stats(self) {
        self.stats_version.track();
    }

    /// The rows of `query`, in order. Tracks nothing: see [`Self::track_list`].
    pub fn rows(self, query: &ContainerQuery) -> Vec<Row> {
        self.dashboard.with_value(|dashboard| query.rows(dashboard))
    }

    /// Reads the complete state. Tracks nothing: see [`Self::track_list`].
    pub fn with_dashboard<T>(self, read: impl FnOnce(&Dashboard) -> T) -> T {
        self.dashboard.with_value(read)
    }

    /// The signals of one container; `None` if it does not exist.
    pub fn row(self, id: WorkloadId) -> Option<RowSignals> {
        self.rows.with_value(|rows| rows.get(&id).cloned())
    }

    /// The signals of one host.
    pub fn host(self, id: &HostId) -> HostSignals {
        self.host_signals
            .with_value(|hosts| hosts.get(id).cloned())
            .unwrap_or_default()
    }

    /// The signals of one scope.
    pub fn scope(self, scope: Scope) -> HostSignals {
        let Scope::Host(host) = scope;
        self.host(&host)
    }

    /// Why an engine is unreachable, if one is.
    pub fn engine_failure(self) -> Memo<Option<String>> {
        Memo::new(move |_| {
            let hosts = self.hosts.read();
            let mut each = hosts.iter().map(|host| self.host(host));
            each.find_map(|host| host.engine_failure())
        })
    }

    /// Requests `action` from the server; the row's `action` signal has its progress. Does nothing unless
    /// [`Self::can_act`].
    pub fn act(self, id: WorkloadId, action: Action, options: ActionOptions) {
        let Some(row) = self.row(id) else { return };
        let is_busy = matches!(row.action.get_untracked(), Some(ActionState::Running(_)));
        if is_busy || !self.can_act(id) {
            return;
        }
        let Some(outbox) = self.outbox.get_value() else {
            return;
        };
        let target = id.reference();
        let request = ContainerAction {
            request_id: (outbox.new_request_id)(),
            container_id: target.id,
            action,
            host: Some(row.host()),
            options,
        };
        row.action.set(Some(ActionState::Running(action)));
        self.requests.update_value(|requests| {
            let pending = Request {
                id,
                action,
                before: row.workload.get_untracked(),
                done_at: None,
            };
            requests.insert(request.request_id.clone(), pending);
        });
        (outbox.send)(request);
    }

    /// Follows a log, or stops following it. Its lines are not part of this state: the viewer receives them.
    pub fn order_log(self, order: LogOrder) {
        if let Some(outbox) = self.outbox.try_get_value().flatten() {
            (outbox.order_log)(order);
        }
    }

    /// Removes the error of an action from its row.
    pub fn dismiss(self, id: WorkloadId) {
        if let Some(row) = self.row(id) {
            row.action.set(None);
        }
    }

    /// The base path: empty, or segments that each begin with a slash.
    pub fn base(self) -> String {
        self.initial.with_value(|initial| initial.base.clone())
    }

    /// The URL of `path`, a path as in the routes.
    pub fn href(self, path: &str) -> String {
        let base = self.base();
        match path {
            "/" if !base.is_empty() => base,
            path => base + path,
        }
    }

    /// The state with which the page began.
    pub fn initial(self) -> StoredValue<Initial> {
        self.initial
    }

    /// Installs the functions with which pages send.
    pub fn set_outbox(self, outbox: Outbox) {
        self.outbox.set_value(Some(outbox));
    }

    /// Sets the state of the connection.
    pub fn set_connection(self, connection: Connection) {
        let before = self.connection.get_untracked();
        if before != connection {
            if connection.is_connected() && !before.is_connected() {
                self.watched_since.set_value(self.now.get_untracked());
            }
            self.connection.set(connection);
            self.judge();
        }
    }

    /// Sets the current time.
    pub fn set_now(self, now: Timestamp) {
        self.now.set(now);
        self.judge();
        self.settle();
    }
}
