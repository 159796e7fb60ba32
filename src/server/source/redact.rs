//! Masks what looks like a secret in what engines tell: pure functions over text.
//!
//! Names (of variables, labels, flags) are kept, values are replaced by [`MASK`], whose length says
//! nothing about what it hides. Wrongly masking a harmless value costs little; showing a password
//! to everybody who may look at a dashboard does not.

use std::borrow::Cow;

/// What stands where a secret was.
pub(super) const MASK: &str = "••••••";

/// Parts of names that give a secret away, wherever they stand (compared without separators).
const SECRET_PARTS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "requirepass",
    "masterauth",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "basicauth",
    "authorization",
    "connectionstring",
];
/// Words that do so only when they stand alone: `AUTH` is a secret, `AUTHOR` is not.
const SECRET_WORDS: [&str; 5] = ["auth", "pass", "pwd", "dsn", "cookie"];

/// Whether a variable, label or flag of that name is likely to hold a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    let compact: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    SECRET_PARTS.iter().any(|part| compact.contains(part))
        || name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| SECRET_WORDS.iter().any(|w| word.eq_ignore_ascii_case(w)))
}

/// The value of a label or attribute called `name`, fit to be shown.
pub(super) fn mask_value(name: &str, value: &str) -> String {
    if is_secret_name(name) && !value.is_empty() {
        MASK.to_owned()
    } else {
        mask_text(value).into_owned()
    }
}

/// `NAME=value` with the value masked, whatever the name: any variable may hold a secret.
pub(super) fn mask_variable(assignment: &str) -> String {
    match assignment.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{name}={MASK}"),
        _ => assignment.to_owned(),
    }
}

/// A command line with the values of secret-looking flags and assignments masked.
pub(super) fn mask_args<'a>(args: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut after_flag = false;
    args.into_iter()
        .map(|arg| {
            let hide = after_flag && !arg.starts_with('-');
            after_flag = is_secret_flag(arg);
            if hide {
                MASK.to_owned()
            } else {
                mask_text(arg).into_owned()
            }
        })
        .collect()
}

/// Free text with secret-looking assignments, flags, headers and credentials in URLs masked.
pub(super) fn mask_text(text: &str) -> Cow<'_, str> {
    let suspicious = text.contains(['=', ':']) || text.starts_with('-') || text.contains(" -");
    if !suspicious {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut after_flag = false;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        let space = piece.get(word.len()..).unwrap_or_default();
        if is_secret_header(word) {
            // All that follows belongs to the header, e.g. `Bearer` and the token.
            masked.push_str(word);
            masked.push(' ');
            masked.push_str(MASK);
            return Cow::Owned(masked);
        }
        if after_flag && !word.is_empty() && !word.starts_with('-') {
            masked.push_str(MASK);
        } else {
            mask_word(word, &mut masked);
        }
        after_flag = (after_flag && word.is_empty()) || is_secret_flag(word);
        masked.push_str(space);
    }
    Cow::Owned(masked)
}

/// `--password`, `-token`: a flag whose value is the next word.
fn is_secret_flag(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|name| !word.contains('=') && is_secret_name(name))
}

/// `Authorization:`, also with a quote before it.
fn is_secret_header(word: &str) -> bool {
    word.strip_suffix(':').is_some_and(is_secret_name)
}

/// Appends `word` with the values of `name=value`, `name:value` and `scheme://user:value@` masked.
fn mask_word(word: &str, out: &mut String) {
    if let Some((scheme, rest)) = word.split_once("://") {
        return mask_url(scheme, rest, out);
    }
    let mut rest = word;
    loop {
        let end = rest.find(['&', ';', '?']).unwrap_or(rest.len());
        let (part, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        mask_assignment(part, out);
        let mut tail_chars = tail.chars();
        let Some(separator) = tail_chars.next() else {
            return;
        };
        out.push(separator);
        rest = tail_chars.as_str();
    }
}

fn mask_assignment(part: &str, out: &mut String) {
    let Some(at) = part.find(['=', ':']) else {
        return out.push_str(part);
    };
    let (name, value) = part.split_at_checked(at).unwrap_or((part, ""));
    let Some(inner) = value.get(1..).filter(|inner| !inner.is_empty()) else {
        return out.push_str(part);
    };
    out.push_str(name);
    out.push_str(value.get(..1).unwrap_or_default());
    if is_secret_name(name) {
        out.push_str(MASK);
    } else {
        mask_assignment(inner, out);
    }
}

fn mask_url(scheme: &str, rest: &str, out: &mut String) {
    if let Some((name, _)) = scheme
        .split_once('=')
        .filter(|(name, _)| is_secret_name(name))
    {
        out.push_str(name);
        out.push('=');
        return out.push_str(MASK);
    }
    out.push_str(scheme);
    out.push_str("://");
    // Passwords may hold `@` and `/` unescaped: the last `@` ends the credentials.
    let Some((credentials, host)) = rest.rsplit_once('@') else {
        return mask_word(rest, out);
    };
    match credentials.split_once(':') {
        Some((user, _)) => {
            out.push_str(user);
            out.push(':');
            out.push_str(MASK);
        }
        // A lone token: `https://<token>@host`.
        None => out.push_str(MASK),
    }
    out.push('@');
    mask_word(host, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for name in [
            "POSTGRES_PASSWORD",
            "api-key",
            "apiKey",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "private_key",
            "--auth",
            "traefik.http.middlewares.a.basicauth.users",
            "DB_PASS",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "AUTHOR",
            "PATH",
            "com.docker.compose.project",
            "keyboard",
            "compass",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn values_in_text_are_masked_and_the_rest_stays() {
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
            (
                "postgres://app:s3cr@t/x@db:5432/x",
                "postgres://app:••••••@db:5432/x",
            ),
            (
                "https://tok3n@git.example/x",
                "https://••••••@git.example/x",
            ),
            (
                "http://x/y?token=abc&page=2",
                "http://x/y?token=••••••&page=2",
            ),
            (
                "-H Authorization: Bearer abc def",
                "-H Authorization: ••••••",
            ),
            (r#"{"password":"x"}"#, r#"{"password":••••••"#),
            (
                "Server=db;Password=x;Port=1",
                "Server=db;Password=••••••;Port=1",
            ),
            ("DATABASE_DSN=postgres://u:p@h", "DATABASE_DSN=••••••"),
            ("nginx:1.27", "nginx:1.27"),
        ] {
            assert_eq!(mask_text(text), masked);
        }
    }

    #[test]
    fn the_argument_after_a_secret_flag_is_masked_whole() {
        let masked = mask_args(["redis", "a b c", "--token", "--port", "1"]);
        assert_eq!(masked, ["redis", "a b c", "--token", "--port", "1"]);
        let masked = mask_args(["x", "--password", "a b c", "-p", "80:80"]);
        assert_eq!(masked, ["x", "--password", MASK, "-p", "80:80"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_masked(text in ".*") {
            let _ = mask_text(&text);
        }
    }
}
