//! Serves the built site that is embedded in the binary: scripts, styles and public files, compressed if
//! the client accepts it, with cache headers and entity tags.
//!
//! A release build puts a hash of the content in the name of each built file, in the folder `pkg`. Such files
//! never change, so browsers cache them forever and reload only those that differ after an update.

use crate::{app::SiteFiles, pages::Part};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::{collections::HashMap, sync::Arc};

/// For versioned paths and hashed file names, whose content never changes.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// May be cached, but must be revalidated at each use.
const REVALIDATE: &str = "no-cache";
/// The folder of built files.
const BUILT: &str = "pkg/";
/// The file name of the built style sheet, script and module.
const NAME: &str = "deckwatch";
/// The file name of the script that loads parts.
const LOADER: &str = "__wasm_split";
/// The file name of the JSON list of the files of each part, without extensions.
const PARTS: &str = "__wasm_split_manifest";
/// Characters of a hash in a file name: 128 bits in Base64.
const HASH_LENGTH: usize = 22;

// In a debug build files are read from disk at every request, so that a rebuilt site needs no new binary.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/target/site"]
#[allow_missing = true]
struct Files;

/// The built site.
#[derive(Clone, Debug)]
pub struct Site {
    build: Arc<str>,
    files: Arc<BuiltFiles>,
}

/// The paths of the built files, below the base path.
#[derive(Debug, Default)]
struct BuiltFiles {
    style: String,
    script: String,
    module: String,
    loader: Option<String>,
    parts: HashMap<String, Vec<String>>,
}

impl Site {
    /// The site inside this binary.
    pub fn embedded() -> Self {
        Self {
            build: build_id(Files::iter().filter_map(|path| Files::get(&path))).into(),
            files: Arc::new(BuiltFiles::find()),
        }
    }

    /// The hash of the site's content, 16 hexadecimal digits; `/v/{build}/…` never changes.
    pub fn build(&self) -> &str {
        &self.build
    }

    /// The prefix of the versioned paths of this build's public files. Empty in a debug build, whose files
    /// are reloaded at their plain paths.
    pub fn root(&self) -> String {
        if cfg!(debug_assertions) {
            return String::new();
        }
        format!("/v/{}", self.build)
    }

