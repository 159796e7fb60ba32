//! The last lines of logs in the HTML of pages that show logs: to be read at first sight, and
//! without JavaScript.

use super::{AppState, clock::now, logs::last_lines, source::LogQuery};
use crate::{
    client::{
        FirstLines,
        logs::{Entry, Filter, Level, Levels, LogView, MAX_CONTAINERS, Needle, ansi},
    },
    model::{ContainerPrefix, LogLine, LogStream, Page, Tab, Timestamp, format},
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
pub(super) async fn read(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if let Some(view) = shown(request.method(), request.uri()) {
        let lines = first_lines(&state, &view).await;
        request.extensions_mut().insert(FirstLines(lines.into()));
    }
    next.run(request).await
}

/// What the page at `uri` shows of which logs; nothing when it shows none.
fn shown(method: &Method, uri: &Uri) -> Option<LogView> {
    if method != Method::GET {
        return None;
    }
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
    let all = |wanted: &str| {
        let pairs = pairs.iter().filter(|(name, _)| name == wanted);
        pairs.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let get = |name: &str| all(name).into_iter().next();
    let containers = match Page::parse(uri.path(), get)? {
        Page::Container(id, Tab::Logs) => vec![id.as_str().to_owned()],
        Page::Logs => all("c"),
        _ => return None,
    };
    Some(LogView::from_url(get, &containers)).filter(|view| !view.containers.is_empty())
}

async fn first_lines(state: &AppState, view: &LogView) -> String {
    let places = 1..=MAX_CONTAINERS;
    let logs = view.containers.iter().zip(places);
    let logs = logs.map(|(id, place)| lines(state, id, place, view));
    let mut lines: Vec<_> = join_all(logs).await.into_iter().flatten().collect();
    lines.sort_by_key(|line| line.at);
    let excess = lines.len().saturating_sub(LINES);
    lines.drain(..excess);
    lines.into_iter().map(|line| line.html).collect()
}

/// The last lines of one log that `view` shows; none when they cannot be had in time.
async fn lines(state: &AppState, id: &ContainerPrefix, place: usize, view: &LogView) -> Vec<Line> {
    let Ok(found) = state.actions.find(None, id) else {
        return Vec::new();
    };
    let query = LogQuery {
        since: view.since.ago().map(|ago| now().minus(ago)),
        stdout: true,
        stderr: true,
        ..LogQuery::default()
    };
    let name = &found.container.name;
    let name = if view.containers.len() > 1 {
        name.as_str()
    } else {
        ""
    };
    let mut looks = Looks::of(view);
    let read = async {
        let (engine, id) = (&*found.engine, found.container.id);
        let lines = last_lines(engine, id, &query, LINES).await.ok()?;
        let lines = lines.filter_map(|line| std::future::ready(line.ok()));
        let lines = lines.filter_map(|line| {
            let at = line.timestamp();
            let line = LogLine {
                timestamp: at,
                stream: line.stream,
                line: line.line,
                ..LogLine::default()
            };
            let html = looks.html(line, name, place);
            std::future::ready(html.map(|html| Line { at, html }))
        });
        Some(lines.collect().await)
    };
    let read = tokio::time::timeout(PATIENCE, read).await;
    read.ok().flatten().unwrap_or_default()
}

/// What decides which lines of a log are shown, and at which level.
struct Looks {
    filter: Filter,
    needle: Needle,
    invert: bool,
    /// Whether it can be told here what is searched for.
    is_known: bool,
    levels: [Levels; 2],
}

impl Looks {
    fn of(view: &LogView) -> Self {
        Self {
            filter: Filter::of(view),
            needle: Needle::new(&view.text),
            invert: view.invert,
            // What the browser's regular expressions find only the browser knows: where only that
            // is asked for, nothing is shown before.
            is_known: !view.regex,
            levels: Default::default(),
        }
    }

    /// A row as the viewer draws them, when the line is shown.
    fn html(&mut self, line: LogLine, name: &str, place: usize) -> Option<String> {
        let (stream, at) = (line.stream, line.timestamp);
        let mut entry = Entry::line(0, line);
        let [stdout, stderr] = &mut self.levels;
        match stream {
            LogStream::Stdout => stdout.follow(&mut entry),
            LogStream::Stderr => stderr.follow(&mut entry),
        }
        if self.filter.only_matches {
            let is_match = self.is_known && self.needle.is_in(&entry.text) != self.invert;
            entry.head.is_match = Some(is_match);
        }
        let is_shown = self.filter.shows(&entry.head);
        is_shown.then(|| row(at, stream, &entry, name, place))
    }
}

/// A row as the viewer draws them.
fn row(
    at: Option<Timestamp>,
    stream: LogStream,
    entry: &Entry,
    name: &str,
    place: usize,
) -> String {
    let text = ansi::plain(&entry.text);
    let level = entry.head.level.map_or("", Level::as_str);
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
        "<div class=\"line{stderr} {level} c{place}\"><time title=\"{time}\">{clock}</time>\
         <span class=\"source\">{}</span><span class=\"level\">{level}</span>\
         <span></span><span class=\"text\">{}</span></div>",
        format::html(name),
        format::html(&head)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_logs_wait_for_lines() {
        let count = |uri: &str| {
            let view = shown(&Method::GET, &uri.parse().unwrap());
            view.map_or(0, |view| view.containers.len())
        };
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
        assert!(shown(&Method::POST, &"/logs?c=0123456789ab".parse().unwrap()).is_none());
    }

    /// The rows of `lines` on a page at `query`.
    fn rows(query: &str, lines: &[&str]) -> Vec<String> {
        let uri = format!("/logs?c=0123456789ab{query}").parse().unwrap();
        let mut looks = Looks::of(&shown(&Method::GET, &uri).unwrap());
        let line = |text: &&str| LogLine {
            line: (*text).into(),
            ..LogLine::default()
        };
        let rows = lines.iter().map(line);
        rows.filter_map(|line| looks.html(line, "<b>", 1)).collect()
    }

    #[test]
    fn the_filters_of_the_address_hold_for_the_first_lines_too() {
        let lines = ["ERROR x", "  at y", "INFO z"];
        let count = |query| rows(query, &lines).len();
        for (query, n) in [
            ("", 3),
            ("&level=error", 2),
            ("&level=warn&q=y&only=1", 1),
            ("&stream=stderr", 0),
            ("&q=nothing", 3),
            ("&q=nothing&only=1", 0),
            ("&q=X&only=1", 1),
            ("&q=x&invert=1", 2),
            ("&q=.&regex=1&only=1", 0),
        ] {
            assert_eq!(count(query), n, "{query}");
        }
    }

    #[test]
    fn hostile_lines_are_only_text() {
        let line = "<script>alert('x')</script> \u{202e}\u{1b}]0;t\u{7}&amp; \"q\"";
        let html = rows("", &[line]).concat();
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &lt;U+202E&gt;&amp;amp; &quot;q&quot;"), "{html}");
        assert!(html.contains(">&lt;b&gt;</span>"), "{html}");
    }

    #[test]
    fn a_long_line_is_cut() {
        let html = rows("", &[&"é".repeat(10_000)]).concat();
        assert!(html.chars().count() < CHARACTERS + 300 && html.contains("é…<"));
    }
}
