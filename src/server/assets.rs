//! Serves the built site that is embedded in the binary: scripts, styles and public files, compressed where
//! the client accepts it, with cache headers and entity tags.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::sync::Arc;

/// For versioned paths, whose content never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// May be cached, but must be revalidated at each use.
const REVALIDATE: &str = "no-cache";

// In a debug build files are read from disk at every request, so that a rebuilt site needs no new binary.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/target/site"]
#[allow_missing = true]
struct Files;

/// The built site.
#[derive(Clone, Debug)]
pub struct Site {
    build: Arc<str>,
}

impl Site {
    /// The site inside this binary.
    pub fn embedded() -> Self {
        Self {
            build: build_id(Files::iter().filter_map(|path| Files::get(&path))).into(),
        }
    }

    /// The hash of the site's content, 16 hexadecimal digits; `/v/{build}/…` never changes.
    pub fn build(&self) -> &str {
        &self.build
    }

    /// The prefix of the versioned paths of this build. Empty in a debug build, whose files are reloaded at
    /// their plain paths.
    pub fn root(&self) -> String {
        if cfg!(debug_assertions) {
            return String::new();
        }
        format!("/v/{}", self.build)
    }

    /// The response for a request's path; `None` if the site has no such file.
    pub fn get(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let path = path.strip_prefix('/')?;
        let versioned = Some(path)
            // In a debug build files may change under the same name.
            .filter(|_| !cfg!(debug_assertions))
            .and_then(|path| path.strip_prefix("v/"))
            .and_then(|rest| rest.strip_prefix(&*self.build))
            .and_then(|rest| rest.strip_prefix('/'));
        let caching = if versioned.is_some() {
            IMMUTABLE
        } else {
            REVALIDATE
        };
        let path = versioned.unwrap_or(path);
        let plain = Files::get(path)?;
        let accepted = |name| accepts(headers, name);
        let (encoding, file) = [("br", "br"), ("gzip", "gz")]
            .into_iter()
            .filter(|(encoding, _)| accepted(*encoding))
            .find_map(|(encoding, ending)| {
                Some((Some(encoding), Files::get(&format!("{path}.{ending}"))?))
            })
            .unwrap_or((None, plain));
        Some(respond(path, &file, encoding, caching, headers))
    }
}

fn respond(
    path: &str,
    file: &EmbeddedFile,
    encoding: Option<&'static str>,
    caching: &'static str,
    headers: &HeaderMap,
) -> Response {
    let tag = format!("\"{}\"", hex(&file.metadata.sha256_hash(), 32));
    let is_current = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| {
            tags.split(',')
                .any(|known| known.trim().trim_start_matches("W/") == tag)
        });
    let always = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, caching.into()),
        (header::VARY, "accept-encoding".into()),
    ];
    if is_current {
        return (StatusCode::NOT_MODIFIED, always).into_response();
    }
    let body = match &file.data {
        std::borrow::Cow::Borrowed(bytes) => Body::from(*bytes),
        std::borrow::Cow::Owned(bytes) => Body::from(bytes.clone()),
    };
    let content_type = [(header::CONTENT_TYPE, content_type(path))];
    let mut response = (always, content_type, body).into_response();
    if let Some(encoding) = encoding {
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether the client accepts the encoding `name`.
fn accepts(headers: &HeaderMap, name: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|offer| {
            let (offered, parameters) = offer.split_once(';').unwrap_or((offer, ""));
            let refused = parameters
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse::<f32>() == Ok(0.0));
            offered.trim().eq_ignore_ascii_case(name) && !refused
        })
}

fn content_type(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "ico" => "image/x-icon",
        "js" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// The hashes of all files, combined by XOR, so that their order does not matter.
fn build_id(files: impl Iterator<Item = EmbeddedFile>) -> String {
    let mut folded = [0_u8; 32];
    for file in files {
        for (byte, other) in folded.iter_mut().zip(file.metadata.sha256_hash()) {
            *byte ^= other;
        }
    }
    hex(&folded, 16)
}

fn hex(bytes: &[u8], digits: usize) -> String {
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(digits);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_encoding_is_not_sent() {
        let takes_br = |value: &str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value.parse().unwrap())]);
            accepts(&headers, "br")
        };
        assert!(takes_br("gzip, deflate, br, zstd"));
        assert!(takes_br("BR;q=0.5"));
        assert!(!takes_br("br;q=0, gzip"));
        assert!(!takes_br("brotli"));
    }

    #[test]
    fn files_have_the_content_type_that_browsers_require() {
        assert_eq!(content_type("pkg/deckwatch.wasm"), "application/wasm");
        assert_eq!(
            content_type("pkg/deckwatch.js"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(content_type("LICENSE"), "application/octet-stream");
    }

    #[test]
    fn nothing_outside_of_the_site_is_served() {
        let site = Site::embedded();
        for path in [
            "/../Cargo.toml",
            "/pkg/../../Cargo.toml",
            "//etc/passwd",
            "",
            "/",
        ] {
            assert!(site.get(path, &HeaderMap::new()).is_none(), "{path}");
        }
        assert_eq!(site.build().len(), 16);
    }
}
