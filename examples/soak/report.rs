//! The report at the end of a run.

use crate::{
    findings::{Findings, Kind},
    shared::Shared,
    vitals::{InUse, Memory},
};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// What may be in use at the end beyond the start: two descriptors for each of three more readers of the
/// database, which are opened when they are needed; connections to the engine that are kept; and the request
/// that reads the counts.
pub(crate) const SLACK: InUse = InUse {
    descriptors: 10,
    tasks: 4,
    clients: 0,
};
/// Growth of memory in MiB per hour above which a run fails. An estimate: caches and faults move memory by some
/// MiB, which half an hour turns into a slope of this size.
const MAX_SLOPE: f64 = 24.0;
/// Shortest run whose growth is judged: in a shorter one the caches still fill.
const JUDGED: Duration = Duration::from_secs(20 * 60);

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) shared: Arc<Shared>,
    pub(crate) memory: Memory,
    pub(crate) start: InUse,
    pub(crate) end: InUse,
    pub(crate) took: Duration,
    /// How often each fault was caused.
    pub(crate) faults: BTreeMap<&'static str, u64>,
    pub(crate) has_engine: bool,
}

impl Report {
    /// Whether nothing was wrong.
    pub(crate) fn is_passed(&self) -> bool {
        let nothing_found = Kind::ALL
            .into_iter()
            .all(|kind| self.all().of(kind).times == 0);
        nothing_found && self.is_flat() && self.end.is_like(&self.start, &SLACK)
    }

    fn all(&self) -> &Findings {
        &self.shared.findings
    }

    fn is_flat(&self) -> bool {
        let is_judged = self.took >= JUDGED;
        !is_judged || self.memory.slope().is_some_and(|slope| slope <= MAX_SLOPE)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.all();
        writeln!(f, "\nfaults")?;
        for (name, times) in &self.faults {
            writeln!(f, "  {name:<34} {times:>9}")?;
        }
        writeln!(f, "work")?;
        for (name, count) in [
            ("connections opened", &all.connections),
            ("requests", &all.requests),
            ("messages received", &all.messages),
            ("log lines received", &all.lines),
            ("declared gaps", &all.gaps),
            ("changes of grants", &all.changes),
        ] {
            writeln!(f, "  {name:<34} {:>9}", count.get())?;
        }
        writeln!(f, "result")?;
        for kind in Kind::ALL {
            self.found(f, kind)?;
        }
        self.in_use(f)?;
        let verdict = if self.is_passed() { "passed" } else { "FAILED" };
        writeln!(f, "{verdict}")
    }
}

impl Report {
    fn found(&self, f: &mut fmt::Formatter<'_>, kind: Kind) -> fmt::Result {
        let found = self.all().of(kind);
        let is_unchecked = !self.has_engine && matches!(kind, Kind::Missing | Kind::Doubled);
        let remark = match found.times {
            0 if is_unchecked => "not checked without an engine",
            0 => "ok",
            _ => "FAILED",
        };
        writeln!(f, "  {kind:<34} {:>9}  {remark}", found.times)?;
        for example in &found.examples {
            writeln!(f, "      {example}")?;
        }
        Ok(())
    }

    fn in_use(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slope = self.memory.slope().unwrap_or(f64::NAN);
        let remark = match self.took >= JUDGED {
            false => "not judged in a short run",
            true if self.is_flat() => "ok",
            true => "FAILED",
        };
        let last = self.memory.last();
        writeln!(f, "  {:<34} {last:>9.1}", "memory at the end, MiB")?;
        writeln!(
            f,
            "  {:<34} {slope:>9.1}  {remark}",
            "its growth, MiB per hour"
        )?;
        let (start, end) = (&self.start, &self.end);
        for (name, start, end, slack) in [
            (
                "descriptors",
                start.descriptors,
                end.descriptors,
                SLACK.descriptors,
            ),
            ("tasks", start.tasks, end.tasks, SLACK.tasks),
            (
                "clients after their end",
                start.clients,
                end.clients,
                SLACK.clients,
            ),
        ] {
            let remark = if end <= start + slack { "ok" } else { "FAILED" };
            let change = format!("{start} → {end}");
            writeln!(f, "  {name:<34} {change:>9}  {remark}")?;
        }
        Ok(())
    }
}
