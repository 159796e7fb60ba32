//! Sign-in with OpenID Connect: the authorization code flow with PKCE.
//!
//! [`Access::begin_oidc`](super::Access::begin_oidc) sends a browser to the provider.
//! [`Access::finish_oidc`](super::Access::finish_oidc) takes the code with which the browser comes back,
//! exchanges it for an ID token, checks that token, and begins a session of the user whom it names.

mod admission;
mod claims;
mod error;
mod failure_log;
mod http;
mod pending;
mod provider;

pub use admission::{NotSignedIn, SignInRedirect, SignedIn};
pub use pending::LIFETIME;

use super::{ClientAddress, Digest, Name, attempts::Attempts, lock};
use crate::server::config;
use axum::http::HeaderValue;
use claims::{Claims, OtherClaims};
use error::{OidcError, exchange, reasons, text};
use failure_log::FailureLog;
use http::HttpClient;
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, JwsSigningAlgorithm, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, SubjectIdentifier, TokenResponse,
    UserInfoClaims,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
        CoreTokenResponse,
    },
};
use pending::{Pending, PendingSignIns};
use provider::Provider;
use serde::Deserialize;
use std::{
    io,
    sync::{Arc, Mutex},
};
use tokio::sync::Semaphore;

/// Sign-ins that are completed at once: each may hold some answers of the provider in memory. One address can
/// hold a third of them at most: see [`Attempts`].
const AT_ONCE: usize = 64;
/// The scope that the library adds by itself.
const OPENID: &str = "openid";

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
type UserToken = IdToken<
    OtherClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

/// The query with which a provider sends a browser back.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProviderAnswer {
    /// The code to exchange for tokens.
    code: Option<String>,
    /// The state of the sign-in.
    state: Option<String>,
    /// The provider's reason for a refusal.
    error: Option<String>,
    /// The explanation of `error`, in words of the provider.
    error_description: Option<String>,
    /// The issuer of the answer (RFC 9207); `None` from providers that do not send it.
    iss: Option<String>,
}

/// A user whom the provider has authenticated.
#[derive(Debug)]
struct Identity {
    /// The name at the provider, which can change.
    name: Name,
    /// The issuer, and the id of the user there, which stays when the name changes.
    subject: String,
    groups: Vec<String>,
}

/// The client of the provider, and the sign-ins that have begun.
#[derive(Debug)]
pub(super) struct Oidc {
    settings: config::Oidc,
    http: HttpClient,
    provider: Provider,
    pending: Mutex<PendingSignIns>,
    permits: Semaphore,
    /// Counted apart from failed passwords: an address that is blocked here can still use a password.
    attempts: Mutex<Attempts>,
    failures: Mutex<FailureLog>,
}

impl Oidc {
    /// A client of the provider in `settings`; nothing is sent yet.
    pub(super) fn new(settings: config::Oidc) -> Self {
        let http = HttpClient::new(&settings.issuer);
        Self {
            provider: Provider::new(settings.issuer.clone(), http.clone()),
            settings,
            http,
            pending: Mutex::default(),
            permits: Semaphore::new(AT_ONCE),
            attempts: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Begins a sign-in of the browser with the cookie `browser`, which then returns to `next`. Returns the
    /// URL at the provider.
    async fn begin(
        &self,
        next: &str,
        browser: &str,
        from: &ClientAddress,
    ) -> Result<String, OidcError> {
        let metadata = self.provider.metadata().await?;
        let client = self.client(&metadata, None)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != OPENID);
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge)
            .add_scopes(scopes.cloned().map(Scope::new));
        let (url, state, nonce) = request.url();
        if !config::is_protected(&url) {
            let message = "its authorization endpoint is not https://".to_owned();
            return Err(OidcError::Provider(message));
        }
        let pending = Pending {
            verifier,
            nonce,
            next: next.to_owned(),
            browser: Digest::of(browser),
            peer: from.peer(),
        };
        lock(&self.pending).add(state.secret(), pending);
        Ok(url.into())
    }

    /// The sign-in that `answer` belongs to, if the browser with the cookie `browser` began it.
    fn pending(
        &self,
        answer: &ProviderAnswer,
        browser: Option<&str>,
    ) -> Result<Pending, OidcError> {
        let state = answer.state.as_deref().unwrap_or_default();
        let pending = lock(&self.pending).take(state);
        let pending = pending.ok_or(OidcError::UnknownState)?;
        let is_same = browser.is_some_and(|cookie| pending.browser.is_of(cookie));
        is_same.then_some(pending).ok_or(OidcError::OtherBrowser)
    }

    /// The code in `answer`, if that comes from the provider and is not a refusal.
    fn code(&self, answer: ProviderAnswer) -> Result<AuthorizationCode, OidcError> {
        if let Some(issuer) = answer.iss.filter(|issuer| *issuer != self.settings.issuer) {
            let message = format!("{} answered instead", text(&issuer));
            return Err(OidcError::Refused(message));
        }
        if let Some(code) = answer.code.filter(|_| answer.error.is_none()) {
            return Ok(AuthorizationCode::new(code));
        }
        let error = answer.error.unwrap_or_else(|| "it sent no code".to_owned());
        let reasons = [Some(error), answer.error_description];
        let reasons: Vec<_> = reasons
            .iter()
            .flatten()
            .map(|reason| text(reason))
            .collect();
        Err(OidcError::Refused(reasons.join(": ")))
    }

