//! The table: only the rows in view are in the document.

use super::{
    Column, Columns, GroupHead, Item, Items, Listing, Pointer, Selection,
    columns::{ACTIONS, SELECT, class},
    layout::Layout,
};
use crate::{
    client::{RowSignals, RowsView, driver, use_live},
    components::{ActionButtons, ViewLink},
    i18n::{say, use_text},
    model::{Density, Group, Preferences, WorkloadId},
};
use leptos::{
    html::{self, Tbody},
    prelude::*,
};

/// Height of the rows in the first HTML, in pixels: more than a large screen shows. A browser hydrates only
/// those that its window shows.
const FIRST_VIEW: f64 = 1_840.0;

const fn row_height(density: Density) -> f64 {
    match density {
        Density::Normal => 46.0,
        Density::Compact => 34.0,
    }
}

/// A table of workloads.
#[component]
pub fn Table<L: Listing>(
    /// The filters and the order.
    query: Memo<L>,
    /// The lines of the list.
    items: Memo<Items>,
    /// The columns of the table.
    columns: Memo<Columns<L::Key>>,
    /// The selected workloads.
    selection: Selection,
    /// The state of the pointer over the rows.
    pointer: Pointer,
) -> impl IntoView {
    let live = use_live();
    let preferences = expect_context::<RwSignal<Preferences>>();
    let body = NodeRef::<Tbody>::new();
    let view = RwSignal::new(RowsView {
        top: 0.0,
        bottom: driver::first_bottom(FIRST_VIEW),
        row: None,
        group: None,
    });
    let lines = Memo::new(move |_| items.read().lines.len());
    let track = move || {
        lines.track();
        preferences.track();
    };
    driver::watch_rows(body, track, view);
    driver::watch_press(body, pointer.is_down);
    let layout = Memo::new(move |_| {
        let height = row_height(preferences.read().density);
        let RowsView { row, group, .. } = view.get();
        Layout::new(
            &items.read().lines,
            row.unwrap_or(height),
            group.unwrap_or(height),
        )
    });
    let range = Memo::new(move |_| layout.read().range(view.get()));
    driver::drop_server_rows(range.get_untracked().1);
    let visible = move || {
        driver::keep_focus();
        let (start, end) = range.get();
        items
            .read()
            .lines
            .get(start..end)
            .unwrap_or_default()
            .to_vec()
    };
    let above = move || layout.read().above(range.get().0);
    let below = move || layout.read().below(range.get().1);
    let table_class = move || {
        let density = match preferences.read().density {
            Density::Compact => "containers compact",
            Density::Normal => "containers",
        };
        let one_host = if query.read().is_of_one_host() {
            " one-host"
        } else {
            ""
        };
        format!("{density}{one_host}")
    };
    view! {
        <div class="card table-card">
            <table class=table_class aria-rowcount=move || lines.get().to_string()>
                <colgroup>
                    {col("select", Some(SELECT))}
                    {move || columns.read().widths.iter().map(|(width, from, to)| col(&format!("from-{from} to-{to}"), *width)).collect_view()}
                    {col("actions-column", Some(ACTIONS))}
                </colgroup>
                <Head query columns items selection />
                <tbody node_ref=body on:pointerenter=move |_| pointer.is_over.set(true) on:pointerleave=move |_| pointer.is_over.set(false)>
                    <Spacer height=Signal::derive(above) />
                    <For each=visible key=Item::clone let(item)>
                        {match item {
                            Item::Group(head) => view! { <GroupRow head /> }.into_any(),
                            Item::Workload(id) => live.row(id).map(|it| row::<L>(id, it, columns, selection)).into_any(),
                        }}
                    </For>
                    <Spacer height=Signal::derive(below) />
                </tbody>
            </table>
        </div>
    }
}

/// A `<col>` for cells with the same class, so that it is hidden together with them.
fn col(class: &str, width: Option<u16>) -> impl IntoView + use<> {
    let width = width.map(|width| width.to_string());
    html::col().class(class.to_owned()).attr("width", width)
}

/// Takes the place of the rows that are out of view.
#[component]
fn Spacer(
    /// The total height of these rows, in pixels.
    #[prop(into)]
    height: Signal<f64>,
) -> impl IntoView {
    // Not a style: the content security policy allows none in the HTML.
    let cell = html::td().attr("height", move || height.get().to_string());
    view! { <tr class="spacer" aria-hidden="true">{cell}</tr> }
}

