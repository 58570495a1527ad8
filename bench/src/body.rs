//! The stamp at the start of every message body: who sent it, which one it is and when.
//!
//! It knows no protocol; a body is bytes. The stamp is binary, so frames must carry their length.
//! Invariant: a body that does not start with the magic bytes was not sent by this tool.
//! Times are nanoseconds since the clock of the run began.

/// Bytes that the stamp takes at the start of a body; no body is shorter.
pub const STAMP_LENGTH: usize = 32;

const MAGIC: u64 = u64::from_le_bytes(*b"FLOODWAY");

/// What one message says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub producer: u32,
    pub sequence: u64,
    pub sent_nanos: u64,
}

impl Stamp {
    /// Writes the stamp over the start of `body`; a body shorter than the stamp is left alone.
    #[inline]
    pub fn write(self, body: &mut [u8]) {
        let Some(head) = body.first_chunk_mut::<STAMP_LENGTH>() else {
            return;
        };
        let words = [
            MAGIC,
            u64::from(self.producer),
            self.sequence,
            self.sent_nanos,
        ];
        for (place, word) in head.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
    }

    /// Reads the stamp, or nothing if this body is not one of ours.
    #[inline]
    pub fn read(body: &[u8]) -> Option<Self> {
        let (magic, rest) = word(body)?;
        let (producer, rest) = word(rest)?;
        let (sequence, rest) = word(rest)?;
        let (sent_nanos, _) = word(rest)?;
        if magic != MAGIC {
            return None;
        }
        Some(Self {
            producer: u32::try_from(producer).ok()?,
            sequence,
            sent_nanos,
        })
    }
}

/// Whether `bytes` begin like a stamped body.
#[inline]
pub fn is_stamped(bytes: &[u8]) -> bool {
    word(bytes).is_some_and(|(magic, _)| magic == MAGIC)
}

#[inline]
fn word(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*first), rest))
}

/// A body of `size` bytes (at least a stamp) with printable filler that does not compress well.
pub fn filler(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b'!' + u8::try_from(state % 90).unwrap_or(0)
    });
    letters.take(size.max(STAMP_LENGTH)).collect()
}

#[cfg(test)]
mod tests;
