//! Keeps what was counted last, so that one look gives figures.

use super::{
    cgroup::{Cgroups, Files},
    counters::{Counters, Target},
};
use crate::model::{ContainerId, ContainerStats, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

/// Samples containers and remembers their counters until the next time.
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
    /// Reads the kernel's files where the engine is on this machine (`local`).
    pub(super) fn new(local: bool) -> Self {
        Self {
            cgroups: local.then(Cgroups::find).flatten(),
            known: BTreeMap::new(),
            buffer: Vec::new(),
        }
    }

    /// Samples `targets` from files. Returns the figures, and the targets that have no files and
    /// must be asked of the engine. Blocks, though not for long.
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

    /// The figures for what was counted just now, by whomever.
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

/// When a set of figures was read: the time of its newest.
pub(super) fn read_at(stats: &[ContainerStats]) -> Timestamp {
    stats
        .iter()
        .map(|stats| stats.timestamp)
        .max()
        .unwrap_or_else(crate::server::clock::now)
}
