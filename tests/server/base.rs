//! The server below a base path, behind a proxy.

use crate::support::{
    app::{Settings, TestApp},
    fake_engine::{FakeEngine, id_of},
    sse::Sse,
};
use std::collections::BTreeSet;

const BASE: &str = "/tools/deck";

async fn below_a_path() -> TestApp {
    let settings = Settings {
        base_path: Some(BASE),
        ..Settings::default()
    };
    TestApp::start_with(FakeEngine::start().with_containers(3), settings).await
}

/// Every address on this server in a page, in attributes and in scripts.
fn addresses(html: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (before, quote) in [
        ("href=\"", '"'),
        ("src=\"", '"'),
        ("action=\"", '"'),
        // The script that loads the others is given their location.
        ("})(\"", '"'),
    ] {
        let named = html.split(before).skip(1);
        let named = named.filter_map(|rest| rest.split(quote).next());
        let here = named.filter(|address| address.starts_with('/'));
        found.extend(here.map(|address| address.replace("&amp;", "&")));
    }
    found
}

#[tokio::test]
async fn every_link_of_every_page_is_below_the_base_path_and_works() {
    let app = below_a_path().await;
    let mut waiting: Vec<String> = vec![BASE.into(), format!("{BASE}/nowhere")];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = app.get(&path).await;
        // Scripts and styles exist once the site has been built, which tests do not need.
        let is_file = path.contains("/pkg/") || path.ends_with("/favicon.svg");
        let expected = if path.ends_with("/nowhere") { 404 } else { 200 };
        if !is_file {
            assert_eq!(answer.status(), expected, "{path}");
        }
        let kind = answer.headers().get("content-type").cloned();
        if !kind.is_some_and(|kind| kind.to_str().unwrap().starts_with("text/html")) {
            continue;
        }
        let html = answer.text().await.unwrap();
        for address in addresses(&html) {
            assert!(address.starts_with(BASE), "{path} leads to {address}");
            waiting.push(address);
        }
    }
    let containers = format!("{BASE}/containers");
    let container = format!("{BASE}/containers/{}", id_of("web-1"));
    for path in [containers, container] {
        assert!(seen.contains(&path), "{path} in {seen:?}");
    }
    let scripts = seen.iter().filter(|path| path.contains("/pkg/"));
    assert!(scripts.count() >= 2, "{seen:?}");
    app.end().await;
}

#[tokio::test]
async fn pages_contain_the_state_below_any_base_path() {
    let app = below_a_path().await;
    for path in ["", "/", "/containers", "/containers?q=web"] {
        let answer = app.get(&format!("{BASE}{path}")).await;
        assert_eq!(answer.status(), 200, "{path}");
        let html = answer.text().await.unwrap();
        assert!(html.contains(&format!("data-base=\"{BASE}\"")), "{path}");
    }
    let html = app.get(&format!("{BASE}/containers?q=web-2")).await;
    let html = html.text().await.unwrap();
    assert!(html.contains(">web-2<") && !html.contains(">web-1<"));
    app.end().await;
}

#[tokio::test]
async fn every_transport_is_below_the_base_path_and_nothing_is_outside() {
    let app = below_a_path().await;
    for path in ["/api/ws", "/ws/docker/stats"] {
        let below = format!("{BASE}{path}");
        assert!(app.socket_at(&below, &[]).await.is_ok(), "{path}");
        let (status, _) = app.socket_at(path, &[]).await.expect_err("is outside");
        assert_eq!(status, 404, "{path}");
    }
    let (mut stream, _) = Sse::open(&app, None).await;
    stream.until(|sent| sent.event == "containers").await;
    for path in ["/api/snapshot", "/api/containers", "/healthz", "/readyz"] {
        let answer = app.get(&format!("{BASE}{path}")).await;
        assert_eq!(answer.status(), 200, "{path}");
    }
    for path in [
        "/",
        "/containers",
        "/api/snapshot",
        "/readyz",
        "/tools/deckx",
        "/tools",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(answer.headers().contains_key("content-security-policy"));
        let body = answer.text().await.unwrap();
        assert!(body.contains(&format!("below {BASE}/")), "{path}: {body}");
    }
    assert_eq!(app.get("/healthz").await.status(), 200, "for supervisors");
    let evil = app.ask("GET /healthz", &[("Host", "evil.example")]).await;
    assert_eq!(evil.status, 421, "the gate precedes the base path, too");
    app.end().await;
}
