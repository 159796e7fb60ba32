//! Texts of the containers page and of a container's own page.

use crate::model::{
    Action, Container, ContainerState, Grouping, Health, SortKey, StateFilter, format,
};

/// Texts of the containers page and of a container's own page.
#[derive(Debug)]
#[expect(missing_docs, reason = "every field is the text it names")]
pub struct ContainersText {
    pub filter: &'static str,
    pub filter_hint: &'static str,
    pub apply: &'static str,
    pub all: &'static str,
    pub stopped: &'static str,
    pub states: [&'static str; 8],
    pub healths: [&'static str; 3],
    pub actions: [&'static str; 8],
    pub doing: [&'static str; 8],
    pub columns: [&'static str; 14],
    pub name: &'static str,
    pub table: &'static str,
    pub cards: &'static str,
    pub compact: &'static str,
    pub normal: &'static str,
    pub group: &'static str,
    pub grouped: fn(Grouping) -> &'static str,
    pub all_hosts: &'static str,
    pub choose_columns: &'static str,
    pub no_room: &'static str,
    pub hide_stopped: &'static str,
    pub select: &'static str,
    pub select_all: &'static str,
    pub selected: &'static str,
    pub clear: &'static str,
    pub more: &'static str,
    pub failed: &'static str,
    pub dismiss: &'static str,
    pub no_match: &'static str,
    pub clear_filter: &'static str,
    pub no_project: &'static str,
    pub exit_code: &'static str,
    pub ran: fn(&str) -> String,
    pub restarts: &'static str,
    pub confirm: &'static str,
    pub cancel: &'static str,
    pub force: &'static str,
    pub volumes: &'static str,
    pub new_name: &'static str,
    pub bad_name: &'static str,
    pub signal: &'static str,
    pub grace: &'static str,
    pub protected: &'static str,
    pub gone: &'static str,
    pub gone_hint: &'static str,
    pub back: &'static str,
    pub logs: &'static str,
    pub id: &'static str,
    pub labels: &'static str,
    pub started: &'static str,
    pub project: &'static str,
    pub none: &'static str,
    pub shown: &'static str,
    /// The label of the button that shows more entries of a list.
    pub show_more: &'static str,
}

impl ContainersText {
    /// The name of `state`.
    pub fn state(&self, state: ContainerState) -> &'static str {
        named(&ContainerState::ALL, &self.states, state)
    }

    /// The result of the last run of a container that waits for its restart: its exit code, the number of
    /// restarts and, after `between`, the duration of the run, as far as known.
    pub fn last_run(&self, container: &Container, between: &str) -> Option<String> {
        let code = container.exit_code;
        let exited = code.map(|code| format!("{} {code}", self.state(ContainerState::Exited)));
        let restarts = container.restart_count.filter(|n| *n > 0);
        let times = restarts.map(|n| format!("{n}×"));
        let took = container
            .last_run()
            .map(|took| (self.ran)(&format::age(took)));
        let ended: Vec<_> = exited.into_iter().chain(times).collect();
        let ended = Some(ended.join(" · ")).filter(|ended| !ended.is_empty());
        let known: Vec<_> = ended.into_iter().chain(took).collect();
        (!known.is_empty()).then(|| known.join(between))
    }

    /// The name of `health`.
    pub fn health(&self, health: Health) -> &'static str {
        named(&Health::ALL, &self.healths, health)
    }

    /// The label of the button for `action`.
    pub fn action(&self, action: Action) -> &'static str {
        named(&Action::ALL, &self.actions, action)
    }

    /// The words while `action` is in progress.
    pub fn doing(&self, action: Action) -> &'static str {
        named(&Action::ALL, &self.doing, action)
    }

    /// The title of the column `key`.
    pub fn column(&self, key: SortKey) -> &'static str {
        named(&SortKey::ALL, &self.columns, key)
    }

    /// The label of the chip for `filter`.
    pub fn state_filter(&self, filter: StateFilter) -> &'static str {
        match filter {
            StateFilter::All => self.all,
            StateFilter::Running => self.state(ContainerState::Running),
            StateFilter::Unhealthy => self.health(Health::Unhealthy),
            StateFilter::Restarting => self.state(ContainerState::Restarting),
            StateFilter::Paused => self.state(ContainerState::Paused),
            StateFilter::Stopped => self.stopped,
        }
    }
}

