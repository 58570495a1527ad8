//! Structures to frames, in the order in which they are written to the peer.
//!
//! With the marshalling cache a frame depends on all before it: every encoded frame must reach
//! the peer, in order.

use super::cache::WriteCache;
use super::writer::Scratch;
use super::{Format, Wire, Writer};
use floodway_message::Output;

/// Memory for one frame that is kept for the next.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// Encodes one direction of a connection.
#[derive(Debug)]
pub struct Encoder {
    format: Format,
    cache: WriteCache,
    scratch: Scratch,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new(Format::before_negotiation())
    }
}

impl Encoder {
    /// An encoder of a format.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            cache: WriteCache::new(format.cache_size),
            scratch: Scratch::default(),
        }
    }

    /// What was agreed.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Appends a frame with its size prefix.
    pub fn put<T: Wire>(&mut self, value: &T, output: &mut Output) {
        if self.format.cache {
            self.cache.sweep();
        }
        let type_id = value.type_id();
        value.write(&mut Writer::new(
            self.format,
            &mut self.scratch,
            &mut self.cache,
        ));
        let scratch = &mut self.scratch;
        let shared: usize = scratch.shared.iter().map(|(_, bytes)| bytes.len()).sum();
        let (length, bits) = scratch.bits.parts();
        let flags = if self.format.tight {
            length.bytes().len() + bits.len()
        } else {
            0
        };
        let size = 1 + flags + scratch.body.len() + shared;
        let size = i32::try_from(size).unwrap_or(i32::MAX);
        output.put(&size.to_be_bytes());
        output.put(&[type_id]);
        if self.format.tight {
            output.put(length.bytes());
            output.put(bits);
        }
        let mut from = 0;
        for (place, bytes) in scratch.shared.drain(..) {
            output.put(scratch.body.get(from..place).unwrap_or_default());
            output.put_body(&bytes);
            from = place;
        }
        output.put(scratch.body.get(from..).unwrap_or_default());
        scratch.bits.clear();
        scratch.body.clear();
        if scratch.body.capacity() > KEPT_BYTES_MAX {
            scratch.body = bytes::BytesMut::new();
        }
    }
}
