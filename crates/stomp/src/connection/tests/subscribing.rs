//! SUBSCRIBE, MESSAGE, UNSUBSCRIBE, browsing and durable subscriptions.

use super::*;

#[test]
fn deliveries_follow_the_receipt_of_subscribe() {
    let mut talk = Talk::connected("1.2");
    assert_eq!(
        talk.client("SUBSCRIBE\nid:s 1\ndestination:/queue/a\nreceipt:r\n\n^@"),
        "open 1 queue://a?"
    );
    assert_eq!(talk.done(), "RECEIPT\nreceipt-id:r\n\n^@\n");
    assert_eq!(
        talk.deliver(1, text_message("queue://a", "ID:x:1", "hi")),
        "MESSAGE\nsubscription:s 1\nexpires:0\npriority:4\ntimestamp:5\ndestination:/queue/a\n\
         message-id:ID\\cx\\c1\n\nhi^@\n! ack 1:..1"
    );
}

#[test]
fn a_1_0_subscription_needs_no_id() {
    let mut talk = Talk::connected("1.0");
    assert_eq!(
        talk.client("SUBSCRIBE\ndestination:/topic/a.>\n\n^@"),
        "open 1 topic://a.>?"
    );
    assert_eq!(talk.done(), "");
    assert_eq!(
        talk.deliver(1, text_message("topic://a.b", "ID:x:1", "hi")),
        "MESSAGE\nexpires:0\npriority:4\ntimestamp:5\ndestination:/topic/a.b\n\
         message-id:ID:x:1\n\nhi^@\n! ack 1:..1"
    );
}

#[test]
fn ids_are_required_from_1_1() {
    for version in ["1.1", "1.2"] {
        let mut talk = Talk::connected(version);
        for command in ["SUBSCRIBE", "UNSUBSCRIBE"] {
            let answer = talk.client(&format!("{command}\ndestination:/queue/a\n\n^@"));
            let expected = format!("! ERROR\nmessage:{command} without the header id; add it\n");
            assert!(answer.starts_with(&expected), "{answer}");
        }
        let answer = talk.client("SUBSCRIBE\nid:1\n\n^@");
        assert!(
            answer.contains("SUBSCRIBE without the header destination"),
            "{answer}"
        );
    }
}

#[test]
fn activemq_headers_set_the_consumer() {
    let mut talk = Talk::connected("1.1");
    assert_eq!(
        talk.client(
            "SUBSCRIBE\nid:1\ndestination:/topic/a\nactivemq.prefetchSize:7\n\
             activemq.noLocal:true\nactivemq.exclusive:TRUE\nactivemq.retroactive:true\n\
             activemq.priority:-5\nactivemq.maximumPendingMessageLimit:9\n\
             activemq.dispatchAsync:true\nactivemq.subscriptionName:d\n\n^@"
        ),
        "open 1 topic://a prefetch=7 durable=d noLocal exclusive retroactive priority=-5 pending=9?"
    );
    assert_eq!(
        talk.client("SUBSCRIBE\nid:2\ndestination:/topic/a\nactivemq.subcriptionName:e\nactivemq.maximumPendingMessageLimit:-1\n\n^@"),
        "open 2 topic://a durable=e?"
    );
}

#[test]
fn refused_subscriptions_say_why_and_leave_nothing_behind() {
    let mut talk = Talk::connected("1.1");
    for (headers, expected) in [
        (
            "destination:/queue/a\nactivemq.prefetchSize:0",
            "header activemq.prefetchSize has",
        ),
        (
            "destination:/queue/a\nactivemq.prefetchSize:-1",
            "header activemq.prefetchSize has",
        ),
        (
            "destination:/queue/a\nactivemq.prefetchSize:x",
            "header activemq.prefetchSize has",
        ),
        (
            "destination:/queue/a\nactivemq.priority:200",
            "header activemq.priority has",
        ),
        (
            "destination:/queue/a\nactivemq.subscriptionName:d",
            "Invalid Subscription\\c cannot",
        ),
        (
            "destination:/topic/t,/queue/a\nactivemq.subscriptionName:d",
            "Invalid Subscription",
        ),
        ("destination:,", "Illegal destination name\\c [,]"),
    ] {
        let answer = talk.client(&format!("SUBSCRIBE\nid:1\n{headers}\nreceipt:r\n\n^@"));
        assert!(
            answer.starts_with(&format!("! ERROR\nmessage:{expected}")),
            "{answer}"
        );
        assert!(answer.contains("\nreceipt-id:r\n"), "{answer}");
        assert_eq!(talk.end, None);
    }
    let answer = talk.client("UNSUBSCRIBE\nid:1\n\n^@");
    assert!(answer.contains("No subscription matched [1]"), "{answer}");
}

