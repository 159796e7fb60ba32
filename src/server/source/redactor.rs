//! Masks the secrets in the data of an engine, by all rules: names, shapes, the configured patterns, and the
//! values of a container's variables.
//!
//! Names (of variables, labels, flags) are kept, values are replaced by [`MASK`], whose length is
//! independent of the secret's. Masking a harmless value costs little; showing a password to every user of
//! a dashboard does not. All rules search the original text, so that no mask of one hides a secret from
//! another.

use super::{
    EngineError,
    redact::{
        self, Context, CustomPatterns, Found, MASK, Rule, Text, is_plain, is_secret_name, line,
        merged, shapes,
    },
    secrets::Secrets,
};
use crate::server::instruments::Redactions;
use std::{borrow::Cow, sync::Arc};

/// Masks secrets, and counts them. A handle: clones are cheap and share everything.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    rules: Arc<Rules>,
    /// The secrets of the container whose texts are masked; none for texts of no container.
    values: Secrets,
}

#[derive(Debug, Default)]
struct Rules {
    custom: CustomPatterns,
    counted: Redactions,
}

impl Redactor {
    /// Masks by names, shapes and `custom` patterns, and counts in `counted`.
    pub(in crate::server) fn new(custom: CustomPatterns, counted: Redactions) -> Self {
        Self {
            rules: Arc::new(Rules { custom, counted }),
            values: Secrets::default(),
        }
    }

    /// The same for the texts of a container with these `values`.
    pub(super) fn with(&self, values: Secrets) -> Self {
        Self {
            rules: Arc::clone(&self.rules),
            values,
        }
    }

    /// Most bytes that one secret may take in a line: this much must be kept beyond the visible part of a
    /// line.
    pub(super) fn longest(&self) -> usize {
        self.values.longest().max(shapes::LONGEST)
    }

    /// Text with secrets masked, also those after names: in assignments, flags and headers.
    pub(in crate::server) fn mask_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let names = redact::secrets_after_names(text);
        self.masked(&Text::new(text), names, &mut Context::default())
    }

    /// Text of a log with secrets masked, those after names only where the text is no sentence.
    pub(super) fn mask_output<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = Text::new(text);
        self.masked(&text, line::find(&text), &mut Context::default())
    }

    /// A line of a log with secrets masked, as [`Self::mask_output`] does. `context` is what the lines
    /// before imply, and becomes that of the next line. If there is a secret, invalid UTF-8 is replaced, too.
    pub fn mask_line(&self, written: Vec<u8>, context: &mut Context) -> Vec<u8> {
        if context.is_idle() && self.is_clean(&written) {
            return written;
        }
        let text = String::from_utf8_lossy(&written);
        let text = Text::new(&text);
        match self.masked(&text, line::find(&text), context) {
            Cow::Borrowed(_) => written,
            Cow::Owned(masked) => masked.into_bytes(),
        }
    }

    /// Whether `text` certainly contains no secret, as most lines.
    fn is_clean(&self, text: &[u8]) -> bool {
        is_plain(text)
            && !shapes::may_be_in(text)
            && line::find_written(text).is_empty()
            && !self.values.may_be_in(text)
            && (self.rules.custom.is_empty()
                || std::str::from_utf8(text).is_ok_and(|text| !self.rules.custom.is_in(text)))
    }

    /// The value of a label or attribute `name`, masked as far as necessary.
    pub(super) fn mask_value(&self, name: &str, value: &str) -> String {
        if is_secret_name(name) && !value.is_empty() {
            self.mask_whole()
        } else {
            self.mask_text(value).into_owned()
        }
    }

    /// The mask, for a text that is secret as a whole because of its name.
    pub(super) fn mask_whole(&self) -> String {
        self.rules.counted.count(Rule::Name);
        MASK.to_owned()
    }

    /// `NAME=value` with the value masked, for every name, because any variable may hold a secret.
    pub(super) fn mask_variable(&self, assignment: &str) -> String {
        match assignment.split_once('=') {
            Some((name, value)) if !value.is_empty() => self.assignment(name),
            _ => self.mask_output(assignment).into_owned(),
        }
    }

    fn assignment(&self, name: &str) -> String {
        format!("{}={}", self.mask_output(name), self.mask_whole())
    }

    /// A command line with the values of secret flags and assignments masked.
    pub(super) fn mask_args<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let mut before = "";
        let masked = args.into_iter().map(|arg| {
            let masked = self.mask_arg(before, arg);
            before = arg;
            masked
        });
        masked.collect()
    }

    /// One argument, after the argument `before`. It is one value even if it contains spaces, unless it is a
    /// script.
    fn mask_arg(&self, before: &str, arg: &str) -> String {
        let is_flag = before.starts_with('-') && !before.contains('=');
        if is_flag && !arg.starts_with('-') && !arg.is_empty() && is_secret_name(before) {
            return self.mask_whole();
        }
        match arg.split_once('=') {
            Some((name, value)) if redact::is_one_value(before, name) && !value.is_empty() => {
                self.assignment(name)
            }
            _ => self.mask_text(arg).into_owned(),
        }
    }

    /// An error with the secrets in its message masked: engines quote what they could not do.
    pub(super) fn mask_error(&self, error: EngineError) -> EngineError {
        error.map_message(|message| self.mask_text(message).into_owned())
    }

    /// `text` without the secrets of all rules; `names` are those after names.
    fn masked<'a>(
        &self,
        text: &Text<'a>,
        names: Vec<Found>,
        context: &mut Context,
    ) -> Cow<'a, str> {
        let mut found = shapes::find(text, context);
        found.extend(names);
        found.extend(self.rules.custom.find(text));
        found.extend(self.values.find(text));
        if found.is_empty() {
            return Cow::Borrowed(text.written());
        }
        let found = merged(found);
        for secret in &found {
            self.rules.counted.count(secret.rule);
        }
        Cow::Owned(redact::replace(text.written(), &found))
    }
}

#[cfg(test)]
mod tests;
