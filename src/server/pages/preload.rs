//! What the page of a container shows beside the live state is asked for before it is rendered, so
//! that the first HTML has it.

use crate::{client::ContainerPageData, model::ContainerPrefix, server::AppState};
use axum::{
    extract::{Query, Request, State},
    http::{Method, StatusCode, Uri},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{collections::HashMap, time::Duration};

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
    let Some(name) = container_in(request.method(), request.uri()) else {
        return next.run(request).await;
    };
    let Ok(id) = name.parse::<ContainerPrefix>() else {
        let page = next.run(request).await;
        return (StatusCode::NOT_FOUND, page).into_response();
    };
    let data = load(&state, id, request.uri()).await;
    request.extensions_mut().insert(data);
    next.run(request).await
}

/// What the path of a container's page names.
fn container_in<'a>(method: &Method, uri: &'a Uri) -> Option<&'a str> {
    let name = uri.path().strip_prefix("/containers/")?;
    let is_page = matches!(*method, Method::GET | Method::HEAD);
    (is_page && !name.is_empty() && !name.contains('/')).then_some(name)
}

async fn load(state: &AppState, id: ContainerPrefix, uri: &Uri) -> ContainerPageData {
    let mut data = ContainerPageData {
        id,
        details: None,
        processes: None,
        events: None,
        inspect: None,
    };
    let Ok(found) = state.actions.find(None, &data.id) else {
        data.events = Some(state.hub.events_of(&data.id));
        return data;
    };
    let (engine, id) = (&found.engine, found.container.id);
    let parameters = Query::<HashMap<String, String>>::try_from_uri(uri).ok();
    let tab = parameters
        .as_ref()
        .and_then(|parameters| parameters.get("tab"))
        .map_or("overview", String::as_str);
    let asked = async {
        match tab {
            "processes" if found.container.state.is_up() => {
                data.processes = engine.top(id).await.ok();
            }
            "processes" | "stats" | "logs" => {}
            "events" => data.events = Some(state.hub.events_of(&data.id)),
            "inspect" => {
                let inspected = engine.inspect(id).await.ok();
                let text = inspected.and_then(|value| serde_json::to_string_pretty(&value).ok());
                data.inspect = text.filter(|text| text.len() <= MAX_INSPECT);
            }
            _ => data.details = engine.details(id).await.ok(),
        }
    };
    let _ = tokio::time::timeout(PATIENCE, asked).await;
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_of_a_container_names_one() {
        let named = |method: &Method, path: &'static str| {
            let uri = Uri::from_static(path);
            container_in(method, &uri).map(str::to_owned)
        };
        let get = &Method::GET;
        assert_eq!(
            named(get, "/containers/abc?tab=logs").as_deref(),
            Some("abc")
        );
        for path in [
            "/",
            "/containers",
            "/containers/",
            "/containers/a/b",
            "/pkg/x",
        ] {
            assert_eq!(named(get, path), None, "{path}");
        }
        assert_eq!(named(&Method::POST, "/containers/abc"), None);
    }
}
