//! An OpenID Connect provider whose answers the tests choose.

mod endpoints;
mod tokens;

use axum::Router;
use deckwatch::server::config::Oidc;
use openidconnect::url::Url;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::{net::TcpListener, task::AbortHandle};

pub(crate) use tokens::Algorithm;

/// The id and the secret of the server under test.
pub(crate) const CLIENT: &str = "deckwatch";
pub(crate) const SECRET: &str = "a secret: 100%+";
/// The URL to which the provider sends browsers back.
pub(crate) const REDIRECT: &str = "https://deck.example.com/auth/oidc/callback";

/// What the provider does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fault {
    #[default]
    None,
    /// The ID token repeats another nonce.
    Nonce,
    /// The ID token has no nonce.
    NoNonce,
    /// The ID token is for another client.
    Audience,
    /// The ID token is for several clients, and was issued to another one.
    Party,
    /// The ID token is from another issuer.
    Issuer,
    /// The ID token has expired.
    Expired,
    /// The ID token was changed after signing.
    Signature,
    /// The ID token is signed with a key that the provider does not publish.
    Key,
    /// The ID token is not signed.
    Unsigned,
    /// The ID token is signed with the secret of the client.
    SharedSecret,
    /// There is no ID token.
    NoToken,
    /// The access token has a control character.
    AccessToken,
    /// The answer never ends.
    Endless,
    /// There is no answer.
    Silent,
    /// The answer leads elsewhere.
    Elsewhere,
    /// The claims at the user info endpoint are about somebody else.
    SomebodyElse,
}

/// A running provider; it ends when dropped.
#[derive(Debug)]
pub(crate) struct FakeProvider {
    pub(crate) issuer: String,
    state: Arc<State>,
    folder: tempfile::TempDir,
    task: AbortHandle,
}

#[derive(Debug)]
struct State {
    issuer: String,
    now: Mutex<Now>,
}

#[derive(Debug)]
struct Now {
    /// The claims in ID tokens.
    user: Value,
    /// The claims at the user info endpoint, if it has one.
    user_info: Option<Value>,
    fault: Fault,
    algorithm: Algorithm,
    /// The name of the key.
    key: String,
    codes: HashMap<String, Authorized>,
    n_codes: usize,
    /// Number of requests for tokens.
    n_exchanges: usize,
}

/// A sign-in at the provider whose code is not used yet.
#[derive(Clone, Debug)]
struct Authorized {
    nonce: String,
    challenge: String,
    redirect: String,
}

impl FakeProvider {
    /// A provider on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::start_on(listener)
    }

    /// A provider on `listener`.
    pub(crate) fn start_on(listener: TcpListener) -> Self {
        let issuer = format!("http://{}/realms/home", listener.local_addr().unwrap());
        let (state, routes) = Self::routes(&issuer);
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self::new(issuer, state, task.abort_handle())
    }

    /// The same behind TLS, for `issuer`; `accept` serves the routes.
    pub(crate) fn start_with(issuer: &str, accept: impl FnOnce(Router) -> AbortHandle) -> Self {
        let (state, routes) = Self::routes(issuer);
        Self::new(issuer.to_owned(), state, accept(routes))
    }

    fn new(issuer: String, state: Arc<State>, task: AbortHandle) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
        Self {
            issuer,
            state,
            folder,
            task,
        }
    }

    fn routes(issuer: &str) -> (Arc<State>, Router) {
        let state = Arc::new(State {
            issuer: issuer.to_owned(),
            now: Mutex::new(Now {
                user: json!({"sub": "1", "preferred_username": "ana", "groups": ["ops"]}),
                user_info: None,
                fault: Fault::None,
                algorithm: Algorithm::EdDsa,
                key: "first".to_owned(),
                codes: HashMap::new(),
                n_codes: 0,
                n_exchanges: 0,
            }),
        });
        let path = Url::parse(issuer).unwrap().path().to_owned();
        let routes = endpoints::routes(&path, Arc::clone(&state));
        (state, routes)
    }

    /// The file with the secret of the client.
    pub(crate) fn secret_file(&self) -> std::path::PathBuf {
        self.folder.path().join("secret")
    }

    /// The settings of a server that uses this provider.
    pub(crate) fn settings(&self) -> Oidc {
        settings(&self.issuer, &self.secret_file())
    }

    /// Sets the claims about the user who signs in next.
    pub(crate) fn set_user(&self, claims: Value) {
        self.state.now().user = claims;
    }

    /// Sets the claims at the user info endpoint.
    pub(crate) fn set_user_info(&self, claims: Value) {
        self.state.now().user_info = Some(claims);
    }

    pub(crate) fn set_fault(&self, fault: Fault) {
        self.state.now().fault = fault;
    }

    /// Number of requests for tokens.
    pub(crate) fn n_exchanges(&self) -> usize {
        self.state.now().n_exchanges
    }

    /// Sets how tokens are signed from now on, and the name of the key.
    pub(crate) fn set_key(&self, algorithm: Algorithm, name: &str) {
        let mut now = self.state.now();
        (now.algorithm, now.key) = (algorithm, name.to_owned());
    }

    /// What a browser does at the provider when it is sent to `url`: the user signs in, and the browser is
    /// sent back. Returns the query of that address.
    pub(crate) fn sign_in(&self, url: &str) -> BTreeMap<String, String> {
        let endpoint = format!("{}/authorize?", self.issuer);
        assert!(url.starts_with(&endpoint), "{url}");
        let asked: HashMap<String, String> = Url::parse(url)
            .unwrap()
            .query_pairs()
            .into_owned()
            .collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], CLIENT);
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["scope"], "openid profile email groups");
        let mut now = self.state.now();
        now.n_codes += 1;
        let code = format!("code{}", now.n_codes);
        let authorized = Authorized {
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
            redirect: asked["redirect_uri"].clone(),
        };
        now.codes.insert(code.clone(), authorized);
        let answer = [
            ("code", code),
            ("state", asked["state"].clone()),
            ("iss", self.issuer.clone()),
            ("session_state", "unknown to the server".to_owned()),
        ];
        answer.map(|(name, value)| (name.to_owned(), value)).into()
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The settings of a server for the provider `issuer`.
pub(crate) fn settings(issuer: &str, secret_file: &Path) -> Oidc {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Oidc {
        issuer: issuer.to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret_file: secret_file.to_owned(),
        scopes: words(&["openid", "profile", "email", "groups"]),
        username_claims: words(&["preferred_username", "email"]),
        groups_claim: "groups".to_owned(),
        redirect_url: REDIRECT.to_owned(),
    }
}

impl State {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap()
    }
}
