//! The rules of RFC 6455, each checked on an in-memory stream.

use super::{CloseFrame, Fault, Incoming, Message, Reader, Writer, assembly::Assembly, close};
use crate::server::instruments::Instruments;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex};

/// Longest message of these tests.
const MAX: usize = 64 * 1024;
/// Capacity of the stream in bytes: less than a long message.
const PIPE: usize = 1_000;

const FIN: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut frame = vec![first];
    match payload.len() {
        short @ ..126 => frame.push(FIN | short as u8),
        middle @ ..65_536 => {
            frame.push(FIN | 126);
            frame.extend((middle as u16).to_be_bytes());
        }
        long => {
            frame.push(FIN | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
    frame
}

/// The messages and the final fault that these bytes yield; checks that it is the same for every chunk
/// size.
async fn receive(bytes: &[u8]) -> (Vec<Incoming>, Fault) {
    let mut first = None;
    for cut in [1, 2, 7, 4_096, usize::MAX] {
        let (ours, mut theirs) = duplex(PIPE);
        let mut reader = Reader::new(ours, &[], MAX);
        let server = async move {
            let mut received = Vec::new();
            loop {
                match reader.receive().await {
                    Ok(one) => received.push(one),
                    Err(fault) => return (received, fault),
                }
            }
        };
        let client = async {
            for chunk in bytes.chunks(cut.min(bytes.len().max(1))) {
                // The server may already have ended with a fault.
                if theirs.write_all(chunk).await.is_err() {
                    break;
                }
            }
            drop(theirs);
        };
        let (received, ()) = tokio::join!(server, client);
        let first = first.get_or_insert_with(|| received.clone());
        assert_eq!(*first, received, "cut into {cut}");
    }
    first.unwrap()
}

fn text(text: &str) -> Incoming {
    Incoming::Text(text.to_owned().into())
}

#[tokio::test]
async fn unfragmented_messages_of_every_length_are_received() {
    for length in [0, 1, 125, 126, 127, 65_535, MAX] {
        let payload = vec![b'x'; length];
        let bytes = [frame(FIN | TEXT, &payload), frame(FIN | BINARY, &payload)].concat();
        let (received, _) = receive(&bytes).await;
        let expected = [text(&"x".repeat(length)), Incoming::Binary(payload.into())];
        assert_eq!(received, expected, "{length}");
    }
}

#[tokio::test]
async fn fragments_form_one_message_and_control_frames_may_come_between_them() {
    let bytes = [
        frame(TEXT, b"one "),
        frame(0, b"two "),
        frame(FIN | PING, b"there?"),
        frame(FIN | PONG, b""),
        frame(FIN, b"three"),
        frame(BINARY, b""),
        frame(FIN, b"4"),
    ]
    .concat();
    let (received, end) = receive(&bytes).await;
    let expected = [
        Incoming::Ping(Bytes::from_static(b"there?")),
        Incoming::Pong,
        text("one two three"),
        Incoming::Binary(Bytes::from_static(b"4")),
    ];
    assert_eq!((received.as_slice(), end), (&expected[..], Fault::Gone));
}

#[tokio::test]
async fn a_character_may_span_fragments_but_a_text_must_be_valid_utf8() {
    let bytes = [frame(TEXT, &[0xed, 0x95]), frame(FIN, &[0x9c])].concat();
    assert_eq!(receive(&bytes).await.0, [text("한")]);
    for bytes in [
        frame(FIN | TEXT, &[0xff]),
        [frame(TEXT, &[0xed, 0x95]), frame(FIN, b"")].concat(),
        frame(FIN | CLOSE, &[0x03, 0xe8, 0xff]),
    ] {
        assert_eq!(receive(&bytes).await, (vec![], Fault::NotUtf8));
    }
}

/// The index of the piece after which an assembly failed, and the fault.
fn failed_after(pieces: &[Vec<u8>]) -> Option<(usize, Fault)> {
    let mut assembly = Assembly::new(MAX);
    pieces.iter().enumerate().find_map(|(at, piece)| {
        assembly.push(piece);
        loop {
            match assembly.next() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(fault) => return Some((at, fault)),
            }
        }
    })
}

/// The text of the Autobahn suite's cases 6.4: valid, then one character beyond Unicode, then valid.
const AUTOBAHN: [&[u8]; 3] = [
    "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}".as_bytes(),
    &[0xf4, 0x90, 0x80, 0x80],
    b"edited",
];

#[test]
fn an_invalid_fragment_of_a_text_fails_before_the_next_fragment_arrives() {
    // 6.4.1: the middle part is wrong as a whole.
    let [before, bad, after] = AUTOBAHN;
    let parts = [frame(TEXT, before), frame(0, bad), frame(FIN, after)];
    assert_eq!(failed_after(&parts), Some((1, Fault::NotUtf8)));
    // 6.4.2: the wrong character is cut, its second byte cannot follow the first.
    let parts = [
        frame(TEXT, &[before, &bad[..1]].concat()),
        frame(0, &bad[1..]),
        frame(FIN, after),
    ];
    assert_eq!(failed_after(&parts), Some((1, Fault::NotUtf8)));
}

#[test]
fn an_invalid_byte_of_a_text_fails_before_the_rest_of_its_frame_arrives() {
    // 6.4.3 and 6.4.4: one frame, sent in three pieces.
    let [before, bad, after] = AUTOBAHN;
    let whole = frame(FIN | TEXT, &[before, bad, after].concat());
    let head = whole.len() - before.len() - bad.len() - after.len();
    for (first, second) in [(0, bad.len()), (1, 2)] {
        let (first, second) = (head + before.len() + first, head + before.len() + second);
        let pieces = [
            whole[..first].to_vec(),
            whole[first..second].to_vec(),
            whole[second..].to_vec(),
        ];
        assert_eq!(failed_after(&pieces), Some((1, Fault::NotUtf8)));
    }
    let fine = frame(FIN | TEXT, &[before, after].concat());
    let pieces: Vec<_> = fine.iter().map(|byte| vec![*byte]).collect();
    assert_eq!(failed_after(&pieces), None);
}

#[tokio::test]
async fn binary_messages_are_not_checked_for_utf8() {
    let [before, bad, _] = AUTOBAHN;
    let bytes = [frame(BINARY, before), frame(FIN, bad)].concat();
    let whole = [before, bad].concat();
    assert_eq!(receive(&bytes).await.0, [Incoming::Binary(whole.into())]);
}

#[tokio::test]
async fn more_than_64_empty_fragments_are_a_protocol_fault() {
    let flood = |n: usize| {
        let mut bytes = frame(TEXT, b"x");
        (0..n).for_each(|_| bytes.extend(frame(0, b"")));
        bytes.extend(frame(FIN, b"y"));
        bytes
    };
    let few = [flood(64), flood(64)].concat();
    assert_eq!(receive(&few).await.0, [text("xy"), text("xy")]);
    assert_eq!(receive(&flood(65)).await, (vec![], Fault::Protocol));
}

#[tokio::test]
async fn protocol_violations_end_the_connection() {
    let long = [b'x'; 126];
    let not_masked = vec![FIN | TEXT, 1, b'x'];
    let cases = [
        ("not masked", not_masked),
        ("extension 1", frame(FIN | 0x40 | TEXT, b"x")),
        ("extension 2", frame(FIN | 0x20 | TEXT, b"x")),
        ("extension 3", frame(FIN | 0x10 | TEXT, b"x")),
        ("unknown kind 3", frame(FIN | 3, b"x")),
        ("unknown kind 7", frame(FIN | 7, b"x")),
        ("unknown kind 11", frame(FIN | 11, b"x")),
        ("unknown kind 15", frame(FIN | 15, b"x")),
        ("ping in parts", frame(PING, b"x")),
        ("close in parts", frame(CLOSE, b"")),
        ("long ping", frame(FIN | PING, &long)),
        ("long pong", frame(FIN | PONG, &long)),
        ("part of nothing", frame(FIN, b"x")),
        (
            "message within one",
            [frame(TEXT, b"x"), frame(FIN | TEXT, b"x")].concat(),
        ),
        ("half a code", frame(FIN | CLOSE, &[3])),
        ("code 999", frame(FIN | CLOSE, &999_u16.to_be_bytes())),
        ("code 1004", frame(FIN | CLOSE, &1004_u16.to_be_bytes())),
        ("code 1005", frame(FIN | CLOSE, &1005_u16.to_be_bytes())),
        ("code 1006", frame(FIN | CLOSE, &1006_u16.to_be_bytes())),
        ("code 1015", frame(FIN | CLOSE, &1015_u16.to_be_bytes())),
        ("code 2999", frame(FIN | CLOSE, &2999_u16.to_be_bytes())),
        ("code 5000", frame(FIN | CLOSE, &5000_u16.to_be_bytes())),
    ];
    for (what, bytes) in cases {
        assert_eq!(receive(&bytes).await, (vec![], Fault::Protocol), "{what}");
    }
}

#[tokio::test]
async fn a_message_that_is_too_long_fails_before_its_payload_arrives() {
    let mut endless = vec![FIN | BINARY, FIN | 127];
    endless.extend(u64::MAX.to_be_bytes());
    endless.extend([0; 4]);
    let mut second = vec![FIN, FIN | 127];
    second.extend((MAX as u64).to_be_bytes());
    second.extend([0; 4]);
    for bytes in [
        endless,
        frame(FIN | TEXT, &vec![b'x'; MAX + 1]),
        [frame(TEXT, b"x"), second].concat(),
    ] {
        assert_eq!(receive(&bytes).await, (vec![], Fault::TooBig));
    }
}

#[tokio::test]
async fn nothing_is_received_after_a_close_frame() {
    let after = frame(FIN | TEXT, b"more");
    for (payload, code) in [
        (vec![], None),
        (vec![0x03, 0xe8], Some(1000)),
        ([&[0x0f, 0xa1], "tschüß".as_bytes()].concat(), Some(4001)),
    ] {
        let bytes = [frame(FIN | CLOSE, &payload), after.clone()].concat();
        assert_eq!(
            receive(&bytes).await,
            (vec![Incoming::Close(code)], Fault::Gone)
        );
    }
}

#[tokio::test]
async fn bytes_read_with_the_request_are_not_lost() {
    let (ours, mut theirs) = duplex(PIPE);
    let whole = frame(FIN | TEXT, b"early");
    let (early, late) = whole.split_at(3);
    let mut reader = Reader::new(ours, early, MAX);
    theirs.write_all(late).await.unwrap();
    assert_eq!(reader.receive().await, Ok(text("early")));
}

fn pair(
    ours: DuplexStream,
) -> (
    Reader<ReadHalf<DuplexStream>>,
    Writer<WriteHalf<DuplexStream>>,
) {
    let (reader, writer) = tokio::io::split(ours);
    (Reader::new(reader, &[], MAX), Writer::new(writer))
}

async fn read(stream: &mut DuplexStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn sent_frames_have_the_shortest_header_and_no_mask() {
    for (length, head) in [
        (0, vec![FIN | BINARY, 0]),
        (125, vec![FIN | BINARY, 125]),
        (126, vec![FIN | BINARY, 126, 0, 126]),
        (65_535, vec![FIN | BINARY, 126, 0xff, 0xff]),
        (65_536, vec![FIN | BINARY, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let (ours, mut theirs) = duplex(PIPE);
        let mut writer = Writer::new(ours);
        let payload = Bytes::from(vec![b'x'; length]);
        writer.queue(Message::Binary(payload.clone()));
        let expected = [&head, &payload[..]].concat();
        let (sent, came) = tokio::join!(writer.flush(), read(&mut theirs, expected.len()));
        sent.unwrap();
        assert!(came == expected, "{length}");
    }
}

#[tokio::test]
async fn frames_leave_in_order_even_when_a_flush_was_cancelled() {
    let (ours, mut theirs) = duplex(PIPE);
    let mut writer = Writer::new(ours);
    let mut expected = Vec::new();
    for n in 0..20_u8 {
        writer.queue(Message::Text(n.to_string().repeat(100).into()));
        let payload = n.to_string().repeat(100);
        expected.push(FIN | TEXT);
        match u8::try_from(payload.len()).unwrap() {
            short @ ..126 => expected.push(short),
            long => expected.extend([126, 0, long]),
        }
        expected.extend(payload.as_bytes());
    }
    // The stream is full before all frames are written.
    let cancelled = futures::FutureExt::now_or_never(writer.flush());
    assert!(cancelled.is_none());
    let (sent, came) = tokio::join!(writer.flush(), read(&mut theirs, expected.len()));
    sent.unwrap();
    assert!(came == expected);
}

#[tokio::test]
async fn abandoning_keeps_the_rest_of_a_partly_written_frame() {
    let (ours, mut theirs) = duplex(PIPE);
    let mut writer = Writer::new(ours);
    writer.queue(Message::Binary(vec![1; 2 * PIPE].into()));
    writer.queue(Message::Binary(vec![2; PIPE].into()));
    assert!(futures::FutureExt::now_or_never(writer.flush()).is_none());
    writer.abandon();
    writer.queue(Message::Ping(Bytes::new()));
    let expected = [
        &[FIN | BINARY, 126, 0x07, 0xd0][..],
        &[1; 2 * PIPE],
        &[FIN | PING, 0],
    ]
    .concat();
    let (sent, came) = tokio::join!(writer.flush(), read(&mut theirs, expected.len()));
    sent.unwrap();
    assert!(came == expected);
    writer.queue(Message::Ping(Bytes::new()));
    writer.abandon();
    assert!(writer.is_empty(), "no frame was partly written");
}

#[tokio::test]
async fn messages_that_are_never_sent_count_as_failed_and_control_frames_do_not() {
    let (ours, mut theirs) = duplex(PIPE);
    let instruments = Instruments::default();
    let failed = || instruments.totals().failed_messages;
    let mut writer = Writer::new(ours);
    writer.count(instruments.clone());
    writer.queue(Message::Binary(vec![1; 2 * PIPE].into()));
    for _ in 0..3 {
        writer.queue(Message::Binary(vec![2; PIPE].into()));
        writer.queue(Message::Ping(Bytes::new()));
    }
    assert!(futures::FutureExt::now_or_never(writer.flush()).is_none());
    writer.abandon();
    assert_eq!(failed(), 3, "the first one was partly written");
    let (sent, _) = tokio::join!(writer.flush(), read(&mut theirs, 2 * PIPE + 4));
    sent.unwrap();
    writer.queue(Message::Text("late".into()));
    drop(writer);
    assert_eq!(failed(), 4);
    assert_eq!(instruments.totals().sent_messages, 1);
}

#[tokio::test]
async fn sending_fails_after_the_client_disconnected() {
    let (ours, theirs) = duplex(PIPE);
    let (mut reader, mut writer) = pair(ours);
    drop(theirs);
    writer.queue(Message::Ping(Bytes::new()));
    assert!(writer.flush().await.is_err());
    assert_eq!(reader.receive().await, Err(Fault::Gone));
}

#[tokio::test]
async fn closing_sends_a_code_and_waits_for_the_answer() {
    let (ours, mut theirs) = duplex(PIPE);
    let (reader, mut writer) = pair(ours);
    let reason = "ü".repeat(100);
    let client = async {
        let received_frame = read(&mut theirs, 2 + 2 + 122).await;
        assert_eq!(received_frame[..4], [FIN | CLOSE, 124, 0x11, 0x3a]);
        assert_eq!(
            received_frame[4..],
            *"ü".repeat(61).as_bytes(),
            "truncated to the longest reason"
        );
        // A message after the server's close frame must not stop it from reading on.
        let late = [
            frame(FIN | TEXT, b"late"),
            frame(FIN | CLOSE, &[0x11, 0x3a]),
        ]
        .concat();
        theirs.write_all(&late).await.unwrap();
        assert_eq!(
            theirs.read(&mut [0; 1]).await.unwrap(),
            0,
            "the server has closed as well"
        );
        drop(theirs);
    };
    let frame = CloseFrame {
        code: 4410,
        reason: reason.into(),
    };
    writer.queue(Message::Close(Some(frame)));
    tokio::join!(close(reader, writer), client);
}

#[tokio::test]
async fn closing_after_a_protocol_fault_reads_to_the_end() {
    let (ours, mut theirs) = duplex(PIPE);
    let (mut reader, mut writer) = pair(ours);
    writer.queue(Message::Close(None));
    theirs.write_all(&[0xff; 500]).await.unwrap();
    assert_eq!(reader.receive().await, Err(Fault::Protocol));
    let client = async {
        assert_eq!(read(&mut theirs, 2).await, [FIN | CLOSE, 0]);
        theirs.write_all(&[0xff; 5_000]).await.unwrap();
        drop(theirs);
    };
    tokio::join!(close(reader, writer), client);
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_neither_panic_nor_keep_more_than_one_message(bytes in proptest::collection::vec(0..=255_u8, 0..300)) {
        let mut assembly = Assembly::new(100);
        for byte in bytes {
            assembly.push(&[byte]);
            while let Ok(Some(_)) = assembly.next() {}
            proptest::prop_assert!(assembly.kept() <= 2 * (100 + 14 + 125));
        }
    }
}
