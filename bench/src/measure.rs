//! One measured run: connect, warm up, measure, drain, count.
//!
//! It knows scenarios, lanes and clocks, and no frame layout. Rates are counted between two looks
//! at the counters while producers run; latencies are those of messages received in between.
//! Invariant: every run uses destinations of its own, and ends within its time limits whatever
//! the broker does.

use std::net::SocketAddr;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use crate::consumer::Consumer;
use crate::control::{Control, Phase, Totals};
use crate::lane::{Endpoint, Lane, LaneOutcome};
use crate::process::{MachineTime, ProcessTree};
use crate::producer::{Pace, Producer};
use crate::report::{Load, Record};
use crate::scenario::{Scenario, Style};
use crate::tracker::Tracker;
use crate::train::Train;
use crate::wire::Connection;
use crate::{nats, openwire, stomp};

/// A drain without any progress for this long has ended: what is missing is lost.
const DRAIN_QUIET: Duration = Duration::from_secs(3);

/// How often the measuring thread looks at the counters while it drains.
const DRAIN_LOOK: Duration = Duration::from_millis(10);

/// The client protocol of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    Stomp,
    Openwire,
    Nats,
}

/// Everything that one run needs.
#[derive(Clone, Debug)]
pub struct Plan {
    pub scenario: Scenario,
    pub protocol: Protocol,
    pub address: SocketAddr,
    pub warmup: Duration,
    pub duration: Duration,
    pub drain_limit: Duration,
    /// The broker's process, for its CPU time and memory.
    pub broker_pid: Option<u32>,
    /// One thread for all connections, or one each for producers and consumers.
    pub lane_count: u32,
    /// What OpenWire leaves open.
    pub openwire: openwire::Choice,
}

/// What was read at one border of the measured window.
struct Look {
    at: Instant,
    totals: Totals,
    broker_cpu_us: u64,
    load_cpu_us: u64,
    machine: MachineTime,
}

/// How the drain ended.
struct Drained {
    seconds: f64,
    count: u64,
    is_complete: bool,
}

/// Runs the plan and returns its record.
pub fn run(plan: &Plan) -> Result<Record> {
    let names = destination_names(plan);
    prepare(plan, &names)?;
    let result = run_prepared(plan, &names);
    let cleaned = clean(plan, &names);
    let record = result?;
    cleaned?;
    Ok(record)
}

fn run_prepared(plan: &Plan, names: &[String]) -> Result<Record> {
    let control = Control::new();
    let lanes = build_lanes(plan, names)?;
    thread::scope(|scope| {
        let spawn = |lane: Lane| scope.spawn(|| lane.run(&control));
        let mut running: Vec<_> = lanes.into_iter().map(spawn).collect();
        let observed = observe(plan, &control);
        control.enter(Phase::Drain);
        let mut begin = Ok(());
        if plan.scenario.consumer_count == 0 {
            begin = drain_lane(plan, names).map(|lane| running.push(spawn(lane)));
        }
        let drained = drain(plan, &control);
        control.enter(Phase::Quit);
        let outcome = join(running)?;
        begin?;
        let (before, after, memory_peak_kib) = observed;
        let load = load_of(plan, &before, &after, memory_peak_kib);
        Ok(assemble(plan, load, &control.totals(), &drained, outcome))
    })
}

/// Names that no earlier run has used.
fn destination_names(plan: &Plan) -> Vec<String> {
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    let run = format!("load-{:x}-{}", since.as_millis(), std::process::id());
    (0..plan.scenario.destination_count.max(1))
        .map(|n| format!("{run}-{n}"))
        .collect()
}

fn uses_jetstream(plan: &Plan) -> bool {
    plan.protocol == Protocol::Nats && plan.scenario.persistent
}

fn prepare(plan: &Plan, names: &[String]) -> Result<()> {
    if uses_jetstream(plan) {
        for name in names {
            nats::create_stream(plan.address, name)?;
            nats::create_push_consumer(plan.address, name)?;
        }
    }
    Ok(())
}

fn clean(plan: &Plan, names: &[String]) -> Result<()> {
    if uses_jetstream(plan) {
        for name in names {
            nats::delete_stream(plan.address, name)?;
        }
    }
    Ok(())
}

