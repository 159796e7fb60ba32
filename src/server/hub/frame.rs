//! A message in a ring, encoded at most once per form, regardless of the number of clients.

use crate::protocol::{ServerMessage, codec};
use bytes::Bytes;
use bytestring::ByteString;
use flate2::{Compression, write::DeflateEncoder};
use serde::Serialize;
use std::{
    io::{self, Write},
    sync::{Arc, OnceLock},
};

/// Binary frames longer than this many bytes are compressed; shorter ones gain little.
const COMPRESS_ABOVE: usize = 1024;

/// A message with its sequence number in a channel.
#[derive(Debug)]
pub struct Frame {
    seq: u64,
    message: Arc<ServerMessage>,
    /// The message to which the binary form is a delta; `None` if the binary form is complete.
    base: Option<Arc<ServerMessage>>,
    json: OnceLock<ByteString>,
    binary: OnceLock<Bytes>,
    other: OnceLock<Arc<[ByteString]>>,
}

impl Frame {
    /// A frame with the sequence number `seq`.
    pub fn new(seq: u64, message: ServerMessage) -> Self {
        Self::after(seq, Arc::new(message), None)
    }

    /// A frame with the sequence number `seq` for a message that other owners share.
    pub fn shared(seq: u64, message: Arc<ServerMessage>) -> Self {
        Self::after(seq, message, None)
    }

    /// A frame with the sequence number `seq`; its binary form is for clients that have `base`.
    pub(super) fn after(
        seq: u64,
        message: Arc<ServerMessage>,
        base: Option<Arc<ServerMessage>>,
    ) -> Self {
        Self {
            seq,
            message,
            base,
            json: OnceLock::new(),
            binary: OnceLock::new(),
            other: OnceLock::new(),
        }
    }

    /// The sequence number in the channel.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The message.
    pub fn message(&self) -> &ServerMessage {
        &self.message
    }

    /// The public form. The first call encodes it; later calls share the result.
    pub fn json(&self) -> ByteString {
        self.json.get_or_init(|| encode(&*self.message)).clone()
    }

    /// The binary form. The first call encodes and compresses it; later calls share the result.
    pub fn binary(&self) -> Bytes {
        let encode = || match &self.base {
            // A delta has no redundancy left to compress.
            Some(base) => codec::encode_tick(&self.message, base).into(),
            None => compressed(codec::encode(&*self.message), self.effort()),
        };
        self.binary.get_or_init(encode).clone()
    }

    /// One further form, which a transport has for channels like this one. The first call encodes it and
    /// later calls share the result, so `encode` must always return the same for the same frame.
    pub fn shared_form(
        &self,
        encode: impl FnOnce(&ServerMessage) -> Vec<ByteString>,
    ) -> Arc<[ByteString]> {
        let form = self.other.get_or_init(|| encode(&self.message).into());
        Arc::clone(form)
    }

    /// Log lines are many and similar: the fastest level already removes most of the redundancy.
    fn effort(&self) -> Compression {
        match &*self.message {
            ServerMessage::Log { .. } => Compression::fast(),
            _ => Compression::default(),
        }
    }
}

/// `frame`, compressed if that makes it at least an eighth shorter; a smaller gain is not worth the work
/// of decompression in the browser.
fn compressed(frame: Vec<u8>, effort: Compression) -> Bytes {
    let Some((_version, message)) = frame.split_first().filter(|_| frame.len() > COMPRESS_ABOVE)
    else {
        return frame.into();
    };
    match deflate(message, effort) {
        Ok(short) if short.len() < message.len() / 8 * 7 => codec::deflated(&short).into(),
        _ => frame.into(),
    }
}

fn deflate(bytes: &[u8], effort: Compression) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), effort);
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// `message` as JSON text.
pub fn encode(message: &impl Serialize) -> ByteString {
    match serde_json::to_string(message) {
        Ok(text) => text.into(),
        Err(error) => {
            tracing::error!(%error, "a message could not be encoded");
            ByteString::from_static(
                r#"{"type":"error","code":"internal","message":"a message could not be encoded"}"#,
            )
        }
    }
}
