//! Sign-ins that must not succeed: no session begins, and the reason is in the audit log.

use super::{Browser, last_sign_in, location, me, signed_in, start, user, with_oidc};
use crate::support::{
    accounts::{As, PASSWORD},
    app::TestApp,
    eventually,
    fake_engine::FakeEngine,
    fake_provider::{FakeProvider, Fault},
};
use deckwatch::{model::AuthMode, server::config::ProxyHeaders};
use reqwest::Response;
use serde_json::json;

/// Checks that `answer` begins no session, and that the newest entry of the audit log says why.
async fn assert_refused(app: &TestApp, root: &As, answer: &Response, reason: &str) {
    let location = location(answer);
    assert!(
        location.starts_with("/login?error=oidc"),
        "{reason}: {location}"
    );
    assert!(!answer.headers().contains_key("set-cookie"), "{reason}");
    let (outcome, _, detail) = last_sign_in(app, root).await;
    assert_eq!(outcome, "refused", "{reason}: {detail}");
    assert!(detail.contains(reason), "{reason}: {detail}");
}

#[tokio::test]
async fn a_token_that_is_not_right_signs_nobody_in() {
    let (app, root, provider) = start().await;
    for (fault, reason) in [
        (Fault::Nonce, "nonce"),
        (Fault::NoNonce, "nonce"),
        (Fault::Audience, "audiences"),
        (Fault::Party, "issued to another client"),
        (Fault::Issuer, "Invalid issuer"),
        (Fault::Expired, "Expired"),
        (Fault::Signature, "Signature verification failed"),
        (Fault::Key, "Signature verification failed"),
        (Fault::Unsigned, "No signature found"),
        (Fault::SharedSecret, "Disallowed signature algorithm"),
        (Fault::NoToken, "there is none"),
        (Fault::Elsewhere, "not accept the code"),
    ] {
        provider.set_fault(fault);
        let answer = Browser::default().sign_in(&app, &provider).await;
        assert_refused(&app, &root, &answer, reason).await;
        assert_eq!(
            location(&answer),
            "/login?error=oidc&next=%2Fcontainers%3Fq%3Dweb"
        );
    }
    assert_eq!(user(&app, &root, "ana").await, json!(null));
    provider.set_fault(Fault::None);
    signed_in(&app, &provider).await;
    app.end().await;
}

#[tokio::test]
async fn a_code_is_accepted_once_and_only_from_the_browser_that_asked_for_it() {
    let (app, root, provider) = start().await;
    let mut browser = Browser::default();
    let url = browser.begin(&app, "").await;
    let query = provider.sign_in(&url);
    assert_eq!(location(&browser.come_back(&app, &query).await), "/");
    let replayed = browser.come_back(&app, &query).await;
    assert_refused(&app, &root, &replayed, "no such sign-in").await;

    // An unused code of another browser's sign-in: PKCE binds it to that one.
    let url = Browser::default().begin(&app, "").await;
    let stolen = provider.sign_in(&url);
    let url = browser.begin(&app, "").await;
    let mut injected = provider.sign_in(&url);
    injected.insert("code".into(), stolen["code"].clone());
    let answer = browser.come_back(&app, &injected).await;
    assert_refused(&app, &root, &answer, "invalid_grant").await;

    let url = browser.begin(&app, "").await;
    let query = provider.sign_in(&url);
    let mut without_cookie = Browser::default();
    let answer = without_cookie.come_back(&app, &query).await;
    assert_refused(&app, &root, &answer, "did not send the cookie").await;

    let mut victim = Browser::default();
    victim.begin(&app, "").await;
    let url = browser.begin(&app, "").await;
    let query = provider.sign_in(&url);
    let answer = victim.come_back(&app, &query).await;
    assert_refused(&app, &root, &answer, "did not send the cookie").await;
    app.end().await;
}

