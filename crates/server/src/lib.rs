//! The front door: command line in, a running broker out, and back to nothing on a signal.
//!
//! It wires the rooms together and holds the process: threads, runtime, signals, log, exit code.
//! It decides nothing about messages. Invariant: whatever fails before the broker is ready ends
//! the process with one clear line on the standard error and an exit code other than zero, and
//! leaves data as it was.

use anyhow::Result;
use clap::Parser;
use floodway_cli::{CommandLine, Verb};
use std::ffi::OsString;
use std::io::Write;

mod administration;
mod auto;
mod configuration;
mod disks;
mod doctor;
mod log;
mod server;
mod start;
mod stores;

pub use server::Server;

/// Exit code when something failed.
const FAILED: u8 = 1;

/// Runs a command line, the name of the program first; returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(refused) => {
            // Help and version come this way too, with exit code 0. A closed pipe is no failure.
            refused.print().ok();
            return u8::try_from(refused.exit_code()).unwrap_or(FAILED);
        }
    };
    let outcome = match line.into_verb() {
        Ok(Verb::Start(arguments)) => start::run(&arguments).map(|()| 0),
        Ok(Verb::Doctor(arguments)) => doctor::run(&arguments),
        Ok(asked) => remote(&asked),
        Err(error) => Err(error.into()),
    };
    outcome.unwrap_or_else(|error| {
        complain(&error);
        FAILED
    })
}

/// Asks a running broker and prints its answer.
fn remote(asked: &Verb) -> Result<u8> {
    floodway_cli::run(asked, &mut |text| {
        let mut output = std::io::stdout().lock();
        output.write_all(text.as_bytes())?;
        output.flush()
    })?;
    Ok(0)
}

/// Nothing more can be done if even the standard error is closed.
fn complain(error: &anyhow::Error) {
    writeln!(std::io::stderr(), "floodway: {error:#}").ok();
}

/// Writes to the standard output; a reader that went away is no failure.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
