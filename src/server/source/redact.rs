//! Masks probable secrets in the text of engines, by pure functions.
//!
//! Names (of variables, labels, flags) are kept, values are replaced by [`MASK`], whose length is
//! independent of the secret's. Masking a harmless value costs little; showing a password to every user of
//! a dashboard does not.

mod encoding;
mod names;
mod quote;
mod text;
mod url;
mod value;
mod values;
mod views;

pub(super) use self::{
    encoding::{base64_around, base64_stems, percent_decoded},
    values::{SHORTEST, Shown},
    views::{is_plain, readings, views},
};
pub(in crate::server) use names::is_secret_name;

use std::{borrow::Cow, ops::Range};

/// Replaces a secret.
pub(in crate::server) const MASK: &str = "••••••";

/// The value of a label or attribute `name`, masked as far as necessary.
pub(in crate::server) fn mask_value(name: &str, value: &str) -> String {
    if is_secret_name(name) && !value.is_empty() {
        MASK.to_owned()
    } else {
        mask_text(value).into_owned()
    }
}

/// `NAME=value` with the value masked, for every name, because any variable may hold a secret.
pub(in crate::server) fn mask_variable(assignment: &str) -> String {
    match assignment.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{name}={MASK}"),
        _ => assignment.to_owned(),
    }
}

/// A command line with the values of secret flags and assignments masked.
pub(in crate::server) fn mask_args<'a>(args: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut before = "";
    let masked = args.into_iter().map(|arg| {
        let masked = mask_arg(before, arg);
        before = arg;
        masked
    });
    masked.collect()
}

/// One argument, after the argument `before`. It is one value even if it contains spaces, unless it is a
/// script.
fn mask_arg(before: &str, arg: &str) -> String {
    let is_flag = before.starts_with('-') && !before.contains('=');
    if is_flag && !arg.starts_with('-') && !arg.is_empty() && is_secret_name(before) {
        return MASK.to_owned();
    }
    match arg.split_once('=') {
        Some((name, value)) if is_one_value(before, name) && !value.is_empty() => {
            format!("{name}={MASK}")
        }
        _ => mask_text(arg).into_owned(),
    }
}

fn is_one_value(before: &str, name: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.chars().all(is_name) && is_secret_name(name) && !text::is_script_flag(before)
}

/// Text with probable secrets masked in assignments, flags, headers and URL credentials.
pub(in crate::server) fn mask_text(text: &str) -> Cow<'_, str> {
    match text::secrets_in(text) {
        secrets if secrets.is_empty() => Cow::Borrowed(text),
        secrets => Cow::Owned(replace(text, &secrets)),
    }
}

/// The secrets that [`mask_text`] masks.
pub(super) fn secrets_in(text: &str) -> impl Iterator<Item = &str> {
    text::secrets_in(text)
        .into_iter()
        .filter_map(|secret| text.get(secret))
}

/// `text` with the mask in place of `secrets`, which must be in order and not overlap.
pub(super) fn replace(text: &str, secrets: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for secret in secrets {
        masked.push_str(text.get(from..secret.start).unwrap_or_default());
        masked.push_str(MASK);
        from = secret.end;
    }
    masked.push_str(text.get(from..).unwrap_or_default());
    masked
}

/// Parses hexadecimal digits.
fn hex(digits: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_after_a_secret_flag_is_masked_completely() {
        let masked = mask_args(["redis", "a b c", "--token", "--port", "1"]);
        assert_eq!(masked, ["redis", "a b c", "--token", "--port", "1"]);
        let masked = mask_args(["x", "--password", "a b c", "-p", "80:80"]);
        assert_eq!(masked, ["x", "--password", MASK, "-p", "80:80"]);
    }

    #[test]
    fn an_argument_is_one_value_unless_it_is_a_script() {
        let masked = mask_args(["x", "--password=a b;c=d", "DB_PASSWORD=a b", "--port=1"]);
        assert_eq!(
            masked,
            ["x", "--password=••••••", "DB_PASSWORD=••••••", "--port=1"]
        );
        let masked = mask_args(["sh", "-c", "DB_PASSWORD=x serve --port 80"]);
        assert_eq!(masked, ["sh", "-c", "DB_PASSWORD=•••••• serve --port 80"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_masked_and_masking_is_idempotent(
            text in "(password|token|user|Cookie|https|--|=|:|//|@|/|\"|'|\\\\|[ ,;&{}\\[\\]\n]|[a-z0-9]{1,3}|é|.){0,24}"
        ) {
            let masked = mask_text(&text).into_owned();
            proptest::prop_assert_eq!(mask_text(&masked), masked.as_str(), "{:?}", text);
        }
    }
}
