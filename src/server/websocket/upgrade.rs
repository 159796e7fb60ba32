//! The upgrade of an HTTP request to a WebSocket (RFC 6455, 4.2): checks the request headers, builds the
//! `101` response and hands over the TCP connection.

use super::{Reader, WebSocket, Writer};
use crate::{
    protocol::{ApiError, ErrorCode, codec::to_base64},
    server::{problem::Refusal, serve::WriteTimeout},
};
use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use sha1::{Digest, Sha1};
use tokio::net::TcpStream;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The only version of the protocol.
const VERSION: &str = "13";
/// Appended to the client's key before hashing; the hash proves that the server speaks WebSocket (RFC 6455,
/// 1.3).
const ACCEPT_GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A valid upgrade request.
#[derive(Debug)]
pub struct Upgrade {
    accept: String,
    /// Subprotocols the client speaks, in its order of preference.
    offered: Vec<HeaderValue>,
    selected: Option<HeaderValue>,
    on_upgrade: OnUpgrade,
}

/// The status and message of the response to an invalid upgrade request.
#[derive(Debug)]
pub struct NoUpgrade(StatusCode, &'static str);

impl IntoResponse for NoUpgrade {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let mut response =
            Refusal::new(status, ApiError::new(ErrorCode::Invalid, message)).into_response();
        if status == StatusCode::UPGRADE_REQUIRED {
            let version = HeaderValue::from_static(VERSION);
            response
                .headers_mut()
                .insert(header::SEC_WEBSOCKET_VERSION, version);
        }
        response
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = NoUpgrade;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoUpgrade> {
        let refuse = |message| Err(NoUpgrade(StatusCode::BAD_REQUEST, message));
        let headers = &parts.headers;
        if parts.method != Method::GET {
            return refuse("a WebSocket begins with GET");
        }
        if !has_token(headers, header::CONNECTION, "upgrade")
            || !has_token(headers, header::UPGRADE, "websocket")
        {
            return refuse(
                "this is a WebSocket: Connection: Upgrade and Upgrade: websocket are missing",
            );
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION) != Some(&HeaderValue::from_static(VERSION)) {
            let message = "WebSockets are spoken here in version 13";
            return Err(NoUpgrade(StatusCode::UPGRADE_REQUIRED, message));
        }
        let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
            return refuse("Sec-WebSocket-Key is missing");
        };
        let accept = accept_key(key.as_bytes());
        let offered = tokens(headers, header::SEC_WEBSOCKET_PROTOCOL)
            .filter_map(|name| HeaderValue::from_str(name).ok())
            .collect();
        let Some(on_upgrade) = parts.extensions.remove::<OnUpgrade>() else {
            return refuse("this connection cannot become a WebSocket");
        };
        Ok(Self {
            accept,
            offered,
            selected: None,
            on_upgrade,
        })
    }
}

impl Upgrade {
    /// Subprotocols the client speaks, in its order of preference.
    pub fn offered(&self) -> &[HeaderValue] {
        &self.offered
    }

    /// Sets the subprotocol that the response names.
    pub fn select(&mut self, protocol: HeaderValue) {
        self.selected = Some(protocol);
    }

    /// Accepts the upgrade: returns the `101` response and, once it was sent, runs `talk` with the
    /// connection in a task of `tracker`, which logs within the current span. A client message longer than
    /// `max_message` bytes is a fault.
    pub fn accept<F>(
        self,
        max_message: usize,
        tracker: &TaskTracker,
        talk: impl FnOnce(WebSocket) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let on_upgrade = self.on_upgrade;
        // Boxed, so that what it captured is freed as soon as it was called.
        let talk = Box::new(talk);
        let task = async move {
            match on_upgrade
                .await
                .map(|upgraded| into_websocket(upgraded, max_message))
            {
                Ok(Some(socket)) => talk(socket).await,
                Ok(None) => tracing::error!("an upgraded connection is not TCP"),
                Err(error) => tracing::debug!(%error, "no upgrade"),
            }
        };
        tracker.spawn(task.in_current_span());
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&self.accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = self.selected {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        response
    }
}

/// Extracts the TCP connection from the HTTP connection and registers it with the runtime again: the old
/// registration keeps the HTTP connection's task, and its memory, alive.
fn into_websocket(upgraded: Upgraded, max_message: usize) -> Option<WebSocket> {
    let parts = upgraded
        .downcast::<TokioIo<WriteTimeout<TcpStream>>>()
        .ok()?;
    let stream = parts.io.into_inner().into_inner().into_std().ok()?;
    let (reader, writer) = TcpStream::from_std(stream).ok()?.into_split();
    let reader = Reader::new(reader, &parts.read_buf, max_message);
    Some((reader, Writer::new(writer)))
}

fn accept_key(key: &[u8]) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(key);
    sha1.update(ACCEPT_GUID);
    to_base64(&sha1.finalize())
}

/// The tokens of a comma-separated list that may span several headers.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

fn has_token(headers: &HeaderMap, name: HeaderName, wanted: &str) -> bool {
    tokens(headers, name).any(|token| token.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_key_matches_the_example_of_the_rfc() {
        assert_eq!(
            accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn tokens_of_several_headers_form_one_list() {
        let mut headers = HeaderMap::new();
        for value in ["keep-alive, ,Upgrade", "x"] {
            headers.append(header::CONNECTION, HeaderValue::from_static(value));
        }
        let all: Vec<_> = tokens(&headers, header::CONNECTION).collect();
        assert_eq!(all, ["keep-alive", "Upgrade", "x"]);
        assert!(has_token(&headers, header::CONNECTION, "upgrade"));
        assert!(!has_token(&headers, header::UPGRADE, "websocket"));
    }
}
