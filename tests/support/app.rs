//! The server under test, and requests to it.

use super::{
    PATIENCE,
    fake_engine::FakeEngine,
    launch::{Running, launch},
    raw::{self, Answer},
    socket::Socket,
};
use deckwatch::{
    model::Update,
    protocol::{ServerMessage, Snapshot},
    server::config::Auth,
};
use serde_json::Value;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tempfile::TempDir;

/// The server under test, watching a fake engine.
#[derive(Debug)]
pub(crate) struct TestApp {
    pub(crate) engine: FakeEngine,
    pub(crate) address: SocketAddr,
    pub(super) http: reqwest::Client,
    running: Running,
    /// The prefix of every path.
    pub(crate) base: &'static str,
    /// The folder of the server's data.
    pub(crate) data: Option<Arc<TempDir>>,
}

/// Settings that differ from the defaults of the tests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) max_clients: Option<u32>,
    pub(crate) base_path: Option<&'static str>,
    /// Interval of full lists; [`NO_RECONCILE`](super::NO_RECONCILE) shows that events alone carry an
    /// update.
    pub(crate) reconcile: Option<Duration>,
    /// Names and addresses of engines besides the first one.
    pub(crate) hosts: Vec<(&'static str, String)>,
    /// Who may use the server. With any sign-in it stores its data in a folder of its own.
    pub(crate) auth: Option<Auth>,
    /// The folder of that data.
    pub(crate) data: Option<Arc<TempDir>>,
    /// Patterns of further secrets.
    pub(crate) redact: Vec<String>,
}

impl TestApp {
    /// A server that has received the engine's containers.
    pub(crate) async fn start(engine: FakeEngine) -> Self {
        Self::start_with(engine, Settings::default()).await
    }

    /// A server that lists its engine's containers once: later changes reach it only by events and after
    /// actions.
    pub(crate) async fn start_without_reconcile(engine: FakeEngine) -> Self {
        let settings = Settings {
            reconcile: Some(super::NO_RECONCILE),
            ..Settings::default()
        };
        Self::start_with(engine, settings).await
    }

    /// A server that has not found its engine yet.
    pub(crate) async fn start_without_engine(engine: FakeEngine) -> Self {
        Self::launch(engine, Settings::default()).await
    }

    pub(crate) async fn start_with(engine: FakeEngine, settings: Settings) -> Self {
        let app = Self::launch(engine, settings).await;
        let is_open = app.data.is_none();
        if is_open && !app.engine.truth().is_empty() {
            app.wait_for_containers().await;
        }
        app
    }

    async fn launch(engine: FakeEngine, settings: Settings) -> Self {
        let base = settings.base_path.unwrap_or_default();
        let data = settings.data.clone();
        let running = launch(&engine.address(), settings).await;
        Self {
            base,
            engine,
            address: running.address(),
            http: reqwest::Client::builder()
                .timeout(PATIENCE)
                .build()
                .unwrap(),
            running,
            data,
        }
    }

    async fn wait_for_containers(&self) {
        let known = |m: &ServerMessage| matches!(m.update(), Some(Update::Containers { data, .. }) if !data.is_empty());
        super::eventually("the containers are known", async || {
            self.snapshot("containers").await.messages.iter().any(known)
        })
        .await;
    }

    /// Shuts down, and checks that this succeeds.
    pub(crate) async fn end(self) {
        let ended = tokio::time::timeout(PATIENCE, self.running.end()).await;
        assert!(ended.is_ok(), "the server does not shut down");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(self.url(path)).send().await.unwrap()
    }

    pub(crate) async fn get_with(&self, path: &str, header: (&str, &str)) -> reqwest::Response {
        self.http
            .get(self.url(path))
            .header(header.0, header.1)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> reqwest::Response {
        self.http
            .post(self.url(path))
            .json(body)
            .send()
            .await
            .unwrap()
    }

    /// Sends a request exactly as given.
    pub(crate) async fn ask(&self, line: &str, headers: &[(&str, &str)]) -> Answer {
        raw::ask(self.address, line, headers, "").await
    }

    pub(crate) async fn snapshot(&self, channels: &str) -> Snapshot {
        let answer = self
            .get(&format!("{}/api/snapshot?channels={channels}", self.base))
            .await;
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    /// A connected socket, after the first message.
    pub(crate) async fn socket(&self) -> Socket {
        let mut socket = self.socket_at("/api/ws", &[]).await.unwrap();
        let greeting = socket.next().await;
        assert!(
            matches!(greeting, ServerMessage::Connected { .. }),
            "{greeting:?}"
        );
        socket
    }

    /// A socket opened with these headers, or the status of the refusal with its `Retry-After`.
    pub(crate) async fn socket_at(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Socket, (u16, Option<String>)> {
        let url = format!("ws://{}{path}", self.address);
        Socket::connect(&url, headers).await.map_err(|refusal| {
            let after = refusal.headers().get("retry-after");
            let after = after.map(|value| value.to_str().unwrap().to_owned());
            (refusal.status().as_u16(), after)
        })
    }
}
