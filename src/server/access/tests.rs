use super::*;
use crate::{
    model::{AuditOutcome, Grant, Grants, PrincipalKind, Role, ScopePattern},
    protocol::{NewToken, NewUser, Secret as SentSecret, TokenKind, UserChange},
};
use axum::http::HeaderMap;
use std::{collections::BTreeSet, net::Ipv4Addr};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse battery";

struct Server {
    access: Access,
    shutdown: Shutdown,
    folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), Duration::from_secs(3_600)).await
    }

    async fn start_in(folder: TempDir, session_idle: Duration) -> Self {
        let shutdown = Shutdown::default();
        let storage = Storage::open(folder.path(), &shutdown);
        let auth = Auth {
            modes: BTreeSet::from([AuthMode::Password]),
            session_idle,
            ..Auth::default()
        };
        let data_dir = Some(folder.path());
        let url = "http://localhost/setup".to_owned();
        let access = Access::start(auth, Some(storage), data_dir, url, &shutdown).await;
        Self {
            access,
            shutdown,
            folder,
        }
    }

    /// Ends, and starts again with the same data.
    async fn restart(self) -> Self {
        assert!(self.shutdown.finish().await);
        Self::start_in(self.folder, Duration::from_secs(3_600)).await
    }

    async fn user(&self, name: &str, role: Role) -> Name {
        let new = NewUser {
            username: name.to_owned(),
            password: SentSecret(PASSWORD.to_owned()),
            grants: vec![Grant::new(role, ScopePattern::Everything)],
        };
        self.access.create_user(new).await.unwrap();
        name.parse().unwrap()
    }

    async fn sign_in(&self, name: &str) -> Credential {
        let credentials = (name, PASSWORD.to_owned());
        let session = self.access.sign_in(credentials, &address(), None).await;
        Credential::Session(session.unwrap().secret.digest())
    }

    fn kind(&self, credential: &Credential) -> Option<PrincipalKind> {
        self.access
            .principal(credential)
            .map(|principal| principal.kind)
    }
}

fn address() -> ClientAddress {
    ClientAddress::of(Ipv4Addr::LOCALHOST.into(), &HeaderMap::new(), &[])
}

fn new_token(kind: TokenKind, expires_at: Option<Timestamp>) -> NewToken {
    NewToken {
        name: "t".to_owned(),
        grants: vec![Grant::new(Role::Viewer, ScopePattern::Everything)],
        expires_at,
        kind,
    }
}

#[tokio::test]
async fn accounts_and_sessions_survive_a_restart() {
    let server = Server::start().await;
    assert!(server.access.is_setup_open());
    server.user("root", Role::Admin).await;
    assert!(
        !server.access.is_setup_open(),
        "there is an administrator now"
    );
    let session = server.sign_in("root").await;
    let principal = server.access.principal(&session).unwrap();
    let token = new_token(TokenKind::Api, None);
    let token = server.access.create_token(&principal, token).await.unwrap();
    let token = Credential::Token(Digest::of(&token.token.0));
    let server = server.restart().await;
    assert_eq!(server.kind(&session), Some(PrincipalKind::User));
    assert_eq!(server.kind(&token), Some(PrincipalKind::Token));
    assert!(!server.access.is_setup_open());
    assert!(server.shutdown.finish().await);
}

#[tokio::test]
async fn nothing_that_a_client_can_send_is_in_the_database() {
    let server = Server::start().await;
    server.user("root", Role::Admin).await;
    let credentials = ("root", PASSWORD.to_owned());
    let session = server
        .access
        .sign_in(credentials, &address(), None)
        .await
        .unwrap();
    let credential = Credential::Session(session.secret.digest());
    let principal = server.access.principal(&credential).unwrap();
    let token = new_token(TokenKind::Api, None);
    let token = server.access.create_token(&principal, token).await.unwrap();
    assert!(server.shutdown.finish().await);
    let stored: Vec<u8> = std::fs::read_dir(server.folder.path())
        .unwrap()
        .flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap_or_default())
        .collect();
    for secret in [PASSWORD, session.secret.reveal(), &token.token.0] {
        let is_stored = stored
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!is_stored);
    }
    assert!(!stored.is_empty());
}

