//! Frames in whole, in pieces, and broken.

use super::frame::{BODY_BYTES_MAX, Frame, FrameError, HEAD_BYTES_MAX, Incoming, put};

fn all(incoming: &mut Incoming) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(frame) = incoming.next().unwrap() {
        frames.push(frame);
    }
    frames
}

#[track_caller]
fn refused(bytes: &[u8], expected: FrameError) {
    let mut incoming = Incoming::default();
    incoming.extend(bytes);
    assert_eq!(incoming.next(), Err(expected));
}

#[test]
fn frames_come_out_the_same_however_they_arrive() {
    let bytes = b"\n\nMESSAGE\na:b\\cc\\n\\\\\na:second\n\nbody\0\r\n\
                  MESSAGE\r\ncontent-length:3\r\n\r\nx\0y\0RECEIPT\nreceipt-id:r1\n\n\0\n";
    let mut whole = Incoming::default();
    whole.extend(bytes);
    let expected = all(&mut whole);
    assert_eq!(expected.len(), 3);
    assert_eq!(expected[0].header("a"), Some("b:c\n\\"));
    assert_eq!(expected[0].body, b"body");
    assert_eq!(expected[1].body, b"x\0y");
    assert_eq!(expected[2].header("receipt-id"), Some("r1"));
    for size in 1..bytes.len() {
        let mut pieces = Incoming::default();
        let mut got = Vec::new();
        for piece in bytes.chunks(size) {
            pieces.extend(piece);
            got.extend(all(&mut pieces));
        }
        assert_eq!(got, expected, "in pieces of {size}");
    }
}

#[test]
fn what_is_written_can_be_read() {
    let mut out = Vec::new();
    let headers = [("a:b", "c\nd\r\\e"), ("content-length", "2")];
    put(&mut out, "SEND", &headers, Some(b"\0x"));
    let mut incoming = Incoming::default();
    incoming.extend(&out);
    let frame = incoming.next().unwrap().unwrap();
    assert_eq!(frame.verb, "SEND");
    assert_eq!(frame.header("a:b"), Some("c\nd\r\\e"));
    assert_eq!(frame.body, b"\0x");
}

#[test]
fn broken_frames_are_refused() {
    refused(b"MESSAGE\nno colon\n\n\0", FrameError::NoColon);
    refused(b"MESSAGE\na:\\t\n\n\0", FrameError::Escape);
    refused(b"MESSAGE\na:\\\n\n\0", FrameError::Escape);
    refused(b"MESSAGE\na:\xff\n\n\0", FrameError::NoText);
    refused(b"MESSAGE\ncontent-length:x\n\n\0", FrameError::Length);
    refused(b"MESSAGE\ncontent-length:1\n\nabc\0", FrameError::NoEnd);
    let long = format!("MESSAGE\ncontent-length:{}\n\n", BODY_BYTES_MAX + 1);
    refused(long.as_bytes(), FrameError::BodyTooLong);
    refused(&vec![b'a'; HEAD_BYTES_MAX + 1], FrameError::HeadTooLong);
    let many = "a:b\n".repeat(HEAD_BYTES_MAX / 4 + 1);
    refused(many.as_bytes(), FrameError::HeadTooLong);
}
