//! The base path, for servers behind a proxy that passes on a sub-path: it is removed from a request's path
//! before routing, and restored for pages, whose links need it.

use super::problem::Refusal;
use crate::protocol::{ApiError, ErrorCode};
use axum::{
    extract::{Request, State},
    http::{Uri, uri::PathAndQuery},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Also served without the base path: supervisors on the same machine request it directly, not through the
/// proxy.
const ALSO_AT_ROOT: &str = "/healthz";

/// The original URI of a request, in its extensions.
#[derive(Clone, Debug)]
struct OriginalUri(Uri);

/// Middleware that removes `base` from the path of a request; a path outside of it is answered with 404.
pub async fn enter(State(base): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    if base.is_empty() || request.uri().path() == ALSO_AT_ROOT {
        return next.run(request).await;
    }
    let Some(inner) = below(&base, request.uri()) else {
        let message = format!(
            "everything here is below {base}/; a proxy in front must pass the path on unchanged"
        );
        return Refusal::from(ApiError::new(ErrorCode::NotFound, message)).into_response();
    };
    let original = std::mem::replace(request.uri_mut(), inner);
    request.extensions_mut().insert(OriginalUri(original));
    next.run(request).await
}

/// Middleware that restores the original URI for the handlers behind it.
pub async fn restore(request: Request, next: Next) -> Response {
    next.run(restored(request)).await
}

/// `request` with its original URI.
pub fn restored(mut request: Request) -> Request {
    if let Some(OriginalUri(uri)) = request.extensions_mut().remove::<OriginalUri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// `uri` without `base`; `None` when its path is not below `base`.
pub fn below(base: &str, uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix(base)?;
    let path = match rest {
        "" => "/",
        rest if rest.starts_with('/') => rest,
        _ => return None,
    };
    let inner = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(inner).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_the_base_begins_with_the_base_and_a_slash() {
        let inner = |original: &str| Some(below("/a/deck", &original.parse().ok()?)?.to_string());
        for (original, expected) in [
            ("/a/deck", Some("/")),
            ("/a/deck/", Some("/")),
            ("/a/deck?x=/y", Some("/?x=/y")),
            ("/a/deck/api/ws?a=b&c", Some("/api/ws?a=b&c")),
            ("/a/deck//x", Some("//x")),
            ("/a/deckx", None),
            ("/a", None),
            ("/", None),
            ("/deck/a/deck", None),
            ("/A/DECK", None),
        ] {
            assert_eq!(inner(original).as_deref(), expected, "{original}");
        }
        let absolute = inner("http://deck.example.com/a/deck/x?y");
        assert_eq!(absolute.as_deref(), Some("http://deck.example.com/x?y"));
    }
}
