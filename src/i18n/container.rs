//! Texts of a container's own page.

/// Texts of a container's own page.
#[derive(Debug)]
#[expect(missing_docs, reason = "every field is the text it names")]
pub struct ContainerText {
    pub tabs: &'static str,
    pub overview: &'static str,
    pub stats: &'static str,
    pub logs: &'static str,
    pub processes: &'static str,
    pub events: &'static str,
    pub inspect: &'static str,
}

pub(super) const ENGLISH: ContainerText = ContainerText {
    tabs: "Views of this container",
    overview: "Overview",
    stats: "Stats",
    logs: "Logs",
    processes: "Processes",
    events: "Events",
    inspect: "Inspect",
};

pub(super) const KOREAN: ContainerText = ContainerText {
    tabs: "이 컨테이너의 보기",
    overview: "개요",
    stats: "통계",
    logs: "로그",
    processes: "프로세스",
    events: "이벤트",
    inspect: "검사",
};