#[test]
fn a_subscription_that_the_core_refuses_is_forgotten() {
    let mut talk = Talk::connected("1.1");
    talk.client("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n^@");
    let answer = talk.failed(FailureKind::Destination, "no");
    assert!(answer.starts_with("ERROR\nmessage:no\n"), "{answer}");
    assert!(
        talk.client("UNSUBSCRIBE\nid:1\n\n^@")
            .contains("No subscription matched")
    );
}

#[test]
fn automatic_acknowledgements_are_one_per_consumer_and_turn() {
    let mut talk = Talk::connected("1.2");
    talk.client(
        "SUBSCRIBE\nid:a\ndestination:/queue/a\n\n^@SUBSCRIBE\nid:b\ndestination:/queue/b\n\n^@",
    );
    let message = |n| text_message("queue://a", n, "");
    let answer = talk.core(vec![
        delivery_of(1, 1, message("m1")),
        delivery_of(2, 1, message("m2")),
        delivery_of(1, 2, message("m3")),
        delivery_of(9, 1, message("nobody's")),
    ]);
    assert_eq!(answer.matches("MESSAGE\n").count(), 3);
    let mut acks: Vec<&str> = answer.split("! ").nth(1).unwrap().lines().collect();
    acks.sort_unstable();
    assert_eq!(acks, ["ack 1:..2", "ack 2:..1"]);
}

#[test]
fn the_same_id_may_be_used_twice_and_the_newest_goes_first() {
    let mut talk = Talk::connected("1.1");
    talk.client(
        "SUBSCRIBE\nid:1\ndestination:/queue/a\n\n^@SUBSCRIBE\nid:1\ndestination:/queue/b\n\n^@",
    );
    assert!(
        talk.deliver(1, text_message("queue://a", "m", ""))
            .starts_with("MESSAGE\nsubscription:1\n")
    );
    assert_eq!(
        talk.client("UNSUBSCRIBE\nid:1\nreceipt:r\n\n^@"),
        "close 2?"
    );
    assert_eq!(talk.done(), "RECEIPT\nreceipt-id:r\n\n^@\n");
    assert_eq!(talk.client("UNSUBSCRIBE\nid:1\n\n^@"), "close 1");
}

#[test]
fn in_1_0_a_subscription_is_closed_by_its_destination() {
    let mut talk = Talk::connected("1.0");
    talk.client(
        "SUBSCRIBE\ndestination:/queue/a\n\n^@SUBSCRIBE\ndestination:/queue/a,/queue/b\n\n^@",
    );
    assert_eq!(
        talk.client("UNSUBSCRIBE\ndestination:/queue/a,/queue/b\n\n^@"),
        "close 2"
    );
    assert_eq!(
        talk.client("UNSUBSCRIBE\ndestination:/queue/a\n\n^@"),
        "close 1"
    );
    let answer = talk.client("UNSUBSCRIBE\ndestination:/queue/a\n\n^@");
    assert!(
        answer.contains("No subscription matched [/queue/a]"),
        "{answer}"
    );
    let answer = talk.client("UNSUBSCRIBE\n\n^@");
    assert!(
        answer.contains("UNSUBSCRIBE without the header destination"),
        "{answer}"
    );
}

#[test]
fn a_delivery_that_crosses_an_unsubscribe_is_dropped() {
    let mut talk = Talk::connected("1.1");
    talk.client("SUBSCRIBE\nid:1\ndestination:/queue/a\n\n^@UNSUBSCRIBE\nid:1\n\n^@");
    assert_eq!(talk.deliver(1, text_message("queue://a", "m", "")), "");
}

