//! What the store keeps of one producer's accepted numbers, so that a client that reconnects after
//! a crash of the broker can send again what it got no answer for.
//!
//! A note of the store: key `P` and the producer's name; value the highest number (8 bytes,
//! little-endian) and a mask (8) of the 64 numbers up to it, bit 0 the highest itself. A number is
//! in the note only if its message is in the same batch of the store or an earlier one.

use bytes::Bytes;

const KEY: u8 = b'P';

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    highest: u64,
    mask: u64,
}

impl Kept {
    pub(crate) fn new(sequence: u64) -> Self {
        Self {
            highest: sequence,
            mask: 1,
        }
    }

    pub(crate) fn add(&mut self, sequence: u64) {
        if sequence > self.highest {
            let passed = sequence - self.highest;
            let shift = u32::try_from(passed).unwrap_or(u32::MAX);
            self.mask = self.mask.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = sequence;
        } else if let Ok(back) = u32::try_from(self.highest - sequence) {
            self.mask |= 1_u64.checked_shl(back).unwrap_or(0);
        }
    }

    /// The numbers known, ascending.
    pub(crate) fn sequences(self) -> impl Iterator<Item = u64> {
        let known = move |back: &u64| self.mask >> back & 1 == 1 && *back <= self.highest;
        (0..64)
            .rev()
            .filter(known)
            .map(move |back| self.highest - back)
    }

    pub(crate) fn key(producer: &str) -> Bytes {
        [&[KEY], producer.as_bytes()].concat().into()
    }

    pub(crate) fn value(self) -> Bytes {
        [self.highest.to_le_bytes(), self.mask.to_le_bytes()]
            .concat()
            .into()
    }

    /// The producer and its numbers; `None` for a note of another kind.
    pub(crate) fn read<'a>(key: &'a [u8], value: &[u8]) -> Option<(&'a str, Self)> {
        let producer = std::str::from_utf8(key.strip_prefix(&[KEY])?).ok()?;
        let (highest, mask) = value.split_first_chunk::<8>()?;
        let kept = Self {
            highest: u64::from_le_bytes(*highest),
            mask: u64::from_le_bytes(mask.try_into().ok()?),
        };
        Some((producer, kept))
    }
}
