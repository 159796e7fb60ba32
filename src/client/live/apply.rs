//! The only code that changes the state in the browser, and the signals derived from it.

use super::{Live, Request};
use crate::{
    client::signals::{ActionState, RowSignals},
    model::{Dashboard, HostId, Scope, Totals, Touched, Update as Change},
    protocol::{ApiError, ContainerAck, ErrorCode, Sequenced, ServerMessage},
};
use leptos::prelude::*;
use std::time::Duration;

/// Time after a success in which the workload should show it: after a lost event, the next complete list
/// arrives within ten seconds.
const SHOWN_WITHIN: Duration = Duration::from_secs(12);

impl Live {
    /// Applies messages in order, then updates the signals of the changed parts once.
    pub fn apply(self, messages: Vec<ServerMessage>) {
        let mut touched = Touched::default();
        for message in messages {
            match message {
                ServerMessage::ContainerAck(ack) => self.acknowledge(ack),
                ServerMessage::Connected { intervals, .. } => self.intervals.set_value(intervals),
                message => {
                    touched.merge(self.reduce(message));
                }
            }
        }
        self.draw(&touched);
        self.settle();
    }

    fn reduce(self, message: ServerMessage) -> Touched {
        let ServerMessage::Update(Sequenced { update, .. }) = message else {
            return Touched::default();
        };
        if matches!(update, Change::Containers { .. }) {
            self.partial.set(false);
        }
        let mut touched = Touched::default();
        self.dashboard
            .update_value(|dashboard| touched = dashboard.apply(update));
        touched
    }

    /// Passes a response to its row. After a success the row stays busy until the workload shows the effect.
    fn acknowledge(self, ack: ContainerAck) {
        let mut failed = None;
        self.requests.update_value(|requests| {
            if ack.success {
                if let Some(request) = requests.get_mut(&ack.request_id) {
                    request.done_at = Some(self.now.get_untracked());
                }
            } else {
                failed = requests.remove(&ack.request_id);
            }
        });
        let row = failed.and_then(|request| self.row(request.id));
        if let Some(row) = row {
            let internal = || ApiError::new(ErrorCode::Internal, "the server did not say why");
            row.action.set(Some(ActionState::Failed {
                action: ack.action,
                error: ack.error.unwrap_or_else(internal),
            }));
        }
    }

    /// Ends actions whose effect is visible, or should have been visible long ago.
    pub(super) fn settle(self) {
        let now = self.now.get_untracked();
        let is_over = |request: &Request| {
            let Some(done_at) = request.done_at else {
                return false;
            };
            let shows = |row: RowSignals| {
                let workload = row.workload.read_untracked();
                request.action.is_shown(&request.before, &workload)
            };
            done_at.age(now) >= SHOWN_WITHIN || self.row(request.id).is_none_or(shows)
        };
        let mut over = Vec::new();
        self.requests.update_value(|requests| {
            let ended = requests.extract_if(.., |_, request| is_over(request));
            over.extend(ended.map(|(_, request)| request.id));
        });
        for row in over.into_iter().filter_map(|id| self.row(id)) {
            row.action.set(None);
        }
    }

    /// Updates the signals of the changed parts only, so that the cost depends on the size of the change.
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
        self.judge();
        if touched.is_list() {
            self.list_version.update(|version| *version += 1);
        }
        if !touched.figures.is_empty() {
            self.stats_version.update(|version| *version += 1);
        }
    }

    fn draw_hosts(self, dashboard: &Dashboard, touched: &Touched) {
        for Scope::Host(name) in &touched.scopes {
            let Some(host) = dashboard.hosts.get(name) else {
                continue;
            };
            let mut signals = None;
            self.host_signals.update_value(|hosts| {
                signals = Some(hosts.entry(*name).or_default().clone());
            });
            let Some(signals) = signals else { continue };
            set_arc_if_changed(&signals.metrics, &host.metrics);
            set_arc_if_changed(&signals.metrics_at, &host.metrics_at);
            set_arc_if_changed(&signals.sources, &host.sources);
        }
        let mut hosts: Vec<_> = dashboard.hosts.keys().copied().collect();
        // Real hosts come first.
        hosts.sort_by_key(HostId::is_demo);
        set_if_changed(self.hosts, hosts);
    }

    fn draw_rows(self, dashboard: &Dashboard, touched: &Touched) {
        self.rows.update_value(|rows| {
            for id in &touched.removed {
                // A page may still show the container, and its last figures would look current.
                if let Some(row) = rows.remove(id) {
                    set_arc_if_changed(&row.figures, &None);
                }
            }
            for id in &touched.changed {
                let Some(workload) = dashboard.workload(*id) else {
                    continue;
                };
                let row = rows.entry(*id).or_insert_with(|| RowSignals {
                    id: *id,
                    workload: ArcRwSignal::new(workload.clone()),
                    // Figures may have arrived before the list.
                    figures: ArcRwSignal::new(dashboard.figures(*id)),
                    action: ArcRwSignal::default(),
                    as_of: self.scope(id.scope).as_of,
                    figures_as_of: self.scope(id.scope).figures_as_of,
                });
                set_arc_if_changed(&row.workload, &workload);
            }
            for id in &touched.figures {
                if let Some(row) = rows.get(id) {
                    set_arc_if_changed(&row.figures, &dashboard.figures(*id));
                }
            }
        });
    }
}

pub(in crate::client) fn set_if_changed<T: PartialEq + Send + Sync + 'static>(
    signal: RwSignal<T>,
    value: T,
) {
    if signal.with_untracked(|known| *known != value) {
        signal.set(value);
    }
}

pub(super) fn set_arc_if_changed<T: PartialEq + Clone + Send + Sync + 'static>(
    signal: &ArcRwSignal<T>,
    value: &T,
) {
    if signal.with_untracked(|known| known != value) {
        signal.set(value.clone());
    }
}