#[component]
fn Head<L: Listing>(
    /// The filters and the order.
    query: Memo<L>,
    /// The columns of the table.
    columns: Memo<Columns<L::Key>>,
    /// The lines of the list.
    items: Memo<Items>,
    /// The selected workloads.
    selection: Selection,
) -> impl IntoView {
    let text = use_text();
    let head = move |column: Column<L::Key>| {
        let key = column.key;
        let is_descending = move || {
            let (sorted_by, is_descending) = query.read().sorting();
            (sorted_by == key).then_some(is_descending)
        };
        let aria = move || match is_descending() {
            None => "none",
            Some(true) => "descending",
            Some(false) => "ascending",
        };
        let arrow =
            move || is_descending().map(|is_descending| if is_descending { "↓" } else { "↑" });
        let href = Signal::derive(move || query.read().sorted_by(key));
        view! {
            <th scope="col" class={class::<L>(column)} aria-sort=aria>
                <ViewLink href>
                    {move || L::title(key, text.get())} " " <span class="direction" aria-hidden="true">{arrow}</span>
                </ViewLink>
            </th>
        }
    };
    let select_all = move |event| {
        let ids = if event_target_checked(&event) {
            items.read_untracked().ids().collect()
        } else {
            Default::default()
        };
        selection.set(ids);
    };
    let are_all_selected = move || {
        let (items, selection) = (items.read(), selection.read());
        !items.is_empty() && items.ids().all(|id| selection.contains(&id))
    };
    view! {
        <thead>
            <tr>
                <th class="select">
                    <input type="checkbox" aria-label=say(text, |text| text.containers().select_all) on:change=select_all
                        prop:checked=are_all_selected />
                </th>
                <For each=move || columns.get().shown key=|column| *column children=head />
                <th class="actions-column"><span class="hidden">{say(text, |text| text.containers().more)}</span></th>
            </tr>
        </thead>
    }
}

#[component]
fn GroupRow(
    /// The group, and the number of its workloads.
    head: GroupHead,
) -> impl IntoView {
    let text = use_text();
    let GroupHead {
        group,
        all,
        running,
    } = head;
    let live = use_live();
    let name = move || match &group {
        Group::Project(name) => name.clone(),
        Group::NoProject => text.get().containers().no_project.to_owned(),
        Group::Host(host) => live.host(host).name(host),
    };
    let count = move || {
        format!(
            "{running} {} {all} {}",
            text.get().frame.of_total,
            text.get().frame.running
        )
    };
    view! {
        <tr class="group">
            // The minimum number of columns: a larger span would add columns to the table.
            <td colspan="3"><b>{name}</b> <span class="num">{count}</span></td>
        </tr>
    }
}

fn row<L: Listing>(
    id: WorkloadId,
    row: RowSignals,
    columns: Memo<Columns<L::Key>>,
    selection: Selection,
) -> impl IntoView {
    let text = use_text();
    let workload = row.workload.clone();
    let is_up = Memo::new(move |_| workload.with(|workload| workload.state().is_up()));
    let is_selected = Memo::new(move |_| selection.with(|selection| selection.contains(&id)));
    let (as_of, figures_as_of) = (row.as_of.clone(), row.figures_as_of.clone());
    let toggle = move |_| {
        selection.update(|selection| {
            if !selection.remove(&id) {
                selection.insert(id);
            }
        });
    };
    let named = row.clone();
    let label = move || format!("{} {}", text.get().containers().select, named.name());
    let cells = {
        let row = row.clone();
        move |column: Column<L::Key>| view! { <td class={class::<L>(column)}>{L::cell(column.key, id, row.clone())}</td> }
    };
    view! {
        <tr data-id=id.key.to_string() tabindex="0" class:off=move || !is_up.get() class:selected=move || is_selected.get()
            data-freshness=move || as_of.get().freshness.mark() data-figures=move || figures_as_of.get().freshness.mark()>
            <td class="select">
                <input type="checkbox" aria-label=label prop:checked=move || is_selected.get() on:change=toggle />
            </td>
            <For each=move || columns.get().shown key=|column| *column children=cells />
            <td class="actions-column"><ActionButtons id row /></td>
        </tr>
    }
}
