//! Temporary destinations, their aliases and replies.

use super::*;

#[test]
fn an_alias_is_created_once_and_shown_again_on_its_own_connection() {
    let mut talk = Talk::connected("1.1");
    assert_eq!(
        talk.client("SUBSCRIBE\nid:1\ndestination:/temp-queue/r\n\n^@"),
        "create temp-queue://ID:localhost-1700000000000-0:7:1\n\
         open 1 temp-queue://ID:localhost-1700000000000-0:7:1?"
    );
    assert_eq!(
        talk.client("SEND\ndestination:/temp-queue/r\n\nx^@"),
        "send p1 temp-queue://ID:localhost-1700000000000-0:7:1 Text \"x\""
    );
    assert_eq!(
        talk.client("SEND\ndestination:/temp-topic/r\n\nx^@"),
        "create temp-topic://ID:localhost-1700000000000-0:7:2\n\
         send p2 temp-topic://ID:localhost-1700000000000-0:7:2 Text \"x\""
    );
    let message = text_message("temp-queue://ID:localhost-1700000000000-0:7:1", "m", "x");
    let answer = talk.deliver(1, message);
    assert!(answer.contains("\ndestination:/temp-queue/r\n"), "{answer}");
}

#[test]
fn a_reply_address_travels_as_a_unique_name() {
    let mut asking = Talk::connected("1.1");
    let sent = asking.client("SEND\ndestination:/queue/q\nreply-to:/temp-queue/r\n\nx^@");
    assert!(sent.starts_with("create temp-queue://ID:"), "{sent}");
    let Some(Command::Send(send)) = asking.raw.pop() else {
        panic!("no send")
    };
    let name = "ID:localhost-1700000000000-0:7:1";
    assert_eq!(send.message.reply_to().unwrap().name(), name);
    let settings = Settings {
        host: "other".into(),
        ..Settings::default()
    };
    let mut answering = Talk::connected_with("1.0", settings);
    answering.client("SUBSCRIBE\ndestination:/queue/q\n\n^@");
    let request = answering.deliver(1, send.message);
    assert!(
        request.contains(&format!("\nreply-to:/remote-temp-queue/{name}\n")),
        "{request}"
    );
    assert_eq!(
        answering.client(&format!(
            "SEND\ndestination:/remote-temp-queue/{name}\n\ny^@"
        )),
        format!("send p1 temp-queue://{name} Text \"y\"")
    );
}

#[test]
fn a_reply_address_that_is_no_destination_stays_as_written() {
    let mut talk = Talk::connected("1.1");
    for value in ["somewhere", "/queue/a,/queue/b"] {
        talk.client(&format!(
            "SEND\ndestination:/queue/q\nreply-to:{value}\n\nx^@"
        ));
        let Some(Command::Send(send)) = talk.raw.pop() else {
            panic!("no send")
        };
        assert_eq!(send.message.reply_to(), None);
        assert_eq!(
            send.message.property("reply-to"),
            Some(floodway_message::PropertyValue::String(value))
        );
    }
}

#[test]
fn aliases_are_limited_per_connection() {
    let settings = Settings {
        temporary_destinations_count_max: 2,
        ..Settings::default()
    };
    let mut talk = Talk::connected_with("1.1", settings);
    let send = |n| format!("SEND\ndestination:/temp-queue/{n}\n\n^@");
    assert!(talk.client(&send(1)).contains("create"));
    assert!(talk.client(&send(2)).contains("create"));
    let answer = talk.client(&send(3));
    assert!(
        answer.contains("the connection already has 2 temporary destinations"),
        "{answer}"
    );
    assert!(talk.client(&send(2)).starts_with("send p2 "));
}
