//! Loading a train changes exactly stamp and numbers of the frames asked for.

use super::*;
use crate::body::{STAMP_LENGTH, filler};

fn shape() -> FrameShape {
    let mut bytes = b"receipt:............\n####\n".to_vec();
    let body_at = bytes.len();
    bytes.extend_from_slice(&filler(STAMP_LENGTH));
    bytes.push(0);
    FrameShape {
        bytes,
        body_at,
        numbers: vec![
            Number {
                at: 8,
                form: Form::Decimal,
                first: 0,
            },
            Number {
                at: 21,
                form: Form::Binary,
                first: 65_536,
            },
        ],
    }
}

#[test]
fn frames_carry_consecutive_sequences_and_numbers() {
    let mut train = Train::new(&shape(), 3);
    assert_eq!(train.capacity(), 3);
    train.load(
        2,
        Stamp {
            producer: 4,
            sequence: 41,
            sent_nanos: 9,
        },
    );
    let bytes = train.unwritten(2, 0).to_vec();
    assert_eq!(bytes.len(), 2 * train.frame_length());
    for (frame, sequence) in bytes.chunks(train.frame_length()).zip(41_u64..) {
        let stamp = Stamp::read(&frame[26..]).unwrap();
        assert_eq!(
            (stamp.producer, stamp.sequence, stamp.sent_nanos),
            (4, sequence, 9)
        );
        assert_eq!(&frame[8..20], format!("{sequence:012}").as_bytes());
        let binary = 65_536 + u32::try_from(sequence).unwrap();
        assert_eq!(&frame[21..25], binary.to_be_bytes());
        assert_eq!((frame[20], frame[25]), (b'\n', b'\n'));
        assert_eq!(frame.last(), Some(&0));
    }
}

#[test]
fn what_was_written_is_not_offered_again() {
    let train = Train::new(&shape(), 2);
    let length = train.frame_length();
    assert_eq!(train.unwritten(2, length + 1).len(), length - 1);
    assert!(train.unwritten(2, 2 * length).is_empty());
}
