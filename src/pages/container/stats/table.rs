//! The figures of the charts, as a table.

use super::view::StatsView;
use crate::{
    client::use_zone,
    i18n::{say, use_text},
    model::{Figure, StatsPoint, format},
    plot::Unit,
};
use leptos::{html::Details, prelude::*};

/// The columns after the time.
const COLUMNS: [(Figure, Unit); Figure::ALL.len()] = [
    (Figure::Cpu, Unit::Percent),
    (Figure::Memory, Unit::Bytes),
    (Figure::MemoryLimit, Unit::Bytes),
    (Figure::NetworkRx, Unit::Rate),
    (Figure::NetworkTx, Unit::Rate),
    (Figure::BlockRead, Unit::Rate),
    (Figure::BlockWrite, Unit::Rate),
    (Figure::Pids, Unit::Count),
];

/// The figures of the charts, newest first. The rows are not updated while it is closed.
#[component]
pub(super) fn StatsTable(
    /// The data of the charts.
    view: StatsView,
) -> impl IntoView {
    let text = use_text();
    let node = NodeRef::<Details>::new();
    let is_open = RwSignal::new(false);
    let toggled = move |_| is_open.set(node.get_untracked().is_some_and(|details| details.open()));
    let rows = move || {
        let mut points = if is_open.get() {
            view.points.get()
        } else {
            view.first.get_value()
        };
        points.reverse();
        points
    };
    let head = move || {
        let text = text.get().stats();
        let names = [
            text.time,
            text.cpu,
            text.memory,
            text.limit,
            text.received,
            text.sent,
            text.read,
            text.written,
            text.pids,
        ];
        names
            .map(|name| view! { <th scope="col">{name}</th> })
            .collect_view()
    };
    view! {
        <details class="card stats-table" node_ref=node on:toggle=toggled>
            <summary>{say(text, |text| text.stats().table)}</summary>
            <div class="scroll" tabindex="0" role="region" aria-label=say(text, |text| text.stats().table)>
                <table data-testid="stats-table">
                    <thead><tr>{head}</tr></thead>
                    <tbody>
                        <For each=rows key=|point| point.at children=row />
                    </tbody>
                </table>
            </div>
        </details>
    }
}

/// A row of static text: a sample never changes.
fn row(point: StatsPoint) -> impl IntoView {
    let zone = use_zone();
    let cell = |(figure, unit): (Figure, Unit)| {
        let value = point.value(figure);
        let value = value.map_or_else(|| format::UNKNOWN.to_owned(), |value| unit.text(value));
        view! { <td>{value}</td> }
    };
    view! {
        <tr class:gap=point.is_gap()>
            <th scope="row">{move || zone.clock(point.at)}</th>
            {COLUMNS.map(cell).collect_view()}
        </tr>
    }
}
