//! A list of workloads of one kind: a table or cards, with columns, order, groups, selection and bulk
//! actions. The differences between kinds are in their [`Listing`].

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

/// The selected workloads.
pub type Selection = RwSignal<BTreeSet<WorkloadId>>;

/// The filters, order and display of a list: one type per kind of workload, whose value is determined by the
/// page's URL.
pub trait Listing: Clone + PartialEq + Send + Sync + 'static {
    /// The key of a column, by which the list can be sorted.
    type Key: Copy + Eq + Hash + std::fmt::Debug + Send + Sync + 'static;

    /// Every column, from left to right.
    const COLUMNS: &'static [Self::Key];
    /// The columns that are always shown; the first of them has the widest content and takes the remaining
    /// width.
    const ALWAYS: &'static [Self::Key];
    /// The other columns in the order in which they are added, and additional widths between them.
    const ORDER: &'static [Part<Self::Key>];
    /// The columns shown on a card.
    const CARD: &'static [Self::Key];
    /// The offered bulk actions.
    const BULK: &'static [Action];

    /// The rows it shows, in order.
    fn rows(&self, dashboard: &Dashboard) -> Vec<Row>;
    /// The group of a row; `None` when there are no groups.
    fn group(&self, row: &Row) -> Option<Group>;
    /// Whether all rows are of one host, so that rows need not show it.
    fn is_of_one_host(&self) -> bool;
    /// The sort key, and whether the largest values come first.
    fn sorting(&self) -> (Self::Key, bool);
    /// Whether the order changes with every sample, so that reordering must be delayed.
    fn is_order_live(&self) -> bool;
    /// The URL of the same list sorted by `key`; in reverse order if it is already sorted by it.
    fn sorted_by(&self, key: Self::Key) -> String;

    /// The name of a column in classes and stored preferences.
    fn name(key: Self::Key) -> &'static str;
    /// The title of a column.
    fn title(key: Self::Key, text: &Text) -> &'static str;
    /// The width of a column in pixels, sufficient in every language.
    fn width(key: Self::Key, density: Density) -> u16;
    /// Whether a column is useful, depending on whether there are several hosts.
    fn is_of_use(key: Self::Key, has_several_hosts: bool) -> bool;
    /// The content of a cell.
    fn cell(key: Self::Key, id: WorkloadId, row: RowSignals) -> AnyView;
}
