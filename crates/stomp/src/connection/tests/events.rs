//! What the core tells besides answers and deliveries.

use super::*;

#[test]
fn pauses_need_no_frame() {
    let mut talk = Talk::connected("1.2");
    talk.client("SEND\ndestination:/queue/a\nreceipt:r\n\nx^@");
    assert_eq!(
        talk.core(vec![
            Event::Pause { producer: 1 },
            Event::Resume { producer: 1 }
        ]),
        ""
    );
    assert_eq!(talk.done(), "RECEIPT\nreceipt-id:r\n\n^@\n");
}

#[test]
fn a_paused_producer_does_not_hold_back_what_else_the_client_says() {
    let mut talk = Talk::connected("1.2");
    talk.client("SUBSCRIBE\nid:1\ndestination:/queue/b\nack:client\n\n^@");
    talk.client("SEND\ndestination:/queue/a\nreceipt:r\n\nx^@");
    talk.core(vec![Event::Pause { producer: 1 }]);
    talk.deliver(1, text_message("queue://b", "m", ""));
    assert_eq!(talk.client("ACK\nid:1-1\n\n^@"), "ack 1:..1");
}

#[test]
fn a_subscription_that_the_core_closes_is_told_why_and_the_connection_stays() {
    let mut talk = Talk::connected("1.2");
    talk.client("SUBSCRIBE\nid:slow\ndestination:/queue/b\nack:client\n\n^@");
    let reason = "it did not take what waits for it".into();
    let answer = talk.core(vec![Event::Aborted {
        consumer: 1,
        reason,
    }]);
    assert!(
        answer.starts_with("ERROR\nmessage:subscription slow was closed\\c it did not take"),
        "{answer}"
    );
    assert!(talk.end.is_none());
    // What had been on its way is not shown any more, and the id can be used again.
    assert_eq!(talk.deliver(1, text_message("queue://b", "m", "")), "");
    let again = talk.client("SUBSCRIBE\nid:slow\ndestination:/queue/b\nack:client\n\n^@");
    assert!(again.starts_with("open 2"), "{again}");
}

#[test]
fn a_connection_that_the_core_closes_is_told_why() {
    let mut talk = Talk::connected("1.1");
    let answer = talk.core(vec![
        Event::Closed {
            reason: "client id in use: c".into(),
        },
        Event::Done { reply: 99 },
    ]);
    assert!(
        answer.starts_with("ERROR\nmessage:client id in use\\c c\n"),
        "{answer}"
    );
    assert!(matches!(talk.end, Some(ConnectionEnd::Closed(_))));
    assert_eq!(talk.client("SEND\n"), "");
    assert!(matches!(talk.end, Some(ConnectionEnd::Closed(_))));
}

#[test]
fn answers_that_nobody_waits_for_are_ignored() {
    let mut talk = Talk::connected("1.1");
    assert_eq!(
        talk.core(vec![
            Event::Done { reply: 5 },
            Event::Connected { reply: u64::MAX }
        ]),
        ""
    );
}

#[test]
fn a_redelivered_message_says_so() {
    let mut talk = Talk::connected("1.0");
    talk.client("SUBSCRIBE\ndestination:/queue/a\n\n^@");
    let answer = talk.core(vec![Event::Delivery(Delivery {
        consumer: 1,
        delivery: 1,
        message: Arc::new(text_message("queue://a", "m", "")),
        redeliveries: 2,
    })]);
    assert!(answer.contains("\nredelivered:true\n"), "{answer}");
}

#[test]
fn nothing_is_told_after_the_end() {
    let mut talk = Talk::fresh(Settings::default());
    talk.client("CONNECT\n\n^@SEND\ndestination:/queue/a\n\n^@");
    let reply = talk.replies[0];
    talk.core(vec![Event::Closed {
        reason: "over".into(),
    }]);
    assert_eq!(talk.core(vec![Event::Connected { reply }]), "");
    assert!(matches!(talk.end, Some(ConnectionEnd::Closed(_))));
    assert_eq!(talk.client("x"), "");
    assert!(matches!(talk.end, Some(ConnectionEnd::Closed(_))));
}
