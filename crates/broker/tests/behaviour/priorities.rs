//! Priorities of a backlog that memory does not hold: what is higher goes first, also while it is
//! on disk and memory is full of what is lower.

use crate::client::{Client, Got, World, consumer, message, property, queue_policy, selecting};
use floodway_broker::settings::{BrokerSettings, Cursor, PolicyEntry};
use floodway_message::session::*;
use floodway_message::{Destination, MessageBuilder};
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, JournalSettings};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

const Q: &str = "queue://Q";
/// Room for twenty messages below the mark.
const LIMIT: u64 = 32 << 10;
const MESSAGE: u64 = 1200;

fn prioritized(cursor: Cursor) -> PolicyEntry {
    queue_policy("Q", |entry| {
        entry.prioritized_messages = true;
        entry.memory_limit_bytes = LIMIT;
        entry.page_size_max = 10;
        entry.pending_queue_policy = cursor;
    })
}

fn numbered(number: usize, priority: u8, persistent: bool) -> MessageBuilder {
    let mut builder = message(&number.to_string());
    builder.priority(priority).persistent(persistent);
    builder
}

/// Sends messages of these priorities, numbered from `first`.
fn send_all(
    client: &Client<'_>,
    first: usize,
    priorities: &[u8],
    persistent: impl Fn(usize) -> bool,
) {
    for (number, priority) in (first..).zip(priorities) {
        let reply = client.send_to(Q, numbered(number, *priority, persistent(number)));
        assert_eq!(client.answer(reply), Some(Ok(())), "send of {number}");
    }
}

/// Numbers from `first` in the order in which they must come.
fn ordered(first: usize, priorities: &[u8]) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..priorities.len()).collect();
    numbers.sort_by_key(|number| (9 - priorities[*number], *number));
    numbers.into_iter().map(|number| number + first).collect()
}

fn number(got: &Got) -> usize {
    got.body.parse().unwrap()
}

fn open(client: &Client<'_>, id: u64, prefetch: u32) {
    let mut open = consumer(id, Q);
    open.prefetch = Some(prefetch);
    client.open(open);
}

/// Takes what comes, one acknowledgement after the other.
struct Taker<'a> {
    client: &'a Client<'a>,
    waiting: VecDeque<Got>,
}

impl<'a> Taker<'a> {
    fn new(client: &'a Client<'a>) -> Self {
        let waiting = VecDeque::new();
        Self { client, waiting }
    }

    /// Until nothing comes or `most` are taken.
    fn take(&mut self, most: usize) -> Vec<usize> {
        let mut taken = Vec::new();
        while taken.len() < most {
            self.waiting.extend(self.client.got());
            let used = self.client.world.broker.view().memory_used_bytes;
            assert!(used <= LIMIT + MESSAGE, "{used} bytes in memory");
            let Some(one) = self.waiting.pop_front() else {
                break;
            };
            taken.push(number(&one));
            self.client.ack(one.consumer, one.delivery);
        }
        taken
    }
}

fn take(client: &Client<'_>, most: usize) -> Vec<usize> {
    Taker::new(client).take(most)
}

/// Is the message of a number persistent?
type Persistence = fn(usize) -> bool;

const KINDS: [(&str, Persistence); 3] = [
    ("persistent", |_| true),
    ("non-persistent", |_| false),
    ("mixed", |number| number % 2 == 0),
];

/// Lower priorities first, so that memory is full of them; then all others.
fn low_then_high() -> Vec<u8> {
    let low = (0..60).map(|number| number % 4);
    let high = (0..90).map(|number| 4 + number * 7 % 6);
    low.chain(high)
        .map(|priority: u16| priority as u8)
        .collect()
}

#[test]
fn higher_priorities_on_disk_go_before_lower_ones_that_fill_memory() {
    for cursor in [Cursor::Store, Cursor::File] {
        for (kind, persistent) in KINDS {
            for prefetch in [1, 5] {
                let world = World::with_policy(prioritized(cursor));
                let client = world.client("c");
                let priorities = low_then_high();
                send_all(&client, 0, &priorities, persistent);
                open(&client, 1, prefetch);
                let taken = take(&client, usize::MAX);
                let case = format!("{cursor:?}, {kind}, prefetch {prefetch}");
                assert_eq!(taken, ordered(0, &priorities), "{case}");
                assert_eq!(world.broker.view().memory_used_bytes, 0, "{case}");
            }
        }
    }
}

