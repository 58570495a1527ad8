//! The project's automation, called as `cargo xtask`.
//!
//! Each task is a sub-command with a file of its own; this file only names them.

mod bench;
mod simulate;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::Path;
use xtask::{codegen, tidy};

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
    /// Generates checked-in code from its tables.
    Codegen {
        /// The room whose code is generated.
        #[arg(value_parser = ["openwire"])]
        room: String,
    },
    /// Runs seeds of the simulator.
    #[command(subcommand)]
    Sim(simulate::Command),
    /// Checks the rules of the house that no compiler checks.
    Tidy,
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Codegen { .. } => run_codegen(),
        Task::Sim(command) => simulate::run(&command),
        Task::Tidy => run_tidy(),
    }
}

fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the folder of xtask has no parent")
}

fn run_codegen() -> Result<()> {
    let files = codegen::write(root()?)?;
    writeln!(std::io::stdout(), "codegen: {files} files written")?;
    Ok(())
}

fn run_tidy() -> Result<()> {
    let report = tidy::check(root()?)?;
    let mut out = std::io::stdout().lock();
    for warning in &report.warnings {
        writeln!(out, "warning: {warning}")?;
    }
    for finding in &report.findings {
        writeln!(out, "{finding}")?;
    }
    if !report.findings.is_empty() {
        bail!(
            "{} findings in {} files",
            report.findings.len(),
            report.files
        );
    }
    writeln!(out, "tidy: {} files in order", report.files)?;
    Ok(())
}
