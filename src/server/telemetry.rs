//! What the server says in the terminal.

use std::{env, io::IsTerminal};
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error: what `RUST_LOG` asks for, else what an operator should know.
pub fn init() {
    // An empty variable counts as absent, as for every other setting.
    let wanted = env::var(EnvFilter::DEFAULT_ENV).ok();
    let wanted = wanted.filter(|wanted| !wanted.is_empty());
    let filter = wanted.and_then(|wanted| EnvFilter::try_new(wanted).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info"));
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
