//! Frames that no client writes: every one is refused with a reason, and nothing large is
//! allocated for it.

use crate::codec::{
    CACHED_BYTES_MAX, DEPTH_MAX, DecodeError, Decoder, ELEMENTS_MAX, Fault, Format,
};
use bytes::{BufMut, Bytes, BytesMut};

const LOOSE: Format = Format {
    version: 12,
    tight: false,
    cache: true,
    cache_size: 200,
    stack_traces: true,
};
const TIGHT: Format = Format {
    tight: true,
    ..LOOSE
};

fn read(format: Format, frame: &[u8]) -> Result<(), DecodeError> {
    let mut decoder = Decoder::new(format, 1 << 20);
    decoder.read(&Bytes::copy_from_slice(frame)).map(drop)
}

#[track_caller]
fn refused(format: Format, frame: &[u8]) -> Fault {
    read(format, frame).unwrap_err().fault
}

#[test]
fn a_size_over_the_limit_is_refused_before_the_frame_has_come() {
    let mut decoder = Decoder::new(LOOSE, 1000);
    for (size, refused) in [
        (1000, false),
        (1001, true),
        (0, true),
        (-1, true),
        (i32::MIN, true),
    ] {
        let mut input = BytesMut::new();
        input.put_i32(size);
        assert_eq!(decoder.next_frame(&mut input).is_err(), refused, "{size}");
    }
    let mut input = BytesMut::from(&[0, 0, 3, 232][..]);
    assert_eq!(decoder.next_frame(&mut input), Ok(None));
    assert_eq!(decoder.input_wanted(), 1004);
}

#[test]
fn unknown_types_are_refused_with_the_version() {
    for type_id in [13, 70, 79, 99, 125, 255] {
        let version = 12;
        assert_eq!(
            refused(LOOSE, &[type_id]),
            Fault::UnknownType { type_id, version }
        );
    }
    let old = Format {
        version: 2,
        ..LOOSE
    };
    let fault = Fault::UnknownType {
        type_id: 19,
        version: 2,
    };
    assert_eq!(refused(old, &[19, 0, 0, 0, 1]), fault);
}

#[test]
fn an_error_names_offset_and_field() {
    let error = read(LOOSE, &[14, 0, 0, 0, 1, 0, 1, 0, 9, b'x']).unwrap_err();
    assert_eq!(
        error.to_string(),
        "byte 9 of the frame, field command: 9 bytes are needed and 1 are left"
    );
}

#[test]
fn what_follows_the_last_field_is_refused() {
    assert_eq!(
        refused(LOOSE, &[10, 0, 0, 0, 1, 0, 7]),
        Fault::LeftOver { left: 1 }
    );
    let unused = Fault::UnusedBits { used: 1, found: 2 };
    assert_eq!(refused(TIGHT, &[10, 2, 0, 0, 0, 0, 0, 1]), unused);
}

#[test]
fn a_cache_slot_must_be_filled_in_range_and_of_the_type() {
    // SessionInfo(sessionId) that refers to a slot nobody filled.
    for index in [0_i16, 199, 200, -1, i16::MAX] {
        let mut frame = vec![4, 0, 0, 0, 1, 0, 0];
        frame.extend_from_slice(&index.to_be_bytes());
        assert_eq!(
            refused(LOOSE, &frame),
            Fault::CacheSlot { index, size: 200 }
        );
    }
    // One that fills a slot out of range.
    let mut frame = vec![4, 0, 0, 0, 1, 0, 1];
    frame.extend_from_slice(&200_i16.to_be_bytes());
    frame.push(0);
    assert_eq!(
        refused(LOOSE, &frame),
        Fault::CacheSlot {
            index: 200,
            size: 200
        }
    );
    // A slot with a connection id read as a session id.
    let mut decoder = Decoder::new(LOOSE, 1 << 20);
    let fill = [
        12, 0, 0, 0, 1, 0, 1, 0, 3, 1, 120, 1, 0, 1, b'c', 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    decoder.read(&Bytes::copy_from_slice(&fill)).unwrap();
    let take = [4, 0, 0, 0, 1, 0, 0, 0, 3];
    let error = decoder.read(&Bytes::copy_from_slice(&take)).unwrap_err();
    assert_eq!(
        error.fault,
        Fault::CacheSlot {
            index: 3,
            size: 200
        }
    );
}

#[test]
fn cached_values_are_bounded_in_bytes_and_give_their_room_back() {
    let mut decoder = Decoder::new(LOOSE, 1 << 20);
    let mut fill = |slot: u16| {
        let mut frame = vec![4, 0, 0, 0, 1, 0, 1];
        frame.extend_from_slice(&slot.to_be_bytes());
        frame.extend_from_slice(&[1, 121, 1, 0xff, 0xff]);
        frame.resize(frame.len() + 0xffff, b'x');
        frame.extend_from_slice(&[0; 8]);
        decoder.read(&Bytes::from(frame)).map(drop)
    };
    let most = u16::try_from(CACHED_BYTES_MAX / 0xffff).unwrap();
    for _ in 0..2 {
        for slot in 0..most - 1 {
            fill(slot).unwrap();
        }
    }
    fill(most - 1).unwrap();
    let error = fill(most).unwrap_err();
    assert_eq!(
        error.fault,
        Fault::CacheBytes {
            limit: CACHED_BYTES_MAX
        }
    );
}

#[test]
fn nesting_is_bounded() {
    let mut frame = BytesMut::new();
    frame.put_slice(&[16, 0, 0, 0, 1, 0]);
    for _ in 0..=DEPTH_MAX {
        // A throwable without class, message and frames, caused by another.
        frame.put_slice(&[1, 0, 0, 0, 0]);
    }
    assert_eq!(refused(LOOSE, &frame), Fault::TooDeep { limit: DEPTH_MAX });
}

#[test]
fn array_elements_are_counted_before_they_are_read() {
    let mut frame = vec![33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    frame.extend_from_slice(&u16::try_from(ELEMENTS_MAX + 1).unwrap().to_be_bytes());
    assert_eq!(
        refused(LOOSE, &frame),
        Fault::TooMany {
            limit: ELEMENTS_MAX
        }
    );
}

#[test]
fn types_are_refused_where_their_field_cannot_hold_them() {
    // DataStructure holds anything, a message's id does not: MessagePull.messageId = ConnectionId.
    let frame = [
        20, 0, 0, 0, 1, 0, 1, 0xff, 0xff, 0, 1, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 120,
    ];
    assert_eq!(
        refused(LOOSE, &frame),
        Fault::MisplacedType { type_id: 120 }
    );
}

#[test]
fn lengths_are_checked_against_the_frame() {
    let mut frame = vec![18, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let negative = [&frame[..], &(-5_i32).to_be_bytes()].concat();
    assert_eq!(
        refused(LOOSE, &negative),
        Fault::NegativeLength { length: -5 }
    );
    frame.extend_from_slice(&i32::MAX.to_be_bytes());
    let wanted = usize::try_from(i32::MAX).unwrap();
    assert_eq!(refused(LOOSE, &frame), Fault::Truncated { wanted, left: 0 });
}
