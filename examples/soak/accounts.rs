//! The accounts of the run: an administrator who changes the others, users of four audiences, and two users
//! whose connections behave badly. All are created through the HTTP API.

use crate::{
    Failure,
    api::{Api, cookie, success},
    client,
    findings::{Findings, Kind},
    shared::now,
    user::{PASSWORD, User},
};
use deckwatch::model::{Grant, Grants, Role, ScopePattern};
use fastrand::Rng;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

/// The grants of the four audiences.
const AUDIENCES: [(&str, Role, &str); 4] = [
    ("all", Role::Admin, "*"),
    ("project", Role::Viewer, "project:shop"),
    ("label", Role::Viewer, "label:deckwatch.demo=true"),
    ("name", Role::Viewer, "name:*-web*"),
];
/// Users per audience. With 500 sockets each user has sixteen, of the twenty that the server allows.
const USERS: u8 = 8;
/// Time between changes of grants. Longer than any response takes, so that changes do not overlap.
const CHANGES: Duration = Duration::from_secs(7);
/// The scope that comes and goes.
const EXTRA: &str = "project:media";

/// All accounts.
#[derive(Debug)]
pub(crate) struct Accounts {
    /// The administrator who makes the changes; has no sockets.
    pub(crate) root: User,
    /// Users of all audiences in turn.
    pub(crate) users: Vec<Arc<User>>,
    /// Holds sockets that neither read nor send.
    pub(crate) silent: User,
    /// Sends more than is allowed.
    pub(crate) flood: User,
}

impl Accounts {
    /// Creates all accounts on a new server, whose data is in `data`, and signs them in.
    pub(crate) async fn create(server: SocketAddr, data: &Path) -> Result<Self, Failure> {
        let user = |name: String, n: u8, grants| {
            let address = Ipv4Addr::new(127, 0, 1, n);
            let api = Api::new(server, address)?;
            Ok::<_, Failure>(User::new(name, address, api, grants))
        };
        let root = user("root".to_owned(), 1, Grants::everything(Role::Admin))?;
        set_up(&root, data).await?;
        let everything = Grants::everything(Role::Viewer);
        let accounts = Self {
            root,
            silent: user("silent".to_owned(), 2, everything.clone())?,
            flood: user("flood".to_owned(), 3, everything)?,
            users: (0..USERS)
                .flat_map(|n| AUDIENCES.iter().zip(0_u8..).map(move |(of, k)| (n, k, of)))
                .map(|(n, k, (name, role, scope))| {
                    let grants = grants(&[(*role, scope)])?;
                    let address = 10 + 4 * n + k;
                    user(format!("{name}-{n}"), address, grants).map(Arc::new)
                })
                .collect::<Result<_, _>>()?,
        };
        for user in accounts.created() {
            accounts.add(user).await?;
        }
        Ok(accounts)
    }

    fn created(&self) -> impl Iterator<Item = &User> {
        let users = self.users.iter().map(|user| &**user);
        users.chain([&self.silent, &self.flood])
    }

    async fn add(&self, user: &User) -> Result<(), Failure> {
        let grants = user.base.iter().map(json_of).collect::<Value>();
        let body = json!({"username": user.name, "password": PASSWORD, "grants": grants});
        let answer = self.as_root(Method::POST, "/api/users", body).await?;
        success(answer).await?;
        user.sign_in().await
    }

    /// Changes a user.
    pub(crate) async fn change(&self, user: &User, change: Value) -> Result<(), Failure> {
        let path = format!("/api/users/{}", user.name);
        success(self.as_root(Method::PATCH, &path, change).await?).await?;
        Ok(())
    }

    async fn as_root(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<reqwest::Response, reqwest::Error> {
        let cookie = self.root.cookie();
        self.root.api.send(method, path, &cookie, Some(body)).await
    }

    /// A random user of an audience.
    pub(crate) fn any(&self, rng: &mut Rng) -> Option<&Arc<User>> {
        rng.choice(&self.users)
    }

    /// Changes the grants of random users for ever: each gets one scope more, or only another one, or what it
    /// had at first.
    pub(crate) async fn keep_changing(
        &self,
        findings: &Findings,
        server: SocketAddr,
        mut rng: Rng,
    ) {
        loop {
            tokio::time::sleep(CHANGES).await;
            let Some(user) = self.any(&mut rng) else {
                return;
            };
            let choices = choices(&user.base);
            let current = user.ledger().now().clone();
            let others: Vec<_> = choices.iter().filter(|other| **other != current).collect();
            let Some(next) = rng.choice(others) else {
                continue;
            };
            match self.grant(user, next, server).await {
                Ok(true) => findings.changes.add(1),
                Ok(false) => {}
                Err(error) => findings.add(Kind::Unanswered, 1, || {
                    format!("a change of the grants of {}: {error}", user.name)
                }),
            }
        }
    }

    /// Sets the grants of a user, and learns how the server announces them. Returns whether it was accepted.
    async fn grant(&self, user: &User, next: &Grants, server: SocketAddr) -> Result<bool, Failure> {
        user.ledger().requested(next.clone());
        let grants = next.iter().map(json_of).collect::<Value>();
        let path = format!("/api/users/{}", user.name);
        let answer = self.as_root(Method::PATCH, &path, json!({"grants": grants}));
        // Without a response the change may have been made: it stays requested.
        let answer = answer.await?;
        if !answer.status().is_success() {
            user.ledger().refused();
            return Ok(false);
        }
        user.ledger().changed(now());
        // The socket is refused while the user is disabled or has no session.
        let session = user.session().await;
        if let Ok(digest) = client::announced(server, user, &session).await {
            user.ledger().announced(digest);
        }
        Ok(true)
    }
}

/// Creates the administrator with the token in the setup link.
async fn set_up(root: &User, data: &Path) -> Result<(), Failure> {
    let link = std::fs::read_to_string(data.join("setup-link"))?;
    let (_, token) = link.trim().split_once('#').ok_or("no setup token")?;
    let body = json!({"token": token, "username": root.name, "password": PASSWORD});
    let answer = root.api.send(Method::POST, "/api/setup", "", Some(body));
    let answer = success(answer.await?).await?;
    root.begin(cookie(&answer).ok_or("no session")?);
    Ok(())
}

fn grants(of: &[(Role, &str)]) -> Result<Grants, Failure> {
    let parsed = of.iter().map(|(role, scope)| {
        let scope: ScopePattern = scope.parse().map_err(|_| format!("no scope: {scope}"))?;
        Ok::<_, Failure>(Grant::new(*role, scope))
    });
    Ok(Grants::new(parsed.collect::<Result<Vec<_>, _>>()?)?)
}

/// The grants that a user with `base` may have during the run.
fn choices(base: &Grants) -> Vec<Grants> {
    let extra = grants(&[(Role::Viewer, EXTRA)]).unwrap_or_default();
    let both = base.iter().chain(extra.iter()).cloned();
    let both = Grants::new(both).unwrap_or_default();
    vec![base.clone(), both, extra]
}

fn json_of(grant: &Grant) -> Value {
    json!({"role": grant.role, "scope": grant.scope})
}
