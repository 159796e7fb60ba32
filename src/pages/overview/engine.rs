//! A host that is known only from its engine: the resource use of its containers, and the engine's
//! description of the machine. The machine's own figures cannot be read remotely, and are not estimated.

use super::host::HostTitle;
use crate::{
    client::{HostSignals, use_live},
    i18n::{say, use_text},
    model::{HostId, Machine, SourceKind, Used, format},
};
use leptos::prelude::*;

/// A host that is known only from its engine.
#[component]
pub(super) fn EngineCard(
    /// The host.
    host: HostId,
) -> impl IntoView {
    let text = use_text();
    let signals = use_live().host(&host);
    let as_of = signals.as_of.clone();
    let mark = as_of.clone();
    view! {
        <section class="card host" data-testid="engine" data-freshness=move || mark.get().freshness.mark()>
            <HostTitle host=host signals=signals.clone() as_of />
            <Tiles host signals />
            <p class="hint faint">{say(text, |text| text.frame.engine_only)}</p>
        </section>
    }
}

#[component]
fn Tiles(
    /// The host.
    host: HostId,
    /// Its signals.
    signals: HostSignals,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let sources = signals.sources;
    let machine = Memo::new(move |_| {
        let sources = sources.read();
        let engine = sources.get(&SourceKind::Docker);
        engine
            .and_then(|engine| engine.machine.clone())
            .unwrap_or_default()
    });
    let used = Memo::new(move |_| {
        live.track_list();
        live.track_stats();
        if live.is_partial().get() {
            return Used::default();
        }
        live.with_dashboard(|dashboard| dashboard.hosts.get(&host).map(Used::of))
            .unwrap_or_default()
    });
    let frame = move || text.get().frame;
    let cpu = Signal::derive(move || {
        let (used, machine) = (used.read(), machine.read());
        let cores = machine
            .cores
            .map(|cores| format!("{cores} {}", frame().cores));
        let share = used.cpu_percent.map(|cpu| share(cpu, &machine));
        (frame().containers_cpu, share, cores)
    });
    let memory = Signal::derive(move || {
        let total = machine.read().memory;
        let total = total.map(|total| format!("{} {}", frame().used_of, format::bytes(total)));
        (
            frame().containers_memory,
            used.read().memory.map(format::bytes),
            total,
        )
    });
    let running = Signal::derive(move || {
        let used = used.read();
        let running = used.is_listed.then(|| used.running.to_string());
        let all = used.is_listed.then(|| (frame().of_containers)(used.all));
        (frame().running_containers, running, all)
    });
    let system = Signal::derive(move || {
        let machine = machine.read();
        let parts = [&machine.architecture, &machine.kernel].into_iter();
        let parts: Vec<_> = parts.flatten().cloned().collect();
        (frame().machine, machine.os.clone(), Some(parts.join(" · ")))
    });
    view! { <div class="tiles">{[cpu, memory, running, system].map(tile).collect_view()}</div> }
}

/// The name of a figure, its value, and a detail; `None` when unknown.
type Figure = (&'static str, Option<String>, Option<String>);

fn tile(figure: Signal<Figure>) -> impl IntoView {
    let value = move || figure.get().1.unwrap_or_else(|| format::UNKNOWN.to_owned());
    view! {
        <div class="tile">
            <div class="key">{move || figure.get().0}</div>
            <div class="value num">{value}</div>
            <div class="detail num">{move || figure.get().2}</div>
        </div>
    }
}

/// CPU of containers (in percent of one core) as text; relative to the machine if its cores are known.
fn share(cpu_percent: f64, machine: &Machine) -> String {
    let cores = machine.cores.map_or(1.0, f64::from);
    format::percent((cpu_percent / cores) as f32)
}