#[test]
fn a_prioritized_backlog_of_an_earlier_life_comes_highest_first() {
    let before = World::with_policy(prioritized(Cursor::Store));
    let priorities = low_then_high();
    send_all(&before.client("p"), 0, &priorities, |_| true);
    let world = before.reopened();
    let client = world.client("c");
    open(&client, 1, 5);
    assert_eq!(take(&client, usize::MAX), ordered(0, &priorities));
}

#[test]
fn what_is_higher_goes_next_and_what_was_let_go_for_it_comes_back_in_order() {
    for (kind, persistent) in KINDS {
        let world = World::with_policy(prioritized(Cursor::Store));
        let client = world.client("c");
        send_all(&client, 0, &[3; 100], persistent);
        open(&client, 1, 2);
        let mut taker = Taker::new(&client);
        let mut taken = taker.take(10);
        // More than memory holds, three times in between.
        let mut first = 100;
        for _ in 0..3 {
            send_all(&client, first, &[8; 40], persistent);
            first += 40;
            taken.extend(taker.take(45));
        }
        taken.extend(taker.take(usize::MAX));
        let all: Vec<usize> = (0..first).collect();
        let mut sorted = taken.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, all, "{kind}: each comes once");
        let low: Vec<usize> = taken.iter().copied().filter(|one| *one < 100).collect();
        assert_eq!(low, (0..100).collect::<Vec<_>>(), "{kind}: in order");
        let high: Vec<usize> = taken.iter().copied().filter(|one| *one >= 100).collect();
        assert_eq!(high, (100..first).collect::<Vec<_>>(), "{kind}: in order");
        // Two were in flight when the first came, and two that had come meanwhile.
        let at = taken.iter().position(|one| *one == 100).unwrap();
        let last = taken.iter().position(|one| *one == 139).unwrap();
        assert_eq!(last - at, 39, "{kind}: nothing lower in between");
        assert!(at <= 14, "{kind}: {taken:?}");
    }
}

#[test]
fn messages_in_flight_stay_with_their_consumer_while_their_lane_is_let_go() {
    let world = World::with_policy(prioritized(Cursor::Store));
    let (holder, other) = (world.client("holder"), world.client("other"));
    send_all(&other, 0, &[3; 50], |number| number % 2 == 0);
    open(&holder, 1, 5);
    let held: Vec<usize> = holder.got().iter().map(number).collect();
    assert_eq!(held, [0, 1, 2, 3, 4]);
    send_all(&other, 50, &[9; 30], |_| true);
    open(&other, 2, 1);
    assert_eq!(take(&other, 20), (50..70).collect::<Vec<_>>());
    holder.close();
    // What it gives back comes with its priority, in its order.
    let rest: Vec<usize> = (70..80).chain(0..50).collect();
    assert_eq!(take(&other, usize::MAX), rest);
}

#[test]
fn a_transaction_that_was_rolled_back_gives_back_to_a_lane_that_was_let_go() {
    let world = World::with_policy(prioritized(Cursor::Store));
    let client = world.client("c");
    send_all(&client, 0, &[3; 50], |_| true);
    open(&client, 1, 5);
    let last = client.got().last().unwrap().delivery;
    let begun = client.ask(|reply| Command::Begin { tx: 7, reply });
    assert_eq!(begun, Some(Ok(())));
    client.ack_as(1, AckRange::UpTo(last), AckKind::Consumed, Some(7));
    send_all(&client, 50, &[9; 30], |_| true);
    let next: Vec<usize> = client.got().iter().map(number).collect();
    assert_eq!(next, [5, 6, 7, 8, 9], "dispatched before the others came");
    let over = client.ask(|reply| Command::Rollback { tx: 7, reply });
    assert_eq!(over, Some(Ok(())));
    client.close();
    let client = world.client("d");
    open(&client, 1, 1);
    let rest: Vec<usize> = (50..80).chain(0..50).collect();
    assert_eq!(take(&client, usize::MAX), rest);
}

