//! Sign-in with OpenID Connect, at a provider that the tests control.

mod limits;
mod provider;
mod refused;
mod tls;

use crate::support::{
    accounts::{As, PASSWORD, cookie, grants_of, with_auth},
    app::{Settings, TestApp},
    fake_engine::FakeEngine,
    fake_provider::{Algorithm, FakeProvider},
};
use deckwatch::{
    model::{AuthMode, Grants},
    server::config::{Auth, Oidc, grant},
};
use reqwest::{Response, redirect::Policy};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const START: &str = "/auth/oidc/start";
const CALLBACK: &str = "/auth/oidc/callback";

/// Settings of a server with passwords and `oidc` behind a proxy on this machine, where the groups `ops` and
/// `admins` have grants.
fn with_oidc(oidc: Oidc) -> Settings {
    let grants = |text| Grants::new([grant(text).unwrap()]).unwrap();
    with_auth(Auth {
        modes: BTreeSet::from([AuthMode::Password, AuthMode::Oidc]),
        oidc: Some(oidc),
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        groups: BTreeMap::from([
            ("ops".to_owned(), grants("operator host:local")),
            ("admins".to_owned(), grants("admin *")),
        ]),
        ..Auth::default()
    })
}

/// A server with the administrator `root`, and the provider that it uses.
async fn start() -> (TestApp, As, FakeProvider) {
    let provider = FakeProvider::start().await;
    let settings = with_oidc(provider.settings());
    let (app, root) = TestApp::start_with_admin(FakeEngine::start(), settings).await;
    (app, root, provider)
}

/// A browser: it keeps one cookie, and stays where it is sent, so that a test sees where.
#[derive(Default)]
struct Browser {
    cookie: Option<String>,
    /// The address that the proxy reports; `None` without a proxy.
    address: Option<String>,
}

impl Browser {
    /// A browser behind the proxy.
    fn at(address: &str) -> Self {
        Self {
            cookie: None,
            address: Some(address.to_owned()),
        }
    }

    async fn get(&mut self, app: &TestApp, path: &str) -> Response {
        let client = reqwest::Client::builder().redirect(Policy::none());
        let url = app.url(&format!("{}{path}", app.base));
        let mut request = client.build().unwrap().get(url);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(address) = &self.address {
            request = request.header("x-forwarded-for", address);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 303, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        answer
    }

    /// Begins to sign in; returns the address at the provider.
    async fn begin(&mut self, app: &TestApp, query: &str) -> String {
        let answer = self.get(app, &format!("{START}{query}")).await;
        let As::Session(cookie) = cookie(&answer) else {
            unreachable!()
        };
        self.cookie = Some(cookie);
        location(&answer)
    }

    /// Comes back from the provider.
    async fn come_back(&mut self, app: &TestApp, query: &BTreeMap<String, String>) -> Response {
        let query = serde_urlencoded::to_string(query).unwrap();
        self.get(app, &format!("{CALLBACK}?{query}")).await
    }

    /// Signs in at `provider`; returns what the server answers in the end.
    async fn sign_in(&mut self, app: &TestApp, provider: &FakeProvider) -> Response {
        let url = self.begin(app, "?next=%2Fcontainers%3Fq%3Dweb").await;
        self.come_back(app, &provider.sign_in(&url)).await
    }
}

fn location(answer: &Response) -> String {
    answer.headers()["location"].to_str().unwrap().to_owned()
}

/// Signs in with a new browser.
async fn signed_in(app: &TestApp, provider: &FakeProvider) -> As {
    let answer = Browser::default().sign_in(app, provider).await;
    assert_eq!(location(&answer), "/containers?q=web");
    cookie(&answer)
}

async fn me(app: &TestApp, who: &As) -> Value {
    app.get_as(who, "/api/me").await.json().await.unwrap()
}

/// Outcome, name and detail of the newest sign-in in the audit log.
async fn last_sign_in(app: &TestApp, root: &As) -> (String, String, String) {
    let audit = app.get_as(root, "/api/audit?did=sign%20in&limit=1").await;
    let audit: Value = audit.json().await.unwrap();
    let text = |name: &str| audit["entries"][0][name].as_str().unwrap().to_owned();
    (text("outcome"), text("who"), text("detail"))
}

async fn user(app: &TestApp, root: &As, name: &str) -> Value {
    let users: Value = app.get_as(root, "/api/users").await.json().await.unwrap();
    let users = users["users"].as_array().unwrap();
    users
        .iter()
        .find(|user| user["username"] == name)
        .cloned()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_user_of_the_provider_signs_in_with_the_grants_of_the_groups() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Rs256] {
        let (app, root, provider) = start().await;
        provider.set_key(algorithm, "first");
        provider.set_user(json!({
            "sub": "1", "preferred_username": "Ana", "groups": ["staff", "ops"],
        }));
        let mut browser = Browser::default();
        let url = browser.begin(&app, "?next=%2Fcontainers%3Fq%3Dweb").await;
        let answer = browser.come_back(&app, &provider.sign_in(&url)).await;
        assert_eq!(location(&answer), "/containers?q=web");
        let set = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(set.contains("; HttpOnly; SameSite=Lax"), "{set}");
        let ana = cookie(&answer);
        let me = me(&app, &ana).await;
        assert_eq!(
            (&me["username"], &me["kind"]),
            (&json!("ana"), &json!("user"))
        );
        assert_eq!(me["grants"], grants_of(&["operator host:local"]));
        let user = user(&app, &root, "ana").await;
        assert_eq!(
            (&user["source"], &user["grants"]),
            (&json!("oidc"), &json!([]))
        );
        let expected = ("done", "ana", "OpenID Connect");
        let (outcome, who, detail) = last_sign_in(&app, &root).await;
        assert_eq!((outcome.as_str(), who.as_str(), detail.as_str()), expected);
        app.end().await;
    }
}

