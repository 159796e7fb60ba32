//! Texts of the settings. Not in [`Text`](super::Text): only the part of the settings has them, not the first
//! view of every page.

use crate::model::{
    AuditOutcome, AuditPeriod, AuthMode, Language, Preferences, PrincipalKind, Role, ScopePattern,
    Section, SourceState,
};
use leptos::prelude::*;

/// A count of the last minutes and since the start, and the length of those minutes, as texts.
#[derive(Debug)]
pub struct RecentOfAll {
    /// The count of the last minutes.
    pub recent: String,
    /// Those minutes.
    pub window: String,
    /// The count since the start.
    pub all: String,
}

/// Texts of the settings.
#[derive(Debug)]
#[expect(missing_docs, reason = "every field is the text it names")]
pub struct SettingsText {
    pub sections: [&'static str; 5],
    pub loading: &'static str,
    pub saved: &'static str,
    pub ago: fn(&str) -> String,
    pub in_time: fn(&str) -> String,
    pub now: &'static str,
    pub never: &'static str,
    pub expired: &'static str,
    pub cancel: &'static str,
    pub name: &'static str,
    pub grants: &'static str,
    pub actions: &'static str,
    pub more_for: fn(&str) -> String,

    // Profile
    pub who_am_i: &'static str,
    pub kinds: [&'static str; 4],
    pub anyone: &'static str,
    pub signs_in_by: &'static str,
    pub modes: [&'static str; 4],
    pub session_ends: &'static str,
    pub what_i_may: &'static str,
    pub no_grants: &'static str,
    pub roles: [&'static str; 3],
    pub scope: fn(&ScopePattern) -> String,
    pub preferences: &'static str,
    pub language: &'static str,
    pub languages: [&'static str; 2],
    pub theme: &'static str,
    pub themes: [&'static str; 3],
    pub password: &'static str,
    pub current_password: &'static str,
    pub new_password: &'static str,
    pub password_rule: &'static str,
    pub change_password: &'static str,
    pub password_changed: &'static str,
    pub session: &'static str,
    pub sign_out: &'static str,
    pub sign_out_everywhere: &'static str,
    pub everywhere_hint: &'static str,

    // Users
    pub users_hint: &'static str,
    pub add_user: &'static str,
    pub user_name: &'static str,
    pub name_rule: &'static str,
    pub seen: &'static str,
    pub sessions: fn(u32) -> String,
    pub you: &'static str,
    pub disabled: &'static str,
    pub edit_grants: &'static str,
    pub grants_of: fn(&str) -> String,
    pub set_password: &'static str,
    pub password_of: fn(&str) -> String,
    pub password_hint: &'static str,
    pub disable: &'static str,
    pub enable: &'static str,
    pub delete: &'static str,
    pub delete_user: fn(&str) -> String,
    pub delete_user_hint: &'static str,
    pub save: &'static str,
    pub role: &'static str,
    pub scope_label: &'static str,
    pub scope_hint: &'static str,
    pub bad_scope: fn(&str) -> String,
    pub add_grant: &'static str,
    pub remove_grant: &'static str,

    // Tokens
    pub tokens_hint: &'static str,
    pub no_tokens: &'static str,
    pub new_token: &'static str,
    pub kiosk_link: &'static str,
    pub kiosk_hint: &'static str,
    pub kiosk: &'static str,
    pub expires: &'static str,
    pub expiry: fn(u16) -> String,
    pub no_expiry: &'static str,
    pub last_used: &'static str,
    pub created_by: fn(&str) -> String,
    pub create: &'static str,
    pub created: fn(&str) -> String,
    pub once: &'static str,
    pub token: &'static str,
    pub link: &'static str,
    pub dismiss: &'static str,
    pub revoke: &'static str,
    pub revoke_token: fn(&str) -> String,
    pub revoke_hint: &'static str,

    // Audit
    pub audit_hint: &'static str,
    pub when: &'static str,
    pub who: &'static str,
    pub from: &'static str,
    pub did: &'static str,
    pub on: &'static str,
    pub outcome: &'static str,
    pub outcomes: [&'static str; 4],
    pub any_outcome: &'static str,
    pub since: &'static str,
    pub periods: [&'static str; 4],
    pub any_time: &'static str,
    pub apply: &'static str,
    pub older: &'static str,
    pub newest: &'static str,
    pub no_entries: &'static str,

    // System
    pub system_hint: &'static str,
    pub version: &'static str,
    pub uptime: &'static str,
    pub clients: &'static str,
    pub of_at_most: fn(u32, u32) -> String,
    pub cpu: &'static str,
    pub memory: &'static str,
    pub sent_messages: &'static str,
    pub failed_sends: &'static str,
    pub reconnects: &'static str,
    pub recent_of_all: fn(&RecentOfAll) -> String,
    pub message_size: &'static str,
    pub delivery_time: &'static str,
    pub connection_time: &'static str,
    pub lost: &'static str,
    pub lost_counts: fn(&str, &str) -> String,
    pub sources: &'static str,
    pub source_state: fn(SourceState) -> &'static str,
    pub storage: &'static str,
    pub storage_ready: &'static str,
    pub storage_failing: &'static str,
    pub alarms: &'static str,
    pub no_alarms: &'static str,
}

/// The text at the place that `choice` has among all.
fn named<T: Copy + PartialEq>(all: &[T], texts: &[&'static str], choice: T) -> &'static str {
    let mut pairs = all.iter().zip(texts);
    let found = pairs.find(|(each, _)| **each == choice);
    found.map_or("", |(_, text)| text)
}

impl SettingsText {
    /// The name of a section.
    pub fn section(&self, section: Section) -> &'static str {
        named(&Section::ALL, &self.sections, section)
    }

    /// What kind of principal it is.
    pub fn kind(&self, kind: PrincipalKind) -> &'static str {
        const ALL: [PrincipalKind; 4] = [
            PrincipalKind::Anyone,
            PrincipalKind::User,
            PrincipalKind::Token,
            PrincipalKind::Kiosk,
        ];
        named(&ALL, &self.kinds, kind)
    }

    /// A way of signing in.
    pub fn mode(&self, mode: AuthMode) -> &'static str {
        named(&AuthMode::ALL, &self.modes, mode)
    }

    /// What a role allows.
    pub fn role(&self, role: Role) -> &'static str {
        named(&Role::ALL, &self.roles, role)
    }

    /// The name of an outcome.
    pub fn outcome(&self, outcome: AuditOutcome) -> &'static str {
        named(&AuditOutcome::ALL, &self.outcomes, outcome)
    }

    /// The name of a period.
    pub fn period(&self, period: AuditPeriod) -> &'static str {
        named(&AuditPeriod::ALL, &self.periods, period)
    }
}

/// The texts of the settings in the user's language. Tracks the language.
pub fn use_settings_text() -> Signal<&'static SettingsText> {
    let preferences = expect_context::<RwSignal<Preferences>>();
    Signal::derive(move || {
        let language = preferences.with(|preferences| preferences.language);
        match language {
            Language::English => &ENGLISH,
            Language::Korean => &KOREAN,
        }
    })
}

static ENGLISH: SettingsText = SettingsText {
    sections: ["Profile", "Users", "Tokens", "Audit log", "System"],
    loading: "Loading…",
    saved: "Saved.",
    ago: |age| format!("{age} ago"),
    in_time: |time| format!("in {time}"),
    now: "now",
    never: "never",
    expired: "expired",
    cancel: "Cancel",
    name: "Name",
    grants: "Grants",
    actions: "Actions",
    more_for: |name| format!("More for {name}"),

    who_am_i: "Who you are",
    kinds: ["anyone", "user", "API token", "kiosk link"],
    anyone: "Sign-in is switched off: everybody who reaches this address has every right. Set mode in [deckwatch.auth] to change this.",
    signs_in_by: "Signs in by",
    modes: ["nothing", "password", "proxy", "OIDC"],
    session_ends: "Session ends",
    what_i_may: "What you may do",
    no_grants: "Nothing: ask an admin for a grant.",
    roles: [
        "sees and reads logs",
        "sees, reads logs, acts and deploys",
        "has every right",
    ],
    scope: |scope| match scope {
        ScopePattern::Everything => "everywhere".to_owned(),
        ScopePattern::Host(host) => format!("on the host {host}"),
        ScopePattern::Cluster {
            cluster,
            namespace: None,
        } => format!("in the cluster {cluster}"),
        ScopePattern::Cluster {
            cluster,
            namespace: Some(namespace),
        } => format!("in the namespace {namespace} of the cluster {cluster}"),
        ScopePattern::Project(project) => format!("in the project {project}"),
        ScopePattern::Label { name, value } => format!("with the label {name}={value}"),
        ScopePattern::Name(pattern) => format!("with a name like {pattern}"),
    },
    preferences: "Preferences",
    language: "Language",
    languages: ["English", "한국어"],
    theme: "Theme",
    themes: ["System", "Light", "Dark"],
    password: "Password",
    current_password: "Current password",
    new_password: "New password",
    password_rule: "At least 12 characters.",
    change_password: "Change password",
    password_changed: "The password is changed.",
    session: "Session",
    sign_out: "Sign out",
    sign_out_everywhere: "Sign out everywhere",
    everywhere_hint: "Ends your sessions in all browsers, also this one.",

    users_hint: "A grant is a role in a scope; several add up.",
    add_user: "Add user",
    user_name: "User name",
    name_rule: "1 to 64 letters, digits and . _ @ -",
    seen: "Seen",
    sessions: |n| match n {
        0 => "no session".to_owned(),
        1 => "1 session".to_owned(),
        n => format!("{n} sessions"),
    },
    you: "you",
    disabled: "disabled",
    edit_grants: "Edit grants…",
    grants_of: |name| format!("Grants of {name}"),
    set_password: "Set password…",
    password_of: |name| format!("Password of {name}"),
    password_hint: "Ends the sessions of this user.",
    disable: "Disable",
    enable: "Enable",
    delete: "Delete…",
    delete_user: |name| format!("Delete {name}"),
    delete_user_hint: "Ends the sessions of this user. The audit log keeps the name.",
    save: "Save",
    role: "Role",
    scope_label: "Scope",
    scope_hint: "* · host:nas · project:shop · label:team=web · name:web-* · cluster:prod/shop",
    bad_scope: |scope| format!("“{scope}” is not a scope."),
    add_grant: "Add grant",
    remove_grant: "Remove grant",

    tokens_hint: "For programs: Authorization: Bearer dwt_…",
    no_tokens: "No tokens yet.",
    new_token: "New token",
    kiosk_link: "Kiosk link",
    kiosk_hint: "A link for a screen on a wall: the screen shows the dashboard, and no one can act on it.",
    kiosk: "kiosk link",
    expires: "Expires",
    expiry: |days| match days {
        365 => "in a year".to_owned(),
        days => format!("in {days} days"),
    },
    no_expiry: "never",
    last_used: "Last used",
    created_by: |name| format!("by {name}"),
    create: "Create",
    created: |name| format!("{name} is created."),
    once: "Copy it now: it is not shown again.",
    token: "Token",
    link: "Link",
    dismiss: "Dismiss",
    revoke: "Revoke",
    revoke_token: |name| format!("Revoke {name}"),
    revoke_hint: "Whatever uses it loses access at once.",

    audit_hint: "Written before each act, refused ones too.",
    when: "When",
    who: "Who",
    from: "From",
    did: "Did",
    on: "On",
    outcome: "Outcome",
    outcomes: ["begun", "done", "refused", "failed"],
    any_outcome: "All",
    since: "Since",
    periods: ["1 hour", "24 hours", "7 days", "30 days"],
    any_time: "the beginning",
    apply: "Apply",
    older: "Older",
    newest: "Newest",
    no_entries: "No entry matches.",

    system_hint: "The state of Deckwatch itself.",
    version: "Version",
    uptime: "Runs for",
    clients: "Connections",
    of_at_most: |n, max| format!("{n} of at most {max}"),
    cpu: "CPU",
    memory: "Memory",
    sent_messages: "Messages sent",
    failed_sends: "Failed sends",
    reconnects: "Reconnects",
    recent_of_all: |count| {
        let RecentOfAll {
            recent,
            window,
            all,
        } = count;
        format!("{recent} in the last {window}, {all} since the start")
    },
    message_size: "Mean message size",
    delivery_time: "Mean time to the last client",
    connection_time: "Mean connection time",
    lost: "Clients that fell behind",
    lost_counts: |resyncs, gaps| format!("{resyncs} resyncs, {gaps} gaps in logs"),
    sources: "Sources",
    source_state: |state| match state {
        SourceState::Live => "answers",
        SourceState::Late => "answers late",
        SourceState::Stale => "is silent",
        SourceState::Down => "cannot be reached",
    },
    storage: "Storage",
    storage_ready: "works",
    storage_failing: "does not work",
    alarms: "Alarms",
    no_alarms: "Nothing needs attention.",
};

static KOREAN: SettingsText = SettingsText {
    sections: ["프로필", "사용자", "토큰", "감사 로그", "시스템"],
    loading: "불러오는 중…",
    saved: "저장했습니다.",
    ago: |age| format!("{age} 전"),
    in_time: |time| format!("{time} 후"),
    now: "지금",
    never: "없음",
    expired: "만료됨",
    cancel: "취소",
    name: "이름",
    grants: "권한",
    actions: "동작",
    more_for: |name| format!("더 보기: {name}"),

    who_am_i: "현재 사용자",
    kinds: ["누구나", "사용자", "API 토큰", "키오스크 링크"],
    anyone: "로그인을 사용하지 않습니다. 이 주소에 접속하는 누구나 모든 권한을 가집니다. [deckwatch.auth]의 mode로 바꿀 수 있습니다.",
    signs_in_by: "로그인 방식",
    modes: ["없음", "비밀번호", "프록시", "OIDC"],
    session_ends: "세션 종료",
    what_i_may: "할 수 있는 일",
    no_grants: "없습니다. 관리자에게 권한을 요청하세요.",
    roles: [
        "보기, 로그 읽기",
        "보기, 로그 읽기, 조작, 배포",
        "모든 권한",
    ],
    scope: |scope| match scope {
        ScopePattern::Everything => "전체".to_owned(),
        ScopePattern::Host(host) => format!("호스트 {host}"),
        ScopePattern::Cluster {
            cluster,
            namespace: None,
        } => format!("클러스터 {cluster}"),
        ScopePattern::Cluster {
            cluster,
            namespace: Some(namespace),
        } => format!("클러스터 {cluster}의 네임스페이스 {namespace}"),
        ScopePattern::Project(project) => format!("프로젝트 {project}"),
        ScopePattern::Label { name, value } => format!("레이블 {name}={value}"),
        ScopePattern::Name(pattern) => format!("이름 {pattern}"),
    },
    preferences: "환경 설정",
    language: "언어",
    languages: ["English", "한국어"],
    theme: "테마",
    themes: ["시스템", "밝게", "어둡게"],
    password: "비밀번호",
    current_password: "현재 비밀번호",
    new_password: "새 비밀번호",
    password_rule: "12자 이상.",
    change_password: "비밀번호 변경",
    password_changed: "비밀번호를 변경했습니다.",
    session: "세션",
    sign_out: "로그아웃",
    sign_out_everywhere: "모든 곳에서 로그아웃",
    everywhere_hint: "이 브라우저를 포함해 모든 브라우저의 세션을 끝냅니다.",

    users_hint: "권한은 범위 안의 역할이며, 여러 개를 합칠 수 있습니다.",
    add_user: "사용자 추가",
    user_name: "사용자 이름",
    name_rule: "영문자, 숫자, . _ @ - 1~64자",
    seen: "최근 접속",
    sessions: |n| match n {
        0 => "세션 없음".to_owned(),
        n => format!("세션 {n}개"),
    },
    you: "나",
    disabled: "사용 중지됨",
    edit_grants: "권한 편집…",
    grants_of: |name| format!("{name}의 권한"),
    set_password: "비밀번호 설정…",
    password_of: |name| format!("{name}의 비밀번호"),
    password_hint: "이 사용자의 세션이 끝납니다.",
    disable: "사용 중지",
    enable: "다시 사용",
    delete: "삭제…",
    delete_user: |name| format!("{name} 삭제"),
    delete_user_hint: "이 사용자의 세션이 끝납니다. 감사 로그에는 이름이 남습니다.",
    save: "저장",
    role: "역할",
    scope_label: "범위",
    scope_hint: "* · host:nas · project:shop · label:team=web · name:web-* · cluster:prod/shop",
    bad_scope: |scope| format!("“{scope}”은(는) 범위가 아닙니다."),
    add_grant: "권한 추가",
    remove_grant: "권한 제거",

    tokens_hint: "프로그램용: Authorization: Bearer dwt_…",
    no_tokens: "아직 토큰이 없습니다.",
    new_token: "새 토큰",
    kiosk_link: "키오스크 링크",
    kiosk_hint: "벽에 건 화면을 위한 링크입니다. 여는 사람은 대시보드를 볼 수 있지만 조작할 수 없습니다.",
    kiosk: "키오스크 링크",
    expires: "만료",
    expiry: |days| match days {
        365 => "1년 후".to_owned(),
        days => format!("{days}일 후"),
    },
    no_expiry: "만료 없음",
    last_used: "마지막 사용",
    created_by: |name| format!("만든 사람: {name}"),
    create: "만들기",
    created: |name| format!("{name}을(를) 만들었습니다."),
    once: "지금 복사하세요. 다시 표시되지 않습니다.",
    token: "토큰",
    link: "링크",
    dismiss: "닫기",
    revoke: "폐기",
    revoke_token: |name| format!("{name} 폐기"),
    revoke_hint: "이 토큰을 쓰는 곳은 바로 접근할 수 없게 됩니다.",

    audit_hint: "동작 전에 기록하며, 거부된 것도 남습니다.",
    when: "시각",
    who: "사용자",
    from: "주소",
    did: "동작",
    on: "대상",
    outcome: "결과",
    outcomes: ["시작됨", "완료", "거부됨", "실패"],
    any_outcome: "전체",
    since: "기간",
    periods: ["1시간", "24시간", "7일", "30일"],
    any_time: "처음부터",
    apply: "적용",
    older: "이전 기록",
    newest: "최신 기록",
    no_entries: "일치하는 기록이 없습니다.",

    system_hint: "Deckwatch 자체의 상태입니다.",
    version: "버전",
    uptime: "가동 시간",
    clients: "연결",
    of_at_most: |n, max| format!("{n} / 최대 {max}"),
    cpu: "CPU",
    memory: "메모리",
    sent_messages: "보낸 메시지",
    failed_sends: "전송 실패",
    reconnects: "재연결",
    recent_of_all: |count| {
        let RecentOfAll {
            recent,
            window,
            all,
        } = count;
        format!("최근 {window} 동안 {recent}, 시작 이후 {all}")
    },
    message_size: "평균 메시지 크기",
    delivery_time: "마지막 클라이언트까지 평균 시간",
    connection_time: "평균 연결 시간",
    lost: "뒤처진 클라이언트",
    lost_counts: |resyncs, gaps| format!("재동기화 {resyncs}회, 로그 누락 {gaps}회"),
    sources: "수치의 출처",
    source_state: |state| match state {
        SourceState::Live => "응답함",
        SourceState::Late => "늦게 응답함",
        SourceState::Stale => "응답 없음",
        SourceState::Down => "연결할 수 없음",
    },
    storage: "저장소",
    storage_ready: "정상",
    storage_failing: "사용할 수 없음",
    alarms: "경보",
    no_alarms: "주의가 필요한 것이 없습니다.",
};
