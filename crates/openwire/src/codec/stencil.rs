//! A frame that was written once, to write others like it: only its 64-bit numbers and its body
//! differ.
//!
//! It knows no structure: where the numbers stand is noted while the first frame is written.
//! Numbers of the marshalling cache stay as they are, so a stencil is good for its own encoder
//! until that evicts something.

use super::Content;
use bytes::BytesMut;
use std::ops::Range;

/// Size prefix of a frame, in bytes.
const PREFIX_BYTES: usize = 4;

/// What is noted while a frame is written. Places are those in the buffer it is written to.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Where the fields begin.
    pub(super) origin: usize,
    pub(super) longs: Vec<(usize, i64)>,
    /// The body with its lengths.
    pub(super) content: Option<Range<usize>>,
    /// Something is not in the frame's own bytes, or is told to be stored: no frame is like it.
    pub(super) unique: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Stencil {
    /// The frame without its body.
    bytes: Vec<u8>,
    /// Where the body goes.
    split: usize,
    /// Place and width of each number.
    longs: Vec<(usize, usize)>,
    tight: bool,
    /// Evictions of the encoder's cache until then.
    pub(super) evictions: u64,
}

impl Stencil {
    /// The stencil of a frame whose fields begin at `head_bytes`; `None` when other frames cannot
    /// be like it, or its numbers are not these.
    pub(super) fn new(
        frame: &[u8],
        head_bytes: usize,
        trace: &Trace,
        (expected, tight): (&[i64], bool),
    ) -> Option<Self> {
        let is_expected = trace.longs.iter().map(|(_, long)| long).eq(expected);
        if trace.unique || !is_expected {
            return None;
        }
        let place = |at: usize| Some(at.checked_sub(trace.origin)? + head_bytes);
        let content = trace.content.as_ref()?;
        let (split, end) = (place(content.start)?, place(content.end)?);
        let mut bytes = frame.get(..split)?.to_vec();
        bytes.extend_from_slice(frame.get(end..)?);
        let mut longs = Vec::with_capacity(expected.len());
        for (at, long) in &trace.longs {
            let at = place(*at)?;
            let at = if at < end { at } else { at - (end - split) };
            longs.push((at, width(*long, tight)));
        }
        Some(Self {
            bytes,
            split,
            longs,
            tight,
            evictions: 0,
        })
    }

    /// Do these numbers take as many bytes as those of the first frame?
    pub(super) fn takes(&self, longs: &[i64]) -> bool {
        let widths = longs.iter().map(|long| width(*long, self.tight));
        self.longs.iter().map(|(_, width)| *width).eq(widths)
    }

    /// Appends the frame with these numbers, which it takes, and this body.
    pub(super) fn put(&self, longs: &[i64], content: &Content, out: &mut BytesMut) {
        let start = out.len();
        let whole = self.bytes.len() + 4 + content.len();
        let length = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes();
        out.reserve(whole);
        let (front, back) = self.bytes.split_at(self.split);
        out.extend_from_slice(front);
        out.extend_from_slice(&length(content.len()));
        if content.has_length {
            out.extend_from_slice(&length(content.bytes.len()));
        }
        out.extend_from_slice(&content.bytes);
        out.extend_from_slice(back);
        let frame = out.get_mut(start..).unwrap_or_default();
        if let Some(size) = frame.get_mut(..PREFIX_BYTES) {
            size.copy_from_slice(&length(whole - PREFIX_BYTES));
        }
        for ((at, width), long) in self.longs.iter().zip(longs) {
            let moved = if *at < self.split {
                0
            } else {
                whole - self.bytes.len()
            };
            let bytes = long.to_be_bytes();
            let low = bytes.get(bytes.len() - width..).unwrap_or_default();
            if let Some(place) = frame.get_mut(at + moved..at + moved + width) {
                place.copy_from_slice(low);
            }
        }
    }
}

/// Bytes that a number takes, besides its flags.
fn width(long: i64, tight: bool) -> usize {
    match long {
        _ if !tight => 8,
        0 => 0,
        1..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}
