//! Every route.

use super::{
    AppState, api, base, first_lines, gate,
    headers::{self, security_headers},
    pages,
    problem::Refusal,
    transport::{self, poll, sse, ws},
};
use crate::protocol::{ApiError, ErrorCode, MAX_MESSAGE_BYTES};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::{any::Any, sync::Arc};
use tower::Layer;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

/// Every route, behind the gate.
pub fn router(state: AppState) -> Router {
    // Messages are encoded anew for these, so compressing them costs little more. Streams are not
    // compressed: a compressor would hold them back.
    let state_of_things = Router::new()
        .route("/snapshot", get(poll::snapshot))
        .route("/metrics", get(api::state::metrics))
        .route("/containers", get(api::state::containers))
        .route("/containers/{id}/stats", get(api::stats::history))
        .route("/stats/sparklines", get(api::stats::sparklines))
        .route("/openapi.json", get(api::openapi::document))
        .layer(CompressionLayer::new());
    let api = Router::new()
        .merge(state_of_things)
        .route("/ws", get(ws::multiplexed))
        .route("/containers/stream", get(sse::containers))
        .route("/containers/{id}", get(api::container::inspect))
        .route("/containers/{id}/details", get(api::container::details))
        .route("/containers/{id}/events", get(api::container::events))
        .route("/containers/{id}/top", get(api::container::top))
        .route("/containers/{id}/logs", get(api::logs::logs))
        .route("/containers/{id}/{action}", post(api::container::act))
        .fallback(no_such_resource)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(headers::no_store))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES));
    let routes = Router::new()
        .nest("/api", api)
        .route("/ws/docker/stats", get(ws::docker_stats))
        .route("/ws/docker/{id}/logs", get(transport::logs::docker_logs))
        .route("/ws/{*path}", get(no_such_resource))
        .route("/healthz", get(api::health::alive))
        .route("/readyz", get(api::health::ready))
        .route("/metrics", get(api::prometheus::metrics));
    let routes = pages::routes(routes, &state)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(state.clone(), first_lines::read))
        .with_state(state.clone());
    // Around the router instead of inside: the path is changed before it is routed.
    let base: Arc<str> = state.config.base().into();
    let routes = from_fn_with_state(base, base::enter).layer(routes);
    Router::new()
        .fallback_service(routes)
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