#[tokio::test]
async fn the_cookie_of_a_sign_in_is_short_lived_and_not_for_scripts() {
    let provider = FakeProvider::start().await;
    let settings = Settings {
        base_path: Some("/deck"),
        ..with_oidc(provider.settings())
    };
    let (app, _) = TestApp::start_with_admin(FakeEngine::start(), settings).await;
    let mut browser = Browser::default();
    let answer = browser.get(&app, START).await;
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    let (name, attributes) = set.split_once("; ").unwrap();
    assert!(name.starts_with("deckwatch-oidc="), "{set}");
    assert_eq!(
        attributes,
        "Path=/deck; Max-Age=600; HttpOnly; SameSite=Lax"
    );
    let answer = browser.sign_in(&app, &provider).await;
    assert_eq!(location(&answer), "/deck/containers?q=web");
    app.end().await;
}

#[tokio::test]
async fn several_tabs_of_a_browser_can_sign_in_at_once() {
    let (app, _, provider) = start().await;
    let mut browser = Browser::default();
    let urls = [
        browser.begin(&app, "").await,
        browser.begin(&app, "?next=%2Flogs").await,
    ];
    for (url, expected) in urls.into_iter().zip(["/", "/logs"]) {
        let answer = browser.come_back(&app, &provider.sign_in(&url)).await;
        assert_eq!(location(&answer), expected);
    }
    app.end().await;
}

#[tokio::test]
async fn a_sign_in_returns_to_pages_of_this_server_only() {
    let (app, _, provider) = start().await;
    for next in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2Flogin",
    ] {
        let mut browser = Browser::default();
        let url = browser.begin(&app, &format!("?next={next}")).await;
        let answer = browser.come_back(&app, &provider.sign_in(&url)).await;
        assert_eq!(location(&answer), "/", "{next}");
    }
    app.end().await;
}

#[tokio::test]
async fn the_user_has_what_an_administrator_grants_here_in_addition() {
    let (app, root, provider) = start().await;
    let ana = signed_in(&app, &provider).await;
    let own = ["viewer name:db"];
    app.change_user(&root, "ana", json!({"grants": grants_of(&own)}))
        .await;
    let both = grants_of(&["viewer name:db", "operator host:local"]);
    assert_eq!(me(&app, &ana).await["grants"], both, "in the open session");
    provider.set_user(json!({"sub": "1", "preferred_username": "ana"}));
    let again = signed_in(&app, &provider).await;
    assert_eq!(me(&app, &again).await["grants"], grants_of(&own));
    assert_eq!(user(&app, &root, "ana").await["grants"], grants_of(&own));
    app.end().await;
}

