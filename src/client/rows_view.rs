//! What a long list needs to know of the window it is seen through.

/// Where the window stands over a list, in pixels from the list's upper end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowsView {
    /// Upper edge of what should be in the document.
    pub top: f64,
    /// Lower edge of it.
    pub bottom: f64,
    /// Height of a container's row, once one was measured.
    pub row: Option<f64>,
    /// Height of a group's head, once one was measured.
    pub group: Option<f64>,
}
