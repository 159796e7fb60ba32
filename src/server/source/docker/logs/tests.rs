//! Logs read from a local and from a remote engine, in chunks of any size.

use super::{
    super::{address::Address, transport::Transport},
    *,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixListener,
};

const TIME: &str = "2026-01-02T03:04:05.678901234Z";

fn piece(stream: u8, text: &str) -> Vec<u8> {
    let text = format!("{TIME} {text}");
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [&[stream, 0, 0, 0], &length, text.as_bytes()].concat()
}

fn chunks(pieces: &[Vec<u8>]) -> Vec<u8> {
    let chunk = |piece: &Vec<u8>| {
        let size = format!("{:x}\r\n", piece.len());
        [size.as_bytes(), piece, b"\r\n"].concat()
    };
    pieces.iter().flat_map(chunk).collect()
}

/// Whether the engine is read as a local or as a remote one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Local,
    Remote,
}

/// The result of reading an engine that sends `body` in chunks of `cut` bytes and then disconnects: the
/// lines, each after the name of its stream, and the final error. Checks that both ways yield the same.
async fn read(body: &[u8], cut: usize, is_terminal: bool) -> (Vec<String>, Option<EngineError>) {
    let local = read_by(Reader::Local, body, cut, is_terminal).await;
    let remote = read_by(Reader::Remote, body, cut, is_terminal).await;
    assert_eq!(local.0, remote.0, "in pieces of {cut}");
    let kind = |failure: &Option<EngineError>| failure.as_ref().map(std::mem::discriminant);
    assert_eq!(kind(&local.1), kind(&remote.1), "in pieces of {cut}");
    local
}

async fn read_by(
    way: Reader,
    body: &[u8],
    cut: usize,
    is_terminal: bool,
) -> (Vec<String>, Option<EngineError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let engine = async {
        if way == Reader::Remote {
            let (mut ping, _) = listener.accept().await.unwrap();
            assert!(ping.read(&mut [0; 4_096]).await.unwrap() > 0);
            let pong = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            ping.write_all(pong.as_bytes()).await.unwrap();
        }
        let (mut socket, _) = listener.accept().await.unwrap();
        let request_length = socket.read(&mut [0; 4_096]).await.unwrap();
        assert!(request_length > 0);
        let head = &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
        for piece in [head, body].concat().chunks(cut) {
            if socket.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let client = async {
        let lines: Vec<_> = open(way, &path, is_terminal).await.collect().await;
        let (mut read, mut failure) = (Vec::new(), None);
        for line in lines {
            assert_eq!(failure, None, "nothing follows a failure");
            match line {
                Ok(line) => read.push(format!("{:?} {}", line.stream, line.line)),
                Err(error) => failure = Some(error),
            }
        }
        (read, failure)
    };
    tokio::join!(engine, client).1
}

async fn open(way: Reader, path: &Path, is_terminal: bool) -> LogLines {
    let query = LogQuery {
        follow: true,
        stdout: true,
        stderr: true,
        ..LogQuery::default()
    };
    let (id, redactor) = (ContainerId::default(), Redactor::default());
    let opened = match way {
        Reader::Local => local_lines(path, id, &query, is_terminal, redactor).await,
        Reader::Remote => {
            let transport = Transport::new(Address::Unix(path.to_path_buf()), None).unwrap();
            let api = Api::negotiate(transport).await.unwrap();
            lines(api, id, &query, is_terminal, redactor).await
        }
    };
    opened.unwrap()
}

#[tokio::test]
async fn lines_do_not_depend_on_chunk_sizes_and_boundaries() {
    let part = "3".repeat(16 * 1024);
    let pieces = [
        piece(1, "one\n"),
        piece(2, "two\n"),
        piece(1, &part),
        piece(1, "ee\n"),
    ];
    let ends = [&chunks(&pieces)[..], b"0\r\n\r\n"].concat();
    // A chunk may end anywhere.
    let whole = pieces.concat();
    let (first, second) = whole.split_at(5);
    let elsewhere = chunks(&[first.to_vec(), second.to_vec()]);
    let elsewhere = [&elsewhere[..], b"0\r\n\r\n"].concat();
    for cut in [1, 7, 1_000] {
        for body in [&ends, &elsewhere] {
            let (lines, failure) = read(body, cut, false).await;
            let three = format!("Stdout {part}ee");
            assert_eq!(lines, ["Stdout one", "Stderr two", &three], "{cut}");
            assert_eq!(failure, None);
        }
    }
}

#[tokio::test]
async fn a_lost_connection_drops_the_incomplete_line_and_is_reported_after_the_lines() {
    let half = "h".repeat(16 * 1024);
    let body = chunks(&[piece(1, "one\n"), piece(1, &half)]);
    for cut in [1, 1_000] {
        let (lines, failure) = read(&body, cut, false).await;
        assert_eq!(lines, ["Stdout one"]);
        assert!(matches!(failure, Some(EngineError::Unavailable(_))));
    }
}

#[tokio::test]
async fn an_engine_s_own_message_is_a_line_and_an_invalid_frame_is_an_error() {
    let damaged = chunks(&[
        piece(1, "one\n"),
        piece(3, "Error grabbing logs\n"),
        piece(1, "two\n"),
    ]);
    let (lines, _) = read(&damaged, 1_000, false).await;
    assert_eq!(
        lines,
        ["Stdout one", "Stderr Error grabbing logs", "Stdout two"]
    );
    // An unknown stream, and a frame that would never end.
    for nonsense in [piece(9, "x\n"), vec![1, 0, 0, 0, 0xff, 0, 0, 0, b'x']] {
        let nonsense = chunks(&[piece(1, "one\n"), nonsense]);
        let (lines, failure) = read(&nonsense, 1_000, false).await;
        assert_eq!(lines, ["Stdout one"]);
        assert!(matches!(failure, Some(EngineError::Failed(_))));
    }
}

#[tokio::test]
async fn the_last_line_of_a_terminal_needs_no_line_end() {
    let text = format!("{TIME} one\r\n{TIME} two").into_bytes();
    let body = [&chunks(&[text])[..], b"0\r\n\r\n"].concat();
    for cut in [1, 1_000] {
        let (lines, _) = read(&body, cut, true).await;
        assert_eq!(lines, ["Stdout one", "Stdout two"]);
    }
}
