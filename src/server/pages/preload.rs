//! Loads what a container's page shows besides the live state before it is rendered, so that the first
//! HTML contains it.

use crate::{
    client::ContainerPageData,
    model::{Page, Right, Tab, WorkloadRef},
    server::access::Visitor,
};
use axum::{
    extract::Request,
    http::{Method, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// How long a page waits for the engine. After that it is rendered without the data and then loads it
/// itself.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes of inspection data in the HTML; the page fetches longer ones.
const MAX_INSPECT: usize = 256 * 1024;

/// Loads the data for a container's page, and answers 404 if the path names no container. An unknown
/// container has a page, too: it may be created later, and its past events may be remembered.
pub(super) async fn container(visitor: Visitor, mut request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match super::page(request.uri()) {
        Some(Page::Container(id, tab)) => {
            let data = load(&visitor, id, tab).await;
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

async fn load(visitor: &Visitor, id: WorkloadRef, tab: Tab) -> ContainerPageData {
    let mut data = ContainerPageData {
        id,
        details: None,
        processes: None,
        events: None,
        inspect: None,
    };
    let Ok(found) = visitor.directory().find(&data.id, Right::See) else {
        data.events = Some(visitor.viewer().events_of(&data.id));
        return data;
    };
    let (engine, id) = (&found.engine, found.container().id);
    let asked = async {
        match tab {
            Tab::Processes if found.workload.state().is_up() => {
                data.processes = engine.top(id).await.ok();
            }
            Tab::Processes | Tab::Stats | Tab::Logs => {}
            Tab::Events => data.events = Some(visitor.viewer().events_of(&data.id)),
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
