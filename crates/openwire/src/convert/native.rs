//! What a message has that only OpenWire knows, in the message's native field.
//!
//! Layout: version (1), wire type (1), flags (1), time of arrival (8); with [`RAW_PROPERTIES`]
//! the number of properties taken over (4), a length (4) and the marshalled map; with [`RARE`]
//! the fields that few messages have, as the loose form of a message without the others. The
//! layout is part of stored messages: never change the meaning of a version.

use crate::codec::{Decoder, Encoder, Format, Wire};
use crate::generated::{DataStructure, Message as WireMessage};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use floodway_message::Output;
use std::io::IoSlice;

/// Tag of OpenWire's native fields.
pub(crate) const TAG: u8 = 2;
const VERSION: u8 = 1;
const FIXED_BYTES: usize = 11;
/// Rare fields longer than this are not read back.
const FROZEN_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The content is compressed.
pub(crate) const COMPRESSED: u8 = 1;
/// The body is the content as it came.
pub(crate) const RAW_BODY: u8 = 2;
/// There is no content, not even an empty one.
pub(crate) const NO_CONTENT: u8 = 4;
/// The marshalled properties are kept as they came.
pub(crate) const RAW_PROPERTIES: u8 = 8;
/// Rare fields are kept.
pub(crate) const RARE: u8 = 16;
/// There are no marshalled properties, not even an empty map.
pub(crate) const NO_PROPERTIES: u8 = 32;
/// The text is the same in UTF-8 and modified UTF-8.
pub(crate) const PLAIN_TEXT: u8 = 64;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Native {
    pub(crate) type_id: u8,
    pub(crate) flags: u8,
    pub(crate) broker_in_ms: i64,
    /// Properties that were taken over, and the map they are from.
    pub(crate) raw_properties: Option<(u32, Bytes)>,
    pub(crate) rare: Option<Box<WireMessage>>,
}

impl Native {
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The field's bytes.
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        out.put_slice(&[VERSION, self.type_id, self.flags]);
        out.put_i64(self.broker_in_ms);
        if let Some((taken, raw)) = &self.raw_properties {
            out.put_u32(*taken);
            out.put_u32(u32::try_from(raw.len()).unwrap_or(u32::MAX));
            out.put_slice(raw);
        }
        if let Some(rare) = &self.rare {
            freeze(&**rare, out);
        }
    }

    /// Reads a field; `None` for a layout of a later Floodway.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<Self> {
        let (fixed, rest) = bytes.split_first_chunk::<FIXED_BYTES>()?;
        let mut head = &fixed[..];
        if head.get_u8() != VERSION {
            return None;
        }
        let mut native = Self {
            type_id: head.get_u8(),
            flags: head.get_u8(),
            broker_in_ms: head.get_i64(),
            ..Self::default()
        };
        bytes = rest;
        if native.has(RAW_PROPERTIES) {
            let taken = bytes.try_get_u32().ok()?;
            let length = usize::try_from(bytes.try_get_u32().ok()?).ok()?;
            let (raw, rest) = bytes.split_at_checked(length)?;
            native.raw_properties = Some((taken, Bytes::copy_from_slice(raw)));
            bytes = rest;
        }
        if native.has(RARE)
            && let DataStructure::Message(rare) = thaw(bytes)?
        {
            native.rare = Some(rare);
        }
        Some(native)
    }
}

/// Appends a structure in the form in which it is kept: a frame of version 12, loose.
pub(crate) fn freeze<T: Wire>(structure: &T, out: &mut BytesMut) {
    let mut output = Output::default();
    Encoder::new(format()).put(structure, &mut output);
    let mut slices = [IoSlice::new(&[]); 16];
    let count = output.slices(&mut slices);
    for slice in slices.iter().take(count) {
        out.put_slice(slice);
    }
}

/// Reads a structure that was kept; `None` when it is damaged.
pub(crate) fn thaw(bytes: &[u8]) -> Option<DataStructure> {
    let mut input = BytesMut::from(bytes);
    let mut decoder = Decoder::new(format(), FROZEN_BYTES_MAX);
    let frame = decoder.next_frame(&mut input).ok()??;
    decoder.read(&frame).ok()?
}

fn format() -> Format {
    Format {
        version: 12,
        ..Format::before_negotiation()
    }
}
