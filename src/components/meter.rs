//! A bar with a figure.

use crate::{
    client::{RowSignals, use_live},
    i18n::use_text,
    model::{Container, ContainerStats, HostMetrics, format},
};
use leptos::prelude::*;

/// The figure of a meter, which determines its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeterKind {
    /// Processor.
    Cpu,
    /// Memory.
    Memory,
}

/// Percentage from which on a resource is nearly exhausted.
const HOT_PERCENT: f32 = 80.0;
/// Percentage from which on a resource is exhausted.
const FULL_PERCENT: f32 = 92.0;

/// A container's resource use relative to its limit, or to its host's resources if it has none.
#[component]
pub fn Meter(
    /// The measured resource.
    kind: MeterKind,
    /// The container's signals.
    row: RowSignals,
) -> impl IntoView {
    let text = use_text();
    let metrics = use_live().host(&row.host()).metrics;
    let used = row.clone();
    let percent = Memo::new(move |_| {
        // The number of cores of a host does not change, and its other figures are irrelevant here.
        let host = metrics.read_untracked();
        share(kind, &used.container(), &*used.stats()?, host.as_deref())
    });
    let words = move || {
        let (container, text) = (row.container(), text.get());
        let words = row
            .stats()
            .and_then(|stats| words(kind, &container, &stats, text.frame.used_of));
        words.unwrap_or_else(|| format::UNKNOWN.to_owned())
    };
    let class = move || {
        let level = match percent.get() {
            Some(percent) if percent >= FULL_PERCENT => " full",
            Some(percent) if percent >= HOT_PERCENT => " hot",
            _ => "",
        };
        let kind = match kind {
            MeterKind::Cpu => "cpu",
            MeterKind::Memory => "memory",
        };
        format!("meter {kind}{level}")
    };
    // In whole percent: a bar a few dozen pixels wide shows no more, and it changes less often.
    let width = move || {
        let percent = percent.get().unwrap_or(0.0).clamp(0.0, 100.0);
        format!("{}%", percent.round() as u8)
    };
    view! {
        <div class=class>
            <svg class="track" aria-hidden="true">
                <rect class="fill" height="100%" width=width />
            </svg>
            <span class="num">{words}</span>
        </div>
    }
}

/// The fill level of the bar, in percent.
fn share(
    kind: MeterKind,
    container: &Container,
    stats: &ContainerStats,
    host: Option<&HostMetrics>,
) -> Option<f32> {
    let of_host = || Some(host?.cpu.cores as f32);
    match kind {
        MeterKind::Cpu => stats.cpu_share(container.cores().or_else(of_host)?),
        MeterKind::Memory => stats.memory_percent,
    }
}

/// The figure as text; with a limit, the percentage of the limit and the limit itself.
fn words(
    kind: MeterKind,
    container: &Container,
    stats: &ContainerStats,
    of: &str,
) -> Option<String> {
    let (used, limit) = match kind {
        MeterKind::Cpu => match container.cores() {
            Some(cores) => {
                let share = stats.cpu_share(cores)?;
                (
                    format::percent(share),
                    Some(format!("{of} {}", format::decimal(cores))),
                )
            }
            None => (format::percent(stats.cpu_percent?), None),
        },
        MeterKind::Memory => {
            let limit = stats.memory_limit;
            let used = format::bytes(stats.memory_usage?);
            (
                used,
                limit.map(|limit| format!("/ {}", format::bytes(limit))),
            )
        }
    };
    Some(match limit {
        Some(limit) => format!("{used} {limit}"),
        None => used,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timestamp, fixtures};

    fn said(
        kind: MeterKind,
        change: impl FnOnce(&mut Container, &mut ContainerStats),
    ) -> Option<String> {
        let mut container = fixtures::container(1);
        let mut stats =
            ContainerStats::unknown(container.id, container.name.clone(), Timestamp::default());
        change(&mut container, &mut stats);
        words(kind, &container, &stats, "of")
    }

    #[test]
    fn against_a_limit_the_words_are_of_the_limit() {
        let limited = said(MeterKind::Cpu, |container, stats| {
            container.nano_cpus = Some(250_000_000);
            stats.cpu_percent = Some(24.8);
        });
        assert_eq!(limited.as_deref(), Some("99.2 % of 0.25"));
        let free = said(MeterKind::Cpu, |_, stats| stats.cpu_percent = Some(250.0));
        assert_eq!(free.as_deref(), Some("250 %"));
        let memory = |limit| {
            said(MeterKind::Memory, |_, stats| {
                stats.memory_usage = Some(128 << 20);
                stats.memory_limit = limit;
            })
        };
        assert_eq!(
            memory(Some(512 << 20)).as_deref(),
            Some("128 MiB / 512 MiB")
        );
        assert_eq!(memory(None).as_deref(), Some("128 MiB"));
        assert_eq!(said(MeterKind::Memory, |_, _| ()), None);
    }
}
