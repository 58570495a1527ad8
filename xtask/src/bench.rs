//! `cargo xtask bench`: the same scenarios on Floodway and its peers, interleaved run by run.
//!
//! It knows the order of things: build, start, prime, run, judge, report. How a broker is started
//! is `peer`'s business, what a run means the load tool's.
//! Invariant: only one broker is under load at any time and all others are stopped by signal; no
//! process outlives the task. Times are seconds.
#![expect(clippy::print_stdout, reason = "a command line task prints")]

mod load;
mod machine;
mod peer;
mod report;
mod summary;
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use load::Load;
use peer::{Peer, Program, Protocol, Running, Spoken};
use summary::Results;

/// The probe of the machine itself and the scenario that it belongs to.
const RAW_COMMIT: &str = "raw-commit";
const RAW_COMMIT_BESIDE: &str = "persistent-8-wait";

/// How long a broker takes to accept connections and what memory it has then: not a load.
const START: &str = "start";
const START_SETTLE: Duration = Duration::from_secs(2);

/// What the user asked for.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    /// Scenarios by name, comma separated; all of them if not given.
    #[arg(long, value_delimiter = ',')]
    scenario: Vec<String>,
    /// Brokers, comma separated; one that is not on this machine is skipped.
    #[arg(long, value_delimiter = ',', value_enum,
          default_values = ["floodway", "activemq", "nats", "rabbitmq"])]
    peers: Vec<Peer>,
    /// What is spoken to brokers that speak more than one protocol.
    #[arg(long, value_enum, default_value = "stomp")]
    protocol: Protocol,
    /// Puts the load on with this version of ActiveMQ's Java client, over OpenWire, instead of
    /// the load tool.
    #[arg(long, value_name = "VERSION")]
    java: Option<String>,
    /// Measured runs per broker and scenario.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Measured seconds of a run.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Seconds of load before the measured ones.
    #[arg(long, default_value_t = 2.0)]
    warmup: f64,
    /// Seconds of each kind of unrecorded load on a freshly started broker.
    #[arg(long, default_value_t = 8.0)]
    prime: f64,
    /// Before each run, waits at most so many seconds until the machine is idle.
    #[arg(long, default_value_t = 0.0)]
    wait_quiet: f64,
    /// Where brokers keep their data meanwhile; decides which disk is measured.
    #[arg(long, default_value = "target/bench")]
    scratch: PathBuf,
    /// The report's folder, instead of `bench/results/<date>-<machine>`.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Measures this Floodway instead of building one.
    #[arg(long)]
    floodway: Option<PathBuf>,
}

impl Arguments {
    /// What is spoken, and whether by the load tool.
    fn spoken(&self) -> Spoken {
        match self.java {
            Some(_) => Spoken::Java,
            None => Spoken::Native(self.protocol),
        }
    }
}

/// Programs and places of one call.
struct Bench<'a> {
    arguments: &'a Arguments,
    load: Load,
    scratch: PathBuf,
    programs: Vec<Program>,
}

/// Runs everything and writes the report.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = workspace_root()?;
    let load = match &arguments.java {
        Some(version) => Load::java(&root, version)?,
        None => Load::Tool(build(&root, "floodway-bench", "floodway-load")?),
    };
    let programs = find_programs(arguments, &root)?;
    let scenarios = chosen_scenarios(arguments, &load)?;
    let scratch = root
        .join(&arguments.scratch)
        .join(format!("run-{}", std::process::id()));
    fs::create_dir_all(&scratch).with_context(|| format!("cannot make {}", scratch.display()))?;
    let bench = Bench {
        arguments,
        load,
        scratch: scratch.clone(),
        programs,
    };
    let facts = machine::facts(&root, &scratch, &bench.programs, &bench.load);
    let mut results = Results::default();
    let outcome = bench.start_all().and_then(|mut brokers| {
        scenarios
            .iter()
            .try_for_each(|name| bench.scenario(name, &mut brokers, &mut results))
    });
    fs::remove_dir_all(&scratch).ok();
    if !results.is_empty() {
        let folder = match &arguments.output {
            Some(folder) => folder.clone(),
            None => report::new_folder(&root.join("bench/results"), &facts)?,
        };
        report::write(&folder, &facts, &results, arguments.spoken())?;
        println!("report: {}", folder.join("README.md").display());
    }
    outcome
}

