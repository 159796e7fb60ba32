//! What the server says in the terminal.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error: what `RUST_LOG` asks for, else what an operator should know.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let result = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
    if let Err(error) = result {
        tracing::debug!(%error, "logging was already started");
    }
}
