//! The `deckwatch` server.

use clap::Parser;
use deckwatch::server::{
    self,
    config::{CommandLine, Config},
    telemetry,
};
use std::process::ExitCode;

// Many small allocations of many sizes, freed on other threads: the system's allocator would keep
// growing.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    telemetry::init();
    let config = match Config::load(command_line) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("configuration: {error}");
            return ExitCode::FAILURE;
        }
    };
    match server::run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
