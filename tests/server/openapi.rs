//! The OpenAPI document is complete, and the server's responses match it.

use crate::support::{
    app::{Settings, TestApp},
    eventually,
    fake_engine::{FakeContainer, FakeEngine, id_of},
};
use boon::{Compiler, Draft, Schemas};
use reqwest::{Method, StatusCode, redirect::Policy};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, path::Path};

/// Methods that a route must accept or refuse.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

async fn document(app: &TestApp) -> Value {
    app.get("/api/openapi.json").await.json().await.unwrap()
}

/// The documented operations: path, method and description.
fn operations(document: &Value) -> Vec<(&String, Method, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| {
            let method = method.to_uppercase().parse().unwrap();
            (path, method, operation)
        })
    });
    all.collect()
}

/// The documented properties of a response.
struct Answer {
    status: StatusCode,
    /// The media type without parameters.
    media_type: String,
    response: reqwest::Response,
}

/// Requests `path` with `method`.
async fn ask(app: &TestApp, method: Method, path: &str) -> Answer {
    let client = reqwest::Client::builder().redirect(Policy::none());
    let client = client.build().unwrap();
    let request = client.request(method.clone(), app.url(path));
    let request = match method {
        Method::POST => request.json(&json!({})),
        _ => request,
    };
    let response = request.send().await.unwrap();
    let media_type = response.headers().get("content-type");
    let media_type = media_type.map_or("", |value| value.to_str().unwrap());
    Answer {
        status: response.status(),
        media_type: media_type.split(';').next().unwrap().to_owned(),
        response,
    }
}

/// A container with at least one element in every list of its description.
fn rich_container() -> FakeContainer {
    FakeContainer::running("web-1")
        .env("DB_PASSWORD=hunter2")
        .label("com.docker.compose.project", "shop")
        .lines(3)
}

/// Waits until stats and metrics are sampled, so that no response is empty.
async fn wait_for_figures(app: &TestApp) {
    eventually("stats and metrics are sampled", async || {
        let stats = format!("/api/containers/{}/stats", id_of("web-1"));
        let stats: Value = app.get(&stats).await.json().await.unwrap();
        let metrics: Value = app.get("/api/metrics?range=5m").await.json().await.unwrap();
        // Stats are sampled at the idle interval unless a client requests them.
        let known = app.snapshot("stats,metrics").await.messages;
        let has_samples = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
        known.len() >= 3 && has_samples(&stats["timestamps"]) && has_samples(&metrics["samples"])
    })
    .await;
}

/// Fills the parameters of `path` with a container's id.
fn filled(path: &str) -> String {
    let id = id_of("web-1");
    let query = match path {
        "/api/stats/sparklines" => format!("?ids={id}"),
        _ => String::new(),
    };
    let path = path.replace("{id}", &id).replace("{action}", "pause");
    format!("{path}{query}")
}

/// The schemas of a document, tightened to refuse undocumented fields.
struct Validator {
    document: Value,
}

impl Validator {
    fn new(mut document: Value) -> Self {
        let mut open = document["components"]["schemas"].clone();
        open.as_object_mut().unwrap().values_mut().for_each(part);
        close(&mut document);
        document["components"]["open"] = open;
        Self { document }
    }

    /// Checks `value` against the schema at `pointer`.
    fn check(&self, pointer: &str, value: &Value, what: &str) {
        let url = "http://deckwatch.test/openapi.json";
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V2020_12);
        compiler.enable_format_assertions();
        compiler.add_resource(url, self.document.clone()).unwrap();
        let mut schemas = Schemas::new();
        let schema = compiler
            .compile(&format!("{url}#{pointer}"), &mut schemas)
            .unwrap_or_else(|error| panic!("{what}: {error:#}"));
        if let Err(error) = schemas.validate(value, schema) {
            panic!("{what}: {error:#}\n{value:#}");
        }
    }
}

