//! Decides which names are names of secrets.
//!
//! A name is split into words, `DB_PASSWORD` and `dbPassword` into `db` and `password`. A part such as
//! `password` makes it the name of a secret, unless its last word shows that the value is only *about* a
//! secret: the lifetime of a token, the file of a password. As in scanners for secrets in source code the
//! list is of parts, not of complete names; unlike them it prefers to mask a harmless value over showing a
//! password.

/// Parts that make a name secret, wherever they occur. They are compared without separators.
pub(super) const PARTS: [&str; 27] = [
    "password",
    "passwd",
    "passphrase",
    "requirepass",
    "masterauth",
    "secret",
    "token",
    "credential",
    "creds",
    "basicauth",
    "authorization",
    "connectionstring",
    "sharedaccess",
    // `key` alone is too common: `primary_key`, `KEYBOARD`, `PUBLIC_KEY`.
    "accesskey",
    "accountkey",
    "apikey",
    "appkey",
    "authkey",
    "cryptkey",
    "encryptionkey",
    "licensekey",
    "masterkey",
    "privatekey",
    "sessionkey",
    "signingkey",
    "sshkey",
    "storagekey",
];

/// Words that make a name secret only as complete words: `AUTH` is secret, `AUTHOR` is not.
pub(super) const WORDS: [&str; 6] = ["auth", "pass", "pwd", "pw", "dsn", "cookie"];

/// Prefixes of harmless words that contain one of [`PARTS`].
const HARMLESS_PREFIXES: [&str; 4] = ["tokeniz", "tokenis", "secretar", "passwordless"];

/// Variables that a shell sets for every process, with paths of folders.
const FOLDERS: [&str; 2] = ["pwd", "oldpwd"];

/// Last words for values that are only about a secret.
const ABOUT: [&[&str]; 6] = [
    // One of a few options: `POSTGRES_HOST_AUTH_METHOD=trust`, `AUTH_TYPE=oidc`.
    &[
        "type",
        "mode",
        "method",
        "methods",
        "scheme",
        "kind",
        "format",
        "algorithm",
        "alg",
        "encoding",
        "strategy",
        "policy",
        "provider",
        "driver",
        "backend",
        "plugin",
        "module",
        "version",
        "prefix",
    ],
    // A switch: `COOKIE_SECURE=true`.
    &[
        "enabled",
        "enable",
        "disabled",
        "disable",
        "required",
        "optional",
        "secure",
        "samesite",
        "httponly",
        "allowed",
        "supported",
    ],
    // A number: `TOKEN_TTL=3600`, `PASSWORD_MIN_LENGTH=12`.
    &[
        "ttl",
        "expiry",
        "expires",
        "expire",
        "expiration",
        "lifetime",
        "duration",
        "timeout",
        "interval",
        "age",
        "days",
        "hours",
        "hour",
        "minutes",
        "minute",
        "seconds",
        "second",
        "secs",
        "ms",
        "length",
        "len",
        "size",
        "limit",
        "count",
        "min",
        "max",
        "rounds",
        "iterations",
        "attempts",
        "retries",
        "cost",
        "budget",
    ],
    // A location that only that machine can read: `POSTGRES_PASSWORD_FILE`.
    &[
        "file",
        "files",
        "filename",
        "path",
        "paths",
        "dir",
        "directory",
        "folder",
        "location",
        "sock",
        "socket",
        "mount",
        "store",
    ],
    // An address: `AUTH_URL`, `COOKIE_DOMAIN`. Credentials in it are found separately.
    &[
        "url", "uri", "endpoint", "host", "hostname", "port", "address", "addr", "domain",
        "domains", "realm", "issuer", "audience", "server",
    ],
    // A name, an owner or a purpose: `SECRET_NAME`, `BASIC_AUTH_USER`.
    &[
        "name", "names", "user", "username", "owner", "email", "scope", "scopes", "role", "roles",
    ],
];

/// Words next to which `tokens` are the units that a language model counts: `MAX_TOKENS`.
const COUNTING: [&str; 16] = [
    "max",
    "min",
    "num",
    "n",
    "total",
    "per",
    "limit",
    "count",
    "budget",
    "maximum",
    "prompt",
    "completion",
    "input",
    "output",
    "cached",
    "used",
];

