//! The routes of the HTTP interface as a table, and the router that is built from it.

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
    handler::Handler,
    http::{Method, StatusCode},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use std::{any::Any, sync::Arc};
use tower::Layer;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

/// A path of the HTTP interface, the one method it takes and the handler that answers.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path with its parameters in braces, as `docs/openapi.json` names it.
    pub path: &'static str,
    /// Every other method is refused with 405.
    pub method: Method,
    handler: MethodRouter<AppState>,
}

impl Route {
    fn get<H: Handler<T, AppState>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self {
            path,
            method: Method::GET,
            handler: get(handler),
        }
    }

    fn post<H: Handler<T, AppState>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self {
            path,
            method: Method::POST,
            handler: post(handler),
        }
    }

    /// Compresses the answer. Messages are encoded anew for these routes, so that compressing them
    /// costs little more. Streams are not compressed: a compressor would hold them back.
    fn compressed(self) -> Self {
        Self {
            handler: self.handler.layer(CompressionLayer::new()),
            ..self
        }
    }
}

/// Every route of the HTTP interface. The router is built from this table and has no other routes
/// but the pages; tests hold `docs/openapi.json` against it.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/snapshot", poll::snapshot).compressed(),
        Route::get("/api/metrics", api::state::metrics).compressed(),
        Route::get("/api/containers", api::state::containers).compressed(),
        Route::get("/api/containers/{id}/stats", api::stats::history).compressed(),
        Route::get("/api/stats/sparklines", api::stats::sparklines).compressed(),
        Route::get("/api/openapi.json", api::openapi::document).compressed(),
        Route::get("/api/ws", ws::multiplexed),
        Route::get("/api/containers/stream", sse::containers),
        Route::get("/api/containers/{id}", api::container::inspect),
        Route::get("/api/containers/{id}/details", api::container::details),
        Route::get("/api/containers/{id}/events", api::container::events),
        Route::get("/api/containers/{id}/top", api::container::top),
        Route::get("/api/containers/{id}/logs", api::logs::logs),
        Route::post("/api/containers/{id}/{action}", api::container::act),
        Route::get("/ws/docker/stats", ws::docker_stats),
        Route::get("/ws/docker/{id}/logs", transport::logs::docker_logs),
        Route::get("/healthz", api::health::alive),
        Route::get("/readyz", api::health::ready),
        Route::get("/metrics", api::prometheus::metrics),
    ]
}

/// The prefix of the routes that answer in JSON, and the paths beneath it.
const API: &str = "/api";

/// The routes of [`routes`], nested so that a wrong path beneath [`API`] is refused in JSON.
fn interface() -> Router<AppState> {
    let (mut api, mut others) = (Router::new(), Router::new());
    for route in routes() {
        match route.path.strip_prefix(API) {
            Some(path) => api = api.route(path, route.handler),
            None => others = others.route(route.path, route.handler),
        }
    }
    let api = api
        .fallback(no_such_resource)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(headers::no_store))
        .layer(DefaultBodyLimit::max(MAX_MESSAGE_BYTES));
    others
        .route("/ws/{*path}", get(no_such_resource))
        .nest(API, api)
}

/// Every route and the pages, behind the gate.
pub fn router(state: AppState) -> Router {
    let routes = pages::routes(interface(), &state)
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
