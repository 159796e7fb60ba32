//! The positions of a list's lines, from which the lines in view are determined.

use super::Item;
use crate::client::RowsView;

/// The positions of all lines, in pixels from the top of the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// Upper edges of the lines, and the lower edge of the last.
    edges: Vec<f64>,
}

impl Layout {
    /// The layout of `lines`; rows and group heads have different heights.
    pub(super) fn new(lines: &[Item], row: f64, group: f64) -> Self {
        let heights = lines.iter().map(|line| match line {
            Item::Workload(_) => row,
            Item::Group(_) => group,
        });
        let lower = heights.scan(0.0, |at, height| {
            *at += height;
            Some(*at)
        });
        Self {
            edges: std::iter::once(0.0).chain(lower).collect(),
        }
    }

    /// The first line in `view`, and the first one after it.
    pub(super) fn range(&self, view: RowsView) -> (usize, usize) {
        let lines = self.edges.len().saturating_sub(1);
        let end = self.edges.partition_point(|edge| *edge < view.bottom);
        let start = self.edges.partition_point(|edge| *edge <= view.top);
        let end = end.min(lines);
        (start.saturating_sub(1).min(end), end)
    }

    /// Height of the lines before `start`, in pixels.
    pub(super) fn above(&self, start: usize) -> f64 {
        self.edges.get(start).copied().unwrap_or_default()
    }

    /// Height of the lines from `end` on, in pixels.
    pub(super) fn below(&self, end: usize) -> f64 {
        let whole = self.edges.last().copied().unwrap_or_default();
        whole - self.edges.get(end).copied().unwrap_or(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::GroupHead, *};
    use crate::model::{Group, WorkloadId};

    fn view(top: f64, bottom: f64) -> RowsView {
        RowsView {
            top,
            bottom,
            row: None,
            group: None,
        }
    }

    fn rows(count: usize) -> Vec<Item> {
        vec![Item::Workload(WorkloadId::default()); count]
    }

    #[test]
    fn whatever_is_in_view_is_shown_and_the_rest_keeps_its_room() {
        let layout = Layout::new(&rows(1_000), 46.0, 46.0);
        for top in (-500..46_500).step_by(7).map(f64::from) {
            let (start, end) = layout.range(view(top, top + 900.0));
            let shown = (end - start) as f64 * 46.0;
            assert_eq!(layout.above(start) + shown + layout.below(end), 46_000.0);
            assert!(layout.above(start) <= top.max(0.0), "{top}");
            assert!(
                layout.below(end) <= (46_000.0 - top - 900.0).max(0.0),
                "{top}"
            );
            assert!(end - start <= 22, "{top}: {start}..{end}");
        }
    }

    #[test]
    fn the_last_line_is_shown_at_the_end() {
        let layout = Layout::new(&rows(1_000), 46.0, 46.0);
        assert_eq!(layout.range(view(45_100.0, 46_000.0)).1, 1_000);
    }

    #[test]
    fn heads_of_groups_have_their_own_height() {
        let group = Item::Group(GroupHead {
            group: Group::NoProject,
            all: 2,
            running: 1,
        });
        let mut lines = vec![group.clone()];
        lines.extend(rows(2));
        lines.push(group);
        let layout = Layout::new(&lines, 68.0, 36.0);
        assert_eq!(layout.above(1), 36.0);
        assert_eq!(layout.above(3), 172.0);
        assert_eq!(layout.range(view(40.0, 100.0)), (1, 2));
    }

    #[test]
    fn an_empty_list_has_no_room() {
        let layout = Layout::new(&[], 46.0, 46.0);
        assert_eq!(layout.range(view(0.0, 900.0)), (0, 0));
        assert_eq!(layout.above(0) + layout.below(0), 0.0);
    }
}
