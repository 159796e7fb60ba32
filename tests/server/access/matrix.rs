//! Every route and every socket message for every kind of principal.
//!
//! The routes come from the OpenAPI document, which has every route. [`ROWS`] states what each needs; a route
//! without a row fails the test.

use crate::support::{
    accounts::{As, grants_of},
    app::TestApp,
    fake_engine::{FakeContainer, FakeEngine, id_of},
    socket::{Incoming, Socket},
};
use deckwatch::{
    model::Timestamp,
    protocol::{Channel, ChannelKind, ServerMessage},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Nothing: it answers, or says itself what is wrong.
    Nothing,
    /// Any signed-in principal.
    SignIn,
    /// See anything; its answer is limited to that.
    See,
    /// See everything.
    SeeEverything,
    /// See a container.
    SeeContainer,
    /// Read the log of a container.
    LogContainer,
    /// Act on a container.
    ActContainer,
    /// Reveal the values of a container.
    RevealContainer,
    /// Administer everything.
    Admin,
}

use Needs::{
    ActContainer, Admin, LogContainer, Nothing, RevealContainer, See, SeeContainer, SeeEverything,
    SignIn,
};

/// Every route.
const ROWS: [(&str, &str, Needs); 32] = [
    ("get", "/healthz", Nothing),
    ("get", "/readyz", Nothing),
    ("get", "/metrics", SeeEverything),
    ("get", "/ws/docker/stats", See),
    ("get", "/ws/docker/{id}/logs", LogContainer),
    ("get", "/api/ws", SeeEverything),
    ("get", "/api/snapshot", See),
    ("get", "/api/metrics", See),
    ("get", "/api/containers", See),
    ("get", "/api/containers/stream", See),
    ("get", "/api/containers/{id}", SeeContainer),
    ("get", "/api/containers/{id}/details", SeeContainer),
    ("get", "/api/containers/{id}/events", See),
    ("get", "/api/containers/{id}/top", SeeContainer),
    ("get", "/api/containers/{id}/stats", SeeContainer),
    ("get", "/api/containers/{id}/logs", LogContainer),
    ("post", "/api/containers/{id}/{action}", ActContainer),
    ("get", "/api/stats/sparklines", See),
    ("get", "/api/openapi.json", SignIn),
    ("post", "/api/setup", Nothing),
    ("post", "/api/sign-in", Nothing),
    ("post", "/api/sign-out", Nothing),
    ("post", "/api/kiosk", Nothing),
    ("get", "/api/me", SignIn),
    ("post", "/api/me/password", SignIn),
    ("get", "/api/users", Admin),
    ("post", "/api/users", Admin),
    ("patch", "/api/users/{name}", Admin),
    ("delete", "/api/users/{name}", Admin),
    ("get", "/api/tokens", SignIn),
    ("post", "/api/tokens", SignIn),
    ("delete", "/api/tokens/{id}", SignIn),
];
/// Routes that were added later.
const MORE_ROWS: [(&str, &str, Needs); 5] = [
    ("post", "/api/containers/{id}/reveal", RevealContainer),
    ("get", "/api/audit", Admin),
    ("get", "/api/system", Admin),
    ("get", "/auth/oidc/start", Nothing),
    ("get", "/auth/oidc/callback", Nothing),
];

/// A kind of principal, and what it may do with the container `shop-web`.
struct Principal {
    name: &'static str,
    who: As,
    is_signed_in: bool,
    sees: bool,
    acts: bool,
    is_admin: bool,
    sees_everything: bool,
}

impl Principal {
    fn status(&self, needs: Needs) -> u16 {
        match needs {
            Nothing => 200,
            _ if !self.is_signed_in => 401,
            SignIn | See => 200,
            SeeEverything if self.sees_everything => 200,
            SeeContainer | LogContainer if self.sees => 200,
            SeeContainer | LogContainer => 404,
            ActContainer if self.acts => 200,
            ActContainer if !self.sees => 404,
            ActContainer | SeeEverything => 403,
            // In this test administrators alone have the right, in every scope.
            Admin | RevealContainer if self.is_admin => 200,
            Admin | RevealContainer => 403,
        }
    }
}

