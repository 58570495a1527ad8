//! ACK and NACK in all modes and versions.

use super::*;

fn subscribed(version: &str, mode: &str) -> Talk {
    let mut talk = Talk::connected(version);
    talk.client(&format!(
        "SUBSCRIBE\nid:s\ndestination:/queue/a\nack:{mode}\n\n^@"
    ));
    for n in 1..=4 {
        let answer = talk.deliver(1, text_message("queue://a", &format!("m{n}"), ""));
        assert!(!answer.contains('!'), "{answer}");
        let ack_id = format!("\nack:1-{n}\n");
        assert_eq!(answer.contains(&ack_id), version == "1.2", "{answer}");
    }
    talk
}

#[test]
fn client_mode_acknowledges_all_earlier_deliveries() {
    for (version, second, third) in [
        ("1.0", "message-id:m2", "message-id:m3"),
        (
            "1.1",
            "message-id:m2\nsubscription:s",
            "message-id:m3\nsubscription:s",
        ),
        ("1.2", "id:1-2", "id:1-3"),
    ] {
        let mut talk = subscribed(version, "client");
        assert_eq!(
            talk.client(&format!("ACK\n{second}\nreceipt:r\n\n^@")),
            "ack 1:..2?"
        );
        assert_eq!(talk.done(), "RECEIPT\nreceipt-id:r\n\n^@\n");
        let again = talk.client(&format!("ACK\n{second}\n\n^@"));
        assert!(again.starts_with("! ERROR\nmessage:Unexpected ACK received for message-id ["));
        assert_eq!(talk.client(&format!("ACK\n{third}\n\n^@")), "ack 1:..3");
        assert_eq!(talk.end, None);
    }
}

#[test]
fn client_individual_mode_acknowledges_one() {
    for (version, [third, first]) in [
        ("1.0", ["message-id:m3", "message-id:m1"]),
        (
            "1.1",
            [
                "message-id:m3\nsubscription:s",
                "message-id:m1\nsubscription:s",
            ],
        ),
        ("1.2", ["id:1-3", "id:1-1"]),
    ] {
        let mut talk = subscribed(version, "client-individual");
        assert_eq!(talk.client(&format!("ACK\n{third}\n\n^@")), "ack 1:3");
        assert!(
            talk.client(&format!("ACK\n{third}\n\n^@"))
                .contains("Unexpected ACK")
        );
        assert_eq!(talk.client(&format!("ACK\n{first}\n\n^@")), "ack 1:1");
    }
}

#[test]
fn a_nack_is_poison_for_one_message_in_either_mode() {
    for mode in ["client", "client-individual"] {
        let mut talk = subscribed("1.1", mode);
        assert_eq!(
            talk.client("NACK\nmessage-id:m3\nsubscription:s\nreceipt:r\n\n^@"),
            "poison 1:3?"
        );
        let again = talk.client("NACK\nmessage-id:m3\nsubscription:s\n\n^@");
        assert!(
            again.contains("Unexpected NACK received for message-id [m3]"),
            "{again}"
        );
        let mut talk = subscribed("1.2", mode);
        assert_eq!(talk.client("NACK\nid:1-3\n\n^@"), "poison 1:3");
        assert!(
            talk.client("NACK\nid:1-9\n\n^@")
                .contains("Unexpected NACK received")
        );
    }
    let mut talk = subscribed("1.0", "client");
    assert!(
        talk.client("NACK\nmessage-id:m1\n\n^@")
            .contains("in v1.0 mode")
    );
}

#[test]
fn acknowledgements_must_name_what_their_version_asks_for() {
    for (version, headers, missing) in [
        ("1.0", "subscription:s", "ACK without the header message-id"),
        ("1.1", "subscription:s", "ACK without the header message-id"),
        (
            "1.1",
            "message-id:m1",
            "ACK without the header subscription",
        ),
        (
            "1.2",
            "message-id:m1\nsubscription:s",
            "ACK without the header id",
        ),
    ] {
        let mut talk = subscribed(version, "client");
        let answer = talk.client(&format!("ACK\n{headers}\n\n^@"));
        assert!(answer.contains(missing), "{answer}");
        assert_eq!(talk.end, None);
    }
}

