//! The engine's HTTP API, as far as Deckwatch reads it.
//!
//! Each answer has a timeout and a size limit, so that an engine, or another server in its place, cannot
//! exhaust time or memory. Answers are returned as text, which [`super::json`] parses; actions use bollard
//! instead.

mod body;
mod lines;

pub(super) use body::frame;
pub(super) use lines::{Line, Lines};

use super::{super::EngineError, error, json::Json, transport::Transport};
use crate::model::{ContainerId, Machine, Timestamp};
use bollard::{API_DEFAULT_VERSION, ClientVersion, errors::Error};
use hyper::{Request, Response, body::Incoming};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use thiserror::Error as ThisError;
use tokio::{sync::OnceCell, time::timeout};

/// Most bytes of a list: ten thousand containers of 6 KiB each; 1 to 2 KiB are usual. At most two lists are
/// read at once.
const LONGEST_LIST: usize = 64 << 20;
/// Most bytes of an inspection: labels, environment and the outputs of five health checks of 4 KiB, which
/// together take some 20 KiB.
const LONGEST_INSPECTION: usize = 4 << 20;
/// Most bytes of a list of processes: ten thousand with command lines of 400 bytes.
const LONGEST_TOP: usize = 4 << 20;
/// Most bytes of a stats sample: engines write a number per core and four per disk, some 5 KiB.
const LONGEST_STATS: usize = 1 << 20;
/// Most bytes of the engine's version, some 2 KiB.
const LONGEST_VERSION: usize = 256 << 10;
/// Most bytes of the description of the engine's machine, some 5 KiB.
const LONGEST_INFO: usize = 256 << 10;
/// Most bytes of the answer to a ping, which is `OK`.
const LONGEST_PING: usize = 4 << 10;
/// Timeout of one call. Lists of a thousand containers take about a second.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of an answer of a few bytes: two in a row stay well below the ten seconds in which a hung engine
/// must be detected.
pub(super) const QUICK_TIMEOUT: Duration = Duration::from_secs(3);

/// Most containers that one request may name: a request line holds 64 KiB, an id takes some 70 bytes.
pub(super) const MOST_NAMED: usize = 256;

/// The newest API version that Deckwatch supports.
const OURS: (usize, usize) = (
    API_DEFAULT_VERSION.major_version,
    API_DEFAULT_VERSION.minor_version,
);

/// Why an answer cannot be used.
#[derive(Debug, ThisError)]
pub(super) enum ReadError {
    /// The request failed, or was answered with an error status.
    #[error(transparent)]
    Engine(#[from] Error),
    /// The answer of an engine that has answered before timed out.
    #[error("{0} did not come in time")]
    TimedOut(&'static str),
    /// The answer does not have the expected form.
    #[error("{0} cannot be read: {1}")]
    Unreadable(&'static str, &'static str),
    /// Reading it panicked, which is a fault of Deckwatch.
    #[error("Deckwatch itself failed")]
    Broken,
}

impl ReadError {
    /// Whether the reason is a timeout.
    pub(super) fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::Engine(Error::RequestTimeoutError) | Self::TimedOut(_)
        )
    }

    /// Whether the engine, or a proxy in front of it, forbids the call.
    pub(super) fn is_forbidden(&self) -> bool {
        matches!(
            self,
            Self::Engine(Error::DockerResponseServerError {
                status_code: 401 | 403,
                ..
            })
        )
    }

    /// A user-facing message: why the engine at `address`, which is configured by `setting`, cannot be
    /// used, and what to do about it.
    pub(super) fn advice(&self, address: &str, setting: &str) -> String {
        match self {
            Self::Engine(error) => error::advice(error, address, setting),
            Self::TimedOut(_) => format!("The engine at {address} does not answer: {self}."),
            Self::Broken => format!(
                "Deckwatch failed to read the engine at {address} and tries again; its log says why."
            ),
            Self::Unreadable(..) => format!(
                "The engine at {address} answers, but {self}. Is it Docker or Podman that listens there?"
            ),
        }
    }
}

impl From<ReadError> for EngineError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Engine(error) => error.into(),
            ReadError::TimedOut(_) => Self::Timeout,
            error @ (ReadError::Unreadable(..) | ReadError::Broken) => {
                Self::Failed(error.to_string())
            }
        }
    }
}

