//! Reads the name and the groups of a user from the verified claims of the provider.

use super::{OidcError, text};
use crate::server::{access::Name, config::Oidc};
use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The claims that the standard does not name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OtherClaims(Map<String, Value>);

impl AdditionalClaims for OtherClaims {}

/// All claims about a user: those of the ID token, and those of the user info endpoint that are missing
/// there.
#[derive(Debug, Default)]
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// The claims of something that serializes to an object of claims.
    pub(super) fn of(verified: &impl Serialize) -> Self {
        match serde_json::to_value(verified) {
            Ok(Value::Object(claims)) => Self(claims),
            _ => Self::default(),
        }
    }

    /// Whether they have everything that `settings` read.
    pub(super) fn are_complete(&self, settings: &Oidc) -> bool {
        let mut names = settings.username_claims.iter();
        names.any(|name| self.0.contains_key(name)) && self.0.contains_key(&settings.groups_claim)
    }

    /// Adds the claims of `other` that are missing.
    pub(super) fn complete_with(&mut self, other: Self) {
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
    }

    /// The name of the user: the first of the claims of `settings` that is present.
    ///
    /// # Errors
    /// When there is none, it cannot be the name of a user, or it is an address that the provider has not
    /// verified.
    pub(super) fn name(&self, settings: &Oidc) -> Result<Name, OidcError> {
        let mut claims = settings.username_claims.iter();
        let named = claims.find_map(|claim| Some((claim, self.0.get(claim)?.as_str()?)));
        let Some((claim, value)) = named else {
            let claims = settings.username_claims.join(" or ");
            return Err(OidcError::NoName(format!("there is no claim {claims}")));
        };
        let shown = text(value);
        // A user could enter the address of another user.
        if claim == "email" && self.0.get("email_verified") == Some(&Value::Bool(false)) {
            let message = format!("the provider has not verified the address {shown:?}");
            return Err(OidcError::NoName(message));
        }
        let name = value.parse();
        name.map_err(|error| OidcError::NoName(format!("{claim} is {shown:?}, but {error}")))
    }

    /// The groups of the user; a single text is one group.
    pub(super) fn groups(&self, settings: &Oidc) -> impl Iterator<Item = &str> {
        let (list, text) = match self.0.get(&settings.groups_claim) {
            Some(Value::Array(list)) => (list.as_slice(), None),
            Some(Value::String(text)) => (&[][..], Some(text.as_str())),
            _ => (&[][..], None),
        };
        list.iter().filter_map(Value::as_str).chain(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings() -> Oidc {
        Oidc {
            issuer: "https://id.example.com".into(),
            client_id: "deckwatch".into(),
            client_secret_file: "/run/secrets/oidc".into(),
            scopes: Vec::new(),
            username_claims: vec!["preferred_username".into(), "email".into()],
            groups_claim: "groups".into(),
            redirect_url: "https://deck.example.com/auth/oidc/callback".into(),
        }
    }

    fn name(claims: Value) -> Result<String, String> {
        let name = Claims::of(&claims).name(&settings());
        name.map(|name| name.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_claim_that_is_present_names_the_user() {
        let email = "ana@example.com";
        for (claims, expected) in [
            (json!({"preferred_username": "Ana", "email": email}), "ana"),
            (json!({"email": email}), email),
            (json!({"email": email, "email_verified": true}), email),
            (
                json!({"preferred_username": "ana", "email_verified": false}),
                "ana",
            ),
        ] {
            assert_eq!(name(claims), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn a_claim_that_cannot_be_a_name_is_refused_with_the_reason() {
        for (claims, reason) in [
            (json!({}), "no claim preferred_username or email"),
            (json!({"preferred_username": 7}), "no claim"),
            (
                json!({"preferred_username": "Ana B"}),
                "preferred_username is \"Ana B\"",
            ),
            (
                json!({"email": "x@example.com", "email_verified": false}),
                "not verified",
            ),
            (json!({"preferred_username": "x".repeat(100_000)}), "xxx"),
        ] {
            let error = name(claims).unwrap_err();
            assert!(error.contains(reason), "{error}");
            assert!(error.len() < 400, "{} bytes", error.len());
        }
    }

    #[test]
    fn groups_are_a_list_or_one_text() {
        let groups = |claims: Value| {
            let claims = Claims::of(&claims);
            let groups: Vec<_> = claims.groups(&settings()).map(str::to_owned).collect();
            groups
        };
        assert_eq!(groups(json!({"groups": ["ops", 7, "dev"]})), ["ops", "dev"]);
        assert_eq!(groups(json!({"groups": "ops"})), ["ops"]);
        for none in [
            json!({}),
            json!({"groups": null}),
            json!({"groups": {"ops": true}}),
        ] {
            assert!(groups(none).is_empty());
        }
    }

    #[test]
    fn the_claims_of_the_id_token_take_precedence() {
        let mut claims = Claims::of(&json!({"preferred_username": "ana"}));
        assert!(!claims.are_complete(&settings()));
        claims.complete_with(Claims::of(
            &json!({"preferred_username": "ben", "groups": ["ops"]}),
        ));
        assert!(claims.are_complete(&settings()));
        assert_eq!(claims.name(&settings()).unwrap().as_str(), "ana");
        assert_eq!(claims.groups(&settings()).collect::<Vec<_>>(), ["ops"]);
    }
}