async fn principals(app: &TestApp, root: &As) -> Vec<Principal> {
    let viewer = app.user(root, "viewer", &["viewer project:shop"]).await;
    let elsewhere = app.user(root, "elsewhere", &["viewer name:other*"]).await;
    let operator = app.user(root, "operator", &["operator project:shop"]).await;
    let disabled = app.user(root, "disabled", &["admin *"]).await;
    app.change_user(root, "disabled", json!({"disabled": true}))
        .await;
    let soon = now_ms() + 1_500;
    let (_, expired) = app
        .token(root, &["viewer *"], json!({"expiresAt": soon}))
        .await;
    let extra = json!({"kind": "kiosk", "expiresAt": now_ms() + 3_600_000});
    let (_, link) = app.token(root, &["viewer project:shop"], extra).await;
    let As::Token(link) = link else {
        unreachable!()
    };
    let answer = app
        .post_as(&As::Nobody, "/api/kiosk", json!({"token": link}))
        .await;
    let kiosk = crate::support::accounts::cookie(&answer);
    crate::support::eventually("the token has expired", async || {
        app.get_as(&expired, "/api/me").await.status() == 401
    })
    .await;
    let of = |name, who, [is_signed_in, sees, acts, is_admin]: [bool; 4]| Principal {
        name,
        who,
        is_signed_in,
        sees,
        acts,
        is_admin,
        sees_everything: is_admin,
    };
    vec![
        of("nobody", As::Nobody, [false; 4]),
        of("viewer", viewer, [true, true, false, false]),
        of("viewer elsewhere", elsewhere, [true, false, false, false]),
        of("operator", operator, [true, true, true, false]),
        of("admin", root.clone(), [true; 4]),
        of("disabled", disabled, [false; 4]),
        of("expired token", expired, [false; 4]),
        of("kiosk", kiosk, [true, true, false, false]),
    ]
}

fn now_ms() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_millis(since.as_millis() as i64).as_millis()
}

fn engine() -> FakeEngine {
    let project = "com.docker.compose.project";
    FakeEngine::start()
        .with(FakeContainer::running("shop-web").label(project, "shop"))
        .with(FakeContainer::running("other-db"))
}

/// A request to `path` for the container `shop-web`, complete but harmless.
fn request(path: &str, container: &str) -> String {
    let path = path
        .replace("/containers/{id}", &format!("/containers/{container}"))
        .replace("/docker/{id}", &format!("/docker/{container}"))
        .replace("{id}", "nonesuch")
        .replace("{name}", "nonesuch")
        .replace("{action}", "restart");
    match path.as_str() {
        "/api/stats/sparklines" => format!("{path}?ids={container}"),
        _ => path,
    }
}

#[tokio::test]
async fn every_route_gives_each_principal_what_its_rights_say() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let rows: BTreeMap<_, _> = ROWS
        .into_iter()
        .chain(MORE_ROWS)
        .map(|(method, path, needs)| ((method.to_owned(), path.to_owned()), needs))
        .collect();
    let document: Value = app
        .get_as(&root, "/api/openapi.json")
        .await
        .json()
        .await
        .unwrap();
    let paths = document["paths"].as_object().unwrap();
    let routes: Vec<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| (method.clone(), path.clone()))
        })
        .collect();
    for route in &routes {
        assert!(rows.contains_key(route), "{route:?} has no row");
    }
    assert_eq!(routes.len(), rows.len(), "a row has no route");
    let container = id_of("shop-web");
    for principal in principals(&app, &root).await {
        for ((method, path), needs) in &rows {
            let expected = principal.status(*needs);
            let method: Method = method.to_uppercase().parse().unwrap();
            let status = answered(&app, &principal.who, &method, &request(path, &container)).await;
            let name = principal.name;
            match expected {
                // Whether the request itself makes sense is not decided here.
                200 => assert!(
                    ![401, 500].contains(&status) && (*needs == Nothing || status != 403),
                    "{name}: {method} {path}: {status}"
                ),
                _ => assert_eq!(status, expected, "{name}: {method} {path}"),
            }
        }
    }
    app.end().await;
}

async fn answered(app: &TestApp, who: &As, method: &Method, path: &str) -> u16 {
    // Signing out, or changing the administrator's password, would end the test.
    let is_end = ["/api/sign-out", "/api/me/password", "/api/sign-in"].contains(&path);
    let body = (*method != Method::GET && *method != Method::DELETE).then(|| match is_end {
        true => json!("not a body"),
        false => json!({}),
    });
    if path.starts_with("/ws/") {
        return match app.socket_as(who, path).await {
            Ok(_) => 200,
            Err((status, _)) => status,
        };
    }
    let answer = app.request(who, method.clone(), path, body).await;
    answer.status().as_u16()
}

