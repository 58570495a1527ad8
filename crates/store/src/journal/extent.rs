//! A run of records of one list in one segment.
//!
//! Positions are dense, so an extent needs no keys: the entry of a position is found by
//! subtraction, and what was removed is one bit. Entries (where each record stands) are in
//! memory while the segment is being written and move to its sidecar afterwards; what remains
//! is one bit per record.
//!
//! Invariant: `live` is the number of positions whose bit is not set.

/// Where one record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Offset in the segment, in units of 8 bytes.
    pub(crate) at: u32,
    /// Length of the record without padding; 0 for a position that was never written.
    pub(crate) length: u32,
    /// When it expires, milliseconds since 1970, 0 for never.
    pub(crate) expiration_ms: i64,
}

/// The entry of a position that was never written.
pub(crate) const HOLE: Entry = Entry {
    at: 0,
    length: 0,
    expiration_ms: 0,
};

/// A set of small numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        Self(words)
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.0
    }

    fn place(at: u32) -> (usize, u64) {
        // A 32-bit number always fits the platforms this runs on (64 bit).
        (
            usize::try_from(at / 64).unwrap_or(usize::MAX),
            1 << (at % 64),
        )
    }

    /// Puts a number in; `false` if it was in already.
    pub(crate) fn set(&mut self, at: u32) -> bool {
        let (word, bit) = Self::place(at);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let Some(word) = self.0.get_mut(word) else {
            return false;
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    pub(crate) fn get(&self, at: u32) -> bool {
        let (word, bit) = Self::place(at);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The lowest number from `from` on that is not in.
    pub(crate) fn next_unset(&self, from: u32) -> u32 {
        let mut at = from;
        loop {
            let (word, _) = Self::place(at);
            let Some(word) = self.0.get(word) else {
                return at;
            };
            let ahead = (!word) >> (at % 64);
            if ahead != 0 {
                return at + ahead.trailing_zeros();
            }
            at = (at / 64 + 1) * 64;
        }
    }

    /// How many numbers below `end` are in.
    pub(crate) fn count(&self, end: u32) -> u32 {
        let (last, bit) = Self::place(end);
        let whole: u32 = self.0.iter().take(last).map(|word| word.count_ones()).sum();
        whole
            + self
                .0
                .get(last)
                .map_or(0, |word| (word & (bit - 1)).count_ones())
    }
}

/// Where the entries of an extent are.
#[derive(Debug, Clone)]
pub(crate) enum Entries {
    /// Here, one per position.
    Memory(Vec<Entry>),
    /// In the segment's sidecar, the first one at this place.
    Sidecar(u32),
}

/// A run of records.
#[derive(Debug, Clone)]
pub(crate) struct Extent {
    pub(crate) segment: u64,
    pub(crate) first: u64,
    /// Positions, also those never written.
    pub(crate) count: u32,
    /// Positions that were written.
    pub(crate) filled: u32,
    pub(crate) live: u32,
    /// Greatest ordering number.
    pub(crate) order: u64,
    /// Heads and bodies of all that was written.
    pub(crate) bytes: u64,
    /// No record expires before; `i64::MAX` if none does.
    pub(crate) expiration_ms_min: i64,
    pub(crate) removed: Bits,
    pub(crate) entries: Entries,
}

impl Extent {
    pub(crate) fn new(segment: u64, first: u64) -> Self {
        Self {
            segment,
            first,
            count: 0,
            filled: 0,
            live: 0,
            order: 0,
            bytes: 0,
            expiration_ms_min: i64::MAX,
            removed: Bits::default(),
            entries: Entries::Memory(Vec::new()),
        }
    }

    /// The position after the last one.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// `true` if another position can be appended here.
    pub(crate) fn has_room(&self) -> bool {
        self.count < u32::MAX - 64 && matches!(self.entries, Entries::Memory(_))
    }

    /// Appends a record of `payload` bytes.
    pub(crate) fn push(&mut self, entry: Entry, order: u64, payload: u64) {
        if let Entries::Memory(entries) = &mut self.entries {
            entries.push(entry);
        }
        self.count += 1;
        self.filled += 1;
        self.live += 1;
        self.order = self.order.max(order);
        self.bytes += payload;
        if entry.expiration_ms > 0 {
            self.expiration_ms_min = self.expiration_ms_min.min(entry.expiration_ms);
        }
    }

    /// Appends a position that was never written.
    pub(crate) fn push_hole(&mut self) {
        if let Entries::Memory(entries) = &mut self.entries {
            entries.push(HOLE);
        }
        self.removed.set(self.count);
        self.count += 1;
    }

    /// Offset of a position in this extent.
    pub(crate) fn index(&self, position: u64) -> Option<u32> {
        let index = u32::try_from(position.checked_sub(self.first)?).ok()?;
        (index < self.count).then_some(index)
    }

    /// Removes a position; `false` if it is not here or was removed before.
    pub(crate) fn remove(&mut self, position: u64) -> bool {
        let is_new = self
            .index(position)
            .is_some_and(|index| self.removed.set(index));
        if is_new {
            self.live -= 1;
        }
        is_new
    }

    pub(crate) fn is_live(&self, position: u64) -> bool {
        self.index(position)
            .is_some_and(|index| !self.removed.get(index))
    }

    /// The first live position from `from` on.
    pub(crate) fn next_live(&self, from: u64) -> Option<u64> {
        let from = u32::try_from(from.saturating_sub(self.first)).ok()?;
        let index = self.removed.next_unset(from);
        (index < self.count).then(|| self.first + u64::from(index))
    }

    /// Bytes still needed. Records of one extent count as equally long once some are removed:
    /// their true lengths are not in memory.
    pub(crate) fn live_bytes(&self) -> u64 {
        if self.live == self.filled {
            return self.bytes;
        }
        let part = u128::from(self.bytes) * u128::from(self.live) / u128::from(self.filled.max(1));
        u64::try_from(part).unwrap_or(self.bytes)
    }
}
