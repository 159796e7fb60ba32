//! Texts of the log viewer.

use crate::{
    client::{
        LogWords,
        logs::{LevelFilter, Since, StreamFilter},
    },
    model::{LogEndReason, LogTimes},
};

/// Texts of the log viewer.
#[derive(Debug)]
#[expect(missing_docs, reason = "every field is the text it names")]
pub struct LogsText {
    pub words: LogWords,
    pub log: &'static str,
    pub search: &'static str,
    pub regex: &'static str,
    pub invert: &'static str,
    pub only: &'static str,
    pub next: &'static str,
    pub previous: &'static str,
    pub level: &'static str,
    pub levels: [&'static str; 5],
    pub stream: &'static str,
    pub streams: [&'static str; 3],
    pub view: &'static str,
    pub times: &'static str,
    pub time_choices: [&'static str; 3],
    pub wrap: &'static str,
    pub tail: &'static str,
    pub tail_lines: &'static str,
    pub since: &'static str,
    pub since_choices: [&'static str; 6],
    pub pause: &'static str,
    pub go_on: &'static str,
    pub clear: &'static str,
    pub copy: &'static str,
    pub download: &'static str,
    pub follow: &'static str,
    pub new_lines: &'static str,
    pub lines: &'static str,
    pub shown: &'static str,
    pub containers: &'static str,
    pub per_second: &'static str,
    pub stopped_by_scrolling: &'static str,
    pub held: &'static str,
    pub dropped: &'static str,
    pub searching: &'static str,
    pub invalid: &'static str,
    pub too_slow: &'static str,
    pub copied: &'static str,
    pub not_copied: &'static str,
    pub ends: [&'static str; 3],
    pub polling: &'static str,
    pub disconnected: &'static str,
    pub empty: &'static str,
    pub nothing_shown: &'static str,
    pub waiting: &'static str,
    pub choose: &'static str,
    pub choose_hint: &'static str,
    pub add: &'static str,
    pub find: &'static str,
    pub remove: &'static str,
    pub full: &'static str,
    pub unknown: &'static str,
    pub keys: &'static str,
}

impl LogsText {
    /// The name of a level filter.
    pub fn level(&self, choice: LevelFilter) -> &'static str {
        super::containers::named(LevelFilter::ALL, &self.levels, choice)
    }

    /// The name of a stream filter.
    pub fn stream(&self, choice: StreamFilter) -> &'static str {
        super::containers::named(StreamFilter::ALL, &self.streams, choice)
    }

    /// The name of a choice of shown times.
    pub fn time(&self, choice: LogTimes) -> &'static str {
        super::containers::named(LogTimes::ALL, &self.time_choices, choice)
    }

    /// The name of a choice of age.
    pub fn since(&self, choice: Since) -> &'static str {
        super::containers::named(Since::ALL, &self.since_choices, choice)
    }

    /// Why no more lines of a log follow.
    pub const fn end(&self, reason: LogEndReason) -> &'static str {
        let [stopped, removed, unreadable] = self.ends;
        match reason {
            LogEndReason::ContainerStopped => stopped,
            LogEndReason::ContainerRemoved => removed,
            LogEndReason::Unreadable => unreadable,
        }
    }
}

