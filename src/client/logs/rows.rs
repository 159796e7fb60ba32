//! The rows of a log viewer: which entry each shows, and its height.

use super::{capacity::reserve, store::MAX_ENTRIES};
use std::collections::VecDeque;

/// The rows of a viewer, top to bottom. Heights are in lines of text.
#[derive(Debug, Default)]
pub struct Rows {
    rows: VecDeque<Row>,
    /// Offset of the row numbers, so that each fits in 32 bits.
    base: u64,
    height: u64,
}

#[derive(Debug)]
struct Row {
    /// The number of its entry, minus the offset.
    number: u32,
    height: u16,
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Total height in lines of text.
    pub const fn height(&self) -> u64 {
        self.height
    }

    /// The number of the entry in a row.
    pub fn number(&self, row: usize) -> Option<u64> {
        self.rows
            .get(row)
            .map(|row| self.base + u64::from(row.number))
    }

    /// Appends a row.
    pub fn push(&mut self, number: u64, height: u16) {
        let row = self.row(number, height);
        reserve(&mut self.rows, 1, MAX_ENTRIES);
        self.rows.push_back(row);
        self.height += u64::from(height);
    }

    fn row(&mut self, number: u64, height: u16) -> Row {
        if self.rows.is_empty() {
            self.base = number;
        }
        if number.saturating_sub(self.base) > u32::MAX.into() {
            let first = self.rows.front().map_or(0, |row| row.number);
            self.base += u64::from(first);
            self.rows.iter_mut().for_each(|row| row.number -= first);
        }
        let number = u32::try_from(number.saturating_sub(self.base)).unwrap_or(u32::MAX);
        Row { number, height }
    }

    /// Removes the rows of entries from `number` on.
    pub fn truncate(&mut self, number: u64) {
        let base = self.base;
        let is_out = |row: &mut Row| base + u64::from(row.number) >= number;
        while let Some(row) = self.rows.pop_back_if(is_out) {
            self.height -= u64::from(row.height);
        }
    }

    /// Removes the rows of entries before `number`.
    pub fn drop_before(&mut self, number: u64) {
        let base = self.base;
        let is_out = |row: &mut Row| base + u64::from(row.number) < number;
        while let Some(row) = self.rows.pop_front_if(is_out) {
            self.height -= u64::from(row.height);
        }
    }

    /// Removes all rows.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.height = 0;
    }

    /// The row of the entry `number`, or of the first one after it.
    pub fn row_of(&self, number: u64) -> usize {
        let before = |row: &Row| self.base + u64::from(row.number) < number;
        self.rows.partition_point(before)
    }

    /// The row at `line` lines from the top, and the line at which it begins.
    pub fn at_line(&self, line: u64) -> (usize, u64) {
        let mut top = 0;
        for (at, row) in self.rows.iter().enumerate() {
            let bottom = top + u64::from(row.height);
            if line < bottom {
                return (at, top);
            }
            top = bottom;
        }
        (self.rows.len(), top)
    }

    /// Number of lines above a row.
    pub fn top_of(&self, row: usize) -> u64 {
        self.rows
            .iter()
            .take(row)
            .map(|row| u64::from(row.height))
            .sum()
    }

    /// Sets the measured height of a row; returns whether it has changed.
    pub fn measure(&mut self, row: usize, height: u16) -> bool {
        let Some(row) = self.rows.get_mut(row) else {
            return false;
        };
        let was = std::mem::replace(&mut row.height, height);
        self.height = self.height + u64::from(height) - u64::from(was);
        was != height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        let mut rows = Rows::default();
        for (number, height) in [(3, 1), (5, 4), (6, 1), (9, 2)] {
            rows.push(number, height);
        }
        rows
    }

    #[test]
    fn rows_are_found_by_line_and_by_entry() {
        let rows = rows();
        assert_eq!(rows.height(), 8);
        assert_eq!(rows.at_line(0), (0, 0));
        assert_eq!(rows.at_line(4), (1, 1));
        assert_eq!(rows.at_line(5), (2, 5));
        assert_eq!(rows.at_line(99), (4, 8));
        assert_eq!((rows.row_of(5), rows.row_of(7), rows.row_of(10)), (1, 3, 4));
        assert_eq!((rows.top_of(0), rows.top_of(3)), (0, 6));
    }

    #[test]
    fn heights_are_updated_as_rows_come_and_go() {
        let mut rows = rows();
        assert!(rows.measure(1, 2) && !rows.measure(1, 2) && !rows.measure(9, 1));
        assert_eq!(rows.height(), 6);
        rows.drop_before(5);
        rows.truncate(9);
        assert_eq!((rows.len(), rows.height(), rows.number(0)), (2, 3, Some(5)));
        rows.clear();
        assert_eq!(rows.height(), 0);
    }

    #[test]
    fn entry_numbers_may_be_of_any_size() {
        let mut rows = Rows::default();
        let step = u64::from(u32::MAX) / 2;
        for n in 1..8 {
            rows.push(n * step, 1);
            rows.drop_before((n - 1) * step);
        }
        assert_eq!(
            (rows.len(), rows.number(0), rows.number(1)),
            (2, Some(6 * step), Some(7 * step))
        );
        assert_eq!(rows.row_of(7 * step), 1);
    }
}
