//! Texts of the frame area.

/// Texts of the frame area.
#[derive(Debug)]
pub struct FrameText {
    /// Title of the page.
    pub title: &'static str,
}

pub(super) const ENGLISH: FrameText = FrameText { title: "Overview" };
pub(super) const KOREAN: FrameText = FrameText { title: "개요" };
