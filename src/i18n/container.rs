//! Texts of a container's own page.

use crate::model::ExitMeaning;

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
    pub removed: &'static str,
    pub was_removed: fn(&str) -> String,
    pub last_known: &'static str,
    pub up: &'static str,
    pub ago: fn(&str) -> String,
    pub not_read: &'static str,
    pub asking: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub runs_as: &'static str,
    pub command: &'static str,
    pub user: &'static str,
    pub working_dir: &'static str,
    pub restart_policy: &'static str,
    pub restarts: fn(u64) -> String,
    pub finished: &'static str,
    pub error: &'static str,
    pub uses: &'static str,
    pub memory: &'static str,
    pub network: &'static str,
    pub disk: &'static str,
    pub limit: &'static str,
    pub no_limit: &'static str,
    pub cores: fn(&str) -> String,
    pub connections: &'static str,
    pub networks: &'static str,
    pub mounts: &'static str,
    pub writable: &'static str,
    pub read_only: &'static str,
    pub env: &'static str,
    pub values_hidden: &'static str,
    pub health: &'static str,
    pub health_check: &'static str,
    pub every: fn(&str) -> String,
    pub failed_in_a_row: fn(u32) -> String,
    pub passed: &'static str,
    pub failed: &'static str,
    pub no_processes: &'static str,
    pub no_events: &'static str,
    pub search: &'static str,
    pub matches: fn(u32) -> String,
    pub raw: &'static str,
    pub reveal: &'static str,
    pub reveal_note: &'static str,
    pub show: &'static str,
    pub hide: &'static str,
    pub out_of_memory: &'static str,
    /// The words for [`MEANINGS`], in the same order.
    pub exits: [&'static str; 7],
    pub exit_signal: fn(&str) -> String,
    /// The words for [`ACTIONS`], in the same order.
    pub happened: [&'static str; 14],
}

/// Meanings of exit codes whose words have no parameter.
const MEANINGS: [ExitMeaning; 7] = [
    ExitMeaning::Success,
    ExitMeaning::EngineFailed,
    ExitMeaning::NotExecutable,
    ExitMeaning::NotFound,
    ExitMeaning::Killed,
    ExitMeaning::Terminated,
    ExitMeaning::Failure,
];

/// The engines' names for events of containers.
const ACTIONS: [&str; 14] = [
    "create", "start", "die", "died", "stop", "kill", "pause", "unpause", "restart", "rename",
    "destroy", "remove", "update", "oom",
];

impl ContainerText {
    /// The meaning of the exit code `code`.
    pub fn exit(&self, code: i32) -> String {
        let meaning = ExitMeaning::of(code);
        if let ExitMeaning::Signal(name) = meaning {
            return (self.exit_signal)(name);
        }
        let mut known = MEANINGS.iter().zip(self.exits);
        let found = known.find(|(known, _)| **known == meaning);
        found.map_or("", |(_, text)| text).to_owned()
    }

    /// The words for the event `action`; `None` for an unknown event.
    pub fn event(&self, action: &str) -> Option<&'static str> {
        let mut known = ACTIONS.iter().zip(self.happened);
        known
            .find(|(known, _)| **known == action)
            .map(|(_, text)| text)
    }
}

