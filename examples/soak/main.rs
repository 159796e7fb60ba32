//! Uses a server with sign-in as many users would for half an hour, while something fails every thirty
//! seconds. `scripts/soak` runs it.
//!
//! Several hundred sockets of four audiences check every message that they receive: whether their user may
//! see its content, and whether lines of logs are missing or repeated. At the end the server must have no more
//! memory, descriptors and tasks in use than at the start. The run fails on any of these.

#![expect(
    clippy::disallowed_methods,
    reason = "tasks end with the process; there is no orderly shutdown"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for the terminal"
)]

mod accounts;
#[path = "../shared/api.rs"]
mod api;
#[path = "../shared/child.rs"]
mod child;
mod client;
mod counted;
mod faults;
mod findings;
mod judge;
mod ledger;
mod lines;
mod prober;
mod process;
mod relay;
mod report;
mod run;
mod shared;
mod user;
mod vitals;
mod writers;

use clap::Parser;
use std::{path::PathBuf, process::ExitCode};

/// Any error of the run itself, which ends it; what the server does wrong is a finding.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Options of the run.
#[derive(Debug, Parser)]
struct Arguments {
    /// The `deckwatch` binary to run.
    #[arg(long)]
    binary: PathBuf,
    /// Length of the run.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// Seed of everything random; a random one when absent.
    #[arg(long)]
    seed: Option<u64>,
    /// Number of sockets.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(4..=500))]
    sockets: u16,
    /// Folder of an engine that `scripts/engine` started; without it only the synthetic host is used.
    #[arg(long)]
    engine: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    println!("seed {seed}");
    let report = run::run(&arguments, seed).await?;
    print!("{report}");
    Ok(match report.is_passed() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
