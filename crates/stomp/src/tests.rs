//! Recognising STOMP by its first bytes.

use super::*;

#[test]
fn a_connection_is_recognised_by_its_first_command() {
    let stomp = Stomp::default();
    for (first, expected) in [
        (&b""[..], Sniff::More),
        (b"C", Sniff::More),
        (b"CONNEC", Sniff::More),
        (b"CONNECT", Sniff::Yes),
        (b"CONNECT\naccept", Sniff::Yes),
        (b"STOM", Sniff::More),
        (b"STOMP\r\n", Sniff::Yes),
        (b"\n\nSTOMP", Sniff::Yes),
        (b"SEND", Sniff::No),
        (b"CONE", Sniff::No),
        (b"\x10\x0c\0\x04MQTT", Sniff::No),
        (b"AMQP\0\x01", Sniff::No),
    ] {
        assert_eq!(stomp.sniff(first), expected, "{first:?}");
    }
    assert_eq!(stomp.name(), "stomp");
}
