//! The transport to an engine: HTTP/1 over a local socket, TCP, TLS or SSH. Requests go in, responses come
//! out as they arrive; it retries and decodes nothing, and has no timeouts except for connecting.

use super::{
    access::Access,
    address::{Address, TcpAddress},
    refusal::{self, Refusal},
    ssh::Tunnel,
    tls,
};
use crate::server::instruments::EngineRequests;
use hyper::{
    Request, Response, StatusCode, Uri,
    body::{Body, Incoming},
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use std::{
    error::Error as StdError,
    fmt, io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use thiserror::Error;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// Timeout for name resolution, connecting and the TLS handshake together; a lost SYN is sent again after
/// one second and after three.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle time after which keep-alive probes are sent, so that a router does not drop a silent event stream,
/// and its loss is detected.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// The `Host` header on a local socket, where the name has no meaning.
const LOCAL_HOST: &str = "docker";

/// A client of one engine. Cheap to clone. Every request uses a connection of its own, as engines may close
/// an idle one at the moment when a request is sent; dropping the response, or the future of the request,
/// closes it.
#[derive(Clone)]
pub(super) struct Transport {
    route: Arc<Route>,
    /// Records the durations of requests, if set.
    requests: Option<EngineRequests>,
}

struct Route {
    address: Address,
    host: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// Set for an engine that is reached through SSH.
    tunnel: Option<Tunnel>,
    access: Access,
}

/// Why there is no response.
#[derive(Debug, Error)]
pub(super) enum TransportError {
    /// The engine cannot be reached, or its certificate is not trusted.
    #[error(transparent)]
    Connect(#[from] io::Error),
    /// The connection was lost, or the peer does not speak HTTP.
    #[error(transparent)]
    Http(#[from] hyper::Error),
    /// The request itself is malformed.
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    /// The engine answered with an error status.
    #[error("status {}: {}", .0.status, .0.message)]
    Refused(Refusal),
}

impl Transport {
    /// A client of the engine at `address`. For TLS, `certificates` is the folder that
    /// [`tls::client_config`] reads; it is read now.
    ///
    /// # Errors
    /// When the certificates cannot be used.
    pub(super) fn new(address: Address, certificates: Option<&Path>) -> io::Result<Self> {
        let (host, tls) = match &address {
            Address::Unix(_) | Address::Ssh(_) => (HeaderValue::from_static(LOCAL_HOST), None),
            Address::Tcp(tcp) => {
                let host = tcp.authority().parse().map_err(io::Error::other)?;
                let tls = tcp.tls.then(|| connector(tcp, certificates)).transpose()?;
                (host, tls)
            }
        };
        let tunnel = match &address {
            Address::Ssh(ssh) => Some(Tunnel::new(ssh.clone())),
            Address::Unix(_) | Address::Tcp(_) => None,
        };
        let route = Route {
            address,
            host,
            tls,
            tunnel,
            access: Access::default(),
        };
        Ok(Self {
            route: Arc::new(route),
            requests: None,
        })
    }

    /// Records the durations of requests in `requests`, if set.
    pub(super) fn timed_by(self, requests: Option<EngineRequests>) -> Self {
        Self { requests, ..self }
    }

    /// Prepares the first request: opens the tunnel of an engine that is reached through SSH.
    ///
    /// # Errors
    /// When the tunnel cannot be opened; the message is from `ssh`.
    pub(super) async fn open(&self) -> io::Result<()> {
        match &self.route.tunnel {
            Some(tunnel) => tunnel.open().await,
            None => Ok(()),
        }
    }

    /// The calls that were forbidden the last time.
    pub(super) fn access(&self) -> &Access {
        &self.route.access
    }

    /// Sends `request` and waits for the head of the response, which has a success status or 304 Not
    /// Modified. Of the request's address only path and query are used.
    ///
    /// # Errors
    /// When the engine cannot be reached within [`CONNECT_TIMEOUT`], disconnects, or answers with another
    /// status.
    pub(super) async fn request<B>(
        &self,
        request: Request<B>,
    ) -> Result<Response<Incoming>, TransportError>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let call = refusal::call(request.method(), request.uri());
        let began = Instant::now();
        let answer = self.answer(&call, request).await;
        if let Some(requests) = &self.requests {
            requests.answered(&call, began.elapsed());
        }
        answer
    }

    /// Records that reading the figures of all containers took `took`.
    pub(super) fn collected(&self, took: Duration) {
        if let Some(requests) = &self.requests {
            requests.collected(took);
        }
    }

    async fn answer<B>(
        &self,
        call: &str,
        request: Request<B>,
    ) -> Result<Response<Incoming>, TransportError>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let request = self.route.address_request(request)?;
        let stream = timeout(CONNECT_TIMEOUT, self.route.connect()).await;
        let stream = stream.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with the response, which has the error that breaks it"
        )]
        tokio::spawn(connection);
        let response = match sender.send_request(request).await {
            Ok(response) => response,
            Err(error) => return Err(self.route.explain(error).await),
        };
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            self.route.access.record(call, false);
            return Ok(response);
        }
        let refusal = Refusal::read(call, response).await;
        self.route.access.record(call, refusal.is_forbidden());
        Err(TransportError::Refused(refusal))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transport")
            .field(&self.route.address)
            .finish()
    }
}

