//! What `/metrics` tells of times: histograms as OpenMetrics has them, and a bounded number.

use crate::served::{LOGIN, NOW, Served, client};
use floodway_broker::settings::BrokerSettings;
use floodway_message::session::{
    Ack, AckKind, AckRange, Command, Destinations, OpenConsumer, Send,
};
use floodway_message::{BodyKind, Destination, MessageBuilder, Now};
use floodway_store::MemoryStore;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Messages wait 3 ms in each of these queues.
pub(crate) fn waited(queues: &[&str], times_max: usize) -> Served {
    let store = Arc::new(MemoryStore::new());
    let served = Served::of(BrokerSettings::default(), Some(store), |settings| {
        settings.metrics_times_max = times_max;
    });
    let stopwatch = || Duration::from_secs(7);
    served.broker.measure_commits(Box::new(stopwatch));
    let mut commands = Vec::new();
    for (queue, consumer) in queues.iter().zip(1..) {
        let queue = Destination::parse(queue).unwrap();
        let open = OpenConsumer::new(consumer, vec![queue.clone()]);
        commands.push(Command::OpenConsumer(Box::new(open)));
        let mut builder = MessageBuilder::new();
        builder
            .persistent(true)
            .destination(&queue)
            .body(BodyKind::Text, "text".into());
        commands.push(Command::Send(Send {
            producer: 1,
            destinations: Destinations::One(queue),
            message: builder.build(0).unwrap(),
            tx: None,
            reply: Some(consumer),
        }));
    }
    let session = client(&served, "c", commands);
    let acks = queues.iter().zip(1..).map(|(_, consumer)| {
        Command::Ack(Ack {
            consumer,
            range: AckRange::UpTo(u64::MAX),
            kind: AckKind::Consumed,
            cause: None,
            tx: None,
            reply: None,
        })
    });
    let later = Now {
        wall_ms: NOW.wall_ms + 3,
        ..NOW
    };
    session.submit(&mut acks.collect(), later);
    served
}

/// The samples of all histograms: by name and labels but `le`, the bounds with their counts.
fn histograms(text: &str) -> BTreeMap<String, Vec<(f64, u64)>> {
    let mut all: BTreeMap<String, Vec<(f64, u64)>> = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains("le=\"")) {
        let (head, rest) = line.split_once("le=\"").unwrap();
        let (bound, count) = rest.split_once("\"} ").unwrap();
        let name = head.replace("_bucket{", "{").replace(',', "");
        let of_name = all.entry(name).or_default();
        of_name.push((bound.parse().unwrap(), count.parse().unwrap()));
    }
    all
}

fn metrics(served: &Served, query: &str) -> String {
    let answer = served.ask(&format!("GET /metrics{query}"), LOGIN, "");
    assert_eq!(answer.status, 200);
    answer.body
}

#[test]
fn buckets_ascend_and_end_with_all_that_was_counted() {
    let text = metrics(&waited(&["queue://a", "queue://b"], 9), "?destinations=1");
    let all = histograms(&text);
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "floodway_commit_seconds{",
            "floodway_destination_message_wait_seconds{kind=\"queue\"name=\"a\"",
            "floodway_destination_message_wait_seconds{kind=\"queue\"name=\"b\"",
            "floodway_message_wait_seconds{",
            "floodway_send_blocked_seconds{",
        ]
    );
    for (name, buckets) in &all {
        assert!(buckets.len() <= 20, "{name}: {}", buckets.len());
        assert!(buckets.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1));
        let (last, count) = buckets.last().unwrap();
        assert!(last.is_infinite(), "{name}");
        let told = format!("{}_count", name.trim_end_matches('{'));
        assert!(
            !name.ends_with('{') || text.contains(&format!("\n{told} {count}\n")),
            "{told} {count}: {text}"
        );
    }
    let below = |bound: f64| {
        let buckets = &all["floodway_message_wait_seconds{"];
        buckets.iter().find(|one| one.0 == bound).unwrap().1
    };
    assert_eq!((below(0.001), below(0.005)), (0, 2));
    assert!(text.contains("\nfloodway_message_wait_seconds_sum 0.006\n"));
    assert!(text.contains("\n# TYPE floodway_commit_seconds histogram\n"));
    assert!(text.contains("\nfloodway_commit_seconds_count 2\n"));
}

#[test]
fn times_of_destinations_come_when_asked_for_and_of_a_bounded_number() {
    let served = waited(&["queue://a", "queue://b", "queue://c"], 2);
    let of_one = "floodway_destination_message_wait_seconds_count{";
    assert!(!metrics(&served, "").contains(of_one));
    let text = metrics(&served, "?destinations=1");
    assert_eq!(text.matches(of_one).count(), 2);
    assert!(text.contains("\nfloodway_destination_times_left_out 1\n"));
}
