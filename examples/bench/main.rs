//! Measures what Deckwatch costs, against what it is measured by: `scripts/bench` runs it.
//!
//! A part writes its figures as JSON lines into a file of its own; `bench page` makes
//! `docs/BENCHMARKS.md` of all of them. Ratios are of two things measured in the same run, by turns.

#![expect(
    clippy::disallowed_methods,
    reason = "it ends with the process, and has no shutdown"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for the terminal"
)]

mod attack;
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
mod size;
mod table;

use clap::{Parser, Subcommand};
use results::Results;
use std::{path::PathBuf, time::Duration};

/// Whatever went wrong; said and not recovered from.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures one part.
    Run {
        part: Part,
        #[command(flatten)]
        setting: Setting,
    },
    /// Describes the machine.
    Machine {
        #[command(flatten)]
        setting: Setting,
    },
    /// Writes the page.
    Page {
        /// Folder of the figures.
        results: PathBuf,
        /// The page.
        page: PathBuf,
    },
    /// Sends a frame to everybody who connects, with nothing around it.
    SendServer(floor::SendServer),
    /// Reads files again and again.
    ReadLoop(floor::ReadLoop),
    /// Serves a table whose cells change as the browser's part wants it.
    TableServer(table::TableServer),
}

/// What a part needs to know.
#[derive(clap::Args)]
struct Setting {
    /// The server.
    #[arg(long)]
    binary: PathBuf,
    /// Folder for the figures.
    #[arg(long)]
    results: PathBuf,
    /// Folder of the browser's part and the peers.
    #[arg(long)]
    end2end: PathBuf,
    /// Folder of an engine that `scripts/engine` started.
    #[arg(long)]
    engine: Option<PathBuf>,
    /// Folder of the smallest page that Leptos hydrates, which `scripts/bench` builds.
    #[arg(long)]
    empty_page: Option<PathBuf>,
    /// Shorter windows and fewer rounds, to see that everything works.
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
}

impl Setting {
    /// `full`, or less of it when in a hurry.
    fn window(&self, full: Duration) -> Duration {
        if self.quick { full / 4 } else { full }
    }

    /// `full`, or fewer.
    fn rounds(&self, full: u32) -> u32 {
        if self.quick { 1 } else { full }
    }

    /// The engine's socket.
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
    let load = std::fs::read_to_string("/proc/loadavg")?;
    results.text("load", load.split(' ').next().unwrap_or_default())?;
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
    }
    results.finish()
}
