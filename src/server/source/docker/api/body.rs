//! Reads response bodies up to a size limit.

use super::ReadError;
use bollard::errors::Error;
use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;
use std::{future::poll_fn, pin::Pin};

/// The next chunk of `body`; `None` at its end. Cancel safe.
pub(in super::super) async fn frame(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    loop {
        let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?;
        match frame.map(|frame| frame.into_data()) {
            Ok(Ok(data)) => return Some(Ok(data)),
            // Trailers are ignored.
            Ok(Err(_)) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

/// All of `body` as text, with invalid UTF-8 replaced.
///
/// # Errors
/// When it is longer than `longest`; the rest is not received then. `what` names it in the error.
pub(super) async fn read(
    mut body: Incoming,
    longest: usize,
    what: &'static str,
) -> Result<String, ReadError> {
    let mut bytes = Vec::new();
    while let Some(piece) = frame(&mut body).await {
        let piece = piece.map_err(Error::from)?;
        if bytes.len() + piece.len() > longest {
            return Err(ReadError::Unreadable(what, "it is far too long"));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(text(bytes))
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
