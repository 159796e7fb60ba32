//! `POST /api/containers/{id}/reveal`: the masked values of a container's description. The only request whose
//! answer contains them; each one is in the audit log, which never has a value.

use super::{
    HostQuery,
    container::answer,
    named,
    schema::{ContainerPath, Inspection, RevealFailure},
    submitted::Submitted,
};
use crate::{
    model::{AuditOutcome, Right},
    server::{AppState, access::Visitor, actions::not_recorded, problem::Refusal, query::Query},
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;

/// What the audit log calls it.
const REVEAL: &str = "reveal";
/// Most fields of one request: more than anyone names one by one, and each is searched for.
const MAX_FIELDS: usize = 64;

/// Which values are revealed.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// The names of the fields, as `Config.Env.DB_PASSWORD` or `Env.DB_PASSWORD`, 1 to 64; all when
    /// absent.
    #[serde(default)]
    fields: Option<Vec<String>>,
}

impl Reveal {
    /// The revealed fields for the audit log. Their names are in the masked description, too.
    fn described(&self) -> String {
        match &self.fields {
            Some(fields) => fields.join(", "),
            None => "all values".to_owned(),
        }
    }
}

/// `POST /api/containers/{id}/reveal`: the description with its secrets. It is a `POST` because it is recorded,
/// and must be neither cached nor prefetched.
///
/// # Errors
/// `invalid`, `not_found`, `forbidden`, `storage_unavailable` if it cannot be recorded, or the engine's failure.
#[utoipa::path(
    post,
    path = "/containers/{id}/reveal",
    operation_id = "reveal",
    summary = "Everything the engine knows of a container, with its secrets.",
    description = "The audit log records who asks for it, not the values.",
    params(ContainerPath, HostQuery),
    request_body(description = "Which values; may be empty.", content((Reveal = "application/json"))),
    responses((status = 200, description = "The engine's description.", body = Inspection), RevealFailure)
)]
pub async fn reveal(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(query): Query<HostQuery>,
    submitted: Submitted<Reveal>,
) -> Result<Json<serde_json::Value>, Refusal> {
    let (named, wanted) = (named(query.host, &id)?, submitted.body);
    let fields = wanted.fields.as_deref();
    if fields.is_some_and(|fields| fields.is_empty() || fields.len() > MAX_FIELDS) {
        return Err(Refusal::invalid(format!(
            "name 1 to {MAX_FIELDS} fields, or none"
        )));
    }
    let (audit, actor) = (state.access.audit(), visitor.actor());
    let found = match visitor.directory().find(&named, Right::Reveal) {
        Ok(found) => found,
        Err(error) => {
            let outcome = (AuditOutcome::Refused, error.message.as_str());
            // The request is refused in any case.
            let _ = audit.record(&actor, REVEAL, &id, outcome).await;
            return Err(error.into());
        }
    };
    let begun = audit.begin(&actor, REVEAL, &found.target()).await;
    let begun = begun.map_err(|error| not_recorded(&error))?;
    let revealed = answer(found.engine.reveal(found.container().id, fields)).await;
    match &revealed {
        Ok(_) => begun.finish(AuditOutcome::Done, &wanted.described()).await,
        Err(error) => begun.finish(AuditOutcome::Failed, &error.message).await,
    }
    Ok(Json(revealed?))
}
