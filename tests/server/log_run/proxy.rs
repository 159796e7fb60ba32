//! A proxy between Deckwatch and the engine, which passes on everything until it must cause a fault.

use std::{path::PathBuf, sync::Arc};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::watch,
};

/// What the proxy does to the open connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Harm {
    #[default]
    None,
    /// Cuts them.
    Cut,
    /// Drops everything that the engine sends.
    Stall,
    /// Sends an invalid chunk after a complete chunk of a log …
    Chunks,
    /// … or a chunk with an invalid frame.
    Frames,
}

/// A proxy in front of an engine's socket.
pub(super) struct Proxy {
    folder: TempDir,
    /// A counter, because the same harm may be done twice, and the harm.
    harm: Arc<watch::Sender<(u64, Harm)>>,
}

impl Proxy {
    /// A proxy in front of `engine`.
    pub(super) fn start(engine: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("p.sock")).unwrap();
        let harm = Arc::new(watch::Sender::default());
        let harms = Arc::clone(&harm);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (engine, harms) = (engine.clone(), harms.subscribe());
                tokio::spawn(async move {
                    let Ok(engine) = UnixStream::connect(engine).await else {
                        return;
                    };
                    pass(client, engine, harms).await;
                });
            }
        });
        Self { folder, harm }
    }

    pub(super) fn address(&self) -> String {
        format!("unix://{}", self.folder.path().join("p.sock").display())
    }

    /// Harms the open connections.
    pub(super) fn harm(&self, harm: Harm) {
        self.harm
            .send_modify(|(count, last)| (*count, *last) = (*count + 1, harm));
    }
}

/// Relays until one side disconnects, or harm is done.
async fn pass(client: UnixStream, engine: UnixStream, mut harms: watch::Receiver<(u64, Harm)>) {
    harms.mark_unchanged();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_engine, mut to_engine) = engine.into_split();
    let (mut request, mut body) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut log: Option<Chunks> = None;
    let mut harm = Harm::None;
    loop {
        tokio::select! {
            changed = harms.changed() => {
                if changed.is_err() {
                    return;
                }
                harm = harms.borrow_and_update().1;
                if harm == Harm::Cut {
                    return;
                }
            }
            read = from_client.read(&mut request) => {
                let Ok(n @ 1..) = read else { return };
                if log.is_none() && request[..n].windows(6).any(|bytes| bytes == b"/logs?") {
                    log = Some(Chunks::default());
                }
                if to_engine.write_all(&request[..n]).await.is_err() {
                    return;
                }
            }
            read = from_engine.read(&mut body), if harm != Harm::Stall => {
                let Ok(n @ 1..) = read else { return };
                let bytes = &body[..n];
                let border = log.as_mut().and_then(|log| log.pass(bytes));
                let (end, bad): (usize, &[u8]) = match (harm, border) {
                    (Harm::Chunks, Some(at)) => (at, b"no size\r\n"),
                    (Harm::Frames, Some(at)) => (at, b"9\r\n\x01\xff\0\0\0\0\0\x01x\r\n"),
                    _ => (n, b""),
                };
                let written = to_client.write_all(&[&bytes[..end], bad].concat()).await;
                if written.is_err() || end < n || !bad.is_empty() {
                    return;
                }
            }
        }
    }
}

/// Tracks the chunk boundaries of a response.
#[derive(Default)]
struct Chunks {
    head: Vec<u8>,
    is_body: bool,
    size: Vec<u8>,
    /// Bytes of the chunk, and of the line end after it, that are still to come.
    left: usize,
}

impl Chunks {
    /// Scans relayed bytes; returns the first position at which a chunk may begin.
    fn pass(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut border = None;
        for (at, byte) in bytes.iter().enumerate() {
            if !self.is_body {
                self.head.push(*byte);
                self.is_body = self.head.ends_with(b"\r\n\r\n");
            } else if self.left > 0 {
                self.left -= 1;
            } else {
                if self.size.is_empty() {
                    border = border.or(Some(at));
                }
                self.size.push(*byte);
                if self.size.ends_with(b"\r\n") {
                    let size = std::str::from_utf8(&self.size).unwrap().trim();
                    self.left = usize::from_str_radix(size, 16).unwrap_or(0) + 2;
                    self.size.clear();
                }
            }
        }
        border
    }
}
