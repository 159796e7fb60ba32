//! Many connections at once, from different addresses.

use super::PATIENCE;
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// Raises the limit of open files of this process to the maximum.
pub(crate) fn allow_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum;
    setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
}

/// Connects to `server` from `127.0.0.{last}`.
pub(crate) async fn connect_from(last: u8, server: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
    socket.connect(server).await
}

/// Opens `n` connections from `127.0.0.{last}` and sends `bytes` on each that is accepted; they stay open.
pub(crate) async fn hold(n: usize, last: u8, server: SocketAddr, bytes: &[u8]) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..n {
        // Connections beyond the backlog stay pending in the kernel.
        let connecting = timeout(Duration::from_millis(200), connect_from(last, server));
        if let Ok(Ok(mut stream)) = connecting.await {
            let _ = stream.write_all(bytes).await;
            held.push(stream);
        }
    }
    held
}

/// The response, head and body, to `request` from `127.0.0.{last}`, sent as it is on a separate connection.
pub(crate) async fn ask_from(last: u8, server: SocketAddr, request: &[u8]) -> String {
    let exchange = async {
        let mut stream = connect_from(last, server).await.unwrap();
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    timeout(PATIENCE, exchange).await.expect("no answer")
}
