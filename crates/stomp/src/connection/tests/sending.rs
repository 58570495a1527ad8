//! SEND, receipts and refusals.

use super::*;

#[test]
fn a_receipt_follows_the_cores_answer() {
    let mut talk = Talk::connected("1.2");
    assert_eq!(
        talk.client("SEND\ndestination:/queue/a\nreceipt:r-1\n\nhello^@"),
        "send p1 queue://a Text \"hello\"?"
    );
    assert_eq!(talk.done(), "RECEIPT\nreceipt-id:r-1\n\n^@\n");
    assert_eq!(
        talk.client("SEND\ndestination:/queue/a\n\nhello^@"),
        "send p1 queue://a Text \"hello\""
    );
}

#[test]
fn receipts_are_sent_in_the_order_of_the_answers() {
    let mut talk = Talk::connected("1.1");
    talk.client(
        "SEND\ndestination:/queue/a\nreceipt:1\n\n^@SEND\ndestination:/queue/b\nreceipt:2\n\n^@",
    );
    let (a, b) = (talk.replies[0], talk.replies[1]);
    assert_eq!(
        talk.core(vec![Event::Done { reply: b }, Event::Done { reply: a }]),
        "RECEIPT\nreceipt-id:2\n\n^@\nRECEIPT\nreceipt-id:1\n\n^@\n"
    );
}

#[test]
fn a_long_receipt_comes_back_whole_and_escaped() {
    let id = "x:".repeat(100);
    let mut talk = Talk::connected("1.1");
    let escaped = id.replace(':', "\\c");
    talk.client(&format!(
        "SEND\ndestination:/queue/a\nreceipt:{escaped}\n\n^@"
    ));
    assert_eq!(
        talk.done(),
        format!("RECEIPT\nreceipt-id:{escaped}\n\n^@\n")
    );
    talk.client(&format!("SEND\ndestination:/queue/a\nreceipt:{id}\n\n^@"));
    assert_eq!(
        talk.done(),
        format!("RECEIPT\nreceipt-id:{escaped}\n\n^@\n")
    );
}

#[test]
fn each_destination_header_is_a_producer_of_its_own() {
    let mut talk = Talk::connected("1.2");
    let frames = [
        "/queue/a",
        "/topic/a",
        "/queue/a",
        "/queue/b,/topic/c",
        "/queue/b",
    ];
    let frames = frames.map(|name| format!("SEND\ndestination:{name}\n\n^@"));
    assert_eq!(
        talk.client(&frames.concat()),
        "send p1 queue://a Text \"\"\nsend p2 topic://a Text \"\"\nsend p1 queue://a Text \"\"\n\
         send p3 queue://b,topic://c Text \"\"\nsend p4 queue://b Text \"\""
    );
}

#[test]
fn destinations_beyond_the_limit_share_a_producer() {
    let settings = Settings {
        producers_count_max: 1,
        ..Settings::default()
    };
    let mut talk = Talk::connected_with("1.2", settings);
    let frames =
        ["a", "b", "b", "c", "a"].map(|name| format!("SEND\ndestination:/queue/{name}\n\n^@"));
    assert_eq!(
        talk.client(&frames.concat()),
        "send p1 queue://a Text \"\"\nsend p0 queue://b Text \"\"\nsend p0 queue://b Text \"\"\n\
         send p0 queue://c Text \"\"\nsend p1 queue://a Text \"\""
    );
}

#[test]
fn the_bytes_remembered_for_producers_are_limited() {
    let settings = Settings {
        producers_bytes_max: "/queue/a".len() * 2,
        ..Settings::default()
    };
    let mut talk = Talk::connected_with("1.2", settings);
    let frames = ["a", "b", "c"].map(|name| format!("SEND\ndestination:/queue/{name}\n\n^@"));
    let sent = talk.client(&frames.concat());
    assert!(
        sent.contains("p1 ") && sent.contains("p2 ") && sent.contains("p0 queue://c"),
        "{sent}"
    );
}

