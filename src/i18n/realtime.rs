//! Texts of the realtime test.

use crate::model::{Finding, Outcome, Probe, SourceState};

/// Texts of the realtime test.
#[derive(Debug)]
#[expect(missing_docs, reason = "every field is the text it names")]
pub struct RealtimeText {
    pub intro: &'static str,
    pub no_script: &'static str,
    pub progress: fn(usize, usize) -> String,
    pub all_well: &'static str,
    pub all_well_hint: &'static str,
    pub run_again: &'static str,
    pub copy_report: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub not_copied: &'static str,
    pub ways: &'static str,
    pub way: &'static str,
    pub result: &'static str,
    pub seen: &'static str,
    pub proxy: &'static str,
    pub connection: &'static str,
    pub state: &'static str,
    pub messages: &'static str,
    pub data: &'static str,
    pub rate: &'static str,
    pub newest: &'static str,
    pub ago: fn(&str) -> String,
    pub round_trip: &'static str,
    pub reconnects: &'static str,
    pub run: &'static str,
    pub channels: &'static str,
    pub samples: &'static str,
    pub no_samples: &'static str,
    pub sources: &'static str,
    pub lasting: fn(&str) -> String,
    pub first_after: fn(u32) -> String,
    pub back_in: fn(u32) -> String,
    pub received: fn(u32, &str) -> String,
    pub answered_in: fn(u32) -> String,
    pub closed_with: fn(u16) -> String,
    pub quiet_for: fn(u32) -> String,
    pub longest_wait: fn(u32) -> String,
    pub status: fn(u16) -> String,
    pub no_answer: &'static str,
    pub name: fn(Probe) -> &'static str,
    pub outcome: fn(Outcome) -> &'static str,
    pub source: fn(SourceState) -> &'static str,
    /// The title of a finding, and what to do.
    pub finding: fn(&Finding) -> [String; 2],
}

pub(super) const ENGLISH: RealtimeText = RealtimeText {
    intro: "Tests every connection that Deckwatch can use for live updates from this browser, and shows what blocks it.",
    no_script: "This test runs in the browser and needs JavaScript. Without it, pages show the state of the moment they were loaded.",
    progress: |done, all| format!("Testing: {done} of {all} done …"),
    all_well: "Everything works.",
    all_well_hint: "WebSocket, server-sent events and polling get through without delay.",
    run_again: "Run again",
    copy_report: "Copy report",
    copy: "Copy",
    copied: "Copied",
    not_copied: "The browser does not allow it",
    ways: "Connections tested",
    way: "Connection",
    result: "Result",
    seen: "Observed",
    proxy: "Your proxy",
    connection: "The connection of this page",
    state: "State",
    messages: "Messages",
    data: "Data",
    rate: "Rate",
    newest: "Newest message",
    ago: |age| format!("{age} ago"),
    round_trip: "Round trip",
    reconnects: "Reconnects",
    run: "Server epoch",
    channels: "Channels",
    samples: "Live samples",
    no_samples: "No figures have come yet.",
    sources: "Where figures come from",
    lasting: |age| format!("for {age}"),
    first_after: |ms| format!("first after {ms} ms"),
    back_in: |ms| format!("round trip {ms} ms"),
    received: |n, size| match n {
        1 => format!("1 message, {size}"),
        n => format!("{n} messages, {size}"),
    },
    answered_in: |ms| format!("answered in {ms} ms"),
    closed_with: |code| format!("closed with {code}"),
    quiet_for: |seconds| format!("quiet for {seconds} s"),
    longest_wait: |ms| format!("longest wait {:.1} s", f64::from(ms) / 1e3),
    status: |status| format!("status {status}"),
    no_answer: "no answer",
    name: |probe| match probe {
        Probe::Reach => "Server, by HTTP",
        Probe::Binary => "WebSocket, binary",
        Probe::Json => "WebSocket, JSON",
        Probe::DockerStats => "WebSocket, container figures",
        Probe::Stream => "Server-sent events",
        Probe::Polling => "Polling",
        Probe::Quiet => "Quiet WebSocket",
    },
    outcome: |outcome| match outcome {
        Outcome::Waiting => "waiting",
        Outcome::Running => "testing",
        Outcome::Works => "works",
        Outcome::Broken => "does not work",
        Outcome::Skipped => "cannot be tried",
    },
    source: |state| match state {
        SourceState::Live => "answers",
        SourceState::Late => "answers late",
        SourceState::Stale => "is silent",
        SourceState::Down => "cannot be reached",
    },
    finding: english_finding,
};

