//! Finds secrets in text, by the names before them and in URL credentials.

use super::{
    names::{ends_as_secret, is_secret_name},
    quote::Quote,
    url,
    value::{Syntax, value},
};
use std::ops::Range;

/// Prefixes of flags without a value: the word after `--no-password` is not a password.
const SWITCHES: [&str; 4] = ["no-", "without-", "skip-", "disable-"];

/// The secrets in `text`: values after secret names (`name=value`, `name: value`, `"name":"value"`, `--name
/// value`) and those in URL credentials. In order, without overlaps, and never empty.
pub(super) fn secrets_in(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = find(text, at) {
        let (secret, after) = match text.as_bytes().get(next) {
            Some(b'-') => after_flag(text, next),
            Some(b':') if url::begins_at(text.as_bytes(), next) => url::find(text.as_bytes(), next),
            _ => assigned(text, next),
        };
        // The search continues after a secret.
        at = secret
            .as_ref()
            .map_or(0, |secret| secret.end)
            .max(after)
            .max(next + 1);
        found.extend(secret.filter(|secret| !secret.is_empty()));
    }
    found
}

/// The next byte after which a secret may begin.
fn find(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(from..)?;
    let at = bytes
        .iter()
        .position(|byte| matches!(byte, b'=' | b':' | b'-'))?;
    Some(from + at)
}

/// The value of the flag that begins at `at` if it is a secret, and where the search continues.
fn after_flag(text: &str, at: usize) -> (Option<Range<usize>>, usize) {
    let bytes = text.as_bytes();
    let begins_word = at == 0
        || bytes.get(at - 1).is_some_and(|before| {
            before.is_ascii_whitespace() || matches!(before, b'"' | b'\'' | b'[' | b'(' | b',')
        });
    if !begins_word {
        return (None, at + 1);
    }
    let end = at + length(bytes, at, is_name_byte);
    let name = text
        .get(at..end)
        .unwrap_or_default()
        .trim_start_matches('-');
    let is_switch = SWITCHES.iter().any(|switch| name.starts_with(switch));
    // In a list, `"--password","x"`, the quotation of the flag ends before that of the value begins.
    let quote_end = Quote::at(bytes, end).map_or(end, |(_, after)| after);
    let gap = length(bytes, quote_end, |byte| {
        byte.is_ascii_whitespace() || byte == b','
    });
    let from = quote_end + gap;
    let is_next_flag = bytes.get(from) == Some(&b'-');
    if gap == 0 || is_switch || is_next_flag || !is_secret_name(name) {
        return (None, end);
    }
    let syntax = Syntax {
        flag: true,
        ..Syntax::default()
    };
    (Some(value(bytes, from, syntax)), end)
}

/// The secret value after the `=` or `:` at `at`, and where the search continues.
fn assigned(text: &str, at: usize) -> (Option<Range<usize>>, usize) {
    let bytes = text.as_bytes();
    let separator = bytes.get(at).copied().unwrap_or_default();
    let after = match bytes.get(at + 1) {
        // A comparison, or a path in source code.
        Some(next) if *next == separator => return (None, at + 2),
        // `:=` and `=>` are assignments in some languages.
        Some(b'=' | b'>') => at + 2,
        _ => at + 1,
    };
    let name_end = at - length_before(bytes, at, |byte| byte == b' ');
    let quoted = Quote::before(bytes, name_end).map(|(_, begin)| begin);
    let name_end = quoted.unwrap_or(name_end);
    let name_begin = name_end - length_before(bytes, name_end, is_name_byte);
    let name = text.get(name_begin..name_end).unwrap_or_default();
    if !is_secret_name(name) {
        return (None, after);
    }
    let gap = length(bytes, after, |byte| matches!(byte, b' ' | b'\t'));
    let from = after + gap;
    let before = name_begin
        .checked_sub(1)
        .and_then(|before| bytes.get(before));
    let is_joined = separator == b':' && gap == 0 && quoted.is_none();
    // `secret-init:1.27` and `registry/token:latest` are images.
    if is_joined && (before == Some(&b'/') || !ends_as_secret(name)) {
        return (None, after);
    }
    let lower = name.to_ascii_lowercase();
    let outer = Quote::before(bytes, name_begin).filter(|_| quoted.is_none());
    let is_script = separator == b'=' && outer.is_some_and(|(_, begin)| runs_script(text, begin));
    let syntax = Syntax {
        spaced: gap > 0,
        json: quoted.is_some(),
        flag: name.starts_with('-'),
        query: matches!(before, Some(b'?' | b'&')),
        header: lower.contains("authorization") || lower.contains("cookie"),
        quote: outer.map(|(quote, _)| quote).filter(|_| !is_script),
    };
    (Some(value(bytes, from, syntax)), after)
}

