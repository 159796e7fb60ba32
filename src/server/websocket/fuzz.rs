//! Fuzzing of the reader: tungstenite, an independent decoder, must receive the same messages of the same
//! bytes, and end for the same reason.

use super::{Fault, Incoming, Reader};
use crate::fuzz::{Choices, cut, fuzz};
use futures::FutureExt;
use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_tungstenite::tungstenite::{
    Error, Message, WebSocket,
    error::ProtocolError,
    protocol::{Role, WebSocketConfig, frame::coding::CloseCode},
};

/// Longest message of these tests.
const MAX: usize = 300;
/// Longest header of a client's frame.
const MAX_HEAD: usize = 14;
/// Most frames per input, and most bytes of an input that is not made of frames: fewer empty fragments than
/// the reader accepts, because tungstenite has no such limit.
const MAX_FRAMES: usize = 60;
const MAX_RAW: usize = MAX_FRAMES * 6;

/// A connection on which the client has sent `pieces`, and then disconnected.
struct Pieces<'a>(VecDeque<&'a [u8]>);

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(piece) = self.0.front_mut() {
            let (now, later) = piece.split_at(piece.len().min(to.remaining()));
            to.put_slice(now);
            *piece = later;
            if later.is_empty() {
                self.0.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The messages and the end that our reader receives.
fn ours(bytes: &[u8], lengths: &[usize]) -> (Vec<Incoming>, Fault) {
    // Some bytes may have been read with the request.
    let mut pieces = VecDeque::from(cut(bytes, lengths));
    let early = if lengths.len() % 2 == 1 {
        pieces.pop_front().unwrap_or_default()
    } else {
        b""
    };
    let mut reader = Reader::new(Pieces(pieces), early, MAX);
    let mut messages = Vec::new();
    loop {
        match reader.receive().now_or_never().unwrap() {
            Ok(message) => messages.push(message),
            Err(fault) => {
                let again = reader.receive().now_or_never().unwrap();
                assert_eq!(again, Err(fault), "the end is final");
                return (messages, fault);
            }
        }
    }
}

/// Bytes to read, followed by the end; what is written is dropped.
struct Reference<R>(R);

impl<R: Read> Read for Reference<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.0.read(to)
    }
}

impl<R> Write for Reference<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The messages and the end that tungstenite receives.
fn theirs(bytes: impl Read) -> (Vec<Incoming>, Fault) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX))
        .max_frame_size(Some(MAX))
        .read_buffer_size(MAX);
    let mut socket = WebSocket::from_raw_socket(Reference(bytes), Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        let message = match socket.read() {
            Ok(Message::Text(text)) => Incoming::Text(text.as_str().into()),
            Ok(Message::Binary(bytes)) => Incoming::Binary(bytes),
            Ok(Message::Ping(bytes)) => Incoming::Ping(bytes),
            Ok(Message::Pong(_)) => Incoming::Pong,
            // It answers a forbidden code with 1002 instead of an error.
            Ok(Message::Close(Some(frame)))
                if frame.code == CloseCode::Protocol && frame.reason == "Protocol violation" =>
            {
                return (messages, Fault::Protocol);
            }
            Ok(Message::Close(frame)) => {
                messages.push(Incoming::Close(frame.map(|frame| frame.code.into())));
                return (messages, Fault::Gone);
            }
            Ok(Message::Frame(_)) => unreachable!("only for writing"),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return (messages, Fault::Gone);
            }
            Err(Error::Protocol(_)) => return (messages, Fault::Protocol),
            Err(Error::Utf8(_)) => return (messages, Fault::NotUtf8),
            Err(Error::Capacity(_)) => return (messages, Fault::TooBig),
            Err(error) => panic!("{error}"),
        };
        messages.push(message);
    }
}

/// Whether one frame may have both faults, of which each decoder reports the one that it checks first.
fn are_both_in_one_frame(ours: Fault, theirs: Fault) -> bool {
    // A control frame or a frame without a mask is too long as well; the reason of a close frame with a
    // forbidden code is not UTF-8 as well.
    matches!(
        (ours, theirs),
        (Fault::Protocol, Fault::TooBig | Fault::NotUtf8)
    )
}

/// Whether `bytes` has a close frame with 1014 as a registered code, which tungstenite does not know.
fn is_bad_gateway(messages: &[Incoming]) -> bool {
    messages.last() == Some(&Incoming::Close(Some(1014)))
}

