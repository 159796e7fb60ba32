//! What pages see of the state. What changes it is in `apply`.

mod apply;
mod judge;

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
use apply::set_if_changed;
use leptos::prelude::*;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// How actions leave the page; installed by the driver.
#[derive(Clone)]
pub struct Outbox {
    /// Makes an id that no other page makes.
    pub new_request_id: fn() -> String,
    /// Sends an action, over whatever transport works.
    pub send: Arc<dyn Fn(ContainerAction) + Send + Sync>,
    /// Follows logs, or no longer.
    pub order_log: Arc<dyn Fn(LogOrder) + Send + Sync>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}

/// An action that this page asked for.
#[derive(Clone, Debug)]
struct Request {
    id: WorkloadId,
    action: Action,
    /// How the workload was then.
    before: Workload,
    /// When the server confirmed it; `None` until then.
    done_at: Option<Timestamp>,
}

/// The live state of everything the page shows. A handle: copies show the same.
///
/// Rows and hosts own their signals, so that a new figure redraws one cell. The mirror of the
/// server's state beneath them changes only in [`Live::apply`].
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
    /// Since when this page has watched figures of containers.
    watched_since: StoredValue<Timestamp>,
}

/// Makes [`use_live`] work below the calling component, beginning with the snapshot in the HTML.
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

    /// How the page hears from the server.
    pub fn connection(self) -> Signal<Connection> {
        self.connection.into()
    }

    /// What came over the connection, counted every second while it is watched.
    pub fn connection_summary(self) -> Signal<ConnectionSummary> {
        self.summary.into()
    }

    /// Whether somebody looks at [`Self::connection_summary`].
    pub fn watch_connection(self, is_watched: bool) {
        self.is_watched.set_value(is_watched);
    }

    /// Whether somebody looks at [`Self::connection_summary`].
    pub fn is_connection_watched(self) -> bool {
        self.is_watched.get_value()
    }

    /// Says what came over the connection.
    pub fn set_connection_summary(self, summary: ConnectionSummary) {
        set_if_changed(self.summary, summary);
    }

    /// The present: the server's clock at first, then one that advances every second.
    pub fn now(self) -> Signal<Timestamp> {
        self.now.into()
    }

    /// When the newest figure on the page was read.
    pub fn newest(self) -> Signal<Option<Timestamp>> {
        self.newest.into()
    }

    /// Of which moment the containers of all hosts are: of the present while any engine answers (see
    /// [`Self::away`] for the others), else of the earliest of their moments.
    pub fn as_of(self) -> Signal<AsOf> {
        self.as_of.into()
    }

    /// Hosts whose engines do not answer while another's does.
    pub fn away(self) -> Signal<Vec<HostId>> {
        self.away.into()
    }

    /// Whether nothing is known yet.
    pub fn loading(self) -> Signal<bool> {
        Signal::derive(move || self.hosts.read().is_empty())
    }

    /// Names of all hosts; changes only when one comes or goes.
    pub fn hosts(self) -> Signal<Vec<HostId>> {
        self.hosts.into()
    }

    /// Whether there is more than one host, so that its name has to stand beside what is on it. Follows
    /// the hosts.
    pub fn has_several_hosts(self) -> bool {
        self.hosts.read().len() > 1
    }

    /// Counts over all containers.
    pub fn totals(self) -> Signal<Totals> {
        self.totals.into()
    }

    /// Whether any engine has told its containers: before that, none is not the same as none known.
    pub fn is_listed(self) -> Signal<bool> {
        self.listed.into()
    }

    /// Whether only the containers in view are known, until the first full list has come.
    pub fn is_partial(self) -> Signal<bool> {
        self.partial.into()
    }

    /// What happened lately, newest first.
    pub fn events(self) -> Signal<Vec<Arc<Event>>> {
        self.events.into()
    }

    /// Follows every change to the list of containers (not to their figures).
    pub fn track_list(self) {
        self.list_version.track();
    }

    /// Follows every new set of figures of containers.
    pub fn track_stats(self) {
        self.stats_version.track();
    }

    /// The rows `query` shows, in order. Follows nothing: see [`Self::track_list`].
    pub fn rows(self, query: &ContainerQuery) -> Vec<Row> {
        self.dashboard.with_value(|dashboard| query.rows(dashboard))
    }

    /// Reads the state as a whole. Follows nothing: see [`Self::track_list`].
    pub fn with_dashboard<T>(self, read: impl FnOnce(&Dashboard) -> T) -> T {
        self.dashboard.with_value(read)
    }

    /// The signals of one container, while there is such a container.
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

    /// Why an engine cannot be reached, while one cannot.
    pub fn engine_failure(self) -> Memo<Option<String>> {
        Memo::new(move |_| {
            let hosts = self.hosts.read();
            let mut each = hosts.iter().map(|host| self.host(host));
            each.find_map(|host| host.engine_failure())
        })
    }

    /// Asks the server to do `action`; the row's `action` signal tells how it goes. Does nothing while
    /// the container is not known to be as it is shown.
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

    /// Follows a log, or no longer. Its lines are no part of this state: they go to whoever asked.
    pub fn order_log(self, order: LogOrder) {
        if let Some(outbox) = self.outbox.try_get_value().flatten() {
            (outbox.order_log)(order);
        }
    }

    /// Whether the container is known to be as it is shown, so that it can be acted upon. Follows
    /// nothing.
    pub fn can_act(self, id: WorkloadId) -> bool {
        self.row(id)
            .is_some_and(|row| row.as_of.get_untracked().is_live())
    }

    /// Whether any of these containers can be acted upon. Follows them.
    pub fn can_act_on<'a>(self, ids: impl IntoIterator<Item = &'a WorkloadId>) -> bool {
        let mut rows = ids.into_iter().filter_map(|id| self.row(*id));
        rows.any(|row| row.as_of.get().is_live())
    }

    /// Takes the failure of an action off its row.
    pub fn dismiss(self, id: WorkloadId) {
        if let Some(row) = self.row(id) {
            row.action.set(None);
        }
    }

    /// What every path on the server begins with: nothing, or names that each follow a slash.
    pub fn base(self) -> String {
        self.initial.with_value(|initial| initial.base.clone())
    }

    /// Where `path`, as the routes name it, is on the server.
    pub fn href(self, path: &str) -> String {
        let base = self.base();
        match path {
            "/" if !base.is_empty() => base,
            path => base + path,
        }
    }

    /// What the page began with.
    pub fn initial(self) -> StoredValue<Initial> {
        self.initial
    }

    /// Lets actions leave the page through `outbox`.
    pub fn set_outbox(self, outbox: Outbox) {
        self.outbox.set_value(Some(outbox));
    }

    /// Says how the page hears from the server.
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

    /// Advances the clock.
    pub fn set_now(self, now: Timestamp) {
        self.now.set(now);
        self.judge();
        self.settle();
    }
}