#[tokio::test]
async fn an_unused_session_ends_and_a_used_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder, Duration::from_secs(2)).await;
    server.user("root", Role::Admin).await;
    let (used, unused) = (server.sign_in("root").await, server.sign_in("root").await);
    let mut changes = server.access.changes();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.access.used(&used, "127.0.0.1");
    }
    assert!(server.kind(&used).is_some());
    assert!(server.kind(&unused).is_none());
    assert!(changes.has_changed().unwrap(), "open connections are told");
    changes.mark_unchanged();
    assert!(server.shutdown.finish().await);
}

#[tokio::test]
async fn a_session_of_a_clock_that_was_set_keeps_its_user_or_ends() {
    const DAY: i64 = 86_400_000;
    // Stored by a clock that was a day ahead, and by one that was a day behind.
    for (shift, expected) in [(DAY, Some("ben")), (-DAY, None)] {
        let server = Server::start().await;
        server.user("root", Role::Admin).await;
        server.user("ben", Role::Viewer).await;
        let session = server.sign_in("ben").await;
        assert!(server.shutdown.finish().await);
        let database = server.folder.path().join("deckwatch.db");
        let database = rusqlite::Connection::open(database).unwrap();
        let shifted =
            "UPDATE sessions SET created = created + ?1, used = used + ?1, expires = expires + ?1";
        assert_eq!(database.execute(shifted, [shift]).unwrap(), 1);
        drop(database);
        let server = server.restart().await;
        let principal = server.access.principal(&session);
        let name = principal.map(|principal| principal.name.clone());
        assert_eq!(name.as_deref(), expected);
        assert!(server.shutdown.finish().await);
    }
}

#[tokio::test]
async fn a_token_never_exceeds_what_its_creator_has_now() {
    let server = Server::start().await;
    let (root, ben) = (
        server.user("root", Role::Admin).await,
        server.user("ben", Role::Admin).await,
    );
    let session = server.sign_in("ben").await;
    let principal = server.access.principal(&session).unwrap();
    let token = new_token(TokenKind::Api, None);
    let token = server.access.create_token(&principal, token).await.unwrap();
    let token = Credential::Token(Digest::of(&token.token.0));
    assert!(server.kind(&token).is_some());
    let disable = |disabled| UserChange {
        disabled: Some(disabled),
        ..UserChange::default()
    };
    server
        .access
        .change_user(&ben, disable(true))
        .await
        .unwrap();
    assert!(server.kind(&token).is_none());
    server
        .access
        .change_user(&ben, disable(false))
        .await
        .unwrap();
    assert!(server.kind(&token).is_some());
    server.access.remove_user(&ben).await.unwrap();
    assert!(server.kind(&token).is_none());
    let refused = server.access.remove_user(&root).await;
    assert!(
        matches!(refused, Err(AccessError::Conflict(_))),
        "{refused:?}"
    );
    assert!(server.shutdown.finish().await);
}

#[tokio::test]
async fn a_kiosk_link_needs_an_end_and_only_views() {
    let server = Server::start().await;
    server.user("root", Role::Admin).await;
    let session = server.sign_in("root").await;
    let principal = server.access.principal(&session).unwrap();
    let later = clock::now().plus(Duration::from_secs(60));
    let create = async |new| server.access.create_token(&principal, new).await;
    assert!(create(new_token(TokenKind::Kiosk, None)).await.is_err());
    let mut acting = new_token(TokenKind::Kiosk, Some(later));
    acting.grants = vec![Grant::new(Role::Operator, ScopePattern::Everything)];
    assert!(create(acting).await.is_err());
    let past = clock::now().minus(Duration::from_secs(1));
    assert!(create(new_token(TokenKind::Api, Some(past))).await.is_err());
    let link = create(new_token(TokenKind::Kiosk, Some(later)))
        .await
        .unwrap();
    let kiosk = server
        .access
        .sign_in_kiosk(&link.token.0, &address())
        .await
        .unwrap();
    let kiosk = Credential::Session(kiosk.secret.digest());
    let principal = server.access.principal(&kiosk).unwrap();
    assert_eq!(principal.kind, PrincipalKind::Kiosk);
    assert_eq!(
        principal.expires_at,
        Some(later),
        "the session ends with the link"
    );
    assert!(server.shutdown.finish().await);
}

#[tokio::test]
async fn a_user_keeps_the_newest_sessions_only() {
    let server = Server::start().await;
    let root = server.user("root", Role::Admin).await;
    let mut sessions = Vec::new();
    for _ in 0..52 {
        let owner = accounts::Owner::User(root.clone());
        let (session, stored) = server.access.new_session(&address(), None).unwrap();
        assert!(server.access.begin(owner, stored).await.unwrap());
        sessions.push(Credential::Session(session.secret.digest()));
    }
    let valid = sessions
        .iter()
        .filter(|session| server.kind(session).is_some());
    assert_eq!(valid.count(), 50);
    assert!(server.kind(sessions.last().unwrap()).is_some());
    assert!(server.shutdown.finish().await);
}

