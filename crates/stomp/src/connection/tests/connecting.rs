//! CONNECT and DISCONNECT.

use super::*;

#[test]
fn a_client_that_names_no_version_speaks_1_0() {
    let mut talk = Talk::fresh(Settings::default());
    assert_eq!(
        talk.client("CONNECT\nlogin:u\npasscode:p:1\\n\nclient-id:me\n\n^@"),
        "connect me as Some(\"u\")/Some(\"p:1\\\\n\") STOMP 1.0?"
    );
    let reply = talk.replies[0];
    assert_eq!(
        talk.core(vec![Event::Connected { reply }]),
        format!(
            "CONNECTED\nserver:ActiveMQ/6.2.0 (Floodway/{})\nheart-beat:0,0\nsession:me\n\
             version:1.0\n\n^@\n",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn the_highest_accepted_version_is_chosen() {
    for (accepted, chosen) in [
        ("1.0,1.1,1.2", "1.2"),
        ("1.2, 1.1", "1.2"),
        ("1.0,1.1", "1.1"),
        ("1.0", "1.0"),
        ("0.9,1.1,2.0", "1.1"),
        ("", "1.0"),
    ] {
        let mut talk = Talk::fresh(Settings::default());
        let command = talk.client(&format!("STOMP\naccept-version:{accepted}\nhost:h\n\n^@"));
        assert!(
            command.ends_with(&format!("STOMP {chosen}?")),
            "{accepted}: {command}"
        );
    }
}

#[test]
fn unsupported_versions_are_refused_with_the_supported_ones() {
    let mut talk = Talk::fresh(Settings::default());
    let answer = talk.client("CONNECT\naccept-version:3.0\n\n^@");
    assert!(
        answer.starts_with("! ERROR\nmessage:none of the protocol versions [3.0]"),
        "{answer}"
    );
    assert!(answer.contains("\nversion:1.2,1.1,1.0\n"), "{answer}");
    assert!(matches!(talk.end, Some(ConnectionEnd::Protocol(_))));
}

#[test]
fn a_client_without_id_gets_one_that_is_its_session() {
    let mut talk = Talk::fresh(Settings::default());
    let command = talk.client("CONNECT\n\n^@");
    assert!(command.starts_with("connect ID:localhost-1700000000000-0:7 as None/None"));
    let reply = talk.replies[0];
    let answer = talk.core(vec![Event::Connected { reply }]);
    assert!(
        answer.contains("\nsession:ID:localhost-1700000000000-0:7\n"),
        "{answer}"
    );
}

#[test]
fn a_receipt_on_connect_is_echoed_in_connected() {
    for header in ["request-id", "receipt"] {
        let mut talk = Talk::fresh(Settings::default());
        talk.client(&format!("CONNECT\naccept-version:1.2\n{header}:r:1\n\n^@"));
        let reply = talk.replies[0];
        let answer = talk.core(vec![Event::Connected { reply }]);
        assert!(
            answer.contains("\nresponse-id:r:1\nreceipt-id:r:1\n"),
            "{answer}"
        );
    }
}

#[test]
fn a_refused_connect_is_answered_and_ends_the_connection() {
    let mut talk = Talk::fresh(Settings::default());
    talk.client("CONNECT\n\n^@SEND\ndestination:/queue/a\n\nx^@");
    let answer = talk.failed(FailureKind::Security, "user name or password is wrong");
    assert!(
        answer.starts_with("ERROR\nmessage:user name or password is wrong\n"),
        "{answer}"
    );
    assert!(answer.contains("check login and passcode"), "{answer}");
    assert!(matches!(talk.end, Some(ConnectionEnd::Closed(_))));
    assert_eq!(talk.client("SEND\ndestination:/queue/a\n\nx^@"), "");
    assert!(talk.end.is_some());
}

#[test]
fn frames_sent_right_after_connect_wait_for_connected() {
    let mut talk = Talk::fresh(Settings::default());
    let connect =
        talk.client("CONNECT\naccept-version:1.2\n\n^@\nSEND\ndestination:/queue/a\n\n1^@");
    assert_eq!(connect.lines().count(), 1, "{connect}");
    assert_eq!(
        talk.client("SEND\ndestination:/queue/a\n\n2^@SEND\ndest"),
        ""
    );
    let reply = talk.replies[0];
    let answer = talk.core(vec![Event::Connected { reply }]);
    assert!(
        answer.ends_with("! send p1 queue://a Text \"1\"\nsend p1 queue://a Text \"2\""),
        "{answer}"
    );
    assert_eq!(talk.client("ination:/queue/b\n\n3"), "");
    assert!(
        talk.input.starts_with(b"SEND"),
        "kept by the caller from now on"
    );
    assert_eq!(
        talk.client("^@SEND\ndestination:/queue/a\n\n4^@"),
        "send p2 queue://b Text \"3\"\nsend p1 queue://a Text \"4\""
    );
}

#[test]
fn anything_but_connect_first_is_refused_as_soon_as_its_command_is_known() {
    for first in [
        "SEND\n",
        "GET / HTTP/1.1\r\n",
        "MESSAGE\n",
        "CONNECTED\n",
        "connect\n",
    ] {
        let mut talk = Talk::fresh(Settings::default());
        let answer = talk.client(first);
        assert!(
            answer.starts_with("! ERROR\nmessage:expected CONNECT or STOMP as the first frame"),
            "{answer}"
        );
        assert!(matches!(talk.end, Some(ConnectionEnd::Protocol(_))));
    }
}

#[test]
fn a_second_connect_ends_the_connection() {
    let mut talk = Talk::connected("1.1");
    let answer = talk.client("CONNECT\nreceipt:r1\n\n^@");
    assert!(
        answer.starts_with("! ERROR\nmessage:Already connected\\c"),
        "{answer}"
    );
    assert!(answer.contains("\nreceipt-id:r1\n"), "{answer}");
    assert!(talk.end.is_some());
}

#[test]
fn what_a_server_sends_is_unknown_from_a_client() {
    for command in ["MESSAGE", "RECEIPT", "ERROR", "CONNECTED", "HELLO"] {
        let mut talk = Talk::connected("1.0");
        let answer = talk.client(&format!("{command}\n\n^@"));
        let expected = format!("! ERROR\nmessage:Unknown STOMP action: [{command}]\n");
        assert!(answer.starts_with(&expected), "{answer}");
        assert!(talk.end.is_some());
    }
}

#[test]
fn disconnect_ends_after_its_receipt() {
    let mut talk = Talk::connected("1.2");
    assert_eq!(
        talk.client("DISCONNECT\nreceipt:bye\n\n^@SEND\ndestination:/queue/late\n\n^@"),
        "disconnect?"
    );
    assert_eq!(talk.end, None);
    assert_eq!(talk.done(), "RECEIPT\nreceipt-id:bye\n\n^@\n");
    assert_eq!(talk.end, Some(ConnectionEnd::Disconnected));
}

#[test]
fn disconnect_without_receipt_ends_silently() {
    let mut talk = Talk::connected("1.0");
    assert_eq!(talk.client("DISCONNECT\n\n^@"), "disconnect?");
    assert_eq!(talk.done(), "");
    assert_eq!(talk.end, Some(ConnectionEnd::Disconnected));
}

#[test]
fn receipts_of_earlier_frames_are_still_sent_while_leaving() {
    let mut talk = Talk::connected("1.2");
    talk.client("SEND\ndestination:/queue/a\nreceipt:a:b\n\nx^@DISCONNECT\nreceipt:bye\n\n^@");
    let (send, leave) = (talk.replies[0], talk.replies[1]);
    assert_eq!(
        talk.core(vec![
            Event::Done { reply: send },
            Event::Done { reply: leave }
        ]),
        "RECEIPT\nreceipt-id:a\\cb\n\n^@\nRECEIPT\nreceipt-id:bye\n\n^@\n"
    );
}

#[test]
fn a_heart_beat_header_must_be_two_numbers() {
    for wrong in [
        "",
        "1",
        "1,",
        "a,b",
        "-1,0",
        "1,2,3",
        "1.5,0",
        "99999999999999999999,0",
    ] {
        let mut talk = Talk::fresh(Settings::default());
        let answer = talk.client(&format!("CONNECT\nheart-beat:{wrong}\n\n^@"));
        assert!(
            answer.starts_with("! ERROR\nmessage:Invalid heart-beat header ["),
            "{answer}"
        );
        assert!(talk.end.is_some());
    }
}