#[test]
fn a_browser_ends_with_an_empty_message() {
    let mut talk = Talk::connected("1.1");
    assert_eq!(
        talk.client("SUBSCRIBE\nid:b:1\ndestination:/queue/a\nbrowser:true\n\n^@"),
        "open 1 queue://a browser?"
    );
    assert_eq!(
        talk.core(vec![
            Event::BrowseEnd { consumer: 1 },
            Event::BrowseEnd { consumer: 5 }
        ]),
        "MESSAGE\nsubscription:b:1\nbrowser:end\ndestination:/queue/a\nmessage-id:0\n\n^@\n"
            .replace("b:1", "b\\c1")
    );
    let mut talk = Talk::connected("1.0");
    let answer = talk.client("SUBSCRIBE\ndestination:/queue/a\nbrowser:true\n\n^@");
    assert!(
        answer.contains("Queue Browser feature only valid for Stomp v1.1+"),
        "{answer}"
    );
}

#[test]
fn unsubscribing_by_name_removes_the_durable_subscription() {
    let mut talk = Talk::connected("1.1");
    talk.client("SUBSCRIBE\nid:1\ndestination:/topic/a\nactivemq.subscriptionName:d\n\n^@");
    assert_eq!(
        talk.client("UNSUBSCRIBE\nid:1\nactivemq.subscriptionName:d\nreceipt:r\n\n^@"),
        "close 1\nremove durable d of None?"
    );
    assert_eq!(
        talk.client("UNSUBSCRIBE\nid:1\nactivemq.subscriptionName:d\n\n^@"),
        "remove durable d of None"
    );
}

#[test]
fn closing_by_id_keeps_the_durable_subscription_unless_durable_is_said() {
    let mut talk = Talk::connected("1.2");
    let open = "SUBSCRIBE\nid:1\ndestination:/topic/a\nactivemq.subscriptionName:d\n\n^@";
    talk.client(open);
    assert_eq!(talk.client("UNSUBSCRIBE\nid:1\n\n^@"), "close 1");
    talk.client(open);
    assert_eq!(
        talk.client("UNSUBSCRIBE\nid:1\ndurable:true\n\n^@"),
        "close 2\nremove durable d of None"
    );
    assert_eq!(
        talk.client("UNSUBSCRIBE\nid:d\ndurable:true\n\n^@"),
        "remove durable d of None"
    );
}

#[test]
fn in_1_0_the_subscriptions_name_is_the_client_id_when_it_is_removed() {
    let mut talk = Talk::connected("1.0");
    assert_eq!(
        talk.client("UNSUBSCRIBE\ndestination:/topic/a\nactivemq.subscriptionName:d\n\n^@"),
        "remove durable d of Some(\"d\")"
    );
}

#[test]
fn a_wished_transformation_is_named_in_messages() {
    let mut talk = Talk::connected("1.1");
    talk.client("SUBSCRIBE\nid:1\ndestination:/queue/a\ntransformation:jms-map-json\n\n^@");
    let answer = talk.deliver(1, text_message("queue://a", "m", "x"));
    assert!(
        answer.contains("\ntransformation:jms-map-json\n\nx^@"),
        "{answer}"
    );
}

#[test]
fn a_selector_converts_texts_and_a_blank_one_is_none() {
    let mut talk = Talk::connected("1.1");
    let subscribe = |selector| {
        format!("SUBSCRIBE\nid:1\ndestination:/queue/a\nselector:{selector}\nreceipt:r\n\n^@")
    };
    assert_eq!(
        talk.client(&subscribe("weight > 5 and a = '\\c'")),
        "open 1 queue://a selector?"
    );
    let Some(Command::OpenConsumer(open)) = talk.raw.pop() else {
        panic!("no consumer")
    };
    let selector = open.selector.unwrap();
    assert_eq!(
        selector.text(),
        "convert_string_expressions:weight > 5 and a = ':'"
    );
    assert_eq!(talk.client(&subscribe(" ")), "open 2 queue://a?");
    let answer = talk.client(&subscribe("weight >"));
    assert!(
        answer.starts_with("! ERROR\nmessage:selector [weight >]\\c"),
        "{answer}"
    );
    assert!(answer.contains("\nreceipt-id:r\n"), "{answer}");
    assert_eq!(talk.end, None);
}
