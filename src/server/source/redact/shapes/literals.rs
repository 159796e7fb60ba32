//! The literals that secrets of known shapes contain, and what must follow each.

use super::{
    super::{rule::Rule, url},
    runs::is_word,
};
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// Least length of a Slack token after its prefix.
pub(super) const SLACK_TOKEN: usize = 10;

/// Letters and digits.
const ALNUM: fn(&u8) -> bool = u8::is_ascii_alphanumeric;

/// What must follow a literal.
#[derive(Clone, Copy)]
pub(super) enum Check {
    /// At least `least` bytes that satisfy `is_part`.
    Token {
        rule: Rule,
        least: usize,
        is_part: fn(&u8) -> bool,
    },
    /// The kind of a Slack token, and the token.
    Slack,
    /// The path of a Slack webhook.
    Webhook,
    /// The kind and the rest of an API key, `sk-…`.
    ApiKey,
    /// The id and the secret of a key of `SendGrid`.
    Sendgrid,
    /// The rest of an access key's id.
    KeyId,
    /// The value of a secret key.
    KeyName,
    /// The rest of a JSON web token.
    Jwt,
    /// The credentials of a URL.
    Url,
    /// A scheme and credentials.
    Authorization,
    /// Credentials, and before it the first letter of `Bearer`.
    Bearer,
    /// The kind of a PEM block.
    Armour,
}

impl Check {
    const fn token(rule: Rule, least: usize, is_part: fn(&u8) -> bool) -> Self {
        Self::Token {
            rule,
            least,
            is_part,
        }
    }
}

/// Every literal. The numbers are somewhat below the lengths that the providers document, except where the
/// prefix is an ordinary word.
pub(super) static LITERALS: [(&str, Check); 37] = [
    ("AKIA", Check::KeyId),
    ("ASIA", Check::KeyId),
    ("ecret_access_key", Check::KeyName),
    ("ECRET_ACCESS_KEY", Check::KeyName),
    ("ecretAccessKey", Check::KeyName),
    ("ghp_", Check::token(Rule::Github, 20, ALNUM)),
    ("gho_", Check::token(Rule::Github, 20, ALNUM)),
    ("ghs_", Check::token(Rule::Github, 20, ALNUM)),
    ("ghu_", Check::token(Rule::Github, 20, ALNUM)),
    ("ghr_", Check::token(Rule::Github, 20, ALNUM)),
    ("github_pat_", Check::token(Rule::Github, 20, is_word)),
    ("glpat-", Check::token(Rule::Gitlab, 16, is_word)),
    ("gldt-", Check::token(Rule::Gitlab, 16, is_word)),
    ("glrt-", Check::token(Rule::Gitlab, 16, is_word)),
    ("glcbt-", Check::token(Rule::Gitlab, 16, is_word)),
    ("glptt-", Check::token(Rule::Gitlab, 30, ALNUM)),
    ("xox", Check::Slack),
    ("xapp-", Check::token(Rule::Slack, SLACK_TOKEN, is_word)),
    ("hooks.slack.com/", Check::Webhook),
    ("sk_live_", Check::token(Rule::Stripe, 16, ALNUM)),
    ("rk_live_", Check::token(Rule::Stripe, 16, ALNUM)),
    ("AIza", Check::token(Rule::Google, 30, is_word)),
    // npm sets variables such as `npm_config_registry` for scripts.
    ("npm_", Check::token(Rule::Npm, 30, ALNUM)),
    ("dckr_pat_", Check::token(Rule::Docker, 20, is_word)),
    ("hf_", Check::token(Rule::Huggingface, 30, ALNUM)),
    ("sk-", Check::ApiKey),
    ("SG.", Check::Sendgrid),
    ("AGE-SECRET-KEY-1", Check::token(Rule::Age, 50, ALNUM)),
    ("dwt_", Check::token(Rule::Deckwatch, 16, is_word)),
    ("eyJ", Check::Jwt),
    (url::SEPARATOR, Check::Url),
    ("uthorization", Check::Authorization),
    ("UTHORIZATION", Check::Authorization),
    ("earer ", Check::Bearer),
    ("EARER ", Check::Bearer),
    ("-----BEGIN ", Check::Armour),
    ("-----END ", Check::Armour),
];

/// Finds the literals. Building it fails only beyond 2 GiB of patterns.
pub(super) static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let literals = LITERALS.iter().map(|(literal, _)| literal);
    let mut builder = AhoCorasick::builder();
    // With this kind, and so few literals, candidates are found by vector instructions.
    builder.match_kind(MatchKind::LeftmostFirst);
    builder.build(literals).ok()
});
