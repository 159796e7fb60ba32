//! Keeps the last counters of each container, so that one sample yields stats with rates.

use super::{
    cgroup::{Cgroups, Files},
    counters::{Counters, Target},
};
use crate::model::{ContainerId, ContainerStats, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

/// Samples containers and remembers their counters until the next sample.
#[derive(Debug)]
pub(super) struct Sampler {
    cgroups: Option<Cgroups>,
    known: BTreeMap<ContainerId, Known>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Known {
    pid: Option<u32>,
    files: Option<Files>,
    previous: Option<(Counters, Instant)>,
}

impl Sampler {
    /// A sampler that reads cgroup files if the engine is on this machine (`local`).
    pub(super) fn new(local: bool) -> Self {
        Self {
            cgroups: local.then(Cgroups::find).flatten(),
            known: BTreeMap::new(),
            buffer: Vec::new(),
        }
    }

    /// Samples `targets` from files. Returns the stats, and the targets without files, which must be
    /// requested from the engine. Blocks for a short time.
    pub(super) fn read(&mut self, targets: Vec<Target>) -> (Vec<ContainerStats>, Vec<Target>) {
        let wanted: BTreeSet<_> = targets.iter().map(|target| target.id).collect();
        self.known.retain(|id, _| wanted.contains(id));
        let (mut stats, mut without_files) = (Vec::with_capacity(targets.len()), Vec::new());
        for target in targets {
            match self.counters(&target) {
                Some(counters) => stats.push(self.record(&target, counters)),
                None => without_files.push(target),
            }
        }
        (stats, without_files)
    }

    fn counters(&mut self, target: &Target) -> Option<Counters> {
        let cgroups = self.cgroups.as_ref()?;
        let known = self
            .known
            .entry(target.id)
            .or_insert_with(|| Known::new(target));
        if known.pid != target.pid {
            *known = Known::new(target);
        }
        if known.files.is_none() {
            known.files = cgroups.open(target).ok();
        }
        let counters = known.files.as_mut()?.read(&mut self.buffer).ok();
        if counters.is_none() {
            known.files = None;
        }
        counters
    }

    /// The stats for counters that were read just now, from files or by the engine.
    pub(super) fn record(&mut self, target: &Target, counters: Counters) -> ContainerStats {
        let (now, at) = (Instant::now(), crate::server::clock::now());
        let known = self
            .known
            .entry(target.id)
            .or_insert_with(|| Known::new(target));
        let before = known.previous.replace((counters, now));
        let before = before.map(|(before, then)| (before, now.duration_since(then)));
        counters.stats(target, at, before)
    }
}

impl Known {
    fn new(target: &Target) -> Self {
        Self {
            pid: target.pid,
            files: None,
            previous: None,
        }
    }
}

/// The time of a sample: that of its newest stats.
pub(super) fn read_at(stats: &[ContainerStats]) -> Timestamp {
    stats
        .iter()
        .map(|stats| stats.timestamp)
        .max()
        .unwrap_or_else(crate::server::clock::now)
}
