//! Sign-in with OpenID Connect: `[deckwatch.auth.oidc]`.

use super::{ConfigError, OidcSettings};
use openidconnect::url::{Host, Url};
use std::path::{Path, PathBuf};

/// The path below the base path to which the provider sends the browser back.
pub const CALLBACK: &str = "/auth/oidc/callback";
/// The scopes that are requested by default. Some providers, such as Keycloak, refuse scopes that they do not
/// know: then the setting must omit them.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "groups"];
/// The claims that have the name of the user by default; the first one that is present applies.
const USERNAME_CLAIMS: [&str; 2] = ["preferred_username", "email"];
/// The claim with the groups of the user by default.
const GROUPS_CLAIM: &str = "groups";
/// Most scopes, and most characters of a scope or of a claim's name: more than any provider has.
const MAX_SCOPES: usize = 32;
const MAX_WORD: usize = 256;

/// A provider of OpenID Connect, and how its users become users of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// The issuer, exactly as the provider states it.
    pub issuer: String,
    /// The id of this server at the provider.
    pub client_id: String,
    /// The file with the secret of this server at the provider.
    pub client_secret_file: PathBuf,
    /// The requested scopes.
    pub scopes: Vec<String>,
    /// The claims that may have the name of the user; the first one that is present applies.
    pub username_claims: Vec<String>,
    /// The claim with the groups of the user.
    pub groups_claim: String,
    /// The public URL of [`CALLBACK`], as the provider knows it.
    pub redirect_url: String,
}

impl Oidc {
    /// The checked `settings`. Nothing is sent to the provider: it may be away when the server starts.
    ///
    /// # Errors
    /// When a required setting is missing, one is malformed, or the secret cannot be read.
    pub(super) fn checked(settings: OidcSettings) -> Result<Self, ConfigError> {
        let scopes = settings
            .scopes
            .unwrap_or_else(|| SCOPES.map(str::to_owned).into());
        let username_claims = match settings.username_claim {
            Some(claim) => vec![claim],
            None => USERNAME_CLAIMS.map(str::to_owned).into(),
        };
        let groups_claim = settings
            .groups_claim
            .unwrap_or_else(|| GROUPS_CLAIM.to_owned());
        let is_usual = scopes.len() <= MAX_SCOPES && scopes.iter().all(|scope| is_word(scope));
        if !is_usual {
            let allowed = "a list of words such as \"openid\"".to_owned();
            return Err(refused("auth.oidc.scopes", &scopes.join(" "), allowed));
        }
        for (key, claim) in username_claims
            .iter()
            .map(|claim| ("auth.oidc.username-claim", claim))
            .chain([("auth.oidc.groups-claim", &groups_claim)])
        {
            if !is_word(claim) {
                return Err(refused(key, claim, "the name of a claim".to_owned()));
            }
        }
        Ok(Self {
            issuer: issuer(settings.issuer.unwrap_or_default())?,
            client_id: client_id(settings.client_id.unwrap_or_default())?,
            client_secret_file: secret_file(settings.client_secret_file.unwrap_or_default())?,
            scopes,
            username_claims,
            groups_claim,
            redirect_url: redirect_url(settings.redirect_url.unwrap_or_default())?,
        })
    }

    /// Checks that the provider sends browsers back to where this server expects them below `base_path`.
    ///
    /// # Errors
    /// When it is another path.
    pub(super) fn check_base(&self, base_path: &str) -> Result<(), ConfigError> {
        let expected = format!("{}{CALLBACK}", base_path.trim_end_matches('/'));
        if Url::parse(&self.redirect_url).is_ok_and(|url| url.path() == expected) {
            return Ok(());
        }
        let allowed = format!("the public URL of {expected}, because base-path is {base_path:?}");
        Err(refused(
            "auth.oidc.redirect-url",
            &self.redirect_url,
            allowed,
        ))
    }

    /// The host of the provider, as the sign-in page shows it.
    pub fn host(&self) -> Option<String> {
        let url = Url::parse(&self.issuer).ok()?;
        url.host_str().map(str::to_owned)
    }

    /// The secret, read again at each use, so that it can be replaced while the server runs. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read, or is empty.
    pub fn client_secret(&self) -> std::io::Result<String> {
        read_secret(&self.client_secret_file)
    }
}