#[test]
fn who_has_no_room_for_a_higher_message_is_given_no_lower_one_before_it() {
    let world = World::with_policy(prioritized(Cursor::Store));
    let client = world.client("c");
    let send = |first: usize, count: usize, priority: u8| {
        for number in first..first + count {
            let mut builder = numbered(number, priority, true);
            property(&mut builder, "for", if number % 2 == 0 { "a" } else { "b" });
            client.send_to(Q, builder);
        }
    };
    send(0, 60, 2);
    send(60, 60, 8);
    let wants = |id: u64, who: &str, prefetch: u32| {
        let mut open = consumer(id, Q);
        open.prefetch = Some(prefetch);
        client.open(selecting(open, &format!("for = '{who}'")));
    };
    wants(1, "a", 4);
    wants(2, "b", 1);
    let mut got: [Vec<usize>; 2] = Default::default();
    let mut waiting: Vec<Got> = Vec::new();
    // The one with little room is served to its end first, past what the other waits for.
    for turn in 0..1000 {
        waiting.extend(client.got());
        let quick = waiting.iter().position(|one| one.consumer == 2);
        let Some(at) = quick.or_else(|| (!waiting.is_empty()).then_some(0)) else {
            break;
        };
        let one = waiting.remove(at);
        got[one.consumer as usize - 1].push(number(&one));
        client.ack(one.consumer, one.delivery);
        // What waits for the next tick does not wait for ever.
        if turn % 10 == 0 {
            world.pass(1000);
        }
    }
    let expected =
        |odd: usize| -> Vec<usize> { (60..120).chain(0..60).filter(|n| n % 2 == odd).collect() };
    assert_eq!(got[0], expected(0));
    assert_eq!(got[1], expected(1));
}

#[test]
fn a_browser_sees_what_was_passed_over() {
    let mut entry = prioritized(Cursor::Store);
    for several in [true, false] {
        entry.prioritized_messages = several;
        let world = World::with_policy(entry.clone());
        let client = world.client("c");
        send_all(&client, 0, &[5; 200], |number| number % 2 == 0);
        client.open(selecting(consumer(1, Q), "wanted = 'no such'"));
        let mut open = consumer(2, Q);
        open.browser = true;
        open.prefetch = Some(1000);
        client.open(open);
        let mut seen: Vec<usize> = client.got().iter().map(number).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..200).collect::<Vec<_>>(), "prioritized: {several}");
    }
}

/// A journal in a folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("floodway-priorities-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn world(&self) -> World {
        let disk = Arc::new(OsDisk::new(&self.0).unwrap());
        let journal = Journal::open(disk, JournalSettings::default()).unwrap();
        let settings = BrokerSettings {
            policies: vec![prioritized(Cursor::Store)],
            ..BrokerSettings::default()
        };
        World::on_journal(settings, journal)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn lower_priorities_do_not_wait_for_what_cannot_be_read() {
    let folder = Folder::new("unreadable");
    let world = folder.world();
    let client = world.client("c");
    // Enough for memory, which the last of them does not leave room for.
    send_all(&client, 0, &[3; 15], |_| false);
    send_all(&client, 15, &[8; 40], |_| true);
    for file in std::fs::read_dir(&folder.0).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "log") {
            std::fs::remove_file(path).unwrap();
        }
    }
    open(&client, 1, 1);
    let taken = take(&client, usize::MAX);
    let low: Vec<usize> = taken.iter().copied().filter(|one| *one < 15).collect();
    assert_eq!(low, (0..15).collect::<Vec<_>>(), "{taken:?}");
    assert!(taken.len() < 55, "the others cannot be read: {taken:?}");
}

#[test]
fn lower_priorities_do_not_wait_for_what_is_not_written_yet() {
    let folder = Folder::new("unwritten");
    let world = folder.world();
    let client = world.client("c");
    send_all(&client, 0, &[3; 30], |_| true);
    let destination = Destination::parse(Q).unwrap();
    for number in 30..32 {
        let mut builder = numbered(number, 8, true);
        builder.destination(&destination);
        let send = Command::Send(Send {
            producer: 1,
            destinations: Destinations::One(destination.clone()),
            message: builder.build(1 << 14).unwrap(),
            tx: None,
            reply: None,
        });
        client.session.submit(&mut vec![send], world.now());
    }
    let mut open = consumer(1, Q);
    open.prefetch = Some(2);
    let command = Command::OpenConsumer(Box::new(open));
    client.session.submit(&mut vec![command], world.now());
    // The disk does nothing meanwhile.
    while world.broker.page_step(world.now()) {}
    let got = client.got();
    assert_eq!(got.iter().map(number).collect::<Vec<_>>(), [0, 1]);
    world.settle();
    client.ack(1, got[0].delivery);
    client.ack(1, got[1].delivery);
    let rest: Vec<usize> = (30..32).chain(2..30).collect();
    assert_eq!(take(&client, usize::MAX), rest);
}
