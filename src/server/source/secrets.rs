//! Finds a container's secrets in other text: in what it writes, in its command, in its processes.

use super::redact::{
    SHORTEST, Shown, base64_around, base64_stems, is_plain, is_secret_name, percent_decoded,
    readings, replace, secrets_in, views,
};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem;
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeSet, ops::Range, sync::Arc};

/// Longer values are looked for in pieces of this length, so that a line cut at its end need not be
/// kept much longer than it is shown.
const LONGEST: usize = 4 * 1024;
/// Bytes of all values that are looked for in one container's text. Linux gives a process 6 MiB of
/// environment at most and usually 2; an engine that says otherwise shall not take our memory. Beyond
/// it the longest values are left out.
const MOST_BYTES: usize = 1024 * 1024;
/// The automaton with the quickest search takes some 256 bytes for each byte of the values: 2 MiB
/// for these, beyond which another that takes a tenth is built.
const QUICKEST_BYTES: usize = 8 * 1024;
/// Bytes that may stand for one: `\u0061` in JSON.
const LONGEST_ESCAPE: usize = 6;

/// What a container's secrets are, in every form that is looked for.
///
/// They are the values of those of its environment variables whose names look secret, and passwords
/// in URLs and assignments in all of them, as far as they are specific ([`Shown::is_specific`]). Each
/// line of a value of several lines (a key in PEM) is a secret of its own, because that is how it is
/// written out; so is each part between escaped line ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Patterns {
    texts: Arc<[Box<[u8]>]>,
    /// The texts from this one on are in base64.
    encoded_from: usize,
    /// Whether one of them has a space, which forms write as `+`.
    spaced: bool,
}

impl Patterns {
    /// Those in an engine's description of a container that is not masked yet.
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
        }
    }

    /// `text` with every secret replaced by the mask, however it is written. It takes no memory
    /// beyond the texts themselves; where much is masked, [`Secrets`] are quicker.
    pub(super) fn mask_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let is_in = |read: &[u8]| {
            self.texts
                .iter()
                .any(|text| memmem::find(read, text).is_some())
        };
        let may_differ = || !self.is_read_as_written(text.as_bytes());
        let is_found = is_in(text.as_bytes())
            || (may_differ() && readings(text).iter().any(|reading| is_in(reading.text())));
        if self.texts.is_empty() || !is_found {
            return Cow::Borrowed(text);
        }
        Secrets::from(self.clone()).mask_str(text)
    }

    fn is_read_as_written(&self, text: &[u8]) -> bool {
        is_plain(text) && !(self.spaced && text.contains(&b'+'))
    }
}

/// Finds a container's secrets in other text, quickly.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    patterns: Patterns,
    /// Absent when there are none.
    search: Option<AhoCorasick>,
    /// Bytes of the longest pattern.
    longest: usize,
}

impl From<Patterns> for Secrets {
    fn from(patterns: Patterns) -> Self {
        let bytes = patterns.texts.iter().map(|text| text.len()).sum::<usize>();
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest);
        if bytes > QUICKEST_BYTES {
            builder.kind(Some(AhoCorasickKind::ContiguousNFA));
        }
        // It fails only beyond 2 GiB of patterns.
        let search = (bytes > 0).then(|| builder.build(patterns.texts.iter()));
        let lengths = patterns.texts.iter().map(|text| text.len());
        Self {
            search: search.and_then(Result::ok),
            longest: lengths.max().unwrap_or(0),
            patterns,
        }
    }
}

impl Secrets {
    /// Those among `variables`, each `NAME=value`.
    #[cfg(test)]
    pub(super) fn of<'a>(variables: impl IntoIterator<Item = &'a str>) -> Self {
        Patterns::among(variables, Vec::new()).into()
    }

    /// Those in an engine's description of a container that is not masked yet.
    pub(super) fn of_inspected(inspected: &Value) -> Self {
        Patterns::of_inspected(inspected).into()
    }

    /// How many bytes the longest one may take in a line: so much further than it is shown must
    /// a line be looked at.
    pub(super) fn longest(&self) -> usize {
        self.longest * LONGEST_ESCAPE
    }

    /// `text` with every secret replaced by the mask, however it is written.
    pub(super) fn mask_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(search) = self.search_for(text.as_bytes()) else {
            return Cow::Borrowed(text);
        };
        match self.found(search, text) {
            found if found.is_empty() => Cow::Borrowed(text),
            found => Cow::Owned(replace(text, &found)),
        }
    }

    /// Bytes with every secret replaced by the mask, however it is written. Where there is one, what is
    /// not UTF-8 is replaced too.
    pub(super) fn mask(&self, text: Vec<u8>) -> Vec<u8> {
        if self.search_for(&text).is_none() {
            return text;
        }
        match self.mask_str(&String::from_utf8_lossy(&text)) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => masked.into_bytes(),
        }
    }

    /// What to search `text` with; none when there is no secret in it, which most lines are known by.
    fn search_for(&self, text: &[u8]) -> Option<&AhoCorasick> {
        let search = self.search.as_ref()?;
        let is_clean = self.patterns.is_read_as_written(text) && !search.is_match(text);
        (!is_clean).then_some(search)
    }

    /// Where the secrets are, in order and without overlaps.
    fn found(&self, search: &AhoCorasick, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<_> = self.matches(search, text.as_bytes()).collect();
        if !self.patterns.is_read_as_written(text.as_bytes())
            && readings(text)
                .iter()
                .any(|read| search.is_match(read.text()))
        {
            for view in views(text) {
                let read = self.matches(search, view.text());
                found.extend(read.filter_map(|range| view.written(range)));
            }
        }
        merged(found)
    }

    fn matches<'a>(
        &'a self,
        search: &'a AhoCorasick,
        text: &'a [u8],
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        search.find_iter(text).map(|found| {
            if found.pattern().as_usize() < self.patterns.encoded_from {
                found.range()
            } else {
                base64_around(text, found.range())
            }
        })
    }
}

/// What is shown of a container, and so is no secret: what it is called, and what it is part of.
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
    let within = secrets_in(value).flat_map(|secret| {
        let decoded = percent_decoded(secret);
        [Some(Cow::Borrowed(secret)), decoded.map(Cow::Owned)]
    });
    let lines = whole.into_iter().flat_map(|value| {
        let lines = value.split(['\n', '\r']);
        // Whether `\n` is an escape or part of a password cannot be told.
        let parts = lines.flat_map(|line| std::iter::once(line).chain(line.split("\\n")));
        parts.map(str::trim)
    });
    lines
        .map(Cow::Borrowed)
        .chain(within.flatten())
        .filter(|value| value.len() >= SHORTEST)
        .collect()
}

/// A value in pieces of much the same length, none too short to be found.
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

/// `ranges` in order, with those that overlap made one.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