fn workspace_root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here
        .parent()
        .context("xtask lies in the workspace")?
        .to_owned())
}

/// Builds one binary in release mode.
fn build(root: &Path, package: &str, binary: &str) -> Result<PathBuf> {
    let status = Command::new("cargo")
        .args(["build", "--release", "--package", package, "--bin", binary])
        .current_dir(root)
        .status()
        .context("cannot run cargo")?;
    if !status.success() {
        bail!("cannot build {binary}");
    }
    Ok(root.join("target/release").join(binary))
}

/// The brokers of this machine, in the order asked for.
fn find_programs(arguments: &Arguments, root: &Path) -> Result<Vec<Program>> {
    let protocol = arguments.spoken().protocol();
    let mut programs = Vec::new();
    for &peer in &arguments.peers {
        let found = match (peer, &arguments.floodway) {
            (Peer::Floodway, Some(path)) => Ok(Program::floodway(path.canonicalize()?, protocol)),
            (Peer::Floodway, None) => {
                let path = build(root, "floodway-server", "floodway")?;
                Ok(Program::floodway(path, protocol))
            }
            _ => peer.find(arguments.spoken()),
        };
        match found {
            Ok(program) => programs.push(program),
            Err(reason) => println!("skipped {}: {reason}", peer.name()),
        }
    }
    Ok(programs)
}

fn chosen_scenarios(arguments: &Arguments, load: &Load) -> Result<Vec<String>> {
    let output = load
        .command()
        .arg("list")
        .output()
        .context("cannot list scenarios")?;
    let text = String::from_utf8(output.stdout)?;
    let listed = text.lines().filter_map(|line| line.split('\t').next());
    let known: Vec<String> = std::iter::once(START)
        .chain(listed)
        .map(str::to_owned)
        .collect();
    for name in &arguments.scenario {
        if !known.contains(name) {
            bail!("no scenario {name}; there are {}", known.join(", "));
        }
    }
    let is_chosen = |name: &String| match arguments.scenario.as_slice() {
        [] => name != RAW_COMMIT,
        some => some.contains(name),
    };
    Ok(known.into_iter().filter(is_chosen).collect())
}