/// The text at the index that `value` has in `all`.
pub(super) fn named<T: PartialEq>(all: &[T], texts: &[&'static str], value: T) -> &'static str {
    let mut pairs = all.iter().zip(texts);
    pairs
        .find(|(known, _)| **known == value)
        .map_or("", |(_, text)| text)
}

pub(super) const ENGLISH: ContainersText = ContainersText {
    filter: "Filter by name, image, project, id, label or port",
    filter_hint: "Name, image, port…",
    apply: "Apply",
    all: "All",
    stopped: "stopped",
    states: [
        "running",
        "restarting",
        "paused",
        "created",
        "exited",
        "removing",
        "dead",
        "unknown",
    ],
    healths: ["starting", "healthy", "unhealthy"],
    actions: [
        "Start", "Stop", "Restart", "Pause", "Unpause", "Kill", "Remove", "Rename",
    ],
    doing: [
        "Starting…",
        "Stopping…",
        "Restarting…",
        "Pausing…",
        "Unpausing…",
        "Killing…",
        "Removing…",
        "Renaming…",
    ],
    columns: [
        "State", "Name", "Image", "Health", "Uptime", "Restarts", "CPU", "Memory", "Network",
        "Disk I/O", "PIDs", "Ports", "Host", "Created",
    ],
    name: "Name",
    table: "Table",
    cards: "Cards",
    compact: "Compact",
    normal: "Normal",
    group: "Group",
    grouped: |grouping| match grouping {
        Grouping::None => "Ungrouped",
        Grouping::Project => "By project",
        Grouping::Host => "By host",
    },
    all_hosts: "All hosts",
    choose_columns: "View",
    no_room: "no room here",
    hide_stopped: "Hide stopped",
    select: "Select",
    select_all: "Select all shown",
    selected: "selected",
    clear: "Clear selection",
    more: "More actions",
    failed: "failed",
    dismiss: "Dismiss",
    no_match: "No container matches",
    clear_filter: "Clear the filter",
    no_project: "no project",
    exit_code: "exit code",
    ran: |time| format!("ran {time}"),
    restarts: "restarts",
    confirm: "These containers are affected:",
    cancel: "Cancel",
    force: "Even while running (force)",
    volumes: "Remove anonymous volumes too",
    new_name: "New name",
    bad_name: "2 to 255 letters, digits, _ . or -, beginning with a letter or digit",
    signal: "Signal",
    grace: "Grace period in seconds",
    protected: "protected from actions",
    gone: "This container does not exist",
    gone_hint: "It may have been removed.",
    back: "All containers",
    logs: "Logs",
    id: "Id",
    labels: "Labels",
    started: "Started",
    project: "Project",
    none: "none",
    shown: "shown",
    show_more: "Show more",
};

pub(super) const KOREAN: ContainersText = ContainersText {
    filter: "이름, 이미지, 프로젝트, ID, 레이블, 포트로 필터",
    filter_hint: "이름, 이미지, 포트…",
    apply: "적용",
    all: "전체",
    stopped: "중지됨",
    states: [
        "실행 중",
        "재시작 중",
        "일시 중지",
        "생성됨",
        "종료됨",
        "삭제 중",
        "비정상 종료",
        "알 수 없음",
    ],
    healths: ["시작 중", "정상", "비정상"],
    actions: [
        "시작",
        "중지",
        "재시작",
        "일시 중지",
        "재개",
        "강제 종료",
        "삭제",
        "이름 변경",
    ],
    doing: [
        "시작하는 중…",
        "중지하는 중…",
        "재시작하는 중…",
        "일시 중지하는 중…",
        "재개하는 중…",
        "강제 종료하는 중…",
        "삭제하는 중…",
        "이름 변경 중…",
    ],
    columns: [
        "상태",
        "이름",
        "이미지",
        "헬스",
        "가동 시간",
        "재시작",
        "CPU",
        "메모리",
        "네트워크",
        "디스크 I/O",
        "PID",
        "포트",
        "호스트",
        "생성",
    ],
    name: "이름",
    table: "표",
    cards: "카드",
    compact: "좁게",
    normal: "보통",
    group: "그룹",
    grouped: |grouping| match grouping {
        Grouping::None => "묶지 않음",
        Grouping::Project => "프로젝트별",
        Grouping::Host => "호스트별",
    },
    all_hosts: "모든 호스트",
    choose_columns: "보기",
    no_room: "공간 부족",
    hide_stopped: "중지된 항목 숨기기",
    select: "선택",
    select_all: "표시된 항목 모두 선택",
    selected: "개 선택됨",
    clear: "선택 해제",
    more: "추가 동작",
    failed: "실패",
    dismiss: "닫기",
    no_match: "일치하는 컨테이너가 없습니다",
    clear_filter: "필터 지우기",
    no_project: "프로젝트 없음",
    exit_code: "종료 코드",
    ran: |time| format!("{time} 실행"),
    restarts: "회 재시작",
    confirm: "다음 컨테이너에 적용됩니다:",
    cancel: "취소",
    force: "실행 중이어도 삭제 (강제)",
    volumes: "익명 볼륨도 삭제",
    new_name: "새 이름",
    bad_name: "영문자나 숫자로 시작하는 2~255자의 영문자, 숫자, _ . -",
    signal: "시그널",
    grace: "강제 종료까지 기다릴 시간(초)",
    protected: "동작이 금지된 컨테이너",
    gone: "컨테이너가 없습니다",
    gone_hint: "삭제되었을 수 있습니다.",
    back: "모든 컨테이너",
    logs: "로그",
    id: "ID",
    labels: "레이블",
    started: "시작",
    project: "프로젝트",
    none: "없음",
    shown: "개 표시",
    show_more: "더 보기",
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timestamp, fixtures};

    #[test]
    fn a_crash_loop_says_how_its_last_run_ended_and_not_that_it_is_up() {
        let looping = Container {
            state: ContainerState::Restarting,
            started_at: Some(Timestamp::from_millis(10_000)),
            finished_at: Some(Timestamp::from_millis(11_000)),
            restart_count: Some(12),
            exit_code: Some(78),
            ..fixtures::container(1)
        };
        let said = ENGLISH.last_run(&looping, " · ");
        assert_eq!(said.as_deref(), Some("exited 78 · 12× · ran 1.0 s"));
        assert!(
            KOREAN
                .last_run(&looping, "\n")
                .is_some_and(|said| said.contains("78 · 12×"))
        );
        let unknown = Container {
            exit_code: None,
            started_at: None,
            restart_count: None,
            ..looping
        };
        assert_eq!(ENGLISH.last_run(&unknown, " "), None);
    }
}
