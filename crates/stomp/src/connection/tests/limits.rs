//! Every limit one below, at and one above.

use super::*;

fn settings() -> Settings {
    Settings {
        command_bytes_max: 10,
        header_line_bytes_max: 40,
        headers_count_max: 3,
        header_block_bytes_max: 80,
        body_bytes_max: 100,
        frame_bytes_max: 150,
        subscriptions_count_max: 2,
        transactions_count_max: 2,
        ..Settings::default()
    }
}

/// The end of the connection, if the frame ends it, and the ERROR's message.
fn verdict(frame: &str) -> Option<String> {
    let mut talk = Talk::connected_with("1.2", settings());
    let answer = talk.client(frame);
    let message = answer.split("message:").nth(1);
    let message = message
        .and_then(|rest| rest.lines().next())
        .map(str::to_owned);
    assert_eq!(message.is_some(), talk.end.is_some(), "{answer}");
    message
}

fn refused(frame: &str, text: &str) {
    let message = verdict(frame).unwrap_or_default();
    assert!(message.contains(text), "{frame:?} gave {message:?}");
}

#[test]
fn a_command_line_has_a_limit() {
    assert_eq!(verdict(&format!("SEND{}\n", "x".repeat(5))), None);
    assert_eq!(verdict(&format!("SEND{}\r\n", "x".repeat(6))), None);
    refused(
        &format!("SEND{}\n", "x".repeat(7)),
        "the command line is longer than 10 bytes",
    );
    refused(&"x".repeat(12), "the command line is longer than 10 bytes");
}

#[test]
fn a_header_line_has_a_limit() {
    assert_eq!(verdict(&format!("SEND\n{}\n", "x".repeat(39))), None);
    assert_eq!(verdict(&format!("SEND\n{}\r\n", "x".repeat(40))), None);
    refused(
        &format!("SEND\n{}\n", "x".repeat(41)),
        "a header line is longer than 40 bytes",
    );
    refused(
        &format!("SEND\n{}", "x".repeat(42)),
        "a header line is longer than 40 bytes",
    );
}

#[test]
fn the_number_of_headers_has_a_limit() {
    assert_eq!(verdict("SEND\na\nb\n"), None);
    assert_eq!(verdict("SEND\na\nb\nc\n"), None);
    refused("SEND\na\nb\nc\nd\n", "the frame has more than 3 headers");
}

#[test]
fn the_header_block_has_a_limit() {
    let block = |last| {
        let (first, last) = ("x".repeat(36), "y".repeat(last));
        format!("SEND\ndestination:/queue/a\n{first}\n{last}\n\n^@")
    };
    assert_eq!(verdict(&block(14)), None);
    assert_eq!(verdict(&block(15)), None);
    refused(&block(16), "the headers together are longer than 80 bytes");
    let endless = "SEND\n".to_owned() + &"x".repeat(38) + "\n" + &"y".repeat(37);
    refused(&endless, "the headers together are longer than 80 bytes");
}

#[test]
fn a_body_has_a_limit_by_length_and_by_nul() {
    let send = "SEND\ndestination:/queue/a\n";
    for (length, fits) in [(99, true), (100, true), (101, false)] {
        let body = "x".repeat(length);
        for frame in [
            format!("{send}content-length:{length}\n\n{body}^@"),
            format!("{send}content-length:{length}\n\n"),
            format!("{send}\n{body}^@"),
            format!("{send}\n{body}"),
        ] {
            if fits {
                assert_eq!(verdict(&frame), None);
            } else {
                refused(&frame, "The maximum data length was exceeded");
            }
        }
    }
}

#[test]
fn a_frame_has_a_limit() {
    // 26 bytes of command and destination, a second header, an empty line.
    let frame = |header| {
        let header = "h".repeat(header);
        format!(
            "SEND\ndestination:/queue/a\n{header}\n\n{}^@",
            "x".repeat(90)
        )
    };
    assert_eq!(verdict(&frame(31)), None);
    assert_eq!(verdict(&frame(32)), None);
    refused(&frame(33), "The maximum frame size was exceeded");
}

#[test]
fn before_login_a_frame_has_a_limit_of_its_own() {
    let check = |length: usize, fits: bool| {
        let settings = Settings {
            frame_before_login_bytes_max: 100,
            ..Settings::default()
        };
        for frame in [
            format!("CONNECT\nlogin:u\n\n{}", "x".repeat(length - 17)),
            format!("CONNECT\n{}", "x".repeat(length - 8)),
        ] {
            let mut talk = Talk::fresh(settings.clone());
            let answer = talk.client(&frame);
            assert_eq!(answer.is_empty(), fits, "{answer}");
            assert_eq!(answer.contains("the most before login"), !fits, "{answer}");
        }
    };
    check(99, true);
    check(100, true);
    check(101, false);
}

