//! The state as messages.

use super::Frame;
use crate::{
    model::{Dashboard, Host, HostId, Update},
    protocol::{Channel, ServerMessage},
};
use std::sync::Arc;

/// Frames that make an empty dashboard equal to `dashboard` as far as `channel` goes.
pub(super) fn of(dashboard: &Dashboard, channel: Channel, seq: u64) -> Arc<[Arc<Frame>]> {
    dashboard
        .hosts
        .iter()
        .flat_map(|(id, host)| updates(id, host, channel))
        .map(|update| Arc::new(Frame::new(seq, ServerMessage::from_update(update, seq))))
        .collect()
}

/// The newest figures as they were told: later ones are told as changes to them, also to those of a
/// container that has ended since.
pub(super) fn of_ticks<'a>(
    ticks: impl Iterator<Item = &'a Arc<ServerMessage>>,
    seq: u64,
) -> Arc<[Arc<Frame>]> {
    let update = |message: &Arc<ServerMessage>| ServerMessage::clone(message).into_update();
    ticks
        .filter_map(update)
        .map(|update| Arc::new(Frame::new(seq, ServerMessage::from_update(update, seq))))
        .collect()
}

fn updates(id: &HostId, host: &Host, channel: Channel) -> Vec<Update> {
    let one = match channel {
        Channel::Containers => host.containers_at.map(|at| Update::Containers {
            host: id.clone(),
            at,
            containers: host.containers.values().cloned().collect(),
        }),
        Channel::Metrics => host
            .metrics
            .clone()
            .zip(host.metrics_at)
            .map(|(metrics, at)| Update::Metrics {
                host: id.clone(),
                at,
                metrics: Box::new(metrics),
            }),
        Channel::Sources => {
            return host.sources.values().cloned().map(Update::Source).collect();
        }
        Channel::Stats | Channel::Events | Channel::Logs(_) => None,
    };
    one.into_iter().collect()
}
