//! Frames out of streams: tolerance, and independence of how the bytes arrive.

use super::*;
use proptest::prelude::*;

/// What a frame looks like after decoding.
type Seen = (Verb, String, Vec<(String, String)>, Vec<u8>);

fn decoder(version: Option<Version>) -> Decoder {
    let mut decoder = Decoder::new();
    if let Some(version) = version {
        decoder.log_in(version);
    }
    decoder
}

/// Decodes a stream that arrives in pieces.
fn decode(version: Version, pieces: &[&[u8]]) -> Result<Vec<Seen>, StompError> {
    let settings = Settings::default();
    let mut decoder = decoder(Some(version));
    let mut input = BytesMut::new();
    let mut seen = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        while let Some(span) = decoder.next(&settings, &mut input)? {
            let body = Body::Borrowed(&input[span.body_start..span.body_end]);
            let frame = decoder.frame(&input, body);
            let text = |raw| frame.headers.to_text(raw).into_owned();
            seen.push((
                frame.verb,
                String::from_utf8_lossy(frame.command).into_owned(),
                frame
                    .headers
                    .iter()
                    .map(|(n, v)| (text(n), text(v)))
                    .collect(),
                frame.body.bytes().to_vec(),
            ));
            input.advance(span.len());
        }
    }
    Ok(seen)
}

