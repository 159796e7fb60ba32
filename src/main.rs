//! The `deckwatch` server.

use deckwatch::server::{
    self, access,
    config::{Command, CommandLine, Config},
    storage, telemetry,
};
use std::{num::NonZero, path::Path, process::ExitCode};

// The server frees many small allocations on other threads; with the system allocator its memory would
// keep growing. `.cargo/config.toml` disables huge pages for mimalloc.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Most worker threads; more would only take memory on large machines.
const MAX_WORKERS: usize = 4;

fn main() -> ExitCode {
    let mut command_line = CommandLine::of_process();
    let command = command_line.command.take();
    let log_mask = telemetry::init();
    raise_descriptor_limit();
    let config = match Config::load(command_line) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("configuration: {error}");
            return ExitCode::FAILURE;
        }
    };
    log_mask.add(config.redact.clone());
    if let Some(command) = command {
        return run(&command, config.data_dir.as_deref());
    }
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
    // A blocking thread may hang on a disk that does not respond, and must not delay the exit.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command that ends instead of serving.
fn run(command: &Command, folder: Option<&Path>) -> ExitCode {
    match command {
        Command::Backup { .. } | Command::Check => storage::command::run(command, folder),
        Command::User(command) => access::command::user(command, folder),
        Command::Token(command) => access::command::token(command, folder),
    }
}

/// Raises the limit of open files to the allowed maximum. Each client needs one; shells and service
/// managers start with a limit of 1,024, for programs that use `select`.
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