#[tokio::test]
async fn the_groups_last_as_long_as_the_session_also_after_a_restart() {
    let (app, _, provider) = start().await;
    let ana = signed_in(&app, &provider).await;
    let data = app.data.clone();
    app.end().await;
    let settings = Settings {
        data,
        ..with_oidc(provider.settings())
    };
    let app = TestApp::start_with(FakeEngine::start(), settings).await;
    assert_eq!(
        me(&app, &ana).await["grants"],
        grants_of(&["operator host:local"])
    );
    app.post_as(&ana, "/api/sign-out", json!({})).await;
    assert_eq!(app.get_as(&ana, "/api/me").await.status(), 401);
    provider.set_user(json!({"sub": "1", "preferred_username": "ana", "groups": []}));
    let again = signed_in(&app, &provider).await;
    assert_eq!(me(&app, &again).await["grants"], json!([]));
    app.end().await;
}

#[tokio::test]
async fn what_the_configuration_no_longer_grants_or_admits_ends_with_a_restart() {
    let (app, _, provider) = start().await;
    let ana = signed_in(&app, &provider).await;
    let data = app.data.clone();
    app.end().await;
    let without_groups = Settings {
        data: data.clone(),
        ..with_auth(Auth {
            modes: BTreeSet::from([AuthMode::Password, AuthMode::Oidc]),
            oidc: Some(provider.settings()),
            ..Auth::default()
        })
    };
    let app = TestApp::start_with(FakeEngine::start(), without_groups).await;
    assert_eq!(me(&app, &ana).await["grants"], json!([]));
    app.end().await;
    let without_oidc = Settings {
        data,
        ..with_auth(Auth {
            modes: BTreeSet::from([AuthMode::Password]),
            ..Auth::default()
        })
    };
    let app = TestApp::start_with(FakeEngine::start(), without_oidc).await;
    assert_eq!(app.get_as(&ana, "/api/me").await.status(), 401);
    app.end().await;
}

#[tokio::test]
async fn sessions_and_tokens_of_users_who_can_no_longer_sign_in_are_not_valid() {
    let (app, root, provider) = start().await;
    let ana = signed_in(&app, &provider).await;
    let grants = ["viewer host:local"];
    app.change_user(&root, "ana", json!({"grants": grants_of(&grants)}))
        .await;
    let (_, token) = app.token(&ana, &grants, json!({})).await;
    let data = app.data.clone();
    app.end().await;
    let another = FakeProvider::start().await;
    let passwords = Auth {
        modes: BTreeSet::from([AuthMode::Password]),
        ..Auth::default()
    };
    for (what, settings, expected) in [
        ("another issuer", with_oidc(another.settings()), 401),
        ("another mode", with_auth(passwords), 401),
        ("the same issuer", with_oidc(provider.settings()), 200),
    ] {
        let data = data.clone();
        let app = TestApp::start_with(FakeEngine::start(), Settings { data, ..settings }).await;
        for who in [&ana, &token] {
            let answer = app.get_as(who, "/api/me").await;
            assert_eq!(answer.status(), expected, "{what}: {who:?}");
        }
        assert_eq!(app.get_as(&root, "/api/me").await.status(), 200, "{what}");
        app.end().await;
    }
}

#[tokio::test]
async fn a_token_has_no_grants_of_groups_because_it_outlives_the_session() {
    let (app, root, provider) = start().await;
    let ana = signed_in(&app, &provider).await;
    let new = || json!({"name": "t", "grants": grants_of(&["viewer host:local"])});
    let answer = app.post_as(&ana, "/api/tokens", new()).await;
    assert_eq!(answer.status(), 403);
    let problem: Value = answer.json().await.unwrap();
    assert!(
        problem.to_string().contains("grants of a group"),
        "{problem}"
    );
    let grants = grants_of(&["viewer host:local"]);
    app.change_user(&root, "ana", json!({"grants": grants}))
        .await;
    let answer = app.post_as(&ana, "/api/tokens", new()).await;
    assert_eq!(answer.status(), 201);
    app.end().await;
}

#[tokio::test]
async fn a_user_of_the_provider_has_no_password() {
    let (app, root, provider) = start().await;
    let ana = signed_in(&app, &provider).await;
    for password in ["", PASSWORD] {
        let body = json!({"username": "ana", "password": password});
        assert_eq!(
            app.post_as(&As::Nobody, "/api/sign-in", body)
                .await
                .status(),
            401
        );
    }
    let change = json!({"password": PASSWORD});
    let path = "/api/users/ana";
    let answer = app
        .request(&root, reqwest::Method::PATCH, path, Some(change))
        .await;
    assert_eq!(answer.status(), 409);
    let change = json!({"current": "", "new": PASSWORD});
    let answer = app.post_as(&ana, "/api/me/password", change).await;
    assert_eq!(answer.status(), 403);
    app.end().await;
}