/// Whether `url` uses HTTPS, or HTTP to this machine, where no other machine can read it.
pub fn is_protected(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_local)
}

fn issuer(text: String) -> Result<String, ConfigError> {
    const KEY: &str = "auth.oidc.issuer";
    let url = Url::parse(&text).ok();
    if url.as_ref().is_some_and(has_credentials) {
        let allowed = "a URL without a user name and a password".to_owned();
        return Err(refused(KEY, "https://…@…", allowed));
    }
    let is_plain = |url: &Url| url.query().is_none() && url.fragment().is_none();
    // No spaces: one separates the issuer from the id of a user.
    if is_word(&text) && url.filter(is_protected).as_ref().is_some_and(is_plain) {
        return Ok(text);
    }
    let allowed = "the https:// URL of the provider; http:// is possible on this machine only";
    Err(refused(KEY, &text, allowed.to_owned()))
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn client_id(text: String) -> Result<String, ConfigError> {
    if is_word(&text) {
        return Ok(text);
    }
    let allowed = "the id of Deckwatch at the provider".to_owned();
    Err(refused("auth.oidc.client-id", &text, allowed))
}

fn redirect_url(text: String) -> Result<String, ConfigError> {
    let is_ours = Url::parse(&text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.path().ends_with(CALLBACK)
            && !has_credentials(&url)
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if is_ours {
        return Ok(text);
    }
    let allowed = format!("the public URL of Deckwatch with {CALLBACK}, as the provider has it");
    Err(refused("auth.oidc.redirect-url", &text, allowed))
}

/// Checks that the secret can be read.
fn secret_file(path: PathBuf) -> Result<PathBuf, ConfigError> {
    if path.as_os_str().is_empty() {
        let allowed = "the path of a file with the secret of Deckwatch at the provider".to_owned();
        return Err(refused("auth.oidc.client-secret-file", "", allowed));
    }
    match read_secret(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(ConfigError::Unreadable {
            path: path.display().to_string(),
            error,
        }),
    }
}

fn read_secret(path: &Path) -> std::io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let secret = text.trim();
    if secret.is_empty() {
        let message = "the file is empty";
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            message,
        ));
    }
    Ok(secret.to_owned())
}

