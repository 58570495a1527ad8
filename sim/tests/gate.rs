//! Goal: some seeds of the simulator keep all promises on every test run; the full gate runs in CI.

use floodway_sim::{GatePlan, gate};
use std::time::Duration;

#[test]
fn seeds_keep_every_promise_and_go_one_way() {
    let report = gate(GatePlan {
        first: 1,
        seeds: 60,
        threads: 2,
        twice_every: 10,
        failures_max: 1,
        patience: Duration::from_secs(600),
    });
    let violations: Vec<_> = report.failures.iter().map(|one| &one.violations).collect();
    assert!(report.is_good(), "{violations:?}");
    assert_eq!(report.seeds, 60);
    assert!(report.messages > 1000 && report.lives > 60);
}
