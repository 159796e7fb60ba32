//! Opens sockets from the address of a user.

use crate::{
    Failure,
    api::ANSWER,
    user::{Session, User},
};
use std::net::SocketAddr;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{client::IntoClientRequest, http::HeaderValue},
};

/// Bytes that the kernel buffers for a client: little, so that a client that does not read is soon noticed.
const BUFFER: u32 = 64 * 1024;

/// A socket in the JSON form.
pub(crate) type Socket = WebSocketStream<TcpStream>;

/// Opens a socket of `user` with the cookie of `session`.
pub(crate) async fn connect(
    server: SocketAddr,
    user: &User,
    session: &Session,
) -> Result<Socket, Failure> {
    let open = async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(BUFFER)?;
        socket.bind((user.address, 0).into())?;
        let stream = socket.connect(server).await?;
        let mut request = format!("ws://{server}/api/ws").into_client_request()?;
        let headers = request.headers_mut();
        let origin = HeaderValue::from_str(&format!("http://{server}"))?;
        headers.insert("origin", origin);
        headers.insert("cookie", HeaderValue::from_str(&session.cookie)?);
        let (socket, _) = client_async(request, stream).await?;
        Ok(socket)
    };
    timeout(ANSWER, open).await?
}
