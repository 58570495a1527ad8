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
            charge: Charge::new(&usage, 1),
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

const LIST: ListId = 7;

/// A lane with messages of these positions, in order, in its window; what follows is on disk.
fn with_window(positions: &[u64], end: u64) -> Lane {
    let mut lane = Lane::default();
    lane.stored.list = Some(LIST);
    for position in positions {
        lane.window.push_back(stored(*position));
    }
    lane.stored.from = positions.last().map_or(0, |last| last + 1);
    lane.stored.end = end;
    lane.stored.count = end - lane.stored.from;
    lane
}

fn place(position: u64) -> Place {
    let list = LIST;
    Place::Stored { list, position }
}

fn stored(position: u64) -> Entry {
    Entry {
        place: place(position),
        ..entry(position)
    }
}

#[test]
fn the_latest_are_let_go_as_far_as_room_is_needed() {
    let mut lane = with_window(&[0, 1, 2, 3, 4, 5], 9);
    // Asked before anything leaves, and after each.
    let left = std::cell::Cell::new(4);
    lane.let_go(|| left.replace(left.get() - 1) == 0);
    assert_eq!((orders(&lane), lane.let_go_from), (vec![0, 1, 2], Some(3)));
    assert_eq!(lane.count(), 9);
    lane.rewind(&[]);
    assert_eq!((lane.stored.from, lane.let_go_from), (3, None));
    assert_eq!((orders(&lane), lane.count()), (vec![0, 1, 2], 9));
}

#[test]
fn what_is_in_memory_only_waits_for_what_was_let_go_before_it() {
    let mut lane = with_window(&[0, 1], 2);
    lane.window.push_back(entry(2));
    lane.let_go(|| false);
    assert_eq!((orders(&lane), lane.let_go_from), (vec![2], Some(0)));
    // A new one comes meanwhile.
    lane.append(entry(3));
    lane.rewind(&[]);
    lane.merge();
    assert_eq!(orders(&lane), []);
    lane.stored.staged.extend([stored(0), stored(1)]);
    lane.stored.from = 2;
    lane.merge();
    assert_eq!(orders(&lane), [0, 1, 2, 3]);
}

#[test]
fn what_is_in_flight_is_not_read_again_after_letting_go() {
    let mut lane = with_window(&[0, 1, 3], 4);
    lane.let_go(|| false);
    lane.rewind(&[place(2)]);
    assert_eq!(lane.stored.from, 0);
    assert!(lane.stored.skipped(&stored(2)));
    assert!(!lane.stored.skipped(&stored(1)));
}

#[test]
fn what_was_read_ahead_is_let_go_first() {
    let mut lane = with_window(&[0], 3);
    lane.stored.staged.extend([stored(1), stored(2)]);
    (lane.stored.from, lane.stored.count) = (3, 0);
    lane.spooled.end = 1;
    let asked = std::cell::Cell::new(false);
    lane.let_go(|| asked.replace(true));
    assert_eq!((orders(&lane), lane.let_go_from), (vec![0], Some(1)));
    assert!(lane.stored.staged.is_empty());
    lane.rewind(&[]);
    assert_eq!((lane.stored.from, lane.count()), (1, 3));
}

#[test]
fn what_was_given_back_before_what_is_unread_is_read_with_it() {
    let mut lane = with_window(&[], 9);
    lane.stored.from = 3;
    lane.stored.skip.insert(7);
    lane.window.push_back(stored(7));
    lane.pass_over();
    assert!(!lane.has_passed() && !lane.stored.skipped(&stored(7)));
    lane.rewind(&[]);
    assert_eq!(lane.stored.from, 3);
}
