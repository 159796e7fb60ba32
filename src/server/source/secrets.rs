//! Finds the secrets of a container in other text: in its logs, commands and processes.

use super::redact::{
    Found, Rule, SHORTEST, Shown, Text, base64_around, base64_stems, is_plain, is_secret_name,
    merged, percent_decoded, readings, replace, secrets_after_names,
};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem;
use serde_json::Value;
use std::{
    borrow::Cow,
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

/// Longer values are searched for in pieces of this length, so that not much more than the visible part of
/// a truncated line must be kept.
const LONGEST: usize = 4 * 1024;
/// Most bytes of all values that are searched for in one container's text. Linux allows 6 MiB of
/// environment, usually 2; an engine that reports more must not exhaust memory. Beyond the limit the
/// longest values are omitted.
const MOST_BYTES: usize = 1024 * 1024;
/// Most values that are searched for in one container's text: ten times the secrets of the largest environments.
/// Each costs some 2 KiB in the automaton with its forms, 16 MiB for all. Beyond the limit the longest values are
/// omitted.
const MOST_VALUES: usize = 8 * 1024;
/// Up to this number of texts, those of eight values, each is searched for on its own in the texts of a list, so
/// that most containers need no automaton for them.
const FEW: usize = 32;
/// Up to this size the fastest automaton is used, which takes some 256 bytes per byte of the values: 2 MiB
/// for these. Beyond it another one is built, which takes a tenth.
const QUICKEST_BYTES: usize = 8 * 1024;
/// Most bytes that may encode one byte: `\u0061` in JSON.
const LONGEST_ESCAPE: usize = 6;

/// The secrets of a container, in every form that is searched for.
///
/// These are the values of variables with secret names, and passwords in URLs and assignments in all
/// variables, as far as they are specific ([`Shown::is_specific`]). Each line of a value with several lines
/// (a PEM key) is a secret of its own, because it is written out like that; so is each part between escaped
/// line ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Patterns {
    texts: Arc<[Box<[u8]>]>,
    /// The texts from this index on are base64.
    encoded_from: usize,
    /// Whether one of them contains a space, which forms encode as `+`.
    spaced: bool,
    /// The search that needs the least memory, built when it is first needed, and shared by all clones.
    small: Arc<OnceLock<Option<AhoCorasick>>>,
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        // Whether the search is built already makes no difference.
        let found = |it: &Self| (it.encoded_from, it.spaced);
        self.texts == other.texts && found(self) == found(other)
    }
}

impl Eq for Patterns {}

impl Patterns {
    /// The secrets in an engine's unmasked description of a container.
    pub(super) fn of_inspected(inspected: &Value) -> Self {
        let variables = inspected.pointer("/Config/Env").and_then(Value::as_array);
        let variables = variables.into_iter().flatten().filter_map(Value::as_str);
        Self::among(variables, identity(inspected))
    }

    fn among<'a>(variables: impl IntoIterator<Item = &'a str>, identity: Vec<String>) -> Self {
        let variables: Vec<_> = variables
            .into_iter()
            .filter_map(|variable| variable.split_once('='))
            .collect();
        let plain = variables
            .iter()
            .filter(|(name, _)| !is_secret_name(name))
            .map(|(_, value)| *value)
            .collect();
        let shown = Shown { identity, plain };
        let values: BTreeSet<Cow<'_, str>> = variables
            .iter()
            .flat_map(|(name, value)| values_of(name, value))
            .filter(|value| shown.is_specific(value))
            .collect();
        Self::new(values)
    }

    fn new(values: BTreeSet<Cow<'_, str>>) -> Self {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by_key(|value| value.len());
        values.truncate(MOST_VALUES);
        let mut bytes = 0;
        values.retain(|value| {
            bytes += value.len();
            bytes <= MOST_BYTES
        });
        let pieces = values.iter().flat_map(|value| pieces(value));
        let mut texts: Vec<Box<[u8]>> = pieces.map(|piece| piece.as_bytes().into()).collect();
        let encoded_from = texts.len();
        let encoded = values.iter().flat_map(|value| base64_stems(value));
        texts.extend(encoded.map(Vec::into_boxed_slice));
        Self {
            texts: texts.into(),
            encoded_from,
            spaced: values.iter().any(|value| value.contains(' ')),
            small: Arc::default(),
        }
    }

    /// `text` with every secret masked, in any encoding. Made for the labels and states in lists, of which most
    /// contain none: needs memory only when one does, or when there are many secrets. [`Secrets`] are faster.
    pub(super) fn mask_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.texts.len() <= FEW && !self.is_one_in(text) {
            return Cow::Borrowed(text);
        }
        let build = || self.automaton(Some(AhoCorasickKind::ContiguousNFA));
        match self.small.get_or_init(build) {
            Some(search) => masked(text, self.find(search, &Text::new(text))),
            None => Cow::Borrowed(text),
        }
    }

    /// Whether one of the texts is in `text`, searched for one after the other.
    fn is_one_in(&self, text: &str) -> bool {
        let is_in = |read: &[u8]| {
            let mut texts = self.texts.iter();
            texts.any(|text| memmem::find(read, text).is_some())
        };
        let may_differ = || !self.is_read_as_written(text.as_bytes());
        !self.texts.is_empty()
            && (is_in(text.as_bytes())
                || (may_differ() && readings(text).iter().any(|reading| is_in(reading.text()))))
    }

    /// A search for all texts; `None` when there are none.
    fn automaton(&self, kind: Option<AhoCorasickKind>) -> Option<AhoCorasick> {
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest).kind(kind);
        // Building fails only beyond 2 GiB of texts.
        let build = || builder.build(self.texts.iter()).ok();
        (!self.texts.is_empty()).then(build).flatten()
    }

    /// What `search` finds in `text`, in any encoding and order.
    fn find(&self, search: &AhoCorasick, text: &Text<'_>) -> Vec<Found> {
        let mut found = self.matches(search, text.written().as_bytes());
        if !self.is_read_as_written(text.written().as_bytes()) {
            found.extend(text.search_readings(|read| self.matches(search, read)));
        }
        found
    }

    fn matches(&self, search: &AhoCorasick, text: &[u8]) -> Vec<Found> {
        // The end of the last base64 word: it is read once, however many matches it contains.
        let mut end = 0;
        let matches = search.find_iter(text).filter_map(|found| {
            if found.pattern().as_usize() < self.encoded_from {
                return Some(found.range());
            }
            let word = (found.start() >= end).then(|| base64_around(text, found.range()))?;
            end = word.end;
            Some(word)
        });
        matches
            .map(|range| Found::new(range, Rule::Value))
            .collect()
    }

    fn is_read_as_written(&self, text: &[u8]) -> bool {
        is_plain(text) && !(self.spaced && text.contains(&b'+'))
    }
}

