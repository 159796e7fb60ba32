//! The columns of a table, their widths, and the width of the list from which on each is shown. The style
//! sheet hides columns without room, so that the first HTML fits every window.

use super::Listing;
use crate::{
    client::use_live,
    model::{Density, Preferences},
};
use leptos::prelude::*;

/// Granularity of the widths at which columns appear, in pixels: the style sheet has a rule for each
/// multiple, e.g. `from-12` for 480 px. A column may appear too early by up to this much; the widest column
/// is then narrower.
const STEP: u16 = 40;
/// Widths of the checkbox and the action column, in pixels.
pub(super) const SELECT: u16 = 38;
pub(super) const ACTIONS: u16 = 112;
/// Width of the card's edges, in pixels.
const EDGES: u16 = 2;

/// An element that is added to a table if there is room.
#[derive(Clone, Copy, Debug)]
pub enum Part<K: 'static> {
    /// A column.
    Column(K),
    /// Additional width for each of some columns, such as for a bar next to a figure.
    Extra {
        /// The columns.
        of: &'static [K],
        /// The width per column, in pixels.
        width: u16,
    },
}

/// A column that the user chose to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Column<K> {
    /// The key.
    pub key: K,
    /// The width of the list from which on it is shown, in steps.
    pub from: u16,
}

/// The columns of the table, and their widths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns<K> {
    /// The columns, from left to right.
    pub shown: Vec<Column<K>>,
    /// Widths for `<col>` in pixels, each with the first step and the step after the last at which it
    /// applies; `None` takes the remaining width.
    pub widths: Vec<(Option<u16>, u16, u16)>,
}

/// A step that no list reaches.
const NEVER: u16 = u16::MAX;

impl<K: Copy + PartialEq + 'static> Columns<K> {
    /// The columns of `L` accepted by `is_wanted`.
    fn new<L: Listing<Key = K>>(is_wanted: impl Fn(K) -> bool, density: Density) -> Self {
        let always = L::ALWAYS.iter().map(|key| L::width(*key, density));
        let mut room = EDGES + SELECT + ACTIONS + always.sum::<u16>();
        let mut starts: Vec<_> = L::ALWAYS.iter().map(|key| (*key, 0)).collect();
        let mut extras = Vec::new();
        for part in L::ORDER {
            match part {
                Part::Column(key) if is_wanted(*key) => {
                    room += L::width(*key, density);
                    starts.push((*key, room / STEP));
                }
                Part::Column(_) => {}
                Part::Extra { of, width } => {
                    let wanted = of.iter().filter(|key| is_wanted(**key)).count();
                    room += width * wanted as u16;
                    extras.push((*of, *width, room / STEP));
                }
            }
        }
        let shown = L::COLUMNS.iter().filter_map(|key| {
            let (_, from) = starts.iter().find(|(known, _)| known == key)?;
            Some(Column {
                key: *key,
                from: *from,
            })
        });
        let shown: Vec<_> = shown.collect();
        let mut widths = Vec::new();
        for Column { key, from } in &shown {
            if L::ALWAYS.first() == Some(key) {
                widths.push((None, 0, NEVER));
                continue;
            }
            let (mut width, mut from) = (L::width(*key, density), *from);
            for (_, extra, start) in extras.iter().filter(|(of, ..)| of.contains(key)) {
                widths.push((Some(width), from, *start));
                (width, from) = (width + extra, *start);
            }
            widths.push((Some(width), from, NEVER));
        }
        Self { shown, widths }
    }

    /// The first step at which a column is shown; `None` when it is hidden.
    pub fn start(&self, key: K) -> Option<u16> {
        let column = self.shown.iter().find(|column| column.key == key);
        column.map(|column| column.from)
    }
}

/// The CSS classes of a column: its name, and the first step at which it is shown.
pub(super) fn class<L: Listing>(column: Column<L::Key>) -> String {
    format!("{} from-{}", L::name(column.key), column.from)
}