/// A client of the engine's API. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Api {
    transport: Transport,
    /// The newest API version that both sides support; `None` when the engine reports none.
    version: Option<(usize, usize)>,
    is_podman: bool,
    /// The engine's machine, cached after the first request.
    machine: Arc<OnceCell<Machine>>,
}

/// The properties of the engine that a ping reveals.
struct Ping {
    /// The newest API version that both sides support; `None` when the engine reports none.
    version: Option<(usize, usize)>,
    is_podman: bool,
}

impl Api {
    /// Negotiates the newest API version that both sides support.
    ///
    /// # Errors
    /// When there is no answer. An engine that refuses the ping may still answer other calls.
    pub(super) async fn negotiate(transport: Transport) -> Result<Self, ReadError> {
        let mut api = Self {
            transport,
            version: None,
            is_podman: false,
            machine: Arc::default(),
        };
        let ping = timeout(QUICK_TIMEOUT, api.ping()).await;
        match ping.unwrap_or(Err(Error::RequestTimeoutError.into())) {
            Ok(ping) => {
                api.version = ping.version;
                api.is_podman = ping.is_podman;
            }
            Err(ReadError::Engine(Error::DockerResponseServerError { .. })) => {}
            Err(error) => return Err(error),
        }
        Ok(api)
    }

    async fn ping(&self) -> Result<Ping, ReadError> {
        let response = self.open("/_ping").await?;
        let header = |name| response.headers().get(name)?.to_str().ok();
        let theirs = header("api-version").and_then(api_version);
        let ping = Ping {
            version: theirs.map(|theirs| OURS.min(theirs)),
            is_podman: header("libpod-api-version").is_some(),
        };
        body::read(response.into_body(), LONGEST_PING, "the answer to a ping").await?;
        Ok(ping)
    }

    /// The transport to the engine.
    pub(super) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The API version that is used for requests.
    pub(super) fn client_version(&self) -> ClientVersion {
        let (major_version, minor_version) = self.version.unwrap_or(OURS);
        ClientVersion {
            major_version,
            minor_version,
        }
    }

    /// Whether it is Podman, which differs where Docker's API is unspecified.
    pub(super) fn is_podman(&self) -> bool {
        self.is_podman
    }

    /// Whether the response to a request for events begins only with the first event, as Podman's does.
    pub(super) fn has_delayed_head(&self) -> bool {
        self.is_podman
    }

