//! Translates engine errors: into [`EngineError`] for callers, and into user-facing advice. Secrets are
//! masked where either leaves the source: by [`super::engine`], and by the observer of the source.

use super::super::EngineError;
use bollard::errors::Error;
use std::{error::Error as _, io};

/// Phrases with which engines report that a log cannot be read: Docker answers 501 or 500, Podman 500.
const UNREADABLE_WORDS: [&str; 3] = [
    "does not support reading",
    "cannot read logs",
    "not logging output",
];

/// Phrases with which engines report, with a status other than 409, that the container's state does not
/// allow an action: Docker before 20.10 and Podman answer 500.
const CONFLICT_WORDS: [&str; 5] = [
    "is not running",
    "is not paused",
    "is already paused",
    "state improper",
    "already in use",
];

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        match error {
            Error::DockerResponseServerError {
                status_code,
                message,
            } => from_status(status_code, message),
            Error::RequestTimeoutError => Self::Timeout,
            error if is_connection_failure(&error) => Self::Unavailable(cause(&error)),
            error => Self::Failed(cause(&error)),
        }
    }
}

fn from_status(status: u16, message: String) -> EngineError {
    match status {
        304 => EngineError::NotModified,
        401 | 403 => EngineError::Forbidden(message),
        400 => EngineError::Invalid(message),
        404 if is_about_the_container(&message) => EngineError::NotFound,
        // Something else that the container needs is missing, such as its network.
        404 => EngineError::Conflict(message),
        409 => EngineError::Conflict(message),
        501 => EngineError::Unsupported(message),
        _ if UNREADABLE_WORDS.iter().any(|words| message.contains(words)) => {
            EngineError::Unsupported(message)
        }
        _ if CONFLICT_WORDS.iter().any(|words| message.contains(words)) => {
            EngineError::Conflict(message)
        }
        _ => EngineError::Failed(message),
    }
}

/// Whether the container is what was not found. Docker and Podman use these words, in upper or lower case.
fn is_about_the_container(message: &str) -> bool {
    message.is_empty() || message.to_ascii_lowercase().contains("no such container")
}

/// A user-facing message: why the engine at `address`, which is configured by `setting`, cannot be
/// reached, and what to do about it.
pub(super) fn advice(error: &Error, address: &str, setting: &str) -> String {
    if let Error::DockerResponseServerError {
        status_code,
        message,
    } = error
    {
        if let 401 | 403 = status_code {
            return format!("No access to the engine at {address}: {message}");
        }
        return format!("The engine at {address} answers with status {status_code}: {message}");
    }
    let what = format!("No Docker engine at {address}: ");
    match io_kind(error) {
        Some(io::ErrorKind::PermissionDenied) => {
            what + &format!(
                "permission denied. Add your user to the docker group or set {setting}."
            )
        }
        Some(io::ErrorKind::NotFound) => {
            what + &format!("no such file. Start Docker, or set {setting} to where it listens.")
        }
        Some(io::ErrorKind::ConnectionRefused) => {
            what + &format!(
                "connection refused. Start Docker, or set {setting} to where it listens."
            )
        }
        _ if matches!(error, Error::RequestTimeoutError) => what + "it did not answer in time.",
        _ => {
            let cause = cause(error);
            let is_tls = cause.contains("certificate");
            let files = " Look at ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH.";
            what + &cause + "." + if is_tls { files } else { "" }
        }
    }
}

fn is_connection_failure(error: &Error) -> bool {
    matches!(
        error,
        Error::HyperResponseError { .. } | Error::IOError { .. }
    )
}

fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    if let Error::IOError { err } = error {
        return Some(err.kind());
    }
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        source = error.source();
    }
    None
}

/// The message of the innermost error; the outer ones contain no details.
fn cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status_code: u16, message: &str) -> EngineError {
        EngineError::from(Error::DockerResponseServerError {
            status_code,
            message: message.to_owned(),
        })
    }

    #[test]
    fn statuses_are_mapped_to_errors() {
        assert_eq!(answer(404, "No such container: x"), EngineError::NotFound);
        let message = "network shop_default not found";
        assert_eq!(answer(404, message), EngineError::Conflict(message.into()));
        for status in [401, 403] {
            let no = "GET /events is forbidden";
            assert_eq!(answer(status, no), EngineError::Forbidden(no.into()));
        }
        assert_eq!(answer(400, "bad"), EngineError::Invalid("bad".into()));
        assert_eq!(answer(409, "busy"), EngineError::Conflict("busy".into()));
        assert_eq!(answer(500, "boom"), EngineError::Failed("boom".into()));
        let message = "Container x is not running";
        assert_eq!(answer(500, message), EngineError::Conflict(message.into()));
        assert_eq!(
            EngineError::from(Error::RequestTimeoutError),
            EngineError::Timeout
        );
    }

    #[test]
    fn connection_errors_say_what_to_do() {
        let denied = Error::from(io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(
            advice(&denied, "unix:///var/run/docker.sock", "DOCKER_HOST"),
            "No Docker engine at unix:///var/run/docker.sock: permission denied. Add your user to \
             the docker group or set DOCKER_HOST."
        );
        let refused = Error::from(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert!(advice(&refused, "tcp://x", "DOCKER_HOST").contains("connection refused"));
        let broken = Error::DockerResponseServerError {
            status_code: 500,
            message: "layer store is gone".into(),
        };
        let advice_on_broken = advice(&broken, "unix:///x", "DOCKER_HOST");
        assert!(advice_on_broken.starts_with("The engine at unix:///x answers with status 500"));
        assert!(advice_on_broken.contains("layer store is gone"));
        let forbidden = Error::DockerResponseServerError {
            status_code: 403,
            message: "GET /containers/json is forbidden (403)".into(),
        };
        assert_eq!(
            advice(&forbidden, "tcp://x:2375", "DOCKER_HOST"),
            "No access to the engine at tcp://x:2375: GET /containers/json is forbidden (403)"
        );
        let missing = Error::from(io::Error::from(io::ErrorKind::NotFound));
        assert!(advice(&missing, "unix:///x", "DOCKER_HOST").contains("no such file"));
        assert!(
            advice(&Error::RequestTimeoutError, "unix:///x", "DOCKER_HOST")
                .contains("did not answer in time")
        );
    }
}
