//! Secrets leave by no door.

use crate::support::{
    app::TestApp,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    page::Page,
    socket::Incoming,
    sse::Sse,
};
use deckwatch::{model::WorkloadKey, protocol::Channel};
use serde_json::json;

/// In every secret of these tests, and nowhere else.
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
fn assert_clean(door: &str, said: &str) {
    let at = said.find(SECRET);
    let near = at.map(|at| {
        said[at.saturating_sub(80)..]
            .chars()
            .take(200)
            .collect::<String>()
    });
    assert_eq!(near, None, "{door} tells a secret");
}

/// Every address that answers with text, of the container with secrets.
fn doors() -> Vec<String> {
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
async fn no_answer_tells_a_secret() {
    let app = TestApp::start(engine()).await;
    // Its events hold its labels.
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
    for door in doors() {
        for accept in ["application/json", "application/vnd.deckwatch.v1"] {
            let answer = app.get_with(&door, ("accept", accept)).await;
            assert!(answer.status().is_success(), "{door}: {}", answer.status());
            let said = answer.bytes().await.unwrap();
            assert_clean(&door, &String::from_utf8_lossy(&said));
            // The state inside a page is in base64.
            for word in String::from_utf8_lossy(&said).split(['"', '\'']) {
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

/// Bytes of a long base64 text.
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
async fn no_live_message_tells_a_secret() {
    let app = TestApp::start(engine()).await;
    let mut socket = app.socket().await;
    let mut page = Page::connect(&app).await;
    for channel in [Channel::CONTAINERS, Channel::EVENTS, Channel::METRICS] {
        socket.subscribe(channel).await;
        page.follow(channel, None).await;
    }
    app.engine.stop_container("web-1");
    loop {
        let Incoming::Text(text) = socket.hear().await else {
            panic!("closed")
        };
        assert_clean("the socket", &text);
        if text.contains("\"die\"") {
            break;
        }
    }
    loop {
        let frame = page.frame().await.unwrap();
        let told = String::from_utf8_lossy(&crate::support::page::inflated(&frame)).into_owned();
        assert_clean("the binary socket", &told);
        if told.contains("die") {
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
async fn no_failure_tells_a_secret() {
    let app = TestApp::start(engine()).await;
    app.engine.fail_with_words(
        500,
        "cannot start: env DB_PASSWORD=hunter2-in-error at https://u:hunter2-in-error@registry",
    );
    let id = id_of("web-1");
    for path in ["", "/details", "/top"] {
        let said = app
            .get(&format!("/api/containers/{id}{path}"))
            .await
            .text()
            .await
            .unwrap();
        assert!(said.contains("cannot start"), "{said}");
        assert_clean(path, &said);
    }
    let said = app
        .post(&format!("/api/containers/{id}/restart"), &json!({}))
        .await;
    let said = said.text().await.unwrap();
    assert!(said.contains("cannot start"), "{said}");
    assert_clean("an action", &said);
    crate::support::eventually("the source is said to be down", async || {
        let told = app.get("/api/snapshot").await.text().await.unwrap();
        assert_clean("the snapshot", &told);
        told.contains("cannot start")
    })
    .await;
    assert_clean("a page", &app.get("/").await.text().await.unwrap());
    app.end().await;
}

/// A secret as a program may write it, and as it must not come through.
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
async fn no_line_of_a_log_tells_a_secret_however_it_is_written() {
    let app = TestApp::start(engine()).await;
    for text in WRITTEN {
        app.engine.write_line("web-1", &format!("<{text}>"));
    }
    let id = id_of("web-1");
    let masked = "<••••••>\n".repeat(WRITTEN.len());
    let said = app.get(&format!("/api/containers/{id}/logs")).await;
    assert_eq!(said.text().await.unwrap(), masked);
    let path = format!("/api/containers/{id}/logs?format=ndjson");
    let said = app.get(&path).await.text().await.unwrap();
    assert_eq!(said.matches("<••••••>").count(), WRITTEN.len(), "{said}");
    for page in [
        format!("/containers/{id}?tab=logs"),
        format!("/logs?c={id}"),
    ] {
        let said = app.get(&page).await.text().await.unwrap();
        assert!(said.contains("&lt;••••••&gt;"), "the page shows the lines");
        assert_clean(&page, &said);
    }
    let mut socket = app.socket().await;
    socket
        .subscribe(Channel::logs(WorkloadKey::Container(id.parse().unwrap())))
        .await;
    let mut lines = 0;
    while lines < WRITTEN.len() {
        let Incoming::Text(text) = socket.hear().await else {
            panic!("closed")
        };
        lines += text.matches("<••••••>").count();
        assert_clean("the log's channel", &text);
    }
    app.end().await;
}

#[tokio::test]
async fn no_label_in_a_list_tells_a_secret_of_the_environment() {
    let noted = FakeContainer::running("web-1")
        .env("DB_PASSWORD=hunter2-in-env")
        .label("note", "signs in with hunter2-in-env");
    let app = TestApp::start(FakeEngine::start().with(noted)).await;
    crate::support::eventually("the container is described", async || {
        let said = app.get("/api/containers").await.text().await.unwrap();
        said.contains("signs in with ••••••")
    })
    .await;
    for door in doors() {
        let said = app.get(&door).await.bytes().await.unwrap();
        assert_clean(&door, &String::from_utf8_lossy(&said));
    }
    app.end().await;
}

#[tokio::test]
async fn a_password_that_is_an_ordinary_word_hides_no_name() {
    let mut postgres = FakeContainer::running("postgres-1")
        .env("POSTGRES_PASSWORD=postgres")
        .env("MAX_TOKENS=4096000");
    postgres.image = "postgres:16".to_owned();
    let engine = FakeEngine::start().with(postgres);
    engine.write_line("postgres-1", "postgres is ready, 4096000 tokens");
    let app = TestApp::start(engine).await;
    let id = id_of("postgres-1");
    let said = app.get(&format!("/api/containers/{id}")).await;
    let said: serde_json::Value = said.json().await.unwrap();
    assert_eq!(said["Config"]["Image"], "postgres:16");
    assert_eq!(said["Name"], "/postgres-1");
    assert_eq!(said["Config"]["Env"][0], "POSTGRES_PASSWORD=••••••");
    let said = app.get(&format!("/api/containers/{id}/logs")).await;
    let said = said.text().await.unwrap();
    assert_eq!(said, "postgres is ready, 4096000 tokens\n");
    app.end().await;
}

#[tokio::test]
async fn no_refused_action_and_no_unreadable_log_tells_a_secret() {
    let app = TestApp::start(engine()).await;
    let id = id_of("web-1");
    let words = "exec: hunter2-in-env: not found";
    app.engine.refuse_actions(words);
    let said = app
        .post(&format!("/api/containers/{id}/restart"), &json!({}))
        .await;
    let said = said.text().await.unwrap();
    assert!(said.contains("exec: ••••••: not found"), "{said}");
    assert_clean("an action", &said);
    app.engine.change_silently("web-1", |web| {
        web.log_failure = Some((500, words.to_owned()))
    });
    let said = app.get(&format!("/api/containers/{id}/logs")).await;
    let said = said.text().await.unwrap();
    assert!(said.contains("exec: ••••••: not found"), "{said}");
    assert_clean("a log", &said);
    app.end().await;
}
