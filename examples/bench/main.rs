//! Measures the costs of Deckwatch and of what it is compared with. `scripts/bench` runs it.
//!
//! Each part writes its figures as JSON lines to a file of its own; `bench page` generates
//! `docs/BENCHMARKS.md` from all of these files. A ratio compares two things that were measured
//! alternately in the same run.

#![expect(
    clippy::disallowed_methods,
    reason = "tasks end with the process; there is no orderly shutdown"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for the terminal"
)]

mod access;
mod accounts;
#[path = "../shared/api.rs"]
mod api;
mod attack;
#[path = "../shared/child.rs"]
mod child;
mod client;
mod collection;
mod crowd;
mod engine;
mod fan_out;
mod first;
mod floor;
mod growth;
mod latency;
mod logs;
mod machine;
mod memory;
mod page;
mod process;
mod results;
mod rows;
mod sections;
mod size;
mod table;

use clap::{Parser, Subcommand};
use results::Results;
use std::{path::PathBuf, time::Duration};

/// Any error. It is printed and ends the run; nothing is retried.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures one part and replaces its stored figures.
    Run {
        part: Part,
        #[command(flatten)]
        setting: Setting,
    },
    /// Stores a description of the machine: processor, kernel and versions of programs.
    Machine {
        #[command(flatten)]
        setting: Setting,
    },
    /// Writes the page from the stored figures.
    Page {
        /// Folder with the stored figures.
        results: PathBuf,
        /// File to write: `docs/BENCHMARKS.md`.
        page: PathBuf,
    },
    /// Sends numbered frames to all connected clients with bare `send` calls.
    SendServer(floor::SendServer),
    /// Reads the same files repeatedly and prints the CPU time per pass.
    ReadLoop(floor::ReadLoop),
    /// Serves a table in which a fixed number of cells changes at each tick.
    TableServer(table::TableServer),
}

/// Options that all parts share.
#[derive(clap::Args)]
struct Setting {
    /// The `deckwatch` binary to measure.
    #[arg(long)]
    binary: PathBuf,
    /// Folder in which the figures are stored.
    #[arg(long)]
    results: PathBuf,
    /// Folder with the scripts that run in the browser and the servers to compare with (`end2end`).
    #[arg(long)]
    end2end: PathBuf,
    /// Folder of an engine that `scripts/engine` started, for collection, latency and logs.
    #[arg(long)]
    engine: Option<PathBuf>,
    /// Folder with the smallest page that Leptos hydrates, which `scripts/bench` builds for first.
    #[arg(long)]
    empty_page: Option<PathBuf>,
    /// Shorter windows and one round per figure, to check that everything works.
    #[arg(long)]
    quick: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Part {
    Collection,
    FanOut,
    Memory,
    Latency,
    Logs,
    Table,
    Size,
    First,
    Growth,
    Attack,
    Access,
}

impl Setting {
    /// The length of a measurement window: `full`, or a quarter of it with `--quick`.
    fn window(&self, full: Duration) -> Duration {
        if self.quick { full / 4 } else { full }
    }

    /// The number of rounds: `full`, or one with `--quick`.
    fn rounds(&self, full: u32) -> u32 {
        if self.quick { 1 } else { full }
    }

    /// The engine in the folder of `--engine`; an error without that option.
    fn engine(&self) -> Result<engine::Engine, Failure> {
        let folder = self.engine.clone().ok_or("this part needs --engine")?;
        Ok(engine::Engine::new(folder))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    match Arguments::parse().command {
        Command::Run { part, setting } => run(part, &setting).await,
        Command::Machine { setting } => machine::describe(&setting).await,
        Command::Page { results, page } => page::write(&results, &page),
        Command::SendServer(server) => server.run(),
        Command::ReadLoop(reader) => reader.run(),
        Command::TableServer(server) => server.run().await,
    }
}

async fn run(part: Part, setting: &Setting) -> Result<(), Failure> {
    let name = clap::ValueEnum::to_possible_value(&part).ok_or("no such part")?;
    let mut results = Results::begin(&setting.results, name.get_name())?;
    results.text("moment", &machine::moment(setting)?)?;
    match part {
        Part::Collection => collection::measure(setting, &mut results).await?,
        Part::FanOut => fan_out::measure(setting, &mut results).await?,
        Part::Memory => memory::measure(setting, &mut results).await?,
        Part::Latency => latency::measure(setting, &mut results).await?,
        Part::Logs => logs::measure(setting, &mut results).await?,
        Part::Table => table::measure(setting, &mut results).await?,
        Part::Size => size::measure(setting, &mut results)?,
        Part::First => first::measure(setting, &mut results).await?,
        Part::Growth => growth::measure(setting, &mut results).await?,
        Part::Attack => attack::measure(setting, &mut results)?,
        Part::Access => access::measure(setting, &mut results).await?,
    }
    results.finish()
}
