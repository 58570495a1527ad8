//! A stamp survives the trip through a body, and nothing else passes for one.

use super::*;

#[test]
fn stamp_is_read_back_as_written() {
    let mut body = filler(64);
    let stamp = Stamp {
        producer: 7,
        sequence: 1 << 40,
        sent_nanos: 123_456_789,
    };
    stamp.write(&mut body);
    assert_eq!(Stamp::read(&body), Some(stamp));
    assert!(is_stamped(&body));
}

#[test]
fn foreign_or_short_bodies_carry_no_stamp() {
    let mut body = filler(64);
    assert_eq!(Stamp::read(&body), None);
    Stamp {
        producer: 1,
        sequence: 2,
        sent_nanos: 3,
    }
    .write(&mut body);
    assert_eq!(Stamp::read(&body[..STAMP_LENGTH - 1]), None);
    assert!(Stamp::read(&body[..STAMP_LENGTH]).is_some());
}

#[test]
fn filler_is_printable_and_never_shorter_than_a_stamp() {
    assert_eq!(filler(0).len(), STAMP_LENGTH);
    assert!(filler(1024).iter().all(|byte| byte.is_ascii_graphic()));
}
