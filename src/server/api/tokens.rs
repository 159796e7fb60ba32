//! API tokens and kiosk links.

use super::{
    schema::{BinaryForm, NoPrincipal, TokenFailure},
    submitted::Submitted,
    users::audited,
};
use crate::{
    protocol::{CreatedToken, NewToken, Tokens, codec::MEDIA_TYPE},
    server::{
        AppState,
        access::{Principal, Visitor, guard::unauthorized},
        binary,
        problem::Refusal,
    },
};
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use std::sync::Arc;

/// `GET /api/tokens`: the tokens that the principal may revoke.
///
/// # Errors
/// `unauthorized`.
#[utoipa::path(
    get,
    path = "/tokens",
    operation_id = "tokens",
    summary = "Your tokens; for an administrator all.",
    responses((status = 200, description = "The newest first.", content((Tokens = "application/json"), (BinaryForm = MEDIA_TYPE))), NoPrincipal)
)]
pub async fn list(
    State(state): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let tokens = state.access.tokens(principal(&visitor)?);
    Ok(binary::either(&headers, &tokens))
}

/// `POST /api/tokens`: creates a token, which only this answer contains.
///
/// # Errors
/// `forbidden` for a grant beyond those of its creator, `invalid`.
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "createToken",
    summary = "Creates a token; only this answer contains it.",
    request_body(content((NewToken = "application/json"))),
    responses((status = 201, description = "The token.", content((CreatedToken = "application/json"), (BinaryForm = MEDIA_TYPE))), TokenFailure)
)]
pub async fn create(
    State(state): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
    submitted: Submitted<NewToken>,
) -> Result<(StatusCode, Response), Refusal> {
    let new = submitted.body;
    let name = new.name.clone();
    let created = state.access.create_token(principal(&visitor)?, new);
    let token = audited(&state, &visitor, ("create token", &name), created).await?;
    Ok((StatusCode::CREATED, binary::either(&headers, &token)))
}

/// `DELETE /api/tokens/{id}`: revokes a token.
///
/// # Errors
/// `not_found`, also for the tokens of others.
#[utoipa::path(
    delete,
    path = "/tokens/{id}",
    operation_id = "revokeToken",
    summary = "Revokes a token. The connections that use it end within a second.",
    params(("id" = String, Path, description = "The id of the token.")),
    responses((status = 204, description = "The token is revoked."), TokenFailure)
)]
pub async fn revoke(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let principal = principal(&visitor)?;
    let name = state.access.name_of_token(principal, &id);
    let target = name.as_deref().unwrap_or(&id);
    let revoked = state.access.revoke_token(principal, &id);
    audited(&state, &visitor, ("revoke token", target), revoked).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn principal(visitor: &Visitor) -> Result<&Arc<Principal>, Refusal> {
    visitor.principal().ok_or_else(unauthorized)
}
