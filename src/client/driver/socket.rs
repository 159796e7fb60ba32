//! A WebSocket, used only by the driver.

use super::{browser::socket_url, http::inflated};
use crate::protocol::{
    Channel, ClientMessage, Delta, Resume, SUBPROTOCOL_BINARY, Subscribe, codec,
};
use futures::{
    FutureExt, StreamExt,
    channel::mpsc::{self, UnboundedReceiver},
    future::LocalBoxFuture,
};
use js_sys::{ArrayBuffer, Uint8Array};
use std::collections::BTreeMap;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// The code of a close without a close frame, as when the socket never opened.
const ABNORMAL: u16 = 1006;

/// A socket that is connecting or open.
pub(super) struct Socket {
    inner: WebSocket,
    heard: UnboundedReceiver<Incoming>,
    /// Number of bytes received since they were last taken.
    bytes: usize,
    /// A frame that is being decompressed. Kept here, because [`Self::next`] may be cancelled.
    inflating: Option<LocalBoxFuture<'static, Option<Vec<u8>>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

/// An event of the socket.
pub(super) enum Incoming {
    Frame(Vec<u8>),
    Closed(u16),
}

impl Socket {
    /// Opens a socket to the server of the page.
    pub(super) fn open() -> Option<Self> {
        let url = socket_url("/api/ws")?;
        let inner = WebSocket::new_with_str(&url, SUBPROTOCOL_BINARY).ok()?;
        inner.set_binary_type(BinaryType::Arraybuffer);
        let (sender, heard) = mpsc::unbounded();
        let closed = sender.clone();
        let on_message = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            // Other types of data belong to another protocol.
            if let Ok(buffer) = event.data().dyn_into::<ArrayBuffer>() {
                let frame = Uint8Array::new(&buffer).to_vec();
                let _ = sender.unbounded_send(Incoming::Frame(frame));
            }
        });
        let on_close = Closure::<dyn FnMut(_)>::new(move |event: CloseEvent| {
            let _ = closed.unbounded_send(Incoming::Closed(event.code()));
        });
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        inner.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self {
            inner,
            heard,
            bytes: 0,
            inflating: None,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    /// Waits for the next event of the socket; forever while there is none.
    pub(super) async fn next(socket: &mut Option<Self>) -> Incoming {
        let Some(socket) = socket else {
            return std::future::pending().await;
        };
        loop {
            if let Some(inflating) = &mut socket.inflating {
                let frame = inflating.await;
                socket.inflating = None;
                if let Some(frame) = frame {
                    return Incoming::Frame(frame);
                }
            }
            let heard = socket.heard.next().await;
            if let Some(Incoming::Frame(frame)) = &heard {
                socket.bytes += frame.len();
            }
            match heard {
                Some(Incoming::Frame(frame)) if codec::as_deflated(&frame).is_some() => {
                    socket.inflating = Some(inflated(frame).boxed_local());
                }
                Some(heard) => return heard,
                None => return Incoming::Closed(ABNORMAL),
            }
        }
    }

    /// Returns the number of bytes received since the last call.
    pub(super) fn take_bytes(&mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }

    /// Subscribes to everything that the pages show, from the given positions.
    pub(super) fn subscribe(&self, mut resume: BTreeMap<Channel, Resume>) {
        for channel in Channel::SUBSCRIBABLE {
            self.follow(channel, resume.remove(&channel));
        }
    }

    /// Subscribes to a channel, from the given position.
    pub(super) fn follow(&self, channel: Channel, resume: Option<Resume>) {
        self.say(&ClientMessage::Subscribe(Subscribe {
            delta: channel.policy().delta == Delta::OnRequest,
            resume,
            ..Subscribe::to(channel)
        }));
    }

    /// Sends a message; a failure becomes visible as a close.
    pub(super) fn say(&self, message: &ClientMessage) {
        let _ = self.inner.send_with_u8_array(&codec::encode(message));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Otherwise the browser would call closures that were dropped.
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        let _ = self.inner.close();
    }
}
