//! A socket that tells everything that happens to it.

use super::super::browser::socket_url;
use futures::{
    StreamExt,
    channel::mpsc::{self, UnboundedReceiver},
};
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

/// What happens to a socket.
pub(super) enum Incoming {
    Opened,
    Text(String),
    Bytes(Vec<u8>),
    Closed(u16),
}

/// A socket that tells everything that happens to it; closed when dropped.
pub(super) struct Line {
    inner: WebSocket,
    heard: UnboundedReceiver<Incoming>,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl Line {
    /// Opens one to `path`, in the form called `subprotocol`.
    pub(super) fn open(path: &str, subprotocol: Option<&str>) -> Option<Self> {
        let url = socket_url(path)?;
        let inner = match subprotocol {
            Some(name) => WebSocket::new_with_str(&url, name),
            None => WebSocket::new(&url),
        }
        .ok()?;
        inner.set_binary_type(BinaryType::Arraybuffer);
        let (sender, heard) = mpsc::unbounded();
        let (opened, closed) = (sender.clone(), sender.clone());
        let on_open = Closure::<dyn FnMut(_)>::new(move |_: Event| {
            let _ = opened.unbounded_send(Incoming::Opened);
        });
        let on_message = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            let _ = sender.unbounded_send(content(event.data()));
        });
        let on_close = Closure::<dyn FnMut(_)>::new(move |event: CloseEvent| {
            let _ = closed.unbounded_send(Incoming::Closed(event.code()));
        });
        inner.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        inner.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        inner.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Some(Self {
            inner,
            heard,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    /// What happens next.
    pub(super) async fn next(&mut self) -> Incoming {
        const ABNORMAL: u16 = 1006;
        self.heard
            .next()
            .await
            .unwrap_or(Incoming::Closed(ABNORMAL))
    }

    /// Sends text; a failure shows as a close.
    pub(super) fn say(&self, text: &str) {
        let _ = self.inner.send_with_str(text);
    }

    /// Sends bytes; a failure shows as a close.
    pub(super) fn say_bytes(&self, bytes: &[u8]) {
        let _ = self.inner.send_with_u8_array(bytes);
    }
}

fn content(data: JsValue) -> Incoming {
    match data.dyn_into::<ArrayBuffer>() {
        Ok(buffer) => Incoming::Bytes(Uint8Array::new(&buffer).to_vec()),
        Err(data) => Incoming::Text(data.as_string().unwrap_or_default()),
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Or the browser would call what is dropped with this.
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        if self.inner.ready_state() == WebSocket::CONNECTING {
            // Browsers complain of a connection that is closed before it is there.
            let inner = self.inner.clone();
            let close = Closure::once_into_js(move || drop(inner.close()));
            self.inner.set_onopen(Some(close.unchecked_ref()));
        } else {
            let _ = self.inner.close();
        }
    }
}

/// A field of a JSON message that is text, or a number as text.
pub(super) fn field(message: &JsValue, name: &str) -> Option<String> {
    let value = js_sys::Reflect::get(message, &name.into()).ok()?;
    value
        .as_string()
        .or_else(|| value.as_f64().map(|number| (number as i64).to_string()))
}
