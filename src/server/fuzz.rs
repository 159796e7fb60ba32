//! Fuzzing of requests: their queries, which every handler parses in the same way, and whole requests to a
//! server with synthetic containers.

use super::{
    Config, Running, api,
    query::Query,
    source::docker::Address,
    start,
    transport::{self, poll},
};
use crate::{
    client::logs::LogView,
    fuzz::{Choices, fuzz},
    model::{ContainerQuery, Page, percent_encoded},
};
use axum::{
    body::Bytes,
    extract::FromRequestParts,
    http::{Method, Request, StatusCode, header, request::Parts, response},
};
use futures::FutureExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::{cell::RefCell, collections::HashMap, net::Ipv4Addr, time::Duration};
use tokio::{net::TcpStream, runtime::Runtime, time::timeout};

/// Names of parameters.
const NAMES: [&str; 24] = [
    "host",
    "range",
    "channels",
    "seq",
    "epoch",
    "ids",
    "tail",
    "since",
    "until",
    "after",
    "format",
    "stdout",
    "stderr",
    "timestamps",
    "download",
    "q",
    "sort",
    "state",
    "group",
    "project",
    "c",
    "level",
    "tab",
    "stopped",
];
/// Values of parameters.
const VALUES: [&str; 26] = [
    "local",
    "demo",
    "5m",
    "0s",
    "600001ms",
    "metrics,stats",
    "metrics:7,containers:41",
    "1",
    "-1",
    "all",
    "5000",
    "18446744073709551616",
    "2026-01-02T03:04:05Z",
    "0000-01-01T00:00:00+23:59",
    "1763687885042678901o1",
    "9223372036854775807",
    "-9223372036854775808",
    "ndjson",
    "text",
    "true",
    "-cpu",
    "logs",
    "hide",
    "0123456789ab",
    "demo/0123456789ab",
    "\"><xss a='",
];
/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// The opening tag in [`VALUES`], which no page may repeat as it is.
const TAG: &str = "<xss";

