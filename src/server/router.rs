//! The routes of the HTTP interface. Each is added together with its description, so that the OpenAPI
//! document has all of them.

use super::{
    AppState,
    access::{
        authenticate,
        guard::{Need, needs},
    },
    api::{self, openapi},
    base, first_lines, gate,
    headers::{self, security_headers},
    pages,
    problem::Refusal,
    transport::{self, poll, sse, ws},
};
use crate::{
    model::Right,
    protocol::{ApiError, ErrorCode, MAX_MESSAGE_BYTES},
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use std::{any::Any, sync::Arc};
use tower::Layer;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt as _},
    routes,
};

/// The prefix of the routes that answer in JSON.
const API: &str = "/api";
/// The need of routes whose answers are limited to what their principal may see.
const SEE: Need = Need::Right(Right::See);
/// The need of routes that administer the server.
const ADMIN: Need = Need::Everywhere(Right::Admin);

/// The routes below [`API`], each with the description on its handler.
///
/// Some responses are compressed: their messages are encoded for each request anyway, so compression adds
/// little cost. Streams are not: a compressor would delay them.
fn api_routes() -> OpenApiRouter<AppState> {
    let compressed = CompressionLayer::new;
    OpenApiRouter::with_openapi(openapi::empty())
        .routes(needs(SEE, routes!(poll::snapshot).layer(compressed())))
        .routes(needs(SEE, routes!(api::state::metrics).layer(compressed())))
        .routes(needs(
            SEE,
            routes!(api::state::containers).layer(compressed()),
        ))
        .routes(needs(SEE, routes!(api::stats::history).layer(compressed())))
        .routes(needs(
            SEE,
            routes!(api::stats::sparklines).layer(compressed()),
        ))
        .routes(needs(
            Need::SignIn,
            routes!(openapi::document).layer(compressed()),
        ))
        .routes(needs(SEE, routes!(ws::multiplexed)))
        .routes(needs(SEE, routes!(sse::containers)))
        .routes(needs(SEE, routes!(api::container::inspect)))
        .routes(needs(SEE, routes!(api::container::details)))
        .routes(needs(SEE, routes!(api::container::events)))
        .routes(needs(SEE, routes!(api::container::top)))
        .routes(needs(Need::Right(Right::Logs), routes!(api::logs::logs)))
        .routes(needs(SEE, routes!(api::container::act)))
        .routes(needs(
            Need::Right(Right::Reveal),
            routes!(api::reveal::reveal),
        ))
        .routes(needs(Need::Nothing, routes!(api::sign_in::set_up)))
        .routes(needs(Need::Nothing, routes!(api::sign_in::sign_in)))
        .routes(needs(Need::Nothing, routes!(api::sign_in::kiosk)))
        .routes(needs(Need::Nothing, routes!(api::sign_in::sign_out)))
        .routes(needs(Need::SignIn, routes!(api::me::me)))
        .routes(needs(Need::SignIn, routes!(api::me::change_password)))
        .routes(needs(ADMIN, routes!(api::users::list, api::users::create)))
        .routes(needs(
            ADMIN,
            routes!(api::users::change, api::users::remove),
        ))
        .routes(needs(
            Need::SignIn,
            routes!(api::tokens::list, api::tokens::create),
        ))
        .routes(needs(Need::SignIn, routes!(api::tokens::revoke)))
        .routes(needs(
            ADMIN,
            routes!(api::audit::entries).layer(compressed()),
        ))
        .routes(needs(ADMIN, routes!(api::system::status)))
}

/// The other routes of the HTTP interface.
fn other_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::empty())
        .routes(needs(SEE, routes!(ws::docker_stats)))
        .routes(needs(
            Need::Right(Right::Logs),
            routes!(transport::logs::docker_logs),
        ))
        .routes(needs(Need::Nothing, routes!(api::oidc::start)))
        .routes(needs(Need::Nothing, routes!(api::oidc::callback)))
        .routes(needs(Need::Nothing, routes!(api::health::alive)))
        .routes(needs(Need::Nothing, routes!(api::health::ready)))
        .routes(needs(
            Need::Everywhere(Right::See),
            routes!(api::prometheus::metrics),
        ))
}

/// The routes and their descriptions. Those below [`API`] are nested, so that an unknown path there is
/// refused in JSON.
fn interface() -> (Router<AppState>, OpenApi) {
    let (api, api_document) = api_routes().split_for_parts();
    let (others, document) = other_routes().split_for_parts();
    let api = api
        .fallback(no_such_resource)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(headers::no_store))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES));
    let router = others
        .route("/ws/{*path}", get(no_such_resource))
        .nest(API, api);
    (router, document.nest(API, api_document))
}

/// The OpenAPI document: every route but the pages.
pub fn document() -> OpenApi {
    openapi::complete(interface().1)
}

/// All routes and the pages, behind the gate.
pub fn router(state: AppState) -> Router {
    let routes = pages::routes(interface().0, &state)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(first_lines::read))
        .with_state(state.clone());
    // Around the router rather than inside it: the path is changed before it is routed.
    let base: Arc<str> = state.config.base().into();
    let routes = from_fn_with_state(base, base::enter).layer(routes);
    Router::new()
        .fallback_service(routes)
        .layer(from_fn_with_state(state.clone(), authenticate))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(state, gate::guard))
        .layer(from_fn(security_headers))
}

async fn no_such_resource() -> Refusal {
    ApiError::new(ErrorCode::NotFound, "no such resource").into()
}

async fn wrong_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        ApiError::new(ErrorCode::Invalid, "not with this method"),
    )
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    let error = ApiError::new(ErrorCode::Internal, "the server failed");
    Refusal::from(error).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Paths that only refuse: nested fallbacks, and sockets that do not exist.
    const REFUSED: [&str; 3] = ["/", "/api", "/ws/{*path}"];

    /// The paths that `router` serves, parsed from its `Debug` form, the only one that contains them.
    fn paths(router: &Router<AppState>) -> BTreeSet<String> {
        let shown = format!("{router:?}");
        let texts = shown.split('"').skip(1).step_by(2);
        let is_served = |path: &&str| {
            path.starts_with('/') && !path.contains("fallback") && !REFUSED.contains(path)
        };
        texts.filter(is_served).map(str::to_owned).collect()
    }

    #[test]
    fn every_route_is_in_the_document_and_no_other() {
        let (router, document) = interface();
        let documented: BTreeSet<_> = document.paths.paths.into_keys().collect();
        assert!(documented.len() >= 19, "{documented:?}");
        assert_eq!(documented, paths(&router));
    }
}
