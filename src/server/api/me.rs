//! The principal of a request.

use super::{
    schema::{BinaryForm, NoPrincipal, PasswordFailure},
    submitted::Submitted,
    users::audited,
};
pub use crate::model::Me;
use crate::{
    protocol::{ApiError, ErrorCode, PasswordChange, codec::MEDIA_TYPE},
    server::{
        AppState,
        access::{Visitor, guard::unauthorized},
        binary,
        problem::Refusal,
    },
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};

/// `GET /api/me`: the principal of the request.
///
/// # Errors
/// `unauthorized` without a sign-in.
#[utoipa::path(
    get,
    path = "/me",
    operation_id = "me",
    summary = "Who the request acts for.",
    responses((status = 200, description = "The principal.", content((Me = "application/json"), (BinaryForm = MEDIA_TYPE))), NoPrincipal)
)]
pub async fn me(visitor: Visitor, headers: HeaderMap) -> Result<Response, Refusal> {
    let me = visitor.me().ok_or_else(unauthorized)?;
    Ok(binary::either(&headers, &me))
}

/// `POST /api/me/password`: changes the password of the signed-in user. All other sessions end.
///
/// # Errors
/// `forbidden` for a wrong present password, `invalid` for an unsuitable new one.
#[utoipa::path(
    post,
    path = "/me/password",
    operation_id = "changePassword",
    summary = "Changes the password of the signed-in user, and ends all other sessions.",
    request_body(content((PasswordChange = "application/json"))),
    responses((status = 204, description = "The password is changed."), PasswordFailure)
)]
pub async fn change_password(
    State(state): State<AppState>,
    visitor: Visitor,
    submitted: Submitted<PasswordChange>,
) -> Result<StatusCode, Refusal> {
    let name = visitor.principal().and_then(|known| known.user());
    let name = name.ok_or_else(|| {
        let message = "only a user has a password";
        Refusal::from(ApiError::new(ErrorCode::Forbidden, message))
    })?;
    let PasswordChange { current, new } = submitted.body;
    let passwords = (current.0, new.0);
    let (address, kept) = (visitor.address(), visitor.session());
    let changed = state.access.change_password(name, passwords, address, kept);
    audited(&state, &visitor, ("change password", ""), changed).await?;
    Ok(StatusCode::NO_CONTENT)
}
