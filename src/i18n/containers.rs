//! Texts of the containers area.

/// Texts of the containers area.
#[derive(Debug)]
pub struct ContainersText {
    /// Title of the page.
    pub title: &'static str,
}

pub(super) const ENGLISH: ContainersText = ContainersText {
    title: "Containers",
};
pub(super) const KOREAN: ContainersText = ContainersText {
    title: "컨테이너"
};
