//! The fake cluster answers like the API server whose answers were recorded.

mod changes;
mod faults;
mod figures;
mod lists;
mod logs;
mod rights;
mod rollouts;
mod watches;

use crate::support::{PATIENCE, fake_cluster::FakeCluster};
use reqwest::{Method, Response};
use serde_json::Value;
use std::path::Path;

/// A recording of a real cluster.
pub(crate) fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kubernetes");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Sends a request with a body of this media type.
async fn send(
    cluster: &FakeCluster,
    method: Method,
    path: &str,
    (media_type, body): (&str, Value),
) -> Response {
    let url = format!("{}{path}", cluster.address());
    let request = reqwest::Client::new().request(method, url);
    let request = request
        .header("content-type", media_type)
        .body(body.to_string());
    request.timeout(PATIENCE).send().await.unwrap()
}

async fn get(cluster: &FakeCluster, path: &str) -> Response {
    send(
        cluster,
        Method::GET,
        path,
        ("application/json", Value::Null),
    )
    .await
}

/// The status of the response to `GET`, and its JSON.
async fn json(cluster: &FakeCluster, path: &str) -> (u16, Value) {
    let answer = get(cluster, path).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The names of the listed objects.
async fn names(cluster: &FakeCluster, path: &str) -> Vec<String> {
    let (status, list) = json(cluster, path).await;
    assert_eq!(status, 200, "{list}");
    let items = list["items"].as_array().unwrap().iter();
    let names = items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned());
    names.collect()
}

/// The lines of a response as they arrive.
struct Lines {
    response: Response,
    rest: Vec<u8>,
    /// The size of the largest chunk so far.
    largest: usize,
}

impl Lines {
    async fn open(cluster: &FakeCluster, path: &str) -> Self {
        let response = get(cluster, path).await;
        assert_eq!(response.status(), 200, "{path}");
        Self {
            response,
            rest: Vec::new(),
            largest: 0,
        }
    }

    /// The next line; `None` at the end, and an error when the response is cut.
    async fn next(&mut self) -> reqwest::Result<Option<String>> {
        loop {
            if let Some(at) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=at).collect();
                return Ok(Some(String::from_utf8(line).unwrap().trim_end().to_owned()));
            }
            let Some(chunk) = self.response.chunk().await? else {
                assert!(self.rest.is_empty(), "half a line");
                return Ok(None);
            };
            self.largest = self.largest.max(chunk.len());
            self.rest.extend(chunk);
        }
    }

    async fn line(&mut self) -> String {
        self.next().await.unwrap().expect("a line")
    }

    /// The next event of a watch: its type, and the object.
    async fn event(&mut self) -> (String, Value) {
        let mut event = parsed(&self.line().await);
        let kind = event["type"].as_str().unwrap().to_owned();
        (kind, event["object"].take())
    }

    async fn all(mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.next().await.unwrap() {
            lines.push(line);
        }
        lines
    }
}
