use super::*;
use crate::entry::Held;
use crate::flow::usage::{Charge, Signal, Usage};
use floodway_message::MessageBuilder;
use std::sync::Arc;

fn entry(order: u64) -> Entry {
    let usage = Usage::root("test", 0, Arc::new(Signal::default()));
    Entry {
        message: Arc::new(MessageBuilder::new().build(0).unwrap()),
        held: Held::Alone {
            _charge: Charge::new(&usage, 1),
        },
        order,
        place: Place::Memory,
        expiration_ms: 0,
        arrived_ms: 0,
        redeliveries: 0,
        grouped: false,
    }
}

fn orders(lane: &Lane) -> Vec<u64> {
    lane.window.iter().map(|entry| entry.order).collect()
}

#[test]
fn messages_read_from_both_stores_come_in_one_order() {
    let mut lane = Lane::default();
    lane.stored.staged.extend([1, 4, 5].map(entry));
    lane.spooled.staged.extend([2, 3, 6].map(entry));
    lane.merge();
    assert_eq!(orders(&lane), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn nothing_is_merged_past_what_is_not_read_yet() {
    let mut lane = Lane::default();
    lane.stored.staged.extend([1, 4].map(entry));
    lane.spooled.end = 2;
    lane.merge();
    assert_eq!(orders(&lane), [] as [u64; 0], "the spool may hold order 0");
    lane.spooled.staged.extend([2].map(entry));
    lane.spooled.from = 1;
    lane.merge();
    assert_eq!(orders(&lane), [1, 2], "4 waits for the rest of the spool");
}

#[test]
fn a_message_given_back_goes_where_its_order_says() {
    let mut lane = Lane::default();
    lane.window.extend([5, 7].map(entry));
    for order in [6, 1, 9] {
        lane.give_back(entry(order));
    }
    assert_eq!(orders(&lane), [1, 5, 6, 7, 9]);
}

#[test]
fn positions_are_dense_whether_or_not_messages_stay_in_memory() {
    let mut backlog = Backlog::default();
    assert_eq!(backlog.assign(true), 0);
    assert!(backlog.is_empty());
    assert_eq!(backlog.assign(false), 1);
    assert!(!backlog.is_empty());
    assert_eq!((backlog.from, backlog.end), (1, 2));
}

#[test]
fn a_new_message_in_memory_stays_behind_what_is_still_on_disk() {
    let mut lane = Lane::default();
    lane.stored.end = 1;
    lane.append(entry(2));
    assert_eq!(orders(&lane), []);
    lane.stored.from = 1;
    lane.stored.staged.push_back(entry(1));
    lane.append(entry(3));
    lane.merge();
    assert_eq!(orders(&lane), [1, 2, 3]);
}

#[test]
fn merging_tells_the_first_message_that_came_into_the_window() {
    let mut lane = Lane::default();
    lane.stored.staged.extend([1, 2].map(entry));
    lane.spooled.end = 1;
    assert_eq!(lane.merge(), None);
    lane.spooled.from = 1;
    lane.spooled.staged.push_back(entry(3));
    assert_eq!(lane.merge(), Some(1));
}
