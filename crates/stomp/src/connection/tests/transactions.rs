//! BEGIN, COMMIT, ABORT and what happens within.

use super::*;

fn delivered(version: &str) -> Talk {
    let mut talk = Talk::connected(version);
    talk.client("SUBSCRIBE\nid:s\ndestination:/queue/a\nack:client\n\n^@");
    for n in 1..=3 {
        talk.deliver(1, text_message("queue://a", &format!("m{n}"), ""));
    }
    talk.client("BEGIN\ntransaction:t\n\n^@");
    talk
}

#[test]
fn sends_and_acknowledgements_name_their_transaction() {
    let mut talk = Talk::connected("1.1");
    assert_eq!(
        talk.client("BEGIN\ntransaction:t\\c1\nreceipt:b\n\n^@"),
        "begin 1?"
    );
    assert_eq!(talk.done(), "RECEIPT\nreceipt-id:b\n\n^@\n");
    assert_eq!(
        talk.client("SEND\ndestination:/queue/a\ntransaction:t\\c1\nreceipt:s\n\nx^@"),
        "send p1 queue://a Text \"x\" tx=1?"
    );
    assert_eq!(
        talk.client("COMMIT\ntransaction:t\\c1\nreceipt:c\n\n^@"),
        "commit 1?"
    );
    assert_eq!(talk.done(), "RECEIPT\nreceipt-id:c\n\n^@\n");
    let answer = talk.client("SEND\ndestination:/queue/a\ntransaction:t\\c1\n\nx^@");
    assert!(
        answer.contains("\nInvalid transaction id: [t:1]"),
        "{answer}"
    );
}

#[test]
fn an_aborted_acknowledgement_may_be_given_again() {
    for (version, second) in [("1.1", "message-id:m2\nsubscription:s"), ("1.2", "id:1-2")] {
        let mut talk = delivered(version);
        let ack = format!("ACK\n{second}\ntransaction:t\n\n^@");
        assert_eq!(talk.client(&ack), "ack 1:..2 tx=1");
        assert!(
            talk.client(&ack).contains("Unexpected ACK"),
            "twice in one transaction"
        );
        assert_eq!(
            talk.client("ABORT\ntransaction:t\nreceipt:r\n\n^@"),
            "rollback 1?"
        );
        assert_eq!(talk.client(&format!("ACK\n{second}\n\n^@")), "ack 1:..2");
    }
}

#[test]
fn a_committed_acknowledgement_is_final() {
    let mut talk = delivered("1.2");
    talk.client("ACK\nid:1-2\ntransaction:t\n\n^@");
    assert_eq!(talk.client("COMMIT\ntransaction:t\n\n^@"), "commit 1");
    assert!(talk.client("ACK\nid:1-2\n\n^@").contains("Unexpected ACK"));
    assert_eq!(talk.client("ACK\nid:1-3\n\n^@"), "ack 1:..3");
}

#[test]
fn a_nack_in_a_transaction_is_undone_by_its_abort() {
    let mut talk = delivered("1.2");
    assert_eq!(
        talk.client("NACK\nid:1-1\ntransaction:t\n\n^@"),
        "poison 1:1 tx=1"
    );
    talk.client("ABORT\ntransaction:t\n\n^@");
    assert_eq!(talk.client("ACK\nid:1-1\n\n^@"), "ack 1:..1");
}

#[test]
fn acknowledging_beyond_an_open_transaction_keeps_what_it_marked() {
    let mut talk = delivered("1.2");
    talk.client("ACK\nid:1-1\ntransaction:t\n\n^@");
    assert_eq!(talk.client("ACK\nid:1-3\n\n^@"), "ack 1:..3");
    talk.client("ABORT\ntransaction:t\n\n^@");
    assert_eq!(talk.client("ACK\nid:1-1\n\n^@"), "ack 1:..1");
    assert!(talk.client("ACK\nid:1-2\n\n^@").contains("Unexpected ACK"));
}

#[test]
fn transactions_must_be_named_begun_once_and_known() {
    let mut talk = Talk::connected("1.0");
    for command in ["BEGIN", "COMMIT", "ABORT"] {
        let answer = talk.client(&format!("{command}\nreceipt:r\n\n^@"));
        let expected =
            format!("! ERROR\nmessage:{command} without the header transaction; add it\n");
        assert!(answer.starts_with(&expected), "{answer}");
    }
    for command in ["COMMIT", "ABORT"] {
        let answer = talk.client(&format!("{command}\ntransaction:t\n\n^@"));
        assert!(answer.contains("Invalid transaction id: [t]"), "{answer}");
    }
    talk.client("BEGIN\ntransaction:t\n\n^@");
    let answer = talk.client("BEGIN\ntransaction:t\n\n^@");
    assert!(
        answer.contains("The transaction was already started: [t]"),
        "{answer}"
    );
    assert_eq!(talk.end, None);
}

#[test]
fn a_commit_that_the_core_refuses_is_an_error() {
    let mut talk = Talk::connected("1.1");
    talk.client("BEGIN\ntransaction:t\n\n^@COMMIT\ntransaction:t\nreceipt:c\n\n^@");
    let answer = talk.failed(FailureKind::Transaction, "too large");
    assert!(answer.starts_with("ERROR\nmessage:too large\n"), "{answer}");
    assert!(answer.contains("\nreceipt-id:c\n"), "{answer}");
}