#[test]
fn message_ids_count_up_per_connection() {
    let mut talk = Talk::connected("1.0");
    talk.client("SEND\ndestination:/queue/a\n\n^@SEND\ndestination:/queue/b\n\n^@");
    let ids: Vec<String> = talk
        .raw
        .iter()
        .map(|command| match command {
            Command::Send(send) => send.message.id().to_owned(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        ids,
        [
            "ID:localhost-1700000000000-0:7:-1:1:1",
            "ID:localhost-1700000000000-0:7:-1:1:2"
        ]
    );
}

#[test]
fn a_content_length_makes_the_body_bytes_and_may_hold_nuls() {
    let mut talk = Talk::connected("1.1");
    assert_eq!(
        talk.client("SEND\ndestination:/queue/a\ncontent-length:3\n\na^@b^@"),
        "send p1 queue://a Bytes \"a\\0b\""
    );
    assert_eq!(
        talk.client("SEND\ndestination:/queue/a\ncontent-length: 3 \namq-msg-type:Text\n\nabc^@"),
        "send p1 queue://a Text \"abc\""
    );
}

#[test]
fn a_refused_send_is_an_error_with_its_receipt_and_the_connection_goes_on() {
    let mut talk = Talk::connected("1.2");
    for (header, name) in [
        ("", "SEND without the header destination; add it"),
        ("destination:,", "Illegal destination name\\c [,] --"),
        (
            "destination:/queue/",
            "destination [/queue/]\\c the destination name is empty",
        ),
        (
            "destination:/queue/a\npriority:high",
            "header priority has the value [high]",
        ),
        (
            "destination:/queue/a\nexpires:1.5",
            "header expires has the value [1.5]",
        ),
        (
            "destination:/queue/a\ntimestamp:x",
            "header timestamp has the value [x]",
        ),
        (
            "destination:/queue/a\nJMSXGroupSeq:4294967296",
            "header JMSXGroupSeq has",
        ),
        (
            "destination:/queue/a\namq-msg-type:map",
            "header amq-msg-type has the value [map]",
        ),
        (
            "destination:/queue/a\ntransaction:t",
            "Invalid transaction id\\c [t]; send BEGIN",
        ),
        (
            "destination:/queue/a\n:v",
            "header  has the value [v]; expected a name",
        ),
    ] {
        let header = if header.is_empty() {
            String::new()
        } else {
            format!("{header}\n")
        };
        let answer = talk.client(&format!("SEND\n{header}receipt:r1\n\nx^@"));
        assert!(
            answer.starts_with(&format!("! ERROR\nmessage:{name}")),
            "{answer}"
        );
        assert!(
            answer.contains("\ncontent-type:text/plain\nreceipt-id:r1\n\n"),
            "{answer}"
        );
        assert!(
            answer.contains("\nSEND: the frame was not carried out; the connection stays open\n")
        );
        assert_eq!(talk.end, None);
    }
    assert_eq!(
        talk.client("SEND\ndestination:/queue/a\n\n^@"),
        "send p1 queue://a Text \"\""
    );
}

#[test]
fn a_send_that_the_core_refuses_is_an_error_with_or_without_receipt_id() {
    let mut talk = Talk::connected("1.2");
    talk.client("SEND\ndestination:/queue/a\nreceipt:r\n\nx^@");
    let answer = talk.failed(FailureKind::NoSpace, "queue://a is full");
    assert!(answer.starts_with(
        "ERROR\nmessage:queue\\c//a is full\ncontent-type:text/plain\nreceipt-id:r\n\n"
    ));
    assert!(
        answer.contains("queue://a is full\nconsume messages, send slower"),
        "{answer}"
    );
    talk.client("SEND\ndestination:/queue/a\n\nx^@");
    let answer = talk.failed(FailureKind::NoSpace, "queue://a is full");
    assert!(
        answer.starts_with("ERROR\n") && !answer.contains("receipt-id"),
        "{answer}"
    );
    assert_eq!(talk.end, None);
}

#[test]
fn commands_are_known_by_their_beginning() {
    let mut talk = Talk::connected("1.0");
    assert_eq!(
        talk.client("SENDING\ndestination:/queue/a\n\n^@"),
        "send p1 queue://a Text \"\""
    );
    assert_eq!(
        talk.client("SUB\ndestination:/queue/a\n\n^@"),
        "open 1 queue://a?"
    );
    assert_eq!(talk.client("UNSUB\ndestination:/queue/a\n\n^@"), "close 1");
}

#[test]
fn long_bodies_stay_in_the_receive_buffer() {
    let mut talk = Talk::connected("1.2");
    let body = "x".repeat(16 * 1024);
    talk.client(&format!("SEND\ndestination:/queue/a\n\n{body}^@"));
    let Some(Command::Send(send)) = talk.raw.pop() else {
        panic!("no send")
    };
    assert_eq!(&send.message.body()[..], body.as_bytes());
    assert!(talk.input.is_empty());
}

#[test]
fn the_number_of_a_message_id_carries_over() {
    let mut talk = Talk::connected("1.0");
    for expected in 1..=1101 {
        talk.client("SEND\ndestination:/queue/a\n\n^@");
        let Some(Command::Send(send)) = talk.raw.pop() else {
            panic!("no send")
        };
        assert!(send.message.id().ends_with(&format!(":-1:1:{expected}")));
    }
}
