//! What the room does as a whole: relay of messages, and sniffing.

mod bodies;
mod relay;

use crate::OpenWire;
use floodway_message::session::{Protocol, Sniff};

#[test]
fn openwire_is_known_by_its_first_bytes() {
    let protocol = OpenWire::default();
    let first = b"\0\0\x01\x52\x01ActiveMQ\0\0\0\x0c";
    for end in 0..13 {
        assert_eq!(protocol.sniff(&first[..end]), Sniff::More, "{end}");
    }
    assert_eq!(protocol.sniff(&first[..13]), Sniff::Yes);
    assert_eq!(protocol.sniff(b"CONNECT\n"), Sniff::No);
    assert_eq!(protocol.sniff(b"\0\0\x01\x52\x02"), Sniff::No);
}
