//! Servers with sign-in, and requests of different principals to them.

use super::{
    app::{Settings, TestApp},
    fake_engine::FakeEngine,
    socket::Socket,
};
use deckwatch::{model::AuthMode, server::config::Auth};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

/// The password of every user of these tests.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// What a client presents with each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum As {
    Nobody,
    /// The cookie of a session.
    Session(String),
    /// An API token.
    Token(String),
}

impl As {
    /// The header that it presents.
    pub(crate) fn header(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Nobody => None,
            Self::Session(cookie) => Some(("cookie", cookie.clone())),
            Self::Token(token) => Some(("authorization", format!("Bearer {token}"))),
        }
    }
}

/// Settings of a server where users sign in with a password.
pub(crate) fn with_passwords() -> Settings {
    with_auth(Auth {
        modes: BTreeSet::from([AuthMode::Password]),
        ..Auth::default()
    })
}

/// Settings of a server with these ways to sign in.
pub(crate) fn with_auth(auth: Auth) -> Settings {
    Settings {
        auth: Some(auth),
        data: Some(Arc::new(tempfile::tempdir().unwrap())),
        ..Settings::default()
    }
}

impl TestApp {
    /// A server with passwords that has received the engine's containers, and its administrator `root`.
    pub(crate) async fn start_with_passwords(engine: FakeEngine) -> (Self, As) {
        Self::start_with_admin(engine, with_passwords()).await
    }

    pub(crate) async fn start_with_admin(engine: FakeEngine, settings: Settings) -> (Self, As) {
        let app = Self::start_with(engine, settings).await;
        let body = json!({"token": app.setup_token(), "username": "root", "password": PASSWORD});
        let answer = app
            .request(&As::Nobody, Method::POST, "/api/setup", Some(body))
            .await;
        assert_eq!(answer.status(), 201, "{:?}", answer.text().await);
        let root = cookie(&answer);
        super::eventually("the containers are known", async || {
            let snapshot = app.get_as(&root, "/api/containers").await;
            let snapshot: Value = snapshot.json().await.unwrap();
            let messages = snapshot["messages"].as_array().unwrap();
            app.engine.truth().is_empty()
                || messages
                    .iter()
                    .any(|m| m["data"].as_array().is_some_and(|all| !all.is_empty()))
        })
        .await;
        (app, root)
    }

    /// The token in the file with the setup link.
    pub(crate) fn setup_token(&self) -> String {
        let folder = self.data.as_ref().unwrap().path();
        let link = std::fs::read_to_string(folder.join("setup-link")).unwrap();
        link.trim().split_once('#').unwrap().1.to_owned()
    }

    /// Sends a request as a page of this server does.
    pub(crate) async fn request(
        &self,
        who: &As,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Response {
        let mut request = self
            .http
            .request(method, self.url(&format!("{}{path}", self.base)))
            .header("origin", self.url(""));
        if let Some((name, value)) = who.header() {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn get_as(&self, who: &As, path: &str) -> Response {
        self.request(who, Method::GET, path, None).await
    }

    pub(crate) async fn post_as(&self, who: &As, path: &str, body: Value) -> Response {
        self.request(who, Method::POST, path, Some(body)).await
    }

    /// Signs in with the password of these tests.
    pub(crate) async fn sign_in(&self, name: &str) -> As {
        let body = json!({"username": name, "password": PASSWORD});
        let answer = self.post_as(&As::Nobody, "/api/sign-in", body).await;
        assert_eq!(answer.status(), 200);
        cookie(&answer)
    }

    /// Creates a user with grants written as `role scope`, and signs in.
    pub(crate) async fn user(&self, root: &As, name: &str, grants: &[&str]) -> As {
        let body = json!({"username": name, "password": PASSWORD, "grants": grants_of(grants)});
        let answer = self.post_as(root, "/api/users", body).await;
        assert_eq!(answer.status(), 201);
        self.sign_in(name).await
    }

    /// Changes a user.
    pub(crate) async fn change_user(&self, root: &As, name: &str, change: Value) {
        let path = format!("/api/users/{name}");
        let answer = self.request(root, Method::PATCH, &path, Some(change)).await;
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
    }

    /// Creates a token; `extra` has further fields of the request.
    pub(crate) async fn token(&self, owner: &As, grants: &[&str], extra: Value) -> (String, As) {
        let mut body = json!({"name": "t", "grants": grants_of(grants)});
        let fields = extra.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        let answer = self.post_as(owner, "/api/tokens", body).await;
        assert_eq!(answer.status(), 201);
        let token: Value = answer.json().await.unwrap();
        let text = |name: &str| token[name].as_str().unwrap().to_owned();
        (text("id"), As::Token(text("token")))
    }

    /// A connected socket of `who`.
    pub(crate) async fn socket_as(
        &self,
        who: &As,
        path: &str,
    ) -> Result<Socket, (u16, Option<String>)> {
        let origin = self.url("");
        let credential = who.header();
        let mut headers = vec![("origin", origin.as_str())];
        if let Some((name, value)) = &credential {
            headers.push((name, value));
        }
        self.socket_at(path, &headers).await
    }
}

/// Grants written as `role scope`, in JSON.
pub(crate) fn grants_of(texts: &[&str]) -> Value {
    let grant = |text: &&str| {
        let (role, scope) = text.split_once(' ').unwrap();
        json!({"role": role, "scope": scope})
    };
    texts.iter().map(grant).collect()
}

/// The session cookie that an answer sets.
pub(crate) fn cookie(answer: &Response) -> As {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    As::Session(cookie.split(';').next().unwrap().to_owned())
}
