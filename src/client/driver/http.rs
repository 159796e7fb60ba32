//! HTTP requests to the server.

use super::browser::on_server;
use crate::{
    client::sign_in::AnswerHead,
    protocol::{
        ApiError, ErrorCode,
        codec::{self, Wire},
    },
};
use js_sys::{ArrayBuffer, Reflect, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Headers, ReadableWritablePair, RequestInit, RequestRedirect,
    Response, ResponseType,
};

/// Timeout for a response; a dead connection would otherwise never end.
const ANSWER_MS: u32 = 20_000;
/// The media type of our server's errors.
const PROBLEM: &str = "application/problem+json";

#[wasm_bindgen]
extern "C" {
    /// <https://developer.mozilla.org/docs/Web/API/DecompressionStream>
    type DecompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<DecompressionStream, JsValue>;
}

/// Requests `path`, in the binary form if there is one.
pub(super) async fn get(path: &str, etag: Option<&str>) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("Accept", codec::MEDIA_TYPE)?;
    if let Some(etag) = etag {
        headers.set("If-None-Match", etag)?;
    }
    let init = RequestInit::new();
    init.set_headers(&headers);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_MS)));
    fetch(path, &init).await
}

/// Sends `body` to `path` with an idempotency key, by which the server recognizes a repetition.
pub(super) async fn post(path: &str, key: &str, body: &impl Wire) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("Content-Type", codec::MEDIA_TYPE)?;
    headers.set("Idempotency-Key", key)?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&Uint8Array::from(&*codec::encode(body)));
    fetch(path, &init).await
}

/// Sends `body`, which is JSON, with `method` to `path`; the response may be in the binary form.
pub(super) async fn send(
    method: &str,
    path: &str,
    body: Option<&str>,
) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("Accept", codec::MEDIA_TYPE)?;
    let init = RequestInit::new();
    init.set_method(method);
    if let Some(body) = body {
        headers.set("Content-Type", "application/json")?;
        init.set_body(&body.into());
    }
    init.set_headers(&headers);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(ANSWER_MS)));
    fetch(path, &init).await
}

async fn fetch(path: &str, init: &RequestInit) -> Result<Response, JsValue> {
    // A sign-in page of another origin could not be read, and would look like a missing response.
    init.set_redirect(RequestRedirect::Manual);
    let url = on_server(path);
    let answer = JsFuture::from(window().fetch_with_str_and_init(&url, init)).await?;
    answer.dyn_into()
}

/// Whether the server or a proxy requires a sign-in.
pub(super) fn wants_sign_in(answer: &Response) -> bool {
    let content_type = answer.headers().get("content-type").ok().flatten();
    let head = AnswerHead {
        status: answer.status(),
        is_redirect: answer.type_() == ResponseType::Opaqueredirect,
        content_type: content_type.as_deref(),
    };
    head.wants_sign_in()
}

/// Whether the response is from our server, and is a success.
pub(super) fn is_done(answer: &Response) -> bool {
    answer.ok() && !wants_sign_in(answer)
}

/// The decoded value in a response.
pub(super) async fn value<T: Wire>(answer: &Response) -> Option<T> {
    codec::decode(&bytes(answer).await.ok()?).ok()
}

/// The text of a response.
pub(super) async fn text(answer: &Response) -> Option<String> {
    JsFuture::from(answer.text().ok()?).await.ok()?.as_string()
}

/// The error in a response. Those of proxies are never in the binary form, so errors are always JSON.
pub(super) async fn problem(answer: &Response) -> ApiError {
    let content_type = answer.headers().get("content-type").ok().flatten();
    let is_ours = content_type.is_some_and(|kind| kind.starts_with(PROBLEM));
    if wants_sign_in(answer) && !is_ours {
        return ApiError::new(ErrorCode::Forbidden, "signed out: reload the page");
    }
    let problem = match answer.json() {
        Ok(body) => JsFuture::from(body).await.unwrap_or_default(),
        Err(_) => JsValue::UNDEFINED,
    };
    let text = |name: &str| Reflect::get(&problem, &name.into()).ok()?.as_string();
    let code = text("code").and_then(|code| code.parse().ok());
    ApiError::new(
        code.unwrap_or(ErrorCode::Internal),
        text("detail").unwrap_or_else(|| answer.status_text()),
    )
}

/// Cancels the requests that use it when it is dropped.
pub(super) struct Canceller(AbortController);

impl Canceller {
    pub(super) fn new() -> Option<Self> {
        AbortController::new().ok().map(Self)
    }
}

impl Drop for Canceller {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Requests a stream of events, which ends when `canceller` is dropped.
pub(super) async fn open_stream(
    path: &str,
    canceller: Option<&Canceller>,
) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    headers.set("Accept", "text/event-stream")?;
    let init = RequestInit::new();
    init.set_headers(&headers);
    init.set_signal(canceller.map(|canceller| canceller.0.signal()).as_ref());
    fetch(path, &init).await
}

/// The body of a response.
pub(super) async fn bytes(answer: &Response) -> Result<Vec<u8>, JsValue> {
    let buffer: ArrayBuffer = JsFuture::from(answer.array_buffer()?).await?.dyn_into()?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// `frame` with a decompressed message; `None` if it cannot be decompressed.
pub(super) async fn inflated(frame: Vec<u8>) -> Option<Vec<u8>> {
    match codec::as_deflated(&frame) {
        Some(message) => Some(codec::inflated(&inflate(message).await.ok()?)),
        None => Some(frame),
    }
}

async fn inflate(bytes: &[u8]) -> Result<Vec<u8>, JsValue> {
    let body = Response::new_with_opt_js_u8_array(Some(&Uint8Array::from(bytes)))?.body();
    let stream = DecompressionStream::new("deflate-raw")?;
    let plain = body.map(|body| body.pipe_through(stream.unchecked_ref::<ReadableWritablePair>()));
    self::bytes(&Response::new_with_opt_readable_stream(plain.as_ref())?).await
}
