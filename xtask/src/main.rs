//! The project's automation, called as `cargo xtask`.
//!
//! Each task is a sub-command with a file of its own; this file only names them.

mod bench;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Automation of the Floodway project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs the same load on Floodway and on the peers found on this machine, and writes a report.
    Bench(bench::Arguments),
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Bench(arguments) => bench::run(&arguments),
    }
}
