//! The view of a long list.

/// The visible part of a list, in pixels from the top of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowsView {
    /// Upper edge of the part that should be in the document.
    pub top: f64,
    /// Lower edge of the part that should be in the document.
    pub bottom: f64,
    /// Height of a container's row, once measured.
    pub row: Option<f64>,
    /// Height of a group's head, once measured.
    pub group: Option<f64>,
}