#[expect(clippy::too_many_lines, reason = "two texts for each finding")]
fn english_finding(finding: &Finding) -> [String; 2] {
    let [title, advice] = match finding {
        Finding::Unreachable => [
            "The server does not answer.",
            "Check that Deckwatch runs, and that the network and the proxy lead to it.",
        ],
        Finding::ProxyFailed(status) => {
            return [
                format!("A proxy answers {status} in place of the server."),
                "It cannot reach Deckwatch: check the address it forwards to, and that Deckwatch runs.".into(),
            ];
        }
        Finding::Stranger(status) => {
            return [
                format!("Something else answers at this address, with status {status}."),
                "Check which server the proxy forwards to, and that `base-path` is the path before Deckwatch.".into(),
            ];
        }
        Finding::HostRefused => [
            "The server does not know itself by this name.",
            "Add the name in the address bar to `allowed-hosts` in Leptos.toml, and restart Deckwatch.",
        ],
        Finding::OriginRefused => [
            "The server does not take this page for its own: the proxy changes `Host`.",
            "Let the proxy pass `Host` on unchanged, and add the name in the address bar to `allowed-hosts`.",
        ],
        Finding::SignedOut => [
            "The server wants somebody to sign in.",
            "Sign in, and run the test again.",
        ],
        Finding::OtherVersion => [
            "This page is of another version than the server.",
            "Load the page again; if that does not help, something in between keeps old pages.",
        ],
        Finding::AtCapacity => [
            "The server has no room for another live connection.",
            "Close other tabs, or raise `max-clients` in Leptos.toml. Until then pages poll.",
        ],
        Finding::UpgradeRefused => [
            "WebSocket upgrade was refused: your proxy strips Upgrade.",
            "Pages poll instead, which is slower. Let the proxy pass upgrades on:",
        ],
        Finding::SubprotocolRefused => [
            "WebSockets open only without their subprotocol: something in between removes it.",
            "Let the proxy pass the header `Sec-WebSocket-Protocol` on in both directions.",
        ],
        Finding::SocketSilent => [
            "WebSockets open, but nothing comes through.",
            "Something in between holds data back: a proxy that buffers, or a virus scanner.",
        ],
        Finding::SocketCut(code) => {
            return [
                format!("WebSockets are closed with code {code} before everything has come."),
                "Look into the logs of the proxy and of Deckwatch at this moment.".into(),
            ];
        }
        Finding::OtherPathRefused => [
            "The WebSocket at /ws/docker/stats is refused, the one at /api/ws is not.",
            "Pages are not affected. For scripts, let the proxy pass upgrades on for every path:",
        ],
        Finding::StreamRefused(status) => {
            let status = status.map_or_else(
                || "no answer".to_owned(),
                |status| format!("status {status}"),
            );
            return [
                format!("Server-sent events do not come: {status}."),
                "Pages are not affected. Scripts that read /api/containers/stream are.".into(),
            ];
        }
        Finding::StreamBuffered(seconds) => {
            return [
                format!("SSE is buffered: events wait for {seconds} s or longer."),
                "Pages are not affected. For scripts, let the proxy pass on at once what comes:"
                    .into(),
            ];
        }
        Finding::PollingFailed(status) => {
            let status = status.map_or_else(
                || "no answer".to_owned(),
                |status| format!("status {status}"),
            );
            return [
                format!("Polling does not work: {status}."),
                "When WebSockets fail, pages have nothing to fall back on. Let the proxy pass /api/snapshot on.".into(),
            ];
        }
        Finding::IdleCut(seconds) => {
            return [
                format!("Idle connections are cut after {seconds} s."),
                "The server's heartbeat comes too late for that. Let the proxy wait longer, or lower `heartbeat` in Leptos.toml:".into(),
            ];
        }
        Finding::HeartbeatLost(seconds) => {
            return [
                format!("A quiet connection stays open, but for {seconds} s no heartbeat came."),
                "Something in between holds small messages back, or keeps a dead connection open."
                    .into(),
            ];
        }
        Finding::Slow(ms) => {
            return [
                format!("The way there and back takes {ms} ms."),
                "Figures are as late as that. The network or the server is busy.".into(),
            ];
        }
        Finding::ClockSkew(seconds) => {
            let (by, side) = (
                seconds.unsigned_abs(),
                if *seconds > 0 { "ahead of" } else { "behind" },
            );
            return [
                format!("This browser's clock is {by} s {side} the server's."),
                "Ages on the pages are corrected for that; times in logs are the server's.".into(),
            ];
        }
        Finding::Engine(host) => {
            return [
                format!("The engine of {host} does not answer."),
                "Its containers are shown as they were last known; what is wrong stands at the top.".into(),
            ];
        }
    };
    [title.into(), advice.into()]
}

