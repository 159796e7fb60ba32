//! What the provider answers.

use super::{Authorized, CLIENT, Fault, SECRET, State, tokens};
use axum::{
    Router,
    body::Bytes,
    extract::State as Shared,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use openidconnect::{PkceCodeChallenge, PkceCodeVerifier};
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};

/// The endpoints, below the path of the issuer.
pub(super) fn routes(path: &str, state: Arc<State>) -> Router {
    let routes = Router::new()
        .route("/.well-known/openid-configuration", get(metadata))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .route("/user-info", get(user_info));
    Router::new().nest(path, routes.with_state(state))
}

fn answer(body: &Value) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}

async fn metadata(Shared(state): Shared<Arc<State>>) -> Response {
    let issuer = &state.issuer;
    let mut metadata = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "EdDSA", "HS256", "none"],
    });
    if state.now().user_info.is_some() {
        metadata["userinfo_endpoint"] = format!("{issuer}/user-info").into();
    }
    answer(&metadata)
}

async fn keys(Shared(state): Shared<Arc<State>>) -> Response {
    let (algorithm, name) = {
        let now = state.now();
        (now.algorithm, now.key.clone())
    };
    let key = algorithm.public_key(&name);
    answer(&json!({"keys": [{"kty": "unknown"}, key]}))
}

async fn token(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Response {
    let fault = {
        let mut now = state.now();
        now.n_exchanges += 1;
        now.fault
    };
    match fault {
        Fault::Silent => std::future::pending().await,
        Fault::Endless => {
            let piece = Bytes::from(vec![b' '; 64 << 10]);
            let endless =
                futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
            let body = axum::body::Body::from_stream(endless);
            return ([(header::CONTENT_TYPE, "application/json")], body).into_response();
        }
        Fault::Elsewhere => {
            return axum::response::Redirect::to("/realms/home/keys").into_response();
        }
        _ => {}
    }
    let asked: HashMap<String, String> = serde_urlencoded::from_bytes(&body).unwrap();
    let form = |text: &str| serde_urlencoded::to_string([("", text)]).unwrap()[1..].to_owned();
    let credentials = format!("{}:{}", form(CLIENT), form(SECRET));
    let credentials = format!("Basic {}", STANDARD.encode(credentials));
    if headers
        .get(header::AUTHORIZATION)
        .is_none_or(|value| *value != *credentials)
    {
        return refusal("invalid_client");
    }
    let authorized = state.now().codes.remove(&asked["code"]);
    let verifier = PkceCodeVerifier::new(asked["code_verifier"].clone());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    let is_right = |known: &Authorized| {
        challenge.as_str() == known.challenge && asked["redirect_uri"] == known.redirect
    };
    let Some(authorized) = authorized.filter(is_right) else {
        return refusal("invalid_grant");
    };
    let mut tokens = json!({"access_token": "opaque", "token_type": "Bearer", "expires_in": 60});
    if fault == Fault::AccessToken {
        tokens["access_token"] = "a\nb".into();
    }
    if fault != Fault::NoToken {
        tokens["id_token"] = tokens::id_token(&state, &authorized.nonce).into();
    }
    answer(&tokens)
}

fn refusal(code: &str) -> Response {
    let body = json!({"error": code, "error_description": "as the test expects"});
    (StatusCode::BAD_REQUEST, answer(&body)).into_response()
}

async fn user_info(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    assert_eq!(headers[header::AUTHORIZATION], "Bearer opaque");
    let now = state.now();
    let mut claims = now.user_info.clone().unwrap();
    if now.fault == Fault::SomebodyElse {
        claims["sub"] = "somebody else".into();
    }
    answer(&claims)
}
