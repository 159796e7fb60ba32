//! Setting up, signing in and signing out. Each answers scripts in JSON, and forms with a redirection.

use super::{
    me::Me,
    schema::{SetupFailure, SignInFailure, SignOutFailure},
    submitted::{Submitted, done, see_other},
};
use crate::{
    model::{AuditOutcome, percent_encoded, return_path},
    protocol::{ApiError, ErrorCode, KioskLink, Setup, SignIn, SignOut},
    server::{
        AppState,
        access::{
            AccessError, Credential, NewSession, NotAName, PasswordError, SetupRefused,
            SignInError, Visitor, cookie::CookieScope,
        },
        problem::Refusal,
    },
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// `POST /api/setup`: creates the first administrator, and signs in.
///
/// # Errors
/// `forbidden` for a wrong token, `conflict` while another setup is going on, `not_found` with 410 when it is
/// over.
#[utoipa::path(
    post,
    path = "/setup",
    operation_id = "setUp",
    summary = "Creates the first administrator with the token of the setup link, and signs in.",
    request_body(content((Setup = "application/json"), (Setup = "application/x-www-form-urlencoded"))),
    responses((status = 201, description = "The session is in a cookie."), (status = 303, description = "For forms."), SetupFailure)
)]
pub async fn set_up(
    State(state): State<AppState>,
    visitor: Visitor,
    submitted: Submitted<Setup>,
) -> Result<Response, Refusal> {
    let Setup {
        token,
        username,
        password,
    } = submitted.body;
    let (is_form, base) = (submitted.is_form, state.config.base());
    let set_up = async {
        let name = username
            .parse()
            .map_err(|error: NotAName| ("name", Refusal::invalid(error.to_string())))?;
        let address = visitor.address();
        let set_up = state.access.set_up(&token.0, name, password.0, address);
        match set_up.await {
            Ok(set_up) => set_up.map_err(refused_setup),
            Err(error @ AccessError::Password(PasswordError::Length)) => {
                Err(("password", error.into()))
            }
            Err(error) => Err(("failed", error.into())),
        }
    };
    match set_up.await {
        Ok(session) => {
            let answer = done(is_form, base, "/", StatusCode::CREATED);
            Ok(with_cookie(&state, &visitor, &session, answer))
        }
        Err((why, _)) if is_form => Ok(see_other(base, &format!("/setup?error={why}"))),
        Err((_, refusal)) => Err(refusal),
    }
}

/// The word for the page, and the answer for scripts.
fn refused_setup(refused: SetupRefused) -> (&'static str, Refusal) {
    let error = |code| ApiError::new(code, refused.to_string());
    match refused {
        SetupRefused::WrongToken => ("wrong", error(ErrorCode::Forbidden).into()),
        SetupRefused::InProgress => ("busy", error(ErrorCode::Conflict).into()),
        SetupRefused::Over => {
            let error = error(ErrorCode::NotFound);
            ("gone", Refusal::new(StatusCode::GONE, error))
        }
    }
}

