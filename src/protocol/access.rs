//! Bodies of the HTTP requests about sign-in, accounts, tokens and the audit. Times are milliseconds since the
//! Unix epoch.

use crate::model::{AuditOutcome, AuthMode, Grant, SourceStatus, Timestamp, millis};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A password or a token in a body. Its debug output does not contain it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The body of `POST /api/sign-in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SignIn {
    /// The name of the user, in any case.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The path to which a form leads, below the base path; ignored in JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The body of `POST /api/sign-out`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SignOut {
    /// Whether all sessions of the user end, not only this one.
    #[serde(default)]
    pub everywhere: bool,
}

/// The body of `POST /api/setup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Setup {
    /// The token in the setup link.
    pub token: Secret,
    /// The name of the first user.
    pub username: String,
    /// The password of the first user.
    pub password: Secret,
}

/// The body of `POST /api/kiosk`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct KioskLink {
    /// The token in the kiosk link.
    pub token: Secret,
}

/// The body of `POST /api/me/password`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PasswordChange {
    /// The present password.
    pub current: Secret,
    /// The new password.
    pub new: Secret,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The name.
    pub username: String,
    /// How the user signs in; never [`AuthMode::None`].
    pub source: AuthMode,
    /// Whether the user can no longer sign in.
    pub disabled: bool,
    /// The grants.
    pub grants: Vec<Grant>,
    /// When the account was created.
    #[serde(with = "millis")]
    #[cfg_attr(feature = "ssr", schema(value_type = i64))]
    pub created: Timestamp,
    /// The time of the last request; absent when there was none.
    #[serde(default, with = "millis::optional")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<i64>))]
    pub seen: Option<Timestamp>,
    /// Number of sessions that have not ended.
    pub sessions: u32,
}

/// The response of `GET /api/users`, ordered by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Users {
    /// Every user.
    pub users: Vec<User>,
}

/// The body of `POST /api/users`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewUser {
    /// The name.
    pub username: String,
    /// The first password.
    pub password: Secret,
    /// The grants.
    pub grants: Vec<Grant>,
}

/// The body of `PATCH /api/users/{name}`: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct UserChange {
    /// The new grants, in place of all present ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Vec<Grant>>,
    /// Whether the user can no longer sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// The new password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// The purpose of a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// A program sends it with each request.
    #[default]
    Api,
    /// It is in a link, which a screen opens to get a read-only session.
    Kiosk,
}

impl TokenKind {
    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Kiosk => "kiosk",
        }
    }
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The id.
    pub id: String,
    /// The name that its creator chose.
    pub name: String,
    /// Its first characters, by which it is recognized.
    pub start: String,
    /// The purpose.
    pub kind: TokenKind,
    /// The grants.
    pub grants: Vec<Grant>,
    /// The name of the user who created it.
    pub created_by: String,
    /// When it was created.
    #[serde(with = "millis")]
    #[cfg_attr(feature = "ssr", schema(value_type = i64))]
    pub created: Timestamp,
    /// When it ends; absent when it does not.
    #[serde(default, with = "millis::optional")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<i64>))]
    pub expires_at: Option<Timestamp>,
    /// When it was last used; absent when it never was.
    #[serde(default, with = "millis::optional")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<i64>))]
    pub used: Option<Timestamp>,
    /// The address from which it was last used; absent when it never was.
    #[serde(default)]
    pub used_from: Option<String>,
}

/// The response of `GET /api/tokens`, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// The tokens that the principal may revoke.
    pub tokens: Vec<Token>,
}

/// The body of `POST /api/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewToken {
    /// The name.
    pub name: String,
    /// The grants, none beyond those of the creator.
    pub grants: Vec<Grant>,
    /// When it ends; absent when it does not.
    #[serde(default, with = "millis::optional")]
    #[cfg_attr(feature = "ssr", schema(value_type = Option<i64>))]
    pub expires_at: Option<Timestamp>,
    /// The purpose.
    #[serde(default)]
    pub kind: TokenKind,
}

/// The response of `POST /api/tokens`: the only one that contains the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// The whole token.
    pub token: Secret,
    /// What [`Tokens`] has about it.
    #[serde(flatten)]
    pub created: Token,
}

/// An entry of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// The number; later entries have higher ones.
    pub id: u64,
    /// When it was written.
    #[serde(with = "millis")]
    #[cfg_attr(feature = "ssr", schema(value_type = i64))]
    pub at: Timestamp,
    /// The principal.
    pub who: String,
    /// The address of the client; absent for the command line.
    #[serde(default)]
    pub from: Option<String>,
    /// What was done.
    pub did: String,
    /// What it was done to; empty when there is nothing.
    pub on: String,
    /// The outcome.
    pub outcome: AuditOutcome,
    /// The reason or the details; empty when there are none.
    pub detail: String,
}

