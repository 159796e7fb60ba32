//! The processes of a container.

use super::data::asked;
use crate::{
    client::{RowSignals, driver, use_live},
    i18n::{say, use_text},
    model::{ContainerState, Processes as Table, Workload, WorkloadId, format},
    protocol::workload_path,
};
use leptos::prelude::*;
use std::{cmp::Ordering, time::Duration};

/// Polling interval: each poll makes the engine run `ps`.
const EVERY: Duration = Duration::from_secs(3);
/// Columns that are rarely useful: the CPU share by a formula of its own, and the terminal.
const HIDDEN: [&str; 2] = ["C", "TTY"];
/// The column of resident memory, which `ps` reports in KiB.
const MEMORY: &str = "RSS";

/// The index of the sort column, and whether the largest values come first.
type Order = RwSignal<Option<(usize, bool)>>;

/// The processes of a container, polled while the page is visible.
#[component]
pub(super) fn Processes(
    /// The container.
    id: WorkloadId,
    /// Its signals.
    row: RowSignals,
) -> impl IntoView {
    let state = Memo::new(move |_| row.workload.with(Workload::state));
    let runs = Memo::new(move |_| state.get().is_up());
    move || {
        if runs.get() {
            view! { <Running id /> }.into_any()
        } else {
            view! { <Nothing state /> }.into_any()
        }
    }
}

#[component]
fn Nothing(
    /// The state of the container, when it does not run.
    state: Memo<ContainerState>,
) -> impl IntoView {
    let text = use_text();
    view! {
        <div class="card empty" data-testid="no-processes">
            <b>{say(text, |text| text.container().no_processes)}</b>
            <p>{move || text.get().containers().state(state.get())}</p>
        </div>
    }
}

#[component]
fn Running(
    /// The container.
    id: WorkloadId,
) -> impl IntoView {
    let live = use_live();
    let text = use_text();
    let asked = asked(live, id, |given| given.processes.take());
    Effect::new(move || {
        let after = if asked.is_missing() {
            Duration::ZERO
        } else {
            EVERY
        };
        let url = workload_path(id, "top");
        driver::keep_asking(url, after, EVERY, move |answer| asked.answer(answer));
    });
    let order = Order::new(None);
    let titles = Memo::new(move |_| {
        let table = asked.value.read();
        table
            .as_ref()
            .map(|table| table.titles.clone())
            .unwrap_or_default()
    });
    let rows = move || {
        let table = asked.value.read();
        let table = table.as_ref()?;
        Some(
            sorted(table, order.get())
                .into_iter()
                .map(|row| process(table, row))
                .collect_view(),
        )
    };
    let failure = move || {
        let error = asked.error.get()?;
        Some(
            view! { <p class="banner" role="status">{text.get().container().not_read} " " {error.message}</p> },
        )
    };
    let is_waiting = move || asked.value.read().is_none() && asked.error.read().is_none();
    view! {
        {failure}
        <div class="card table-card scrolls" tabindex="0" role="region" aria-label=say(text, |text| text.container().processes)>
            <table class="plain" data-testid="processes">
                <thead><tr>{move || heads(&titles.read(), order)}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
            <Show when=is_waiting><div class="empty">{say(text, |text| text.container().asking)}</div></Show>
        </div>
    }
}

fn heads(titles: &[String], order: Order) -> AnyView {
    let shown = titles
        .iter()
        .enumerate()
        .filter(|(_, title)| is_shown(title));
    let head = |(column, title): (usize, &String)| {
        let sort = move || match order.get() {
            Some((by, true)) if by == column => "descending",
            Some((by, false)) if by == column => "ascending",
            _ => "none",
        };
        let turn = move |_| {
            order.update(|order| {
                *order = Some((column, !matches!(order, Some((by, true)) if *by == column)))
            });
        };
        let direction = move || match sort() {
            "descending" => "↓",
            "ascending" => "↑",
            _ => "",
        };
        view! {
            <th aria-sort=sort>
                <button on:click=turn>{title.clone()} <span aria-hidden="true">{direction}</span></button>
                <span class="without-scripts">{title.clone()}</span>
            </th>
        }
    };
    shown.map(head).collect_view().into_any()
}

fn is_shown(title: &str) -> bool {
    !HIDDEN.contains(&title)
}

fn process(table: &Table, row: Vec<String>) -> AnyView {
    let cells = table
        .titles
        .iter()
        .zip(row)
        .filter(|(title, _)| is_shown(title));
    let cell = |(title, text): (&String, String)| {
        let is_command = matches!(title.as_str(), "CMD" | "COMMAND" | "ARGS");
        let text = match text.parse::<u64>() {
            Ok(kib) if title == MEMORY => format::bytes(kib.saturating_mul(1_024)),
            _ => format::visible(&text).into_owned(),
        };
        let class = if is_command {
            "mono command"
        } else {
            "mono num"
        };
        view! { <td class=class><bdi>{text}</bdi></td> }
    };
    view! { <tr>{cells.map(cell).collect_view()}</tr> }.into_any()
}

/// The rows in the given order; `None` keeps the engine's order.
fn sorted(table: &Table, order: Option<(usize, bool)>) -> Vec<Vec<String>> {
    let mut rows = table.processes.clone();
    if let Some((column, is_descending)) = order {
        let cell = |row: &Vec<String>| row.get(column).cloned().unwrap_or_default();
        rows.sort_by(|a, b| {
            let order = compare(&cell(a), &cell(b));
            if is_descending {
                order.reverse()
            } else {
                order
            }
        });
    }
    rows
}

/// Compares numbers by value, other texts alphabetically.
fn compare(a: &str, b: &str) -> Ordering {
    match (thousandths(a), thousandths(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

/// A decimal number times a thousand; further digits are ignored. The standard library's parser of
/// floating-point numbers needs a table that adds ten kilobytes to the page.
fn thousandths(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_negative = whole.starts_with('-');
    let whole = whole.parse::<i64>().ok()?.checked_mul(1_000)?;
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = format!("{fraction:0<3.3}").parse::<i64>().ok()?;
    whole.checked_add(if is_negative { -fraction } else { fraction })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sorted_as_numbers() {
        let row = |pid: &str, command: &str| vec![pid.to_owned(), command.to_owned()];
        let table = Table {
            titles: vec!["PID".into(), "CMD".into()],
            processes: vec![row("100", "b"), row("9", "c"), row("20", "a")],
        };
        let pids = |order| {
            sorted(&table, order)
                .into_iter()
                .map(|row| row[0].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(pids(None), ["100", "9", "20"]);
        assert_eq!(pids(Some((0, true))), ["100", "20", "9"]);
        assert_eq!(pids(Some((1, false))), ["20", "100", "9"]);
        assert_eq!(pids(Some((7, false))).len(), 3);
    }

    #[test]
    fn decimal_numbers_are_read_to_the_third_digit() {
        let cases = [
            ("12", Some(12_000)),
            ("0.25", Some(250)),
            ("3.14159", Some(3_141)),
            ("-0.5", Some(-500)),
            ("-19", Some(-19_000)),
            ("", None),
            (".", None),
            ("1.", None),
            ("1.2.3", None),
            ("00:00:07", None),
            ("99999999999999999999", None),
        ];
        for (text, expected) in cases {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }
}
