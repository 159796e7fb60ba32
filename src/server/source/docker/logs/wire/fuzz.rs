//! Fuzzing of the HTTP of an engine: the same bytes are the same body in whatever pieces they arrive, and a
//! body in chunks is what was put into them.

use super::{super::super::super::EngineError, Phase, Response, Socket};
use crate::fuzz::{Choices, cut, fuzz};
use bytes::BytesMut;
use std::mem::{Discriminant, discriminant};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const PLAIN: &str = "HTTP/1.1 200 OK\r\nServer: Libpod/5.0\r\n\r\n";
const FAILED: &str = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n";

/// How a response ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The body is complete.
    Complete,
    /// The engine has disconnected too early.
    Early,
    Failed(Discriminant<EngineError>),
}

/// The body of a response in `pieces`, after which the engine disconnects.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, bool, End) {
    let mut response = Response {
        socket: Socket::Lost,
        wire: BytesMut::new(),
        phase: Phase::Head,
        is_drained: false,
        is_podman: false,
    };
    let mut body = BytesMut::new();
    let end = [&b""[..]];
    let pieces = pieces.into_iter().filter(|piece| !piece.is_empty());
    for piece in pieces.chain(end) {
        response.wire.extend_from_slice(piece);
        if let Err(error) = response.parse_available(&mut body, piece.is_empty()) {
            let end = End::Failed(discriminant(&error));
            return (body.to_vec(), response.is_podman, end);
        }
    }
    let end = match response.phase {
        Phase::End | Phase::Plain => End::Complete,
        _ => End::Early,
    };
    (body.to_vec(), response.is_podman, end)
}

/// `body` in chunks, each with one of the forms that HTTP allows.
fn in_chunks(choices: &mut Choices<'_>, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in cut(body, &choices.lengths()) {
        if chunk.is_empty() {
            continue;
        }
        let length = chunk.len();
        let size = match choices.below(5) {
            0 => format!("{length:X}"),
            1 => format!("000{length:x}"),
            2 => format!("{length:x};name=value"),
            3 => format!("{length:x} "),
            _ => format!("{length:x}"),
        };
        bytes.extend(size.bytes());
        bytes.extend(b"\r\n");
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(choices.pick(&[
        &b"0\r\n\r\n"[..],
        b"0\r\nTrailer: x\r\n\r\n",
        b"000\r\n\r\n",
    ]));
    bytes
}

#[test]
fn http_bodies() {
    let seeds = [
        format!("\0\0{CHUNKED}3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"),
        format!("\0\x01\x02{PLAIN}abc0123456789"),
        format!("\0\x02\x01\x04{FAILED}1c\r\n{{\"message\":\"is not running\"}}\r\n0\r\n\r\n"),
        format!("\0\0{CHUNKED}ffffffffffffffff\r\nabc\r\n"),
        "\0\0HTTP/1.0 401 \r\n\r\n".to_owned(),
        "\x01\x02\x03\x05the body\x01\x04\0\x01\x02\x03".to_owned(),
    ];
    let seeds = seeds.each_ref().map(String::as_bytes);
    fuzz("http_bodies", &seeds, |choices| {
        let is_made_of_chunks = choices.flag();
        let lengths = choices.lengths();
        if is_made_of_chunks {
            let body: Vec<u8> = choices
                .list(20, |choices| choices.bytes().to_vec())
                .concat();
            let chunks = in_chunks(choices, &body);
            let (head, chunks) = match choices.flag() {
                true => (CHUNKED, chunks),
                false => (PLAIN, body.clone()),
            };
            let response = [head.as_bytes(), &chunks].concat();
            let is_podman = head == PLAIN;
            let expected = (body, is_podman, End::Complete);
            assert_eq!(read(cut(&response, &lengths)), expected);
        } else {
            let bytes = choices.rest();
            assert_eq!(read(cut(bytes, &lengths)), read([bytes]), "{lengths:?}");
        }
    });
}
