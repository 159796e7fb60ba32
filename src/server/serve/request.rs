//! Runs the router for the requests of one connection: enforces the request timeout, and records in which
//! stage the connection is.

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

/// How long a request may take to arrive, from the first byte of its head to the last of its body. The
/// longest body has 64 KiB, which every real client sends faster.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The router as the service of one connection.
#[derive(Clone, Debug)]
pub(super) struct ConnectionService {
    router: Router,
    connection: Connection,
}

impl ConnectionService {
    pub(super) const fn new(router: Router, connection: Connection) -> Self {
        Self { router, connection }
    }
}

type ResponseFuture =
    Pin<Box<dyn Future<Output = Result<Response<TrackedBody>, Infallible>> + Send>>;

impl Service<Request<Incoming>> for ConnectionService {
    type Response = Response<TrackedBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<Incoming>) -> ResponseFuture {
        let connection = self.connection.clone();
        let deadline = connection.head_received() + REQUEST_TIMEOUT;
        if request.body().is_end_stream() {
            connection.request_received();
        }
        let mut request = request.map(|body| TimedBody {
            body,
            connection: connection.clone(),
            deadline,
            timer: None,
        });
        request.extensions_mut().insert(connection.clone());
        let answer = self.router.clone().oneshot(request);
        Box::pin(async move {
            let mut response = answer.await?;
            if connection.has_timed_out() {
                response = timeout_response();
            }
            Ok(response.map(|body| TrackedBody { body, connection }))
        })
    }
}

fn timeout_response() -> Response<Body> {
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

/// The body of a request, which fails when it is not complete by `deadline`.
#[derive(Debug)]
struct TimedBody {
    body: Incoming,
    connection: Connection,
    deadline: Instant,
    /// Created on the first wait; most bodies arrive together with their heads.
    timer: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if frame.is_none() || self.body.is_end_stream() {
                self.connection.request_received();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        timer.as_mut().poll(context).map(|()| {
            self.connection.request_timed_out();
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

/// The body of a response; when it is dropped, the connection waits for the next request.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: Body,
    connection: Connection,
}

impl HttpBody for TrackedBody {
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

impl Drop for TrackedBody {
    fn drop(&mut self) {
        self.connection.response_done();
    }
}
