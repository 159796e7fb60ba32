//! Setting up, signing in and out, and what is refused at the door.

use crate::support::{
    accounts::{As, PASSWORD, cookie, with_auth, with_passwords},
    app::TestApp,
    eventually,
    fake_engine::FakeEngine,
    raw,
};
use deckwatch::{
    model::AuthMode,
    server::config::{Auth, ProxyHeaders, grant},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

#[tokio::test]
async fn of_many_setups_at_once_exactly_one_creates_the_administrator() {
    let app = TestApp::start_with(FakeEngine::start(), with_passwords()).await;
    let token = app.setup_token();
    let attempt = |n: usize| {
        let body = json!({"token": token, "username": format!("root{n}"), "password": PASSWORD});
        let app = &app;
        async move {
            let answer = app.post_as(&As::Nobody, "/api/setup", body).await;
            answer.status().as_u16()
        }
    };
    let statuses = futures::future::join_all((0..30).map(attempt)).await;
    let created = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!(created, 1, "{statuses:?}");
    assert!(
        statuses
            .iter()
            .all(|status| [201, 409, 410].contains(status))
    );
    assert_eq!(attempt(99).await, 410);
    let link = app.data.as_ref().unwrap().path().join("setup-link");
    assert!(!link.exists(), "the used link is removed");
    app.end().await;
}

#[tokio::test]
async fn a_wrong_setup_token_creates_nobody() {
    let app = TestApp::start_with(FakeEngine::start(), with_passwords()).await;
    let body = json!({"token": "guess", "username": "root", "password": PASSWORD});
    let answer = app.post_as(&As::Nobody, "/api/setup", body.clone()).await;
    assert_eq!(answer.status(), 403);
    let mut short = body;
    short["token"] = app.setup_token().into();
    short["password"] = "short".into();
    let answer = app.post_as(&As::Nobody, "/api/setup", short).await;
    assert_eq!(answer.status(), 400);
    assert!(app.setup_token().len() > 40, "the link is still valid");
    app.end().await;
}

#[tokio::test]
async fn a_session_begins_with_the_right_password_and_ends_at_the_sign_out() {
    let (app, root) = TestApp::start_with_passwords(FakeEngine::start()).await;
    let me: Value = app.get_as(&root, "/api/me").await.json().await.unwrap();
    assert_eq!(me["username"], "root");
    assert_eq!(me["kind"], "user");
    assert_eq!(me["grants"], json!([{"role": "admin", "scope": "*"}]));
    let wrong = json!({"username": "root", "password": "wrong horse battery"});
    let answer = app.post_as(&As::Nobody, "/api/sign-in", wrong).await;
    assert_eq!(answer.status(), 401);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "unauthorized");
    let other = app.sign_in("ROOT").await;
    assert_ne!(other, root, "each sign-in has a session of its own");
    let answer = app.post_as(&other, "/api/sign-out", json!({})).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(app.get_as(&other, "/api/me").await.status(), 401);
    assert_eq!(app.get_as(&root, "/api/me").await.status(), 200);
    app.sign_in("root").await;
    let answer = app
        .post_as(&root, "/api/sign-out", json!({"everywhere": true}))
        .await;
    assert_eq!(answer.status(), 204);
    assert_eq!(app.get_as(&root, "/api/me").await.status(), 401);
    app.end().await;
}

#[tokio::test]
async fn a_form_works_without_scripts_and_returns_to_the_page() {
    let (app, _) = TestApp::start_with_passwords(FakeEngine::start()).await;
    let form = |password: &str| {
        let fields = [
            ("username", "root"),
            ("password", password),
            ("next", "/containers?q=web"),
        ];
        let client = reqwest::Client::builder();
        let client = client.redirect(reqwest::redirect::Policy::none()).build();
        let body = serde_urlencoded::to_string(fields).unwrap();
        let request = client.unwrap().post(app.url("/api/sign-in")).body(body);
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", app.url(""))
            .send()
    };
    let answer = form(PASSWORD).await.unwrap();
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/containers?q=web");
    assert_eq!(app.get_as(&cookie(&answer), "/api/me").await.status(), 200);
    let answer = form("wrong horse battery").await.unwrap();
    assert_eq!(answer.status(), 303);
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(
        location.starts_with("/login?error=wrong&next="),
        "{location}"
    );
    assert!(!answer.headers().contains_key("set-cookie"));
    app.end().await;
}