fn one(version: Version, stream: &str) -> Seen {
    let mut seen = decode(version, &[stream.replace("^@", "\0").as_bytes()]).unwrap();
    assert_eq!(seen.len(), 1, "{seen:?}");
    seen.remove(0)
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

#[test]
fn a_frame_is_command_headers_and_body() {
    let seen = one(
        Version::V1_2,
        "SEND\ndestination:/queue/a\nx:y:z\n\nbody\n\n^@",
    );
    assert_eq!(seen.0, Verb::Send);
    assert_eq!(
        seen.2,
        [header("destination", "/queue/a"), header("x", "y:z")]
    );
    assert_eq!(seen.3, b"body\n\n");
}

#[test]
fn anything_blank_may_stand_between_frames() {
    let stream = b"\n\r\n\0\0 \t\nBEGIN\ntransaction:1\n\n\0\n\n\0\nABORT\ntransaction:1\n\n\0\0\n";
    let seen = decode(Version::V1_1, &[stream]).unwrap();
    let verbs: Vec<Verb> = seen.iter().map(|frame| frame.0).collect();
    assert_eq!(verbs, [Verb::Begin, Verb::Abort]);
}

#[test]
fn lines_may_end_with_carriage_return_and_line_feed_in_1_0_and_1_2() {
    for version in [Version::V1_0, Version::V1_2] {
        let seen = one(version, "SEND\r\ndestination:/queue/a\r\n\r\nb\r\n^@");
        assert_eq!(seen.1, "SEND");
        assert_eq!(seen.2, [header("destination", "/queue/a")]);
        assert_eq!(seen.3, b"b\r\n");
    }
    // In 1.1 a carriage return belongs to the value; only the empty line may have one.
    let seen = one(Version::V1_1, "SEND\r\ndestination:/queue/a\r\n\r\nb^@");
    assert_eq!(seen.1, "SEND");
    assert_eq!(seen.2, [header("destination", "/queue/a\r")]);
    assert_eq!(seen.3, b"b");
}

#[test]
fn values_lose_surrounding_blanks_in_1_0_only() {
    let stream = "SEND\nname : value \n\n^@";
    assert_eq!(one(Version::V1_0, stream).2, [header("name ", "value")]);
    assert_eq!(one(Version::V1_1, stream).2, [header("name ", " value ")]);
    assert_eq!(one(Version::V1_2, stream).2, [header("name ", " value ")]);
}

#[test]
fn escapes_are_those_of_the_version_and_connect_has_none() {
    let stream = "SEND\na\\cb:c\\nd\\\\e\\rf\\t\n\n^@";
    assert_eq!(
        one(Version::V1_0, stream).2,
        [header("a\\cb", "c\\nd\\\\e\\rf\\t")]
    );
    assert_eq!(
        one(Version::V1_1, stream).2,
        [header("a:b", "c\nd\\e\\rf\\t")]
    );
    assert_eq!(
        one(Version::V1_2, stream).2,
        [header("a:b", "c\nd\\e\rf\\t")]
    );
    let connect = "CONNECT\npasscode: a\\cb \r\n\n^@";
    assert_eq!(one(Version::V1_1, connect).2, [header("passcode", "a\\cb")]);
}

#[test]
fn a_line_without_colon_is_a_name_without_value() {
    assert_eq!(
        one(Version::V1_2, "SEND\nname\nx\nempty:\n\n^@").2,
        [header("name", ""), header("x", ""), header("empty", "")]
    );
}

#[test]
fn headers_that_are_not_utf_8_are_read_with_replacements() {
    let seen = decode(Version::V1_2, &[b"SEND\nname:a\xffb\n\n\0"]).unwrap();
    assert_eq!(seen[0].2, [header("name", "a\u{fffd}b")]);
}

#[test]
fn the_first_of_repeated_lengths_counts() {
    let seen = one(
        Version::V1_2,
        "SEND\ncontent-length:3\ncontent-length:1\n\na^@b^@",
    );
    assert_eq!(seen.3, b"a\0b");
}

#[test]
fn only_send_frames_have_a_length() {
    let seen = decode(Version::V1_2, &[b"ACK\nid:1\ncontent-length:99\n\nxy\0"]).unwrap();
    assert_eq!(seen[0].3, b"xy");
}

#[test]
fn a_frame_in_many_pieces_is_looked_at_once() {
    let settings = Settings::default();
    let mut decoder = decoder(Some(Version::V1_2));
    let mut input = BytesMut::from(&b"SEND\nname:value\n\n"[..]);
    for _ in 0..100 {
        input.extend_from_slice(b"0123456789");
        assert_eq!(decoder.next(&settings, &mut input).unwrap(), None);
        assert_eq!(decoder.scanned, input.len());
    }
    input.clear();
    let mut decoder = self::decoder(Some(Version::V1_2));
    for byte in b"SEND\nname:value" {
        input.extend_from_slice(&[*byte]);
        assert_eq!(decoder.next(&settings, &mut input).unwrap(), None);
        assert_eq!(decoder.scanned, input.len());
    }
}

/// Streams of frames with everything that may occur in them.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("SEND\n".to_owned()),
        Just("ACK\r\n".to_owned()),
        Just("destination:/queue/a\n".to_owned()),
        Just("content-length:3\n".to_owned()),
        Just("x\\c:\\n\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\0".to_owned()),
        Just("abc\0".to_owned()),
        "[ -~]{0,12}".prop_map(|text| text),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #[test]
    fn it_does_not_matter_how_the_bytes_arrive(
        stream in streams(),
        cuts in proptest::collection::vec(0usize..200, 0..6),
    ) {
        for version in [Version::V1_0, Version::V1_1, Version::V1_2] {
            let whole = decode(version, &[&stream]);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
            cuts.sort_unstable();
            cuts.push(stream.len());
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&stream[from..cut]);
                from = cut;
            }
            prop_assert_eq!(&whole, &decode(version, &pieces));
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            prop_assert_eq!(&whole, &decode(version, &bytes));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(stream: Vec<u8>) {
        drop(decode(Version::V1_2, &[&stream]));
        let mut framed = b"SEND\n".to_vec();
        framed.extend_from_slice(&stream);
        drop(decode(Version::V1_1, &[&framed]));
    }

    #[test]
    fn bodies_come_out_as_they_went_in(body: Vec<u8>) {
        let mut stream = format!("SEND\ncontent-length:{}\n\n", body.len()).into_bytes();
        stream.extend_from_slice(&body);
        stream.extend_from_slice(b"\0\n");
        let seen = decode(Version::V1_2, &[&stream, &stream]).unwrap();
        prop_assert_eq!(seen.len(), 2);
        prop_assert_eq!(&seen[0].3, &body);
        prop_assert_eq!(&seen[1].3, &body);
    }
}