/// Makes every object schema that lists properties refuse others.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_whole = fields.contains_key("allOf")
                || (fields.get("type") == Some(&json!("object"))
                    && fields.contains_key("properties")
                    && !fields.contains_key("additionalProperties"));
            parts(fields, &["allOf"]);
            if is_whole {
                fields.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Like [`close`], but only within `schema`, which is part of an `allOf`: the other parts have properties
/// of their own.
fn part(schema: &mut Value) {
    if let Value::Object(fields) = schema {
        if let Some(Value::String(reference)) = fields.get_mut("$ref") {
            *reference = reference.replace("#/components/schemas/", "#/components/open/");
        }
        parts(fields, &["allOf", "oneOf"]);
    }
}

/// Closes all schemas within `fields`; the fields named in `combine` are lists of parts.
fn parts(fields: &mut Map<String, Value>, combine: &[&str]) {
    for (name, inner) in fields {
        match inner {
            Value::Array(all) if combine.contains(&&**name) => all.iter_mut().for_each(part),
            inner => close(inner),
        }
    }
}

fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// The pointer to the schema of a response in the document.
fn pointer(path: &str, method: &Method, answer: &Answer) -> String {
    let method = method.as_str().to_lowercase();
    let (status, media_type) = (answer.status.as_str(), escaped(&answer.media_type));
    let path = escaped(path).replace('{', "%7B").replace('}', "%7D");
    format!("/paths/{path}/{method}/responses/{status}/content/{media_type}/schema")
}

#[tokio::test]
async fn every_documented_operation_answers_as_documented() {
    let app = TestApp::start(FakeEngine::start_elsewhere().with(rich_container())).await;
    wait_for_figures(&app).await;
    let document = document(&app).await;
    let validator = Validator::new(document.clone());
    for (path, method, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let answer = ask(&app, method.clone(), &filled(path)).await;
        let is_socket = path.starts_with("/ws/");
        // A change of accounts needs a body, which this request does not have.
        if method == Method::GET || path.contains("{action}") || path.ends_with("/reveal") {
            assert_eq!(answer.status.is_client_error(), is_socket, "{what}");
        }
        let response = &operation["responses"][answer.status.as_str()];
        if matches!(
            answer.status,
            StatusCode::NO_CONTENT | StatusCode::SEE_OTHER
        ) {
            assert!(response.is_object(), "{what}: {operation}");
            continue;
        }
        let content = &response["content"][&answer.media_type];
        assert!(
            content.is_object(),
            "{what}: {} {response}",
            answer.media_type
        );
        let pointer = pointer(path, &method, &answer);
        if answer.media_type.ends_with("json") {
            let body: Value = answer.response.json().await.unwrap();
            validator.check(&pointer, &body, &what);
        }
    }
    app.end().await;
}

#[tokio::test]
async fn parameters_change_the_answer_as_documented() {
    let app = TestApp::start(FakeEngine::start_elsewhere().with(rich_container())).await;
    wait_for_figures(&app).await;
    let validator = Validator::new(document(&app).await);
    let id = id_of("web-1");
    for (path, query) in [
        ("/api/metrics", "?range=5m"),
        ("/api/snapshot", "?channels=containers,events"),
        ("/api/containers/{id}/stats", "?range=1m"),
        ("/api/containers/{id}/logs", "?format=ndjson"),
        ("/api/containers/{id}/logs", "?tail=x"),
        ("/api/snapshot", "?channels=weather"),
        ("/api/containers/{id}", "?host=elsewhere"),
    ] {
        let url = format!("{}{query}", path.replace("{id}", &id));
        let answer = ask(&app, Method::GET, &url).await;
        let pointer = pointer(path, &Method::GET, &answer);
        let text = answer.response.text().await.unwrap();
        assert!(!text.is_empty(), "{url}");
        // JSON responses have one line; log streams have one object per line.
        for line in text.lines() {
            validator.check(&pointer, &serde_json::from_str(line).unwrap(), &url);
        }
    }
    app.end().await;
}

#[tokio::test]
async fn the_options_of_an_action_may_be_left_out() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let document = document(&app).await;
    let body = &document["paths"]["/api/containers/{id}/{action}"]["post"]["requestBody"];
    assert_eq!(body["required"], json!(false), "{body}");
    let path = filled("/api/containers/{id}/{action}");
    let empty = reqwest::Client::new().post(app.url(&path)).send().await;
    assert_eq!(empty.unwrap().status(), StatusCode::OK);
    app.end().await;
}

#[tokio::test]
async fn every_message_is_as_documented() {
    let app = TestApp::start(FakeEngine::start()).await;
    let validator = Validator::new(document(&app).await);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut checked = BTreeSet::new();
    for entry in std::fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(kind) = name.strip_suffix(".json") else {
            continue;
        };
        let message: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let is_ours = serde_json::from_value::<deckwatch::protocol::ServerMessage>(message.clone());
        if is_ours.is_ok() {
            validator.check("/components/schemas/ServerMessage", &message, kind);
            checked.insert(message["type"].as_str().unwrap().to_owned());
        }
    }
    assert!(checked.len() >= 14, "{checked:?}");
    app.end().await;
}

#[tokio::test]
async fn every_route_refuses_the_methods_that_are_not_documented() {
    let app = TestApp::start(FakeEngine::start().with_containers(1)).await;
    let document = document(&app).await;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let status = ask(&app, method.clone(), &filled(path)).await.status;
            let is_refused = status == StatusCode::METHOD_NOT_ALLOWED;
            let is_taken = methods.get(method.as_str().to_lowercase()).is_some();
            let what = format!("{method} {path}: {status}");
            assert_eq!(is_refused, !is_taken, "{what}");
            // There is no such user or token, but there is such a resource.
            let may_be_missing = ["/api/users/{name}", "/api/tokens/{id}"].contains(&&**path);
            assert!(status != StatusCode::NOT_FOUND || may_be_missing, "{what}");
        }
    }
    app.end().await;
}

#[tokio::test]
async fn every_documented_path_is_in_the_protocol_description() {
    let app = TestApp::start(FakeEngine::start()).await;
    let document = document(&app).await;
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOL.md");
    let protocol = std::fs::read_to_string(protocol).unwrap();
    for (path, method, _) in operations(&document) {
        let request = format!("`{method} {path}");
        let is_there = protocol.match_indices(&request).any(|(at, _)| {
            let rest = protocol.get(at + request.len()..).unwrap();
            rest.starts_with(['`', '?'])
        });
        assert!(is_there, "{request}`");
    }
    app.end().await;
}

#[tokio::test]
async fn every_reference_in_the_document_can_be_resolved() {
    let app = TestApp::start(FakeEngine::start()).await;
    let text = app.get("/api/openapi.json").await.text().await.unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let references: Vec<_> = text
        .split("\"$ref\":\"#")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(references.len() > 10);
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
    app.end().await;
}

#[tokio::test]
async fn the_document_contains_the_base_path() {
    let settings = Settings {
        base_path: Some("/deck"),
        ..Settings::default()
    };
    let app = TestApp::start_with(FakeEngine::start(), settings).await;
    let document: Value = app
        .get("/deck/api/openapi.json")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(document["servers"], json!([{ "url": "/deck/" }]));
    assert!(document["paths"]["/api/snapshot"].is_object());
    app.end().await;
}
