//! What clients can cost without signing in: requests to the provider, and entries of the audit log.

use super::{Browser, CALLBACK, location, start, with_oidc};
use crate::support::{
    accounts::As,
    app::{Settings, TestApp},
    eventually,
    fake_engine::FakeEngine,
    fake_provider::{FakeProvider, Fault},
};
use futures::future::join_all;
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Failed or simultaneous sign-ins of one address.
const PER_ADDRESS: usize = 20;
/// Where a browser is sent after a sign-in.
const PAGE: &str = "/containers?q=web";

/// Begins a sign-in and comes back with an invented code; returns where the server sends the browser.
async fn guess(app: &TestApp, provider: &FakeProvider, mut browser: Browser) -> String {
    let url = browser.begin(app, "").await;
    let mut query = provider.sign_in(&url);
    query.insert("code".into(), "invented".into());
    location(&browser.come_back(app, &query).await)
}

/// Refused sign-ins in the audit log, the newest first.
async fn refusals(app: &TestApp, root: &As) -> Vec<Value> {
    let path = "/api/audit?outcome=refused&did=sign%20in&limit=1000";
    let audit: Value = app.get_as(root, path).await.json().await.unwrap();
    audit["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_address_that_sends_invented_codes_is_blocked_and_others_are_not() {
    let (app, root, provider) = start().await;
    for _ in 0..PER_ADDRESS {
        let sent = guess(&app, &provider, Browser::default()).await;
        assert_eq!(sent, "/login?error=oidc");
    }
    for _ in 0..5 {
        let sent = guess(&app, &provider, Browser::default()).await;
        assert_eq!(sent, "/login?error=later");
    }
    let blocked = Browser::default().sign_in(&app, &provider).await;
    assert!(location(&blocked).starts_with("/login?error=later&next="));
    assert_eq!(provider.n_exchanges(), PER_ADDRESS, "no more requests");
    assert_eq!(refusals(&app, &root).await.len(), PER_ADDRESS);
    app.sign_in("root").await;
    let other = Browser::at("192.0.2.2").sign_in(&app, &provider).await;
    assert_eq!(location(&other), PAGE);
    app.end().await;
}

#[tokio::test]
async fn the_addresses_of_an_ipv6_network_are_limited_together() {
    let (app, _, provider) = start().await;
    for n in 0..PER_ADDRESS {
        let browser = Browser::at(&format!("2001:db8::{n}"));
        assert_eq!(guess(&app, &provider, browser).await, "/login?error=oidc");
    }
    for (address, expected) in [
        ("2001:db8::ffff", "/login?error=later"),
        ("2001:db8:0:1::1", "/login?error=oidc"),
    ] {
        let sent = guess(&app, &provider, Browser::at(address)).await;
        assert_eq!(sent, expected, "{address}");
    }
    app.end().await;
}

#[tokio::test]
async fn sign_ins_that_succeed_do_not_block_their_address() {
    let (app, _, provider) = start().await;
    for _ in 0..PER_ADDRESS + 5 {
        let answer = Browser::default().sign_in(&app, &provider).await;
        assert_eq!(location(&answer), PAGE);
    }
    app.end().await;
}

#[tokio::test]
async fn a_provider_that_fails_does_not_block_its_users() {
    let (app, _, provider) = start().await;
    provider.set_fault(Fault::Nonce);
    for _ in 0..PER_ADDRESS + 5 {
        let answer = Browser::default().sign_in(&app, &provider).await;
        assert!(location(&answer).starts_with("/login?error=oidc"));
    }
    provider.set_fault(Fault::None);
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert_eq!(location(&answer), PAGE);
    app.end().await;
}

#[tokio::test]
async fn an_address_cannot_take_all_sign_ins_while_the_provider_hangs() {
    let (app, _, provider) = start().await;
    let mut begun = Vec::new();
    for _ in 0..PER_ADDRESS + 10 {
        let mut browser = Browser::default();
        let url = browser.begin(&app, "").await;
        begun.push((browser, provider.sign_in(&url)));
    }
    provider.set_fault(Fault::Silent);
    let refused = AtomicUsize::new(0);
    let hanging = join_all(begun.iter_mut().map(async |(browser, query)| {
        let answer = browser.come_back(&app, query).await;
        assert_eq!(location(&answer), "/login?error=later");
        refused.fetch_add(1, Ordering::Relaxed);
    }));
    let others = async {
        eventually(
            "some wait for the provider, the others are refused",
            async || provider.n_exchanges() == PER_ADDRESS && refused.load(Ordering::Relaxed) == 10,
        )
        .await;
        provider.set_fault(Fault::None);
        Browser::at("192.0.2.2").sign_in(&app, &provider).await
    };
    tokio::select! {
        _ = hanging => panic!("the provider does not answer"),
        answer = others => assert_eq!(location(&answer), PAGE),
    }
    app.end().await;
}

#[tokio::test]
async fn failures_of_one_address_do_not_hide_those_of_others() {
    let (app, root, _provider) = start().await;
    let stranger = format!("{CALLBACK}?state=guess");
    for _ in 0..100 {
        let answer = Browser::at("192.0.2.1").get(&app, &stranger).await;
        assert_eq!(location(&answer), "/login?error=oidc");
    }
    let entries = refusals(&app, &root).await;
    assert!((1..=PER_ADDRESS * 2).contains(&entries.len()));
    Browser::at("192.0.2.2").get(&app, &stranger).await;
    assert_eq!(refusals(&app, &root).await[0]["from"], "192.0.2.2");
    app.end().await;
}

#[tokio::test]
async fn strangers_with_many_addresses_cannot_fill_the_audit_log() {
    let (app, root, provider) = start().await;
    let stranger = format!("{CALLBACK}?state=guess");
    for n in 0..200 {
        let address = format!("192.0.2.{n}");
        Browser::at(&address).get(&app, &stranger).await;
    }
    assert_eq!(refusals(&app, &root).await.len(), 120);
    let data = app.data.clone();
    app.end().await;
    let settings = Settings {
        data,
        ..with_oidc(provider.settings())
    };
    let app = TestApp::start_with(FakeEngine::start(), settings).await;
    let entries = refusals(&app, &root).await;
    assert_eq!(entries.len(), 121);
    let detail = entries[0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("80 more failed sign-ins"), "{detail}");
    app.end().await;
}
