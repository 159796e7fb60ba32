//! Finds a container's secrets in other text: in what it writes, in its command, in its processes.

use super::redact::{MASK, is_secret_name};
use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;
use std::borrow::Cow;

/// Shorter values are not masked: `true`, `admin` or `5432` would be found in every other line.
const SHORTEST: usize = 6;
/// Longer values are masked in pieces of this length, so that a line cut at its end need not be kept
/// much longer than it is shown.
const LONGEST: usize = 4 * 1024;
/// Values that are looked for in a container's lines. More than any container has; an engine that
/// says otherwise shall not take our memory.
const MOST: usize = 1_000;

/// Finds a container's secrets in other text.
///
/// They are the values of those of its environment variables whose names look secret, and passwords
/// in URLs of all the others. Each line of a value of several lines (a key in PEM) is a secret of its
/// own, because that is how it is written out; so is each part between escaped line ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    /// Absent when there are none.
    patterns: Option<AhoCorasick>,
    longest: usize,
}

impl Secrets {
    /// Those among `variables`, each `NAME=value`.
    pub(super) fn of<'a>(variables: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets: Vec<&[u8]> = variables.into_iter().flat_map(secrets_of).collect();
        secrets.sort_unstable();
        secrets.dedup();
        secrets.truncate(MOST);
        let longest = secrets.iter().map(|secret| secret.len()).max().unwrap_or(0);
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest);
        let patterns = (!secrets.is_empty()).then(|| builder.build(secrets));
        // It fails only beyond 2 GiB of patterns.
        Self {
            patterns: patterns.and_then(Result::ok),
            longest,
        }
    }

    /// Those in an engine's description of a container that is not masked yet.
    pub(super) fn of_inspected(inspected: &Value) -> Self {
        let variables = inspected.pointer("/Config/Env").and_then(Value::as_array);
        Self::of(variables.into_iter().flatten().filter_map(Value::as_str))
    }

    /// Bytes of the longest one: how much further a line must be looked at than it is shown.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// `text` with every secret replaced by the mask.
    pub(super) fn mask_str<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(patterns) = self.patterns.as_ref().filter(|p| p.is_match(text)) else {
            return Cow::Borrowed(text);
        };
        let mut masked = String::with_capacity(text.len());
        patterns.replace_all_with(text, &mut masked, |_, _, masked| {
            masked.push_str(MASK);
            true
        });
        Cow::Owned(masked)
    }

    /// Bytes with every secret replaced by the mask.
    pub(super) fn mask(&self, text: Vec<u8>) -> Vec<u8> {
        let Some(patterns) = self.patterns.as_ref().filter(|p| p.is_match(&text)) else {
            return text;
        };
        let mut masked = Vec::with_capacity(text.len());
        patterns.replace_all_with_bytes(&text, &mut masked, |_, _, masked| {
            masked.extend_from_slice(MASK.as_bytes());
            true
        });
        masked
    }
}

fn secrets_of(variable: &str) -> Vec<&[u8]> {
    let Some((name, value)) = variable.split_once('=') else {
        return Vec::new();
    };
    let value = if is_secret_name(name) {
        value
    } else {
        password_of_url(value).unwrap_or_default()
    };
    value
        .split(['\n', '\r'])
        .flat_map(|line| line.split("\\n"))
        .map(str::trim)
        .flat_map(|line| line.as_bytes().chunks(LONGEST))
        .filter(|part| part.len() >= SHORTEST)
        .collect()
}

/// `secret` of `scheme://user:secret@host`, which may hold `@` and `/` unescaped.
fn password_of_url(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let (credentials, _) = rest.rsplit_once('@')?;
    Some(
        credentials
            .split_once(':')
            .map_or(credentials, |(_, password)| password),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(variables: &[&str], text: &str) -> String {
        let masked = Secrets::of(variables.iter().copied()).mask(text.as_bytes().to_vec());
        String::from_utf8(masked).unwrap()
    }

    #[test]
    fn values_of_secret_variables_are_masked_wherever_they_stand() {
        let variables = ["DB_PASSWORD=hunter2!", "API_TOKEN=abcdef", "HOME=/home/app"];
        for (text, masked) in [
            ("connecting with hunter2!", "connecting with ••••••"),
            ("hunter2!hunter2!", "••••••••••••"),
            (r#"{"token":"abcdef"}"#, r#"{"token":"••••••"}"#),
            (
                "/home/app is fine, so is hunter2",
                "/home/app is fine, so is hunter2",
            ),
        ] {
            assert_eq!(mask(&variables, text), masked);
        }
    }

    #[test]
    fn the_longest_of_secrets_that_overlap_is_masked() {
        let variables = ["A_TOKEN=secret", "B_TOKEN=secret-and-more"];
        assert_eq!(mask(&variables, "it is secret-and-more"), "it is ••••••");
    }

    #[test]
    fn passwords_in_urls_are_masked_whatever_the_variable_is_called() {
        let variables = [
            "DATABASE_URL=postgres://app:s3cr@t/x@db:5432/x",
            "PLAIN=https://example.org",
        ];
        let secrets = Secrets::of(variables);
        assert_eq!(secrets.mask_str("s3cr@t/x is wrong"), "•••••• is wrong");
        assert!(matches!(secrets.mask_str("nothing"), Cow::Borrowed(_)));
        assert_eq!(
            mask(&variables, "auth failed for s3cr@t/x"),
            "auth failed for ••••••"
        );
        assert_eq!(
            mask(&variables, "https://example.org"),
            "https://example.org"
        );
    }

    #[test]
    fn lines_of_a_secret_of_several_lines_are_masked_one_by_one() {
        let key = "TLS_PRIVATE_KEY=-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nkqhkiG9w0BAQEF\nab==\n";
        assert_eq!(mask(&[key], "  MIIEvQIBADANBg"), "  ••••••");
        assert_eq!(mask(&[key], "kqhkiG9w0BAQEF"), "••••••");
        assert_eq!(
            mask(&[key], "ab=="),
            "ab==",
            "too short to be told from other text"
        );
        assert_eq!(mask(&["KEY_SECRET=first1\\nsecond"], "second"), "••••••");
    }

    #[test]
    fn short_values_are_not_masked() {
        assert_eq!(
            mask(&["PASSWORD=admin", "TOKEN="], "admin says hello"),
            "admin says hello"
        );
    }

    #[test]
    fn long_values_are_masked_in_pieces() {
        let secret = "0123456789".repeat(1_000);
        let secrets = Secrets::of([format!("TOKEN={secret}").as_str()]);
        assert!(secrets.longest() <= LONGEST);
        let masked = secrets.mask(secret.into_bytes());
        assert_eq!(String::from_utf8(masked).unwrap(), MASK.repeat(3));
    }

    proptest::proptest! {
        #[test]
        fn no_secret_is_left(value in "[a-c@:/ ]{6,9}", text in "[a-c@:/ ]{0,60}") {
            let value = value.trim();
            let masked = mask(&[&format!("TOKEN={value}")], &text);
            proptest::prop_assert!(value.len() < SHORTEST || !masked.contains(value));
        }
    }
}