fn build_lanes(plan: &Plan, names: &[String]) -> Result<Vec<Lane>> {
    let scenario = &plan.scenario;
    let consumers = open_consumers(plan, names, scenario.consumer_count)?;
    let mut producers = Vec::new();
    for (number, name) in (0..scenario.producer_count).zip(names.iter().cycle()) {
        producers.push(Endpoint::Producer(open_producer(plan, name, number)?));
    }
    let tick = scenario
        .rate_per_second
        .map(|rate| Duration::from_secs(1) / rate.max(1));
    let tracker = tracker(scenario);
    if plan.lane_count < 2 || consumers.is_empty() {
        let all = consumers.into_iter().chain(producers).collect();
        return Ok(vec![Lane::new(all, tracker, tick)?]);
    }
    let sending = Lane::new(producers, Tracker::new(0, 0), tick)?;
    Ok(vec![Lane::new(consumers, tracker, None)?, sending])
}

fn tracker(scenario: &Scenario) -> Tracker {
    let groups = match scenario.style {
        Style::Queue => 1,
        Style::Topic => scenario.consumer_count.max(1) as usize,
    };
    Tracker::new(groups, scenario.producer_count as usize)
}

fn open_consumers(plan: &Plan, names: &[String], count: u32) -> Result<Vec<Endpoint>> {
    let scenario = &plan.scenario;
    let mut consumers = Vec::new();
    for (index, name) in (0..count as usize).zip(names.iter().cycle()) {
        let connection = open_consumer(plan, name)?;
        let group = match scenario.style {
            Style::Queue => 0,
            Style::Topic => index,
        };
        let producers = scenario.producer_count as usize;
        consumers.push(Endpoint::Consumer(Consumer::new(
            connection, group, producers,
        )));
    }
    Ok(consumers)
}

fn open_consumer(plan: &Plan, name: &str) -> Result<Connection> {
    match plan.protocol {
        Protocol::Stomp => stomp::open_consumer(plan.address, &plan.scenario, name),
        Protocol::Openwire => {
            openwire::open_consumer(plan.address, &plan.scenario, name, plan.openwire)
        }
        Protocol::Nats => nats::open_consumer(plan.address, &plan.scenario, name),
    }
    .context("cannot connect a consumer")
}

fn open_producer(plan: &Plan, name: &str, number: u32) -> Result<Producer> {
    let scenario = &plan.scenario;
    let (connection, shape) = match plan.protocol {
        Protocol::Stomp => stomp::open_producer(plan.address, scenario, name),
        Protocol::Openwire => {
            let place = openwire::Place { name, number };
            openwire::open_producer(plan.address, scenario, place, plan.openwire)
        }
        Protocol::Nats => nats::open_producer(plan.address, scenario, name, number),
    }
    .context("cannot connect a producer")?;
    let frames_max = scenario
        .window_count
        .map_or(usize::MAX, |window| window as usize);
    let pace = Pace {
        window_count: scenario.window_count,
        rate_per_second: scenario
            .rate_per_second
            .map(|rate| f64::from(rate) / f64::from(scenario.producer_count.max(1))),
    };
    Ok(Producer::new(
        connection,
        number,
        Train::new(&shape, frames_max),
        pace,
    ))
}

/// A lane that empties the queues of a scenario without consumers.
fn drain_lane(plan: &Plan, names: &[String]) -> Result<Lane> {
    let count = u32::try_from(names.len())?;
    Lane::new(
        open_consumers(plan, names, count)?,
        tracker(&plan.scenario),
        None,
    )
}

/// Warms up, then looks twice with the measured duration between; also returns the memory peak.
fn observe(plan: &Plan, control: &Control) -> (Look, Look, u64) {
    let tree = plan.broker_pid.map(ProcessTree::of).unwrap_or_default();
    let load = ProcessTree::of(std::process::id());
    let is_peak_fresh = tree.reset_memory_peak();
    thread::sleep(plan.warmup);
    let before = look(control, &tree, &load);
    control.enter(Phase::Measure);
    thread::sleep(plan.duration);
    let after = look(control, &tree, &load);
    let peak = tree.memory_peak_kib();
    (
        before,
        after,
        if is_peak_fresh {
            peak
        } else {
            peak.max(tree.memory_kib())
        },
    )
}

fn look(control: &Control, broker: &ProcessTree, load: &ProcessTree) -> Look {
    Look {
        at: Instant::now(),
        totals: control.totals(),
        broker_cpu_us: broker.cpu_us(),
        load_cpu_us: load.cpu_us(),
        machine: MachineTime::now(),
    }
}

