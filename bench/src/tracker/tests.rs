//! Loss, duplicates and disorder are each counted once and for what they are.

use super::*;

fn stamp(producer: u32, sequence: u64) -> Option<Stamp> {
    Some(Stamp {
        producer,
        sequence,
        sent_nanos: 0,
    })
}

fn counts(groups: usize, notes: &[(usize, u32, u64)]) -> Counts {
    let mut tracker = Tracker::new(groups, 2);
    let mut orders: Vec<Order> = (0..groups).map(|_| Order::new(2)).collect();
    for &(group, producer, sequence) in notes {
        tracker.note(group, &mut orders[group], stamp(producer, sequence));
    }
    tracker.counts()
}

#[test]
fn an_orderly_stream_counts_as_distinct_only() {
    let counts = counts(
        1,
        &[(0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (0, 0, 5000)],
    );
    assert_eq!(
        counts,
        Counts {
            distinct: 5,
            ..Counts::default()
        }
    );
}

#[test]
fn a_repeated_message_is_a_duplicate_and_not_disorder() {
    let counts = counts(1, &[(0, 0, 0), (0, 0, 1), (0, 0, 0)]);
    assert_eq!(
        counts,
        Counts {
            distinct: 2,
            duplicates: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn a_late_message_is_disorder_and_still_received() {
    let counts = counts(1, &[(0, 0, 1), (0, 0, 0), (0, 0, 2)]);
    assert_eq!(
        counts,
        Counts {
            distinct: 3,
            disordered: 1,
            ..Counts::default()
        }
    );
}

#[test]
fn each_group_has_its_own_copy_of_a_message() {
    let counts = counts(2, &[(0, 0, 0), (1, 0, 0)]);
    assert_eq!(
        counts,
        Counts {
            distinct: 2,
            ..Counts::default()
        }
    );
}

#[test]
fn messages_of_nobody_are_foreign() {
    let counts = counts(1, &[(0, 9, 0), (0, 0, u64::MAX)]);
    assert_eq!(
        counts,
        Counts {
            foreign: 2,
            ..Counts::default()
        }
    );
}
