//! What is kept, for whom, and for how long.

use super::*;
use floodway_broker::settings::PolicyEntry;
use floodway_message::DestinationKind;
use std::sync::Arc;

fn history() -> History {
    History::new(&Settings {
        history_points_max: 3,
        history_destinations_max: 2,
        ..Settings::default()
    })
}

/// Queues by name, with what waits and what came.
fn view(queues: &[(&str, u64, u64)]) -> BrokerView {
    let entry = Arc::new(PolicyEntry::new(DestinationKind::Queue, ">"));
    let destinations = queues
        .iter()
        .map(|(name, pending, enqueued)| DestinationView {
            destination: Destination::parse(name).unwrap(),
            memory_used_bytes: 0,
            memory_limit_bytes: 0,
            parked: 0,
            messages: floodway_broker::view::MessagesView {
                pending: *pending,
                ..Default::default()
            },
            totals: floodway_broker::view::TotalsView {
                enqueued: *enqueued,
                ..Default::default()
            },
            policy: floodway_broker::view::PolicyView {
                pattern: String::new(),
                line: 0,
            },
            entry: Arc::clone(&entry),
            paused: false,
        });
    BrokerView {
        memory_used_bytes: 0,
        memory_limit_bytes: 0,
        memory_full_in_ms: None,
        destinations: destinations.collect(),
        durables: Vec::new(),
        connected: 0,
        commits: floodway_broker::Latencies::default(),
    }
}

fn at(seconds: u64) -> Now {
    Now {
        monotonic_ms: seconds * 1000,
        wall_ms: 0,
    }
}

fn is_kept(history: &History, name: &str) -> bool {
    history.of(&Destination::parse(name).unwrap()).is_some()
}

#[test]
fn only_the_newest_points_stay() {
    let mut history = history();
    for second in 0..10 {
        history.look(&view(&[("a", second, second)]), at(second));
    }
    let kept: Vec<u64> = history.broker().iter().map(|one| one.pending).collect();
    assert_eq!(kept, [7, 8, 9]);
}

#[test]
fn destinations_beyond_the_limit_wait_until_others_are_idle_or_gone() {
    let mut history = history();
    history.look(&view(&[("a", 1, 1), ("b", 0, 1), ("d", 0, 0)]), at(0));
    assert!(is_kept(&history, "a") && is_kept(&history, "b") && !is_kept(&history, "c"));
    for second in 1..4 {
        history.look(&view(&[("a", 1, 1), ("b", 0, 1), ("c", 1, 1)]), at(second));
    }
    // Nothing waits in b and nothing came for as long as is kept.
    assert!(is_kept(&history, "a") && !is_kept(&history, "b") && is_kept(&history, "c"));
    history.look(&view(&[("c", 1, 1)]), at(4));
    assert!(!is_kept(&history, "a") && is_kept(&history, "c"));
}

#[test]
fn rates_are_per_second_and_survive_totals_that_begin_again() {
    let mut history = history();
    for (second, total) in [(0, 10), (2, 30), (3, 5)] {
        history.look(&view(&[("a", 1, total)]), at(second));
    }
    assert_eq!(rates(history.broker(), |one| one.enqueued), [10.0, 5.0]);
}