#[test]
fn what_is_sent_before_connected_has_a_limit() {
    for (length, fits) in [(9, true), (10, true), (11, false)] {
        let settings = Settings {
            early_input_bytes_max: 10,
            ..Settings::default()
        };
        let mut talk = Talk::fresh(settings);
        talk.client("CONNECT\n\n^@");
        talk.client(&"x".repeat(length));
        assert_eq!(talk.end.is_none(), fits);
    }
}

#[test]
fn subscriptions_and_transactions_are_limited_and_the_connection_goes_on() {
    let mut talk = Talk::connected_with("1.1", settings());
    let subscribe = "SUBSCRIBE\nid:1\ndestination:/queue/a\n\n^@";
    assert!(talk.client(subscribe).starts_with("open 1"));
    assert!(talk.client(subscribe).starts_with("open 2"));
    assert!(
        talk.client(subscribe)
            .contains("the connection already has 2 subscriptions")
    );
    talk.client("UNSUB\nid:1\n\n^@");
    assert!(talk.client(subscribe).starts_with("open 3"));
    let begin = |n| format!("BEGIN\ntransaction:{n}\n\n^@");
    assert_eq!(talk.client(&begin(1)), "begin 1");
    assert_eq!(talk.client(&begin(2)), "begin 2");
    assert!(
        talk.client(&begin(3))
            .contains("the connection already has 2 open transactions")
    );
    talk.client("ABORT\ntransaction:1\n\n^@");
    assert_eq!(talk.client(&begin(3)), "begin 3");
    assert_eq!(talk.end, None);
}

#[test]
fn what_a_connection_remembers_is_limited_in_bytes_too() {
    let subscribe = "SUBSCRIBE\nid:1\ndestination:/queue/a\n\n^@";
    let length = "SUBSCRIBE\nid:1\ndestination:/queue/a".len();
    for (limit, fits) in [(2 * length - 1, 1), (2 * length, 2), (2 * length + 1, 2)] {
        let settings = Settings {
            subscriptions_bytes_max: limit,
            names_bytes_max: limit,
            ..Settings::default()
        };
        let mut talk = Talk::connected_with("1.1", settings);
        for n in 1..=3 {
            let answer = talk.client(subscribe);
            assert_eq!(answer.starts_with("open"), n <= fits, "{answer}");
            assert_eq!(answer.contains("bytes of subscription headers"), n > fits);
            let name = "x".repeat(length - 1);
            let answer = talk.client(&format!("BEGIN\ntransaction:{n}{name}\n\n^@"));
            assert_eq!(answer.starts_with("begin"), n <= fits, "{answer}");
            assert_eq!(answer.contains("bytes of transaction names"), n > fits);
            let alias = format!("/temp-queue/{n}{}", "x".repeat(length - 13));
            let answer = talk.client(&format!("SEND\ndestination:{alias}\n\n^@"));
            assert_eq!(answer.starts_with("create"), n <= fits, "{answer}");
            assert_eq!(answer.contains("bytes of temporary destinations"), n > fits);
        }
        talk.client("UNSUBSCRIBE\nid:1\n\n^@");
        talk.client(&format!(
            "ABORT\ntransaction:1{}\n\n^@",
            "x".repeat(length - 1)
        ));
        assert!(talk.client(subscribe).starts_with("open"));
        assert!(
            talk.client("BEGIN\ntransaction:2\n\n^@")
                .starts_with("begin")
        );
    }
}

#[test]
fn malformed_lengths_and_frames_are_refused() {
    for length in ["", "x", "-1", "+5", "5 5", "0x5", "1.0", "٣"] {
        refused(
            &format!("SEND\ncontent-length:{length}\n\nhello^@"),
            "is not a plain decimal number of bytes",
        );
    }
    refused(
        "SEND\ncontent-length:99999999999999999999999\n\n",
        "The maximum data length was exceeded",
    );
    refused(
        "SEND\ncontent-length:4\n\nhello^@",
        "there was no trailing null byte",
    );
    refused(
        "SEND\ndestination:/queue/a^@",
        "a NUL byte ends the frame within its headers",
    );
    refused("SEND^@", "a NUL byte ends the frame within its headers");
}

#[test]
fn an_announced_length_asks_for_memory_only_as_bytes_arrive() {
    let settings = Settings {
        frame_bytes_max: 200_000_000,
        ..Settings::default()
    };
    let mut talk = Talk::connected_with("1.2", settings);
    assert_eq!(talk.input_wanted(), 0);
    talk.client("SEND\ndestination:/queue/a\ncontent-length:100000000\n\n");
    assert_eq!(talk.input_wanted(), 64 * 1024);
    talk.client_bytes(&vec![b'x'; 1_000_000]);
    let received = talk.input.len();
    assert_eq!(talk.input_wanted(), 2 * received);
    talk.client_bytes(&vec![b'x'; 60_000_000]);
    assert_eq!(talk.input_wanted(), 100_000_000 + 53);
}