#[tokio::test]
async fn an_answer_that_belongs_to_no_sign_in_is_refused() {
    let (app, root, provider) = start().await;
    let mut browser = Browser::default();
    let url = browser.begin(&app, "").await;
    let right = provider.sign_in(&url);
    for state in [None, Some(""), Some("guess")] {
        let mut query = right.clone();
        query.remove("state");
        if let Some(state) = state {
            query.insert("state".into(), state.into());
        }
        let answer = browser.come_back(&app, &query).await;
        assert_refused(&app, &root, &answer, "no such sign-in").await;
    }
    let twice = format!("/auth/oidc/callback?state=a&state=b&code={}", right["code"]);
    let answer = browser.get(&app, &twice).await;
    assert_refused(&app, &root, &answer, "no such sign-in").await;
    let answer = browser.come_back(&app, &right).await;
    assert_eq!(location(&answer), "/", "the right one is still valid");
    app.end().await;
}

#[tokio::test]
async fn the_refusal_of_the_provider_is_recorded_without_control_characters() {
    let (app, root, provider) = start().await;
    for (changes, reason) in [
        (
            &[
                ("error", "access_denied"),
                ("error_description", "not\ntoday"),
            ][..],
            "access_denied: not today",
        ),
        (
            &[("iss", "https://another.example.com")],
            "another.example.com answered instead",
        ),
        (&[("error", "x")], "the provider refused: x"),
    ] {
        let mut browser = Browser::default();
        let url = browser.begin(&app, "").await;
        let mut query = provider.sign_in(&url);
        query.extend(
            changes
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        );
        let answer = browser.come_back(&app, &query).await;
        assert_refused(&app, &root, &answer, reason).await;
    }
    let mut browser = Browser::default();
    let url = browser.begin(&app, "").await;
    let mut query = provider.sign_in(&url);
    query.remove("code");
    let answer = browser.come_back(&app, &query).await;
    assert_refused(&app, &root, &answer, "it sent no code").await;
    app.end().await;
}

#[tokio::test]
async fn a_disabled_user_cannot_sign_in() {
    let (app, root, provider) = start().await;
    let ana = signed_in(&app, &provider).await;
    app.change_user(&root, "ana", json!({"disabled": true}))
        .await;
    assert_eq!(app.get_as(&ana, "/api/me").await.status(), 401);
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert_refused(&app, &root, &answer, "the user is disabled").await;
    assert_eq!(last_sign_in(&app, &root).await.1, "ana");
    app.change_user(&root, "ana", json!({"disabled": false}))
        .await;
    signed_in(&app, &provider).await;
    app.end().await;
}

#[tokio::test]
async fn a_user_with_another_name_at_the_provider_stays_the_same_user() {
    let (app, root, provider) = start().await;
    signed_in(&app, &provider).await;
    provider.set_user(json!({"sub": "1", "preferred_username": "anna", "groups": ["ops"]}));
    let renamed = signed_in(&app, &provider).await;
    assert_eq!(me(&app, &renamed).await["username"], "ana");
    assert_eq!(last_sign_in(&app, &root).await.1, "ana");
    assert_eq!(user(&app, &root, "anna").await, json!(null));
    app.change_user(&root, "ana", json!({"disabled": true}))
        .await;
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert_refused(&app, &root, &answer, "the user is disabled").await;
    assert_eq!(last_sign_in(&app, &root).await.1, "ana");
    app.end().await;
}

#[tokio::test]
async fn a_name_that_belongs_to_somebody_else_is_not_taken_over() {
    let (app, root, provider) = start().await;
    provider.set_user(json!({"sub": "1", "preferred_username": "ROOT", "groups": ["ops"]}));
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert_refused(&app, &root, &answer, "signs in with a password").await;
    let body = json!({"username": "root", "password": PASSWORD});
    assert_eq!(
        app.post_as(&As::Nobody, "/api/sign-in", body)
            .await
            .status(),
        200
    );

    provider.set_user(json!({"sub": "1", "preferred_username": "ana", "groups": ["admins"]}));
    let ana = signed_in(&app, &provider).await;
    provider.set_user(json!({"sub": "2", "preferred_username": "ana"}));
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert_refused(&app, &root, &answer, "another account of the provider").await;
    assert_eq!(me(&app, &ana).await["username"], "ana");
    app.end().await;
}