/// A fast search for the secrets of a container.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    patterns: Patterns,
    /// `None` when there are no secrets.
    search: Option<AhoCorasick>,
    /// Length of the longest pattern, in bytes.
    longest: usize,
}

impl From<Patterns> for Secrets {
    fn from(patterns: Patterns) -> Self {
        let lengths = patterns.texts.iter().map(|text| text.len());
        let bytes = lengths.clone().sum::<usize>();
        let kind = (bytes > QUICKEST_BYTES).then_some(AhoCorasickKind::ContiguousNFA);
        Self {
            search: patterns.automaton(kind),
            longest: lengths.max().unwrap_or(0),
            patterns,
        }
    }
}

impl Secrets {
    /// The secrets in `variables`, each `NAME=value`.
    #[cfg(test)]
    pub(super) fn of<'a>(variables: impl IntoIterator<Item = &'a str>) -> Self {
        Patterns::among(variables, Vec::new()).into()
    }

    /// The secrets in an engine's unmasked description of a container.
    pub(super) fn of_inspected(inspected: &Value) -> Self {
        Patterns::of_inspected(inspected).into()
    }

    /// Most bytes that one secret may take in a line: this much must be kept beyond the visible part of a
    /// line.
    pub(super) fn longest(&self) -> usize {
        self.longest * LONGEST_ESCAPE
    }

    /// `text` with every secret masked, in any encoding.
    #[cfg(test)]
    pub(super) fn mask_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        masked(text, self.find(&Text::new(text)))
    }

    /// Whether `text` may contain a secret, in any encoding.
    pub(super) fn may_be_in(&self, text: &[u8]) -> bool {
        self.search
            .as_ref()
            .is_some_and(|search| !self.patterns.is_read_as_written(text) || search.is_match(text))
    }

    /// The secrets in `text`, in any encoding and order.
    pub(super) fn find(&self, text: &Text<'_>) -> Vec<Found> {
        let search = self.search.as_ref();
        search.map_or_else(Vec::new, |search| self.patterns.find(search, text))
    }
}

/// `text` without what was `found` in it.
fn masked(text: &str, found: Vec<Found>) -> Cow<'_, str> {
    match merged(found) {
        found if found.is_empty() => Cow::Borrowed(text),
        found => Cow::Owned(replace(text, &found)),
    }
}

/// The public names of a container, which are not secret: its own, and what it belongs to.
fn identity(inspected: &Value) -> Vec<String> {
    let fields = [
        "/Name",
        "/Config/Image",
        "/Config/Hostname",
        "/Config/Domainname",
        "/Config/User",
        "/Config/Labels/com.docker.compose.project",
        "/Config/Labels/com.docker.compose.service",
        "/Config/Labels/io.podman.compose.project",
    ];
    let texts = fields
        .iter()
        .filter_map(|field| inspected.pointer(field)?.as_str());
    texts.map(str::to_lowercase).collect()
}

/// The secrets in the value of a variable.
fn values_of<'a>(name: &str, value: &'a str) -> Vec<Cow<'a, str>> {
    let whole = is_secret_name(name).then_some(value);
    let secrets = secrets_after_names(value).into_iter();
    let within = secrets.flat_map(|found| {
        let secret = value.get(found.range).unwrap_or_default();
        let decoded = percent_decoded(secret);
        [Some(Cow::Borrowed(secret)), decoded.map(Cow::Owned)]
    });
    let lines = whole.into_iter().flat_map(|value| {
        let lines = value.split(['\n', '\r']);
        // `\n` may be an escape or part of a password.
        let parts = lines.flat_map(|line| std::iter::once(line).chain(line.split("\\n")));
        parts.map(str::trim)
    });
    lines
        .map(Cow::Borrowed)
        .chain(within.flatten())
        .filter(|value| value.len() >= SHORTEST)
        .collect()
}

/// A value in pieces of similar length, each long enough to be searched for.
fn pieces(value: &str) -> impl Iterator<Item = &str> {
    let count = value.len().div_ceil(LONGEST).max(1);
    let length = value.len().div_ceil(count);
    let mut rest = value;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(rest.ceil_char_boundary(length));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests;