/// Whether a variable, label, field or flag with this name probably holds a secret.
pub(in crate::server) fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    let last = words.iter().rev().find(|word| !is_number(word));
    let is_about =
        last.is_some_and(|last| ABOUT.iter().any(|words| words.contains(&last.as_str())));
    if is_about || matches!(words.as_slice(), [only] if FOLDERS.contains(&only.as_str())) {
        return false;
    }
    let is_counted = words.iter().any(|word| COUNTING.contains(&word.as_str()));
    let compact: String = words
        .iter()
        .filter(|word| {
            !HARMLESS_PREFIXES
                .iter()
                .any(|prefix| word.starts_with(prefix))
        })
        .filter(|word| !(is_counted && *word == "tokens"))
        .map(String::as_str)
        .collect();
    PARTS.iter().any(|part| compact.contains(part)) || has_secret_word(name)
}

/// Whether the end of the name makes it secret, as in `db_password` but not in `secret-init`.
pub(super) fn ends_as_secret(name: &str) -> bool {
    let compact: String = words(name).concat();
    let compact = compact.trim_end_matches(|c: char| c.is_ascii_digit());
    is_secret_name(name)
        && (PARTS.iter().any(|part| {
            let singular = compact.strip_suffix('s').unwrap_or(compact);
            compact.ends_with(part) || singular.ends_with(part)
        }) || words(name)
            .last()
            .is_some_and(|last| WORDS.contains(&last.as_str())))
}

/// Whether the name contains one of [`WORDS`] as a complete word. Of a name with levels,
/// `traefik.http.routers.auth.rule`, only the last level counts; the others name other things.
fn has_secret_word(name: &str) -> bool {
    let last_level = name.rsplit('.').next().unwrap_or(name);
    words(last_level)
        .iter()
        .any(|word| WORDS.contains(&word.as_str()))
}

/// The words of a name in lower case, split at separators and at changes to upper case.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_lower = false;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(char::is_ascii_lowercase);
        let begins = c.is_ascii_uppercase() && (was_lower || (next_is_lower && word.len() > 1));
        if (begins || !c.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_recognized_in_every_spelling() {
        for name in [
            "POSTGRES_PASSWORD",
            "PGPASSWORD",
            "api-key",
            "apiKey",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "TOKEN_GITHUB",
            "API_TOKENS",
            "private_key",
            "--auth",
            "DB_PASS",
            "ADMIN_PW",
            "DB_PASSWORD_1",
            "REDIS_AUTH",
            "COOKIE_SECRET",
            "SECRET_KEY_BASE",
            "VAULT_SECRET_ID",
            "RABBITMQ_ERLANG_COOKIE",
            "SENTRY_DSN",
            "PASSWORD_HASH",
            "traefik.http.middlewares.a.basicauth.users",
            "AccountKey",
            "SharedAccessSignature",
            "FILE_TOKEN",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn names_of_things_about_a_secret_are_not_secret() {
        for name in [
            "AUTHOR",
            "PATH",
            "PWD",
            "OLDPWD",
            "com.docker.compose.project",
            "keyboard",
            "compass",
            "AUTH_TYPE",
            "authType",
            "AUTH_MODE",
            "POSTGRES_HOST_AUTH_METHOD",
            "AUTH_DOMAIN",
            "COOKIE_DOMAIN",
            "COOKIE_SECURE",
            "MAX_TOKENS",
            "maxTokens",
            "LLM_MAX_OUTPUT_TOKENS",
            "MAX_TOKENS_PER_REQUEST",
            "TOKENS_PER_SECOND",
            "prompt_tokens",
            "outputTokens",
            "TOKENIZERS_PARALLELISM",
            "TOKEN_TTL",
            "accessTokenTTLSeconds",
            "TOKEN_TTL_1",
            "ACCESS_TOKEN_EXPIRE_MINUTES",
            "TOKEN_EXPIRY",
            "PASSWORD_MIN_LENGTH",
            "POSTGRES_PASSWORD_FILE",
            "SSH_AUTH_SOCK",
            "TOKEN_PATH",
            "TOKEN_URL",
            "AUTH_URL",
            "SECRET_NAME",
            "BASIC_AUTH_USER",
            "SECRETARY",
            "traefik.http.routers.auth.rule",
            "traefik.http.middlewares.auth.forwardauth.address",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_only_begins_with_a_secret_part_does_not_end_as_secret() {
        assert!(ends_as_secret("db-password") && ends_as_secret("API_TOKENS"));
        assert!(!ends_as_secret("secret-init") && !ends_as_secret("my-token-service"));
    }
}
