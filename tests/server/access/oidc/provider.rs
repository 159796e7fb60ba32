//! The provider is away, hangs, changes its keys, or has claims at the user info endpoint.

use super::{Browser, START, last_sign_in, location, me, signed_in, start, with_oidc};
use crate::support::{
    accounts::grants_of,
    app::TestApp,
    eventually,
    fake_engine::FakeEngine,
    fake_provider::{Algorithm, FakeProvider, Fault, settings},
};
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_server_starts_without_the_provider_and_finds_it_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, crate::support::fake_provider::SECRET).unwrap();
    let oidc = settings(&format!("http://{address}/realms/home"), &secret);
    let (app, root) = TestApp::start_with_admin(FakeEngine::start(), with_oidc(oidc)).await;
    let answer = Browser::default()
        .get(&app, &format!("{START}?next=%2Flogs"))
        .await;
    assert_eq!(location(&answer), "/login?error=oidc&next=%2Flogs");
    let (outcome, who, detail) = last_sign_in(&app, &root).await;
    assert_eq!((outcome.as_str(), who.as_str()), ("failed", "nobody"));
    assert!(
        detail.contains("cannot connect to") && detail.contains("refused"),
        "{detail}"
    );
    let provider = FakeProvider::start_on(TcpListener::bind(address).await.unwrap());
    eventually("the provider is found", async || {
        let answer = Browser::default().get(&app, START).await;
        location(&answer).starts_with(&provider.issuer)
    })
    .await;
    signed_in(&app, &provider).await;
    app.end().await;
}

#[tokio::test]
async fn an_answer_that_never_ends_or_never_comes_ends_the_sign_in() {
    let (app, root, provider) = start().await;
    for (fault, reason) in [
        (Fault::Endless, "far too long"),
        (Fault::Silent, "no answer from"),
    ] {
        provider.set_fault(fault);
        let answer = Browser::default().sign_in(&app, &provider).await;
        assert!(location(&answer).starts_with("/login?error=oidc"));
        let (outcome, _, detail) = last_sign_in(&app, &root).await;
        assert_eq!(outcome, "failed");
        assert!(detail.contains(reason), "{detail}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_provider_that_accepts_connections_only_ends_the_sign_in() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let held = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            all.push(stream);
        }
    });
    let provider = FakeProvider::start().await;
    let oidc = settings(&format!("http://{address}"), &provider.secret_file());
    let (app, root) = TestApp::start_with_admin(FakeEngine::start(), with_oidc(oidc)).await;
    // The second one has the answer of the first, instead of waiting again.
    let (mut one, mut other) = (Browser::default(), Browser::default());
    let answers = tokio::join!(one.get(&app, START), other.get(&app, START));
    for answer in [answers.0, answers.1] {
        assert_eq!(location(&answer), "/login?error=oidc");
    }
    let (outcome, _, detail) = last_sign_in(&app, &root).await;
    assert_eq!(outcome, "failed", "{detail}");
    held.abort();
    app.end().await;
}

#[tokio::test]
async fn metadata_of_another_issuer_are_refused() {
    let provider = FakeProvider::start().await;
    let other = provider.issuer.replace("127.0.0.1", "localhost");
    let oidc = settings(&other, &provider.secret_file());
    let (app, root) = TestApp::start_with_admin(FakeEngine::start(), with_oidc(oidc)).await;
    let answer = Browser::default().get(&app, START).await;
    assert_eq!(location(&answer), "/login?error=oidc");
    let (_, _, detail) = last_sign_in(&app, &root).await;
    assert!(detail.contains("unexpected issuer"), "{detail}");
    app.end().await;
}

#[tokio::test]
async fn new_keys_are_fetched_when_a_token_needs_them() {
    let (app, _, provider) = start().await;
    signed_in(&app, &provider).await;
    provider.set_key(Algorithm::Rs256, "second");
    eventually("the new key is known", async || {
        let answer = Browser::default().sign_in(&app, &provider).await;
        location(&answer) == "/containers?q=web"
    })
    .await;
    app.end().await;
}

#[tokio::test]
async fn claims_that_are_missing_in_the_token_come_from_the_user_info_endpoint() {
    let (app, _, provider) = start().await;
    provider.set_user(json!({"sub": "1"}));
    provider.set_user_info(json!({"sub": "1", "preferred_username": "ana", "groups": ["ops"]}));
    let ana = signed_in(&app, &provider).await;
    let me = me(&app, &ana).await;
    assert_eq!(me["username"], "ana");
    assert_eq!(me["grants"], grants_of(&["operator host:local"]));
    app.end().await;
}