fn check(bytes: &[u8], lengths: &[usize]) {
    let (messages, fault) = ours(bytes, lengths);
    assert_eq!(ours(bytes, &[]), (messages.clone(), fault), "in one piece");
    let (expected, mut end) = theirs(bytes);
    if is_bad_gateway(&messages) && end == Fault::Protocol {
        return;
    }
    assert_eq!(messages, expected, "{fault:?} {end:?}");
    if end == Fault::Gone && fault != Fault::Gone {
        // Ours fails as early as possible, theirs once the frame is complete.
        end = theirs(bytes.chain(io::repeat(0).take((MAX + MAX_HEAD) as u64))).1;
        assert_ne!(end, Fault::Gone);
    }
    assert!(
        fault == end || are_both_in_one_frame(fault, end),
        "{fault:?} instead of {end:?}"
    );
}

/// Appends a frame, usually a valid one.
fn frame(choices: &mut Choices<'_>, bytes: &mut Vec<u8>) {
    let is_odd = choices.byte() > 250;
    let opcode = choices.pick(&[1, 2, 0, 0, 8, 9, 10]);
    let first = if is_odd {
        choices.byte()
    } else {
        opcode
            | if opcode >= 8 || choices.flag() {
                0x80
            } else {
                0
            }
    };
    let payload = payload(choices, opcode);
    let is_masked = !(is_odd && choices.flag());
    let mask = if is_masked { 0x80 } else { 0 };
    bytes.push(first);
    match (payload.len(), choices.byte()) {
        (length @ ..126, ..250) => bytes.push(mask | length as u8),
        (length, ..253) => {
            bytes.push(mask | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        (length, _) => {
            bytes.push(mask | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    let mask = [choices.byte(), choices.byte(), choices.byte(), 0x5a];
    if is_masked {
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
    } else {
        bytes.extend(payload);
    }
}

fn payload(choices: &mut Choices<'_>, opcode: u8) -> Vec<u8> {
    let code = choices.pick(&[
        1000_u16, 1001, 1004, 1005, 1014, 1015, 2999, 3000, 4999, 5000,
    ]);
    let text = choices.pick(&["", "a", "é", "한국어", "\u{1f980}", "tschüß"]);
    match (opcode, choices.byte()) {
        (8, 1..) => [&code.to_be_bytes()[..], text.as_bytes()].concat(),
        // Parts of characters.
        (_, 1..100) => text.as_bytes()[choices.below(text.len() + 1)..].to_vec(),
        (_, 100..150) => text.as_bytes()[..choices.below(text.len() + 1)].to_vec(),
        (_, 150..160) => vec![b'x'; choices.below(2 * MAX)],
        _ => choices.bytes().to_vec(),
    }
}

#[test]
fn frames() {
    let seeds: [&[u8]; 6] = [
        b"\0\0\x81\x85\x12\x34\x56\x78zQ:\x14}",
        b"\0\x02\x01\x03\x01\x82\0\0\0\0\xed\x95\x80\x81\0\0\0\0\x9c\x88\x82\0\0\0\0\x03\xe8",
        b"\0\0\x89\x80\x01\x02\x03\x04\x8a\x80\0\0\0\0\x82\xfe\0\x7e\0\0\0\0",
        b"\0\0\x82\xff\0\0\0\0\0\0\0\x05\0\0\0\0hello",
        b"\x01\x01\x04\0\x01\x01\0\x05hello\0\0\0\0\0\0\x02\x03\0\x05world",
        b"\x01\0\0\x04\x01\x02\x01\0\0\0\0\0\0",
    ];
    fuzz("frames", &seeds, |choices| {
        let is_made_of_frames = choices.flag();
        let lengths = choices.lengths();
        let mut bytes = Vec::new();
        if is_made_of_frames {
            for _ in 0..MAX_FRAMES {
                if choices.is_over() {
                    break;
                }
                frame(choices, &mut bytes);
            }
        } else {
            bytes.extend(choices.rest().iter().take(MAX_RAW));
        }
        check(&bytes, &lengths);
    });
}

mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_reference_tells_messages_and_faults_apart() {
        let text = b"\x81\x81\0\0\0\0x";
        let received = (vec![Incoming::Text("x".into())], Fault::Gone);
        assert_eq!(theirs(&text[..]), received);
        assert_eq!(ours(text, &[1]), received);
        let binary = b"\x82\x81\0\0\0\0x";
        let expected = Incoming::Binary(Bytes::from_static(b"x"));
        assert_eq!(theirs(&binary[..]), (vec![expected], Fault::Gone));
        for (bytes, fault) in [
            (&b"\x81\x81\0\0\0\0\xff"[..], Fault::NotUtf8),
            (b"\x81\x01x", Fault::Protocol),
            (b"\x82\xfe\x01\x2d\0\0\0\0", Fault::TooBig),
            (b"\x88\x82\0\0\0\0\x03\xed", Fault::Protocol),
        ] {
            assert_eq!(theirs(bytes), (vec![], fault), "{bytes:?}");
            assert_eq!(ours(bytes, &[2]), (vec![], fault), "{bytes:?}");
        }
    }
}
