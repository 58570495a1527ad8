//! Frames of OpenWire that may hold anything, in all versions and encodings.
//!
//! The first two bytes choose the format, the rest is a stream of frames. Whatever comes, the
//! decoder must not panic nor take more memory than the limits allow; what it accepts must
//! encode, and decode again to the same.
#![no_main]

use bytes::BytesMut;
use floodway_message::Output;
use floodway_openwire::codec::{Decoder, Encoder, Format, Offer};
use floodway_openwire::generated::DataStructure;
use libfuzzer_sys::fuzz_target;
use std::io::IoSlice;

const FRAME_BYTES_MAX: usize = 256 * 1024;

fuzz_target!(|data: &[u8]| {
    let [mode, version, stream @ ..] = data else {
        return;
    };
    let format = Format {
        version: version % 12 + 1,
        tight: mode & 1 != 0,
        cache: mode & 2 != 0,
        cache_size: if mode & 8 != 0 { 120 } else { 1024 },
        stack_traces: mode & 4 != 0,
    };
    let mut decoder = Decoder::new(format, FRAME_BYTES_MAX);
    let mut again = Decoder::new(format, 4 * FRAME_BYTES_MAX);
    let mut encoder = Encoder::new(format);
    let mut input = BytesMut::from(stream);
    while let Ok(Some(frame)) = decoder.next_frame(&mut input) {
        let Ok(found) = decoder.read(&frame) else {
            return;
        };
        let Some(found) = found else {
            continue;
        };
        if let DataStructure::WireFormatInfo(info) = &found {
            let _ = Offer::of(info);
        }
        let mut output = Output::default();
        encoder.put(&found, &mut output);
        let mut bytes = written(&output);
        let frame = again.next_frame(&mut bytes).expect("a size").expect("a whole frame");
        let back = again.read(&frame).expect("a well-formed frame");
        assert_eq!(back.as_ref(), Some(&found));
    }
});

fn written(output: &Output) -> BytesMut {
    let mut slices = [IoSlice::new(&[]); 256];
    let count = output.slices(&mut slices);
    let mut all = BytesMut::new();
    slices.iter().take(count).for_each(|slice| all.extend_from_slice(slice));
    all
}