/// The response of `GET /api/audit`: a part of the audit, the newest entry first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Audit {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The value of `before` that continues with older entries; absent when there are none.
    #[serde(default)]
    pub next: Option<u64>,
}

/// The response of `GET /api/system`: the state of the server itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SystemStatus {
    /// The version of the server.
    pub version: String,
    /// Milliseconds since the server started.
    pub uptime_ms: u64,
    /// What the server uses of one core, in percent; absent until it was measured.
    #[serde(default)]
    pub cpu_percent: Option<f32>,
    /// Resident memory of the server in bytes; absent until it was measured.
    #[serde(default)]
    pub memory: Option<u64>,
    /// Number of open WebSocket and SSE connections.
    pub clients: u32,
    /// Most such connections.
    pub max_clients: u32,
    /// The WebSockets since the start.
    pub sockets: SocketFigures,
    /// What happened in the last minutes.
    pub recent: RecentFigures,
    /// The sources of figures, by host.
    pub sources: Vec<SourceStatus>,
    /// The state of the storage.
    pub storage: StorageStatus,
    /// What needs attention; empty when nothing does.
    pub alarms: Vec<Alarm>,
}

/// Figures of all WebSockets since the server started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SocketFigures {
    /// WebSockets that are open now.
    pub open: u32,
    /// WebSockets opened.
    pub opened: u64,
    /// WebSockets closed, for any reason.
    pub closed: u64,
    /// Messages sent.
    pub sent_messages: u64,
    /// Messages that could not be sent, because the connection was lost or the client too slow.
    pub failed_messages: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Live connections that replaced one of the same client which had ended shortly before.
    pub reconnects: u64,
    /// Times a client's position was no longer in the ring, so that it received the newest state.
    pub resyncs: u64,
    /// Gaps in logs that were sent to clients.
    pub log_gaps: u64,
    /// Mean duration of closed WebSockets in milliseconds; absent before the first.
    #[serde(default)]
    pub mean_duration_ms: Option<u64>,
    /// Mean time from a publication to its write to the last client in microseconds; absent before the first.
    #[serde(default)]
    pub mean_delivery_us: Option<u64>,
}

/// Figures of the last minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecentFigures {
    /// The time that they cover, in milliseconds.
    pub window_ms: u64,
    /// Messages sent.
    pub sent_messages: u64,
    /// Messages that could not be sent.
    pub failed_messages: u64,
    /// Reconnects of all clients.
    pub reconnects: u64,
}

/// The state of the storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct StorageStatus {
    /// Whether it works.
    pub state: StorageWord,
    /// Why it does not work; absent when it does.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Whether the storage works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum StorageWord {
    /// It works.
    Ready,
    /// It does not; the server tries again.
    Failing,
}

/// Something about the server itself that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Alarm {
    /// The name of the rule.
    pub name: String,
    /// What is wrong, in a sentence for users.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Role, ScopePattern};
    use serde_json::json;

    #[test]
    fn a_created_token_has_its_secret_beside_what_the_list_has() {
        let created = CreatedToken {
            token: Secret("dwt_secret".into()),
            created: Token {
                id: "t1".into(),
                name: "ci".into(),
                start: "dwt_sec".into(),
                kind: TokenKind::Api,
                grants: vec![Grant::new(Role::Viewer, ScopePattern::Everything)],
                created_by: "ana".into(),
                created: Timestamp::from_millis(1_000),
                expires_at: None,
                used: None,
                used_from: None,
            },
        };
        let json = serde_json::to_value(&created).unwrap();
        assert_eq!(json["token"], "dwt_secret");
        assert_eq!(json["name"], "ci");
        assert_eq!(json["createdBy"], "ana");
        assert_eq!(json["created"], 1_000);
        assert_eq!(json["expiresAt"], json!(null));
        assert!(
            !format!("{created:?}").contains("dwt_secret"),
            "no secret in logs"
        );
    }

    #[test]
    fn what_is_absent_in_a_change_is_not_sent() {
        let change = UserChange {
            disabled: Some(true),
            ..UserChange::default()
        };
        let json = serde_json::to_value(&change).unwrap();
        assert_eq!(json, json!({"disabled": true}));
    }

    #[test]
    fn a_token_is_for_programs_unless_it_says_otherwise() {
        let read = |json| serde_json::from_value::<NewToken>(json).unwrap();
        let api = read(json!({"name": "ci", "grants": []}));
        assert_eq!((api.kind, api.expires_at), (TokenKind::Api, None));
        let kiosk = read(json!({"name": "hall", "grants": [], "kind": "kiosk", "expiresAt": 5}));
        assert_eq!(kiosk.kind, TokenKind::Kiosk);
        assert_eq!(kiosk.expires_at, Some(Timestamp::from_millis(5)));
    }
}
