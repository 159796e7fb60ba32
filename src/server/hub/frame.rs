//! A message in a ring, encoded at most once per form however many clients get it.

use crate::protocol::{ServerMessage, codec};
use bytes::Bytes;
use bytestring::ByteString;
use flate2::{Compression, write::DeflateEncoder};
use serde::Serialize;
use std::{
    io::{self, Write},
    sync::{Arc, OnceLock},
};

/// Binary frames longer than this are compressed: below, there is little to win.
const COMPRESS_ABOVE: usize = 1024;

/// A message with its place in a channel.
#[derive(Debug)]
pub struct Frame {
    seq: u64,
    message: Arc<ServerMessage>,
    /// What the binary form is told as changes to.
    base: Option<Arc<ServerMessage>>,
    json: OnceLock<ByteString>,
    binary: OnceLock<Bytes>,
    other: OnceLock<Arc<[ByteString]>>,
}

impl Frame {
    /// `message` as number `seq` of its channel.
    pub fn new(seq: u64, message: ServerMessage) -> Self {
        Self::after(seq, Arc::new(message), None)
    }

    /// `message`, which others share, as number `seq` of its channel.
    pub fn shared(seq: u64, message: Arc<ServerMessage>) -> Self {
        Self::after(seq, message, None)
    }

    /// `message` as number `seq` of its channel, for those who have `base`.
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

    /// Its number in the channel.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// What it says.
    pub fn message(&self) -> &ServerMessage {
        &self.message
    }

    /// Its public form. The first caller encodes, all others share.
    pub fn json(&self) -> ByteString {
        self.json.get_or_init(|| encode(&*self.message)).clone()
    }

    /// Its binary form. The first caller encodes and compresses, all others share.
    pub fn binary(&self) -> Bytes {
        let encode = || match &self.base {
            // Nothing is left in changes that could be compressed.
            Some(base) => codec::encode_tick(&self.message, base).into(),
            None => compressed(codec::encode(&*self.message), self.effort()),
        };
        self.binary.get_or_init(encode).clone()
    }

    /// It in one further form, which a transport has for channels like this one. The first caller
    /// encodes, all others share: the form must always be the same for the same frame.
    pub fn shared_form(
        &self,
        encode: impl FnOnce(&ServerMessage) -> Vec<ByteString>,
    ) -> Arc<[ByteString]> {
        let form = self.other.get_or_init(|| encode(&self.message).into());
        Arc::clone(form)
    }

    /// Lines of logs are many, and much alike: the least effort finds most of what there is to find.
    fn effort(&self) -> Compression {
        match &*self.message {
            ServerMessage::Log { .. } => Compression::fast(),
            _ => Compression::default(),
        }
    }
}

/// `frame`, compressed if that makes it shorter by enough to be worth the browser's while.
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