/// The columns to show: those that are not hidden, and useful for the current hosts.
pub fn use_columns<L: Listing>() -> Memo<Columns<L::Key>> {
    let live = use_live();
    let preferences = expect_context::<RwSignal<Preferences>>();
    Memo::new(move |_| {
        let has_several_hosts = live.has_several_hosts();
        let preferences = preferences.read();
        let is_wanted = |key: L::Key| {
            let mut hidden = preferences.hidden_columns.iter();
            !hidden.any(|hidden| hidden == L::name(key)) && L::is_of_use(key, has_several_hosts)
        };
        Columns::new::<L>(is_wanted, preferences.density)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContainerQuery, SortKey};
    use std::collections::BTreeSet;

    const NAME: u16 = 170;

    fn columns(is_wanted: impl Fn(SortKey) -> bool, density: Density) -> Columns<SortKey> {
        Columns::new::<ContainerQuery>(is_wanted, density)
    }

    const CSS: &str = include_str!("../../../style/columns.css");

    /// Every possible set of columns, in either density.
    fn every_set() -> impl Iterator<Item = (Columns<SortKey>, Density, u32)> {
        let sets = 0..1_u32 << SortKey::ALL.len();
        let densities = [Density::Normal, Density::Compact];
        densities.into_iter().flat_map(move |density| {
            sets.clone().map(move |set| {
                let is_wanted = |key| {
                    SortKey::ALL
                        .iter()
                        .position(|known| *known == key)
                        .is_some_and(|at| set >> at & 1 == 1)
                };
                (columns(is_wanted, density), density, set)
            })
        })
    }

    #[test]
    fn whatever_is_shown_fits_at_every_width() {
        // The width of the list in a window of 641 px, and of 1,920 px.
        for (columns, density, set) in every_set() {
            for list in (516..1_700).step_by(58) {
                let is_shown =
                    |from: u16, to: u16| from * STEP <= list && (to == NEVER || list < to * STEP);
                let fixed: u16 = columns
                    .widths
                    .iter()
                    .filter(|(_, from, to)| is_shown(*from, *to))
                    .filter_map(|(width, ..)| *width)
                    .sum();
                let name = i32::from(list) - i32::from(EDGES + SELECT + fixed + ACTIONS);
                assert!(
                    name >= i32::from(NAME - STEP),
                    "{set:b} {density:?} at {list}: {name} px are left for the name"
                );
                let cells = columns
                    .shown
                    .iter()
                    .filter(|column| is_shown(column.from, NEVER))
                    .count();
                let cols = columns
                    .widths
                    .iter()
                    .filter(|(_, from, to)| is_shown(*from, *to))
                    .count();
                assert_eq!(cells, cols, "{set:b} {density:?} at {list}");
            }
        }
    }

    #[test]
    fn the_style_sheet_has_a_rule_for_every_step() {
        let sets = every_set().map(|(columns, ..)| columns.widths);
        let steps = sets.flatten().flat_map(|(_, from, to)| [from, to]);
        let steps: BTreeSet<_> = steps.filter(|step| *step != 0 && *step != NEVER).collect();
        for step in steps {
            let rules = [
                format!(
                    "(width < {}px) {{ .from-{step} {{ display: none; }} }}",
                    step * STEP
                ),
                format!(
                    "(width >= {}px) {{ .to-{step} {{ display: none; }} }}",
                    step * STEP
                ),
            ];
            for rule in rules {
                assert!(CSS.contains(&rule), "{rule}");
            }
        }
    }

    #[test]
    fn a_column_that_is_hidden_leaves_its_room_to_others() {
        let all = columns(|_| true, Density::Normal);
        let few = columns(
            |key| !matches!(key, SortKey::Image | SortKey::Ports),
            Density::Normal,
        );
        assert!(few.start(SortKey::Disk) < all.start(SortKey::Disk));
        assert_eq!(few.start(SortKey::Image), None);
        assert_eq!(all.start(SortKey::Name), Some(0));
    }
}
