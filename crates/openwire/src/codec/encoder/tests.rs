//! A frame is the same whatever was written before it.

use super::*;
use crate::generated::{Message, Response};
use bytes::Bytes;
use floodway_message::output::SHARE_BYTES_MIN;
use std::io::IoSlice;

fn written(mut output: Output) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !output.is_empty() {
        let mut slices = [IoSlice::new(&[]); 4];
        let count = output.slices(&mut slices);
        let before = bytes.len();
        for slice in slices.iter().take(count) {
            bytes.extend_from_slice(slice);
        }
        output.advance(bytes.len() - before);
    }
    bytes
}

#[test]
fn frames_with_heads_and_bodies_of_all_lengths_follow_each_other() {
    for tight in [true, false] {
        let format = Format {
            version: 12,
            tight,
            ..Format::before_negotiation()
        };
        let bodies = [0, 3, SHARE_BYTES_MIN - 1, SHARE_BYTES_MIN, 40_000, 5];
        let message = |length: usize| Message {
            type_id: 24,
            marshalled_properties: Some(vec![7; length / 2].into()),
            content: Some(Bytes::from(vec![5; length]).into()),
            ..Message::default()
        };
        let (mut together, mut alone) = (Encoder::new(format), Vec::new());
        let mut output = Output::default();
        for length in bodies {
            together.put(&message(length), &mut output);
            together.put(&Response::default(), &mut output);
            let mut first = Output::default();
            Encoder::new(format).put(&message(length), &mut first);
            alone.extend(written(first));
            let mut second = Output::default();
            Encoder::new(format).put(&Response::default(), &mut second);
            alone.extend(written(second));
        }
        assert!(written(output) == alone, "tight: {tight}");
    }
}

#[test]
fn an_output_that_is_emptied_in_pieces_does_not_outgrow_its_limit() {
    let mut encoder = Encoder::new(Format::before_negotiation());
    let mut output = Output::default();
    let frame = Message {
        type_id: 24,
        content: Some(Bytes::from(vec![5; 1000]).into()),
        ..Message::default()
    };
    let limit = 256 * 1024;
    for turn in 0..20 {
        while output.len() + 2 * 1024 < limit {
            encoder.put(&frame, &mut output);
        }
        assert_eq!(output.buffer().capacity(), limit, "turn {turn}");
        output.advance(100_000);
        output.advance(output.len());
    }
}
