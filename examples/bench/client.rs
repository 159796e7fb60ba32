//! A minimal WebSocket client, so that the load generator uses little CPU time itself.

use crate::{Failure, accounts::User};
use bytes::{Buf, Bytes, BytesMut};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

/// The request that opens a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) path: &'static str,
    pub(crate) protocol: Option<&'static str>,
    /// The user who is signed in; `None` for a server without sign-in.
    pub(crate) user: Option<&'a User>,
}

/// The WebSocket that the pages of Deckwatch open.
pub(crate) const BINARY: Opening<'static> = Opening {
    path: "/api/ws",
    protocol: Some(deckwatch::protocol::SUBPROTOCOL_BINARY),
    user: None,
};

/// Opcode of a text frame.
pub(crate) const TEXT: u8 = 1;
/// Opcode of a binary frame.
const DATA: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    buffer: BytesMut,
    /// Bytes received since the connection was opened, including the response and frame headers.
    pub(crate) received: u64,
}

impl Client {
    pub(crate) async fn connect(
        address: SocketAddr,
        opening: Opening<'_>,
    ) -> Result<Self, Failure> {
        let socket = TcpSocket::new_v4()?;
        if let Some(user) = opening.user {
            socket.bind((user.address, 0).into())?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Self {
            stream,
            buffer: BytesMut::new(),
            received: 0,
        };
        let protocol = opening
            .protocol
            .map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let user = opening.user.map(|user| {
            let cookie = &user.cookie;
            format!("Origin: http://{address}\r\nCookie: {cookie}\r\n")
        });
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{}{}\r\n",
            opening.path,
            protocol.unwrap_or_default(),
            user.unwrap_or_default()
        );
        client.stream.write_all(request.as_bytes()).await?;
        loop {
            let head = client
                .buffer
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            if let Some(end) = head {
                let head = client.buffer.split_to(end + 4);
                if !head.starts_with(b"HTTP/1.1 101") {
                    return Err(String::from_utf8_lossy(&head).into_owned().into());
                }
                return Ok(client);
            }
            client.fill().await?;
        }
    }

    /// The payload of the next data frame. Pings are answered; a close frame is an error.
    pub(crate) async fn next(&mut self) -> Result<Bytes, Failure> {
        loop {
            let Some((opcode, payload)) = self.frame() else {
                self.fill().await?;
                continue;
            };
            match opcode {
                TEXT | DATA => return Ok(payload),
                PING => self.send(PONG, &payload).await?,
                CLOSE => return Err(format!("closed: {payload:?}").into()),
                _ => {}
            }
        }
    }

    /// Sends a message in the binary encoding.
    pub(crate) async fn say(
        &mut self,
        message: &impl deckwatch::protocol::codec::Wire,
    ) -> Result<(), Failure> {
        self.send(DATA, &deckwatch::protocol::codec::encode(message))
            .await
    }

    /// Sends a frame of at most 125 bytes with a masking key of zero.
    pub(crate) async fn send(&mut self, opcode: u8, payload: &[u8]) -> Result<(), Failure> {
        let length = u8::try_from(payload.len())
            .ok()
            .filter(|length| *length < 126)
            .ok_or("too long")?;
        let mut frame = vec![0x80 | opcode, 0x80 | length, 0, 0, 0, 0];
        frame.extend_from_slice(payload);
        Ok(self.stream.write_all(&frame).await?)
    }

    async fn fill(&mut self) -> Result<(), Failure> {
        self.buffer.reserve(4096);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the connection ended".into()),
            n => {
                self.received += n as u64;
                Ok(())
            }
        }
    }

    /// Takes the first frame from the buffer; `None` while it is incomplete.
    fn frame(&mut self) -> Option<(u8, Bytes)> {
        let mut rest = &self.buffer[..];
        let before = rest.remaining();
        let opcode = rest.try_get_u8().ok()?;
        let length = match rest.try_get_u8().ok()? {
            126 => usize::from(rest.try_get_u16().ok()?),
            127 => usize::try_from(rest.try_get_u64().ok()?).ok()?,
            short => usize::from(short),
        };
        let head = before - rest.remaining();
        if rest.remaining() < length {
            return None;
        }
        self.buffer.advance(head);
        Some((opcode & 0x0f, self.buffer.split_to(length).freeze()))
    }
}
