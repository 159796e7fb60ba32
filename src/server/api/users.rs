//! Users, for administrators.

use super::{
    schema::{AdminFailure, BinaryForm, NoAdmin},
    submitted::Submitted,
};
use crate::{
    model::AuditOutcome,
    protocol::{NewUser, User, UserChange, Users, codec::MEDIA_TYPE},
    server::{
        AppState,
        access::{AccessError, Name, NotAName, Visitor},
        binary,
        problem::Refusal,
    },
};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};

/// `GET /api/users`: all users.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "users",
    summary = "All users.",
    responses((status = 200, description = "Ordered by name.", content((Users = "application/json"), (BinaryForm = MEDIA_TYPE))), NoAdmin)
)]
pub async fn list(State(state): State<AppState>, headers: HeaderMap) -> Response {
    binary::either(&headers, &state.access.users())
}

/// `POST /api/users`: creates a user.
///
/// # Errors
/// `conflict` for a taken name, `invalid` for an unsuitable name or password.
#[utoipa::path(
    post,
    path = "/users",
    operation_id = "createUser",
    summary = "Creates a user who signs in with a password.",
    request_body(content((NewUser = "application/json"))),
    responses((status = 201, description = "The user.", body = User), AdminFailure)
)]
pub async fn create(
    State(state): State<AppState>,
    visitor: Visitor,
    submitted: Submitted<NewUser>,
) -> Result<(StatusCode, Json<User>), Refusal> {
    let new = submitted.body;
    let target = described(&new.username, Some(&new.grants));
    let created = state.access.create_user(new);
    let user = audited(&state, &visitor, ("create user", &target), created).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// `PATCH /api/users/{name}`: changes a user.
///
/// # Errors
/// `not_found`, `conflict` for the only administrator, `invalid`.
#[utoipa::path(
    patch,
    path = "/users/{name}",
    operation_id = "changeUser",
    summary = "Changes the grants or the password of a user, or disables the user.",
    params(("name" = String, Path, description = "The name of the user.")),
    request_body(content((UserChange = "application/json"))),
    responses((status = 200, description = "The user.", body = User), AdminFailure)
)]
pub async fn change(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(name): Path<String>,
    submitted: Submitted<UserChange>,
) -> Result<Json<User>, Refusal> {
    let change = submitted.body;
    let mut did = Vec::new();
    did.extend(change.grants.is_some().then_some("grant"));
    did.extend(
        change
            .disabled
            .map(|disabled| if disabled { "disable" } else { "enable" }),
    );
    did.extend(change.password.is_some().then_some("set password"));
    let target = described(&name, change.grants.as_ref());
    let changed = async { state.access.change_user(&parsed(&name)?, change).await };
    let did = did.join(", ");
    let did = if did.is_empty() { "change user" } else { &did };
    audited(&state, &visitor, (did, &target), changed)
        .await
        .map(Json)
}

/// `DELETE /api/users/{name}`: removes a user with all sessions and tokens.
///
/// # Errors
/// `not_found`, `conflict` for the only administrator.
#[utoipa::path(
    delete,
    path = "/users/{name}",
    operation_id = "removeUser",
    summary = "Removes a user with all sessions and tokens.",
    params(("name" = String, Path, description = "The name of the user.")),
    responses((status = 204, description = "The user is removed."), AdminFailure)
)]
pub async fn remove(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    let removed = async { state.access.remove_user(&parsed(&name)?).await };
    audited(&state, &visitor, ("remove user", &name), removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A name that is none names no user.
fn parsed(name: &str) -> Result<Name, AccessError> {
    name.parse()
        .map_err(|_: NotAName| AccessError::NotFound("user"))
}

fn described(name: &str, grants: Option<&Vec<crate::model::Grant>>) -> String {
    let grants = grants.into_iter().flatten();
    let grants: Vec<_> = grants
        .map(|grant| format!("{} {}", grant.role, grant.scope))
        .collect();
    match grants.is_empty() {
        true => name.to_owned(),
        false => format!("{name}: {}", grants.join(", ")),
    }
}

/// Makes a change of accounts, and records it before and after.
pub(super) async fn audited<T>(
    state: &AppState,
    visitor: &Visitor,
    (did, target): (&str, &str),
    change: impl Future<Output = Result<T, AccessError>>,
) -> Result<T, Refusal> {
    let (audit, actor) = (state.access.audit(), visitor.actor());
    let begun = audit.begin(&actor, did, target).await?;
    let result = change.await;
    match &result {
        Ok(_) => begun.finish(AuditOutcome::Done, "").await,
        Err(AccessError::Storage(error)) => {
            begun.finish(AuditOutcome::Failed, &error.to_string()).await;
        }
        Err(error) => {
            begun
                .finish(AuditOutcome::Refused, &error.to_string())
                .await
        }
    }
    Ok(result?)
}
