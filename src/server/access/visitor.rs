//! The principal of a request and what it sees: established once, before routing.

use super::{Access, ClientAddress, Credential, Digest, Lease, Principal, cookie::CookieScope};
use crate::{
    model::{AuditOutcome, Me, Right},
    protocol::{ApiError, ErrorCode},
    server::{AppState, find::Directory, hub::Viewer, problem::Refusal, serve::Connection},
};
use axum::{
    Extension,
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, Method, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// The scheme of tokens in the header `Authorization`.
const BEARER: &str = "bearer ";
/// The prefix of the subprotocol that carries a token: browsers cannot set other headers for a socket.
pub const SUBPROTOCOL_TOKEN: &str = "deckwatch.token.";

/// Who makes a request, from where, and what they see. A handle: clones share everything.
#[derive(Clone, Debug)]
pub struct Visitor {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    access: Access,
    credential: Credential,
    principal: Option<Arc<Principal>>,
    address: ClientAddress,
    directory: Directory,
}

impl Visitor {
    /// The principal; `None` without a sign-in.
    pub fn principal(&self) -> Option<&Arc<Principal>> {
        self.inner.principal.as_ref()
    }

    /// Whether the principal holds `right` anywhere.
    pub fn has(&self, right: Right) -> bool {
        let principal = self.principal();
        principal.is_some_and(|principal| principal.grants.anywhere(right))
    }

    /// The address of the client.
    pub fn address(&self) -> &ClientAddress {
        &self.inner.address
    }

    /// The workloads that the principal sees.
    pub fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    /// The state that the principal sees.
    pub fn viewer(&self) -> &Viewer {
        self.inner.directory.viewer()
    }

    /// The session of the request, if it has one.
    pub fn session(&self) -> Option<Digest> {
        match self.inner.credential {
            Credential::Session(digest) => Some(digest),
            _ => None,
        }
    }

    /// The visitor after signing in with `credential`; `None` if it is not valid.
    pub fn signed_in_as(&self, credential: Credential) -> Option<Self> {
        let inner = &self.inner;
        let principal = inner.access.principal(&credential)?;
        Some(Self {
            inner: Arc::new(Inner {
                access: inner.access.clone(),
                credential,
                principal: Some(principal),
                address: inner.address,
                directory: inner.directory.clone(),
            }),
        })
    }

    /// Records that a change which the principal requested was refused. Requests without a principal are not recorded:
    /// anybody could fill the disk with them.
    pub(super) async fn refused(&self, method: &Method, uri: &Uri) {
        if self.principal().is_none() || matches!(*method, Method::GET | Method::HEAD) {
            return;
        }
        let outcome = (AuditOutcome::Refused, "not allowed");
        let (audit, actor) = (self.inner.access.audit(), self.actor());
        // The request is refused in any case.
        let _ = audit
            .record(&actor, method.as_str(), uri.path(), outcome)
            .await;
    }

    /// The name under which connections are limited; `None` on a server without sign-in.
    pub fn limited_as(&self) -> Option<Arc<str>> {
        if self.inner.access.is_open() {
            return None;
        }
        self.principal().map(|principal| principal.label().into())
    }

    /// The name and address for the audit log.
    pub fn actor(&self) -> super::Actor {
        let principal = self.principal();
        super::Actor {
            who: principal.map_or_else(|| "nobody".to_owned(), |known| known.label()),
            from: Some(self.inner.address.to_string()),
        }
    }

    /// The access of a connection that this request opens; `None` without a sign-in.
    pub fn lease(&self) -> Option<Lease> {
        let principal = Arc::clone(self.principal()?);
        let credential = self.inner.credential.clone();
        Some(Lease::new(self.inner.access.clone(), credential, principal))
    }

    /// [`Principal::digest`]; empty without a sign-in.
    pub fn digest(&self) -> String {
        let principal = self.principal();
        principal.map(|known| known.digest()).unwrap_or_default()
    }

    /// The principal as pages and clients see it.
    pub fn me(&self) -> Option<Me> {
        let principal = self.principal()?;
        Some(Me {
            username: match self.inner.access.is_open() {
                true => String::new(),
                false => principal.name.clone(),
            },
            kind: principal.kind,
            rights: principal.grants.rights().into_iter().collect(),
            grants: principal.grants.iter().cloned().collect(),
            expires_at: principal.expires_at,
            modes: self.inner.access.modes(),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| ApiError::new(ErrorCode::Internal, "the server failed").into())
    }
}

/// Middleware that establishes the [`Visitor`] of each request.
pub async fn authenticate(
    State(state): State<AppState>,
    Extension(connection): Extension<Connection>,
    mut request: Request,
    next: Next,
) -> Response {
    let trusted = &state.config.auth.trusted_proxies;
    let address = ClientAddress::of(connection.address(), request.headers(), trusted);
    let scope = CookieScope {
        base: state.config.base(),
        is_secure: address.is_secure(),
    };
    let credential = credential(&state.access, request.headers(), &address, scope);
    if is_forgeable(&credential, &request) {
        let message = "a request with a session needs the header Origin";
        return Refusal::from(ApiError::new(ErrorCode::Forbidden, message)).into_response();
    }
    let principal = state.access.principal(&credential);
    if principal.is_some() {
        state.access.used(&credential, &address.to_string());
    }
    let grants = principal.as_ref().map(|known| Arc::clone(&known.grants));
    let directory = state.directory_of(&grants.unwrap_or_default());
    let inner = Inner {
        access: state.access.clone(),
        credential,
        principal,
        address,
        directory,
    };
    request.extensions_mut().insert(Visitor {
        inner: Arc::new(inner),
    });
    next.run(request).await
}

/// What a request presents. A token takes precedence, because it is presented on purpose.
fn credential(
    access: &Access,
    headers: &HeaderMap,
    address: &ClientAddress,
    scope: CookieScope<'_>,
) -> Credential {
    if access.is_open() {
        return Credential::Anyone;
    }
    if let Some(token) = token(headers) {
        return Credential::Token(Digest::of(token));
    }
    let session = scope.session(headers);
    let session = session.map(|session| Credential::Session(Digest::of(session)));
    let proxied = access.proxied(headers, address);
    match (session, proxied) {
        // An ended session must not lock out a user whom the proxy signs in.
        (Some(session), Some(proxied)) if access.principal(&session).is_none() => proxied,
        (Some(known), _) | (None, Some(known)) => known,
        (None, None) => Credential::Nobody,
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let bearer = authorization.and_then(|value| {
        let (scheme, token) = value.split_at_checked(BEARER.len())?;
        scheme.eq_ignore_ascii_case(BEARER).then_some(token.trim())
    });
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    bearer.or_else(|| offered.find_map(|offer| offer.trim().strip_prefix(SUBPROTOCOL_TOKEN)))
}

/// Whether another site could have made a browser send this request: browsers add cookies by themselves, and
/// always state the origin of what changes something or opens a socket.
fn is_forgeable(credential: &Credential, request: &Request) -> bool {
    let is_ambient = matches!(
        credential,
        Credential::Session(_) | Credential::Proxy { .. }
    );
    let is_sensitive = !matches!(*request.method(), Method::GET | Method::HEAD)
        || request.headers().contains_key(header::UPGRADE);
    is_ambient && is_sensitive && !request.headers().contains_key(header::ORIGIN)
}
