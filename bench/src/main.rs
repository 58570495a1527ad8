//! The command line of the load tool: one run per call, one JSON line on standard output.
//!
//! It knows arguments and output; everything else is in the library. The line for people goes to
//! standard error. A run that lost, repeated or mixed up messages still succeeds: the record says
//! so, and the caller judges.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool prints"
)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use floodway_bench::measure::{self, Plan, Protocol};
use floodway_bench::openwire::Choice;
use floodway_bench::raw_commit::RawCommit;
use floodway_bench::scenario::{self, Scenario};

#[derive(Parser)]
#[command(
    name = "floodway-load",
    about = "Puts load on a broker and measures it"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the scenarios with the question that each asks.
    List,
    /// Runs one scenario against a broker that is already running.
    Run(RunArguments),
    /// Measures the machine's own durable group-commit rate.
    RawCommit {
        /// Where the probe's file is made.
        #[arg(long)]
        directory: PathBuf,
        #[arg(long, default_value_t = 8)]
        waiters: usize,
        #[arg(long, default_value_t = 1024)]
        size: usize,
        #[arg(long, default_value_t = 5.0)]
        seconds: f64,
        #[arg(long, default_value_t = 1.0)]
        warmup: f64,
    },
}

#[derive(clap::Args)]
struct RunArguments {
    /// A name from `list`.
    #[arg(long)]
    scenario: String,
    #[arg(long, value_enum, default_value = "stomp")]
    protocol: Protocol,
    /// Where the broker listens, such as 127.0.0.1:61613.
    #[arg(long)]
    address: SocketAddr,
    /// The broker's process, whose CPU time and memory are sampled.
    #[arg(long)]
    pid: Option<u32>,
    /// The broker's name in the output.
    #[arg(long, default_value = "broker")]
    label: String,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    #[arg(long, default_value_t = 2.0)]
    warmup: f64,
    /// At most this long is waited for messages that are still on their way.
    #[arg(long, default_value_t = 20.0)]
    drain_seconds: f64,
    /// Threads of this tool: 1 for all connections, 2 for producers and consumers apart.
    #[arg(long, default_value_t = 2)]
    lanes: u32,
    /// Loose encoding of OpenWire instead of the tight one, which Java clients use.
    #[arg(long)]
    loose: bool,
    /// Messages that an OpenWire consumer acknowledges at once; half of its prefetch if not given.
    #[arg(long)]
    acknowledge: Option<u32>,
    #[command(flatten)]
    change: Change,
}

/// Departures from the named scenario.
#[derive(clap::Args)]
struct Change {
    #[arg(long)]
    producers: Option<u32>,
    #[arg(long)]
    consumers: Option<u32>,
    #[arg(long)]
    destinations: Option<u32>,
    /// Bytes of a message body.
    #[arg(long)]
    size: Option<usize>,
    /// Unconfirmed sends per producer.
    #[arg(long)]
    window: Option<u32>,
    /// Messages per second of all producers together.
    #[arg(long)]
    rate: Option<u32>,
}

impl Change {
    fn apply(&self, scenario: &mut Scenario) {
        scenario.producer_count = self.producers.unwrap_or(scenario.producer_count).max(1);
        scenario.consumer_count = self.consumers.unwrap_or(scenario.consumer_count);
        scenario.destination_count = self.destinations.unwrap_or(scenario.destination_count);
        scenario.size_bytes = self.size.unwrap_or(scenario.size_bytes);
        scenario.window_count = self.window.or(scenario.window_count);
        scenario.rate_per_second = self.rate.or(scenario.rate_per_second);
    }
}

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    match Arguments::parse().command {
        Command::List => {
            for scenario in scenario::all() {
                println!("{}\t{}", scenario.name, scenario.question);
            }
            println!(
                "{}\thow many durable appends can this machine group?",
                scenario::RAW_COMMIT
            );
        }
        Command::Run(arguments) => run(&arguments)?,
        Command::RawCommit {
            directory,
            waiters,
            size,
            seconds,
            warmup,
        } => {
            let probe = RawCommit {
                directory,
                waiter_count: waiters,
                record_bytes: size,
                warmup: Duration::try_from_secs_f64(warmup)?,
                duration: Duration::try_from_secs_f64(seconds)?,
            };
            let record = probe.run()?;
            eprintln!("{}", record.human());
            println!("{}", record.json()?);
        }
    }
    Ok(())
}

fn run(arguments: &RunArguments) -> Result<()> {
    let mut scenario = Scenario::find(&arguments.scenario)
        .with_context(|| format!("no scenario {}; see `list`", arguments.scenario))?;
    arguments.change.apply(&mut scenario);
    let plan = Plan {
        scenario,
        protocol: arguments.protocol,
        address: arguments.address,
        warmup: Duration::try_from_secs_f64(arguments.warmup)?,
        duration: Duration::try_from_secs_f64(arguments.seconds)?,
        drain_limit: Duration::try_from_secs_f64(arguments.drain_seconds)?,
        broker_pid: arguments.pid,
        lane_count: arguments.lanes,
        openwire: Choice {
            is_loose: arguments.loose,
            acknowledge_count: arguments.acknowledge,
        },
    };
    let record = measure::run(&plan)?;
    eprintln!("{}", record.human(&arguments.label));
    println!("{}", record.json(&arguments.label)?);
    Ok(())
}
