//! Strings between Java and everything else.

use crate::codec::Text;
use bytes::Bytes;

#[track_caller]
fn check(text: &str, wire: &[u8]) {
    assert_eq!(Text::new(text).bytes(), wire);
    let received = Text::from_wire(Bytes::copy_from_slice(wire)).unwrap();
    assert_eq!(received.to_str(), text);
}

#[test]
fn nul_and_supplementary_characters_have_a_form_of_their_own() {
    check("", b"");
    check("plain", b"plain");
    check("\0", b"\xc0\x80");
    check("é€", "é€".as_bytes());
    check("a😀b", b"a\xed\xa0\xbd\xed\xb8\x80b");
    check("\u{ffff}", "\u{ffff}".as_bytes());
}

#[test]
fn what_java_cannot_read_is_refused() {
    for wire in [
        &b"\xf0\x9f\x98\x80"[..],
        b"\x80",
        b"\xc3",
        b"\xe2\x82",
        b"\xe2\x28\xa1",
        b"\xff",
    ] {
        assert_eq!(
            Text::from_wire(Bytes::copy_from_slice(wire)),
            None,
            "{wire:x?}"
        );
    }
}

#[test]
fn an_unpaired_surrogate_is_kept_and_shown_as_a_replacement() {
    let text = Text::from_wire(Bytes::from_static(b"a\xed\xa0\xbd")).unwrap();
    assert_eq!(text.to_str(), "a\u{fffd}");
    assert_eq!(text.bytes(), &b"a\xed\xa0\xbd"[..]);
}
