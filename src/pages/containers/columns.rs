//! Which columns the table has, how wide they are, and from which width of the list on there is room
//! for each. The style sheet hides what has no room, so that the first HTML fits every window.

use crate::{
    client::use_live,
    model::{Density, Preferences, SortKey},
};
use leptos::prelude::*;

/// Widths at which columns appear are multiples of this, in pixels: the style sheet has a rule for
/// each, `from-12` for 480 px. A column appears up to this much too early; the name then gives way.
pub(super) const STEP: u16 = 40;
/// Widths of what is always shown, in pixels.
pub(super) const SELECT: u16 = 38;
pub(super) const STATE: u16 = 116;
pub(super) const ACTIONS: u16 = 112;
/// The name takes what the others leave; it is planned with this much.
const NAME: u16 = 170;
/// The card's edges.
const EDGES: u16 = 2;
/// Beside the figure of CPU or memory: a bar, and a line of the last minutes.
const BAR: u16 = 61;
const LINE: u16 = 70;

/// A column, in the order in which columns get room. State and name always have some.
const ORDER: [Part; 14] = [
    Part::Column(SortKey::Cpu),
    Part::Column(SortKey::Memory),
    Part::Column(SortKey::Uptime),
    Part::Bars,
    Part::Column(SortKey::Ports),
    Part::Column(SortKey::Image),
    Part::Line,
    Part::Column(SortKey::Network),
    Part::Column(SortKey::Restarts),
    Part::Column(SortKey::Host),
    Part::Column(SortKey::Health),
    Part::Column(SortKey::Pids),
    Part::Column(SortKey::Disk),
    Part::Column(SortKey::Created),
];

/// What takes room.
#[derive(Clone, Copy)]
enum Part {
    Column(SortKey),
    /// Bars beside the figures of CPU and memory.
    Bars,
    /// The line beside the figure of CPU.
    Line,
}

/// Widths as the content needs them in either language, in pixels.
const fn width(key: SortKey, density: Density) -> u16 {
    match (key, density) {
        (SortKey::State, _) => STATE,
        (SortKey::Name, _) => NAME,
        (SortKey::Image, _) => 140,
        (SortKey::Health | SortKey::Restarts, _) => 80,
        (SortKey::Uptime, _) => 112,
        (SortKey::Cpu, _) => 104,
        (SortKey::Memory, _) => 136,
        (SortKey::Network | SortKey::Disk, Density::Normal) => 96,
        (SortKey::Network | SortKey::Disk, Density::Compact) => 168,
        (SortKey::Pids, _) => 58,
        (SortKey::Ports, _) => 108,
        (SortKey::Host, _) => 110,
        (SortKey::Created, _) => 88,
    }
}

/// A column that the user chose to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Column {
    /// What it shows.
    pub(super) key: SortKey,
    /// From how many steps of the list's width on it is shown.
    pub(super) from: u16,
}

impl Column {
    /// Its class: what it shows, and from which width on.
    pub(super) fn class(self) -> String {
        format!("{} from-{}", self.key.as_str(), self.from)
    }
}

/// The columns of the table, and how wide they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// In the order in which they stand.
    pub(super) shown: Vec<Column>,
    /// Widths for `<col>` in pixels, and from and up to which step each holds; no width is the rest.
    pub(super) widths: Vec<(Option<u16>, u16, u16)>,
}

/// Later than any width.
const NEVER: u16 = u16::MAX;

impl Columns {
    /// The columns `is_wanted` names.
    fn new(is_wanted: impl Fn(SortKey) -> bool, density: Density) -> Self {
        let mut room = EDGES + SELECT + STATE + NAME + ACTIONS;
        let mut starts = Vec::new();
        let (mut bars, mut line) = (NEVER, NEVER);
        let gauges = [SortKey::Cpu, SortKey::Memory].map(&is_wanted);
        for part in ORDER {
            let (needed, start) = match part {
                Part::Column(key) if is_wanted(key) => {
                    starts.push((key, 0));
                    (
                        width(key, density),
                        starts.last_mut().map(|(_, start)| start),
                    )
                }
                Part::Bars => {
                    let gauges = gauges.iter().filter(|is_shown| **is_shown).count();
                    (BAR * gauges as u16, Some(&mut bars))
                }
                Part::Line if gauges[0] => (LINE, Some(&mut line)),
                _ => continue,
            };
            room += needed;
            if let Some(start) = start {
                *start = room / STEP;
            }
        }
        let is_always = |key| matches!(key, SortKey::State | SortKey::Name);
        let start = |key| {
            starts
                .iter()
                .find(|(known, _)| *known == key)
                .map(|(_, start)| *start)
        };
        let shown = SortKey::ALL.into_iter().filter_map(|key| {
            let from = if is_always(key) { 0 } else { start(key)? };
            Some(Column { key, from })
        });
        let shown: Vec<_> = shown.collect();
        let widths = shown.iter().flat_map(|Column { key, from }| {
            let plain = width(*key, density);
            match key {
                SortKey::Name => vec![(None, 0, NEVER)],
                SortKey::Cpu => vec![
                    (Some(plain), *from, bars),
                    (Some(plain + BAR), bars, line),
                    (Some(plain + BAR + LINE), line, NEVER),
                ],
                SortKey::Memory => {
                    vec![(Some(plain), *from, bars), (Some(plain + BAR), bars, NEVER)]
                }
                _ => vec![(Some(plain), *from, NEVER)],
            }
        });
        let widths = widths.collect();
        Self { shown, widths }
    }
}

impl Columns {
    /// The first step at which a column is shown, if the user chose it.
    pub(super) fn start(&self, key: SortKey) -> Option<u16> {
        let column = self.shown.iter().find(|column| column.key == key);
        column.map(|column| column.from)
    }
}

/// The columns that are wanted here: those that are not hidden, and the host where there are several.
pub(super) fn use_columns() -> Memo<Columns> {
    let live = use_live();
    let preferences = expect_context::<RwSignal<Preferences>>();
    Memo::new(move |_| {
        let has_hosts = live.has_several_hosts();
        let preferences = preferences.read();
        let is_wanted = |key: SortKey| {
            let hidden = &preferences.hidden_columns;
            !hidden.iter().any(|hidden| hidden == key.as_str())
                && (key != SortKey::Host || has_hosts)
        };
        Columns::new(is_wanted, preferences.density)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const CSS: &str = include_str!("../../../style/columns.css");

    /// Every set of columns there is, in either density.
    fn every_set() -> impl Iterator<Item = (Columns, Density, u32)> {
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
                (Columns::new(is_wanted, density), density, set)
            })
        })
    }

    #[test]
    fn whatever_is_shown_fits_at_every_width() {
        // The list of a window 641 px wide, and of one 1,920 px wide.
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
        let all = Columns::new(|_| true, Density::Normal);
        let few = Columns::new(
            |key| !matches!(key, SortKey::Image | SortKey::Ports),
            Density::Normal,
        );
        assert!(few.start(SortKey::Disk) < all.start(SortKey::Disk));
        assert_eq!(few.start(SortKey::Image), None);
        assert_eq!(all.start(SortKey::Name), Some(0));
    }
}