#[tokio::test]
async fn what_is_out_of_scope_looks_exactly_like_what_does_not_exist() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let elsewhere = app
        .user(&root, "elsewhere", &["operator name:other*"])
        .await;
    let (hidden, missing) = (id_of("shop-web"), id_of("no-such-container"));
    for (method, path, needs) in ROWS.into_iter().chain(MORE_ROWS) {
        let is_of_container = matches!(
            needs,
            SeeContainer | LogContainer | ActContainer | RevealContainer
        );
        if !is_of_container && !path.contains("events") {
            continue;
        }
        if path.starts_with("/ws/") {
            continue;
        }
        let answer = |id: &str| {
            let path = request(path, id);
            let method: Method = method.to_uppercase().parse().unwrap();
            let (app, elsewhere) = (&app, &elsewhere);
            async move {
                let body = (method == Method::POST).then(|| json!({}));
                let answer = app.request(elsewhere, method, &path, body).await;
                let status = answer.status();
                let mut headers = answer.headers().clone();
                // They differ between any two answers.
                headers.remove("date");
                headers.remove("content-security-policy");
                (status, headers, answer.bytes().await.unwrap())
            }
        };
        assert_eq!(
            answer(&hidden).await,
            answer(&missing).await,
            "{method} {path}"
        );
    }
    app.end().await;
}

/// Everything that the socket sends within a moment, as text.
async fn heard(socket: &mut Socket) -> String {
    let mut text = String::new();
    while let Ok(Incoming::Text(message)) =
        tokio::time::timeout(Duration::from_millis(400), socket.receive()).await
    {
        text.push_str(&message);
        text.push('\n');
    }
    text
}

#[tokio::test]
async fn every_socket_message_is_limited_to_what_its_principal_may_do() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let (shop, other) = (id_of("shop-web"), id_of("other-db"));
    for principal in principals(&app, &root).await {
        let name = principal.name;
        if !principal.is_signed_in {
            let refused = app.socket_as(&principal.who, "/api/ws").await;
            assert_eq!(refused.unwrap_err().0, 401, "{name}");
            continue;
        }
        let mut socket = app.socket_as(&principal.who, "/api/ws").await.unwrap();
        for channel in Channel::ALL {
            // A new channel must be considered here.
            assert!(matches!(
                channel.kind,
                ChannelKind::Metrics
                    | ChannelKind::Containers
                    | ChannelKind::Stats
                    | ChannelKind::Events
                    | ChannelKind::Sources
            ));
            let subscribe = json!({"type": "subscribe", "channel": channel.to_string()});
            socket.send_text(&subscribe.to_string()).await;
        }
        let text = heard(&mut socket).await;
        assert_eq!(text.contains(&shop), principal.sees, "{name}: {text}");
        let sees_other = principal.sees_everything || name == "viewer elsewhere";
        assert_eq!(text.contains(&other), sees_other, "{name}: {text}");
        let subscribe = json!({"type": "subscribe", "channel": format!("logs:{shop}")});
        socket.send_text(&subscribe.to_string()).await;
        let text = heard(&mut socket).await;
        assert_eq!(
            text.contains("not_found"),
            !principal.sees,
            "{name}: {text}"
        );
        let act = json!({
            "type": "container-action", "requestId": name.replace(' ', "-"),
            "containerId": shop, "action": "restart",
        });
        socket.send_text(&act.to_string()).await;
        let ack = socket.find(|message| match message {
            ServerMessage::ContainerAck(ack) => Some(ack),
            _ => None,
        });
        let ack = ack.await;
        let code = ack.error.map(|error| error.code.as_str());
        let expected = match (principal.sees, principal.acts) {
            (_, true) => None,
            (true, false) => Some("forbidden"),
            (false, false) => Some("not_found"),
        };
        assert_eq!(code, expected, "{name}");
    }
    app.end().await;
}

#[tokio::test]
async fn nobody_grants_more_than_they_have() {
    let (app, root) = TestApp::start_with_passwords(engine()).await;
    let operator = app
        .user(&root, "operator", &["operator project:shop"])
        .await;
    for grants in [
        ["admin project:shop"],
        ["viewer *"],
        ["operator project:other"],
    ] {
        let body = json!({"name": "t", "grants": grants_of(&grants)});
        let answer = app.post_as(&operator, "/api/tokens", body).await;
        assert_eq!(answer.status(), 403, "{grants:?}");
    }
    let (_, token) = app
        .token(&operator, &["viewer project:shop"], json!({}))
        .await;
    assert_eq!(app.get_as(&token, "/api/me").await.status(), 200);
    let body = json!({"name": "t", "grants": grants_of(&["viewer project:shop"])});
    let answer = app.post_as(&token, "/api/tokens", body).await;
    assert_eq!(answer.status(), 403, "a token creates no tokens");
    app.change_user(
        &root,
        "operator",
        json!({"grants": grants_of(&["viewer host:local"])}),
    )
    .await;
    assert_eq!(
        app.get_as(&token, "/api/me").await.status(),
        401,
        "its creator lost the right"
    );
    for change in [
        json!({"disabled": true}),
        json!({"grants": grants_of(&["viewer *"])}),
    ] {
        let answer = app
            .request(&root, Method::PATCH, "/api/users/root", Some(change))
            .await;
        assert_eq!(answer.status(), 409, "the only administrator stays one");
    }
    app.end().await;
}
