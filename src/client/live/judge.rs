//! Updates the freshness of everything on the page, when data arrives and while time passes.

use super::{
    Live,
    apply::{set_arc_if_changed, set_if_changed},
};
use crate::model::{AsOf, Host, SourceStatus};
use leptos::prelude::*;

impl Live {
    /// Updates the freshness of hosts and their containers, from connection, sources and age.
    pub(super) fn judge(self) {
        let now = self.now.get_untracked();
        let is_connected = self.connection.get_untracked().is_connected();
        let intervals = self.intervals.get_value();
        let since = self.watched_since.get_value();
        let newest = self.newest.get_untracked();
        let link = AsOf::connection(is_connected, newest, now, intervals.metrics());
        // A host whose containers were never listed does not affect the shown ones.
        let (mut shown, mut others) = (None, link);
        let (mut away, mut is_any_live) = (Vec::new(), false);
        self.dashboard.with_value(|dashboard| {
            for (name, host) in &dashboard.hosts {
                let signals = self.host(name);
                let containers = link.and(AsOf::engine(engine(host)));
                set_arc_if_changed(&signals.as_of, &containers);
                let figures = AsOf::watched(host.stats_at, since, now, intervals);
                set_arc_if_changed(&signals.figures_as_of, &containers.and(figures));
                let metrics = AsOf::figure(host.metrics_at, now, intervals.metrics());
                let metrics = link.and(metrics);
                set_arc_if_changed(&signals.metrics_as_of, &metrics);
                match host.containers_at {
                    Some(_) => shown = Some(shown.unwrap_or(link).and(containers)),
                    None => others = others.and(containers),
                }
                let is_live = containers.is_live();
                is_any_live |= is_live && host.containers_at.is_some();
                if !is_live {
                    away.push(*name);
                }
            }
        });
        if is_any_live {
            set_if_changed(self.as_of, link);
        } else {
            away.clear();
            set_if_changed(self.as_of, shown.unwrap_or(others));
        }
        set_if_changed(self.away, away);
    }
}

/// The status of the engine of the host, if known.
fn engine(host: &Host) -> Option<&SourceStatus> {
    host.sources.values().find(|status| status.is_engine())
}
