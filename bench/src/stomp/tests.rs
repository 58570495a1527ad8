//! Frames as brokers send them are told apart and measured exactly, however they are cut.

use super::*;
use crate::body::Stamp;

fn message(id: &str, body: &[u8]) -> Vec<u8> {
    let mut frame = format!(
        "MESSAGE\ncontent-length:{}\nmessage-id:{id}\nsubscription:1\n\n",
        body.len()
    )
    .into_bytes();
    frame.extend_from_slice(body);
    frame.extend_from_slice(b"\0\n");
    frame
}

fn stamped(sequence: u64) -> Vec<u8> {
    let mut body = filler(100);
    Stamp {
        producer: 0,
        sequence,
        sent_nanos: 1,
    }
    .write(&mut body);
    body
}

fn bodies(mut bytes: &[u8]) -> Vec<u64> {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    loop {
        match decoder.decode(bytes) {
            Decoded::Message { body, end } => {
                found.push(Stamp::read(&bytes[body]).unwrap().sequence);
                bytes = &bytes[end..];
            }
            Decoded::Skip { end } => bytes = &bytes[end..],
            Decoded::Incomplete => return found,
            other => panic!("unexpected {other:?}"),
        }
    }
}

#[test]
fn messages_with_growing_headers_are_all_found() {
    let stream: Vec<u8> = (0..1200)
        .flat_map(|n| message(&format!("ID:{n}"), &stamped(n)))
        .collect();
    assert_eq!(bodies(&stream), (0..1200).collect::<Vec<_>>());
}

#[test]
fn a_cut_frame_is_incomplete_at_every_length() {
    let frame = message("ID:1", &stamped(5));
    let mut warm = Decoder::default();
    warm.decode(&frame);
    for length in 0..frame.len() - 1 {
        assert_eq!(
            Decoder::default().decode(&frame[..length]),
            Decoded::Incomplete
        );
        assert_eq!(warm.decode(&frame[..length]), Decoded::Incomplete);
    }
    assert!(matches!(
        warm.decode(&frame[..frame.len() - 1]),
        Decoded::Message { .. }
    ));
}

#[test]
fn receipt_number_is_read() {
    let frame = b"\nRECEIPT\nreceipt-id:000000000042\n\n\0\n";
    let expected = Decoded::Confirm {
        receipt: Some(42),
        end: frame.len() - 1,
    };
    assert_eq!(Decoder::default().decode(frame), expected);
}

#[test]
fn an_error_frame_is_a_refusal_with_its_text() {
    let frame = b"ERROR\nmessage:no such queue\n\nsorry\0";
    match Decoder::default().decode(frame) {
        Decoded::Refused { text, end } => {
            assert!(text.contains("no such queue") && text.contains("sorry"));
            assert_eq!(end, frame.len());
        }
        other => panic!("unexpected {other:?}"),
    }
}