#[tokio::test]
async fn a_user_without_a_usable_name_cannot_sign_in() {
    let (app, root, provider) = start().await;
    for (claims, reason) in [
        (
            json!({"sub": "1"}),
            "there is no claim preferred_username or email",
        ),
        (
            json!({"sub": "1", "preferred_username": "Ana B"}),
            "preferred_username is",
        ),
        (
            json!({"sub": "1", "email": "a@b.example", "email_verified": false}),
            "not verified",
        ),
    ] {
        provider.set_user(claims);
        let answer = Browser::default().sign_in(&app, &provider).await;
        assert_refused(&app, &root, &answer, reason).await;
    }
    app.end().await;
}

#[tokio::test]
async fn the_claims_of_somebody_else_are_not_taken() {
    let (app, root, provider) = start().await;
    provider.set_user(json!({"sub": "1"}));
    provider.set_user_info(json!({"sub": "1", "preferred_username": "ana", "groups": ["ops"]}));
    provider.set_fault(Fault::SomebodyElse);
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert_refused(&app, &root, &answer, "Invalid subject").await;
    app.end().await;
}

#[tokio::test]
async fn an_access_token_that_no_header_can_carry_is_refused() {
    let (app, root, provider) = start().await;
    provider.set_user(json!({"sub": "1"}));
    provider.set_user_info(json!({"sub": "1", "preferred_username": "ana", "groups": ["ops"]}));
    provider.set_fault(Fault::AccessToken);
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert_refused(&app, &root, &answer, "control characters").await;
    app.end().await;
}

#[tokio::test]
async fn a_name_that_belongs_to_a_user_of_the_proxy_is_not_taken_over() {
    let provider = FakeProvider::start().await;
    let mut settings = with_oidc(provider.settings());
    let auth = settings.auth.as_mut().unwrap();
    auth.modes.insert(AuthMode::Proxy);
    auth.proxy = Some(ProxyHeaders {
        user: "remote-user".parse().unwrap(),
        groups: "remote-groups".parse().unwrap(),
    });
    let (app, root) = TestApp::start_with_admin(FakeEngine::start(), settings).await;
    let headers = [("host", "localhost"), ("remote-user", "ana")];
    assert_eq!(app.ask("GET /api/me", &headers).await.status, 200);
    eventually("the user is stored", async || {
        user(&app, &root, "ana").await["source"] == "proxy"
    })
    .await;
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert_refused(&app, &root, &answer, "signs in through the proxy").await;
    app.end().await;
}

#[tokio::test]
async fn a_server_without_a_provider_sends_browsers_to_its_sign_in_page() {
    let (app, _) = TestApp::start_with_passwords(FakeEngine::start()).await;
    for path in ["/auth/oidc/start", "/auth/oidc/callback?state=x&code=y"] {
        let answer = Browser::default().get(&app, path).await;
        assert_eq!(location(&answer), "/login?error=oidc", "{path}");
    }
    app.end().await;
}

#[tokio::test]
async fn a_secret_that_is_gone_is_named() {
    let (app, root, provider) = start().await;
    std::fs::remove_file(provider.secret_file()).unwrap();
    let answer = Browser::default().sign_in(&app, &provider).await;
    assert!(location(&answer).starts_with("/login?error=oidc"));
    let (outcome, _, detail) = last_sign_in(&app, &root).await;
    assert_eq!(outcome, "failed");
    assert!(detail.contains("client-secret-file"), "{detail}");
    app.end().await;
}
