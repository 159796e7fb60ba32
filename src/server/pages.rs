//! Pages: every path outside the API is a file of the built site, or a rendered page.

mod compress;
mod door;
mod preload;
mod settings;

use super::{AppState, access::Visitor, base, clock, hub::Viewer};
use crate::{
    app::{App, shell},
    client::{ContainerPageData, FirstLines, Initial, InitialState, SettingsFrame},
    model::{
        ContainerQuery, Dashboard, HISTORY, Page, Preferences, StatsHistory, Tab, Timestamp,
        Totals, Update, WorkloadId, percent_encoded, return_path,
    },
    pages::Part,
    protocol::{Channel, Sequenced, ServerMessage, Snapshot, codec},
};
use axum::{
    Router,
    body::Body,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts, uri::PathAndQuery},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use leptos::{nonce::Nonce, prelude::*};
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_async_with_context};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Containers in the first HTML: more than fit on a screen, few enough to stay small.
const CONTAINERS: usize = 60;
/// Engine events in the first HTML.
const EVENTS: usize = 20;

/// Adds the pages and the site's files to `routes`.
pub fn routes(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    let pages = Router::new()
        .leptos_routes_with_context(
            state,
            generate_route_list(App),
            context(state.clone()),
            document(state),
        )
        .route(&Page::Login.href(), get(door::page))
        .route(&Page::Setup.href(), get(door::page))
        .layer(from_fn(base::restore))
        // Runs before `restore`, because it parses paths below the base.
        .layer(from_fn_with_state(state.clone(), settings::load))
        .layer(from_fn_with_state(state.clone(), sign_in_first))
        // Runs before `restore`, because it parses paths below the base.
        .layer(from_fn(preload::container))
        .layer(compress::layer())
        .layer(from_fn(compress::negotiate));
    let rest = get(file_or_not_found)
        .with_state(state.clone())
        .layer(compress::layer())
        .layer(from_fn(compress::negotiate));
    routes.merge(pages).fallback_service(rest)
}

async fn file_or_not_found(
    State(state): State<AppState>,
    visitor: Visitor,
    request: Request,
) -> Response {
    if let Some(file) = state.site.get(request.uri().path(), request.headers()) {
        return file;
    }
    if let Some(elsewhere) = door(&state, &visitor, request.uri()) {
        return elsewhere;
    }
    if let Some(settings @ Page::Settings(_)) = page(request.uri()) {
        let path = format!("{}{}", state.config.base(), settings.href());
        return Redirect::to(&path).into_response();
    }
    let document = document(&state);
    let render = render_app_async_with_context(context(state), document);
    let page: Response<Body> = render(base::restored(request)).await;
    (StatusCode::NOT_FOUND, page).into_response()
}

/// Middleware that sends visitors who are not signed in to the page where they can.
async fn sign_in_first(
    State(state): State<AppState>,
    visitor: Visitor,
    request: Request,
    next: Next,
) -> Response {
    match door(&state, &visitor, request.uri()) {
        Some(elsewhere) => elsewhere,
        None => next.run(request).await,
    }
}

/// Where the browser of a visitor who may not see the page at `uri` is sent; `None` if the page is shown.
fn door(state: &AppState, visitor: &Visitor, uri: &Uri) -> Option<Response> {
    let page = page(uri);
    let (base, is_setup) = (state.config.base(), state.access.is_setup_open());
    let to = |path: &str| Some(Redirect::to(&format!("{base}{path}")).into_response());
    match page {
        Some(Page::Login | Page::Setup) => None,
        _ if visitor.principal().is_some() => None,
        _ if is_setup => to("/setup"),
        _ => {
            let here = uri.path_and_query().map_or("/", PathAndQuery::as_str);
            let next = return_path(here).filter(|path| *path != "/");
            let next = next.map(|path| format!("{}={}", Page::NEXT, percent_encoded(path)));
            let ended = visitor.session().map(|_| "ended=1".to_owned());
            let query: Vec<_> = ended.into_iter().chain(next).collect();
            to(&Page::Login.href_with(&query.join("&")))
        }
    }
}

/// The document around every page.
fn document(state: &AppState) -> impl Fn() -> AnyView + Clone + Send + Sync + 'static {
    let (site, base) = (state.site.clone(), state.config.base().to_owned());
    move || {
        let page = use_context::<Parts>().and_then(|parts| page(&base::below(&base, &parts.uri)?));
        let parts = page.iter().flat_map(Part::of);
        shell(site.files(&base, parts)).into_any()
    }
}

