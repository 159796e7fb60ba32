//! The words for events of engines.

/// The words for events of engines.
#[derive(Debug)]
#[expect(missing_docs, reason = "every field is the text it names")]
pub struct EventsText {
    pub created: &'static str,
    pub started: &'static str,
    pub stopped: &'static str,
    pub ended: &'static str,
    pub failed: &'static str,
    pub loops: &'static str,
    pub restarted: &'static str,
    pub paused: &'static str,
    pub unpaused: &'static str,
    pub removed: &'static str,
    pub renamed: &'static str,
    pub killed: &'static str,
    pub out_of_memory: &'static str,
    pub healthy: &'static str,
    pub unhealthy: &'static str,
    pub exit_code: &'static str,
    pub ago: fn(&str) -> String,
}

pub(super) const ENGLISH: EventsText = EventsText {
    created: "created",
    started: "started",
    stopped: "stopped",
    ended: "ended",
    failed: "failed",
    loops: "fails and restarts",
    restarted: "restarted",
    paused: "paused",
    unpaused: "resumed",
    removed: "removed",
    renamed: "renamed from",
    killed: "sent signal",
    out_of_memory: "ran out of memory",
    healthy: "became healthy",
    unhealthy: "became unhealthy",
    exit_code: "exit code",
    ago: |age| format!("{age} ago"),
};

pub(super) const KOREAN: EventsText = EventsText {
    created: "생성됨",
    started: "시작됨",
    stopped: "중지됨",
    ended: "종료됨",
    failed: "실패함",
    loops: "실패와 재시작 반복",
    restarted: "재시작됨",
    paused: "일시 중지됨",
    unpaused: "재개됨",
    removed: "삭제됨",
    renamed: "이름 변경, 이전 이름",
    killed: "시그널 전송",
    out_of_memory: "메모리 부족",
    healthy: "정상이 됨",
    unhealthy: "비정상이 됨",
    exit_code: "종료 코드",
    ago: |age| format!("{age} 전"),
};
