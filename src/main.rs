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

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    telemetry::init();
    let config = match Config::load(command_line) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("configuration: {error}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(server::run(config));
    // A disk that hangs hangs whoever looks at it: such a thread must not hold up the end.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
