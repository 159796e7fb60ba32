//! Encodes lists of container figures as differences to the previous list.

use super::{
    DecodeError, Reader, Wire, Writer, encode,
    figures::{self, NONE, figures, read_rows, sorted, write_rows},
    messages,
};
use crate::{
    model::{ContainerId, ContainerStats, HostId, Timestamp, Update},
    protocol::{Sequenced, ServerMessage},
};
use std::sync::Arc;

/// The last list of container figures per host, the base of differences.
///
/// A client that decodes frames in order, beginning with a complete list, has the right base. Each frame
/// names its base, so that a lost frame is detected.
#[derive(Clone, Debug, Default)]
pub struct Ticks(Vec<Tick>);

#[derive(Clone, Debug)]
struct Tick {
    host: HostId,
    seq: u64,
    at: i64,
    /// Sorted by id.
    stats: Vec<Arc<ContainerStats>>,
}

impl Ticks {
    /// Decodes a frame, and remembers its figures.
    ///
    /// # Errors
    /// When it is invalid, of another version, or refers to an unknown list.
    pub fn decode(&mut self, frame: &[u8]) -> Result<ServerMessage, DecodeError> {
        let mut reader = Reader::new(frame)?;
        let message = match reader.rest() {
            [messages::STATS_CHANGES, ..] => self.changes(&mut reader),
            _ => ServerMessage::read(&mut reader),
        };
        let message = reader.finish(message)?;
        self.remember(&message);
        Ok(message)
    }

    /// Remembers the figures of `message`, which must be sorted by id, if it has any.
    pub fn remember(&mut self, message: &ServerMessage) {
        let Some((seq, timestamp, host, data)) = stats_of(message) else {
            return;
        };
        self.0.retain(|tick| tick.host != host);
        self.0.push(Tick {
            host,
            seq,
            at: timestamp.as_millis(),
            stats: data.to_vec(),
        });
    }

    /// Forgets all lists: sequence numbers of another epoch are invalid.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn changes(&self, from: &mut Reader<'_>) -> ServerMessage {
        from.byte();
        let seq = from.number();
        let base_seq = seq.checked_sub(from.number());
        let timestamp = from.time();
        let host = HostId::read(from);
        let base_len = from.number();
        let base = self.0.iter().find(|tick| {
            tick.host == host
                && tick.stats.len() as u64 == base_len
                && base_seq.is_some_and(|base| base <= tick.seq && tick.seq < seq)
        });
        let data = match base {
            Some(base) => base.changed(timestamp.as_millis(), from),
            None => {
                from.fail_with(DecodeError::Base);
                Vec::new()
            }
        };
        let update = Update::Stats {
            timestamp,
            host,
            data,
        };
        ServerMessage::numbered(seq, update)
    }
}

/// Sequence number, time, host and figures of a message with container figures.
fn stats_of(message: &ServerMessage) -> Option<(u64, Timestamp, HostId, &[Arc<ContainerStats>])> {
    match message {
        ServerMessage::Update(Sequenced {
            update:
                Update::Stats {
                    timestamp,
                    host,
                    data,
                },
            seq,
        }) => Some((*seq, *timestamp, *host, data)),
        _ => None,
    }
}

impl Tick {
    fn changed(&self, at: i64, from: &mut Reader<'_>) -> Vec<Arc<ContainerStats>> {
        let row = |stats: &Arc<ContainerStats>| {
            let named = (stats.container_id, stats.container_name.clone());
            (named, figures(stats, self.at))
        };
        let mut rows: Vec<_> = self.stats.iter().map(row).collect();
        for _ in 0..from.count() {
            remove(&mut rows, from);
        }
        for _ in 0..from.count_of(ContainerId::LEN) {
            let id = ContainerId::read(from);
            let place = rows.partition_point(|((known, _), _)| *known < id);
            rows.insert(place, ((id, String::read(from)), NONE));
        }
        if !rows.is_sorted_by(|((a, _), _), ((b, _), _)| a < b) {
            from.fail();
        }
        for _ in 0..from.count() {
            let place = from.number();
            let name = String::read(from);
            match rows.get_mut(usize::try_from(place).unwrap_or(usize::MAX)) {
                Some(((_, known), _)) => *known = name,
                None => from.fail(),
            }
        }
        let (names, mut rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        read_rows(&mut rows, from);
        let rows = names.into_iter().zip(&rows);
        rows.map(|((id, name), row)| Arc::new(figures::stats(id, name, at, row)))
            .collect()
    }
}

fn remove<T>(rows: &mut Vec<T>, from: &mut Reader<'_>) {
    let place = usize::try_from(from.number()).unwrap_or(usize::MAX);
    if place < rows.len() {
        rows.remove(place);
    } else {
        from.fail();
    }
}

/// Encodes `message` as differences to `base`, an earlier message with figures of the same host; any other
/// message is encoded completely.
pub fn encode_tick(message: &ServerMessage, base: &ServerMessage) -> Vec<u8> {
    match (Stats::of(message), Stats::of(base)) {
        (Some(new), Some(old)) if new.host == old.host && old.seq < new.seq => {
            let mut writer = Writer::default();
            new.write_changes(&old, &mut writer);
            writer.finish()
        }
        _ => encode(message),
    }
}

/// A message with container figures.
struct Stats<'a> {
    seq: u64,
    at: Timestamp,
    host: HostId,
    list: Vec<&'a ContainerStats>,
}

impl<'a> Stats<'a> {
    fn of(message: &'a ServerMessage) -> Option<Self> {
        let (seq, at, host, data) = stats_of(message)?;
        Some(Self {
            seq,
            at,
            host,
            list: sorted(data),
        })
    }

    fn write_changes(&self, base: &Self, to: &mut Writer) {
        to.byte(messages::STATS_CHANGES);
        to.number(self.seq);
        to.number(self.seq - base.seq);
        to.time(self.at);
        self.host.write(to);
        to.count(base.list.len());

        // From the end, so that the earlier indices stay valid.
        let removed = (0..base.list.len()).rev().filter(|n| {
            let of = base.list.get(*n).map(|stats| stats.container_id);
            of.is_some_and(|id| self.find(id).is_none())
        });
        let removed: Vec<_> = removed.collect();
        to.count(removed.len());
        removed.iter().for_each(|n| to.count(*n));

        let before = |stats: &ContainerStats| base.find(stats.container_id);
        let added: Vec<_> = self.list.iter().filter(|s| before(s).is_none()).collect();
        to.count(added.len());
        for stats in added {
            stats.container_id.write(to);
            stats.container_name.write(to);
        }

        let is_renamed = |(_, stats): &(usize, &&ContainerStats)| {
            before(stats).is_some_and(|old| old.container_name != stats.container_name)
        };
        let renamed: Vec<_> = self.list.iter().enumerate().filter(is_renamed).collect();
        to.count(renamed.len());
        for (n, stats) in renamed {
            to.count(n);
            stats.container_name.write(to);
        }

        let row = |stats: &&ContainerStats| figures(stats, self.at.as_millis());
        let old = |stats: &&ContainerStats| {
            before(stats).map_or(NONE, |old| figures(old, base.at.as_millis()))
        };
        let rows: Vec<_> = self.list.iter().map(row).collect();
        let base: Vec<_> = self.list.iter().map(old).collect();
        write_rows(&rows, &base, to);
    }

    fn find(&self, id: ContainerId) -> Option<&'a ContainerStats> {
        let place = self
            .list
            .binary_search_by_key(&id, |stats| stats.container_id);
        self.list.get(place.ok()?).copied()
    }
}
