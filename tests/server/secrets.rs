//! Secrets are revealed through no interface.

use crate::support::{
    app::{Settings, TestApp},
    fake_engine::{FakeContainer, FakeEngine, id_of},
    page::Page,
    socket::Incoming,
    sse::Sse,
};
use deckwatch::{model::WorkloadKey, protocol::Channel};
use serde_json::json;

/// Part of every secret of these tests, and of nothing else.
const SECRET: &str = "hunter2";

fn engine() -> FakeEngine {
    let secretive = FakeContainer::running("web-1")
        .env("DB_PASSWORD=hunter2-in-env")
        .env("PLAIN=hunter2-under-a-plain-name")
        .env("DATABASE_URL=postgres://app:hunter2-in-url@db/x")
        .label("api.token", "hunter2-in-label")
        .label(
            "upstream",
            "https://user:hunter2-in-label-url@host/x?token=hunter2-in-query",
        )
        .command(&[
            "serve",
            "--password",
            "hunter2-in-flag",
            "--api-key=hunter2-in-word",
            "hunter2-in-env",
        ])
        .health_output("cannot log in with password=hunter2-in-output");
    FakeEngine::start()
        .with(secretive)
        .with(FakeContainer::running("web-2"))
}

#[track_caller]
fn assert_clean(door: &str, body: &str) {
    let at = body.find(SECRET);
    let near = at.map(|at| {
        body[at.saturating_sub(80)..]
            .chars()
            .take(200)
            .collect::<String>()
    });
    assert_eq!(near, None, "{door} contains a secret");
}