/// Provides what pages need besides the request: the state to render, and the nonce for their scripts.
fn context(state: AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    move || {
        let Some(parts) = use_context::<Parts>() else {
            // While Leptos generates the list of routes there is no request.
            return;
        };
        if let Some(nonce) = parts.extensions.get::<Nonce>() {
            provide_context(nonce.clone());
        }
        if let Some(lines) = parts.extensions.get::<FirstLines>() {
            provide_context(lines.clone());
        }
        let uri = base::below(state.config.base(), &parts.uri);
        let uri = uri.unwrap_or_else(|| parts.uri.clone());
        let Some(visitor) = parts.extensions.get::<Visitor>() else {
            return;
        };
        let mut initial = initial(&state, visitor, &uri, &parts.headers);
        let data = parts.extensions.get::<ContainerPageData>();
        initial.container = data.cloned().map(Box::new);
        let settings = parts.extensions.get::<Option<SettingsFrame>>();
        initial.settings = settings.cloned().flatten();
        // The browser receives rounded figures in the binary form; the HTML must contain the same.
        let initial = codec::decode(&codec::encode(&initial)).unwrap_or(initial);
        provide_context(InitialState(Arc::new(initial)));
    }
}

/// The initial state of a page.
fn initial(state: &AppState, visitor: &Visitor, uri: &Uri, headers: &HeaderMap) -> Initial {
    let (_, frames) = visitor.viewer().snapshot(&Channel::ALL);
    let mut messages: Vec<_> = frames.iter().map(|frame| frame.message().clone()).collect();
    let (totals, in_view) = visitor.viewer().read(|dashboard| {
        let totals = Totals::of(dashboard.containers().map(|(_, container)| &**container));
        (totals, in_view(dashboard, uri))
    });
    if let Some(in_view) = &in_view {
        for message in &mut messages {
            restrict(message, in_view);
        }
    }
    let n_events = messages.iter().filter(|message| is_event(message)).count();
    let mut old_events = n_events.saturating_sub(EVENTS);
    messages.retain(|message| {
        let is_old = old_events > 0 && is_event(message);
        old_events -= usize::from(is_old);
        !is_old
    });
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let now = clock::now();
    Initial {
        snapshot: Snapshot {
            epoch: visitor.viewer().epoch().to_owned(),
            messages,
        },
        totals,
        partial: in_view.is_some(),
        now,
        intervals: state.config.intervals(),
        preferences: Preferences::from_headers(text(header::COOKIE), text(header::ACCEPT_LANGUAGE)),
        stats_history: stats_history(visitor.viewer(), uri, now),
        base: state.config.base().to_owned(),
        container: None,
        me: visitor.me(),
        principal: visitor.digest(),
        open_warning: state.config.auth.is_exposed,
        settings: None,
    }
}

/// The containers that the page at `uri` shows first; `None` if there are few enough for all.
fn in_view(dashboard: &Dashboard, uri: &Uri) -> Option<BTreeSet<WorkloadId>> {
    if dashboard.containers().count() <= CONTAINERS {
        return None;
    }
    let parameters = parameters(uri);
    let query = ContainerQuery::from_url(|name| parameters.get(name).cloned());
    let rows = query.rows(dashboard).into_iter().take(CONTAINERS);
    let named = named(dashboard, uri);
    Some(rows.map(|row| row.id).chain(named).collect())
}

fn parameters(uri: &Uri) -> HashMap<String, String> {
    Query::try_from_uri(uri)
        .map(|Query(parameters)| parameters)
        .unwrap_or_default()
}

/// The page at `uri`, if there is one.
fn page(uri: &Uri) -> Option<Page> {
    let parameters = parameters(uri);
    Page::parse(uri.path(), |name| parameters.get(name).cloned())
}

/// The container whose own page is at `uri`.
fn named(dashboard: &Dashboard, uri: &Uri) -> Option<WorkloadId> {
    match page(uri)? {
        Page::Container(named, _) => dashboard.find(&named),
        _ => None,
    }
}

/// The initial points of the charts at `uri`; `None` if it has no charts.
fn stats_history(viewer: &Viewer, uri: &Uri, now: Timestamp) -> Option<StatsHistory> {
    let is_shown = matches!(page(uri)?, Page::Container(_, Tab::Stats));
    let id = is_shown.then(|| viewer.read(|dashboard| named(dashboard, uri)))??;
    Some(viewer.stats_history(id, HISTORY, now))
}

fn restrict(message: &mut ServerMessage, in_view: &BTreeSet<WorkloadId>) {
    let ServerMessage::Update(Sequenced { update, .. }) = message else {
        return;
    };
    let host = update.host();
    let is_in_view = |id| in_view.contains(&WorkloadId::container(host, id));
    match update {
        Update::Containers { data, .. } => data.retain(|container| is_in_view(container.id)),
        Update::Stats { data, .. } => data.retain(|stats| is_in_view(stats.container_id)),
        _ => {}
    }
}

fn is_event(message: &ServerMessage) -> bool {
    message.event().is_some()
}
