//! What pages see of the state, and the only code that changes it in the browser.

use super::{
    connection::Connection,
    initial::{Initial, InitialState, Inline},
    logs::LogOrder,
    signals::{ActionState, HostSignals, RowSignals},
    traffic::ConnectionSummary,
};
use crate::{
    model::{
        Action, ActionOptions, ContainerId, ContainerQuery, Dashboard, Event, HostId, Row,
        Timestamp, Totals, Touched,
    },
    protocol::{ApiError, ContainerAck, ContainerAction, ErrorCode, ServerMessage},
};
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

/// The live state of everything the page shows. A handle: copies show the same.
///
/// Rows and hosts own their signals, so that a new figure redraws one cell. The mirror of the
/// server's state beneath them changes only in [`Live::apply`].
#[derive(Clone, Copy, Debug)]
pub struct Live {
    dashboard: StoredValue<Dashboard>,
    rows: StoredValue<BTreeMap<ContainerId, RowSignals>>,
    host_signals: StoredValue<BTreeMap<HostId, HostSignals>>,
    requests: StoredValue<BTreeMap<String, ContainerId>>,
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
    now: RwSignal<Timestamp>,
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
            now: RwSignal::new(initial.now),
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

    /// Whether nothing is known yet.
    pub fn loading(self) -> Signal<bool> {
        Signal::derive(move || self.hosts.read().is_empty())
    }

