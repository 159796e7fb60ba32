//! Finds secrets in lines of logs by the names before them.
//!
//! Lines of logs are mostly sentences, which must stay readable. So fewer forms count than in
//! [`super::text`]: an assignment (`name=value`), a field of JSON (`"name": "value"`), and `name: value` if the
//! value does not read like a word. A name counts only if its end is that of a secret's name.

use super::{
    SHORTEST,
    names::ends_as_secret,
    quote::Quote,
    reading::Text,
    rule::{Found, Rule},
    text::{is_name_byte, length, length_before},
    value::{Syntax, value},
};
use aho_corasick::{AhoCorasick, Input};
use std::{ops::Range, sync::LazyLock};

/// Parts of all names of secrets, in their usual spellings. A line without any, as most, costs one search for
/// them. None is shorter than three bytes, because the search would stop much more often.
const STEMS: [&str; 33] = [
    "pass", "PASS", "Pass", "ecret", "ECRET", "oken", "OKEN", "cred", "CRED", "Cred", "uth", "UTH",
    "tring", "TRING", "hared", "HARED", "key", "KEY", "Key", "pwd", "PWD", "Pwd", "dsn", "DSN",
    "Dsn", "ookie", "OOKIE", "pw=", "pw:", "pw\"", "PW=", "PW:", "PW\"",
];

/// Finds the [`STEMS`]. Building it fails only beyond 2 GiB of patterns.
static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(STEMS).ok());

/// The secrets in `text`, in any order.
pub(in crate::server::source) fn find(text: &Text<'_>) -> Vec<Found> {
    let mut found = find_written(text.written().as_bytes());
    if !text.is_plain() {
        found.extend(text.search_readings(find_written));
    }
    found
}

/// The secrets in `text` as it is written, in order. Takes time in proportion to the text.
pub(in crate::server::source) fn find_written(text: &[u8]) -> Vec<Found> {
    let Some(search) = SEARCH.as_ref() else {
        return Vec::new();
    };
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(hit) = search.find(Input::new(text).span(from..text.len())) {
        let begin = hit.start() - length_before(text, hit.start(), is_name_byte);
        let end = hit.start() + length(text, hit.start(), is_name_byte);
        let secret = secret(text, begin..end).filter(|secret| !secret.is_empty());
        // Neither a name nor a secret is read twice.
        from = secret.as_ref().map_or(0, |secret| secret.end);
        from = from.max(end).max(hit.end());
        found.extend(secret.map(|secret| Found::new(secret, Rule::Name)));
    }
    found
}

/// The value after the name at `name`, if it is that of a secret.
fn secret(text: &[u8], name: Range<usize>) -> Option<Range<usize>> {
    let is_gap = |byte| matches!(byte, b' ' | b'\t');
    let quoted = Quote::at(text, name.end);
    let after_name = quoted.map_or(name.end, |(_, after)| after);
    let at = after_name + length(text, after_name, is_gap);
    let (separator, width) = match text.get(at..)? {
        // A comparison, or a path in source code.
        [b'=', b'=', ..] | [b':', b':', ..] => return None,
        [b'=', b'>', ..] | [b':', b'=', ..] => (b'=', 2),
        [separator @ (b'=' | b':'), ..] => (*separator, 1),
        _ => return None,
    };
    let before = name.start.checked_sub(1).and_then(|at| text.get(at));
    let name = std::str::from_utf8(text.get(name)?).ok()?;
    let gap = length(text, at + width, is_gap);
    let from = at + width + gap;
    // `token= user=bob` assigns nothing.
    let is_empty = separator == b'=' && width == 1 && gap > 0 && at == after_name;
    if is_empty || !ends_as_secret(name) {
        return None;
    }
    if separator == b':' && quoted.is_none() {
        // `token:latest` is an image, and `[auth]: ` the name of a logger.
        let is_field = gap > 0 && !name.ends_with(']');
        return is_field.then(|| after_colon(text, from)).flatten();
    }
    let syntax = Syntax {
        json: quoted.is_some(),
        query: matches!(before, Some(b'?' | b'&')),
        ..Syntax::default()
    };
    Some(value(text, from, syntax))
}

/// The value at `from`, after `name: `, unless it is short, reads like a word, or is a label itself.
fn after_colon(text: &[u8], from: usize) -> Option<Range<usize>> {
    if Quote::at(text, from).is_some() {
        return Some(value(text, from, Syntax::default()));
    }
    let begin = from + length(text, from, |byte| matches!(byte, b'[' | b'{' | b'('));
    let len = length(text, begin, |byte| !byte.is_ascii_whitespace());
    let word = text.get(begin..begin + len)?;
    let is_mark = |byte: &&u8| matches!(byte, b',' | b';' | b'.' | b')' | b']' | b'}');
    let marks = word.iter().rev().take_while(is_mark).count();
    let word = word.get(..len - marks)?;
    let is_value = word.len() >= SHORTEST && !word.ends_with(b":") && !reads_like_a_word(word);
    is_value.then(|| begin..begin + word.len())
}