#[tokio::test]
async fn pages_lead_to_the_sign_in_and_everything_else_is_refused() {
    let (app, root) = TestApp::start_with_passwords(FakeEngine::start()).await;
    let client = reqwest::Client::builder();
    let client = client
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let page = client
        .get(app.url("/containers?q=web"))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 303);
    assert_eq!(
        page.headers()["location"],
        "/login?next=%2Fcontainers%3Fq%3Dweb"
    );
    for path in [
        "/api/snapshot",
        "/api/ws",
        "/ws/docker/stats",
        "/metrics",
        "/api/openapi.json",
    ] {
        let answer = app.get_as(&As::Nobody, path).await;
        assert_eq!(answer.status(), 401, "{path}");
    }
    for path in ["/healthz", "/login"] {
        assert_eq!(app.get_as(&As::Nobody, path).await.status(), 200, "{path}");
    }
    let in_url = format!("/api/me?token={:?}&access_token=x", root);
    assert_eq!(
        app.get_as(&As::Nobody, &in_url.replace(' ', ""))
            .await
            .status(),
        401
    );
    assert_eq!(
        app.socket_as(&As::Nobody, "/api/ws").await.unwrap_err().0,
        401
    );
    app.end().await;
}

#[tokio::test]
async fn guessing_is_blocked_after_five_failures_and_the_session_stays() {
    let (app, root) = TestApp::start_with_passwords(FakeEngine::start()).await;
    let guess = |n: usize| {
        let body = json!({"username": "root", "password": format!("guess number {n}")});
        app.post_as(&As::Nobody, "/api/sign-in", body)
    };
    for n in 0..5 {
        assert_eq!(guess(n).await.status(), 401);
    }
    let blocked = guess(5).await;
    assert_eq!(blocked.status(), 429);
    let wait: u64 = blocked.headers()["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((600..=900).contains(&wait), "{wait}");
    assert_eq!(app.get_as(&root, "/api/me").await.status(), 200);
    app.end().await;
}

#[tokio::test]
async fn a_session_acts_for_pages_of_this_server_only() {
    let (app, root) = TestApp::start_with_passwords(FakeEngine::start()).await;
    let (_, cookie) = root.header().unwrap();
    let post = |headers: &[(&str, &str)]| {
        let mut all = vec![("host", "localhost"), ("cookie", cookie.as_str())];
        all.extend_from_slice(headers);
        let headers: Vec<_> = all
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        let app = &app;
        async move {
            let headers: Vec<_> = headers
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            app.ask("POST /api/sign-out", &headers).await.status
        }
    };
    assert_eq!(post(&[]).await, 403, "no origin");
    assert_eq!(post(&[("origin", "null")]).await, 403);
    assert_eq!(post(&[("origin", "https://evil.example")]).await, 403);
    assert_eq!(
        app.get_as(&root, "/api/me").await.status(),
        200,
        "still signed in"
    );
    let upgrade = app.socket_at("/api/ws", &[("cookie", &cookie)]).await;
    assert_eq!(upgrade.unwrap_err().0, 403, "no origin");
    app.end().await;
}

#[tokio::test]
async fn a_session_ends_by_itself_with_its_socket() {
    let auth = Auth {
        modes: BTreeSet::from([AuthMode::Password]),
        session_lifetime: Duration::from_secs(4),
        ..Auth::default()
    };
    let (app, root) = TestApp::start_with_admin(FakeEngine::start(), with_auth(auth)).await;
    let mut socket = app.socket_as(&root, "/api/ws").await.unwrap();
    assert_eq!(socket.closed().await, 4401);
    assert_eq!(app.get_as(&root, "/api/me").await.status(), 401);
    app.end().await;
}

#[tokio::test]
async fn a_trusted_proxy_names_the_user_and_nobody_else_can() {
    let headers = ProxyHeaders {
        user: "remote-user".parse().unwrap(),
        groups: "remote-groups".parse().unwrap(),
    };
    let grants = |text| deckwatch::model::Grants::new([grant(text).unwrap()]).unwrap();
    let auth = |trusted: &str| Auth {
        modes: BTreeSet::from([AuthMode::Proxy]),
        trusted_proxies: vec![trusted.parse().unwrap()],
        proxy: Some(headers.clone()),
        groups: BTreeMap::from([("ops".to_owned(), grants("operator *"))]),
        ..Auth::default()
    };
    for (trusted, expected) in [("127.0.0.1", 200), ("10.0.0.0/8", 401)] {
        let app = TestApp::start_with(FakeEngine::start(), with_auth(auth(trusted))).await;
        let headers = [
            ("host", "localhost"),
            ("remote-user", "ana"),
            ("remote-groups", "x, ops"),
        ];
        let answer = app.ask("GET /api/me", &headers).await;
        assert_eq!(answer.status, expected, "{trusted}");
        if expected == 200 {
            let me: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(me["username"], "ana");
            assert_eq!(me["grants"], json!([{"role": "operator", "scope": "*"}]));
        }
        app.end().await;
    }
}

#[tokio::test]
async fn the_command_line_reaches_a_running_server() {
    let (app, root) = TestApp::start_with_passwords(FakeEngine::start()).await;
    let folder = app.data.as_ref().unwrap().path().to_owned();
    let run = |arguments: &[&str], input: &str| {
        use std::{
            io::Write,
            process::{Command, Stdio},
        };
        let mut child = Command::new(env!("CARGO_BIN_EXE_deckwatch"))
            .args(arguments)
            .arg("--data-dir")
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(
        &["user", "add", "ben", "--grant", "viewer *"],
        &format!("{PASSWORD}\n"),
    );
    eventually("the server knows ben", async || {
        let users = app.get_as(&root, "/api/users").await;
        users.text().await.unwrap().contains("\"ben\"")
    })
    .await;
    let ben = app.sign_in("ben").await;
    let mut socket = app.socket_as(&ben, "/api/ws").await.unwrap();
    assert!(run(&["user", "list"], "").contains("ben: viewer *"));
    run(&["user", "disable", "ben"], "");
    assert_eq!(socket.closed().await, 4401);
    let token = run(
        &["token", "create", "prometheus", "--grant", "viewer *"],
        "",
    );
    let token = As::Token(token.trim().to_owned());
    eventually("the token works", async || {
        app.get_as(&token, "/metrics").await.status() == 200
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn a_kiosk_link_begins_a_session_that_only_views() {
    let (app, root) = TestApp::start_with_passwords(FakeEngine::start().with_containers(1)).await;
    let tomorrow = deckwatch::model::Timestamp::from_millis(i64::MAX / 2).as_millis();
    let extra = json!({"kind": "kiosk", "expiresAt": tomorrow});
    let (id, token) = app.token(&root, &["viewer *"], extra).await;
    let As::Token(text) = &token else {
        unreachable!()
    };
    assert_eq!(
        app.get_as(&token, "/api/me").await.status(),
        401,
        "not a bearer token"
    );
    let answer = app
        .post_as(&As::Nobody, "/api/kiosk", json!({"token": text}))
        .await;
    assert_eq!(answer.status(), 204);
    let kiosk = cookie(&answer);
    let me: Value = app.get_as(&kiosk, "/api/me").await.json().await.unwrap();
    assert_eq!(
        (&me["kind"], &me["rights"]),
        (&json!("kiosk"), &json!(["see", "logs"]))
    );
    let mut socket = app.socket_as(&kiosk, "/api/ws").await.unwrap();
    let path = format!("/api/tokens/{id}");
    let revoked = app.request(&root, Method::DELETE, &path, None).await;
    assert_eq!(revoked.status(), 204);
    assert_eq!(socket.closed().await, 4401);
    app.end().await;
}

#[tokio::test]
async fn a_page_of_another_site_can_neither_sign_in_nor_out_nor_change_accounts() {
    let (app, root) = TestApp::start_with_passwords(FakeEngine::start()).await;
    let (_, cookie) = root.header().unwrap();
    let right = format!("username=root&password={}", PASSWORD.replace(' ', "+"));
    for (path, body) in [
        ("/api/sign-in", right.as_str()),
        ("/api/sign-out", "everywhere=true"),
        (
            "/api/setup",
            "token=x&username=eve&password=correct+horse+battery",
        ),
        ("/api/kiosk", "token=x"),
        ("/api/users", "{}"),
        ("/api/tokens", "{}"),
        ("/api/me/password", "{}"),
    ] {
        for content in [
            "application/x-www-form-urlencoded",
            "text/plain",
            "application/json",
        ] {
            let headers = [
                ("origin", "https://evil.example"),
                ("cookie", cookie.as_str()),
                ("content-type", content),
            ];
            let answer = raw::ask(app.address, &format!("POST {path}"), &headers, body).await;
            assert_eq!(answer.status, 403, "{path} {content}");
        }
    }
    assert_eq!(app.get_as(&root, "/api/me").await.status(), 200);
    let me = app.get_as(&root, "/api/users").await;
    let users: Value = me.json().await.unwrap();
    assert_eq!(users["users"].as_array().unwrap().len(), 1);
    assert_eq!(
        users["users"][0]["sessions"], 1,
        "there is no other session"
    );
    app.end().await;
}

#[tokio::test]
async fn invented_addresses_do_not_help_with_guessing() {
    let (app, _) = TestApp::start_with_passwords(FakeEngine::start()).await;
    let own = app.url("");
    let guess = async |n: usize| {
        let from = format!("203.0.113.{n}");
        let headers = [
            ("origin", own.as_str()),
            ("x-forwarded-for", from.as_str()),
            ("forwarded", from.as_str()),
            ("content-type", "application/json"),
        ];
        let body = r#"{"username":"root","password":"wrong horse battery"}"#;
        let answer = raw::ask(app.address, "POST /api/sign-in", &headers, body);
        answer.await.status
    };
    for n in 0..5 {
        assert_eq!(guess(n).await, 401);
    }
    assert_eq!(guess(5).await, 429);
    app.end().await;
}
