//! Percentiles come back in microseconds, and outliers are kept.

use super::*;

#[test]
fn percentiles_are_within_one_percent() {
    let mut latencies = Latencies::new().unwrap();
    for micros in 1..=1000 {
        latencies.record(micros * 1000);
    }
    let summary = latencies.summary().unwrap();
    assert_eq!(summary.count, 1000);
    for (found, expected) in [
        (summary.p50_us, 500.0),
        (summary.p99_us, 990.0),
        (summary.max_us, 1000.0),
    ] {
        assert!(
            (found / expected - 1.0).abs() < 0.015,
            "{found} is not near {expected}"
        );
    }
}

#[test]
fn a_value_beyond_the_bounds_is_clamped_and_counted() {
    let mut latencies = Latencies::new().unwrap();
    latencies.record(u64::MAX);
    let summary = latencies.summary().unwrap();
    assert_eq!(summary.count, 1);
    assert!(summary.max_us >= 600_000_000.0 * 0.99);
}

#[test]
fn nothing_recorded_gives_no_summary() {
    assert!(Latencies::new().unwrap().summary().is_none());
}
