//! `GET /api/openapi.json`: a description of the HTTP interface for tools, generated from the handlers and
//! the types of their responses.

use super::schema;
use crate::server::{AppState, router};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use std::sync::LazyLock;
use utoipa::{
    OpenApi,
    openapi::{
        self, Ref, RefOr, Required, Schema, Server,
        path::Operation,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The parts of the document besides its paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Deckwatch",
        description = "The HTTP interface. Errors are `application/problem+json` (RFC 9457). \
                       `docs/PROTOCOL.md` describes the messages of the sockets, and access checks.",
    ),
    components(schemas(crate::protocol::Problem))
)]
struct Document;

static DOCUMENT: LazyLock<openapi::OpenApi> = LazyLock::new(router::document);

/// A document without paths.
pub(in crate::server) fn empty() -> openapi::OpenApi {
    Document::openapi()
}

/// Starts the part of a handler's documentation that is for its Rust callers only.
const FOR_CALLERS: &str = "# Errors";

/// Adds the errors that any request can get to each path of `document`, and removes the Rust errors from
/// the handlers' descriptions. No request needs a body.
pub(in crate::server) fn complete(mut document: openapi::OpenApi) -> openapi::OpenApi {
    let operations = document.paths.paths.values_mut().flat_map(|path| {
        let all: [&mut Option<Operation>; 4] = [
            &mut path.get,
            &mut path.post,
            &mut path.patch,
            &mut path.delete,
        ];
        all.into_iter().flatten()
    });
    for operation in operations {
        operation
            .description
            .take_if(|description| description.starts_with(FOR_CALLERS));
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.required = Some(Required::False);
        }
        for (status, response) in schema::of_every_request() {
            let responses = &mut operation.responses.responses;
            responses.entry(status).or_insert(response);
        }
    }
    untag_updates(&mut document);
    describe_credentials(&mut document);
    document
}

/// Describes the two credentials of requests.
fn describe_credentials(document: &mut openapi::OpenApi) {
    let Some(components) = &mut document.components else {
        return;
    };
    let cookie = ApiKeyValue::with_description(
        "deckwatch-session",
        "The session of a user who signed in; named `__Host-deckwatch` over HTTPS.",
    );
    let session = SecurityScheme::ApiKey(ApiKey::Cookie(cookie));
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API token."))
        .build();
    components.add_security_scheme("session", session);
    components.add_security_scheme("token", SecurityScheme::Http(token));
}

/// Describes an update among the messages as it is serialized: with its own tag instead of the message's,
/// which the derived schema does not express.
fn untag_updates(document: &mut openapi::OpenApi) {
    let schemas = document.components.as_mut().map(|all| &mut all.schemas);
    let messages = schemas.and_then(|schemas| schemas.get_mut("ServerMessage"));
    if let Some(RefOr::T(Schema::OneOf(messages))) = messages
        && let Some(update) = messages.items.last_mut()
    {
        *update = Ref::from_schema_name("Sequenced").into();
    }
}

/// `GET /api/openapi.json`.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    summary = "This document.",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object))
)]
pub async fn document(State(state): State<AppState>) -> Response {
    let mut document = DOCUMENT.clone();
    document.servers = Some(vec![Server::new(format!("{}/", state.config.base()))]);
    match document.to_json() {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "the OpenAPI document could not be encoded");
            axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
