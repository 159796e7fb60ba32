//! Requests that must be complete in time, on a connection that is known to wait or to answer.

use super::Connection;
use crate::{
    protocol::{ApiError, ErrorCode},
    server::problem::Refusal,
};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderValue, Request, Response, StatusCode, header},
    response::IntoResponse,
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::{body::Incoming, service::Service};
use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::ServiceExt;

/// How long a request may take to come, from the first byte of its head to the last of its body. The longest
/// has 64 KiB: slower than that is no client, and what waits for it is held up for nothing.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The router, on one connection.
#[derive(Clone, Debug)]
pub(super) struct Served {
    router: Router,
    connection: Connection,
}

impl Served {
    pub(super) const fn new(router: Router, connection: Connection) -> Self {
        Self { router, connection }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Answering>, Infallible>> + Send>>;

impl Service<Request<Incoming>> for Served {
    type Response = Response<Answering>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        let connection = self.connection.clone();
        let deadline = connection.head_is_there() + REQUEST_TIMEOUT;
        if request.body().is_end_stream() {
            connection.request_is_there();
        }
        let mut request = request.map(|body| Coming {
            body,
            connection: connection.clone(),
            deadline,
            timer: None,
        });
        request.extensions_mut().insert(connection.clone());
        let answer = self.router.clone().oneshot(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if connection.is_late() {
                response = too_late();
            }
            Ok(response.map(|body| Answering { body, connection }))
        })
    }
}

fn too_late() -> Response<Body> {
    let message = format!(
        "the request was not complete within {} s",
        REQUEST_TIMEOUT.as_secs()
    );
    let error = ApiError::new(ErrorCode::Timeout, message);
    let mut response = Refusal::new(StatusCode::REQUEST_TIMEOUT, error).into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

/// A request's body, which breaks off when it is not complete in time.
#[derive(Debug)]
struct Coming {
    body: Incoming,
    connection: Connection,
    deadline: Instant,
    /// Set up when something has to be waited for; most bodies come with their heads.
    timer: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for Coming {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if frame.is_none() || self.body.is_end_stream() {
                self.connection.request_is_there();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        timer.as_mut().poll(context).map(|()| {
            self.connection.request_is_late();
            Some(Err(io::Error::from(io::ErrorKind::TimedOut).into()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body; with its end the connection waits for the next request.
#[derive(Debug)]
pub(super) struct Answering {
    body: Body,
    connection: Connection,
}

impl HttpBody for Answering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.connection.answered();
    }
}