/// Percent-encodes what may not be part of a URL, and nothing else, so that any escapes reach the server.
fn for_url(text: &str) -> String {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte);
    let bytes = text.bytes().map(|byte| match byte {
        byte if is_allowed(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    bytes.collect()
}

fn query(choices: &mut Choices<'_>) -> String {
    let pairs = choices.list(5, |choices| {
        let name = match choices.below(8) {
            0 => for_url(&choices.text()),
            _ => choices.pick(&NAMES).to_owned(),
        };
        let value = match choices.below(4) {
            0 => for_url(&choices.text()),
            _ => percent_encoded(choices.pick(&VALUES)),
        };
        format!("{name}={value}")
    });
    pairs.join(choices.pick(&["&", "&", "&&", ";"]))
}

/// Parses the query of `uri` as a handler with a `Query<T>` does.
fn parse<T: DeserializeOwned>(uri: &str) {
    let request = Request::get(uri).body(()).unwrap();
    let (mut parts, ()): (Parts, ()) = request.into_parts();
    let parsed = Query::<T>::from_request_parts(&mut parts, &()).now_or_never();
    if let Err(refusal) = parsed.unwrap() {
        assert_eq!(refusal.status(), StatusCode::BAD_REQUEST);
    }
}

/// The parameters in `query`, as the server and the browser read them.
fn pairs(query: &str) -> Vec<(String, String)> {
    let uri = format!("/?{query}").parse().unwrap();
    let pairs = axum::extract::Query::try_from_uri(&uri);
    pairs
        .map(|axum::extract::Query(pairs)| pairs)
        .unwrap_or_default()
}

/// Checks that the part of a page that is in its URL is the same after it was written to a URL.
fn check_page_queries(query: &str) {
    let parameters = pairs(query);
    let of = |parameters: &[(String, String)]| {
        let first: HashMap<_, _> = parameters.iter().rev().cloned().collect();
        move |name: &str| first.get(name).cloned()
    };
    let list = ContainerQuery::from_url(of(&parameters));
    let href = list.href();
    let written = href.split_once('?').map_or("", |(_, query)| query);
    assert_eq!(ContainerQuery::from_url(of(&pairs(written))), list);
    let containers = |pairs: &[(String, String)]| -> Vec<String> {
        let all = pairs.iter().filter(|(name, _)| name == "c");
        all.map(|(_, value)| value.clone()).collect()
    };
    let view = LogView::from_url(of(&parameters), &containers(&parameters));
    let written = pairs(&view.to_url());
    // An empty search is not written.
    assert_eq!(LogView::from_url(of(&written), &containers(&written)), view);
}

#[test]
fn query_strings() {
    let seeds: [&[u8]; 5] = [
        b"\0host=nas&range=5m&channels=metrics,stats&seq=metrics:7&epoch=e&ids=0123456789ab",
        b"\0tail=all&since=2026-01-02T03%3A04%3A05Z&until=1763687885&format=ndjson&stdout=0&download=1",
        b"\0q=a%20b+c&sort=-cpu&state=running&health=healthy&group=project&stopped=hide&project=%EA%B0%80",
        b"\0c=0123456789ab&c=demo/0123456789ab&level=warn&stream=stderr&regex=1&tail=500&since=5m",
        b"\0=&&=%&%zz=%e2%82&a=b=c;d",
    ];
    fuzz("query_strings", &seeds, |choices| {
        let query = match choices.flag() {
            true => query(choices),
            false => for_url(&choices.rest_as_text()),
        };
        let uri = format!("/x?{query}");
        parse::<poll::SnapshotQuery>(&uri);
        parse::<api::HostQuery>(&uri);
        parse::<api::state::MetricsQuery>(&uri);
        parse::<api::stats::HistoryQuery>(&uri);
        parse::<api::stats::SparklinesQuery>(&uri);
        parse::<api::logs::LogsQuery>(&uri);
        parse::<transport::logs::LogsQuery>(&uri);
        check_page_queries(&query);
        let path = format!("/{}", query.replace(['&', '='], "/"));
        let parameters = pairs(&query);
        let get = |name: &str| {
            parameters
                .iter()
                .find(|pair| pair.0 == name)
                .map(|pair| pair.1.clone())
        };
        if let Some(page) = Page::parse(&path, get) {
            let href = page.href();
            let (path, query) = href.split_once('?').unwrap_or((&href, ""));
            let written = pairs(query);
            let get = |name: &str| {
                written
                    .iter()
                    .find(|pair| pair.0 == name)
                    .map(|pair| pair.1.clone())
            };
            assert_eq!(Page::parse(path, get), Some(page));
        }
    });
}

/// A server with synthetic containers, and a connection to it.
struct Server {
    runtime: Runtime,
    running: Running,
    ids: Vec<String>,
    connection: RefCell<Option<SendRequest<axum::body::Body>>>,
}

impl Server {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let mut config = Config {
            site_addr: (Ipv4Addr::LOCALHOST, 0).into(),
            demo: 24,
            ..Config::default()
        };
        config.docker.host = Some(Address::Unix("/nonexistent/docker.sock".into()));
        let (running, ids) = runtime.block_on(async {
            let running = start(config).await.unwrap();
            let viewer = running.viewer();
            let ids = || {
                viewer.read(|dashboard| {
                    let all = dashboard.containers();
                    all.map(|(_, container)| container.id.to_string())
                        .collect::<Vec<_>>()
                })
            };
            while ids().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let ids = ids();
            (running, ids)
        });
        Self {
            runtime,
            running,
            ids,
            connection: RefCell::default(),
        }
    }

    /// Sends a request, on the last connection if it is still open.
    fn answer(&self, request: Request<axum::body::Body>) -> (response::Parts, Bytes) {
        self.runtime.block_on(async {
            let mut connection = self.connection.take();
            if let Some(open) = &mut connection
                && open.ready().await.is_err()
            {
                connection = None;
            }
            let mut connection = match connection {
                Some(open) => open,
                None => self.connect().await,
            };
            let sent = timeout(ANSWER, connection.send_request(request)).await;
            let (parts, body) = sent.unwrap().unwrap().into_parts();
            let is_endless = parts.headers.get(header::CONTENT_TYPE)
                == Some(&header::HeaderValue::from_static("text/event-stream"));
            if is_endless || parts.status == StatusCode::SWITCHING_PROTOCOLS {
                return (parts, Bytes::new());
            }
            let body = axum::body::to_bytes(axum::body::Body::new(body), usize::MAX);
            let body = timeout(ANSWER, body).await.unwrap().unwrap();
            self.connection.replace(Some(connection));
            (parts, body)
        })
    }

    async fn connect(&self) -> SendRequest<axum::body::Body> {
        let stream = TcpStream::connect(self.running.addr).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        self.runtime.spawn(connection.with_upgrades());
        sender
    }
}

fn path(choices: &mut Choices<'_>, ids: &[String]) -> String {
    let id = match choices.below(6) {
        0 => for_url(&choices.text()),
        1 => ids[choices.below(ids.len())][..12 + choices.below(20)].to_owned(),
        _ => ids[choices.below(ids.len())].clone(),
    };
    let action = choices.pick(&[
        "start", "stop", "pause", "unpause", "kill", "rename", "exec",
    ]);
    match choices.below(22) {
        0 => "/".to_owned(),
        1 => "/containers".to_owned(),
        2 => format!("/containers/{id}"),
        3 => "/logs".to_owned(),
        4 => "/realtime-test".to_owned(),
        5 => "/api/ws".to_owned(),
        6 => "/ws/docker/stats".to_owned(),
        7 => format!("/ws/docker/{id}/logs"),
        8 => "/api/snapshot".to_owned(),
        9 => "/api/metrics".to_owned(),
        10 => "/api/containers".to_owned(),
        11 => "/api/stats/sparklines".to_owned(),
        12 => format!("/api/containers/{id}/stats"),
        13 => format!("/api/containers/{id}/events"),
        14 => format!("/api/containers/{id}/details"),
        15 => format!("/api/containers/{id}/top"),
        16 => format!("/api/containers/{id}/logs"),
        17 => format!("/api/containers/{id}"),
        18 => format!("/api/containers/{id}/{action}"),
        19 => choices
            .pick(&["/healthz", "/readyz", "/metrics", "/api/openapi.json"])
            .to_owned(),
        20 => "/api/containers/stream".to_owned(),
        _ => format!("/{}", for_url(&choices.text())),
    }
}

fn request(choices: &mut Choices<'_>, ids: &[String]) -> Option<Request<axum::body::Body>> {
    let method = choices.pick(&[
        "GET", "GET", "GET", "GET", "POST", "HEAD", "PUT", "OPTIONS", "X",
    ]);
    let uri = format!("{}?{}", path(choices, ids), query(choices));
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(uri);
    let host = choices.pick(&[
        "localhost",
        "localhost",
        "localhost",
        "[::1]:3000",
        "evil.example",
        "a:b:c",
    ]);
    request = request.header(header::HOST, host);
    for _ in 0..choices.below(4) {
        let (name, values): (_, &[&str]) = choices.pick(&[
            (
                "accept",
                &["application/vnd.deckwatch.v1", "text/html", "*/*, a/b;q=0"][..],
            ),
            (
                "accept-language",
                &["ko", "en-US,ko;q=0.8", "\"><xss a='", ",;q=9"],
            ),
            (
                "cookie",
                &["theme=dark; language=ko", "theme=\"><xss a='", "=;;="],
            ),
            (
                "origin",
                &["http://localhost", "null", "https://evil.example", "x"],
            ),
            ("sec-fetch-site", &["same-origin", "cross-site", "none"]),
            ("if-none-match", &["*", "\"a\", W/\"b\"", "\""]),
            (
                "content-type",
                &[
                    "application/json",
                    "application/vnd.deckwatch.v1",
                    "text/plain",
                ],
            ),
            ("idempotency-key", &["a", "", "\"><xss a='"]),
            ("last-event-id", &["1", "e:1", "-"]),
            ("upgrade", &["websocket", "h2c"]),
            ("connection", &["upgrade", "close", "keep-alive, Upgrade"]),
            ("sec-websocket-version", &["13", "8"]),
            ("sec-websocket-key", &["dGhlIHNhbXBsZSBub25jZQ==", "x"]),
            (
                "sec-websocket-protocol",
                &["deckwatch.v1.json", "deckwatch.v9", "a, b"],
            ),
        ]);
        request = request.header(name, choices.pick(values));
    }
    let body = match (method, choices.below(3)) {
        ("POST" | "PUT", 0) => {
            br#"{"graceSeconds":1,"signal":"SIGHUP","force":true,"name":"x1"}"#.to_vec()
        }
        ("POST" | "PUT", 1) => choices.bytes().to_vec(),
        _ => Vec::new(),
    };
    request.body(body.into()).ok()
}

/// Whether `path` is part of the HTTP interface rather than a page.
fn is_interface(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/ws/")
}

#[test]
fn requests() {
    let server = Server::start();
    fuzz("requests", &[], |choices| {
        let Some(request) = request(choices, &server.ids) else {
            return;
        };
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let (answer, body) = server.answer(request);
        let status = answer.status;
        let what = format!("{method} {uri}: {status}");
        let is_error = status.is_client_error() || status.is_server_error();
        let is_temporary = matches!(
            status,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
        );
        assert!(!status.is_server_error() || is_temporary, "{what}");
        let of = |name| {
            answer
                .headers
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
        };
        assert_eq!(of(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{what}");
        assert!(
            of(header::CONTENT_SECURITY_POLICY).contains("default-src 'self'"),
            "{what}"
        );
        let media_type = of(header::CONTENT_TYPE);
        if method != Method::HEAD && media_type.ends_with("json") && !media_type.contains("ndjson")
        {
            let body: serde_json::Value = serde_json::from_slice(&body).expect(&what);
            assert!(
                !is_error || body["status"] == status.as_u16(),
                "{what}: {body}"
            );
        }
        if media_type.starts_with("text/html") {
            let page = String::from_utf8(body.to_vec()).expect(&what);
            assert!(!page.contains(TAG), "{what}");
        } else if is_error && method != Method::HEAD && is_interface(uri.path()) {
            assert_eq!(media_type, "application/problem+json", "{what}");
        }
    });
    let Server {
        runtime, running, ..
    } = server;
    assert!(runtime.block_on(running.shutdown()));
}
