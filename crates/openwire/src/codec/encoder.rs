//! Structures to frames, in the order in which they are written to the peer.
//!
//! With the marshalling cache a frame depends on all before it: every encoded frame must reach
//! the peer, in order.

use super::cache::WriteCache;
use super::stencil::{Stencil, Trace};
use super::writer::Scratch;
use super::{Content, Format, Wire, Writer};
use bytes::BytesMut;
use floodway_message::Output;
use floodway_message::output::SHARE_BYTES_MIN;

/// Memory that a new buffer of an output gets. A power of two.
const FIRST_BYTES: usize = 8 * 1024;

/// Encodes one direction of a connection.
#[derive(Debug)]
pub struct Encoder {
    format: Format,
    cache: WriteCache,
    scratch: Scratch,
    /// Size, type and flags of the frame before.
    head: Vec<u8>,
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
            head: Vec::new(),
        }
    }

    /// What was agreed.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Appends a frame with its size prefix.
    ///
    /// Fields are written where they stay, in the output's buffer, behind as much room as the
    /// head of the frame before took; where that was not right, they are moved.
    pub fn put<T: Wire>(&mut self, value: &T, output: &mut Output) {
        if self.format.cache {
            self.cache.sweep();
        }
        let scratch = &mut self.scratch;
        scratch.body = begin(output.buffer());
        let start = scratch.body.len();
        let room = self.head.len();
        scratch.body.extend_from_slice(&self.head);
        if let Some(trace) = &mut scratch.trace {
            trace.origin = start + room;
        }
        value.write(&mut Writer::new(self.format, scratch, &mut self.cache));
        let shared: usize = scratch.shared.iter().map(|(_, bytes)| bytes.len()).sum();
        let fields = scratch.body.len() - start - room + shared;
        self.fill_head(value.type_id(), fields);
        self.place_head(start, room);
        if self.scratch.shared.is_empty() {
            *output.buffer() = std::mem::take(&mut self.scratch.body);
        } else {
            self.put_pieces(start, room, output);
        }
    }

    /// Appends a frame, and gives what others like it are made of by [`Encoder::repeat`]; `None`
    /// when none can be, or its 64-bit numbers are not these.
    pub(crate) fn put_first<T: Wire>(
        &mut self,
        value: &T,
        longs: &[i64],
        output: &mut Output,
    ) -> Option<Stencil> {
        self.scratch.trace = Some(Trace::default());
        self.put(value, output);
        let trace = self.scratch.trace.take()?;
        // Without the cache every identifier has numbers of its own.
        if !self.format.cache || trace.unique {
            return None;
        }
        let size: [u8; 4] = self.head.first_chunk().copied()?;
        let length = usize::try_from(i32::from_be_bytes(size)).ok()? + size.len();
        let written = output.buffer();
        let frame = written.get(written.len().checked_sub(length)?..)?;
        let longs = (longs, self.format.tight);
        let mut stencil = Stencil::new(frame, self.head.len(), &trace, longs)?;
        stencil.evictions = self.cache.evictions;
        Some(stencil)
    }

    /// Appends a frame like one that this encoder wrote, with other numbers and another body;
    /// `false`, and nothing is appended, when it has to be written anew.
    pub(crate) fn repeat(
        &mut self,
        stencil: &Stencil,
        longs: &[i64],
        content: &Content,
        output: &mut Output,
    ) -> bool {
        self.cache.sweep();
        let is_good = stencil.evictions == self.cache.evictions
            && content.bytes.len() < SHARE_BYTES_MIN
            && stencil.takes(longs);
        if is_good {
            let mut body = begin(output.buffer());
            stencil.put(longs, content, &mut body);
            *output.buffer() = body;
        }
        is_good
    }

    /// Size, type and flags.
    fn fill_head(&mut self, type_id: u8, fields: usize) {
        let (length, bits) = self.scratch.bits.parts();
        let flags = if self.format.tight {
            length.bytes().len() + bits.len()
        } else {
            0
        };
        let size = i32::try_from(1 + flags + fields).unwrap_or(i32::MAX);
        self.head.clear();
        self.head.extend_from_slice(&size.to_be_bytes());
        self.head.push(type_id);
        if self.format.tight {
            self.head.extend_from_slice(length.bytes());
            self.head.extend_from_slice(bits);
        }
        self.scratch.bits.clear();
    }

    /// Puts the head in front of the fields, which begin at `start + room`.
    fn place_head(&mut self, start: usize, room: usize) {
        let body = &mut self.scratch.body;
        let fields = start + room..body.len();
        let begin = start + self.head.len();
        let end = begin + fields.len();
        if begin != fields.start {
            body.resize(end.max(fields.end), 0);
            body.copy_within(fields, begin);
            body.truncate(end);
        }
        if let Some(place) = body.get_mut(start..begin) {
            place.copy_from_slice(&self.head);
        }
    }

    /// Hands out a frame with byte sequences that are kept by reference.
    fn put_pieces(&mut self, start: usize, room: usize, output: &mut Output) {
        let mut body = std::mem::take(&mut self.scratch.body);
        let frame = body.get(start..).unwrap_or_default().to_vec();
        body.truncate(start);
        *output.buffer() = body;
        let mut from = 0;
        for (place, bytes) in self.scratch.shared.drain(..) {
            let place = place - start - room + self.head.len();
            output.put(frame.get(from..place).unwrap_or_default());
            output.put_body(&bytes);
            from = place;
        }
        output.put(frame.get(from..).unwrap_or_default());
    }
}

/// Takes the buffer of an output. An empty one begins at its front again, where its memory is
/// enough for a turn, and otherwise doubles from a power of two, so that it grows to the
/// transport's limit and not beyond: larger ones are given back after every turn.
fn begin(buffer: &mut BytesMut) -> BytesMut {
    let mut buffer = std::mem::take(buffer);
    if buffer.is_empty() {
        let all = (buffer.capacity() + 1).max(FIRST_BYTES);
        if !buffer.try_reclaim(all) {
            buffer.reserve(FIRST_BYTES);
        }
    }
    buffer
}

#[cfg(test)]
mod tests;