/// `POST /api/sign-in`: begins a session.
///
/// # Errors
/// `unauthorized` for a wrong name or password, `rate_limited` after too many failures.
#[utoipa::path(
    post,
    path = "/sign-in",
    operation_id = "signIn",
    summary = "Signs in with a name and a password.",
    request_body(content((SignIn = "application/json"), (SignIn = "application/x-www-form-urlencoded"))),
    responses((status = 200, description = "The session is in a cookie.", body = Me), (status = 303, description = "For forms."), SignInFailure)
)]
pub async fn sign_in(
    State(state): State<AppState>,
    visitor: Visitor,
    submitted: Submitted<SignIn>,
) -> Result<Response, Refusal> {
    let SignIn {
        username,
        password,
        next,
    } = submitted.body;
    let next = next.as_deref().and_then(return_path).unwrap_or("/");
    let base = state.config.base();
    let credentials = (username.as_str(), password.0);
    let signed_in = state
        .access
        .sign_in(credentials, visitor.address(), visitor.session())
        .await;
    match signed_in {
        Ok(session) if submitted.is_form => {
            let answer = see_other(base, next);
            Ok(with_cookie(&state, &visitor, &session, answer))
        }
        Ok(session) => {
            let credential = Credential::Session(session.secret.digest());
            let me = visitor
                .signed_in_as(credential)
                .and_then(|known| known.me());
            let answer = Json(me.ok_or_else(crate::server::access::guard::unauthorized)?);
            Ok(with_cookie(
                &state,
                &visitor,
                &session,
                answer.into_response(),
            ))
        }
        Err(error) if submitted.is_form => {
            let why = match error {
                SignInError::Wrong => "wrong",
                SignInError::Blocked(_) => "later",
                SignInError::Other(_) => "failed",
            };
            let next = percent_encoded(next);
            Ok(see_other(base, &format!("/login?error={why}&next={next}")))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /api/kiosk`: begins a read-only session with the token of a kiosk link.
///
/// # Errors
/// `unauthorized` for a token that is not valid.
#[utoipa::path(
    post,
    path = "/kiosk",
    operation_id = "kiosk",
    summary = "Begins a read-only session with the token of a kiosk link.",
    request_body(content((KioskLink = "application/json"), (KioskLink = "application/x-www-form-urlencoded"))),
    responses((status = 204, description = "The session is in a cookie."), (status = 303, description = "For forms."), SignInFailure)
)]
pub async fn kiosk(
    State(state): State<AppState>,
    visitor: Visitor,
    submitted: Submitted<KioskLink>,
) -> Result<Response, Refusal> {
    let token = submitted.body.token.0;
    let session = state
        .access
        .sign_in_kiosk(&token, visitor.address())
        .await?;
    let base = state.config.base();
    let answer = done(submitted.is_form, base, "/", StatusCode::NO_CONTENT);
    Ok(with_cookie(&state, &visitor, &session, answer))
}

/// `POST /api/sign-out`: ends the session, or all sessions of the user. Without a session it does nothing.
///
/// # Errors
/// When the storage does not work.
#[utoipa::path(
    post,
    path = "/sign-out",
    operation_id = "signOut",
    summary = "Ends the session, or with `everywhere` all sessions of the user.",
    request_body(content((SignOut = "application/json"), (SignOut = "application/x-www-form-urlencoded"))),
    responses((status = 204, description = "The session has ended."), (status = 303, description = "For forms."), SignOutFailure)
)]
pub async fn sign_out(
    State(state): State<AppState>,
    visitor: Visitor,
    submitted: Submitted<SignOut>,
) -> Result<Response, Refusal> {
    if let (Some(session), Some(principal)) = (visitor.session(), visitor.principal()) {
        match principal.user().filter(|_| submitted.body.everywhere) {
            Some(name) => state.access.sign_out_everywhere(name).await?,
            None => state.access.sign_out(session).await?,
        }
        let outcome = (AuditOutcome::Done, "");
        let audit = state.access.audit();
        // The session has ended in any case.
        let _ = audit
            .record(&visitor.actor(), "sign out", "", outcome)
            .await;
    }
    let base = state.config.base();
    let mut answer = done(submitted.is_form, base, "/login", StatusCode::NO_CONTENT);
    if let Some(cookie) = scope(&state, &visitor).remove() {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// `answer` with the cookie of a new session.
pub(super) fn with_cookie(
    state: &AppState,
    visitor: &Visitor,
    session: &NewSession,
    mut answer: Response,
) -> Response {
    let cookie = scope(state, visitor).store(&session.secret, session.lifetime);
    if let Some(cookie) = cookie {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

/// How cookies are set for a request.
pub(super) fn scope<'a>(state: &'a AppState, visitor: &Visitor) -> CookieScope<'a> {
    CookieScope {
        base: state.config.base(),
        is_secure: visitor.address().is_secure(),
    }
}
