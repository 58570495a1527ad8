//! A run of records of one list in one segment.
//!
//! Positions are dense, so an extent needs no keys: the entry of a position is found by
//! subtraction, and what was removed is one bit. Entries (where each record stands) are in
//! memory while the segment is being written and move to its sidecar afterwards; what remains
//! is one bit per record.
//!
//! Invariant: `live` is the number of positions whose bit is not set.

use std::borrow::Cow;

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
#[derive(Debug, Clone, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    /// Number 0 has this place in the words, so that taking numbers off the front costs nothing.
    from: u32,
}

impl Bits {
    pub(crate) fn from_words(words: Vec<u64>) -> Self {
        Self { words, from: 0 }
    }

    /// The set with number 0 at the first bit.
    pub(crate) fn words(&self) -> Cow<'_, [u64]> {
        let (skip, shift) = (place(self.from).0, self.from % 64);
        let words = self.words.get(skip..).unwrap_or_default();
        if shift == 0 {
            return Cow::Borrowed(words);
        }
        let above = words.iter().skip(1).chain(std::iter::once(&0));
        let shifted = words.iter().zip(above);
        Cow::Owned(
            shifted
                .map(|(word, above)| word >> shift | above << (64 - shift))
                .collect(),
        )
    }

    /// Puts a number in; `false` if it was in already.
    pub(crate) fn set(&mut self, at: u32) -> bool {
        let (word, bit) = self.place(at);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else {
            return false;
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    pub(crate) fn get(&self, at: u32) -> bool {
        let (word, bit) = self.place(at);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The lowest number from `from` on that is not in.
    pub(crate) fn next_unset(&self, from: u32) -> u32 {
        let mut at = from.saturating_add(self.from);
        loop {
            let Some(word) = self.words.get(place(at).0) else {
                return at - self.from;
            };
            let ahead = (!word) >> (at % 64);
            if ahead != 0 {
                return at + ahead.trailing_zeros() - self.from;
            }
            at = (at / 64 + 1) * 64;
        }
    }

    /// How many numbers below `end` are in.
    pub(crate) fn count(&self, end: u32) -> u32 {
        let (last, bit) = self.place(end);
        let below: u32 = self
            .words
            .iter()
            .take(last)
            .map(|word| word.count_ones())
            .sum();
        let part = self.words.get(last);
        let all = below + part.map_or(0, |word| (word & (bit - 1)).count_ones());
        // What is before number 0 does not count.
        let (skipped, bit) = place(self.from);
        let before: u32 = self
            .words
            .iter()
            .take(skipped)
            .map(|word| word.count_ones())
            .sum();
        let part = self.words.get(skipped);
        all - before - part.map_or(0, |word| (word & (bit - 1)).count_ones())
    }

    /// Takes the first numbers out; number `count` becomes number 0.
    pub(crate) fn skip(&mut self, count: u32) {
        self.from += count;
        let words = place(self.from).0;
        // Freeing words moves the others: done only where it halves them.
        if words > 0 && words >= self.words.len() / 2 {
            self.words.drain(..words.min(self.words.len()));
            self.from %= 64;
        }
    }

    /// Takes the numbers from `from` on out, as a set in which `from` is number 0.
    pub(crate) fn split_off(&mut self, from: u32) -> Self {
        let (word, bit) = self.place(from);
        let words = self.words.get(word..).unwrap_or_default().to_vec();
        let rest = Self {
            words,
            from: (self.from + from) % 64,
        };
        self.words.truncate(word + 1);
        if let Some(last) = self.words.get_mut(word) {
            *last &= bit - 1;
        }
        rest
    }

    fn place(&self, at: u32) -> (usize, u64) {
        place(at.saturating_add(self.from))
    }
}

/// Word and bit of a number.
fn place(at: u32) -> (usize, u64) {
    // A 32-bit number always fits the platforms this runs on (64 bit).
    let word = usize::try_from(at / 64).unwrap_or(usize::MAX);
    (word, 1 << (at % 64))
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

    /// Takes the positions from `at` on away, as an extent of their own. `at` is within this one.
    /// Records of both count as equally long.
    pub(crate) fn split_off(&mut self, at: u64) -> Self {
        let index = self.index(at).unwrap_or(self.count);
        let mut rest = Self::new(self.segment, at);
        rest.removed = self.removed.split_off(index);
        rest.order = self.order;
        rest.expiration_ms_min = self.expiration_ms_min;
        rest.entries = match &mut self.entries {
            Entries::Memory(entries) => {
                let index = usize::try_from(index).unwrap_or(usize::MAX);
                Entries::Memory(entries.split_off(index.min(entries.len())))
            }
            Entries::Sidecar(slot) => Entries::Sidecar(*slot + index),
        };
        rest.count = self.count - index;
        rest.live = rest.count - rest.removed.count(rest.count);
        (rest.filled, rest.bytes) = self.share(rest.count, rest.live);
        self.count = index;
        self.live -= rest.live;
        self.filled -= rest.filled;
        self.bytes -= rest.bytes;
        rest
    }

    /// Forgets the positions before `to`; returns how many of them were live.
    pub(crate) fn trim_front(&mut self, to: u64) -> u32 {
        let count = self.index(to).unwrap_or(self.count);
        let live = count - self.removed.count(count);
        let (filled, bytes) = self.share(count, live);
        self.removed.skip(count);
        match &mut self.entries {
            Entries::Memory(entries) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                entries.drain(..count.min(entries.len()));
            }
            Entries::Sidecar(slot) => *slot += count,
        }
        self.first += u64::from(count);
        self.count -= count;
        self.live -= live;
        self.filled -= filled;
        self.bytes -= bytes;
        live
    }

    /// Positions written and their bytes, as estimated for `count` positions of which `live` are
    /// live. Never so many or few that these, or the others, had more live than written positions.
    fn share(&self, count: u32, live: u32) -> (u32, u64) {
        let part = u64::from(self.filled) * u64::from(count) / u64::from(self.count.max(1));
        let part = u32::try_from(part).unwrap_or(count);
        let others_live = self.live.saturating_sub(live);
        let filled = part.max(live).min(self.filled.saturating_sub(others_live));
        let bytes = u128::from(self.bytes) * u128::from(filled) / u128::from(self.filled.max(1));
        (filled, u64::try_from(bytes).unwrap_or(self.bytes))
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