/// A stream that can carry HTTP.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Route {
    /// The request as sent: with path and query only, and the engine's `Host` header.
    fn address_request<B>(&self, mut request: Request<B>) -> Result<Request<B>, TransportError> {
        let base_path = match &self.address {
            Address::Unix(_) | Address::Ssh(_) => "",
            Address::Tcp(tcp) => &tcp.base_path,
        };
        let path = request.uri().path_and_query();
        let path = path.map_or("/", |path| path.as_str());
        *request.uri_mut() = Uri::builder()
            .path_and_query(format!("{base_path}{path}"))
            .build()?;
        request.headers_mut().insert(HOST, self.host.clone());
        Ok(request)
    }

    /// Why a connection was lost: the reason from `ssh`, if it has one, or else `error`.
    async fn explain(&self, error: hyper::Error) -> TransportError {
        let refusal = match &self.tunnel {
            Some(tunnel) => tunnel.refusal().await,
            None => None,
        };
        refusal.map_or(TransportError::Http(error), TransportError::Connect)
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let tcp = match &self.address {
            Address::Unix(path) => return Ok(Box::new(UnixStream::connect(path).await?)),
            Address::Tcp(tcp) => dial(tcp).await?,
            Address::Ssh(_) => {
                let tunnel = self.tunnel.as_ref().ok_or(io::ErrorKind::NotConnected)?;
                return Ok(Box::new(tunnel.connect().await?));
            }
        };
        match &self.tls {
            None => Ok(Box::new(tcp)),
            Some((connector, name)) => Ok(Box::new(connector.connect(name.clone(), tcp).await?)),
        }
    }
}

fn connector(
    tcp: &TcpAddress,
    certificates: Option<&Path>,
) -> io::Result<(TlsConnector, ServerName<'static>)> {
    let name = ServerName::try_from(tcp.host.clone()).map_err(io::Error::other)?;
    let config = tls::client_config(certificates)?;
    Ok((TlsConnector::from(Arc::new(config)), name))
}

/// Tries the addresses of a name one after the other, with an equal share of the timeout each.
async fn dial(tcp: &TcpAddress) -> io::Result<TcpStream> {
    let addresses: Vec<_> = lookup_host((tcp.host.as_str(), tcp.port)).await?.collect();
    let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut result = Err(io::Error::from(io::ErrorKind::NotFound));
    for address in addresses {
        let connected = timeout(CONNECT_TIMEOUT / count, TcpStream::connect(address)).await;
        result = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if result.is_ok() {
            break;
        }
    }
    let stream = result?;
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE);
    SockRef::from(&stream).set_tcp_keepalive(&keep_alive)?;
    Ok(stream)
}

impl From<TransportError> for bollard::errors::Error {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Connect(error) => error.into(),
            TransportError::Http(error) => error.into(),
            TransportError::Request(error) => error.into(),
            TransportError::Refused(refusal) => Self::DockerResponseServerError {
                status_code: refusal.status,
                message: refusal.message,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, UnixListener},
    };

    /// Reads one request and answers it; returns its head and the rest of the connection's bytes.
    async fn answer(mut stream: impl Stream, response: &str) -> (String, Vec<u8>) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(response.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        (String::from_utf8(head).unwrap().to_lowercase(), rest)
    }

    fn transport(address: &str) -> Transport {
        Transport::new(Address::parse(address, false).unwrap(), None).unwrap()
    }

    fn get(path: &str) -> Request<String> {
        Request::get(path).body(String::new()).unwrap()
    }

    #[tokio::test]
    async fn a_request_to_a_socket_has_path_and_query_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("docker.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let server = async {
            answer(
                listener.accept().await.unwrap().0,
                "HTTP/1.1 204 OK\r\n\r\n",
            )
            .await
        };
        let transport = transport(&format!("unix://{}", path.display()));
        let client = transport.request(get("http://engine/containers/json?all=true"));
        let ((head, _), response) = tokio::join!(server, client);
        assert_eq!(response.unwrap().status(), 204);
        assert!(
            head.starts_with("get /containers/json?all=true http/1.1\r\n"),
            "{head}"
        );
        assert!(head.contains("host: docker\r\n"), "{head}");
    }

    #[tokio::test]
    async fn the_address_s_path_precedes_every_path_and_dropping_a_response_disconnects() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n";
        let server = async { answer(listener.accept().await.unwrap().0, endless).await };
        let transport = transport(&format!("tcp://{authority}/engine/"));
        let client = async { drop(transport.request(get("/events")).await.unwrap()) };
        let ((head, rest), ()) = tokio::join!(server, client);
        assert!(
            head.starts_with("get /engine/events http/1.1\r\n"),
            "{head}"
        );
        assert!(head.contains(&format!("host: {authority}\r\n")), "{head}");
        assert!(rest.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_tls_handshake_without_an_answer_times_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let transport = transport(&format!("https://127.0.0.1:{port}"));
        let error = transport.request(get("/_ping")).await.unwrap_err();
        let TransportError::Connect(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
