//! The fake engine's HTTP API.

use super::{FakeContainer, logs::LogQuery, world::Shared};
use crate::support::fake_server::{FakeServer, Faults, Mood};
use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use deckwatch::model::Timestamp;
use futures::{Stream, StreamExt, stream};
use hyper::{Request, StatusCode, body::Incoming, header::HeaderValue};
use serde_json::{Value, json};
use std::{collections::HashMap, convert::Infallible, sync::Arc};
use tokio_stream::wrappers::BroadcastStream;

/// HAProxy's response when a rule denies a request.
const FORBIDDEN: &str = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative \
                         rules.\n</body></html>\n";

type Query = HashMap<String, String>;

impl FakeServer for Shared {
    fn faults(&self) -> &Faults {
        &self.faults
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response {
        let mut answer = answer(self, request).await;
        let version = HeaderValue::from_static("1.47");
        answer.headers_mut().insert("api-version", version);
        answer
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Response {
    let method = request.method().as_str().to_owned();
    let uri = request.uri().to_string();
    let path = match uri
        .strip_prefix("/v1.")
        .and_then(|rest| rest.split_once('/'))
    {
        Some((_, path)) => format!("/{path}"),
        None => uri,
    };
    shared.world().requests.push(format!("{method} {path}"));
    match shared.faults.mood() {
        Mood::Hanging => shared.faults.while_hanging().await,
        Mood::Failing(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            let words = shared.world().words.clone();
            return failure(status, words.as_deref().unwrap_or("something went wrong"));
        }
        Mood::Well | Mood::Garbage | Mood::HalfJson => {}
    }
    let (bare, query) = path.split_once('?').unwrap_or((&path, ""));
    let parts: Vec<&str> = bare.split('/').skip(1).collect();
    if is_forbidden(&shared, &method, &parts) {
        let html = [("content-type", "text/html")];
        return (StatusCode::FORBIDDEN, html, FORBIDDEN).into_response();
    }
    let query = parse(query);
    let truth = route(&shared, &method, &parts, &query);
    shared
        .faults
        .apply(&format!("{method} {path}"), truth)
        .await
}

fn is_forbidden(shared: &Shared, method: &str, parts: &[&str]) -> bool {
    let path = match parts {
        ["containers", "json"] => "containers/json".to_owned(),
        ["containers", _, rest @ ..] => [&["containers", "{id}"][..], rest].concat().join("/"),
        parts => parts.join("/"),
    };
    let call = format!("{method} /{path}");
    let world = shared.world();
    let mut forbidden = world.forbidden.iter();
    forbidden.any(|prefix| call.starts_with(prefix.as_str()))
}

async fn route(shared: &Arc<Shared>, method: &str, parts: &[&str], query: &Query) -> Response {
    match (method, parts) {
        ("GET" | "HEAD", ["_ping"]) => ok("OK"),
        ("GET", ["version"]) => json_body(json!({
            "Version": "27.3.1", "ApiVersion": "1.47", "MinAPIVersion": "1.24",
            "Os": "linux", "Arch": "amd64", "KernelVersion": "6.1.0", "GoVersion": "go1.22",
        })),
        ("GET", ["info"]) => json_body(json!({
            "ID": "fake", "Name": "fake", "ServerVersion": "27.3.1", "CgroupVersion": "2",
            "CgroupDriver": "systemd", "NCPU": 2, "MemTotal": 8_u64 << 30,
            "OperatingSystem": "Fake Linux",
        })),
        ("GET", ["events"]) => events(shared, query),
        ("GET", ["containers", "json"]) => list(shared, query),
        (_, ["containers", id, rest @ ..]) => {
            let found = shared.world().containers.iter().find(|c| c.is(id)).cloned();
            match found {
                Some(container) => of_container(shared, method, &container, rest, query).await,
                None => no_such(id),
            }
        }
        _ => failure(StatusCode::NOT_FOUND, "page not found"),
    }
}

async fn of_container(
    shared: &Arc<Shared>,
    method: &str,
    container: &FakeContainer,
    rest: &[&str],
    query: &Query,
) -> Response {
    match (method, rest) {
        ("GET", ["json"]) => json_body(container.inspection()),
        ("GET", ["stats"]) => ok(container.stats()),
        ("GET", ["logs"]) => logs(shared, container, query),
        ("GET", ["top"]) => json_body(json!({
            "Titles": ["PID", "USER", "COMMAND"],
            "Processes": [["1", "root", container.command.join(" ")]],
        })),
        ("POST" | "DELETE", rest) => {
            let mut held = shared.held.subscribe();
            let _ = held.wait_for(|held| !held).await;
            let refusal = shared.world().action_refusal.clone();
            if let Some(words) = refusal {
                return failure(StatusCode::INTERNAL_SERVER_ERROR, &words);
            }
            act(shared, &container.id, rest.first().copied(), query)
        }
        _ => failure(StatusCode::NOT_FOUND, "page not found"),
    }
}

fn act(shared: &Shared, id: &str, action: Option<&str>, query: &Query) -> Response {
    let found = shared.world().containers.iter().find(|c| c.is(id)).cloned();
    let Some(container) = found else {
        return no_such(id);
    };
    let set_state = |state: &str| {
        let changed = shared.change(id, |c| c.state = state.to_owned());
        shared.emit_for(&changed.unwrap(), action.unwrap(), &[]);
    };
    match (action, container.state.as_str()) {
        (Some("start"), "running") | (Some("stop"), "exited" | "created") => {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        (Some("start"), _) => drop(shared.start(id)),
        (Some("stop"), _) => {
            let stopped = shared.stop(id, "15", 0).unwrap();
            shared.emit_for(&stopped, "stop", &[]);
        }
        (Some("restart"), _) => {
            shared.stop(id, "15", 0);
            let started = shared.start(id).unwrap();
            shared.emit_for(&started, "restart", &[]);
        }
        (Some("kill"), "running") => drop(shared.stop(id, "9", 137)),
        (Some("pause"), "running") => set_state("paused"),
        (Some("unpause"), "paused") => set_state("running"),
        (Some("rename"), _) => {
            let old = format!("/{}", container.name);
            let name = query.get("name").cloned().unwrap_or_default();
            let renamed = shared.change(id, |c| c.name = name).unwrap();
            shared.emit_for(&renamed, "rename", &[("oldName", &old)]);
        }
        (None, state) => {
            if state == "running" {
                if query.get("force").is_none_or(|force| force != "true") {
                    return failure(StatusCode::CONFLICT, "cannot remove a running container");
                }
                shared.stop(id, "9", 137);
            }
            shared.remove(id);
        }
        _ => return failure(StatusCode::CONFLICT, "the container's state forbids it"),
    }
    StatusCode::NO_CONTENT.into_response()
}

fn list(shared: &Shared, query: &Query) -> Response {
    let filters = query.get("filters").map(String::as_str).unwrap_or("{}");
    let filters: Value = serde_json::from_str(filters).unwrap();
    let ids = filters["id"].as_array().cloned();
    let is_requested = |c: &&FakeContainer| {
        let is = |id: &Value| c.id.starts_with(id.as_str().unwrap());
        ids.as_ref().is_none_or(|ids| ids.iter().any(is))
    };
    let all = query.get("all").is_some_and(|all| all == "true");
    let world = shared.world();
    let listed = world.containers.iter().filter(is_requested);
    let listed = listed.filter(|c| all || c.is_up());
    json_body(listed.map(FakeContainer::summary).collect())
}

fn events(shared: &Arc<Shared>, query: &Query) -> Response {
    let reported = shared.events.subscribe();
    let world = shared.world();
    let cut = world.cut.clone();
    let past: Vec<_> = match time(query, "since") {
        Some(since) => world
            .history
            .iter()
            .filter(|t| t.at >= since)
            .cloned()
            .collect(),
        None => Vec::new(),
    };
    drop(world);
    let new = BroadcastStream::new(reported).filter_map(async |reported| reported.ok());
    let shared = Arc::clone(shared);
    let new = new.then(move |reported| {
        let hanging = shared.faults.while_hanging();
        async move {
            hanging.await;
            reported
        }
    });
    let bodies = stream::iter(past).chain(new).map(|reported| reported.body);
    streamed(bodies.take_until(cut.cancelled_owned()))
}

fn logs(shared: &Arc<Shared>, container: &FakeContainer, query: &Query) -> Response {
    if let Some((status, message)) = &container.log_failure {
        return failure(StatusCode::from_u16(*status).unwrap(), message);
    }
    let is = |key: &str| {
        query
            .get(key)
            .is_some_and(|value| value == "true" || value == "1")
    };
    let query = LogQuery {
        stdout: is("stdout"),
        stderr: is("stderr"),
        stamped: is("timestamps"),
        follow: is("follow"),
        since: time(query, "since"),
        until: time(query, "until"),
        tail: query.get("tail").and_then(|tail| tail.parse().ok()),
    };
    super::logs::logs(shared, container, query)
}

/// The response of a stream, in chunks as they become available.
fn streamed(body: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    Body::from_stream(body.map(Ok::<_, Infallible>)).into_response()
}

fn ok(body: impl Into<Body>) -> Response {
    ([("content-type", "application/json")], body.into()).into_response()
}

fn json_body(body: Value) -> Response {
    ok(body.to_string())
}

fn failure(status: StatusCode, message: &str) -> Response {
    (status, ok(json!({ "message": message }).to_string())).into_response()
}

fn no_such(id: &str) -> Response {
    failure(StatusCode::NOT_FOUND, &format!("No such container: {id}"))
}

fn parse(query: &str) -> Query {
    let url = reqwest::Url::parse(&format!("http://engine/?{query}")).unwrap();
    url.query_pairs().into_owned().collect()
}

/// A time as Docker accepts it: seconds, with nanoseconds after a point, or RFC 3339.
fn time(query: &Query, key: &str) -> Option<Timestamp> {
    let text = query
        .get(key)
        .filter(|text| !text.is_empty() && *text != "0")?;
    let seconds = text.parse().map(|seconds: f64| seconds * 1_000.0);
    let ms = seconds.map(|ms| Timestamp::from_millis(ms as i64));
    ms.ok().or_else(|| text.parse().ok())
}
