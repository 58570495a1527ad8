use super::*;
use crate::entry::{Held, Place};
use crate::flow::usage::{Charge, Signal, Usage};
use floodway_message::MessageBuilder;
use std::sync::Arc;

fn filled(deliveries: &[u64]) -> InFlight {
    let usage = Usage::root("test", 0, Arc::new(Signal::default()));
    let mut in_flight = InFlight::default();
    for delivery in deliveries {
        let entry = Entry {
            message: Arc::new(MessageBuilder::new().build(0).unwrap()),
            held: Held::Alone {
                charge: Charge::new(&usage, 1),
            },
            order: *delivery,
            place: Place::Memory,
            expiration_ms: 0,
            arrived_ms: 0,
            redeliveries: 0,
            grouped: false,
        };
        in_flight.push(*delivery, entry);
    }
    in_flight
}

fn left(in_flight: &InFlight) -> Vec<u64> {
    in_flight
        .iter()
        .map(|delivered| delivered.delivery)
        .collect()
}

#[test]
fn one_is_taken_wherever_it_stands_and_only_once() {
    let mut in_flight = filled(&[1, 3, 4, 8]);
    assert_eq!(in_flight.take(4).map(|d| d.delivery), Some(4));
    assert!(in_flight.take(4).is_none());
    assert!(in_flight.take(2).is_none());
    assert_eq!(left(&in_flight), [1, 3, 8]);
}

#[test]
fn cumulative_takes_all_up_to_the_number() {
    let mut in_flight = filled(&[1, 3, 4, 8]);
    in_flight.take(1);
    let mut taken = Vec::new();
    while let Some(delivered) = in_flight.take_up_to(4) {
        taken.push(delivered.delivery);
    }
    assert_eq!(taken, [3, 4]);
    assert_eq!(left(&in_flight), [8]);
}

#[test]
fn what_a_transaction_has_acknowledged_stays_until_it_ends() {
    let mut in_flight = filled(&[1, 2, 3]);
    assert_eq!(in_flight.mark_up_to(2, 7), 2);
    assert!(!in_flight.mark(2, 8), "it belongs to the other transaction");
    assert!(in_flight.take(1).is_none());
    assert_eq!(in_flight.take_up_to(3).map(|d| d.delivery), Some(3));
    assert_eq!(in_flight.unmark(7), 2);
    assert!(in_flight.mark(1, 9));
    assert_eq!(in_flight.take_marked(9).len(), 1);
    assert_eq!(left(&in_flight), [2]);
}
