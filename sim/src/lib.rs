//! The simulator: broker core and store on a simulated disk and clock, with simulated
//! connections. One seed decides everything; what comes out is a verdict.
//!
//! It drives [`floodway_broker`] and [`floodway_store`] step by step on one thread. It knows
//! nothing of sockets, threads or protocols, and reads no clock.

mod body;
mod client;
mod disk;
mod finding;
mod gate;
mod ledger;
mod plan;
mod random;
mod stores;
mod trace;
mod world;

pub use finding::{Checker, Violation};
pub use gate::{Failure, GatePlan, GateReport, gate};
pub use world::Outcome;

use trace::Trace;
use world::World;

/// Runs one seed to its end or its first violation.
pub fn run(seed: u64) -> Outcome {
    World::new(seed, Trace::default()).run()
}

/// The same, with a line for everything that happened.
pub fn run_traced(seed: u64) -> Outcome {
    World::new(seed, Trace::with_lines()).run()
}