    /// The URLs of the files that the HTML of a page refers to, below `base`. `parts` are those that the page
    /// needs in addition to the module of all pages.
    pub fn files(&self, base: &str, parts: impl Iterator<Item = Part>) -> SiteFiles {
        // A debug build may have been rebuilt since the start.
        let now = cfg!(debug_assertions).then(BuiltFiles::find);
        let files = now.as_ref().unwrap_or(&self.files);
        files.of_page(base, self.root(), parts)
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
        let caching = if versioned.is_some() || is_hashed(path) {
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

impl BuiltFiles {
    fn find() -> Self {
        let paths: Vec<_> = Files::iter().collect();
        let read = |path: &str| Some(Files::get(path)?.data.into_owned());
        Self::of(&paths, read)
    }

    fn of_page(&self, base: &str, root: String, parts: impl Iterator<Item = Part>) -> SiteFiles {
        let mut paths: Vec<_> = parts
            .filter_map(|part| self.parts.get(part.name()))
            .flatten()
            .collect();
        // Parts share files.
        paths.sort_unstable();
        paths.dedup();
        let address = |path: &String| format!("{base}{path}");
        SiteFiles {
            public: address(&root),
            style: address(&self.style),
            script: address(&self.script),
            module: address(&self.module),
            loader: self.loader.as_ref().map(address),
            parts: paths.into_iter().map(address).collect(),
        }
    }

    /// Finds the built files among `paths`; `read` returns the content of one.
    fn of(paths: &[impl AsRef<str>], read: impl Fn(&str) -> Option<Vec<u8>>) -> Self {
        let find = |name: &str, ending: &str| {
            let mut paths = paths.iter().map(AsRef::as_ref);
            paths.find(|path| is_named(path, name, ending))
        };
        let address = |path: &str| format!("/{path}");
        // Without a build, the names that the files would have, so that pages can be rendered.
        let plain = |ending: &str| {
            let path = find(NAME, ending).map(str::to_owned);
            address(&path.unwrap_or_else(|| format!("{BUILT}{NAME}.{ending}")))
        };
        let parts: HashMap<String, Vec<String>> = find(PARTS, "json")
            .and_then(read)
            .and_then(|list| serde_json::from_slice(&list).ok())
            .unwrap_or_default();
        let of_part = |stem: &String| address(&format!("{BUILT}{stem}.wasm"));
        Self {
            style: plain("css"),
            script: plain("js"),
            module: plain("wasm"),
            loader: find(LOADER, "js").map(address),
            parts: parts
                .into_iter()
                .map(|(part, stems)| (part, stems.iter().map(of_part).collect()))
                .collect(),
        }
    }
}

/// Whether `path` is the built file `name`, with or without a hash.
fn is_named(path: &str, name: &str, ending: &str) -> bool {
    let between = path
        .strip_prefix(BUILT)
        .and_then(|file| file.strip_prefix(name))
        .and_then(|rest| rest.strip_suffix(ending));
    // A single `.`, or a hash between two.
    between.is_some_and(|between| {
        between.starts_with('.') && between.ends_with('.') && between.matches('.').count() <= 2
    })
}

/// Whether `path` is a built file with the hash of its content in its name.
fn is_hashed(path: &str) -> bool {
    let hash = path
        .strip_prefix(BUILT)
        .and_then(|file| file.rsplit_once('.'))
        .and_then(|(stem, _)| stem.rsplit_once('.'));
    hash.is_some_and(|(_, hash)| {
        let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        hash.len() == HASH_LENGTH
            && hash.bytes().all(is_digit)
            && !hash.trim_matches('_').is_empty()
    })
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
    fn hashes_in_file_names_are_recognized() {
        assert!(is_hashed("pkg/deckwatch.Kb5bVtdNPPyZLQ2uH-6xdQ.js"));
        assert!(is_hashed(
            "pkg/split_realtime_test.0_LfRVqzIfAQBYhjfMDtJg.wasm"
        ));
        assert!(!is_hashed("pkg/deckwatch.js"));
        assert!(!is_hashed("pkg/__wasm_split.______________________.js"));
        assert!(!is_hashed("log.Kb5bVtdNPPyZLQ2uH-6xdQ.js"));
    }

    #[test]
    fn files_of_the_build_are_found_with_and_without_a_hash() {
        assert!(is_named("pkg/deckwatch.css", NAME, "css"));
        assert!(is_named(
            "pkg/deckwatch.Kb5bVtdNPPyZLQ2uH-6xdQ.js",
            NAME,
            "js"
        ));
        assert!(!is_named("pkg/deckwatch.d.ts", NAME, "js"));
        assert!(!is_named("pkg/deckwatch_bg.wasm.d.ts", NAME, "wasm"));
        assert!(!is_named(
            "pkg/deckwatch.Kb5bVtdNPPyZLQ2uH-6xdQ.js.br",
            NAME,
            "js"
        ));
        assert!(!is_named("pkg/__wasm_split_manifest.json", LOADER, "json"));
    }

    #[test]
    fn a_page_refers_to_each_file_of_its_parts_once() {
        let paths = [
            "pkg/chunk_4.2-wU8ZkUSPPq5BUZXkfeQg.wasm",
            "pkg/deckwatch.SigqulyDzY8h4OK5OKNQew.wasm",
            "pkg/deckwatch.SigqulyDzY8h4OK5OKNQew.wasm.br",
            "pkg/deckwatch.vmWbpK_R-nXNRLnwph7d7Q.js",
            "pkg/__wasm_split.5wibJOkXyGxtukidDoaOyg.js",
            "pkg/__wasm_split_manifest.BHoIW0Z7IlBHMMFxpBVzhQ.json",
        ];
        let list =
            r#"{"container": ["chunk_4.a", "split_container.b"], "container_tabs": ["chunk_4.a"]}"#;
        let read = |path: &str| path.ends_with(".json").then(|| list.as_bytes().to_vec());
        let files = BuiltFiles::of(&paths, read);
        let files = files.of_page(
            "/deck",
            "/v/1".into(),
            [Part::Container, Part::ContainerTabs].into_iter(),
        );
        assert_eq!(
            files.module,
            "/deck/pkg/deckwatch.SigqulyDzY8h4OK5OKNQew.wasm"
        );
        assert_eq!(
            files.script,
            "/deck/pkg/deckwatch.vmWbpK_R-nXNRLnwph7d7Q.js"
        );
        assert_eq!(files.style, "/deck/pkg/deckwatch.css");
        let loader = "/deck/pkg/__wasm_split.5wibJOkXyGxtukidDoaOyg.js";
        assert_eq!(files.loader.as_deref(), Some(loader));
        let parts = [
            "/deck/pkg/chunk_4.a.wasm",
            "/deck/pkg/split_container.b.wasm",
        ];
        assert_eq!(files.parts, parts);
        assert_eq!(files.public, "/deck/v/1");
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
