//! Replays recorded streams with their caches, single frames, and synthetic frames.

use super::json::assert_same;
use crate::codec::{Decoder, Encoder, Format, Wire};
use bytes::{Bytes, BytesMut};
use flate2::read::GzDecoder;
use floodway_message::Output;
use serde_json::Value;
use std::collections::HashMap;
use std::io::{IoSlice, Read, Write};
use std::path::{Path, PathBuf};

const LIMIT: usize = 64 * 1024 * 1024;

#[test]
fn chosen_recordings_decode_to_their_fields_and_encode_to_their_bytes() {
    let frames = replay(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"));
    assert!(frames > 10_000, "{frames} frames");
}

#[test]
fn all_recordings_decode_to_their_fields_and_encode_to_their_bytes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = root.join("reference/openwire/vectors");
    if !folder.join("index.json").exists() {
        let mut out = std::io::stderr();
        writeln!(out, "skipped: the folder of all recordings is not here").unwrap();
        return;
    }
    let frames = replay(&folder);
    assert!(frames > 30_000, "{frames} frames");
}

fn replay(folder: &Path) -> usize {
    let index: Value = serde_json::from_slice(&read(folder, "index.json")).unwrap();
    let mut frames = 0;
    for connection in index["connections"].as_array().unwrap() {
        frames += replay_connection(folder, connection);
    }
    for single in index["single_frames"].as_array().unwrap() {
        let name = single["file"].as_str().unwrap();
        let (mut decoder, mut encoder) = codecs(format_of(&single["negotiated"]));
        let bytes = read(folder, name);
        check(name, &mut decoder, &mut encoder, &bytes, &single["obj"]);
        frames += 1;
    }
    frames + replay_synthetic(folder)
}

fn replay_connection(folder: &Path, connection: &Value) -> usize {
    let file = |at: usize| connection["files"][at].as_str().unwrap();
    let recorded: Vec<Value> = serde_json::from_slice(&unzip(folder, file(2))).unwrap();
    let format = format_of(&connection["negotiated"]);
    for (direction, stream) in [("client->broker", 0), ("broker->client", 1)] {
        let bytes = read(folder, file(stream));
        let (mut decoder, mut encoder) = codecs(Format::before_negotiation());
        let mut first = true;
        for frame in recorded.iter().filter(|frame| frame["dir"] == direction) {
            let offset = usize::try_from(frame["offset"].as_u64().unwrap()).unwrap() - 4;
            let length = usize::try_from(frame["length"].as_u64().unwrap()).unwrap() + 4;
            let name = format!("{} at {offset}", file(stream));
            let bytes = &bytes[offset..offset + length];
            check(&name, &mut decoder, &mut encoder, bytes, &frame["obj"]);
            if std::mem::take(&mut first) {
                (decoder, encoder) = codecs(format);
            }
        }
    }
    recorded.len()
}

fn replay_synthetic(folder: &Path) -> usize {
    let data = unzip(folder, "synthetic.bin.gz");
    let expected = unzip(folder, "synthetic.expected.jsonl.gz");
    let mut rest = &data[..];
    let mut states = HashMap::new();
    let mut frames = 0;
    for line in expected
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let (version, mode) = (rest[0], rest[1]);
        let length = u32::from_be_bytes(rest[2..6].try_into().unwrap()) as usize;
        let (bytes, after) = rest[6..].split_at(length);
        rest = after;
        let (decoder, encoder) = states.entry((version, mode)).or_insert_with(|| {
            codecs(Format {
                version,
                tight: mode & 1 != 0,
                cache: mode & 2 != 0,
                cache_size: 0,
                stack_traces: mode & 4 != 0,
            })
        });
        let expected = serde_json::from_slice(line).unwrap();
        let name = format!("synthetic frame {frames} of version {version}, mode {mode}");
        check(&name, decoder, encoder, bytes, &expected);
        frames += 1;
    }
    assert!(rest.is_empty());
    frames
}

fn check(name: &str, decoder: &mut Decoder, encoder: &mut Encoder, bytes: &[u8], fields: &Value) {
    let mut input = BytesMut::from(bytes);
    let frame = decoder.next_frame(&mut input).unwrap().unwrap();
    let found = decoder.read(&frame);
    let found = found.unwrap_or_else(|error| panic!("{name}: {error}\n{fields}"));
    let Some(found) = found else {
        assert_eq!(*fields, Value::Null, "{name}");
        return;
    };
    assert_eq!(
        fields["_t"].as_str(),
        Some(type_name(found.type_id())),
        "{name}"
    );
    assert_same(fields, &serde_json::to_value(&found).unwrap(), name);
    let mut output = Output::default();
    encoder.put(&found, &mut output);
    assert_eq!(
        Bytes::from(written(&output)),
        Bytes::copy_from_slice(bytes),
        "{name}\n{fields}"
    );
}

/// All bytes of an output.
fn written(output: &Output) -> Vec<u8> {
    let mut slices = [IoSlice::new(&[]); 64];
    let count = output.slices(&mut slices);
    slices[..count]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect()
}

fn codecs(format: Format) -> (Decoder, Encoder) {
    (Decoder::new(format, LIMIT), Encoder::new(format))
}

fn format_of(negotiated: &Value) -> Format {
    let flag = |name: &str| negotiated[name].as_bool().unwrap_or(false);
    let number = |name: &str, default: u64| negotiated[name].as_u64().unwrap_or(default);
    Format {
        version: u8::try_from(number("version", 1)).unwrap(),
        tight: flag("tight"),
        cache: flag("cache"),
        cache_size: u16::try_from(number("cache_size", 0)).unwrap(),
        stack_traces: flag("stack"),
    }
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    let path: PathBuf = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn unzip(folder: &Path, name: &str) -> Vec<u8> {
    let mut all = Vec::new();
    GzDecoder::new(&read(folder, name)[..])
        .read_to_end(&mut all)
        .unwrap();
    all
}

/// The name of a wire type in the recordings.
fn type_name(type_id: u8) -> &'static str {
    let table = include_str!("../../../testdata/types.txt");
    let found = table.lines().find_map(|line| {
        let (id, name) = line.split_once(' ')?;
        (id.parse() == Ok(type_id)).then_some(name)
    });
    found.unwrap_or("unknown")
}
