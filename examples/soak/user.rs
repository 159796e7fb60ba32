//! A user of the server: its session, its rights, and the requests that change them.

use crate::{
    Failure,
    api::{Api, cookie, success},
    ledger::{Holder, Ledger},
    shared::now,
};
use deckwatch::model::Grants;
use reqwest::Method;
use serde_json::json;
use std::{
    net::Ipv4Addr,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// The password of every user.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A session of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// Counts the sessions of the user.
    pub(crate) number: u64,
    pub(crate) cookie: String,
}

/// A user, who has an address of its own.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) api: Api,
    /// The grants that the user had at first.
    pub(crate) base: Grants,
    /// The current session; `None` while there is none.
    session: watch::Sender<Option<Session>>,
    ledger: Mutex<Ledger>,
}

impl User {
    pub(crate) fn new(name: String, address: Ipv4Addr, api: Api, grants: Grants) -> Self {
        Self {
            name,
            address,
            api,
            ledger: Mutex::new(Ledger::new(grants.clone())),
            base: grants,
            session: watch::Sender::new(None),
        }
    }

    /// Signs in.
    pub(crate) async fn sign_in(&self) -> Result<(), Failure> {
        let body = json!({"username": self.name, "password": PASSWORD});
        let answer = self.api.send(Method::POST, "/api/sign-in", "", Some(body));
        let answer = success(answer.await?).await?;
        let cookie = cookie(&answer).ok_or("no session")?;
        self.begin(cookie);
        Ok(())
    }

    /// Begins to use a session that the server has created.
    pub(crate) fn begin(&self, cookie: String) {
        self.session.send_modify(|session| {
            let number = session.as_ref().map_or(0, |session| session.number) + 1;
            *session = Some(Session { number, cookie });
        });
    }

    /// Waits for a session.
    pub(crate) async fn session(&self) -> Session {
        let mut changes = self.session.subscribe();
        loop {
            if let Some(session) = changes.borrow_and_update().clone() {
                return session;
            }
            if changes.changed().await.is_err() {
                // The user outlives the subscription, so this is never reached.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The cookie of the current session; empty without one.
    pub(crate) fn cookie(&self) -> String {
        let session = self.session.borrow();
        session
            .as_ref()
            .map_or_else(String::new, |s| s.cookie.clone())
    }

    /// Signs out, and in again.
    pub(crate) async fn end_session(&self) -> Result<(), Failure> {
        let (path, cookie) = ("/api/sign-out", self.cookie());
        let answer = self.api.send(Method::POST, path, &cookie, None).await?;
        success(answer).await?;
        self.has_ended();
        self.sign_in().await
    }

    /// The server has ended the session.
    pub(crate) fn has_ended(&self) {
        let at = now();
        let number = self.session.borrow().as_ref().map(|s| s.number);
        if let Some(number) = number {
            self.ledger().ended(number, at);
        }
    }

    /// Whether `holder` may receive content from the time `at` that needs grants for which `allow` is true.
    pub(crate) fn may(&self, holder: &Holder, at: i64, allow: impl Fn(&Grants) -> bool) -> bool {
        self.ledger().allows(holder, at, allow)
    }

    /// Locks the ledger.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
