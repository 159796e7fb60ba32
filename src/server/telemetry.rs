//! Logging to standard error, with secrets masked in every line.

use super::{
    instruments::Redactions,
    source::{redact::CustomPatterns, redactor::Redactor},
};
use std::{
    backtrace::{Backtrace, BacktraceStatus},
    env,
    io::{self, IsTerminal, Write},
    panic,
    sync::{Arc, OnceLock},
};
use tracing_subscriber::EnvFilter;

/// The masks of the server's own log. A handle: clones share them.
#[derive(Clone, Debug, Default)]
pub struct LogMask(Arc<OnceLock<Redactor>>);

impl LogMask {
    /// Masks what matches `patterns` in addition, from now on. Effective once: logging begins before the
    /// configuration is read. These masks are not counted, because their texts are not an engine's.
    pub fn add(&self, patterns: CustomPatterns) {
        let redactor = Redactor::new(patterns, Redactions::default());
        if self.0.set(redactor).is_err() {
            tracing::debug!("the log has its patterns already");
        }
    }

    fn redactor(&self) -> Redactor {
        self.0.get().cloned().unwrap_or_default()
    }
}

/// Starts logging to standard error, with the filter `RUST_LOG` or else level `info`. Returns the masks of
/// the log.
#[expect(
    clippy::disallowed_methods,
    reason = "logging begins before the configuration is read, so that faults in it are logged"
)]
pub fn init() -> LogMask {
    // An empty variable counts as absent, as for every other setting.
    let wanted = env::var(EnvFilter::DEFAULT_ENV).ok();
    let wanted = wanted.filter(|wanted| !wanted.is_empty());
    let filter = wanted.and_then(|wanted| EnvFilter::try_new(wanted).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new("info"));
    let mask = LogMask::default();
    let masked = mask.clone();
    let result = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(move || Masked(io::stderr(), masked.redactor()))
        .try_init();
    if let Err(error) = result {
        tracing::debug!(%error, "logging was already started");
    }
    // The default hook would write the panic message to standard error unmasked.
    panic::set_hook(Box::new(|panic| {
        let trace = Backtrace::capture();
        match trace.status() {
            BacktraceStatus::Captured => tracing::error!("{panic}\n{trace}"),
            _ => tracing::error!("{panic}"),
        }
    }));
    mask
}

/// A writer that masks secrets in every line, including lines of libraries.
struct Masked<W>(W, Redactor);

impl<W: Write> Write for Masked<W> {
    /// Writes one line; the subscriber passes each line in a single call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        self.0.write_all(self.1.mask_text(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_in_log_lines() {
        let mut written = Masked(Vec::new(), Redactor::default());
        // A password inside quotes may contain blanks; it ends at the closing quote.
        let line =
            "WARN lost http://u:hunter2@engine:2375 error=\"DB_PASSWORD=hunter2 is wrong\" n=1\n";
        assert_eq!(written.write(line.as_bytes()).unwrap(), line.len());
        let expected = "WARN lost http://u:••••••@engine:2375 error=\"DB_PASSWORD=••••••\" n=1\n";
        assert_eq!(String::from_utf8(written.0).unwrap(), expected);
    }

    #[test]
    fn shapes_and_configured_patterns_are_masked_in_log_lines() {
        let mask = LogMask::default();
        let text = "uses glpat-0123456789abcdefghij for ACC-123456\n";
        let written = || {
            let mut written = Masked(Vec::new(), mask.redactor());
            assert_eq!(written.write(text.as_bytes()).unwrap(), text.len());
            String::from_utf8(written.0).unwrap()
        };
        assert_eq!(written(), "uses •••••• for ACC-123456\n");
        mask.add(CustomPatterns::compile(&[r"ACC-\d+".to_owned()]).unwrap());
        assert_eq!(written(), "uses •••••• for ••••••\n");
    }
}
