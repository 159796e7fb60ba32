//! Of which moment everything on the page is: judged whenever something comes and time passes.

use super::{
    Live,
    apply::{set_arc_if_changed, set_if_changed},
};
use crate::model::{AsOf, Host, LONGEST_INTERVAL, SourceStatus};
use leptos::prelude::*;

impl Live {
    /// Says of which moment hosts and their containers are, by connection, sources and age.
    pub(super) fn judge(self) {
        let now = self.now.get_untracked();
        let is_connected = self.connection.get_untracked().is_connected();
        let link = AsOf::connection(is_connected, self.newest.get_untracked(), now);
        // A host that never told of its containers says nothing about those that are shown.
        let (mut shown, mut others) = (None, link);
        let (mut away, mut is_any_live) = (Vec::new(), false);
        self.dashboard.with_value(|dashboard| {
            for (name, host) in &dashboard.hosts {
                let signals = self.host(name);
                let containers = link.and(AsOf::engine(engine(host)));
                set_arc_if_changed(&signals.as_of, &containers);
                let metrics = link.and(AsOf::figure(host.metrics_at, now, LONGEST_INTERVAL));
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

/// What is known of the engine that tells of the host's containers.
fn engine(host: &Host) -> Option<&SourceStatus> {
    host.sources.values().find(|status| status.is_engine())
}
