//! Serving everything below a path of a proxy's: it is taken off before a request is routed, and
//! given back to pages, whose links need it.

use super::problem::Refusal;
use crate::protocol::{ApiError, ErrorCode};
use axum::{
    extract::{Request, State},
    http::{Uri, uri::PathAndQuery},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Supervisors on the same machine ask for it without a proxy between, and so by its own name.
const ALSO_AT_THE_ROOT: &str = "/healthz";

/// The address as it was asked for.
#[derive(Clone, Debug)]
struct Asked(Uri);

/// Takes `base` off the path of a request. What is outside of it is not ours.
pub async fn enter(State(base): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    if base.is_empty() || request.uri().path() == ALSO_AT_THE_ROOT {
        return next.run(request).await;
    }
    let Some(inner) = below(&base, request.uri()) else {
        let message = format!(
            "everything here is below {base}/; a proxy in front must pass the path on unchanged"
        );
        return Refusal::from(ApiError::new(ErrorCode::NotFound, message)).into_response();
    };
    let asked = std::mem::replace(request.uri_mut(), inner);
    request.extensions_mut().insert(Asked(asked));
    next.run(request).await
}

/// Lets the inside see the address as it was asked for.
pub async fn restore(request: Request, next: Next) -> Response {
    next.run(restored(request)).await
}

/// `request` with the address as it was asked for.
pub fn restored(mut request: Request) -> Request {
    if let Some(Asked(uri)) = request.extensions_mut().remove::<Asked>() {
        *request.uri_mut() = uri;
    }
    request
}

/// `uri` without `base`, when it is below it.
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
    fn what_is_below_begins_with_the_base_and_a_slash() {
        let inner = |asked: &str| Some(below("/a/deck", &asked.parse().ok()?)?.to_string());
        for (asked, expected) in [
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
            assert_eq!(inner(asked).as_deref(), expected, "{asked}");
        }
        let absolute = inner("http://deck.example.com/a/deck/x?y");
        assert_eq!(absolute.as_deref(), Some("http://deck.example.com/x?y"));
    }
}
