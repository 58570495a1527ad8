//! Escapes of the three versions.

use super::*;
use proptest::prelude::*;

fn encoded(escaping: Escaping, bytes: &[u8]) -> Vec<u8> {
    let mut out = BytesMut::new();
    escaping.encode(&mut out, bytes);
    out.to_vec()
}

#[test]
fn each_version_has_its_own_escapes() {
    let raw = b"a\\b:c\nd\re\0f";
    assert_eq!(encoded(Escaping::None, raw), b"a\\b:c d\re f");
    assert_eq!(encoded(Escaping::Basic, raw), b"a\\\\b\\cc\\nd\re f");
    assert_eq!(encoded(Escaping::Full, raw), b"a\\\\b\\cc\\nd\\re f");
}

#[test]
fn escapes_are_resolved_and_unknown_ones_kept() {
    let text = br"\n\c\\n\r\t\";
    assert_eq!(&*Escaping::None.decode(text), text);
    assert_eq!(&*Escaping::Basic.decode(text), b"\n:\\n\\r\\t\\");
    assert_eq!(&*Escaping::Full.decode(text), b"\n:\\n\r\\t\\");
}

#[test]
fn plain_values_are_not_copied() {
    assert!(matches!(
        Escaping::Full.decode(b"plain:value"),
        Cow::Borrowed(_)
    ));
    assert!(matches!(Escaping::None.decode(b"\\n"), Cow::Borrowed(_)));
}

proptest! {
    #[test]
    fn what_was_escaped_comes_back(bytes in proptest::collection::vec(1u8.., 0..100)) {
        for escaping in [Escaping::Basic, Escaping::Full] {
            let escaped = encoded(escaping, &bytes);
            prop_assert_eq!(&*escaping.decode(&escaped), &bytes[..]);
        }
    }

    #[test]
    fn no_value_can_end_a_line_or_a_frame(bytes: Vec<u8>) {
        for escaping in [Escaping::None, Escaping::Basic, Escaping::Full] {
            let escaped = encoded(escaping, &bytes);
            prop_assert!(!escaped.contains(&b'\n') && !escaped.contains(&0));
            prop_assert_eq!(escaping.is_plain(&bytes), escaped == bytes);
        }
    }
}
