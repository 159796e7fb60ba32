//! What the server did wrong, and counts of what it did.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Examples that are kept of each kind: enough to begin a search with.
const EXAMPLES: usize = 5;

/// Something that must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Content outside of the audience of the client.
    Outside,
    /// A line of a log that is missing without a declared gap.
    Missing,
    /// A line of a log that was received twice.
    Doubled,
    /// A request without a response, or with an internal error.
    Unanswered,
    /// A client without a connection at the end, when nothing fails any more.
    Away,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 5] = [
        Self::Outside,
        Self::Missing,
        Self::Doubled,
        Self::Unanswered,
        Self::Away,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Outside => "messages outside an audience",
            Self::Missing => "log lines missing",
            Self::Doubled => "log lines doubled",
            Self::Unanswered => "unanswered requests",
            Self::Away => "clients not connected at the end",
        })
    }
}

/// How often a kind was found, and the first examples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) times: u64,
    pub(crate) examples: Vec<String>,
}

/// All findings and counts of a run.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Mutex<BTreeMap<Kind, Found>>,
    /// Messages received over sockets.
    pub(crate) messages: Count,
    /// Lines of logs received, of which the writers number each.
    pub(crate) lines: Count,
    /// Declared gaps in logs.
    pub(crate) gaps: Count,
    /// Connections opened.
    pub(crate) connections: Count,
    /// Requests sent, over sockets and HTTP.
    pub(crate) requests: Count,
    /// Changes of grants.
    pub(crate) changes: Count,
}

impl Findings {
    /// Records that `kind` happened `times` times.
    pub(crate) fn add(&self, kind: Kind, times: u64, example: impl FnOnce() -> String) {
        if times == 0 {
            return;
        }
        let mut found = self.lock();
        let found = found.entry(kind).or_default();
        found.times += times;
        if found.examples.len() < EXAMPLES {
            found.examples.push(example());
        }
    }

    /// What was found of `kind`.
    pub(crate) fn of(&self, kind: Kind) -> Found {
        self.lock().get(&kind).cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Kind, Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number of occurrences.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
