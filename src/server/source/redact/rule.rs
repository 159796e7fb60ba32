//! The rules by which secrets are found, and what a search returns.

use std::ops::Range;

/// Why a part of a text counts as a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum Rule {
    /// The name before it.
    Name,
    /// It is the value of a variable of the container.
    Value,
    /// An access key of AWS, or the secret key beside one.
    Aws,
    /// A token of GitHub.
    Github,
    /// A token of GitLab.
    Gitlab,
    /// A token or webhook of Slack.
    Slack,
    /// A live key of Stripe.
    Stripe,
    /// An API key of Google.
    Google,
    /// A token of npm.
    Npm,
    /// An access token of Docker Hub.
    Docker,
    /// A token of Hugging Face.
    Huggingface,
    /// An API key of `OpenAI` or Anthropic, or one of the same shape.
    Openai,
    /// An API key of `SendGrid`.
    Sendgrid,
    /// A secret key of age.
    Age,
    /// A JSON web token.
    Jwt,
    /// A private key in PEM.
    Pem,
    /// The credentials of a URL.
    Url,
    /// The credentials of an `Authorization` header.
    Authorization,
    /// A token of this server.
    Deckwatch,
    /// A pattern of the configuration.
    Custom,
}

impl Rule {
    /// Every rule, in the order of their declaration.
    pub(in crate::server) const ALL: [Self; 20] = [
        Self::Name,
        Self::Value,
        Self::Aws,
        Self::Github,
        Self::Gitlab,
        Self::Slack,
        Self::Stripe,
        Self::Google,
        Self::Npm,
        Self::Docker,
        Self::Huggingface,
        Self::Openai,
        Self::Sendgrid,
        Self::Age,
        Self::Jwt,
        Self::Pem,
        Self::Url,
        Self::Authorization,
        Self::Deckwatch,
        Self::Custom,
    ];

    /// Its name in metrics.
    pub(in crate::server) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Value => "value",
            Self::Aws => "aws",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Slack => "slack",
            Self::Stripe => "stripe",
            Self::Google => "google",
            Self::Npm => "npm",
            Self::Docker => "docker",
            Self::Huggingface => "huggingface",
            Self::Openai => "openai",
            Self::Sendgrid => "sendgrid",
            Self::Age => "age",
            Self::Jwt => "jwt",
            Self::Pem => "pem",
            Self::Url => "url",
            Self::Authorization => "authorization",
            Self::Deckwatch => "deckwatch",
            Self::Custom => "custom",
        }
    }
}

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::server::source) struct Found {
    /// Its position in bytes, at character boundaries if the text is valid UTF-8.
    pub(in crate::server::source) range: Range<usize>,
    /// The rule that found it.
    pub(in crate::server::source) rule: Rule,
}

impl Found {
    /// The secret at `range`.
    pub(in crate::server::source) const fn new(range: Range<usize>, rule: Rule) -> Self {
        Self { range, rule }
    }
}

/// `found` in order, with overlapping secrets merged. A merged one keeps the rule of its first part.
pub(in crate::server::source) fn merged(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by_key(|found| found.range.start);
    let mut merged: Vec<Found> = Vec::with_capacity(found.len());
    for next in found {
        match merged.last_mut() {
            Some(last) if next.range.start < last.range.end => {
                last.range.end = last.range.end.max(next.range.end);
            }
            _ => merged.push(next),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_secrets_are_one_and_adjacent_ones_are_two() {
        let all = [(4..6, Rule::Jwt), (0..2, Rule::Url), (1..4, Rule::Aws)];
        let all = all.map(|(range, rule)| Found::new(range, rule)).to_vec();
        let expected = [Found::new(0..4, Rule::Url), Found::new(4..6, Rule::Jwt)];
        assert_eq!(merged(all), expected);
    }

    #[test]
    fn rules_are_listed_in_the_order_of_their_declaration() {
        for (index, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule as usize, index, "{}", rule.as_str());
        }
    }
}