impl Bench<'_> {
    /// Starts and primes all brokers; one that does not start is left out.
    fn start_all(&self) -> Result<Vec<Running>> {
        let mut brokers = Vec::new();
        for program in &self.programs {
            let mut broker = program.start(&self.scratch)?;
            match broker.await_ready() {
                Ok(_ready) => {
                    self.prime(&broker)?;
                    brokers.push(broker);
                }
                Err(error) => println!("skipped {}: {error:#}", broker.name()),
            }
        }
        Ok(brokers)
    }

    /// All runs of one scenario.
    fn scenario(&self, name: &str, brokers: &mut [Running], results: &mut Results) -> Result<()> {
        println!("== {name}");
        for run in 1..=self.arguments.runs {
            if let (RAW_COMMIT | RAW_COMMIT_BESIDE, Some(tool)) = (name, self.load.probe()) {
                results.push(self.raw_commit(tool, name, run));
            }
            if name == START {
                self.start_once(run, results)?;
            }
            if matches!(name, RAW_COMMIT | START) {
                continue;
            }
            // Each round begins with another broker, so that none always follows the same one.
            let count = brokers.len().max(1);
            for turn in 0..brokers.len() {
                let index = (turn + run as usize - 1) % count;
                if let Some(broker) = brokers.get_mut(index) {
                    self.measure(name, run, broker, results)?;
                }
            }
        }
        Ok(())
    }

    /// One recorded run; a broker that could not be emptied or failed is replaced by a fresh one.
    fn measure(
        &self,
        scenario: &str,
        run: u32,
        broker: &mut Running,
        results: &mut Results,
    ) -> Result<()> {
        machine::await_quiet(self.quiet_limit());
        broker.resume()?;
        let (warmup, seconds) = (self.arguments.warmup, self.arguments.seconds);
        let mut record = self.load(scenario, broker, warmup, seconds);
        broker.pause()?;
        let is_spoiled = record.get("error").is_some()
            || record.get("undrained").and_then(Value::as_u64).unwrap_or(0) > 0
            || record
                .get("failures")
                .and_then(Value::as_array)
                .is_some_and(|all| !all.is_empty());
        if let Some(fields) = record.as_object_mut() {
            fields.insert("run".into(), run.into());
        }
        results.push(record);
        if is_spoiled {
            println!("   {} is started anew", broker.name());
            broker.restart(&self.scratch)?;
            broker.await_ready()?;
            self.prime(broker)?;
        }
        Ok(())
    }

    /// Starts each broker once more beside the paused ones and lets it settle.
    fn start_once(&self, run: u32, results: &mut Results) -> Result<()> {
        for program in &self.programs {
            machine::await_quiet(self.quiet_limit());
            let mut broker = program.start(&self.scratch.join(START))?;
            let ready = broker.await_ready()?;
            std::thread::sleep(START_SETTLE);
            let (name, ready_ms) = (broker.name(), ready.as_secs_f64() * 1000.0);
            let memory_mib = machine::memory_mib(broker.pid());
            println!("   {name} start: ready in {ready_ms:.0} ms, idle with {memory_mib:.0} MiB");
            results.push(json!({
                "broker": name, "scenario": { "name": START }, "run": run,
                "ready_ms": ready_ms, "idle_memory_mib": memory_mib,
            }));
        }
        Ok(())
    }

    fn quiet_limit(&self) -> Duration {
        Duration::try_from_secs_f64(self.arguments.wait_quiet).unwrap_or_default()
    }

    /// Unrecorded load; leaves the broker paused.
    fn prime(&self, broker: &Running) -> Result<()> {
        broker.resume()?;
        let primers = self.load.primers().into_iter();
        for scenario in primers.filter(|_| self.arguments.prime > 0.0) {
            let record = self.load(scenario, broker, 0.0, self.arguments.prime);
            if let Some(error) = record.get("error").and_then(Value::as_str) {
                println!("   priming {}: {error}", broker.name());
            }
        }
        broker.pause()
    }

    /// Calls the load tool; whatever goes wrong becomes the record's `error`.
    fn load(&self, scenario: &str, broker: &Running, warmup: f64, seconds: f64) -> Value {
        let output = self
            .load
            .command()
            .args([
                "run",
                "--scenario",
                scenario,
                "--protocol",
                broker.protocol(),
            ])
            .args([
                "--address",
                &broker.address().to_string(),
                "--label",
                broker.name(),
            ])
            .args(["--pid", &broker.pid().to_string()])
            .args([
                "--warmup",
                &warmup.to_string(),
                "--seconds",
                &seconds.to_string(),
            ])
            .stdin(Stdio::null())
            .output();
        record_of(output, scenario, broker.name())
    }

    fn raw_commit(&self, tool: &Path, scenario: &str, run: u32) -> Value {
        machine::await_quiet(self.quiet_limit());
        let output = Command::new(tool)
            .arg("raw-commit")
            .arg("--directory")
            .arg(&self.scratch)
            .args(["--seconds", &self.arguments.seconds.to_string()])
            .output();
        let mut record = record_of(output, scenario, RAW_COMMIT);
        if let Some(fields) = record.as_object_mut() {
            fields.insert("run".into(), run.into());
            fields.insert("scenario".into(), json!({ "name": scenario }));
        }
        record
    }
}

/// The JSON line of the load tool; its line for people is shown.
fn record_of(output: std::io::Result<std::process::Output>, scenario: &str, label: &str) -> Value {
    let error = match output {
        Ok(output) => {
            let shown = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            println!("   {shown}");
            match serde_json::from_slice(&output.stdout) {
                Ok(record) if output.status.success() => return record,
                _ => shown,
            }
        }
        Err(error) => error.to_string(),
    };
    json!({ "broker": label, "scenario": { "name": scenario }, "error": error })
}