    /// The user for whom the provider has sent `code` to the sign-in `pending`.
    async fn identify(
        &self,
        code: AuthorizationCode,
        pending: Pending,
    ) -> Result<Identity, OidcError> {
        let _permit = self.permits.try_acquire().map_err(|_| OidcError::Busy)?;
        let metadata = self.provider.metadata().await?;
        let client = self.client(&metadata, Some(self.secret().await?))?;
        let request = client.exchange_code(code);
        let request = request.map_err(|error| OidcError::Provider(reasons(&error)))?;
        let answer = request.set_pkce_verifier(pending.verifier);
        let answer: CoreTokenResponse = answer.request_async(&self.http).await.map_err(exchange)?;
        // As text, because this type of token keeps the claims that the standard does not name.
        let token = answer.id_token().map(ToString::to_string);
        let token = token.and_then(|token| token.parse().ok());
        let token = token.ok_or_else(|| OidcError::Token("there is none".to_owned()))?;
        let (subject, mut claims) = self.checked(metadata, &token, &pending.nonce).await?;
        let id = format!("{} {}", self.settings.issuer, subject.as_str());
        if !claims.are_complete(&self.settings) {
            let more = self
                .user_info(&client, answer.access_token(), subject)
                .await?;
            claims.complete_with(more);
        }
        Ok(Identity {
            name: claims.name(&self.settings)?,
            subject: id,
            groups: claims.groups(&self.settings).map(str::to_owned).collect(),
        })
    }

    /// The user and the claims in `token`. If its key is unknown, newer keys are fetched.
    async fn checked(
        &self,
        metadata: Arc<CoreProviderMetadata>,
        token: &UserToken,
        nonce: &Nonce,
    ) -> Result<(SubjectIdentifier, Claims), OidcError> {
        let mut checked = self.verify(&metadata, token, nonce)?;
        if matches!(
            checked,
            Err(ClaimsVerificationError::SignatureVerification(_))
        ) {
            let newer = self.provider.newer(&metadata).await?;
            checked = self.verify(&newer, token, nonce)?;
        }
        checked.map_err(|error| OidcError::Token(reasons(&error)))
    }

    fn verify(
        &self,
        metadata: &CoreProviderMetadata,
        token: &UserToken,
        nonce: &Nonce,
    ) -> Result<Result<(SubjectIdentifier, Claims), ClaimsVerificationError>, OidcError> {
        let client = self.client(metadata, None)?;
        let algorithms = metadata.id_token_signing_alg_values_supported().iter();
        // This server could sign with the shared secret, too, so such a signature does not prove the sender.
        let algorithms = algorithms.filter(|algorithm| !algorithm.uses_shared_secret());
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(algorithms.cloned())
            // Tokens for several audiences are checked by the party that they were issued to.
            .set_other_audience_verifier_fn(|_| true);
        let claims = match token.claims(&verifier, nonce) {
            Ok(claims) => claims,
            Err(error) => return Ok(Err(error)),
        };
        let is_shared = claims.audiences().len() > 1;
        let is_ours = match claims.authorized_party() {
            Some(party) => party.as_str() == self.settings.client_id,
            None => !is_shared,
        };
        if !is_ours {
            let message = "it was issued to another client".to_owned();
            return Ok(Err(ClaimsVerificationError::InvalidAudience(message)));
        }
        Ok(Ok((claims.subject().clone(), Claims::of(claims))))
    }

    /// The claims of the user info endpoint, if there is one: some providers put only the id into the token.
    async fn user_info(
        &self,
        client: &Client,
        token: &AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<Claims, OidcError> {
        let Ok(request) = client.user_info(token.clone(), Some(subject)) else {
            return Ok(Claims::default());
        };
        // The library panics on a token that no header can carry.
        if HeaderValue::from_str(token.secret()).is_err() {
            let message = "the access token has control characters".to_owned();
            return Err(OidcError::UserInfo(message));
        }
        let info: Result<UserInfoClaims<OtherClaims, CoreGenderClaim>, _> =
            request.request_async(&self.http).await;
        let info = info.map_err(|error| OidcError::UserInfo(reasons(&error)))?;
        Ok(Claims::of(&info))
    }

    fn client(
        &self,
        metadata: &CoreProviderMetadata,
        secret: Option<ClientSecret>,
    ) -> Result<Client, OidcError> {
        let redirect_url = RedirectUrl::new(self.settings.redirect_url.clone());
        let redirect_url = redirect_url.map_err(|error| OidcError::Provider(reasons(&error)))?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let allows = |method| methods.is_none_or(|methods| methods.contains(&method));
        // The usual way unless the provider supports the other one only.
        let is_in_body = !allows(CoreClientAuthMethod::ClientSecretBasic)
            && allows(CoreClientAuthMethod::ClientSecretPost);
        let id = ClientId::new(self.settings.client_id.clone());
        let client = CoreClient::from_provider_metadata(metadata.clone(), id, secret);
        Ok(client
            .set_redirect_uri(redirect_url)
            .set_auth_type(match is_in_body {
                true => AuthType::RequestBody,
                false => AuthType::BasicAuth,
            }))
    }

    async fn secret(&self) -> Result<ClientSecret, OidcError> {
        let settings = self.settings.clone();
        let read = tokio::task::spawn_blocking(move || settings.client_secret()).await;
        let read = read.map_err(io::Error::other).flatten();
        read.map(ClientSecret::new).map_err(OidcError::Secret)
    }
}