/// Whether the word before `at` is `-c`, so that a script follows and not one value.
fn runs_script(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '"'));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let begin = before.trim_end_matches(is_part).len();
    is_script_flag(before.get(begin..).unwrap_or_default())
}

/// Whether `word` is the shell option `-c`, also combined with other letters.
pub(super) fn is_script_flag(word: &str) -> bool {
    word == "CMD-SHELL"
        || word.strip_prefix('-').is_some_and(|letters| {
            letters.ends_with('c') && letters.bytes().all(|byte| byte.is_ascii_alphabetic())
        })
}

pub(super) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']')
}

/// Number of bytes from `from` on that satisfy `is_of_kind`.
pub(super) fn length(bytes: &[u8], from: usize, is_of_kind: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().take_while(|byte| is_of_kind(**byte)).count()
}

/// Number of bytes before `end` that satisfy `is_of_kind`.
pub(super) fn length_before(bytes: &[u8], end: usize, is_of_kind: impl Fn(u8) -> bool) -> usize {
    let before = bytes.get(..end).unwrap_or_default();
    before
        .iter()
        .rev()
        .take_while(|byte| is_of_kind(**byte))
        .count()
}

#[cfg(test)]
mod tests {
    use super::super::{replace, secrets_after_names};
    use crate::server::source::redactor::Redactor;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn secret_values_in_text_are_masked_and_the_rest_is_kept() {
        for (text, masked) in [
            ("plain words", "plain words"),
            (
                "--password=hunter2 --port=80",
                "--password=•••••• --port=80",
            ),
            (
                "mysql --password hunter2 -h db",
                "mysql --password •••••• -h db",
            ),
            ("x --password 'a b' -h db", "x --password '••••••' -h db"),
            ("psql --no-password shop", "psql --no-password shop"),
            (
                "postgres://app:s3cr@t/x@db:5432/x",
                "postgres://app:••••••@db:5432/x",
            ),
            (
                "https://tok3n@git.example/x",
                "https://••••••@git.example/x",
            ),
            ("https://host/@me/album", "https://host/@me/album"),
            (
                "http://a:b@c,http://d:e@f",
                "http://a:••••••@c,http://d:••••••@f",
            ),
            ("http://vault-token:8200/x", "http://vault-token:8200/x"),
            (
                "http://x/y?token=abc&page=2",
                "http://x/y?token=••••••&page=2",
            ),
            (
                "http://x/y?token=a;b&flag#top",
                "http://x/y?token=••••••&flag#top",
            ),
            (
                "-H Authorization: Bearer abc def",
                "-H Authorization: ••••••",
            ),
            (
                r#"curl -H "Authorization: Bearer x y" --other y"#,
                r#"curl -H "Authorization: ••••••" --other y"#,
            ),
            (
                "-H Authorization: Bearer x --other y",
                "-H Authorization: •••••• --other y",
            ),
            ("Cookie: a=b; c=d\nHost: x", "Cookie: ••••••\nHost: x"),
            (
                "Authorization: Digest a=b, c=d Host: x",
                "Authorization: •••••• Host: x",
            ),
            (
                r#"{"password":"x","user":"y"}"#,
                r#"{"password":"••••••","user":"y"}"#,
            ),
            (
                r#"{"password": "a\"b", "user": 1}"#,
                r#"{"password": "••••••", "user": 1}"#,
            ),
            (
                r#"{\"password\":\"x\",\"user\":\"y\"}"#,
                r#"{\"password\":\"••••••\",\"user\":\"y\"}"#,
            ),
            (
                r#"{"token":123,"user":"y"}"#,
                r#"{"token":••••••,"user":"y"}"#,
            ),
            (
                r#"{"token":null,"user":"y"}"#,
                r#"{"token":null,"user":"y"}"#,
            ),
            (
                r#"{"tokens":["a","b]"],"user":"y"}"#,
                r#"{"tokens":••••••,"user":"y"}"#,
            ),
            (
                r#"["serve","--password","x","-v"]"#,
                r#"["serve","--password","••••••","-v"]"#,
            ),
            ("{password:x,user:y}", "{password:••••••,user:y}"),
            (
                "Server=db;Password=x;Port=1",
                "Server=db;Password=••••••;Port=1",
            ),
            ("PASSWORD=a;b serve", "PASSWORD=•••••• serve"),
            ("DATABASE_DSN=postgres://u:p@h", "DATABASE_DSN=••••••"),
            (
                r#"-e "DB_PASSWORD=x y" -v"#,
                r#"-e "DB_PASSWORD=••••••" -v"#,
            ),
            (
                r#"sh -c "DB_PASSWORD=x serve" -v"#,
                r#"sh -c "DB_PASSWORD=•••••• serve" -v"#,
            ),
            (r#"PASSWORD="a b"c serve"#, "PASSWORD=•••••• serve"),
            (
                "password = correct horse\nport = 1",
                "password = ••••••\nport = 1",
            ),
            (
                "password: correct horse user: bob",
                "password: •••••• user: bob",
            ),
            ("if token == other", "if token == other"),
            ("password := x", "password := ••••••"),
            (
                "'password' => 'x', 'user' => 'y'",
                "'password' => '••••••', 'user' => 'y'",
            ),
            ("nginx:1.27", "nginx:1.27"),
            (
                "registry/token:latest secret-init:1.2",
                "registry/token:latest secret-init:1.2",
            ),
            (
                "AUTH_TYPE=oidc MAX_TOKENS=9 TOKEN_TTL: 5",
                "AUTH_TYPE=oidc MAX_TOKENS=9 TOKEN_TTL: 5",
            ),
            ("PASSWORD= serve", "PASSWORD= ••••••"),
            ("PASSWORD=", "PASSWORD="),
        ] {
            assert_eq!(Redactor::default().mask_text(text), masked);
        }
    }

    /// Texts in which a search that reads to the end of the text would be repeated at every separator.
    #[test]
    fn names_are_searched_for_in_linear_time() {
        let most = 1 << 18;
        for (before, unit) in [
            ("", "a-"),
            ("", "--token "),
            ("", "password="),
            ("", "token: "),
            ("", "\"token\":["),
            ("{\"token\":[", "\\"),
            ("", "\"password=a "),
        ] {
            let text = before.to_owned() + &unit.repeat(most / unit.len());
            // In quadratic time each of these takes minutes.
            let found = secrets_after_names(&text);
            assert!(found.len() <= text.len(), "{unit}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_masked_and_masking_is_idempotent(
            text in "(password|token|user|Cookie|https|--|=|:|//|@|/|\"|'|\\\\|[ ,;&{}\\[\\]\n]|[a-z0-9]{1,3}|é|.){0,24}"
        ) {
            let mask = |text: &str| replace(text, &secrets_after_names(text));
            let masked = mask(&text);
            proptest::prop_assert_eq!(mask(&masked), masked.as_str(), "{:?}", text);
        }
    }
}