#[test]
fn unknown_acknowledgements_name_what_was_asked() {
    for id in [
        "",
        "1",
        "1-",
        "-1",
        "1-9",
        "2-1",
        "1-x",
        "0-1",
        "99999999999999999999-1",
        "1-1-1",
    ] {
        let mut talk = subscribed("1.2", "client");
        let answer = talk.client(&format!("ACK\nid:{id}\nreceipt:r\n\n^@"));
        let expected = format!("! ERROR\nmessage:Unexpected ACK received for message-id [{id}]\\c");
        assert!(answer.starts_with(&expected), "{answer}");
        assert!(answer.contains("\nreceipt-id:r\n"), "{answer}");
    }
    let mut talk = subscribed("1.1", "client");
    for headers in [
        "message-id:m9\nsubscription:s",
        "message-id:m1\nsubscription:t",
    ] {
        assert!(
            talk.client(&format!("ACK\n{headers}\n\n^@"))
                .contains("Unexpected ACK")
        );
    }
}

#[test]
fn messages_of_automatic_subscriptions_cannot_be_acknowledged() {
    let mut talk = Talk::connected("1.1");
    talk.client("SUBSCRIBE\nid:s\ndestination:/queue/a\nack:auto\n\n^@");
    talk.deliver(1, text_message("queue://a", "m1", ""));
    assert!(
        talk.client("ACK\nmessage-id:m1\nsubscription:s\n\n^@")
            .contains("Unexpected ACK")
    );
    assert!(
        talk.client("NACK\nmessage-id:m1\nsubscription:s\n\n^@")
            .contains("Unexpected NACK")
    );
}

#[test]
fn an_ack_that_crosses_an_unsubscribe_is_answered_and_dropped() {
    let mut talk = subscribed("1.2", "client");
    talk.client("UNSUBSCRIBE\nid:s\n\n^@");
    assert_eq!(
        talk.client("ACK\nid:1-1\nreceipt:r\n\n^@"),
        "! RECEIPT\nreceipt-id:r\n\n^@\n"
    );
    assert_eq!(talk.client("ACK\nid:1-1\n\n^@"), "");
}

#[test]
fn message_ids_with_escapes_are_found() {
    let mut talk = Talk::connected("1.1");
    talk.client("SUBSCRIBE\nid:a:b\ndestination:/queue/a\nack:client\n\n^@");
    talk.deliver(1, text_message("queue://a", "ID:x:1", ""));
    assert_eq!(
        talk.client("ACK\nmessage-id:ID\\cx\\c1\nsubscription:a\\cb\n\n^@"),
        "ack 1:..1"
    );
}

#[test]
fn in_1_0_a_message_id_is_looked_for_in_all_subscriptions() {
    let mut talk = Talk::connected("1.0");
    let open = "SUBSCRIBE\ndestination:/topic/a\nack:client\n\n^@";
    talk.client(&format!("{open}{open}"));
    talk.core(vec![delivery_of(1, 1, text_message("topic://a", "m", ""))]);
    talk.core(vec![delivery_of(2, 1, text_message("topic://a", "m", ""))]);
    assert_eq!(talk.client("ACK\nmessage-id:m\n\n^@"), "ack 1:..1");
    assert_eq!(talk.client("ACK\nmessage-id:m\n\n^@"), "ack 2:..1");
    assert!(
        talk.client("ACK\nmessage-id:m\n\n^@")
            .contains("Unexpected ACK")
    );
}

#[test]
fn a_browser_cannot_refuse_messages() {
    let mut talk = Talk::connected("1.1");
    talk.client("SUBSCRIBE\nid:s\ndestination:/queue/a\nack:client\nbrowser:true\n\n^@");
    talk.deliver(1, text_message("queue://a", "m1", ""));
    let answer = talk.client("NACK\nmessage-id:m1\nsubscription:s\n\n^@");
    assert!(
        answer.contains("Cannot Nack a message on a Queue Browser"),
        "{answer}"
    );
    assert_eq!(
        talk.client("ACK\nmessage-id:m1\nsubscription:s\n\n^@"),
        "ack 1:..1"
    );
}