    /// The name of the engine without its version.
    pub(super) fn name(&self) -> &'static str {
        if self.is_podman { "Podman" } else { "Docker" }
    }

    /// Name and version of the engine, e.g. `Docker 27.3.1` or `Podman 5.2.0`.
    pub(super) async fn version(&self) -> Result<String, ReadError> {
        let what = "the engine's version";
        let body = self.get("/version", LONGEST_VERSION, QUICK_TIMEOUT, what);
        let body = body.await?;
        let fields = Json::parse(&body).ok_or(not_json(what))?.fields();
        let version = fields.get("Version").text().unwrap_or_default();
        Ok(format!("{} {version}", self.name()).trim_end().to_owned())
    }

    /// The engine's machine, as far as the engine describes it. Requested once.
    pub(super) async fn machine(&self) -> &Machine {
        let describe = || async { self.info().await.unwrap_or_default() };
        self.machine.get_or_init(describe).await
    }

    async fn info(&self) -> Result<Machine, ReadError> {
        let what = "the engine's machine";
        let body = self.get("/info", LONGEST_INFO, QUICK_TIMEOUT, what).await?;
        let fields = Json::parse(&body).ok_or(not_json(what))?.fields();
        let text = |name| fields.get(name).text().filter(|text| !text.is_empty());
        Ok(Machine {
            hostname: text("Name"),
            os: text("OperatingSystem"),
            kernel: text("KernelVersion"),
            architecture: text("Architecture"),
            cores: fields.get("NCPU").number().filter(|cores| *cores > 0),
            memory: fields.get("MemTotal").number().filter(|bytes| *bytes > 0),
        })
    }

    /// The list of all containers, or of those in `ids`, as the engine wrote it.
    pub(super) async fn list(
        &self,
        ids: Option<&BTreeSet<ContainerId>>,
    ) -> Result<String, ReadError> {
        let filters = ids.map(by_id).unwrap_or_default();
        let path = format!("/containers/json?all=true{filters}");
        self.get(&path, LONGEST_LIST, CALL_TIMEOUT, LIST).await
    }

    /// Requests a list of one container, to check that the engine still answers lists.
    pub(super) async fn probe(&self, id: Option<ContainerId>) -> Result<(), ReadError> {
        let filters = id.map_or_else(|| "&limit=1".to_owned(), |id| by_id(&[id].into()));
        let path = format!("/containers/json?all=true{filters}");
        let body = self
            .get(&path, LONGEST_INSPECTION, QUICK_TIMEOUT, LIST)
            .await?;
        let list = Json::parse(&body).and_then(Json::items);
        list.map(drop).ok_or(not_json(LIST))
    }

    /// The inspection of a container.
    pub(super) async fn inspect(
        &self,
        id: ContainerId,
        limit: Duration,
    ) -> Result<String, ReadError> {
        let path = format!("/containers/{id}/json");
        self.get(&path, LONGEST_INSPECTION, limit, INSPECTION).await
    }

    /// The processes of a container, in the columns of `ps_args`.
    pub(super) async fn top(
        &self,
        id: ContainerId,
        ps_args: Option<&str>,
    ) -> Result<String, ReadError> {
        let ps_args = ps_args.map(|args| format!("?ps_args={}", args.replace(' ', "%20")));
        let path = format!("/containers/{id}/top{}", ps_args.unwrap_or_default());
        let what = "the list of processes";
        self.get(&path, LONGEST_TOP, CALL_TIMEOUT, what).await
    }

    /// One sample of a container's stats.
    pub(super) async fn stats(
        &self,
        id: ContainerId,
        limit: Duration,
    ) -> Result<String, ReadError> {
        let path = format!("/containers/{id}/stats?stream=false&one-shot=true");
        self.get(&path, LONGEST_STATS, limit, "the figures").await
    }

    /// The stream of events from `since` on. Without a timeout: Podman may send the head of its response
    /// only with the first event.
    pub(super) async fn events(&self, since: Timestamp) -> Result<Incoming, ReadError> {
        let path = format!("/events?since={}", since.as_millis() / 1_000);
        Ok(self.open(&path).await?.into_body())
    }

    /// The log of a container, at a path below the API version. Without a timeout: Podman sends the head of
    /// its response only with the first line.
    pub(super) async fn logs(&self, path: &str) -> Result<Incoming, ReadError> {
        Ok(self.open(path).await?.into_body())
    }

    async fn get(
        &self,
        path: &str,
        longest: usize,
        limit: Duration,
        what: &'static str,
    ) -> Result<String, ReadError> {
        let answer = timeout(limit, async {
            let response = self.open(path).await?;
            body::read(response.into_body(), longest, what).await
        });
        answer.await.unwrap_or(Err(ReadError::TimedOut(what)))
    }

    async fn open(&self, path: &str) -> Result<Response<Incoming>, ReadError> {
        let prefix = self
            .version
            .map(|(major, minor)| format!("/v{major}.{minor}"));
        let request = Request::get(prefix.unwrap_or_default() + path);
        let request = request.body(String::new()).map_err(Error::from)?;
        let response = self.transport.request(request).await;
        Ok(response.map_err(Error::from)?)
    }
}

/// Name of the list in errors.
pub(super) const LIST: &str = "the list of containers";
/// Name of an inspection in errors.
pub(super) const INSPECTION: &str = "the container's description";

/// The error for an answer that is not JSON, or not of the expected form.
pub(super) fn not_json(what: &'static str) -> ReadError {
    ReadError::Unreadable(what, "it is not what a Docker engine answers")
}

/// `&filters={"id":["…","…"]}`, percent-encoded.
fn by_id(ids: &BTreeSet<ContainerId>) -> String {
    let ids: Vec<_> = ids.iter().map(|id| format!("%22{id}%22")).collect();
    format!("&filters=%7B%22id%22%3A%5B{}%5D%7D", ids.join("%2C"))
}

fn api_version(text: &str) -> Option<(usize, usize)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
