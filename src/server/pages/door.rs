//! Serves the pages in front of the dashboard. They contain nothing of its state.

use crate::{
    model::{Page, Preferences},
    pages::door::Door,
    server::{AppState, base, config::Oidc},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, header},
    response::Html,
};

/// `GET /login` and `GET /setup`.
pub(super) async fn page(State(state): State<AppState>, request: Request) -> Html<String> {
    let uri = base::below(state.config.base(), request.uri());
    let uri = uri.unwrap_or_else(|| request.uri().clone());
    let parameters = super::parameters(&uri);
    let door = door(&state, request.headers()).with_query(|name| parameters.get(name).cloned());
    Html(match super::page(&uri) {
        Some(Page::Setup) => door.setup(),
        _ => door.login(),
    })
}

fn door(state: &AppState, headers: &HeaderMap) -> Door {
    let text = |name: HeaderName| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    };
    let base = state.config.base();
    Door {
        base: base.to_owned(),
        files: state.site.files(base, std::iter::empty()),
        preferences: Preferences::from_headers(text(header::COOKIE), text(header::ACCEPT_LANGUAGE)),
        host: text(header::HOST).to_owned(),
        modes: state.access.modes(),
        provider: state.config.auth.oidc.as_ref().and_then(Oidc::host),
        is_set_up: !state.access.is_setup_open(),
        ..Door::default()
    }
}