pub(super) const ENGLISH: LogsText = LogsText {
    words: LogWords {
        started: "started",
        ended: "ended",
        exit_code: "exit code",
        out_of_memory: "ran out of memory",
        paused: "was paused",
        unpaused: "was resumed",
        missing: "lines are missing here",
        missing_some: "lines are missing here",
        show_all: "Show all of this line",
        show_less: "Show less of this line",
    },
    log: "Log lines",
    search: "Search these lines",
    regex: "Regular expression",
    invert: "Leave out what matches",
    only: "Show only what matches",
    next: "Next match",
    previous: "Previous match",
    level: "Level",
    levels: [
        "All levels",
        "Error",
        "Warn and above",
        "Info and above",
        "Debug and above",
    ],
    stream: "Stream",
    streams: ["stdout + stderr", "stdout", "stderr"],
    view: "View",
    times: "Times",
    time_choices: ["Clock", "Ago", "Off"],
    wrap: "Wrap long lines",
    tail: "Last",
    tail_lines: "lines",
    since: "Since",
    since_choices: [
        "any time",
        "5 minutes ago",
        "15 minutes ago",
        "1 hour ago",
        "6 hours ago",
        "1 day ago",
    ],
    pause: "Pause",
    go_on: "Resume",
    clear: "Clear",
    copy: "Copy what is shown",
    download: "Download",
    follow: "Follow the end",
    new_lines: "new lines",
    lines: "lines",
    shown: "shown",
    containers: "containers",
    per_second: "lines/s",
    stopped_by_scrolling: "not following: scrolled up",
    held: "waiting while paused",
    dropped: "older lines dropped",
    searching: "searching…",
    invalid: "Invalid regular expression:",
    too_slow: "This expression takes too long; the search was stopped.",
    copied: "lines copied",
    not_copied: "The browser did not let this page copy.",
    ends: ["stopped", "removed", "its log cannot be read"],
    polling: "new lines arrive by polling",
    disconnected: "disconnected: lines continue when the connection is back",
    empty: "Nothing has been logged.",
    nothing_shown: "No line matches the filters.",
    waiting: "Waiting for lines…",
    choose: "Choose containers",
    choose_hint: "Up to eight logs are merged by time, each container in its colour.",
    add: "Container",
    find: "Find a container",
    remove: "Remove",
    full: "At most eight containers can be shown together.",
    unknown: "no such container",
    keys: "/ search · f follow · w wrap",
};

pub(super) const KOREAN: LogsText = LogsText {
    words: LogWords {
        started: "시작됨",
        ended: "종료됨",
        exit_code: "종료 코드",
        out_of_memory: "메모리 부족",
        paused: "일시 중지됨",
        unpaused: "재개됨",
        missing: "줄이 여기에서 빠졌습니다",
        missing_some: "여기에서 일부 줄이 빠졌습니다",
        show_all: "이 줄 전체 보기",
        show_less: "이 줄 접기",
    },
    log: "로그 줄",
    search: "줄 검색",
    regex: "정규식",
    invert: "일치하는 줄 제외",
    only: "일치하는 줄만 보기",
    next: "다음 일치",
    previous: "이전 일치",
    level: "레벨",
    levels: ["모든 레벨", "Error", "Warn 이상", "Info 이상", "Debug 이상"],
    stream: "스트림",
    streams: ["stdout + stderr", "stdout", "stderr"],
    view: "보기",
    times: "시각",
    time_choices: ["시각", "경과", "끔"],
    wrap: "긴 줄 바꿈",
    tail: "처음에",
    tail_lines: "줄",
    since: "시작 시점",
    since_choices: [
        "제한 없음",
        "5분 전",
        "15분 전",
        "1시간 전",
        "6시간 전",
        "하루 전",
    ],
    pause: "일시 중지",
    go_on: "계속",
    clear: "지우기",
    copy: "보이는 줄 복사",
    download: "내려받기",
    follow: "끝 따라가기",
    new_lines: "새 줄",
    lines: "줄",
    shown: "표시",
    containers: "컨테이너",
    per_second: "줄/초",
    stopped_by_scrolling: "위로 스크롤하여 따라가지 않음",
    held: "일시 중지 동안 대기",
    dropped: "이전 줄이 밀려남",
    searching: "검색 중…",
    invalid: "정규식이 아닙니다:",
    too_slow: "이 정규식은 너무 오래 걸려 검색을 중단했습니다.",
    copied: "줄 복사됨",
    not_copied: "브라우저가 복사를 허용하지 않았습니다.",
    ends: ["중지됨", "삭제됨", "로그를 읽을 수 없음"],
    polling: "새 줄을 폴링으로 받습니다",
    disconnected: "연결 끊김: 다시 연결되면 이어집니다",
    empty: "기록된 로그가 없습니다.",
    nothing_shown: "필터를 통과한 줄이 없습니다.",
    waiting: "줄을 기다리는 중…",
    choose: "컨테이너 선택",
    choose_hint: "최대 여덟 개의 로그를 시간순으로 합치고 컨테이너마다 색으로 구분합니다.",
    add: "컨테이너",
    find: "컨테이너 찾기",
    remove: "제거",
    full: "최대 여덟 개까지 구분할 수 있습니다.",
    unknown: "없는 컨테이너",
    keys: "/ 검색 · f 따라가기 · w 줄 바꿈",
};
