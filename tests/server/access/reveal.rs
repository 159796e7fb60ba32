//! Values are revealed only to principals with the right, and each time it is recorded.

use crate::support::{
    accounts::As,
    app::TestApp,
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    process::Process,
    raw,
};
use reqwest::Method;
use serde_json::{Value, json};

/// A value of the container `web`.
const SECRET: &str = "hunter2-in-env";

fn engine() -> FakeEngine {
    let project = "com.docker.compose.project";
    let web = FakeContainer::running("web")
        .label(project, "shop")
        .env(&format!("DB_PASSWORD={SECRET}"))
        .env("API_TOKEN=hunter2-of-api");
    FakeEngine::start()
        .with(web)
        .with(FakeContainer::running("db"))
}

fn path(name: &str) -> String {
    format!("/api/containers/{}/reveal", id_of(name))
}

/// The entries about revealed values, the newest first; no entry contains a value.
async fn entries(app: &TestApp, root: &As) -> Vec<Value> {
    let all = app.get_as(root, "/api/audit").await.text().await.unwrap();
    assert!(!all.contains("hunter2"), "{all}");
    let entries = app.get_as(root, "/api/audit?did=reveal").await;
    let entries: Value = entries.json().await.unwrap();
    entries["entries"].as_array().unwrap().clone()
}

fn fields(entry: &Value) -> [&str; 5] {
    ["who", "from", "on", "outcome", "detail"].map(|name| entry[name].as_str().unwrap())
}

#[tokio::test]
async fn revealed_values_are_recorded_and_stay_masked_elsewhere() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let answer = app.request(&root, Method::POST, &path("web"), None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let whole: Value = answer.json().await.unwrap();
    let expected = json!([format!("DB_PASSWORD={SECRET}"), "API_TOKEN=hunter2-of-api"]);
    assert_eq!(whole["Config"]["Env"], expected);
    let body = json!({"fields": ["Env.DB_PASSWORD"]});
    let one = app.post_as(&root, &path("web"), body).await;
    let one: Value = one.json().await.unwrap();
    let expected = json!([format!("DB_PASSWORD={SECRET}"), "API_TOKEN=••••••"]);
    assert_eq!(one["Config"]["Env"], expected);
    let inspect = path("web").replace("/reveal", "");
    let masked = app.get_as(&root, &inspect).await.text().await.unwrap();
    assert!(!masked.contains("hunter2") && masked.contains("DB_PASSWORD"));

    let done = entries(&app, &root).await;
    let done: Vec<_> = done.iter().map(fields).collect();
    let expected = ["Env.DB_PASSWORD", "all values"];
    let expected = expected.map(|detail| ["root", "127.0.0.1", "web · local", "done", detail]);
    assert_eq!(done, expected);
    let got = app.get_as(&root, &path("web")).await;
    assert_eq!(got.status(), 405, "a GET reveals nothing");
    app.end().await;
}

#[tokio::test]
async fn a_field_that_is_not_there_reveals_nothing() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    for body in [
        json!({"fields": ["Env.DB_PASSWORD", "Env.NOPE"]}),
        json!({"fields": []}),
        json!({"fields": vec!["Env.DB_PASSWORD"; 65]}),
        json!({"fields": "Env.DB_PASSWORD"}),
        json!({"field": ["Env.DB_PASSWORD"]}),
    ] {
        let answer = app.post_as(&root, &path("web"), body.clone()).await;
        assert_eq!(answer.status(), 400, "{body}");
        assert!(!answer.text().await.unwrap().contains("hunter2"));
    }
    let failed = entries(&app, &root).await;
    assert_eq!(failed.len(), 1, "the others are no requests: {failed:?}");
    assert_eq!(failed[0]["outcome"], "failed");
    app.end().await;
}

#[tokio::test]
async fn values_are_revealed_only_in_the_scope_of_the_right() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let lead = app
        .user(&root, "lead", &["admin project:shop", "viewer *"])
        .await;
    let outside = app.user(&root, "outside", &["admin name:db"]).await;
    let operator = app.user(&root, "operator", &["operator *"]).await;
    for (who, name, status) in [
        (&lead, "web", 200),
        (&lead, "db", 403),
        (&outside, "web", 404),
        (&outside, "db", 200),
        (&operator, "web", 403),
        (&As::Nobody, "web", 401),
    ] {
        let answer = app.post_as(who, &path(name), json!({})).await;
        assert_eq!(answer.status(), status, "{who:?} {name}");
        let text = answer.text().await.unwrap();
        assert_eq!(text.contains(SECRET), status == 200 && name == "web");
    }
    let outcomes = entries(&app, &root).await;
    let count = |outcome: &str| {
        let of = |entry: &&Value| entry["outcome"] == outcome;
        outcomes.iter().filter(of).count()
    };
    assert_eq!((count("done"), count("refused")), (2, 2), "{outcomes:?}");
    let refused = app.get_as(&root, "/api/audit?who=operator&outcome=refused");
    let refused: Value = refused.await.json().await.unwrap();
    let on = refused["entries"][0]["on"].as_str().unwrap();
    assert!(on.ends_with("/reveal"), "{refused}");
    app.end().await;
}

#[tokio::test]
async fn nothing_is_revealed_that_cannot_be_recorded() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let file = app.data.as_ref().unwrap().path().join("deckwatch.db");
    let other = rusqlite::Connection::open(file).unwrap();
    eventually("another program writes", async || {
        other.execute_batch("BEGIN IMMEDIATE").is_ok()
    })
    .await;
    let refused = app.post_as(&root, &path("web"), json!({})).await;
    assert_eq!(refused.status(), 503);
    let text = refused.text().await.unwrap();
    assert!(
        text.contains("storage_unavailable") && text.contains("cannot be recorded"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
    other.execute_batch("ROLLBACK").unwrap();
    eventually("values are revealed again", async || {
        app.post_as(&root, &path("web"), json!({})).await.status() == 200
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn revealed_values_are_neither_logged_nor_stored() {
    let engine = engine();
    let data = tempfile::tempdir().unwrap();
    let environment = [
        ("DOCKER_HOST", &*engine.address()),
        ("DECKWATCH_DATA_DIR", data.path().to_str().unwrap()),
        ("RUST_LOG", "debug"),
    ];
    let mut process = Process::start_with(&environment).await;
    let request = format!("POST {}", path("web"));
    eventually("the values are revealed", async || {
        let answer = raw::ask(process.address, &request, &[], "").await;
        answer.status == 200 && answer.body.contains(SECRET)
    })
    .await;
    let refused = [("Origin", "https://evil.example")];
    let answer = raw::ask(process.address, &request, &refused, "").await;
    assert_eq!(answer.status, 403);
    process.terminate().await;
    assert!(process.ended().await.success());
    assert!(!process.log().contains("hunter2"), "{}", process.log());
    for entry in std::fs::read_dir(data.path()).unwrap() {
        let path = entry.unwrap().path();
        let stored = std::fs::read(&path).unwrap_or_default();
        let has = |text: &[u8]| stored.windows(text.len()).any(|part| part == text);
        assert!(!has(b"hunter2"), "{}", path.display());
    }
}