pub(super) const KOREAN: RealtimeText = RealtimeText {
    intro: "Deckwatch가 실시간 수치를 보내는 모든 방법을 이 브라우저에서 시험하고, 중간에 무엇이 막는지 알려 줍니다.",
    no_script: "이 테스트는 브라우저에서 실행되며 JavaScript가 필요합니다. JavaScript가 없으면 페이지는 불러온 시점의 상태를 보여 줍니다.",
    progress: |done, all| format!("테스트 중: {all}개 중 {done}개 완료 …"),
    all_well: "모두 정상입니다.",
    all_well_hint: "WebSocket, SSE, 폴링이 지연 없이 통과합니다.",
    run_again: "다시 실행",
    copy_report: "보고서 복사",
    copy: "복사",
    copied: "복사됨",
    not_copied: "브라우저가 허용하지 않습니다",
    ways: "시험한 연결",
    way: "연결",
    result: "결과",
    seen: "관찰",
    proxy: "사용 중인 프록시",
    connection: "이 페이지의 연결",
    state: "상태",
    messages: "메시지",
    data: "데이터",
    rate: "속도",
    newest: "최근 메시지",
    ago: |age| format!("{age} 전"),
    round_trip: "왕복 시간",
    reconnects: "재연결",
    run: "서버 실행 ID",
    channels: "채널",
    samples: "실시간 표본",
    no_samples: "아직 수치가 없습니다.",
    sources: "수치의 출처",
    lasting: |age| format!("{age} 동안"),
    first_after: |ms| format!("첫 메시지 {ms} ms"),
    back_in: |ms| format!("왕복 {ms} ms"),
    received: |n, size| format!("메시지 {n}개, {size}"),
    answered_in: |ms| format!("{ms} ms 만에 응답"),
    closed_with: |code| format!("코드 {code}로 닫힘"),
    quiet_for: |seconds| format!("{seconds} s 동안 조용함"),
    longest_wait: |ms| format!("최장 대기 {:.1} s", f64::from(ms) / 1e3),
    status: |status| format!("상태 {status}"),
    no_answer: "응답 없음",
    name: |probe| match probe {
        Probe::Reach => "서버 (HTTP)",
        Probe::Binary => "WebSocket, 바이너리",
        Probe::Json => "WebSocket, JSON",
        Probe::DockerStats => "WebSocket, 컨테이너 수치",
        Probe::Stream => "SSE (서버 전송 이벤트)",
        Probe::Polling => "폴링",
        Probe::Quiet => "조용한 WebSocket",
    },
    outcome: |outcome| match outcome {
        Outcome::Waiting => "대기",
        Outcome::Running => "테스트 중",
        Outcome::Works => "정상",
        Outcome::Broken => "작동하지 않음",
        Outcome::Skipped => "시험 불가",
    },
    source: |state| match state {
        SourceState::Live => "응답함",
        SourceState::Late => "늦게 응답함",
        SourceState::Stale => "응답 없음",
        SourceState::Down => "연결할 수 없음",
    },
    finding: korean_finding,
};

