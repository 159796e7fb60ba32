//! What the benchmark and the soak test need to start and measure a server in a process of its own.

use crate::Failure;
use std::{fs, process::Command};

/// Removes the environment variables that could configure the server.
pub(crate) fn without_settings(command: &mut Command) {
    let configures = |name: &str| {
        ["DECKWATCH_", "LEPTOS_", "DOCKER_", "RUST_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in std::env::vars().filter(|(name, _)| configures(name)) {
        command.env_remove(name);
    }
}

/// Resident memory of a process, in bytes.
pub(crate) fn resident(id: u32) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kibibytes.ok_or("no VmRSS")?.parse::<f64>()? * 1024.0)
}
