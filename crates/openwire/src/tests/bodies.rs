//! What compressed bodies hold, and how far they may inflate.

use crate::codec::{Decoder, Format, PrimitiveMap};
use crate::convert::body;
use crate::generated::{DataStructure, Message};
use crate::inflate;
use bytes::BytesMut;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;
use std::path::Path;

/// Compressed messages of a stock client.
fn recorded() -> Vec<Message> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let stream = std::fs::read(folder.join("compressed-tn.c2s.bin")).unwrap();
    let first = u32::from_be_bytes(stream[..4].try_into().unwrap()) as usize;
    let format = Format {
        version: 12,
        tight: true,
        cache: false,
        cache_size: 0,
        stack_traces: true,
    };
    let mut decoder = Decoder::new(format, 1 << 20);
    let mut input = BytesMut::from(&stream[4 + first..]);
    let mut found = Vec::new();
    while let Some(frame) = decoder.next_frame(&mut input).unwrap() {
        if let Some(DataStructure::Message(message)) = decoder.read(&frame).unwrap()
            && message.compressed
        {
            found.push(*message);
        }
    }
    found
}

#[test]
fn recorded_compressed_bodies_are_read() {
    let mut kinds = Vec::new();
    for message in recorded() {
        let content = message.content.unwrap().bytes;
        let plain = inflate(message.type_id, &content, 1 << 20).unwrap();
        match message.type_id {
            body::TEXT => assert!(body::text(&plain).is_some(), "{plain:?}"),
            body::MAP => assert!(PrimitiveMap::new(&plain).all(|entry| entry.is_ok())),
            _ => assert!(!plain.is_empty()),
        }
        kinds.push(message.type_id);
    }
    kinds.sort_unstable();
    kinds.dedup();
    assert!(
        kinds.contains(&body::TEXT) && kinds.contains(&body::BYTES),
        "{kinds:?}"
    );
    assert!(kinds.contains(&body::MAP), "{kinds:?}");
}

fn packed(length: usize) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![0; length]).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_body_that_inflates_beyond_the_limit_is_refused() {
    let limit = 10_000;
    assert_eq!(
        inflate(body::TEXT, &packed(limit), limit).unwrap().len(),
        limit
    );
    let error = inflate(body::TEXT, &packed(limit + 1), limit).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the compressed body holds more than 10000 bytes"
    );
    // A thousand to one: what is not read is not kept.
    assert!(inflate(body::TEXT, &packed(50_000_000), limit).is_err());
}

#[test]
fn damaged_compressed_bodies_are_refused() {
    let mut cut = packed(1000);
    cut.truncate(5);
    for damaged in [&b"plain"[..], &b""[..], &cut] {
        assert!(inflate(body::TEXT, damaged, 1000).is_err(), "{damaged:?}");
    }
}
