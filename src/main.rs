//! The `deckwatch` server.

use deckwatch::server::{
    self,
    config::{CommandLine, Config},
    telemetry,
};
use std::{num::NonZero, process::ExitCode};

// Many small allocations of many sizes, freed on other threads: the system's allocator would keep
// growing. It is told in `.cargo/config.toml` to leave huge pages alone.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// More would only take memory on large machines: what there is to do, two can.
const MAX_WORKERS: usize = 4;

fn main() -> ExitCode {
    let command_line = CommandLine::of_process();
    telemetry::init();
    raise_descriptor_limit();
    let config = match Config::load(command_line) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("configuration: {error}");
            return ExitCode::FAILURE;
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(cores.min(MAX_WORKERS))
        .build();
    let runtime = match runtime {
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

/// Allows this process as many open files as it may have: a client is one, and what shells and service managers
/// allow at first is 1,024, for programs that use `select`.
fn raise_descriptor_limit() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = rustix::process::setrlimit(rustix::process::Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
