//! Loads what a page of the settings shows before it is rendered, so that the first HTML contains it.

use super::page;
use crate::{
    client::{SettingsData, SettingsFrame},
    model::{AuditQuery, Page, Right, Section},
    protocol::{ApiError, ErrorCode},
    server::{
        AppState,
        access::{Selection, Visitor, guard::Need},
        api::{self, AUDIT_LIMIT},
        clock,
        problem::Refusal,
    },
};
use axum::{
    extract::{Request, State},
    http::Uri,
    middleware::Next,
    response::Response,
};

/// Middleware that inserts the data of a page of the settings into the extensions of its request.
pub(super) async fn load(
    State(state): State<AppState>,
    visitor: Visitor,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(Page::Settings(section)) = page(request.uri()) {
        let data = data(&state, &visitor, section, request.uri()).await;
        let data = data.map(|data| data.unwrap_or_else(SettingsData::Refused));
        request
            .extensions_mut()
            .insert(data.map(|data| SettingsFrame::new(&data)));
    }
    next.run(request).await
}

/// The data of `section`; `None` if it needs none.
async fn data(
    state: &AppState,
    visitor: &Visitor,
    section: Section,
    uri: &Uri,
) -> Option<Result<SettingsData, ApiError>> {
    let need = match section {
        Section::Profile => return None,
        Section::Tokens => Need::SignIn,
        Section::Users | Section::Audit | Section::System => Need::Everywhere(Right::Admin),
    };
    if let Err(refusal) = need.check(visitor) {
        return Some(Err(refusal.into_error()));
    }
    Some(match section {
        Section::Profile => return None,
        Section::Users => Ok(SettingsData::Users(state.access.users())),
        Section::Tokens => {
            let principal = visitor.principal()?;
            Ok(SettingsData::Tokens(state.access.tokens(principal)))
        }
        Section::System => Ok(SettingsData::System(Box::new(api::system::of(state)))),
        Section::Audit => audit(state, uri).await,
    })
}

async fn audit(state: &AppState, uri: &Uri) -> Result<SettingsData, ApiError> {
    let parameters = super::parameters(uri);
    let query = AuditQuery::from_url(|name| parameters.get(name).cloned());
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let selection = Selection {
        since: query.start(clock::now()),
        until: None,
        who: text(&query.who),
        did: text(&query.did),
        on: text(&query.on),
        outcome: query.outcome,
        before: query.before,
        limit: AUDIT_LIMIT,
    };
    let entries = state.access.audit().read(selection).await;
    let entries = entries.map_err(|error| {
        let refusal = Refusal::from(error);
        ApiError::new(ErrorCode::StorageUnavailable, refusal.message())
    })?;
    Ok(SettingsData::Audit(entries))
}
