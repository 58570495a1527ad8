//! The main job: what is sent arrives, in order, once.

use floodway_tests::Broker;

#[test]
fn queue_delivers_in_order_and_only_once() {
    let broker = Broker::start("");
    let (mut producer, mut consumer) = (broker.client(), broker.client());
    for body in ["one", "two", "three"] {
        producer.send("/queue/orders", body);
    }
    consumer.subscribe("/queue/orders", "0", "client-individual");
    for body in ["one", "two", "three"] {
        let message = consumer.expect("MESSAGE");
        assert_eq!(message.body, body);
        consumer.ack(&message);
    }
    consumer.confirm("DISCONNECT\n\n");
    let mut next = broker.client();
    next.subscribe("/queue/orders", "0", "auto");
    producer.send("/queue/orders", "four");
    assert_eq!(next.body(), "four");
}

#[test]
fn queue_shares_its_messages_among_consumers() {
    let broker = Broker::start("");
    let (mut left, mut right) = (broker.client(), broker.client());
    left.subscribe("/queue/work", "0", "auto");
    right.subscribe("/queue/work", "0", "auto");
    let mut producer = broker.client();
    for number in 0..10 {
        producer.send("/queue/work", &number.to_string());
    }
    let mut seen: Vec<u32> = Vec::new();
    for consumer in [&mut left, &mut right] {
        for _ in 0..5 {
            seen.push(consumer.body().parse().unwrap());
        }
        assert!(!consumer.has_more());
    }
    seen.sort_unstable();
    assert_eq!(seen, Vec::from_iter(0..10));
}

#[test]
fn topic_delivers_to_every_subscriber_and_to_nobody_later() {
    let broker = Broker::start("");
    let (mut first, mut second) = (broker.client(), broker.client());
    first.subscribe("/topic/news", "0", "auto");
    second.subscribe("/topic/news", "0", "auto");
    let mut producer = broker.client();
    producer.send("/topic/news", "extra");
    assert_eq!(first.body(), "extra");
    assert_eq!(second.body(), "extra");
    let mut late = broker.client();
    late.subscribe("/topic/news", "0", "auto");
    producer.send("/topic/news", "late edition");
    assert_eq!(late.body(), "late edition");
}

#[test]
fn large_message_arrives_whole() {
    let broker = Broker::start("");
    let body = "0123456789abcdef".repeat(256 * 1024);
    let (mut producer, mut consumer) = (broker.client(), broker.client());
    consumer.subscribe("/queue/large", "0", "auto");
    producer.send("/queue/large", &body);
    assert!(consumer.body() == body);
}

#[test]
fn unacknowledged_message_goes_to_the_next_consumer_marked() {
    let broker = Broker::start("");
    let mut producer = broker.client();
    producer.send("/queue/q", "again");
    let mut first = broker.client();
    first.subscribe("/queue/q", "0", "client");
    let message = first.expect("MESSAGE");
    assert!(!message.headers.contains_key("redelivered"), "{message:?}");
    drop(first);
    let mut second = broker.client();
    second.subscribe("/queue/q", "0", "client");
    let message = second.expect("MESSAGE");
    assert_eq!(message.body, "again");
    assert_eq!(message.header("redelivered"), "true");
}
