use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: (&str, &str, u16, &[(&str, &str)])) {
    let uri = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let options: Vec<_> = uri
        .options
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        (
            uri.scheme.as_str(),
            uri.host.as_str(),
            uri.port,
            options.as_slice()
        ),
        expected
    );
}

fn refused(text: &str, expected: &str) {
    let told = parse(text).map_err(|error| error.to_string());
    assert!(
        told.as_ref().is_err_and(|told| told.contains(expected)),
        "{text}: {told:?}"
    );
}

#[test]
fn addresses_have_scheme_host_port_and_options() {
    check("stomp://0.0.0.0:61613", ("stomp", "0.0.0.0", 61613, &[]));
    check(
        " STOMP+NIO://localhost:0/?",
        ("stomp+nio", "localhost", 0, &[]),
    );
    check(
        "tcp://[::1]:61616?maximumConnections=1000&wireFormat.maxFrameSize=64&trace",
        (
            "tcp",
            "::1",
            61616,
            &[
                ("maximumConnections", "1000"),
                ("wireFormat.maxFrameSize", "64"),
                ("trace", ""),
            ],
        ),
    );
    check(
        "stomp://h:1?a=b%20c%C3%A9&&d=e=f",
        ("stomp", "h", 1, &[("a", "b cé"), ("d", "e=f")]),
    );
}

#[test]
fn what_is_no_address_is_refused_with_what_to_write() {
    refused("", "is not an address");
    refused("stomp", "is not an address");
    refused("stomp:61613", "is not an address");
    refused("static:(tcp://a:1)", "is not an address");
    refused("stomp://a:b:1", "is not an address");
    refused("stomp://:61613", "names no host");
    refused("stomp://h", "names no port");
    refused("stomp://h:65536", "names no port");
    refused("stomp://h:-1", "names no port");
    refused("stomp://[::1]61613", "names no port");
    refused("stomp://h:1?a=%2", "has an escape");
    refused("stomp://h:1?a=%+1", "has an escape");
    refused(
        &format!("stomp://h:1?{}", "a=b&".repeat(OPTIONS_MAX + 1)),
        "more than 100 options",
    );
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in "(?s)(stomp://)?[\\[\\]:/?&=%a1é\u{0}]{0,40}") {
        let _result = parse(&text);
    }
}
