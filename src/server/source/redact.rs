//! Finds probable secrets in the text of engines, by pure functions: after names, by their shape, and by
//! configured patterns. [`Redactor`](super::redactor::Redactor) masks them.

mod custom;
mod encoding;
pub(super) mod line;
mod names;
mod quote;
mod reading;
mod rule;
pub(super) mod shapes;
mod text;
mod url;
mod value;
mod values;
mod views;

pub(super) use self::{
    encoding::{base64_around, base64_stems, percent_decoded},
    names::is_secret_name,
    reading::Text,
    rule::{Found, merged},
    values::{SHORTEST, Shown},
    views::{is_plain, readings},
};
pub use custom::CustomPatterns;
pub(in crate::server) use rule::Rule;
pub use shapes::Context;

/// Replaces a secret.
pub(in crate::server) const MASK: &str = "••••••";

/// Whether the text after the `=` of an argument is one value, even if it contains spaces: its `name` is
/// secret, and the argument `before` does not make it a script.
pub(super) fn is_one_value(before: &str, name: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.chars().all(is_name) && is_secret_name(name) && !text::is_script_flag(before)
}

/// The secrets in `text` that the names before them mark: in assignments, flags, headers and URLs.
pub(super) fn secrets_after_names(text: &str) -> Vec<Found> {
    let secrets = text::secrets_in(text).into_iter();
    secrets.map(|range| Found::new(range, Rule::Name)).collect()
}

/// `text` with the mask in place of `secrets`, which must be in order and not overlap.
pub(super) fn replace(text: &str, secrets: &[Found]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for Found { range, .. } in secrets {
        masked.push_str(text.get(from..range.start).unwrap_or_default());
        masked.push_str(MASK);
        from = range.end;
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
