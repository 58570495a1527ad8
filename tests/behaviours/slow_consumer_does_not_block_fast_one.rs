//! A consumer that reads nothing costs others nothing.

use floodway_tests::Broker;

#[test]
fn on_a_topic() {
    let broker = Broker::start("");
    let (mut slow, mut fast) = (broker.client(), broker.client());
    slow.subscribe("/topic/prices", "0", "auto");
    fast.subscribe("/topic/prices", "0", "auto");
    let mut producer = broker.client();
    // More than the sockets and the output of the slow one can hold.
    let body = "x".repeat(100_000);
    for number in 0..200 {
        producer.send("/topic/prices", &format!("{number} {body}"));
        assert!(fast.body().starts_with(&format!("{number} ")));
    }
    // What it did not take in time is still there, in order.
    for number in 0..200 {
        assert!(slow.body().starts_with(&format!("{number} ")));
    }
}

#[test]
fn on_different_queues() {
    let broker = Broker::start("");
    let (mut slow, mut fast) = (broker.client(), broker.client());
    slow.subscribe("/queue/slow", "0", "auto");
    fast.subscribe("/queue/fast", "0", "auto");
    let mut producer = broker.client();
    let body = "x".repeat(100_000);
    for number in 0..200 {
        producer.send("/queue/slow", &body);
        producer.send("/queue/fast", &number.to_string());
        assert_eq!(fast.body(), number.to_string());
    }
}
