//! A list of workloads of one kind: a table or cards, with columns, order, groups, selection and actions
//! on all that is selected. What differs between kinds is in their [`Listing`].

mod bulk;
mod cards;
mod columns;
mod items;
mod layout;
mod table;

pub use bulk::BulkBar;
pub use cards::cards;
pub use columns::{Column, Columns, Part, use_columns};
pub use items::{GroupHead, Item, Items, Pointer, use_items};
pub use table::Table;

use crate::{
    client::RowSignals,
    i18n::Text,
    model::{Action, Dashboard, Density, Group, Row, WorkloadId},
};
use leptos::prelude::*;
use std::{collections::BTreeSet, hash::Hash};

/// The workloads that are selected.
pub type Selection = RwSignal<BTreeSet<WorkloadId>>;

/// Which workloads of one kind a list shows, in which order, and how: one type per kind, whose value is
/// what a page's address asks for.
pub trait Listing: Clone + PartialEq + Send + Sync + 'static {
    /// What a column shows, by which the list can be sorted.
    type Key: Copy + Eq + Hash + std::fmt::Debug + Send + Sync + 'static;

    /// Every column in the order in which they stand.
    const COLUMNS: &'static [Self::Key];
    /// The columns that are always shown; the first of them has the widest content and takes what the
    /// others leave.
    const ALWAYS: &'static [Self::Key];
    /// The rest in the order in which they get room, and what else gets room between them.
    const ORDER: &'static [Part<Self::Key>];
    /// What a card shows.
    const CARD: &'static [Self::Key];
    /// The actions offered on all that is selected.
    const BULK: &'static [Action];

    /// The rows it shows, in order.
    fn rows(&self, dashboard: &Dashboard) -> Vec<Row>;
    /// The group a row stands in; `None` when there are no groups.
    fn group(&self, row: &Row) -> Option<Group>;
    /// Whether every row is of one host, so that rows need not name theirs.
    fn is_of_one_host(&self) -> bool;
    /// What it is sorted by, and whether the largest come first.
    fn sorting(&self) -> (Self::Key, bool);
    /// Whether the order changes with every sample, so that it must be steadied.
    fn is_order_live(&self) -> bool;
    /// The address of the same list sorted by `key`, reversed when it is sorted by that already.
    fn sorted_by(&self, key: Self::Key) -> String;

    /// The name of a column in classes and stored preferences.
    fn name(key: Self::Key) -> &'static str;
    /// The title of a column.
    fn title(key: Self::Key, text: &Text) -> &'static str;
    /// The width of a column in pixels, as its content needs it in every language.
    fn width(key: Self::Key, density: Density) -> u16;
    /// Whether a column has a use, by whether there is more than one host.
    fn is_of_use(key: Self::Key, has_several_hosts: bool) -> bool;
    /// What stands in a cell.
    fn cell(key: Self::Key, id: WorkloadId, row: RowSignals) -> AnyView;
}