#[tokio::test]
async fn a_session_does_not_begin_after_a_change_that_ends_all_sessions_of_its_user() {
    let server = Server::start().await;
    server.user("root", Role::Admin).await;
    let ben = server.user("ben", Role::Viewer).await;
    let begin = async |password: Option<&str>| {
        let (_, mut stored) = server.access.new_session(&address(), None).unwrap();
        stored.password = password.map(str::to_owned);
        let owner = accounts::Owner::User(ben.clone());
        server.access.begin(owner, stored).await.unwrap()
    };
    assert!(begin(None).await);
    assert!(!begin(Some("the hash of another password")).await);
    let disable = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    server.access.change_user(&ben, disable).await.unwrap();
    assert!(!begin(None).await, "disabled");
    assert_eq!(server.access.user(&ben).unwrap().sessions, 0);
    server.access.remove_user(&ben).await.unwrap();
    assert!(!begin(None).await, "removed");
    assert!(server.shutdown.finish().await);
}

#[tokio::test]
async fn failed_sign_ins_fill_a_bounded_part_of_the_audit_log_which_says_how_many_are_left_out() {
    let server = Server::start().await;
    let actor = Actor {
        who: "nobody".to_owned(),
        from: None,
    };
    let mut written = 0;
    for _ in 0..200 {
        let outcome = (AuditOutcome::Refused, "x");
        let audit = server.access.audit();
        let recorded = audit.record_unauthenticated(&actor, "sign in", outcome);
        written += u32::from(recorded.await.unwrap());
    }
    assert_eq!(written, quota::PER_HOUR);
    let server = server.restart().await;
    let selection = Selection {
        limit: 1_000,
        ..Selection::default()
    };
    let entries = server.access.audit().read(selection).await.unwrap().entries;
    assert_eq!(entries.len(), quota::PER_HOUR as usize + 1);
    assert!(entries[0].detail.starts_with("80 more"), "{:?}", entries[0]);
    assert!(server.shutdown.finish().await);
}

#[tokio::test]
async fn users_of_the_proxy_are_stored_up_to_the_maximum_of_users_and_admitted_beyond_it() {
    let server = Server::start().await;
    let (full, now) = (users::MAX_USERS - 1, clock::now());
    let fill = server.access.change(move |to| {
        let names = (0..full).map(|n| format!("u{n}").parse().unwrap());
        for name in names {
            users::insert(to, &name, None, AuthMode::Oidc, now)?;
        }
        Ok(())
    });
    fill.await.unwrap();
    let names: [Name; 3] = ["ana", "ben", "eve"].map(|name| name.parse().unwrap());
    for name in &names {
        server.access.named_by_proxy(name);
    }
    server.access.store_proxy_users().await;
    let users = server.access.users().users;
    assert_eq!(users.len(), users::MAX_USERS);
    let ana = server.access.user(&names[0]).unwrap();
    assert_eq!(ana.source, AuthMode::Proxy);
    assert!(ana.seen.is_some());
    for name in &names {
        assert!(server.access.of_proxy(name, &Arc::default()).is_some());
    }
    assert!(server.shutdown.finish().await);
}

#[tokio::test]
async fn an_administrator_whose_way_to_sign_in_is_off_does_not_count() {
    let server = Server::start().await;
    let now = clock::now();
    let outside: Name = "ben".parse().unwrap();
    let name = outside.clone();
    let insert = server.access.change(move |to| {
        let grants = Grants::everything(Role::Admin);
        users::insert(to, &name, None, AuthMode::Oidc, now)?;
        users::grant(to, &name, grants.iter())
    });
    insert.await.unwrap();
    let link = server.folder.path().join(setup::FILE);
    assert!(link.exists(), "no user who can sign in is an administrator");

    let ana = server.user("ana", Role::Admin).await;
    assert!(!link.exists());
    let refused = server.access.remove_user(&ana).await;
    assert!(
        matches!(refused, Err(AccessError::Conflict(_))),
        "{refused:?}"
    );
    server.access.remove_user(&outside).await.unwrap();
    server.user("eve", Role::Admin).await;
    server.access.remove_user(&ana).await.unwrap();
    assert!(server.shutdown.finish().await);
}
