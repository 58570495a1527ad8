//! Nonsense gets an ERROR that names the fault and an end; other clients notice nothing.

use floodway_tests::{Broker, Client};

#[track_caller]
fn check(bytes: &str) {
    let broker = Broker::start("");
    let mut other = broker.client();
    other.subscribe("/queue/q", "0", "auto");
    let mut bad = broker.client();
    bad.write(bytes);
    let error = bad.expect("ERROR");
    assert!(!error.header("message").is_empty(), "{error:?}");
    bad.until_closed();
    other.send("/queue/q", "unharmed");
    assert_eq!(other.body(), "unharmed");
}

#[test]
fn unknown_command() {
    check("NONSENSE\n\n\0");
}

#[test]
fn header_without_end() {
    check(&format!("SEND\n{}", "x".repeat(200_000)));
}

#[test]
fn content_length_beyond_all_limits() {
    check("SEND\ndestination:/queue/q\ncontent-length:999999999999\n\n");
}

#[test]
fn nonsense_before_the_login() {
    let broker = Broker::start("");
    let mut bad = Client::connect(broker.address());
    bad.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n\0");
    assert!(bad.until_closed().starts_with("ERROR"));
    broker.client().send("/queue/q", "unharmed");
}
