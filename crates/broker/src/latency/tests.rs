use super::*;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

fn counted(values: &[u64]) -> Latencies {
    let mut latencies = Latencies::default();
    values.iter().for_each(|value| latencies.note(*value));
    latencies
}

fn at_most(latencies: &Latencies, seconds: f64) -> u64 {
    let bucket = latencies.buckets().find(|(bound, _)| *bound == seconds);
    bucket.unwrap().1
}

#[test]
fn a_value_counts_from_the_bound_that_it_does_not_exceed() {
    let latencies = counted(&[0, 1, 2, 1_000, 1_001, 86_400_000, 86_400_001]);
    assert_eq!(at_most(&latencies, 0.001), 2);
    assert_eq!(at_most(&latencies, 0.005), 3);
    assert_eq!(at_most(&latencies, 1.0), 4);
    assert_eq!(at_most(&latencies, 2.5), 5);
    assert_eq!(at_most(&latencies, 86_400.0), 6);
    assert_eq!(latencies.spread.count, 7);
}

#[test]
fn sums_are_of_both() {
    let mut sum = counted(&[3, 400]);
    sum.add(&counted(&[4]));
    assert_eq!(sum, counted(&[3, 4, 400]));
    assert!((sum.sum_seconds() - 0.407).abs() < 1e-9);
}

#[test]
fn bounds_of_all_scales_ascend() {
    for scale in [&WAITS, &COMMITS] {
        assert!(scale.bounds.is_sorted_by(|one, next| one < next));
    }
}

/// Commit times, and the clock that they read.
fn measuring() -> (CommitTimes, Arc<AtomicU64>) {
    let (times, clock) = (CommitTimes::default(), Arc::new(AtomicU64::new(0)));
    let read = Arc::clone(&clock);
    let stopwatch = move || Duration::from_micros(read.load(Ordering::Relaxed));
    times.measure_with(Box::new(stopwatch));
    (times, clock)
}

#[test]
fn one_batch_of_a_commit_is_measured_from_hand_over_to_durable() {
    let (times, clock) = measuring();
    clock.store(100, Ordering::Relaxed);
    let begun = times.begin();
    times.handed_over(begun, Some(7));
    // Another one of the same commit.
    assert_eq!(times.begin(), None);
    clock.store(400, Ordering::Relaxed);
    times.durable(6);
    assert_eq!(times.times().spread.count, 0);
    times.durable(8);
    assert_eq!(times.times().spread.sum, 300);
    times.durable(9);
    assert_eq!(times.times().spread.count, 1);
    assert!(times.begin().is_some());
}

#[test]
fn after_a_batch_that_the_store_refused_the_next_is_measured() {
    let (times, _) = measuring();
    let begun = times.begin();
    times.handed_over(begun, None);
    assert!(times.begin().is_some());
}

#[test]
fn nothing_is_measured_without_a_clock() {
    assert_eq!(CommitTimes::default().begin(), None);
}
