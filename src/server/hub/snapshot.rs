//! Snapshots: the state as messages.

use super::Frame;
use crate::{
    model::{Dashboard, Host, HostId, Update},
    protocol::{Channel, ChannelKind, ServerMessage},
};
use std::sync::Arc;

/// The frames that make an empty dashboard equal to `dashboard` as far as `channel` carries it.
pub(super) fn of(dashboard: &Dashboard, channel: Channel, seq: u64) -> Arc<[Arc<Frame>]> {
    let hosts = dashboard.hosts.iter();
    hosts
        .flat_map(|(id, host)| updates(*id, host, channel.kind))
        .map(|update| frame(update, seq))
        .collect()
}

/// Messages that were sent before, now with the sequence number `seq`.
pub(super) fn again<'a>(
    sent: impl Iterator<Item = &'a Arc<ServerMessage>>,
    seq: u64,
) -> Arc<[Arc<Frame>]> {
    sent.filter_map(|message| message.update())
        .map(|update| frame(update.clone(), seq))
        .collect()
}

fn frame(update: Update, seq: u64) -> Arc<Frame> {
    let message = ServerMessage::numbered(seq, update);
    Arc::new(Frame::new(seq, message))
}

fn updates(id: HostId, host: &Host, channel: ChannelKind) -> Vec<Update> {
    let one = match channel {
        ChannelKind::Containers => host
            .containers_at
            .map(|at| Update::containers(id, at, &host.containers)),
        ChannelKind::Metrics => {
            let known = host.metrics.clone().zip(host.metrics_at);
            known.map(|(data, timestamp)| Update::Metrics {
                timestamp,
                host: id,
                data,
            })
        }
        ChannelKind::Sources => {
            return host.sources.values().cloned().map(Update::Source).collect();
        }
        ChannelKind::Stats | ChannelKind::Events | ChannelKind::Logs => None,
    };
    one.into_iter().collect()
}