/// Waits until everything sent has arrived, nothing moves any more, or the limit is reached.
fn drain(plan: &Plan, control: &Control) -> Drained {
    let begin = Instant::now();
    let first = control.totals();
    let mut last = first;
    let mut changed = begin;
    loop {
        thread::sleep(DRAIN_LOOK);
        let totals = control.totals();
        if totals != last {
            (last, changed) = (totals, Instant::now());
        }
        let is_complete = is_finished(&plan.scenario, &totals);
        let is_quiet = changed.elapsed() > DRAIN_QUIET;
        if is_complete || is_quiet || begin.elapsed() > plan.drain_limit {
            return Drained {
                seconds: (changed - begin).as_secs_f64(),
                count: totals.consumed - first.consumed,
                is_complete: is_complete || is_quiet,
            };
        }
    }
}

fn is_finished(scenario: &Scenario, totals: &Totals) -> bool {
    totals.sent == totals.stamped
        && (!scenario.is_confirmed() || totals.confirmed == totals.stamped)
        && totals.consumed >= totals.stamped * scenario.deliveries_per_message()
}

fn join(lanes: Vec<ScopedJoinHandle<'_, Result<LaneOutcome>>>) -> Result<LaneOutcome> {
    let mut sum: Option<LaneOutcome> = None;
    for lane in lanes {
        let outcome = lane
            .join()
            .map_err(|_panic| anyhow!("a lane of the load tool crashed"))??;
        match &mut sum {
            None => sum = Some(outcome),
            Some(sum) => sum.add(outcome)?,
        }
    }
    sum.context("no lane ran")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and times of a run are far below 2^52"
)]
fn load_of(plan: &Plan, before: &Look, after: &Look, memory_peak_kib: u64) -> Load {
    let seconds = (after.at - before.at).as_secs_f64();
    let per_second = |count: u64| count as f64 / seconds;
    let percent = |micros: u64| micros as f64 / seconds / 1e4;
    let confirmed = after.totals.confirmed - before.totals.confirmed;
    let consumed = after.totals.consumed - before.totals.consumed;
    let messages = match plan.scenario.consumer_count {
        0 => confirmed,
        _ => consumed,
    };
    let per_message = |micros: u64| (messages > 0).then(|| micros as f64 / messages as f64);
    let broker_us = after.broker_cpu_us.saturating_sub(before.broker_cpu_us);
    let load_us = after.load_cpu_us.saturating_sub(before.load_cpu_us);
    let busy_us = after.machine.busy_us.saturating_sub(before.machine.busy_us);
    let has_broker = plan.broker_pid.is_some();
    Load {
        seconds,
        sent_per_second: per_second(after.totals.sent - before.totals.sent),
        confirmed_per_second: plan.scenario.is_confirmed().then(|| per_second(confirmed)),
        consumed_per_second: per_second(consumed),
        broker_cpu_us_per_message: per_message(broker_us).filter(|_| has_broker),
        broker_cpu_percent: has_broker.then(|| percent(broker_us)),
        broker_memory_peak_mib: has_broker.then(|| memory_peak_kib as f64 / 1024.0),
        load_cpu_us_per_message: per_message(load_us),
        load_cpu_percent: percent(load_us),
        other_cpu_percent: percent(busy_us.saturating_sub(broker_us + load_us)),
        stolen_cpu_percent: percent(
            after
                .machine
                .stolen_us
                .saturating_sub(before.machine.stolen_us),
        ),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of a run are far below 2^52"
)]
fn assemble(
    plan: &Plan,
    load: Load,
    totals: &Totals,
    drained: &Drained,
    outcome: LaneOutcome,
) -> Record {
    let expected = totals.sent * plan.scenario.deliveries_per_message();
    let missing = expected.saturating_sub(outcome.counts.distinct);
    let (lost, undrained) = if drained.is_complete {
        (missing, 0)
    } else {
        (0, missing)
    };
    let drain_rate = drained.count as f64 / drained.seconds.max(1e-3);
    Record {
        scenario: plan.scenario.clone(),
        load,
        delivery_latency: outcome.delivery.summary(),
        confirm_latency: outcome.confirm.summary(),
        sent_total: totals.sent,
        consumed_total: totals.consumed,
        lost,
        undrained,
        unconfirmed: match plan.scenario.is_confirmed() {
            true => totals.stamped - totals.confirmed,
            false => 0,
        },
        duplicates: outcome.counts.duplicates,
        disordered: outcome.counts.disordered,
        foreign: outcome.counts.foreign,
        confirms_disordered: outcome.confirms_disordered,
        drain_seconds: drained.seconds,
        drain_per_second: (plan.scenario.consumer_count == 0).then_some(drain_rate),
        failures: outcome.failures,
    }
}
