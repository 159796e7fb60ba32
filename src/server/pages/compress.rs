//! Compresses pages: a list of containers is ten times as long without compression.

use axum::{
    extract::Request,
    http::{HeaderValue, Response, header},
    middleware::Next,
};
use http_body::Body;
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, Predicate},
};

/// The gzip level. A page is rendered and compressed again for each visit. A list of 1,000 containers, 197
/// KB, becomes 23.6 KB in 0.6 ms of CPU time with level 1, 21.5 in 0.9 with 4, 20.4 in 1.2 with 6 and 20.1
/// in 2.4 with 9 (zlib in Node). Brotli takes 1.1 ms for 18.7 KB; that is not worth another encoder.
const LEVEL: CompressionLevel = CompressionLevel::Precise(6);

/// Compresses pages. As without compression, rendered parts are sent before later parts are ready.
pub(super) fn layer() -> CompressionLayer<Page> {
    CompressionLayer::new().quality(LEVEL).compress_when(Page)
}

/// Matches HTML responses. Scripts and styles are embedded in the binary in compressed form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page;

impl Predicate for Page {
    fn should_compress<B: Body>(&self, response: &Response<B>) -> bool {
        // The response to HEAD has no body to compress.
        let is_empty = response.body().size_hint().exact() == Some(0);
        !is_empty && is_html(response)
    }
}

fn is_html<B>(response: &Response<B>) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// Disables compression for pages that another site has requested: it chooses the address, which the page
/// repeats, and could infer other content of the page from the length of the responses (BREACH).
pub(super) async fn negotiate(mut request: Request, next: Next) -> axum::response::Response {
    let headers = request.headers_mut();
    let site = headers.get("sec-fetch-site");
    if site.is_some_and(|site| site == "cross-site") {
        headers.remove(header::ACCEPT_ENCODING);
    }
    let mut response = next.run(request).await;
    if is_html(&response) {
        let varies = HeaderValue::from_static("accept-encoding, sec-fetch-site");
        response.headers_mut().insert(header::VARY, varies);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body, routing::get};
    use flate2::read::GzDecoder;
    use futures::{FutureExt, StreamExt, channel::mpsc};
    use std::{convert::Infallible, io::Read};
    use tower::ServiceExt;

    fn request() -> Request {
        let request = axum::http::Request::builder().header(header::ACCEPT_ENCODING, "gzip");
        request.body(body::Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn what_is_rendered_leaves_before_the_rest_is() {
        let (rendered, chunks) = mpsc::unbounded::<Result<String, Infallible>>();
        let chunks = std::sync::Mutex::new(Some(chunks));
        let page = move || {
            let chunks = chunks.lock().unwrap().take().unwrap();
            let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
            std::future::ready((html, body::Body::from_stream(chunks)))
        };
        let page = std::sync::Arc::new(page);
        let router = Router::new().route("/", get(move || page())).layer(layer());
        let response = router.oneshot(request()).await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
        let mut chunks = response.into_body().into_data_stream();
        let first = "<p>first</p>".repeat(1_000);
        rendered.unbounded_send(Ok(first.clone())).unwrap();
        let mut sent = Vec::new();
        while let Some(Some(chunk)) = chunks.next().now_or_never() {
            sent.extend(chunk.unwrap());
        }
        let mut read = vec![0; first.len()];
        GzDecoder::new(&*sent).read_exact(&mut read).unwrap();
        assert_eq!(read, first.as_bytes());
        rendered.unbounded_send(Ok("last".into())).unwrap();
        drop(rendered);
        while let Some(chunk) = chunks.next().await {
            sent.extend(chunk.unwrap());
        }
        let mut whole = String::new();
        GzDecoder::new(&*sent).read_to_string(&mut whole).unwrap();
        assert_eq!(whole, first + "last");
    }

    #[tokio::test]
    async fn other_answers_are_left_as_they_are() {
        let router = Router::new()
            .route("/", get(|| async { "text".repeat(1_000) }))
            .layer(layer());
        let response = router.oneshot(request()).await.unwrap();
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING));
    }
}
