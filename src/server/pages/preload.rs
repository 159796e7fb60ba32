//! What the page of a container shows beside the live state is asked for before it is rendered, so
//! that the first HTML has it.

use crate::{
    client::ContainerPageData,
    model::{Page, Tab, WorkloadRef},
    server::AppState,
};
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// How long a page waits for the engine. Without an answer it comes without, and asks again itself.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of a description that go into the HTML; a longer one is fetched by the page.
const MAX_INSPECT: usize = 256 * 1024;

/// Asks for what the page of a container needs, and answers 404 to what names none. One that is not
/// there, or no longer, has a page all the same: it may come, and says what is remembered of it.
pub(super) async fn container(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match super::page(request.uri()) {
        Some(Page::Container(id, tab)) => {
            let data = load(&state, id, tab).await;
            request.extensions_mut().insert(data);
            next.run(request).await
        }
        Some(_) => next.run(request).await,
        None => {
            let page = next.run(request).await;
            (StatusCode::NOT_FOUND, page).into_response()
        }
    }
}

async fn load(state: &AppState, id: WorkloadRef, tab: Tab) -> ContainerPageData {
    let mut data = ContainerPageData {
        id,
        details: None,
        processes: None,
        events: None,
        inspect: None,
    };
    let Ok(found) = state.directory().find(&data.id) else {
        data.events = Some(state.viewer().events_of(&data.id));
        return data;
    };
    let (engine, id) = (&found.engine, found.container().id);
    let asked = async {
        match tab {
            Tab::Processes if found.workload.state().is_up() => {
                data.processes = engine.top(id).await.ok();
            }
            Tab::Processes | Tab::Stats | Tab::Logs => {}
            Tab::Events => data.events = Some(state.viewer().events_of(&data.id)),
            Tab::Inspect => {
                let inspected = engine.inspect(id).await.ok();
                let text = inspected.and_then(|value| serde_json::to_string_pretty(&value).ok());
                data.inspect = text.filter(|text| text.len() <= MAX_INSPECT);
            }
            Tab::Overview => data.details = engine.details(id).await.ok(),
        }
    };
    let _ = tokio::time::timeout(PATIENCE, asked).await;
    data
}
