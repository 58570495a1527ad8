//! Server lines and payloads are told apart and measured exactly.

use super::*;

#[test]
fn a_message_spans_line_payload_and_line_end() {
    let bytes = b"MSG bench.q 1 5\r\nhello\r\nPING\r\n";
    let decoded = Decoder::new(Side::Consumer).decode(bytes);
    assert_eq!(
        decoded,
        Decoded::Message {
            body: 17..22,
            end: 24
        }
    );
}

#[test]
fn a_message_with_reply_subject_is_measured_by_its_last_number() {
    let bytes = b"MSG deliver.q 1 $JS.ACK.q.readers.1.7.7.169.0 2\r\nhi\r\n";
    let decoded = Decoder::new(Side::Consumer).decode(bytes);
    assert_eq!(
        decoded,
        Decoded::Message {
            body: 49..51,
            end: 53
        }
    );
}

#[test]
fn a_cut_message_is_incomplete_at_every_length() {
    let bytes = b"MSG bench.q 1 5\r\nhello\r\n";
    for length in 0..bytes.len() {
        let decoded = Decoder::new(Side::Consumer).decode(&bytes[..length]);
        assert_eq!(decoded, Decoded::Incomplete);
    }
}

#[test]
fn an_answer_confirms_unless_it_carries_an_error() {
    let mut decoder = Decoder::new(Side::Producer);
    let good = b"MSG _INBOX.q.0 1 24\r\n{\"stream\":\"q\",\"seq\":123}\r\n";
    assert_eq!(
        decoder.decode(good),
        Decoded::Confirm {
            receipt: None,
            end: good.len()
        }
    );
    let bad = b"MSG _INBOX.q.0 1 12\r\n{\"error\":{}}\r\n";
    assert!(matches!(decoder.decode(bad), Decoded::Refused { .. }));
}

#[test]
fn a_line_without_a_usable_length_is_refused() {
    let mut decoder = Decoder::new(Side::Consumer);
    assert!(matches!(
        decoder.decode(b"MSG a 1 x\r\n"),
        Decoded::Refused { .. }
    ));
    let huge = b"MSG a 1 99999999999999999999999\r\n";
    assert!(matches!(decoder.decode(huge), Decoded::Refused { .. }));
}
