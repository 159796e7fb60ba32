//! The HTTP client for the provider. It follows no redirections, and bounds the time and the size of each
//! answer, so that a provider that fails cannot exhaust this server.

use crate::server::config::is_protected;
use axum::body::Body;
use bytes::Bytes;
use http_body::Body as _;
use hyper::{
    Request, Response, Uri,
    body::Incoming,
    client::conn::http1,
    header::{HOST, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, url::Url};
use std::{
    fmt,
    future::{Future, pending, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    sync::OnceCell,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

/// Time for a request with its answer: a browser waits for it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for connecting to one address of the provider; others are tried after it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Most bytes of an answer. Keys and metadata take some 10 KiB, tokens with many groups twice that.
const MAX_ANSWER: usize = 256 << 10;
/// The name of this client in the logs of the provider.
const NAME: HeaderValue = HeaderValue::from_static("deckwatch");

/// Why there is no answer.
#[derive(Debug, Error)]
pub(super) enum HttpError {
    /// The URL is not HTTPS, and the issuer is not an HTTP URL on this machine.
    #[error("{0} is not https://")]
    Unprotected(String),
    /// The provider cannot be reached, or its certificate is not trusted.
    #[error("cannot connect to {0}")]
    Connect(String, #[source] io::Error),
    /// The connection was lost, or the peer does not speak HTTP.
    #[error("no answer from {0}")]
    Http(String, #[source] hyper::Error),
    /// The answer did not arrive in time.
    #[error("no answer from {endpoint} within {} seconds", REQUEST_TIMEOUT.as_secs())]
    TimedOut { endpoint: String },
    /// The answer is too long.
    #[error("the answer from {0} is far too long")]
    TooLong(String),
}

/// A client. Every request has a connection of its own: sign-ins are rare. A handle: clones share the
/// trusted certificates.
#[derive(Clone)]
pub(super) struct HttpClient {
    /// Whether requests over HTTP to this machine are allowed.
    allows_http: bool,
    /// The TLS configuration, made at the first use: reading the certificates takes a while.
    tls: Arc<OnceCell<TlsConnector>>,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let endpoint = endpoint(request.uri());
            let answer = timeout(REQUEST_TIMEOUT, self.answer(&endpoint, request)).await;
            answer.unwrap_or(Err(HttpError::TimedOut { endpoint }))
        })
    }
}

/// A stream that can carry HTTP.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl HttpClient {
    /// A client for the provider `issuer`. Only a provider on this machine that is used over HTTP may have
    /// endpoints over HTTP: otherwise the metadata of a remote one could lead requests to other services here.
    pub(super) fn new(issuer: &str) -> Self {
        Self {
            allows_http: issuer.starts_with("http://"),
            tls: Arc::default(),
        }
    }

    async fn answer(
        &self,
        endpoint: &str,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        let url = Url::parse(&request.uri().to_string()).ok();
        let is_allowed = |url: &Url| self.allows_http || url.scheme() == "https";
        let url = url.filter(is_protected).filter(is_allowed);
        let url = url.ok_or_else(|| HttpError::Unprotected(endpoint.to_owned()))?;
        let stream = self.connect(&url).await;
        let stream = stream.map_err(|error| HttpError::Connect(endpoint.to_owned(), error))?;
        let lost = |error| HttpError::Http(endpoint.to_owned(), error);
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(lost)?;
        let exchange = async {
            let response = sender
                .send_request(addressed(request))
                .await
                .map_err(lost)?;
            let (head, body) = response.into_parts();
            let body = read(body, endpoint).await?;
            Ok(Response::from_parts(head, body))
        };
        // Driven beside the exchange, and dropped with it. If it ends first, the exchange returns its error.
        let driven = async {
            let _ = connection.await;
            pending().await
        };
        tokio::select! {
            answer = exchange => answer,
            answer = driven => answer,
        }
    }

    async fn connect(&self, url: &Url) -> io::Result<Box<dyn Stream>> {
        let host = url.host_str().ok_or(io::ErrorKind::InvalidInput)?;
        let port = url.port_or_known_default();
        let port = port.ok_or(io::ErrorKind::InvalidInput)?;
        // An IPv6 address is in brackets in a URL only.
        let host = host.trim_matches(['[', ']']);
        let is_https = url.scheme() == "https";
        let addresses: Vec<_> = lookup_host((host, port)).await?.collect();
        let allowed = |address: &SocketAddr| is_https || address.ip().is_loopback();
        let stream = dial(addresses.into_iter().filter(allowed)).await?;
        if !is_https {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let tls = self.tls.get_or_try_init(connector).await?;
        Ok(Box::new(tls.connect(name, stream).await?))
    }
}

async fn dial(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let mut result = Err(io::Error::from(io::ErrorKind::NotFound));
    for address in addresses {
        let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
        result = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if result.is_ok() {
            break;
        }
    }
    result
}

/// A connector that trusts the authorities of this machine; `SSL_CERT_FILE` names others.
async fn connector() -> io::Result<TlsConnector> {
    let loaded = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    let mut roots = RootCertStore::empty();
    // Unreadable certificates are skipped.
    roots.add_parsable_certificates(loaded.map_err(io::Error::other)?.certs);
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The request as sent: with path and query only, and the headers of every request.
fn addressed(request: HttpRequest) -> Request<Body> {
    let mut request = request.map(Body::from);
    let authority = request.uri().authority().map(|name| name.as_str());
    let host = authority.and_then(|name| HeaderValue::from_str(name).ok());
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, NAME);
    if let Some(host) = host {
        headers.insert(HOST, host);
    }
    request
}

async fn read(body: Incoming, endpoint: &str) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| HttpError::Http(endpoint.to_owned(), error))?;
        let data: Bytes = frame.into_data().unwrap_or_default();
        if bytes.len() + data.len() > MAX_ANSWER {
            return Err(HttpError::TooLong(endpoint.to_owned()));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// The URL without its query, for messages.
fn endpoint(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |name| name.as_str());
    let scheme = uri.scheme_str().unwrap_or_default();
    format!("{scheme}://{authority}{}", uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_an_issuer_with_http_leads_to_http_on_this_machine() {
        let request = Request::get("http://127.0.0.1:1/keys").body(Vec::new());
        let request: HttpRequest = request.unwrap();
        for (issuer, is_refused) in [
            ("https://id.example.com", true),
            ("http://127.0.0.1:1", false),
        ] {
            let client = HttpClient::new(issuer);
            let error = client.call(request.clone()).await.unwrap_err();
            let is_unprotected = matches!(error, HttpError::Unprotected(_));
            assert_eq!(is_unprotected, is_refused, "{issuer}: {error}");
        }
    }
}
