use super::*;
use crate::view::{ConnectionView, MessagesView, PolicyView};

fn connection() -> ConnectionView {
    ConnectionView {
        id: 1,
        peer: "127.0.0.1:5".into(),
        client_id: "billing".into(),
        user: None,
        protocol: "STOMP 1.2",
        connector: "stomp".into(),
    }
}

fn consumer(unacknowledged: usize, prefetch: u32) -> ConsumerView {
    ConsumerView {
        connection: connection(),
        consumer: 3,
        durable_name: None,
        selector: None,
        exclusive: false,
        priority: 0,
        prefetch,
        unacknowledged,
        in_transaction: 0,
        unacknowledged_bytes: unacknowledged as u64 * 1024,
        since_acknowledged_ms: None,
        groups: 0,
    }
}

fn holder(consumers: Vec<ConsumerView>, pending: u64) -> HolderView {
    HolderView {
        destination: Destination::parse("queue://ORDERS").unwrap(),
        bytes: 1 << 20,
        messages: MessagesView {
            pending,
            in_flight: consumers.iter().map(|one| one.unacknowledged).sum(),
            consumers: consumers.len(),
        },
        gone_in_ms: None,
        consumers,
        policy: PolicyView {
            pattern: ">".into(),
            line: 7,
        },
    }
}

fn cause(holder: &HolderView) -> String {
    let kind = Kind {
        cursor: Cursor::Memory,
        ..Kind::default()
    };
    let causes = cause::of_holder(holder, &kind);
    causes.iter().map(ToString::to_string).collect()
}

#[test]
fn nobody_consumes() {
    assert_eq!(
        cause(&holder(vec![], 9)),
        "nobody consumes from queue://ORDERS"
    );
}

#[test]
fn the_consumer_that_does_not_acknowledge_is_named() {
    let text = cause(&holder(vec![consumer(10, 10)], 9));
    assert!(
        text.contains("consumer 3 of client billing (127.0.0.1:5)"),
        "{text}"
    );
    assert!(text.contains("has not acknowledged anything"), "{text}");
}

#[test]
fn an_open_transaction_is_told_from_a_missing_acknowledgement() {
    let mut one = consumer(10, 10);
    one.in_transaction = 10;
    assert!(cause(&holder(vec![one], 9)).contains("in a transaction that is open"));
}

#[test]
fn selectors_that_match_nothing_are_shown() {
    let mut one = consumer(0, 10);
    one.selector = Some("color = 'blue'".into());
    assert!(cause(&holder(vec![one], 9)).contains("color = 'blue'"));
}

#[test]
fn the_owner_of_groups_that_stalls_is_named_although_others_have_room() {
    let mut owner = consumer(10, 10);
    owner.groups = 2;
    let text = cause(&holder(vec![consumer(0, 10), owner], 9));
    assert!(text.contains("owns 2 message groups"), "{text}");
}

#[test]
fn consumers_that_only_are_slow_are_not_accused() {
    let text = cause(&holder(vec![consumer(4, 10)], 9));
    assert!(text.contains("faster than its consumers take"), "{text}");
}
