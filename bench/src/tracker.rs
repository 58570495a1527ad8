//! Counts what consumers received: distinct messages, duplicates, messages out of order.
//!
//! It knows stamps, and neither sockets nor time. A group is one set of consumers that share
//! messages (all consumers of queues together; each topic consumer alone).
//! Invariant: a duplicate is not counted as out of order as well. Memory is one bit per message.

use crate::body::Stamp;

/// Sequence numbers beyond this cannot come from a run and are counted as foreign.
const SEQUENCE_MAX: u64 = 1 << 33;

/// Counts of one or more groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub distinct: u64,
    pub duplicates: u64,
    pub disordered: u64,
    /// Messages without a stamp, or with one that this run cannot have made.
    pub foreign: u64,
}

impl Counts {
    /// Adds the counts of another lane.
    pub fn add(&mut self, other: Counts) {
        self.distinct += other.distinct;
        self.duplicates += other.duplicates;
        self.disordered += other.disordered;
        self.foreign += other.foreign;
    }
}

/// What the consumers of one lane have received.
pub struct Tracker {
    producer_count: usize,
    /// One bitmap per group and producer.
    seen: Vec<Bitmap>,
    counts: Counts,
}

/// The next sequence that a consumer expects at least, by producer.
pub struct Order {
    next: Vec<u64>,
}

impl Order {
    /// A consumer that has received nothing.
    pub fn new(producer_count: usize) -> Self {
        Self {
            next: vec![0; producer_count],
        }
    }
}

#[derive(Default)]
struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    /// Marks a sequence; false if it was marked before.
    #[inline]
    fn insert(&mut self, sequence: u64) -> bool {
        let index = usize::try_from(sequence / 64).unwrap_or(usize::MAX);
        if index >= self.words.len() {
            self.words.resize((index + 1).next_multiple_of(1024), 0);
        }
        let Some(word) = self.words.get_mut(index) else {
            return false;
        };
        let bit = 1 << (sequence % 64);
        let fresh = *word & bit == 0;
        *word |= bit;
        fresh
    }
}

impl Tracker {
    /// Nothing received yet.
    pub fn new(group_count: usize, producer_count: usize) -> Self {
        let mut seen = Vec::new();
        seen.resize_with(group_count * producer_count, Bitmap::default);
        Self {
            producer_count,
            seen,
            counts: Counts::default(),
        }
    }

    /// Notes a message that a consumer of `group` received.
    #[inline]
    pub fn note(&mut self, group: usize, order: &mut Order, stamp: Option<Stamp>) {
        let found = stamp
            .filter(|stamp| stamp.sequence < SEQUENCE_MAX)
            .and_then(|stamp| {
                let producer = usize::try_from(stamp.producer).ok()?;
                let next = order.next.get_mut(producer)?;
                let bitmap = self.seen.get_mut(group * self.producer_count + producer)?;
                Some((stamp.sequence, next, bitmap))
            });
        let Some((sequence, next, bitmap)) = found else {
            self.counts.foreign += 1;
            return;
        };
        if !bitmap.insert(sequence) {
            self.counts.duplicates += 1;
        } else if sequence < *next {
            self.counts.distinct += 1;
            self.counts.disordered += 1;
        } else {
            self.counts.distinct += 1;
            *next = sequence + 1;
        }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

#[cfg(test)]
mod tests;