/// Whether `word` has only letters, in lower case but for the first.
fn reads_like_a_word(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(|word| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_alphabetic)
            && letters.all(|c| c.is_alphabetic() && !c.is_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            names::{PARTS, WORDS},
            replace,
        },
        *,
    };

    fn mask(text: &str) -> String {
        replace(text, &super::super::merged(find(&Text::new(text))))
    }

    #[test]
    fn values_after_names_of_secrets_are_masked() {
        for (text, masked) in [
            ("password=x", "password=••••••"),
            ("db_password=correct horse", "db_password=•••••• horse"),
            ("password = hunter2 is wrong", "password = •••••• is wrong"),
            ("DB_PASS='a b' next", "DB_PASS='••••••' next"),
            (
                "level=info token=abc user=bob",
                "level=info token=•••••• user=bob",
            ),
            ("accessToken=abc;user=bob", "accessToken=••••••;user=bob"),
            (
                "GET /x?api_key=a&page=2 200",
                "GET /x?api_key=••••••&page=2 200",
            ),
            (
                r#"msg="with secret=abc" n=1"#,
                r#"msg="with secret=••••••" n=1"#,
            ),
            ("user[password]=x", "user[password]=••••••"),
            ("apiKey := x", "apiKey := ••••••"),
            (
                r#"{"password":"x y","user":"bob"}"#,
                r#"{"password":"••••••","user":"bob"}"#,
            ),
            (
                r#"{"user": "bob", "token":  "x"}"#,
                r#"{"user": "bob", "token":  "••••••"}"#,
            ),
            (r#"{"pin_secret": 1234}"#, r#"{"pin_secret": ••••••}"#),
            (
                r#"log: {\"password\":\"x\",\"a\":1}"#,
                r#"log: {\"password\":\"••••••\",\"a\":1}"#,
            ),
            (
                r#"{"password"=>"x", "user"=>"bob"}"#,
                r#"{"password"=>"••••••", "user"=>"bob"}"#,
            ),
            (
                "{ password: 'x y', user: 'bob' }",
                "{ password: '••••••', user: 'bob' }",
            ),
            ("password: hunter2", "password: ••••••"),
            ("  - token: aB-c9!", "  - token: ••••••"),
            ("token: abc123def, user: bob", "token: ••••••, user: bob"),
            ("the api_key: [abc123def].", "the api_key: [••••••]."),
            (
                "pass\u{1b}[0mword\u{1b}[1m=\u{1b}[32mhunter2\u{1b}[0m ok",
                "pass\u{1b}[0mword\u{1b}[1m=\u{1b}[32m••••••\u{1b}[0m ok",
            ),
        ] {
            assert_eq!(mask(text), masked);
        }
    }

    #[test]
    fn sentences_and_other_values_are_kept() {
        for text in [
            "password: incorrect",
            "Password: Incorrect.",
            "password: 틀렸습니다",
            "token: 12345",
            "invalid token: expired, sign in again",
            "auth: login of bob from 10.0.0.1",
            "read secret: open /run/secrets/db: no such file",
            "verify token: jwt.Parse: unexpected end",
            "[auth]: user42 signed in",
            "the token expired, the password is wrong",
            "authorization failed for author=bob, success=true",
            "pull registry/token:latest auth:v1.27.3 https://token:8443/x",
            "if token == other { std::token::read() }",
            "token= user=bob",
            "password=",
            r#"{"token":null,"secret":true,"key":"a","tokens_used":12}"#,
            r#"{"prompt_tokens":120,"completion_tokens":7,"max_tokens":4096}"#,
            "AUTH_TYPE=oidc TOKEN_TTL=60 primary_key=7 string=x passed=12 bypass=yes",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    #[test]
    fn every_name_of_a_secret_has_a_stem() {
        for name in PARTS.into_iter().chain(WORDS) {
            let (first, rest) = name.split_at(1);
            let capital = first.to_uppercase() + rest;
            for name in [
                name.to_owned(),
                name.to_uppercase(),
                format!("my_{capital}"),
            ] {
                let text = format!("{name}=x");
                // Two letters in mixed case are too short to be searched for.
                let is_found = mask(&text) != text || name == "my_Pw";
                assert!(is_found || !ends_as_secret(&name), "{name}");
            }
        }
    }

    /// Texts in which a check that reads to the end of the text would be repeated at every stem.
    #[test]
    fn hostile_lines_are_searched_in_linear_time() {
        let most = 1 << 18;
        for unit in [
            "token",
            "token.",
            "pass=",
            "token: ",
            "token: a:",
            "\"token\":",
            "\"token\":[",
            "token='",
            "token=\\",
            "token\\",
            "token  ",
        ] {
            let text = unit.repeat(most / unit.len());
            // In quadratic time each of these takes minutes.
            let found = find(&Text::new(&text));
            assert!(found.len() <= text.len(), "{unit}");
        }
    }
}