#[expect(clippy::too_many_lines, reason = "two texts for each finding")]
fn korean_finding(finding: &Finding) -> [String; 2] {
    let [title, advice] = match finding {
        Finding::Unreachable => [
            "서버가 응답하지 않습니다.",
            "Deckwatch가 실행 중인지, 네트워크와 프록시가 서버로 이어지는지 확인하세요.",
        ],
        Finding::ProxyFailed(status) => {
            return [
                format!("프록시가 서버 대신 {status}로 응답합니다."),
                "프록시가 Deckwatch에 연결하지 못합니다. 전달 주소와 Deckwatch의 실행 여부를 확인하세요.".into(),
            ];
        }
        Finding::Stranger(status) => {
            return [
                format!("이 주소에서 다른 서버가 상태 {status}로 응답합니다."),
                "프록시가 어느 서버로 전달하는지, `base-path`가 Deckwatch 앞의 경로와 같은지 확인하세요.".into(),
            ];
        }
        Finding::HostRefused => [
            "서버가 이 이름을 알지 못합니다.",
            "주소창의 이름을 Leptos.toml의 `allowed-hosts`에 추가하고 Deckwatch를 다시 시작하세요.",
        ],
        Finding::OriginRefused => [
            "서버가 이 페이지를 자기 것으로 인정하지 않습니다. 프록시가 `Host`를 바꿉니다.",
            "프록시가 `Host`를 그대로 전달하게 하고, 주소창의 이름을 `allowed-hosts`에 추가하세요.",
        ],
        Finding::SignedOut => ["로그인이 필요합니다.", "로그인한 뒤 다시 실행하세요."],
        Finding::OtherVersion => [
            "이 페이지의 버전이 서버와 다릅니다.",
            "페이지를 새로 고치세요. 그래도 같으면 중간에서 오래된 페이지를 보관하고 있습니다.",
        ],
        Finding::AtCapacity => [
            "서버에 실시간 연결을 더 받을 자리가 없습니다.",
            "다른 탭을 닫거나 Leptos.toml의 `max-clients`를 늘리세요. 그동안은 폴링합니다.",
        ],
        Finding::UpgradeRefused => [
            "WebSocket 업그레이드가 거부되었습니다. 프록시가 Upgrade를 제거합니다.",
            "페이지는 더 느린 폴링을 사용합니다. 프록시가 업그레이드를 전달하게 하세요:",
        ],
        Finding::SubprotocolRefused => [
            "하위 프로토콜 없이만 WebSocket이 열립니다. 중간에서 제거됩니다.",
            "프록시가 `Sec-WebSocket-Protocol` 헤더를 양방향으로 전달하게 하세요.",
        ],
        Finding::SocketSilent => [
            "WebSocket은 열리지만 아무것도 오지 않습니다.",
            "버퍼링하는 프록시나 백신 프로그램이 데이터를 붙잡고 있습니다.",
        ],
        Finding::SocketCut(code) => {
            return [
                format!("모두 도착하기 전에 WebSocket이 코드 {code}로 닫힙니다."),
                "이 시각의 프록시 로그와 Deckwatch 로그를 확인하세요.".into(),
            ];
        }
        Finding::OtherPathRefused => [
            "/api/ws는 열리지만 /ws/docker/stats의 WebSocket은 거부됩니다.",
            "페이지에는 영향이 없습니다. 스크립트를 위해 모든 경로의 업그레이드를 전달하세요:",
        ],
        Finding::StreamRefused(status) => {
            let status =
                status.map_or_else(|| "응답 없음".to_owned(), |status| format!("상태 {status}"));
            return [
                format!("SSE가 오지 않습니다: {status}."),
                "페이지에는 영향이 없습니다. /api/containers/stream을 읽는 스크립트에는 영향이 있습니다.".into(),
            ];
        }
        Finding::StreamBuffered(seconds) => {
            return [
                format!("SSE가 버퍼링됩니다. 이벤트가 {seconds} s 이상 기다립니다."),
                "페이지에는 영향이 없습니다. 스크립트를 위해 프록시가 받은 것을 바로 전달하게 하세요:".into(),
            ];
        }
        Finding::PollingFailed(status) => {
            let status =
                status.map_or_else(|| "응답 없음".to_owned(), |status| format!("상태 {status}"));
            return [
                format!("폴링이 작동하지 않습니다: {status}."),
                "WebSocket이 실패하면 대안이 없습니다. 프록시가 /api/snapshot을 전달하게 하세요."
                    .into(),
            ];
        }
        Finding::IdleCut(seconds) => {
            return [
                format!("유휴 연결이 {seconds} s 뒤에 끊어집니다."),
                "서버의 하트비트보다 빠릅니다. 프록시의 대기 시간을 늘리거나 Leptos.toml의 `heartbeat`를 줄이세요:".into(),
            ];
        }
        Finding::HeartbeatLost(seconds) => {
            return [
                format!("조용한 연결이 열려 있지만 {seconds} s 동안 하트비트가 오지 않았습니다."),
                "중간에서 작은 메시지를 붙잡거나 끊어진 연결을 열어 두고 있습니다.".into(),
            ];
        }
        Finding::Slow(ms) => {
            return [
                format!("왕복에 {ms} ms가 걸립니다."),
                "수치가 그만큼 늦습니다. 네트워크나 서버가 바쁩니다.".into(),
            ];
        }
        Finding::ClockSkew(seconds) => {
            let (by, side) = (
                seconds.unsigned_abs(),
                if *seconds > 0 {
                    "빠릅니다"
                } else {
                    "느립니다"
                },
            );
            return [
                format!("이 브라우저의 시계가 서버보다 {by} s {side}."),
                "페이지의 경과 시간은 보정됩니다. 로그의 시각은 서버 기준입니다.".into(),
            ];
        }
        Finding::Engine(host) => {
            return [
                format!("{host}의 엔진이 응답하지 않습니다."),
                "컨테이너는 마지막으로 알려진 상태로 표시됩니다. 원인은 위쪽에 있습니다.".into(),
            ];
        }
    };
    [title.into(), advice.into()]
}
