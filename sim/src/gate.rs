//! Many seeds on several threads, each thread with seeds of its own, and a report of the broken
//! promises. A seed that does not come to an end is reported by its number.

use crate::finding::{Checker, Violation};
use crate::{Outcome, run};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct GatePlan {
    /// First seed.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Threads.
    pub threads: usize,
    /// Every so many seeds, one is run twice and must do the same both times; 0 for none.
    pub twice_every: u64,
    /// Stop after so many failed seeds.
    pub failures_max: usize,
    /// A seed that takes longer than this is given up.
    pub patience: Duration,
}

/// A seed that broke a promise.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// What was broken.
    pub violations: Vec<Violation>,
}

/// How the seeds went.
#[derive(Debug, Clone, Default)]
pub struct GateReport {
    /// Seeds that came to an end.
    pub seeds: u64,
    /// Steps, messages, lives of the broker, and changes of the disk, of all seeds.
    pub steps: u64,
    /// See [`GateReport::steps`].
    pub messages: u64,
    /// See [`GateReport::steps`].
    pub lives: u64,
    /// See [`GateReport::steps`].
    pub disk_operations: u64,
    /// Seeds that broke a promise.
    pub failures: Vec<Failure>,
    /// Seeds that did not come to an end.
    pub endless: Vec<u64>,
    /// Seeds that went two ways.
    pub ambiguous: Vec<u64>,
}

impl GateReport {
    /// Is everything well?
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.endless.is_empty() && self.ambiguous.is_empty()
    }
}

struct Shared {
    plan: GatePlan,
    next: AtomicU64,
    report: Mutex<GateReport>,
    stops: AtomicBool,
}

/// A thread that works: the seed it is at, and how many it has done.
struct Worker {
    seed: AtomicU64,
    done: AtomicU64,
    ended: AtomicBool,
}

/// Runs seeds. Does not wait for a thread that is stuck in one.
pub fn gate(plan: GatePlan) -> GateReport {
    let shared = Arc::new(Shared {
        plan,
        next: AtomicU64::new(0),
        report: Mutex::new(GateReport::default()),
        stops: AtomicBool::new(false),
    });
    let workers: Vec<Arc<Worker>> = (0..plan.threads.max(1))
        .map(|_| {
            let worker = Arc::new(Worker {
                seed: AtomicU64::new(plan.first),
                done: AtomicU64::new(0),
                ended: AtomicBool::new(false),
            });
            let (shared, own) = (Arc::clone(&shared), Arc::clone(&worker));
            std::thread::spawn(move || shared.work(&own));
            worker
        })
        .collect();
    watch(&shared, &workers);
    let mut report = shared.lock().clone();
    report.failures.sort_by_key(|failure| failure.seed);
    report
}

/// Waits for all threads that get on.
fn watch(shared: &Shared, workers: &[Arc<Worker>]) {
    let tick = Duration::from_millis(50);
    let mut before: Vec<u64> = workers.iter().map(|_| 0).collect();
    let mut waited: Vec<Duration> = workers.iter().map(|_| Duration::ZERO).collect();
    loop {
        let mut working = false;
        for ((worker, before), waited) in workers.iter().zip(&mut before).zip(&mut waited) {
            if worker.ended.load(Ordering::SeqCst) {
                continue;
            }
            let done = worker.done.load(Ordering::SeqCst);
            if done == *before {
                *waited += tick;
            } else {
                (*before, *waited) = (done, Duration::ZERO);
            }
            if *waited < shared.plan.patience {
                working = true;
            } else if !worker.ended.swap(true, Ordering::SeqCst) {
                let seed = worker.seed.load(Ordering::SeqCst);
                shared.lock().endless.push(seed);
            }
        }
        if !working {
            return;
        }
        std::thread::park_timeout(tick);
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, GateReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, worker: &Worker) {
        while !self.stops.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.plan.seeds {
                break;
            }
            let seed = self.plan.first + number;
            worker.seed.store(seed, Ordering::SeqCst);
            let twice = self.plan.twice_every > 0 && number.is_multiple_of(self.plan.twice_every);
            self.run_one(seed, twice);
            worker.done.fetch_add(1, Ordering::SeqCst);
        }
        worker.ended.store(true, Ordering::SeqCst);
    }

    fn run_one(&self, seed: u64, twice: bool) {
        let outcome = run_caught(seed);
        let again = twice.then(|| run_caught(seed));
        let mut report = self.lock();
        report.seeds += 1;
        match outcome {
            Ok(outcome) => {
                let same = |again: Result<Outcome, Violation>| {
                    again.is_ok_and(|again| again.trace_hash == outcome.trace_hash)
                };
                if again.is_some_and(|again| !same(again)) {
                    report.ambiguous.push(seed);
                }
                report.steps += outcome.steps;
                report.messages += outcome.messages;
                report.lives += outcome.lives;
                report.disk_operations += outcome.disk_operations;
                if !outcome.violations.is_empty() {
                    let violations = outcome.violations;
                    report.failures.push(Failure { seed, violations });
                }
            }
            Err(violation) => {
                let violations = vec![violation];
                report.failures.push(Failure { seed, violations });
            }
        }
        if report.failures.len() >= self.plan.failures_max {
            self.stops.store(true, Ordering::Relaxed);
        }
    }
}

/// A panic is a violation like others.
fn run_caught(seed: u64) -> Result<Outcome, Violation> {
    catch_unwind(AssertUnwindSafe(|| run(seed))).map_err(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).into()))
            .unwrap_or_else(|| "a panic without words".into());
        Violation {
            checker: Checker::Panic,
            step: 0,
            text,
        }
    })
}