/// Every path with a textual response about the container with secrets.
fn paths() -> Vec<String> {
    let id = id_of("web-1");
    let api = ["", "/details", "/events", "/top", "/stats", "/logs"];
    let pages = [
        "",
        "?tab=stats",
        "?tab=processes",
        "?tab=events",
        "?tab=inspect",
    ];
    let fixed = [
        "/",
        "/containers",
        "/api/containers",
        "/api/snapshot",
        "/api/metrics",
        "/api/ws",
        "/metrics",
    ];
    api.iter()
        .map(|rest| format!("/api/containers/{id}{rest}"))
        .chain(pages.iter().map(|rest| format!("/containers/{id}{rest}")))
        .chain(fixed.map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn no_response_contains_a_secret() {
    let app = TestApp::start(engine()).await;
    // Its events contain its labels.
    app.engine.stop_container("web-1");
    app.engine.start_container("web-1");
    let url = format!("/api/containers/{}/events", id_of("web-1"));
    crate::support::eventually("the events are known", async || {
        app.get(&url)
            .await
            .text()
            .await
            .unwrap()
            .contains("\"start\"")
    })
    .await;
    for door in paths() {
        for accept in ["application/json", "application/vnd.deckwatch.v1"] {
            let answer = app.get_with(&door, ("accept", accept)).await;
            assert!(answer.status().is_success(), "{door}: {}", answer.status());
            let body = answer.bytes().await.unwrap();
            assert_clean(&door, &String::from_utf8_lossy(&body));
            // The state embedded in a page is base64.
            for word in String::from_utf8_lossy(&body).split(['"', '\'']) {
                if let Some(inner) = word
                    .get(..word.len() - word.len() % 4)
                    .and_then(from_base64)
                {
                    assert_clean(&door, &String::from_utf8_lossy(&inner));
                }
            }
        }
    }
    app.end().await;
}

/// Decodes long base64 text.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = text.trim_end_matches('=');
    if text.len() < 40 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut buffer, mut bits) = (0_u32, 0);
    for digit in text.bytes() {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        buffer = buffer << 6 | u32::try_from(value).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

#[tokio::test]
async fn no_live_message_contains_a_secret() {
    let app = TestApp::start(engine()).await;
    let mut socket = app.socket().await;
    let mut page = Page::connect(&app).await;
    for channel in [Channel::CONTAINERS, Channel::EVENTS, Channel::METRICS] {
        socket.subscribe(channel).await;
        page.follow(channel, None).await;
    }
    app.engine.stop_container("web-1");
    loop {
        let Incoming::Text(text) = socket.receive().await else {
            panic!("closed")
        };
        assert_clean("the socket", &text);
        if text.contains("\"die\"") {
            break;
        }
    }
    loop {
        let frame = page.frame().await.unwrap();
        let message = String::from_utf8_lossy(&crate::support::page::inflated(&frame)).into_owned();
        assert_clean("the binary socket", &message);
        if message.contains("die") {
            break;
        }
    }
    let (mut stream, _) = Sse::open(&app, None).await;
    let list = stream.until(|sent| sent.event == "containers").await;
    assert!(list.data.contains("web-1"));
    assert_clean("the event stream", &list.data);
    app.end().await;
}

#[tokio::test]
async fn no_error_contains_a_secret() {
    let app = TestApp::start(engine()).await;
    app.engine.fail_with_words(
        500,
        "cannot start: env DB_PASSWORD=hunter2-in-error at https://u:hunter2-in-error@registry",
    );
    let id = id_of("web-1");
    for path in ["", "/details", "/top"] {
        let body = app
            .get(&format!("/api/containers/{id}{path}"))
            .await
            .text()
            .await
            .unwrap();
        assert!(body.contains("cannot start"), "{body}");
        assert_clean(path, &body);
    }
    let body = app
        .post(&format!("/api/containers/{id}/restart"), &json!({}))
        .await;
    let body = body.text().await.unwrap();
    assert!(body.contains("cannot start"), "{body}");
    assert_clean("an action", &body);
    crate::support::eventually("the source is said to be down", async || {
        let message = app.get("/api/snapshot").await.text().await.unwrap();
        assert_clean("the snapshot", &message);
        message.contains("cannot start")
    })
    .await;
    assert_clean("a page", &app.get("/").await.text().await.unwrap());
    app.end().await;
}

/// A secret as a program may write it, and the text that must not get through.
const WRITTEN: [&str; 7] = [
    "hunter2-in-env",
    "hunter2\u{1b}[1m-in-env",
    "hunter2\r-in-env",
    "hun\0ter2-in-\u{8}env",
    "hunter2\u{200b}-in-env",
    r"hunter2\u002din-env",
    "hunter2%2Din-env",
];

#[tokio::test]
async fn no_log_line_contains_a_secret_in_any_encoding() {
    let app = TestApp::start(engine()).await;
    for text in WRITTEN {
        app.engine.write_line("web-1", &format!("<{text}>"));
    }
    let id = id_of("web-1");
    let masked = "<••••••>\n".repeat(WRITTEN.len());
    let body = app.get(&format!("/api/containers/{id}/logs")).await;
    assert_eq!(body.text().await.unwrap(), masked);
    let path = format!("/api/containers/{id}/logs?format=ndjson");
    let body = app.get(&path).await.text().await.unwrap();
    assert_eq!(body.matches("<••••••>").count(), WRITTEN.len(), "{body}");
    for page in [
        format!("/containers/{id}?tab=logs"),
        format!("/logs?c={id}"),
    ] {
        let body = app.get(&page).await.text().await.unwrap();
        assert!(body.contains("&lt;••••••&gt;"), "the page shows the lines");
        assert_clean(&page, &body);
    }
    let mut socket = app.socket().await;
    socket
        .subscribe(Channel::logs(WorkloadKey::Container(id.parse().unwrap())))
        .await;
    let mut lines = 0;
    while lines < WRITTEN.len() {
        let Incoming::Text(text) = socket.receive().await else {
            panic!("closed")
        };
        lines += text.matches("<••••••>").count();
        assert_clean("the log's channel", &text);
    }
    app.end().await;
}

/// A token and a line of a private key, both with [`SECRET`] in them, and in no variable.
const TOKEN: &str = "ghp_hunter2hunter2hunter2hunter2hunter2x";
const KEY_LINE: &str = "MIIEhunter2hunter2Hunter2hunter2hunter2hunter2hunter2hunter2/+AB";

#[tokio::test]
async fn no_response_contains_a_secret_of_a_known_shape_or_pattern() {
    let secretive = FakeContainer::running("web-1")
        .label("note", &format!("deployed with {TOKEN}"))
        .command(&["clone", TOKEN, "for", "account-hunter2"])
        .health_output(&format!("denied: {TOKEN}"));
    let settings = Settings {
        redact: vec!["account-[a-z0-9]+".to_owned()],
        ..Settings::default()
    };
    let app = TestApp::start_with(FakeEngine::start().with(secretive), settings).await;
    let uses = format!("uses {TOKEN} of account-hunter2");
    let lines = [
        uses.as_str(),
        "-----BEGIN RSA PRIVATE KEY-----",
        KEY_LINE,
        "hunter2Z",
        "-----END RSA PRIVATE KEY-----",
        "ready",
    ];
    for line in lines {
        app.engine.write_line("web-1", line);
    }
    let id = id_of("web-1");
    let mut paths = paths();
    paths.extend(["logs", "tab=logs"].map(|tab| format!("/containers/{id}?{tab}")));
    for door in paths {
        let body = app.get(&door).await.text().await.unwrap();
        assert_clean(&door, &body);
    }
    let masked = "uses •••••• of ••••••\n-----BEGIN RSA PRIVATE KEY-----\n••••••\n••••••\n\
                  -----END RSA PRIVATE KEY-----\nready\n";
    for query in ["", "?tail=6", "?tail=100"] {
        let body = app.get(&format!("/api/containers/{id}/logs{query}")).await;
        assert_eq!(body.text().await.unwrap(), masked, "{query}");
    }
    for tail in 1..6 {
        let path = format!("/api/containers/{id}/logs?tail={tail}");
        let body = app.get(&path).await.text().await.unwrap();
        assert_eq!(body.lines().count(), tail);
        assert_clean(&path, &body);
    }
    let mut socket = app.socket().await;
    let channel = Channel::logs(WorkloadKey::Container(id.parse().unwrap()));
    socket.subscribe(channel).await;
    loop {
        let Incoming::Text(text) = socket.receive().await else {
            panic!("closed")
        };
        assert_clean("the log's channel", &text);
        if text.contains("ready") {
            break;
        }
    }
    app.engine
        .fail_with_words(500, &format!("no access with {TOKEN} of account-hunter2"));
    let body = app.get(&format!("/api/containers/{id}/top")).await;
    let body = body.text().await.unwrap();
    assert!(body.contains("no access with •••••• of ••••••"), "{body}");
    let metrics = app.get("/metrics").await.text().await.unwrap();
    for rule in ["github", "pem", "custom"] {
        let count = format!("\ndeckwatch_redactions_total{{rule=\"{rule}\"}} ");
        let (_, count) = metrics.split_once(&count).expect(rule);
        let count: u64 = count.lines().next().unwrap().parse().unwrap();
        assert!(count > 0, "{rule}");
    }
    app.end().await;
}

#[tokio::test]
async fn values_after_names_of_secrets_in_a_log_are_masked() {
    let engine = FakeEngine::start().with(FakeContainer::running("web-1"));
    for line in [
        "db_password=hunter2 user=bob",
        r#"{"api_key": "hunter2","level":"info"}"#,
        "token: hunter2",
        "password: incorrect",
    ] {
        engine.write_line("web-1", line);
    }
    let app = TestApp::start(engine).await;
    let path = format!("/api/containers/{}/logs", id_of("web-1"));
    let body = app.get(&path).await.text().await.unwrap();
    let masked = "db_password=•••••• user=bob\n{\"api_key\": \"••••••\",\"level\":\"info\"}\n\
                  token: ••••••\npassword: incorrect\n";
    assert_eq!(body, masked);
    app.end().await;
}

#[tokio::test]
async fn no_label_in_a_list_contains_a_secret_of_the_environment() {
    let noted = FakeContainer::running("web-1")
        .env("DB_PASSWORD=hunter2-in-env")
        .label("note", "signs in with hunter2-in-env");
    let app = TestApp::start(FakeEngine::start().with(noted)).await;
    crate::support::eventually("the container is described", async || {
        let body = app.get("/api/containers").await.text().await.unwrap();
        body.contains("signs in with ••••••")
    })
    .await;
    for door in paths() {
        let body = app.get(&door).await.bytes().await.unwrap();
        assert_clean(&door, &String::from_utf8_lossy(&body));
    }
    app.end().await;
}

#[tokio::test]
async fn a_password_that_is_an_ordinary_word_masks_no_name() {
    let mut postgres = FakeContainer::running("postgres-1")
        .env("POSTGRES_PASSWORD=postgres")
        .env("MAX_TOKENS=4096000");
    postgres.image = "postgres:16".to_owned();
    let engine = FakeEngine::start().with(postgres);
    engine.write_line("postgres-1", "postgres is ready, 4096000 tokens");
    let app = TestApp::start(engine).await;
    let id = id_of("postgres-1");
    let body = app.get(&format!("/api/containers/{id}")).await;
    let body: serde_json::Value = body.json().await.unwrap();
    assert_eq!(body["Config"]["Image"], "postgres:16");
    assert_eq!(body["Name"], "/postgres-1");
    assert_eq!(body["Config"]["Env"][0], "POSTGRES_PASSWORD=••••••");
    let body = app.get(&format!("/api/containers/{id}/logs")).await;
    let body = body.text().await.unwrap();
    assert_eq!(body, "postgres is ready, 4096000 tokens\n");
    app.end().await;
}

#[tokio::test]
async fn no_refused_action_and_no_unreadable_log_reveals_a_secret() {
    let app = TestApp::start(engine()).await;
    let id = id_of("web-1");
    let words = "exec: hunter2-in-env: not found";
    app.engine.refuse_actions(words);
    let body = app
        .post(&format!("/api/containers/{id}/restart"), &json!({}))
        .await;
    let body = body.text().await.unwrap();
    assert!(body.contains("exec: ••••••: not found"), "{body}");
    assert_clean("an action", &body);
    app.engine.change_silently("web-1", |web| {
        web.log_failure = Some((500, words.to_owned()))
    });
    let body = app.get(&format!("/api/containers/{id}/logs")).await;
    let body = body.text().await.unwrap();
    assert!(body.contains("exec: ••••••: not found"), "{body}");
    assert_clean("a log", &body);
    app.end().await;
}