    /// Names of all hosts; changes only when one comes or goes.
    pub fn hosts(self) -> Signal<Vec<HostId>> {
        self.hosts.into()
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
    pub fn row(self, id: ContainerId) -> Option<RowSignals> {
        self.rows.with_value(|rows| rows.get(&id).cloned())
    }

    /// The signals of one host.
    pub fn host(self, id: &HostId) -> HostSignals {
        self.host_signals
            .with_value(|hosts| hosts.get(id).cloned())
            .unwrap_or_default()
    }

    /// Asks the server to do `action`; the row's `action` signal tells how it goes.
    pub fn act(self, id: ContainerId, action: Action, options: ActionOptions) {
        let Some(row) = self.row(id) else { return };
        if matches!(row.action.get_untracked(), Some(ActionState::Running(_))) {
            return;
        }
        let Some(outbox) = self.outbox.get_value() else {
            return;
        };
        let request = ContainerAction {
            request_id: (outbox.new_request_id)(),
            container_id: id.into(),
            action,
            host: Some(row.host.clone()),
            options,
        };
        row.action.set(Some(ActionState::Running(action)));
        self.requests.update_value(|requests| {
            requests.insert(request.request_id.clone(), id);
        });
        (outbox.send)(request);
    }

    /// Follows a log, or no longer. Its lines are no part of this state: they go to whoever asked.
    pub fn order_log(self, order: LogOrder) {
        if let Some(outbox) = self.outbox.try_get_value().flatten() {
            (outbox.order_log)(order);
        }
    }

    /// Takes the failure of an action off its row.
    pub fn dismiss(self, id: ContainerId) {
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
        if self.connection.get_untracked() != connection {
            self.connection.set(connection);
        }
    }

    /// Advances the clock.
    pub fn set_now(self, now: Timestamp) {
        self.now.set(now);
    }

    /// Applies messages in order, then redraws once what they touched.
    pub fn apply(self, messages: Vec<ServerMessage>) {
        let mut touched = Touched::default();
        for message in messages {
            match message {
                ServerMessage::ContainerAck(ack) => self.acknowledge(ack),
                message => {
                    if matches!(message, ServerMessage::Containers { .. }) {
                        self.partial.set(false);
                    }
                    touched.merge(self.reduce(message));
                }
            }
        }
        self.draw(&touched);
    }

    fn reduce(self, message: ServerMessage) -> Touched {
        let Some(update) = message.into_update() else {
            return Touched::default();
        };
        let mut touched = Touched::default();
        self.dashboard
            .update_value(|dashboard| touched = dashboard.apply(update));
        touched
    }

    /// Hands an answer to the row it belongs to.
    pub fn acknowledge(self, ack: ContainerAck) {
        let mut id = None;
        self.requests
            .update_value(|requests| id = requests.remove(&ack.request_id));
        let Some(row) = id.and_then(|id| self.row(id)) else {
            return;
        };
        let internal = || ApiError::new(ErrorCode::Internal, "the server did not say why");
        row.action.set((!ack.success).then(|| ActionState::Failed {
            action: ack.action,
            error: ack.error.unwrap_or_else(internal),
        }));
    }

    /// Projects what changed in the mirror onto the signals, and nothing else: a tick of figures costs
    /// what it brings, not what there is.
    fn draw(self, touched: &Touched) {
        self.dashboard.with_value(|dashboard| {
            self.draw_hosts(dashboard, touched);
            self.draw_rows(dashboard, touched);
            if touched.events {
                self.events.set(dashboard.events.iter().cloned().collect());
            }
            let newest = dashboard
                .hosts
                .values()
                .flat_map(|host| [host.metrics_at, host.stats_at, host.containers_at]);
            set_if_changed(self.newest, newest.flatten().max());
            let mut hosts = dashboard.hosts.values();
            set_if_changed(self.listed, hosts.any(|host| host.containers_at.is_some()));
            if touched.is_list() && !self.partial.get_untracked() {
                let containers = dashboard.containers().map(|(_, container)| &**container);
                set_if_changed(self.totals, Totals::of(containers));
            }
        });
        if touched.is_list() {
            self.list_version.update(|version| *version += 1);
        }
        if !touched.stats.is_empty() {
            self.stats_version.update(|version| *version += 1);
        }
    }

    fn draw_hosts(self, dashboard: &Dashboard, touched: &Touched) {
        for name in &touched.hosts {
            let Some(host) = dashboard.hosts.get(name) else {
                continue;
            };
            let mut signals = None;
            self.host_signals.update_value(|hosts| {
                signals = Some(hosts.entry(name.clone()).or_default().clone());
            });
            let Some(signals) = signals else { continue };
            set_arc_if_changed(&signals.metrics, &host.metrics);
            set_arc_if_changed(&signals.metrics_at, &host.metrics_at);
            set_arc_if_changed(&signals.stats_at, &host.stats_at);
            set_arc_if_changed(&signals.sources, &host.sources);
        }
        let mut hosts: Vec<_> = dashboard.hosts.keys().cloned().collect();
        // What is real comes first.
        hosts.sort_by_key(HostId::is_demo);
        set_if_changed(self.hosts, hosts);
    }

    fn draw_rows(self, dashboard: &Dashboard, touched: &Touched) {
        self.rows.update_value(|rows| {
            for id in &touched.removed {
                rows.remove(id);
            }
            let hosts = touched.hosts.iter();
            let hosts = hosts.filter_map(|name| Some((name, dashboard.hosts.get(name)?)));
            for (name, host) in hosts {
                let listed = touched.containers.iter();
                for container in listed.filter_map(|id| host.containers.get(id)) {
                    let row = rows.entry(container.id).or_insert_with(|| RowSignals {
                        host: name.clone(),
                        container: ArcRwSignal::new(Arc::clone(container)),
                        // Figures may have come before the list.
                        stats: ArcRwSignal::new(host.stats.get(&container.id).cloned()),
                        action: ArcRwSignal::default(),
                    });
                    set_arc_if_changed(&row.container, container);
                }
                for id in &touched.stats {
                    if let Some(row) = rows.get(id).filter(|row| row.host == *name) {
                        set_arc_if_changed(&row.stats, &host.stats.get(id).cloned());
                    }
                }
            }
        });
    }
}

fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|known| *known != value) {
        signal.set(value);
    }
}

fn set_arc_if_changed<T: PartialEq + Clone + Send + Sync + 'static>(
    signal: &ArcRwSignal<T>,
    value: &T,
) {
    if signal.with_untracked(|known| known != value) {
        signal.set(value.clone());
    }
}
