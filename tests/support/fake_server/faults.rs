//! The faults of a fake server: how it answers in general, and responses as bytes, with which a test
//! replaces the correct ones of a route.

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use hyper::StatusCode;
use serde_json::Value;
use std::{
    convert::Infallible,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::watch;

type Edit = dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync;
type Make = dyn Fn() -> Response + Send + Sync;

/// How a server answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// It accepts connections and requests, but never answers.
    Hanging,
    /// It answers with bytes that are not HTTP.
    Garbage,
    /// It answers 200 with the first half of the correct body.
    HalfJson,
    /// It answers with this status.
    Failing(u16),
}

/// The faults of a server.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    mood: watch::Sender<Mood>,
    /// Routes whose response is replaced, each as `METHOD /path`.
    routes: watch::Sender<Vec<(String, Raw)>>,
    /// Bytes sent of the endless response of which most was sent.
    most_sent: Arc<AtomicUsize>,
}

/// A response that replaces the correct one.
#[derive(Clone)]
pub(crate) enum Raw {
    /// 200 with these bytes.
    Body(Vec<u8>),
    /// 200 with the first bytes, then the second ones for as long as the client reads.
    Endless(Vec<u8>, Vec<u8>),
    /// No response until the route answers correctly again; then the correct one.
    Hanging,
    /// No response, not even after the route answers correctly again.
    Lost,
    /// This status with this text as it is.
    Status(u16, String),
    /// The correct response, changed.
    Edited(Arc<Edit>),
    /// A response that is made for each request.
    Made(Arc<Make>),
}

impl Raw {
    /// The correct JSON, changed by `edit`.
    pub(crate) fn json(edit: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::Edited(Arc::new(move |body| {
            let mut value = serde_json::from_slice(&body).unwrap();
            edit(&mut value);
            value.to_string().into_bytes()
        }))
    }

    /// The correct text, changed by `edit`: for JSON that `serde_json` cannot represent, such as `1e999`.
    pub(crate) fn text(edit: impl Fn(String) -> String + Send + Sync + 'static) -> Self {
        Self::Edited(Arc::new(move |body| {
            edit(String::from_utf8(body).unwrap()).into_bytes()
        }))
    }

    /// The response that `make` makes.
    pub(crate) fn made(make: impl Fn() -> Response + Send + Sync + 'static) -> Self {
        Self::Made(Arc::new(make))
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Body(_) => "Body",
            Self::Endless(..) => "Endless",
            Self::Hanging => "Hanging",
            Self::Lost => "Lost",
            Self::Status(..) => "Status",
            Self::Edited(_) => "Edited",
            Self::Made(_) => "Made",
        })
    }
}

impl Faults {
    pub(crate) fn mood(&self) -> Mood {
        self.mood.borrow().clone()
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Waits while the server hangs.
    pub(crate) fn while_hanging(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut mood = self.mood.subscribe();
        async move {
            let _ = mood.wait_for(|mood| *mood != Mood::Hanging).await;
        }
    }

    /// Sets what `route`, such as `GET /containers/json`, answers from now on. The longest matching route
    /// applies; one that ends with `$` matches only the complete request.
    pub(crate) fn answer(&self, route: &str, raw: Raw) {
        self.routes.send_modify(|routes| {
            routes.retain(|(other, _)| other != route);
            routes.push((route.to_owned(), raw));
        });
    }

    /// `route` answers correctly again.
    pub(crate) fn answer_correctly(&self, route: &str) {
        self.routes
            .send_modify(|routes| routes.retain(|(other, _)| other != route));
    }

    /// Ends all of them.
    pub(crate) fn end(&self) {
        self.routes.send_replace(Vec::new());
        self.set_mood(Mood::Well);
    }

    /// Bytes sent of the endless response of which most was sent.
    pub(crate) fn most_sent(&self) -> usize {
        self.most_sent.load(Ordering::Relaxed)
    }

    /// The response to `request`, which is a method and a path, where `truth` is the correct one.
    pub(crate) async fn apply(
        &self,
        request: &str,
        truth: impl Future<Output = Response>,
    ) -> Response {
        let answer = self.replaced(request, truth).await;
        if self.mood() == Mood::HalfJson {
            halved(answer).await
        } else {
            answer
        }
    }

    async fn replaced(&self, request: &str, truth: impl Future<Output = Response>) -> Response {
        let mut changes = self.routes.subscribe();
        let find = |routes: &Vec<(String, Raw)>| {
            let is_it = |route: &str| match route.strip_suffix('$') {
                Some(whole) => request == whole,
                None => request.starts_with(route),
            };
            let routes = routes.iter().filter(|(route, _)| is_it(route));
            let longest = routes.max_by_key(|(route, _)| route.len());
            longest.map(|(_, raw)| raw.clone())
        };
        let raw = find(&changes.borrow_and_update());
        match raw {
            None => truth.await,
            Some(Raw::Body(body)) => ok(body),
            Some(Raw::Endless(start, piece)) => endless(Arc::clone(&self.most_sent), start, piece),
            Some(Raw::Hanging) => {
                let is_over = |routes: &Vec<_>| !matches!(find(routes), Some(Raw::Hanging));
                let _ = changes.wait_for(is_over).await;
                truth.await
            }
            Some(Raw::Lost) => std::future::pending().await,
            Some(Raw::Status(status, words)) => {
                (StatusCode::from_u16(status).unwrap(), words).into_response()
            }
            Some(Raw::Edited(edit)) => {
                let body = axum::body::to_bytes(truth.await.into_body(), usize::MAX).await;
                ok(edit(body.unwrap_or_default().to_vec()))
            }
            Some(Raw::Made(make)) => make(),
        }
    }
}

/// 200 with JSON.
fn ok(body: impl Into<Body>) -> Response {
    ([("content-type", "application/json")], body.into()).into_response()
}

async fn halved(answer: Response) -> Response {
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await;
    let body = body.unwrap_or_default();
    ok(body.slice(..body.len() / 2))
}

/// Counts the bytes that are sent.
fn endless(most_sent: Arc<AtomicUsize>, start: Vec<u8>, piece: Vec<u8>) -> Response {
    let mut sent = 0;
    let pieces = stream::once(async { Bytes::from(start) });
    let pieces = pieces.chain(stream::repeat(Bytes::from(piece)));
    let counted = pieces.map(move |piece| {
        sent += piece.len();
        most_sent.fetch_max(sent, Ordering::Relaxed);
        Ok::<_, Infallible>(piece)
    });
    Body::from_stream(counted).into_response()
}