pub(super) const ENGLISH: ContainerText = ContainerText {
    tabs: "Views of this container",
    overview: "Overview",
    stats: "Stats",
    logs: "Logs",
    processes: "Processes",
    events: "Events",
    inspect: "Inspect",
    removed: "removed",
    was_removed: |name| format!("The container {name} was removed"),
    last_known: "Last known events",
    up: "up",
    ago: |time| format!("{time} ago"),
    not_read: "Details could not be loaded.",
    asking: "Asking the engine…",
    copy: "Copy",
    copied: "Copied",
    runs_as: "Details",
    command: "Command",
    user: "User",
    working_dir: "Folder",
    restart_policy: "Restart policy",
    restarts: |n| match n {
        1 => "1 restart".to_owned(),
        n => format!("{n} restarts"),
    },
    finished: "Finished",
    error: "Error",
    uses: "Resource usage",
    memory: "Memory",
    network: "Network",
    disk: "Disk I/O",
    limit: "of",
    no_limit: "no limit",
    cores: |n| {
        if n == "1" {
            "1 core".to_owned()
        } else {
            format!("{n} cores")
        }
    },
    connections: "Ports, networks and mounts",
    networks: "Networks",
    mounts: "Mounts",
    writable: "read and write",
    read_only: "read only",
    env: "Environment",
    values_hidden: "values hidden",
    health: "health:",
    health_check: "Health check",
    every: |time| format!("every {time}"),
    failed_in_a_row: |n| format!("{n} failed in a row"),
    passed: "passed",
    failed: "failed",
    no_processes: "Nothing runs in this container",
    no_events: "No events since Deckwatch started.",
    search: "Search names and values",
    matches: |n| match n {
        1 => "1 match".to_owned(),
        n => format!("{n} matches"),
    },
    raw: "Raw JSON",
    reveal: "Reveal values",
    reveal_note: "The values may contain passwords. The audit log records that you reveal them.",
    show: "Reveal",
    hide: "Hide values",
    out_of_memory: "out of memory",
    exits: [
        "ended well",
        "the engine failed",
        "the command cannot be executed",
        "no such command",
        "killed (SIGKILL)",
        "ended on request (SIGTERM)",
        "the application failed",
    ],
    exit_signal: |signal| format!("ended by {signal}"),
    happened: [
        "created",
        "started",
        "exited",
        "exited",
        "stopped",
        "signal sent",
        "paused",
        "unpaused",
        "restarted",
        "renamed",
        "removed",
        "removed",
        "settings changed",
        "ran out of memory",
    ],
};

pub(super) const KOREAN: ContainerText = ContainerText {
    tabs: "이 컨테이너의 보기",
    overview: "개요",
    stats: "통계",
    logs: "로그",
    processes: "프로세스",
    events: "이벤트",
    inspect: "검사",
    removed: "삭제됨",
    was_removed: |name| format!("{name} 컨테이너가 삭제되었습니다"),
    last_known: "마지막 이벤트",
    up: "가동",
    ago: |time| format!("{time} 전"),
    not_read: "엔진에서 읽지 못했습니다.",
    asking: "엔진에 묻는 중…",
    copy: "복사",
    copied: "복사됨",
    runs_as: "실행 정보",
    command: "명령",
    user: "사용자",
    working_dir: "작업 폴더",
    restart_policy: "재시작 정책",
    restarts: |n| format!("재시작 {n}회"),
    finished: "종료",
    error: "오류",
    uses: "리소스 사용량",
    memory: "메모리",
    network: "네트워크",
    disk: "디스크 I/O",
    limit: "/ 한도",
    no_limit: "한도 없음",
    cores: |n| format!("{n}코어"),
    connections: "포트, 네트워크, 마운트",
    networks: "네트워크",
    mounts: "마운트",
    writable: "읽기/쓰기",
    read_only: "읽기 전용",
    env: "환경 변수",
    values_hidden: "값 숨김",
    health: "상태 확인:",
    health_check: "상태 확인",
    every: |time| format!("{time}마다"),
    failed_in_a_row: |n| format!("연속 {n}회 실패"),
    passed: "통과",
    failed: "실패",
    no_processes: "이 컨테이너에서 실행 중인 프로세스가 없습니다",
    no_events: "Deckwatch가 시작된 뒤로 이벤트가 없습니다.",
    search: "이름과 값 검색",
    matches: |n| format!("{n}개 일치"),
    raw: "원본 JSON",
    reveal: "값 표시",
    reveal_note: "값에 비밀번호가 있을 수 있습니다. 값을 표시한 사실은 감사 로그에 기록됩니다.",
    show: "표시",
    hide: "값 숨기기",
    out_of_memory: "메모리 부족",
    exits: [
        "정상 종료",
        "엔진 오류",
        "실행할 수 없는 명령",
        "없는 명령",
        "강제 종료(SIGKILL)",
        "요청에 따른 종료(SIGTERM)",
        "애플리케이션 오류",
    ],
    exit_signal: |signal| format!("{signal}로 종료"),
    happened: [
        "생성됨",
        "시작됨",
        "종료됨",
        "종료됨",
        "중지됨",
        "시그널 전송",
        "일시 정지됨",
        "재개됨",
        "재시작됨",
        "이름 변경됨",
        "삭제됨",
        "삭제됨",
        "설정 변경됨",
        "메모리 부족",
    ],
};
