//! Implements [`Listing`] for containers.

use super::cells::CellContent;
use crate::{
    client::RowSignals,
    components::{Listing, Part},
    i18n::Text,
    model::{Action, ContainerQuery, Dashboard, Density, Group, Row, SortKey, WorkloadId},
};
use leptos::prelude::*;

/// Widths of the bar and the sparkline next to the CPU and memory figures, in pixels.
const BAR: u16 = 61;
const LINE: u16 = 70;

impl Listing for ContainerQuery {
    type Key = SortKey;

    const COLUMNS: &'static [SortKey] = &SortKey::ALL;
    const ALWAYS: &'static [SortKey] = &[SortKey::Name, SortKey::State];
    const ORDER: &'static [Part<SortKey>] = &[
        Part::Column(SortKey::Cpu),
        Part::Column(SortKey::Memory),
        Part::Column(SortKey::Uptime),
        Part::Extra {
            of: &[SortKey::Cpu, SortKey::Memory],
            width: BAR,
        },
        Part::Column(SortKey::Ports),
        Part::Column(SortKey::Image),
        Part::Extra {
            of: &[SortKey::Cpu],
            width: LINE,
        },
        Part::Column(SortKey::Network),
        Part::Column(SortKey::Restarts),
        Part::Column(SortKey::Host),
        Part::Column(SortKey::Health),
        Part::Column(SortKey::Pids),
        Part::Column(SortKey::Disk),
        Part::Column(SortKey::Created),
    ];
    const CARD: &'static [SortKey] = &[
        SortKey::Image,
        SortKey::Uptime,
        SortKey::Cpu,
        SortKey::Memory,
        SortKey::Network,
        SortKey::Ports,
    ];
    const BULK: &'static [Action] = &[Action::Start, Action::Stop, Action::Restart, Action::Remove];

    fn rows(&self, dashboard: &Dashboard) -> Vec<Row> {
        Self::rows(self, dashboard)
    }

    fn group(&self, row: &Row) -> Option<Group> {
        self.grouping.of(row)
    }

    fn is_of_one_host(&self) -> bool {
        self.host.is_some()
    }

    fn sorting(&self) -> (SortKey, bool) {
        let is_descending = self.sort.is_descending_by_default() != self.reversed;
        (self.sort, is_descending)
    }

    fn is_order_live(&self) -> bool {
        self.sort.is_live()
    }

    fn sorted_by(&self, key: SortKey) -> String {
        let reversed = self.sort == key && !self.reversed;
        Self {
            sort: key,
            reversed,
            ..self.clone()
        }
        .href()
    }

    fn name(key: SortKey) -> &'static str {
        key.as_str()
    }

    fn title(key: SortKey, text: &Text) -> &'static str {
        text.containers().column(key)
    }

    fn width(key: SortKey, density: Density) -> u16 {
        match (key, density) {
            (SortKey::State, _) => 116,
            (SortKey::Name, _) => 170,
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

    fn is_of_use(key: SortKey, has_several_hosts: bool) -> bool {
        key != SortKey::Host || has_several_hosts
    }

    fn cell(key: SortKey, id: WorkloadId, row: RowSignals) -> AnyView {
        view! { <CellContent id key row /> }.into_any()
    }
}
