//! A socket whose events are received as a stream.

use super::super::browser::socket_url;
use futures::{
    StreamExt,
    channel::mpsc::{self, UnboundedReceiver},
};
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

/// An event of a socket.
pub(super) enum Incoming {
    Opened,
    Text(String),
    Bytes(Vec<u8>),
    Closed(u16),
}

/// A socket whose events are received as a stream; closed when dropped.
pub(super) struct ProbeSocket {
    inner: WebSocket,
    events: UnboundedReceiver<Incoming>,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_close: Closure<dyn FnMut(CloseEvent)>,
}

impl ProbeSocket {
    /// Opens a socket to `path` with the given subprotocol.
    pub(super) fn open(path: &str, subprotocol: Option<&str>) -> Option<Self> {
        let url = socket_url(path)?;
        let inner = match subprotocol {
            Some(name) => WebSocket::new_with_str(&url, name),
            None => WebSocket::new(&url),
        }
        .ok()?;
        inner.set_binary_type(BinaryType::Arraybuffer);
        let (sender, events) = mpsc::unbounded();
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
            events,
            _on_open: on_open,
            _on_message: on_message,
            _on_close: on_close,
        })
    }

    /// Waits for the next event.
    pub(super) async fn next(&mut self) -> Incoming {
        const ABNORMAL: u16 = 1006;
        self.events
            .next()
            .await
            .unwrap_or(Incoming::Closed(ABNORMAL))
    }

    /// Sends text; a failure becomes visible as a close.
    pub(super) fn send(&self, text: &str) {
        let _ = self.inner.send_with_str(text);
    }

    /// Sends bytes; a failure becomes visible as a close.
    pub(super) fn send_bytes(&self, bytes: &[u8]) {
        let _ = self.inner.send_with_u8_array(bytes);
    }
}

fn content(data: JsValue) -> Incoming {
    match data.dyn_into::<ArrayBuffer>() {
        Ok(buffer) => Incoming::Bytes(Uint8Array::new(&buffer).to_vec()),
        Err(data) => Incoming::Text(data.as_string().unwrap_or_default()),
    }
}

impl Drop for ProbeSocket {
    fn drop(&mut self) {
        // Otherwise the browser would call closures that were dropped.
        self.inner.set_onopen(None);
        self.inner.set_onmessage(None);
        self.inner.set_onclose(None);
        if self.inner.ready_state() == WebSocket::CONNECTING {
            // Browsers log an error when a connecting socket is closed.
            let inner = self.inner.clone();
            let close = Closure::once_into_js(move || drop(inner.close()));
            self.inner.set_onopen(Some(close.unchecked_ref()));
        } else {
            let _ = self.inner.close();
        }
    }
}

/// A string field of a JSON message, or a number as a string.
pub(super) fn field(message: &JsValue, name: &str) -> Option<String> {
    let value = js_sys::Reflect::get(message, &name.into()).ok()?;
    value
        .as_string()
        .or_else(|| value.as_f64().map(|number| (number as i64).to_string()))
}
