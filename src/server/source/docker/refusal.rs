//! Error responses of an engine, or of a proxy in front of it: a JSON object, plain text or an HTML page,
//! reduced to one line that can be shown.

use hyper::{
    Method, Response, Uri,
    body::{Body as _, Incoming},
};
use std::{future::poll_fn, pin::Pin, time::Duration};
use tokio::time::timeout;

/// Most bytes of the body that are read; Docker's longest messages, of failed starts, have about 1 KiB.
const MAX_BODY: usize = 16 * 1024;
/// Timeout for reading the body; what was read by then is used.
const BODY_TIMEOUT: Duration = Duration::from_secs(2);
/// Most characters of the reason that are kept: some lines in a dialog.
const MAX_REASON: usize = 500;
/// Hexadecimal digits of a container's id.
const ID_DIGITS: usize = 64;

/// A response with an error status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// The reason, as a user-facing message; empty if there is none. For 401 and 403 it names the call,
    /// with `{id}` for the container's id, as the list of required calls in `docs/deploy` does.
    pub(super) message: String,
}

impl Refusal {
    /// Whether the call as such is not allowed.
    pub(super) const fn is_forbidden(&self) -> bool {
        matches!(self.status, 401 | 403)
    }

    /// Reads the error response to `call`; see [`call`].
    pub(super) async fn read(call: &str, response: Response<Incoming>) -> Self {
        let status = response.status().as_u16();
        let reason = reason(&body(response.into_body()).await);
        let message = match status {
            401 | 403 => forbidden(call, status, &reason),
            _ => reason,
        };
        Self { status, message }
    }
}

/// The beginning of the body, as far as it arrives in time.
async fn body(mut body: Incoming) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.len() < MAX_BODY {
            let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let Some(Ok(frame)) = frame else { break };
            bytes.extend_from_slice(&frame.into_data().unwrap_or_default());
        }
    };
    // After a timeout the bytes read so far are used.
    let _ = timeout(BODY_TIMEOUT, reading).await;
    bytes.truncate(MAX_BODY);
    bytes
}

/// Method and path of a request, such as `GET /containers/{id}/json`, without the API version.
pub(super) fn call(method: &Method, uri: &Uri) -> String {
    let is_id = |part: &&str| {
        part.len() == ID_DIGITS && part.bytes().all(|digit| digit.is_ascii_hexdigit())
    };
    let is_version = |part: &&str| {
        part.strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let parts = uri.path().split('/').filter(|part| !is_version(part));
    let parts: Vec<_> = parts
        .map(|part| if is_id(&part) { "{id}" } else { part })
        .collect();
    format!("{method} {}", parts.join("/"))
}

/// The message for a `call` that was answered with 401 or 403.
pub(super) fn forbidden(call: &str, status: u16, reason: &str) -> String {
    let what = format!("{call} is forbidden by the engine or a proxy in front of it ({status})");
    match reason {
        "" => what,
        reason => format!("{what}: {reason}"),
    }
}

/// The reason in a body: the `message` of a JSON object, else its text without markup.
pub(super) fn reason(body: &[u8]) -> String {
    let described: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = described
        .as_ref()
        .and_then(|value| value.get("message")?.as_str());
    match message {
        // Docker quotes output of programs, in which `<` is literal.
        Some(message) => one_line(message),
        None => one_line(&without_markup(&String::from_utf8_lossy(body))),
    }
}

/// The text of an HTML page, or plain text unchanged.
fn without_markup(text: &str) -> String {
    let mut rest = text;
    let mut words = String::new();
    while let Some((before, from)) = rest.split_once('<') {
        words.push_str(before);
        words.push(' ');
        let name: String = from
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let name = name.to_ascii_lowercase();
        let after = match name.as_str() {
            // These are not text; the title only repeats the heading.
            "script" | "style" | "title" => after_end(from, &name),
            _ => from.split_once('>').map(|(_, after)| after),
        };
        rest = after.unwrap_or_default();
    }
    words.push_str(rest);
    for (entity, character) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        words = words.replace(entity, character);
    }
    words
}

/// The text after the end tag of the element `name`.
fn after_end<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let end = format!("</{name}");
    let at = text.to_ascii_lowercase().find(&end)?;
    let (_, after) = text.get(at..)?.split_once('>')?;
    Some(after)
}

/// The text on one line, without control characters, truncated to [`MAX_REASON`].
fn one_line(text: &str) -> String {
    let plain = text.replace(char::is_control, " ");
    let words: Vec<_> = plain.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= MAX_REASON {
        return line;
    }
    let kept: String = line.chars().take(MAX_REASON - 1).collect();
    kept + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_of_text_whatever_the_body() {
        let haproxy = "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative \
                       rules.\n</body></html>\n";
        let nginx = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center>\
                     <h1>403 Forbidden</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n";
        let page = "<style>a{b:c}</style><SCRIPT>if (a<b) alert(1)</Script><p>No&nbsp;entry &lt;3";
        for (body, expected) in [
            (
                &br#"{"message":"no such <container>"}"#[..],
                "no such <container>",
            ),
            (
                haproxy.as_bytes(),
                "403 Forbidden Request forbidden by administrative rules.",
            ),
            (nginx.as_bytes(), "403 Forbidden nginx/1.22.1"),
            (page.as_bytes(), "No entry <3"),
            (b"Forbidden\n", "Forbidden"),
            (b"", ""),
            (b"<", ""),
            (b"<script>", ""),
            (b"[1]", "[1]"),
            (b"a\x1b[31m\0b \xff", "a [31m b \u{fffd}"),
        ] {
            let body_text = String::from_utf8_lossy(body);
            assert_eq!(reason(body), expected, "{body_text}");
        }
        let long = reason("é".repeat(MAX_REASON + 1).as_bytes());
        assert_eq!(long.chars().count(), MAX_REASON);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_forbidden_call_is_named_without_ids_and_query() {
        let id = "0123456789abcdef".repeat(4);
        let uri: Uri = format!("http://engine/v1.47/containers/{id}/stop?t=5")
            .parse()
            .unwrap();
        let call = call(&Method::POST, &uri);
        assert_eq!(call, "POST /containers/{id}/stop");
        assert_eq!(
            forbidden(&call, 403, ""),
            "POST /containers/{id}/stop is forbidden by the engine or a proxy in front of it (403)"
        );
        assert!(forbidden(&call, 403, "Not here").ends_with("(403): Not here"));
    }
}
