//! The only code that changes the state in the browser, and what is drawn of it.

use super::Live;
use crate::{
    client::signals::{ActionState, RowSignals},
    model::{Dashboard, HostId, Totals, Touched},
    protocol::{ApiError, ContainerAck, ErrorCode, ServerMessage},
};
use leptos::prelude::*;
use std::sync::Arc;

impl Live {
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
        self.judge();
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
                // A page that still shows the container must not take its last figures for current.
                if let Some(row) = rows.remove(id) {
                    set_arc_if_changed(&row.stats, &None);
                }
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
                        as_of: self.host(name).as_of,
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

pub(super) fn set_if_changed<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
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
