//! Requests that change something on the server other than a workload.

use serde::Serialize;
use std::fmt;

/// A request that changes something, with a JSON body.
pub struct Change {
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the base path.
    pub path: String,
    /// The body; `None` for none.
    pub body: Option<String>,
}

impl Change {
    /// Creates something, or does something once.
    pub fn post(path: &str, body: &impl Serialize) -> Self {
        Self::with_body("POST", path.to_owned(), body)
    }

    /// Does something once that needs no body.
    pub const fn plain_post(path: String) -> Self {
        Self {
            method: "POST",
            path,
            body: None,
        }
    }

    /// Changes a part of what is at `path`.
    pub fn patch(path: String, body: &impl Serialize) -> Self {
        Self::with_body("PATCH", path, body)
    }

    /// Removes what is at `path`.
    pub const fn delete(path: String) -> Self {
        Self {
            method: "DELETE",
            path,
            body: None,
        }
    }

    fn with_body(method: &'static str, path: String, body: &impl Serialize) -> Self {
        Self {
            method,
            path,
            body: serde_json::to_string(body).ok(),
        }
    }
}

impl fmt::Debug for Change {
    /// Without the body, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
