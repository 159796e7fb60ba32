//! Requests over HTTP, one after the other, as a client does that polls.

use crate::{
    findings::Kind,
    judge::Judge,
    ledger::Holder,
    shared::{Shared, now},
    user::User,
};
use deckwatch::protocol::Snapshot;
use reqwest::StatusCode;
use std::{sync::Arc, time::Duration};

/// Pause between two requests of one user.
const PAUSE: Duration = Duration::from_secs(2);
/// The paths, in turn.
const PATHS: [&str; 4] = [
    "/api/snapshot?channels=metrics,containers,stats,events",
    "/api/containers",
    "/api/me",
    "/healthz",
];

/// Sends requests of `user` for ever, and checks the responses.
pub(crate) async fn probe(shared: Arc<Shared>, user: Arc<User>) {
    for path in PATHS.iter().cycle() {
        tokio::time::sleep(PAUSE).await;
        let session = user.session().await;
        shared.findings.requests.add(1);
        let since = now();
        let wrong = match user.api.get(path, &session.cookie).await {
            Ok(answer) if answer.status() == StatusCode::OK => match answer.bytes().await {
                Ok(body) => {
                    if let Ok(snapshot) = serde_json::from_slice(&body) {
                        judge(&shared, &user, session.number, since, &snapshot);
                    }
                    None
                }
                Err(error) => Some(error.to_string()),
            },
            // Its session was ended, or its grants were withdrawn.
            Ok(answer) if answer.status().is_client_error() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(wrong) = wrong {
            shared.findings.add(Kind::Unanswered, 1, || {
                format!("GET {path} of {}: {wrong}", user.name)
            });
        }
    }
}

fn judge(shared: &Shared, user: &User, session: u64, since: i64, snapshot: &Snapshot) {
    let judge = Judge {
        catalog: &shared.catalog,
        user,
        holder: &Holder {
            session,
            digest: String::new(),
        },
        since,
    };
    for message in &snapshot.messages {
        if let Some(what) = judge.outside(message) {
            shared.findings.add(Kind::Outside, 1, || {
                format!("a snapshot for {} has {what}", user.name)
            });
        }
    }
}
