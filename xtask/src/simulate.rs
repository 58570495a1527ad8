//! `cargo xtask sim`: runs seeds of the simulator and shows what came out.
//!
//! Build it with optimisation for the gate: `cargo run --release -p xtask -- sim gate`.

use anyhow::{Result, bail, ensure};
use clap::Subcommand;
use floodway_sim::{GatePlan, GateReport, Outcome};
use std::io::Write;
use std::time::{Duration, Instant};

/// A seed that takes longer than this does not end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Every so many seeds of a gate, one is run twice.
const TWICE_EVERY: u64 = 40;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Many seeds; fails when one breaks a promise.
    Gate {
        /// How many.
        #[arg(long, default_value_t = 5000)]
        seeds: u64,
        /// The first one.
        #[arg(long, default_value_t = 1)]
        first: u64,
        /// Threads; as many as the machine has cores when not given.
        #[arg(long)]
        threads: Option<usize>,
        /// Failed seeds after which it stops.
        #[arg(long, default_value_t = 20)]
        failures: usize,
    },
    /// One seed.
    Seed {
        /// Which one.
        seed: u64,
        /// Shows everything that happened.
        #[arg(long)]
        trace: bool,
    },
    /// One seed twice, which must do the same both times.
    Twice {
        /// Which one.
        seed: u64,
    },
}

pub(crate) fn run(command: &Command) -> Result<()> {
    match *command {
        Command::Gate {
            seeds,
            first,
            threads,
            failures,
        } => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            gate(GatePlan {
                first,
                seeds,
                threads: threads.unwrap_or(cores),
                twice_every: TWICE_EVERY,
                failures_max: failures,
                patience: PATIENCE,
            })
        }
        Command::Seed { seed, trace } => one(seed, trace),
        Command::Twice { seed } => twice(seed),
    }
}

fn gate(plan: GatePlan) -> Result<()> {
    let begin = Instant::now();
    let report = floodway_sim::gate(plan);
    let seconds = begin.elapsed().as_secs_f64();
    let mut out = std::io::stdout().lock();
    for failure in &report.failures {
        for violation in &failure.violations {
            writeln!(out, "seed {}: {violation}", failure.seed)?;
        }
    }
    for seed in &report.endless {
        writeln!(out, "seed {seed}: does not come to an end")?;
    }
    for seed in &report.ambiguous {
        writeln!(out, "seed {seed}: went two ways")?;
    }
    let GateReport {
        seeds,
        steps,
        messages,
        lives,
        disk_operations,
        ..
    } = report;
    writeln!(
        out,
        "figure: {seeds} seeds in {seconds:.1} s ({:.1} a second): {steps} steps, {messages} \
         messages, {lives} lives of the broker, {disk_operations} changes of the disk",
        seeds as f64 / seconds
    )?;
    if !report.is_good() {
        bail!(
            "{} seeds broke a promise; see one with `cargo xtask sim seed N --trace`",
            report.failures.len() + report.endless.len() + report.ambiguous.len()
        );
    }
    Ok(())
}

fn one(seed: u64, trace: bool) -> Result<()> {
    let outcome = if trace {
        floodway_sim::run_traced(seed)
    } else {
        floodway_sim::run(seed)
    };
    let mut out = std::io::stdout().lock();
    for line in &outcome.lines {
        writeln!(out, "{line}")?;
    }
    show(&mut out, seed, &outcome)?;
    ensure!(outcome.violations.is_empty(), "seed {seed} broke a promise");
    Ok(())
}

fn show(out: &mut impl Write, seed: u64, outcome: &Outcome) -> Result<()> {
    for violation in &outcome.violations {
        writeln!(out, "seed {seed}: {violation}")?;
    }
    writeln!(
        out,
        "seed {seed}: {} steps, {} messages, {} lives, {} changes of the disk, trace {:016x}",
        outcome.steps, outcome.messages, outcome.lives, outcome.disk_operations, outcome.trace_hash
    )?;
    Ok(())
}

fn twice(seed: u64) -> Result<()> {
    let (first, second) = (floodway_sim::run(seed), floodway_sim::run(seed));
    let mut out = std::io::stdout().lock();
    show(&mut out, seed, &first)?;
    ensure!(
        first.trace_hash == second.trace_hash,
        "seed {seed} went two ways: traces {:016x} and {:016x}",
        first.trace_hash,
        second.trace_hash
    );
    writeln!(out, "seed {seed}: the same both times")?;
    Ok(())
}
