//! `GET /api/openapi.json`: the HTTP interface, for machines.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// The document, as it is checked in. Tests hold it against the routes.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// `GET /api/openapi.json`.
pub async fn document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}
