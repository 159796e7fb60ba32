//! The last lines of logs in the HTML of pages that show logs: to be read at first sight, and
//! without JavaScript.

use super::{AppState, logs::last_lines, source::LogQuery};
use crate::{
    client::{
        FirstLines,
        logs::{Level, LogView, MAX_CONTAINERS, ansi},
    },
    model::{ContainerPrefix, LogStream, Timestamp, format::html},
};
use axum::{
    extract::{Query, Request, State},
    http::{Method, Uri},
    middleware::Next,
    response::Response,
};
use futures::{StreamExt, future::join_all};
use std::time::Duration;

/// Lines shown, of all containers together.
const LINES: usize = 100;
/// Characters of a line that are shown: the page stays small whatever is logged.
const CHARACTERS: usize = 500;
/// How long the page waits for them; live lines come anyway.
const PATIENCE: Duration = Duration::from_secs(2);

/// One line, ready to be put among those of other containers.
struct Line {
    at: Option<Timestamp>,
    html: String,
}

/// Reads the last lines for a page of logs, before it is rendered. They are the request's extension
/// [`FirstLines`].
pub async fn read(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let containers = shown(request.method(), request.uri());
    if !containers.is_empty() {
        let lines = first_lines(&state, &containers).await;
        request.extensions_mut().insert(FirstLines(lines.into()));
    }
    next.run(request).await
}

/// The containers whose logs the page at `uri` shows.
fn shown(method: &Method, uri: &Uri) -> Vec<ContainerPrefix> {
    if method != Method::GET {
        return Vec::new();
    }
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
    let path = uri.path().trim_end_matches('/');
    if path == "/logs" {
        let ids = pairs
            .into_iter()
            .filter(|(name, _)| name == "c")
            .map(|(_, id)| id);
        return LogView::from_url(|_| None, &ids.collect::<Vec<_>>()).containers;
    }
    let is_tab = pairs
        .iter()
        .any(|(name, value)| name == "tab" && value == "logs");
    let id = path.strip_prefix("/containers/").filter(|_| is_tab);
    id.and_then(|id| id.parse().ok()).into_iter().collect()
}

async fn first_lines(state: &AppState, containers: &[ContainerPrefix]) -> String {
    let several = containers.len() > 1;
    let places = 1..=MAX_CONTAINERS;
    let logs = containers
        .iter()
        .zip(places)
        .map(|(id, place)| lines(state, id, place, several));
    let mut lines: Vec<_> = join_all(logs).await.into_iter().flatten().collect();
    lines.sort_by_key(|line| line.at);
    let excess = lines.len().saturating_sub(LINES);
    lines.drain(..excess);
    lines.into_iter().map(|line| line.html).collect()
}

/// The last lines of one log; none when they cannot be had in time.
async fn lines(state: &AppState, id: &ContainerPrefix, place: usize, several: bool) -> Vec<Line> {
    let Ok(found) = state.actions.find(None, id) else {
        return Vec::new();
    };
    let query = LogQuery {
        stdout: true,
        stderr: true,
        ..LogQuery::default()
    };
    let name = &found.container.name;
    let read = async {
        let (engine, id) = (&*found.engine, found.container.id);
        let lines = last_lines(engine, id, &query, LINES).await.ok()?;
        let lines = lines.filter_map(|line| std::future::ready(line.ok()));
        let lines = lines.map(|line| {
            let at = line.timestamp();
            let name = if several { name.as_str() } else { "" };
            let html = row(at, line.stream, &line.line, name, place);
            Line { at, html }
        });
        Some(lines.collect().await)
    };
    let read = tokio::time::timeout(PATIENCE, read).await;
    read.ok().flatten().unwrap_or_default()
}

/// A row as the viewer draws them.
fn row(at: Option<Timestamp>, stream: LogStream, line: &str, name: &str, place: usize) -> String {
    let text = ansi::plain(line);
    let level = Level::of(&text).map_or("", Level::as_str);
    let stderr = if stream == LogStream::Stderr {
        " stderr"
    } else {
        ""
    };
    let time = at.map(|at| at.to_string()).unwrap_or_default();
    let clock = time.get(11..23).unwrap_or_default();
    let mut head: String = text.chars().take(CHARACTERS).collect();
    if head.len() < text.len() {
        head.push('…');
    }
    format!(
        "<div class=\"line{stderr} {level} c{place}\"><time>{clock}</time>\
         <span class=\"source\">{}</span><span class=\"level\">{level}</span>\
         <span></span><span class=\"text\">{}</span></div>",
        html(name),
        html(&head)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_logs_wait_for_lines() {
        let count = |uri: &str| shown(&Method::GET, &uri.parse().unwrap()).len();
        for (uri, n) in [
            ("/", 0),
            ("/logs", 0),
            ("/logs?c=0123456789ab&c=abcdef012345&q=x", 2),
            ("/logs/?c=0123456789ab", 1),
            ("/logs?c=../../etc", 0),
            ("/containers/0123456789ab", 0),
            ("/containers/0123456789ab?tab=logs", 1),
            ("/containers/nonsense?tab=logs", 0),
        ] {
            assert_eq!(count(uri), n, "{uri}");
        }
        assert!(shown(&Method::POST, &"/logs?c=0123456789ab".parse().unwrap()).is_empty());
    }

    #[test]
    fn hostile_lines_are_only_text() {
        let line = "<script>alert('x')</script> \u{202e}\u{1b}]0;t\u{7}&amp; \"q\"";
        let html = row(None, LogStream::Stderr, line, "<b>", 1);
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &lt;U+202E&gt;&amp;amp; &quot;q&quot;"), "{html}");
        assert!(html.contains(">&lt;b&gt;</span>"), "{html}");
    }

    #[test]
    fn a_long_line_is_cut() {
        let html = row(None, LogStream::Stdout, &"é".repeat(10_000), "", 1);
        assert!(html.chars().count() < CHARACTERS + 300 && html.contains("é…<"));
    }
}
