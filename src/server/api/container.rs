//! The routes of one container: its details, events and processes, and actions on it.

use super::{
    HostQuery, find, named,
    schema::{ActionFailure, BinaryForm, ContainerPath, EngineFailure, Inspection, InvalidRequest},
};
use crate::{
    model::{
        Action, ActionOptions, ContainerDetails, ContainerEvents, Processes, Right, UnknownAction,
    },
    protocol::{
        ApiError, ContainerAck, ContainerAction, ErrorCode,
        codec::{self, MEDIA_TYPE},
    },
    server::{
        AppState,
        access::Visitor,
        actions::{By, Client, engine_error},
        binary,
        problem::Refusal,
        query::Query,
        source::EngineError,
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use std::{future::Future, time::Duration};

/// How long an engine may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// `GET /api/containers/{id}`: what the engine reports about the container, with secrets masked.
///
/// # Errors
/// `invalid`, `not_found`, or the engine's failure.
#[utoipa::path(
    get,
    path = "/containers/{id}",
    operation_id = "inspect",
    summary = "Everything the engine knows of a container, with secrets masked.",
    params(ContainerPath, HostQuery),
    responses((status = 200, description = "The engine's description.", body = Inspection), EngineFailure)
)]
pub async fn inspect(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<HostQuery>,
) -> Result<Json<serde_json::Value>, Refusal> {
    let found = find(&visitor, query.host, &id, Right::See)?;
    let inspected = answer(found.engine.inspect(found.container().id)).await?;
    Ok(Json(inspected))
}

/// `GET /api/containers/{id}/details`: the details that the container's page shows, in JSON or the binary
/// form.
///
/// # Errors
/// `invalid`, `not_found`, or the engine's failure.
#[utoipa::path(
    get,
    path = "/containers/{id}/details",
    operation_id = "details",
    summary = "Limits, command, mounts, networks, health check and variables of a container, with secrets masked.",
    params(ContainerPath, HostQuery),
    responses(
        (status = 200, description = "Details.", content((ContainerDetails = "application/json"), (BinaryForm = MEDIA_TYPE))),
        EngineFailure
    )
)]
pub async fn details(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<HostQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let found = find(&visitor, query.host, &id, Right::See)?;
    let details = answer(found.engine.details(found.container().id)).await?;
    Ok(binary::either(&headers, &details))
}

/// `GET /api/containers/{id}/events`: its recent events, newest first, in JSON or the binary form; also
/// for a container that no longer exists, as long as its events are remembered.
///
/// # Errors
/// `invalid`.
#[utoipa::path(
    get,
    path = "/containers/{id}/events",
    operation_id = "containerEvents",
    summary = "The last events of a container, newest first.",
    description = "Also of a container that is gone, as long as its events are kept.",
    params(ContainerPath, HostQuery),
    responses(
        (status = 200, description = "Events.", content((ContainerEvents = "application/json"), (BinaryForm = MEDIA_TYPE))),
        InvalidRequest
    )
)]
pub async fn events(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<HostQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let events = ContainerEvents {
        events: visitor.viewer().events_of(&named(query.host, &id)?),
    };
    Ok(binary::either(&headers, &events))
}

/// `GET /api/containers/{id}/top`: its processes, in JSON or the binary form.
///
/// # Errors
/// `invalid`, `not_found`, or the engine's failure.
#[utoipa::path(
    get,
    path = "/containers/{id}/top",
    operation_id = "processes",
    summary = "The processes of a running container, with secrets masked.",
    params(ContainerPath, HostQuery),
    responses(
        (status = 200, description = "Processes.", content((Processes = "application/json"), (BinaryForm = MEDIA_TYPE))),
        EngineFailure
    )
)]
pub async fn top(
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<HostQuery>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let found = find(&visitor, query.host, &id, Right::See)?;
    let container = found.container();
    if !container.state.is_up() {
        let words = format!("{} is not running", container.name);
        return Err(ApiError::new(ErrorCode::Conflict, words).into());
    }
    let processes = answer(found.engine.top(container.id)).await?;
    Ok(binary::either(&headers, &processes))
}

/// `POST /api/containers/{id}/{action}`: executes an action. The body has the action's options in JSON or
/// the binary form, or is empty; the header `Idempotency-Key` is the request's id.
///
/// # Errors
/// Why the action was not executed.
#[utoipa::path(
    post,
    path = "/containers/{id}/{action}",
    operation_id = "act",
    summary = "Does something to a container.",
    description = "The answer comes when the engine has done it, or has failed to.",
    params(
        ContainerPath,
        ("action" = Action, Path, description = "What is done."),
        HostQuery,
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 64,
            description = "The same key within a minute is the same action, done once: 1 to 64 printable ASCII characters.")
    ),
    request_body(
        description = "How it is done; may be empty.",
        content((ActionOptions = "application/json"), (BinaryForm = MEDIA_TYPE))
    ),
    responses((status = 200, description = "It is done.", body = ContainerAck), ActionFailure)
)]
pub async fn act(
    State(state): State<AppState>,
    visitor: Visitor,
    Path((id, action)): Path<(String, String)>,
    Query(query): Query<HostQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ContainerAck>, Refusal> {
    let container_id = named(None, &id)?.id;
    let action: Action = action
        .parse()
        .map_err(|error: UnknownAction| Refusal::invalid(error.to_string()))?;
    let request = ContainerAction {
        request_id: request_id(&headers)?,
        container_id,
        action,
        host: query.host,
        options: options(&headers, &body)?,
    };
    let by = By {
        client: Client::Http(visitor.address().peer()),
        actor: visitor.actor(),
        directory: visitor.directory().clone(),
    };
    let ack = state.actions.perform(by, request).await;
    match ack.error {
        None => Ok(Json(ack)),
        Some(error) => Err(error.into()),
    }
}

fn request_id(headers: &HeaderMap) -> Result<String, Refusal> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(format!("{:032x}", fastrand::u128(..)));
    };
    key.to_str()
        .map(str::to_owned)
        .map_err(|_| Refusal::invalid("Idempotency-Key must be printable ASCII"))
}

fn options(headers: &HeaderMap, body: &[u8]) -> Result<ActionOptions, Refusal> {
    if binary::is_sent(headers) {
        return codec::decode(body).map_err(|error| Refusal::invalid(error.to_string()));
    }
    if body.is_empty() {
        return Ok(ActionOptions::default());
    }
    serde_json::from_slice(body).map_err(|error| {
        // The parser may quote its input; the beginning is enough to correct it.
        Refusal::invalid(error.to_string().chars().take(200).collect::<String>())
    })
}

/// What the engine answers to `asked`, unless that takes too long.
pub(super) async fn answer<T>(
    asked: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, ApiError> {
    tokio::time::timeout(ANSWER, asked)
        .await
        .unwrap_or(Err(EngineError::Timeout))
        .map_err(|error| engine_error(&error))
}
