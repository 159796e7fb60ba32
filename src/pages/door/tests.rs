//! What the pages contain, and that nothing from a request becomes markup.

use super::*;
use crate::model::Language;

fn door(modes: &[AuthMode]) -> Door {
    Door {
        base: "/deck".into(),
        host: "deck.example.net".into(),
        modes: modes.into(),
        provider: modes
            .contains(&AuthMode::Oidc)
            .then(|| "id.example.net".into()),
        ..Door::default()
    }
}

fn queried(door: Door, pairs: &[(&str, &str)]) -> Door {
    door.with_query(|name| {
        let pair = pairs.iter().find(|(known, _)| *known == name);
        pair.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_sign_in_form_works_without_scripts_below_the_base_path() {
    let html = queried(door(&[AuthMode::Password]), &[("next", "/logs?c=1")]).login();
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    assert!(
        html.contains(r#"method="post" action="/deck/api/sign-in""#),
        "{html}"
    );
    assert!(html.contains(r#"name="username""#) && html.contains(r#"name="password""#));
    assert!(html.contains(r#"value="/logs?c=1""#), "{html}");
    assert!(html.contains("deckwatch user passwd"), "{html}");
    assert!(!html.contains("wasm"), "no module is loaded: {html}");
    assert!(!html.contains("oidc"), "{html}");
}

#[test]
fn only_the_offered_ways_of_signing_in_are_shown() {
    let oidc = door(&[AuthMode::Oidc]);
    let html = queried(oidc, &[("next", "/logs?c=1")]).login();
    assert!(html.contains("Sign in with id.example.net"), "{html}");
    assert!(
        html.contains("/deck/auth/oidc/start?next=%2Flogs%3Fc%3D1"),
        "{html}"
    );
    assert!(!html.contains(r#"name="password""#), "{html}");
    let both = door(&[AuthMode::Password, AuthMode::Oidc]).login();
    assert!(both.contains(r#"class="or""#), "{both}");
    let proxy = door(&[AuthMode::Proxy]).login();
    assert!(
        proxy.contains("proxy") && !proxy.contains("<button class=\"button main\""),
        "{proxy}"
    );
    let none = door(&[AuthMode::None]).login();
    assert!(none.contains("switched off"), "{none}");
}

#[test]
fn the_reason_is_told_and_other_servers_are_never_returned_to() {
    let told = |pairs: &[_]| queried(door(&[AuthMode::Password]), pairs).login();
    assert!(told(&[("ended", "1")]).contains("Your session has ended."));
    assert!(told(&[("error", "wrong")]).contains("is wrong"));
    assert!(told(&[("error", "later")]).contains("Too many attempts"));
    assert!(told(&[("error", "anything")]).contains("has failed"));
    assert!(!told(&[]).contains("data-testid=\"told\""));
    let elsewhere = told(&[("next", "//evil.example/")]);
    assert!(!elsewhere.contains("evil.example"), "{elsewhere}");
}

#[test]
fn text_of_a_request_is_never_markup() {
    let hostile = r#"/"><script>alert(1)</script>"#;
    let html = queried(
        Door {
            host: hostile.into(),
            provider: Some(hostile.into()),
            ..door(&[AuthMode::Password, AuthMode::Oidc])
        },
        &[("next", hostile), ("error", hostile)],
    );
    for page in [html.login(), html.setup()] {
        assert!(!page.contains("<script>alert"), "{page}");
    }
}

#[test]
fn the_setup_form_takes_a_token_and_the_rules_of_the_server() {
    let html = door(&[AuthMode::Password]).setup();
    assert!(html.contains(r#"action="/deck/api/setup""#), "{html}");
    for field in ["token", "username", "password"] {
        assert!(
            html.contains(&format!(r#"name="{field}""#)),
            "{field}: {html}"
        );
    }
    assert!(html.contains(r#"minlength="12""#), "{html}");
    let done = Door {
        is_set_up: true,
        ..door(&[AuthMode::Password])
    };
    let html = done.setup();
    assert!(
        !html.contains("<form") && html.contains("/deck/login"),
        "{html}"
    );
}

#[test]
fn the_pages_have_the_language_and_the_theme_of_the_visitor() {
    let korean = Door {
        preferences: Preferences {
            language: Language::Korean,
            theme: Theme::Light,
            ..Preferences::default()
        },
        ..door(&[AuthMode::Password])
    };
    for page in [korean.login(), korean.setup()] {
        assert!(
            page.contains(r#"lang="ko""#) && page.contains(r#"data-theme="light""#),
            "{page}"
        );
        assert!(page.contains("비밀번호"), "{page}");
    }
}
