//! Checks what follows each literal in a text.

use super::{
    super::{
        rule::{Found, Rule},
        url,
    },
    aws, header, jwt, keys,
    literals::{Check, LITERALS, SEARCH, SLACK_TOKEN},
    pem,
    runs::{is_run, is_word, run},
};
use aho_corasick::Input;
use std::ops::Range;

/// How many times the length of a text may be read for headers of JSON web tokens. Headers overlap only in
/// texts such as `eyJeyJeyJ`.
const MOST_OVERLAPS: usize = 8;

/// What the literals in a text lead to.
#[derive(Default)]
pub(super) struct Hits {
    pub(super) found: Vec<Found>,
    /// Whether there is a first or last line of a PEM block.
    pub(super) has_armour: bool,
    /// Whether there is the id of an access key.
    pub(super) has_key_id: bool,
    /// The end of the last masked word. A token within it is masked with it.
    word_end: usize,
    /// Bytes that were read for headers of JSON web tokens.
    read_headers: usize,
    /// The end of the last webhook's address. One within it is masked with it.
    path_end: usize,
    /// The end of the last secret key. What is before it has been searched.
    key_end: usize,
}

impl Hits {
    /// The hits in `text`.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut hits = Self::default();
        let Some(search) = SEARCH.as_ref() else {
            return hits;
        };
        let mut from = 0;
        while let Some(hit) = search.find(Input::new(text).span(from..text.len())) {
            if let Some((_, check)) = LITERALS.get(hit.pattern().as_usize()) {
                hits.check(text, hit.start(), hit.end(), *check);
            }
            // Literals may overlap, as in `AKIAIza`.
            from = hit.start() + 1;
        }
        hits
    }

    /// Checks what follows the literal at `start..end`.
    fn check(&mut self, text: &[u8], start: usize, end: usize, check: Check) {
        match check {
            Check::Token {
                rule,
                least,
                is_part,
            } => {
                if is_run(text, end, least, is_part) {
                    self.word(text, start, rule);
                }
            }
            Check::Slack => {
                let token = text.get(end..).unwrap_or_default();
                if let [b'a'..=b'z', b'-', ..] = token
                    && is_run(text, end + 2, SLACK_TOKEN, is_word)
                {
                    self.word(text, start, Rule::Slack);
                }
            }
            Check::Webhook => {
                if start >= self.path_end
                    && let Some(path) = header::webhook(text, end)
                {
                    self.path_end = path.end;
                    self.push_all([path], Rule::Slack);
                }
            }
            Check::ApiKey => {
                if keys::is_api_key(text, start, end) {
                    self.word(text, start, Rule::Openai);
                }
            }
            Check::Sendgrid => {
                if keys::is_sendgrid_key(text, end) {
                    self.word(text, start, Rule::Sendgrid);
                }
            }
            Check::KeyId => {
                if aws::is_key_id(text, end) {
                    self.has_key_id = true;
                    self.word(text, start, Rule::Aws);
                    let beside = aws::keys_beside(text, start, self.key_end);
                    self.key_end = beside.last().map_or(self.key_end, |key| key.end);
                    self.push_all(beside, Rule::Aws);
                }
            }
            Check::KeyName => self.push_all(aws::key_after(text, end), Rule::Aws),
            Check::Jwt => {
                let may_be_token =
                    start >= self.word_end && self.read_headers <= MOST_OVERLAPS * text.len();
                if may_be_token && jwt::is_token(text, start, &mut self.read_headers) {
                    self.word(text, start, Rule::Jwt);
                }
            }
            Check::Url => self.push_all(url::find(text, start).0, Rule::Url),
            Check::Authorization => {
                self.push_all(header::credentials(text, end), Rule::Authorization);
            }
            Check::Bearer => {
                self.push_all(header::bearer(text, start, end), Rule::Authorization);
            }
            Check::Armour => self.has_armour = true,
        }
    }

    /// The whole word that begins at `start` is secret, without full stops at its end, and without armour.
    fn word(&mut self, text: &[u8], start: usize, rule: Rule) {
        if start >= self.word_end {
            let mut dashes = 0;
            let word = run(text, start, |byte| {
                dashes = if *byte == b'-' { dashes + 1 } else { 0 };
                dashes < pem::DASHES.len() && (is_word(byte) || *byte == b'.')
            });
            // The run ends before the last of the dashes, the word before the first.
            let armour = if dashes == pem::DASHES.len() {
                dashes - 1
            } else {
                0
            };
            let word = word.get(..word.len() - armour).unwrap_or_default();
            let stops = word.iter().rev().take_while(|byte| **byte == b'.').count();
            self.word_end = start + word.len() - stops;
            self.found.push(Found::new(start..self.word_end, rule));
        }
    }

    /// Adds the secrets at `ranges`.
    pub(super) fn push_all(&mut self, ranges: impl IntoIterator<Item = Range<usize>>, rule: Rule) {
        let ranges = ranges.into_iter().filter(|range| !range.is_empty());
        self.found
            .extend(ranges.map(|range| Found::new(range, rule)));
    }
}