/// Whether `text` is one word of printable ASCII.
fn is_word(text: &str) -> bool {
    (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn refused(key: &'static str, value: &str, allowed: String) -> ConfigError {
    ConfigError::Value {
        key,
        value: format!("{value:?}"),
        allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Auth, AuthSettings},
        *,
    };
    use crate::model::AuthMode;

    fn settings(secret: &Path) -> OidcSettings {
        OidcSettings {
            issuer: Some("https://id.example.com/realms/home".into()),
            client_id: Some("deckwatch".into()),
            client_secret_file: Some(secret.to_owned()),
            redirect_url: Some("https://deck.example.com/auth/oidc/callback".into()),
            ..OidcSettings::default()
        }
    }

    fn secret(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn issuer_client_secret_and_redirection_suffice() {
        let file = secret("s3cret\n");
        let oidc = Oidc::checked(settings(file.path())).unwrap();
        assert_eq!(oidc.scopes, SCOPES);
        assert_eq!(oidc.username_claims, USERNAME_CLAIMS);
        assert_eq!(oidc.groups_claim, "groups");
        assert_eq!(oidc.client_secret().unwrap(), "s3cret");
        assert!(!format!("{oidc:?}").contains("s3cret"));
        std::fs::write(file.path(), "another").unwrap();
        assert_eq!(oidc.client_secret().unwrap(), "another", "as it is now");
    }

    #[test]
    fn a_missing_or_malformed_setting_is_named() {
        let file = secret("s3cret");
        type Change = fn(&mut OidcSettings);
        let changes: [(&str, Change); 14] = [
            ("issuer", |to| to.issuer = None),
            ("issuer", |to| to.issuer = Some("id.example.com".into())),
            ("issuer", |to| {
                to.issuer = Some("http://id.example.com".into())
            }),
            ("issuer", |to| {
                to.issuer = Some("https://id.example.com/?a".into())
            }),
            ("issuer", |to| {
                to.issuer = Some("https://id.example.com/a b".into())
            }),
            ("redirect-url", |to| {
                to.redirect_url = Some("https://me@deck.example.com/auth/oidc/callback".into())
            }),
            ("client-id", |to| to.client_id = None),
            ("client-id", |to| to.client_id = Some("a b".into())),
            ("client-secret-file", |to| to.client_secret_file = None),
            ("redirect-url", |to| to.redirect_url = None),
            ("redirect-url", |to| {
                to.redirect_url = Some("https://deck.example.com/".into())
            }),
            ("scopes", |to| to.scopes = Some(vec!["openid email".into()])),
            ("username-claim", |to| {
                to.username_claim = Some(String::new())
            }),
            ("groups-claim", |to| to.groups_claim = Some("\n".into())),
        ];
        for (key, change) in changes {
            let mut settings = settings(file.path());
            change(&mut settings);
            let error = Oidc::checked(settings).unwrap_err().to_string();
            assert!(error.starts_with(&format!("auth.oidc.{key} = ")), "{error}");
        }
    }

    #[test]
    fn credentials_in_the_issuer_are_refused_and_not_repeated() {
        let file = secret("s3cret");
        for issuer in [
            "https://me:pa55@id.example.com",
            "https://pa55@id.example.com",
        ] {
            let mut settings = settings(file.path());
            settings.issuer = Some(issuer.into());
            let error = Oidc::checked(settings).unwrap_err().to_string();
            assert!(
                error.contains("without a user name and a password"),
                "{error}"
            );
            assert!(!error.contains("pa55"), "{error}");
        }
    }

    #[test]
    fn the_redirection_leads_below_the_base_path() {
        let file = secret("s3cret");
        let oidc = |url: &str| {
            let mut settings = settings(file.path());
            settings.redirect_url = Some(url.into());
            Oidc::checked(settings).unwrap()
        };
        let root = oidc("https://deck.example.com/auth/oidc/callback");
        let below = oidc("https://example.com/deck/auth/oidc/callback");
        for (oidc, base_path, is_right) in [
            (&root, "/", true),
            (&root, "/deck", false),
            (&below, "/deck", true),
            (&below, "/", false),
            (&below, "/other", false),
        ] {
            let checked = oidc.check_base(base_path);
            assert_eq!(checked.is_ok(), is_right, "{base_path}: {checked:?}");
        }
        let error = root.check_base("/deck").unwrap_err().to_string();
        let expected = "auth.oidc.redirect-url = \"https://deck.example.com/auth/oidc/callback\": must be \
            the public URL of /deck/auth/oidc/callback, because base-path is \"/deck\"";
        assert_eq!(error, expected);
    }

    #[test]
    fn the_provider_is_shown_by_its_host() {
        let file = secret("s3cret");
        let oidc = Oidc::checked(settings(file.path())).unwrap();
        assert_eq!(oidc.host().as_deref(), Some("id.example.com"));
    }

    #[test]
    fn the_mode_needs_the_settings_and_nothing_else_does() {
        let merge = |mode, oidc| {
            let first = AuthSettings {
                mode: Some(vec![mode]),
                oidc,
                ..AuthSettings::default()
            };
            Auth::merge(
                first,
                AuthSettings::default(),
                ([127, 0, 0, 1], 3000).into(),
            )
        };
        let error = merge(AuthMode::Oidc, None).unwrap_err().to_string();
        assert!(error.starts_with("auth.oidc.issuer = "), "{error}");
        let file = secret("s3cret");
        let auth = merge(AuthMode::Oidc, Some(settings(file.path()))).unwrap();
        assert!(auth.oidc.is_some());
        let auth = merge(AuthMode::Password, Some(settings(file.path()))).unwrap();
        assert_eq!(auth.oidc, None);
    }

    #[test]
    fn a_secret_that_cannot_be_read_is_an_error_of_the_start() {
        let empty = secret(" \n");
        for path in [empty.path(), Path::new("/no/such/file")] {
            let error = Oidc::checked(settings(path)).unwrap_err().to_string();
            assert!(error.starts_with(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (url, expected) in [
            ("https://id.example.com", true),
            ("http://localhost:5556/dex", true),
            ("http://127.0.0.2:80", true),
            ("http://[::1]", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("ftp://localhost", false),
            ("data:text/plain,x", false),
        ] {
            assert_eq!(is_protected(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
