//! Sign-in with OpenID Connect: the two requests that a browser makes here, before and after the provider.

use super::{
    sign_in::{scope, with_cookie},
    submitted::see_other,
};
use crate::{
    model::{percent_encoded, return_path},
    server::{
        AppState,
        access::{
            Visitor,
            oidc::{LIFETIME, NotSignedIn, ProviderAnswer},
        },
        problem::Refusal,
        query::Query,
    },
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

/// Responses carry secrets in their headers.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The query of a link to the provider.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StartQuery {
    /// The path to return to after signing in.
    next: Option<String>,
}

/// `GET /auth/oidc/start`: sends the browser to the provider.
#[utoipa::path(
    get,
    path = "/auth/oidc/start",
    operation_id = "oidcStart",
    summary = "Sends the browser to the OpenID Connect provider.",
    params(StartQuery),
    responses((status = 303, description = "To the provider, or back to the sign-in page."))
)]
pub async fn start(
    State(state): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
    query: Result<Query<StartQuery>, Refusal>,
) -> Response {
    let next = query.ok().and_then(|Query(query)| query.next);
    let next = next.as_deref().and_then(return_path).unwrap_or("/");
    let scope = scope(&state, &visitor);
    let browser = scope.browser(&headers);
    let begun = state.access.begin_oidc(next, browser, visitor.address());
    let redirect = match begun.await {
        Ok(redirect) => redirect,
        Err(refused) => return sign_in_page(&state, &refused),
    };
    let mut answer = Redirect::to(&redirect.url).into_response();
    if let Some(cookie) = scope.bind(&redirect.browser, LIFETIME) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    unstored(answer)
}

/// `GET /auth/oidc/callback`: completes a sign-in at the provider.
#[utoipa::path(
    get,
    path = "/auth/oidc/callback",
    operation_id = "oidcCallback",
    summary = "Completes a sign-in at the OpenID Connect provider, which sends the browser here.",
    params(ProviderAnswer),
    responses((status = 303, description = "To the page, with the session in a cookie, or to the sign-in page."))
)]
pub async fn callback(
    State(state): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
    query: Result<Query<ProviderAnswer>, Refusal>,
) -> Response {
    let answer = query.map(|Query(answer)| answer).unwrap_or_default();
    let browser = scope(&state, &visitor).browser(&headers);
    let finished = state
        .access
        .finish_oidc(answer, browser, visitor.address(), visitor.session())
        .await;
    match finished {
        Ok(signed_in) => {
            let answer = see_other(state.config.base(), &signed_in.next);
            unstored(with_cookie(&state, &visitor, &signed_in.session, answer))
        }
        Err(refused) => sign_in_page(&state, &refused),
    }
}

/// Sends the browser to the sign-in page, which shows that the sign-in failed, without the reason.
fn sign_in_page(state: &AppState, refused: &NotSignedIn) -> Response {
    let base = state.config.base();
    let next = match refused.next.as_str() {
        "/" => String::new(),
        next => format!("&next={}", percent_encoded(next)),
    };
    let why = if refused.is_blocked { "later" } else { "oidc" };
    unstored(see_other(base, &format!("/login?error={why}{next}")))
}

fn unstored(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    answer
}
