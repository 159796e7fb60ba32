//! ID tokens, right and wrong.

use super::{CLIENT, Fault, SECRET, State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{
        CoreEdDsaPrivateSigningKey, CoreHmacKey, CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey,
    },
};
use serde_json::{Value, json};
use std::{process::Command, sync::LazyLock};

/// How ID tokens are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    EdDsa,
}

static RSA: LazyLock<String> = LazyLock::new(|| openssl(&["genrsa", "-traditional", "2048"]));
static ED25519: LazyLock<String> = LazyLock::new(|| openssl(&["genpkey", "-algorithm", "ed25519"]));
static UNPUBLISHED: LazyLock<String> =
    LazyLock::new(|| openssl(&["genpkey", "-algorithm", "ed25519"]));

/// A new private key.
fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "openssl makes no key");
    String::from_utf8(output.stdout).unwrap()
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The public key as the provider publishes it.
    pub(super) fn public_key(self, name: &str) -> Value {
        let name = Some(JsonWebKeyId::new(name.to_owned()));
        let key = match self {
            Self::Rs256 => {
                let key = CoreRsaPrivateSigningKey::from_pem(&RSA, name);
                key.unwrap().as_verification_key()
            }
            Self::EdDsa => {
                let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(&ED25519, name);
                key.unwrap().as_verification_key()
            }
        };
        serde_json::to_value(key).unwrap()
    }

    fn sign(self, text: &str) -> Vec<u8> {
        match self {
            Self::Rs256 => {
                let key = CoreRsaPrivateSigningKey::from_pem(&RSA, None).unwrap();
                key.sign(
                    &CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
                    text.as_bytes(),
                )
            }
            Self::EdDsa => return sign(&ED25519, text),
        }
        .unwrap()
    }
}

fn sign(key: &str, text: &str) -> Vec<u8> {
    let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(key, None).unwrap();
    key.sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes())
        .unwrap()
}

/// The ID token of the present user.
pub(super) fn id_token(state: &State, nonce: &str) -> String {
    let now = state.now();
    let seconds = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut claims = json!({
        "iss": state.issuer,
        "aud": CLIENT,
        "iat": seconds,
        "exp": seconds + 300,
        "nonce": nonce,
    });
    let user = now.user.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(user);
    let mut header = json!({"alg": now.algorithm.name(), "kid": now.key, "typ": "JWT"});
    match now.fault {
        Fault::Nonce => claims["nonce"] = "another".into(),
        Fault::NoNonce => drop(claims.as_object_mut().unwrap().remove("nonce")),
        Fault::Audience => claims["aud"] = json!(["another"]),
        Fault::Party => {
            claims["aud"] = json!([CLIENT, "another"]);
            claims["azp"] = "another".into();
        }
        Fault::Issuer => claims["iss"] = "https://another.example.com".into(),
        Fault::Expired => claims["exp"] = (seconds - 1).into(),
        Fault::Unsigned => header["alg"] = "none".into(),
        Fault::SharedSecret => header = json!({"alg": "HS256", "typ": "JWT"}),
        _ => {}
    }
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encoded(&header), encoded(&claims));
    let signature = match now.fault {
        Fault::Signature => now.algorithm.sign("another text"),
        Fault::Key => sign(&UNPUBLISHED, &text),
        Fault::Unsigned => Vec::new(),
        Fault::SharedSecret => CoreHmacKey::new(SECRET)
            .sign(&CoreJwsSigningAlgorithm::HmacSha256, text.as_bytes())
            .unwrap(),
        _ => now.algorithm.sign(&text),
    };
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}
