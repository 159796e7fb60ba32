//! What each route needs. Routes are added with their need ([`needs`]), which is checked before the handler
//! and described in the OpenAPI document; a route without one fails a test.

use super::Visitor;
use crate::{
    model::Right,
    protocol::{ApiError, ErrorCode},
    server::{AppState, problem::Refusal},
};
use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::IntoResponse,
};
use utoipa::openapi::{
    extensions::ExtensionsBuilder, path::Operation, security::SecurityRequirement,
};
use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt as _};

/// The extension of an operation in the OpenAPI document that states its need.
pub const EXTENSION: &str = "x-deckwatch-needs";

/// What a request needs to reach a handler. What it then sees is limited by its audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// A principal is signed in.
    SignIn,
    /// A right in any scope; the handler checks it for the workload.
    Right(Right),
    /// A right on everything.
    Everywhere(Right),
}

impl Need {
    /// The need as the document states it.
    pub fn describe(self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::SignIn => "sign-in".to_owned(),
            Self::Right(right) => right.to_string(),
            Self::Everywhere(right) => format!("{right} on *"),
        }
    }

    /// Checks the need for `visitor`.
    ///
    /// # Errors
    /// 401 without a sign-in, 403 if the right is missing.
    pub fn check(self, visitor: &Visitor) -> Result<(), Refusal> {
        let Some(principal) = visitor.principal() else {
            return match self {
                Self::Nothing => Ok(()),
                _ => Err(unauthorized()),
            };
        };
        let is_met = match self {
            Self::Nothing | Self::SignIn => true,
            Self::Right(right) => principal.grants.anywhere(right),
            Self::Everywhere(right) => principal.grants.everywhere(right),
        };
        match is_met {
            true => Ok(()),
            false => {
                Err(ApiError::new(ErrorCode::Forbidden, "you are not allowed to do this").into())
            }
        }
    }
}

/// The answer to a request without a principal.
pub fn unauthorized() -> Refusal {
    ApiError::new(ErrorCode::Unauthorized, "sign in first").into()
}

/// `routes` for requests that meet `need`.
pub fn needs(
    need: Need,
    (schemas, mut paths, router): UtoipaMethodRouter<AppState>,
) -> UtoipaMethodRouter<AppState> {
    for item in paths.paths.values_mut() {
        let operations: [&mut Option<Operation>; 5] = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            describe(operation, need);
        }
    }
    let check = move |visitor: Visitor, request: Request, next: Next| async move {
        match need.check(&visitor) {
            Ok(()) => next.run(request).await,
            Err(refusal) => {
                visitor.refused(request.method(), request.uri()).await;
                refusal.into_response()
            }
        }
    };
    (schemas, paths, router).layer(from_fn(check))
}

fn describe(operation: &mut Operation, need: Need) {
    let extensions = ExtensionsBuilder::new()
        .add(EXTENSION, need.describe())
        .build();
    match &mut operation.extensions {
        Some(known) => known.merge(extensions),
        none => *none = Some(extensions),
    }
    if need != Need::Nothing {
        let none: [String; 0] = [];
        operation.security = Some(vec![
            SecurityRequirement::new("session", none.clone()),
            SecurityRequirement::new("token", none),
        ]);
    }
}
