//! The last log lines in the HTML of pages that show logs, so that they are visible before, and without,
//! JavaScript. The lines are filtered as the page's address asks, and bounded in number, length and waiting
//! time.

use super::{access::Visitor, clock::now, find::Directory, logs::last_lines, source::LogQuery};
use crate::{
    client::{
        FirstLines,
        logs::{Entry, Filter, Level, Levels, LogView, MAX_CONTAINERS, Needle, ansi},
    },
    model::{LogLine, LogStream, Page, Right, Tab, Timestamp, WorkloadRef, format},
};
use axum::{
    extract::{Query, Request},
    http::{Method, Uri},
    middleware::Next,
    response::Response,
};
use futures::{StreamExt, future::join_all};
use std::time::Duration;

/// Most lines shown, of all containers together.
const LINES: usize = 100;
/// Most characters shown per line, so that the page stays small for any log.
const CHARACTERS: usize = 500;
/// How long the page waits for the lines; the live stream follows in any case.
const TIMEOUT: Duration = Duration::from_secs(2);

/// One line, ready to be merged with those of other containers.
struct Line {
    at: Option<Timestamp>,
    html: String,
}

/// Middleware that reads the last lines for a log page before it is rendered, and inserts them into the
/// request's extensions as [`FirstLines`].
pub(super) async fn read(visitor: Visitor, mut request: Request, next: Next) -> Response {
    if let Some(view) = log_view(request.method(), request.uri()) {
        let lines = first_lines(visitor.directory(), &view).await;
        request.extensions_mut().insert(FirstLines(lines.into()));
    }
    next.run(request).await
}

/// The log view of the page at `uri`; `None` when the page shows no logs.
fn log_view(method: &Method, uri: &Uri) -> Option<LogView> {
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
        Page::Container(id, Tab::Logs) => vec![id.to_string()],
        Page::Logs => all("c"),
        _ => return None,
    };
    Some(LogView::from_url(get, &containers)).filter(|view| !view.containers.is_empty())
}

async fn first_lines(directory: &Directory, view: &LogView) -> String {
    let indices = 1..=MAX_CONTAINERS;
    let logs = view.containers.iter().zip(indices);
    let logs = logs.map(|(id, index)| lines(directory, id, index, view));
    let mut lines: Vec<_> = join_all(logs).await.into_iter().flatten().collect();
    lines.sort_by_key(|line| line.at);
    let excess = lines.len().saturating_sub(LINES);
    lines.drain(..excess);
    lines.into_iter().map(|line| line.html).collect()
}

/// The last lines of one log that `view` shows; empty when they cannot be read in time.
async fn lines(directory: &Directory, id: &WorkloadRef, index: usize, view: &LogView) -> Vec<Line> {
    let Ok(found) = directory.find(id, Right::Logs) else {
        return Vec::new();
    };
    let query = LogQuery {
        since: view.since.ago().map(|ago| now().minus(ago)),
        stdout: true,
        stderr: true,
        ..LogQuery::default()
    };
    let name = found.workload.name();
    let name = if view.containers.len() > 1 { name } else { "" };
    let mut line_filter = LineFilter::of(view);
    let read = async {
        let lines = last_lines(&*found.log(), &query, LINES).await.ok()?;
        let lines = lines.filter_map(|line| std::future::ready(line.ok()));
        let lines = lines.filter_map(|line| {
            let at = line.timestamp();
            let line = LogLine {
                timestamp: at,
                stream: line.stream,
                line: line.line,
                ..LogLine::default()
            };
            let html = line_filter.html(line, name, index);
            std::future::ready(html.map(|html| Line { at, html }))
        });
        Some(lines.collect().await)
    };
    let read = tokio::time::timeout(TIMEOUT, read).await;
    read.ok().flatten().unwrap_or_default()
}

/// Decides which lines of a log are shown, and at which level.
struct LineFilter {
    filter: Filter,
    needle: Needle,
    invert: bool,
    /// Whether the search can be evaluated on the server.
    can_search: bool,
    levels: [Levels; 2],
}

impl LineFilter {
    fn of(view: &LogView) -> Self {
        Self {
            filter: Filter::of(view),
            needle: Needle::new(&view.text),
            invert: view.invert,
            // Only the browser can evaluate its regular expressions: a page that shows only matches of one
            // shows no lines before its script runs.
            can_search: !view.regex,
            levels: Default::default(),
        }
    }

    /// The line as a row of the log viewer; `None` when the filters hide it.
    fn html(&mut self, line: LogLine, name: &str, index: usize) -> Option<String> {
        let (stream, at) = (line.stream, line.timestamp);
        let mut entry = Entry::line(0, line);
        let [stdout, stderr] = &mut self.levels;
        match stream {
            LogStream::Stdout => stdout.follow(&mut entry),
            LogStream::Stderr => stderr.follow(&mut entry),
        }
        if self.filter.only_matches {
            let is_match = self.can_search && self.needle.is_in(&entry.text) != self.invert;
            entry.head.is_match = Some(is_match);
        }
        let is_shown = self.filter.shows(&entry.head);
        is_shown.then(|| row(at, stream, &entry, name, index))
    }
}

/// The HTML of a row, the same as the log viewer creates.
fn row(
    at: Option<Timestamp>,
    stream: LogStream,
    entry: &Entry,
    name: &str,
    index: usize,
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
        "<div class=\"line{stderr} {level} c{index}\"><time title=\"{time}\">{clock}</time>\
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
    fn only_log_pages_wait_for_lines() {
        let count = |uri: &str| {
            let view = log_view(&Method::GET, &uri.parse().unwrap());
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
        assert!(log_view(&Method::POST, &"/logs?c=0123456789ab".parse().unwrap()).is_none());
    }

    /// The rows of `lines` on a log page with `query` in its address.
    fn rows(query: &str, lines: &[&str]) -> Vec<String> {
        let uri = format!("/logs?c=0123456789ab{query}").parse().unwrap();
        let mut line_filter = LineFilter::of(&log_view(&Method::GET, &uri).unwrap());
        let line = |text: &&str| LogLine {
            line: (*text).into(),
            ..LogLine::default()
        };
        let rows = lines.iter().map(line);
        rows.filter_map(|line| line_filter.html(line, "<b>", 1))
            .collect()
    }

    #[test]
    fn the_filters_of_the_address_apply_to_the_first_lines() {
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
    fn markup_and_control_characters_in_lines_are_escaped() {
        let line = "<script>alert('x')</script> \u{202e}\u{1b}]0;t\u{7}&amp; \"q\"";
        let html = rows("", &[line]).concat();
        assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &lt;U+202E&gt;&amp;amp; &quot;q&quot;"), "{html}");
        assert!(html.contains(">&lt;b&gt;</span>"), "{html}");
    }

    #[test]
    fn a_long_line_is_truncated() {
        let html = rows("", &[&"é".repeat(10_000)]).concat();
        assert!(html.chars().count() < CHARACTERS + 300 && html.contains("é…<"));
    }
}
