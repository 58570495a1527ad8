//! Duplicate suppression: which of its latest messages each producer that numbers them has had
//! accepted. A number is noted when the message is accepted, not when it comes: what was refused,
//! rolled back, or forgotten while it waited for space may be sent again.
//!
//! Bounded by a number of producers; the one that was silent longest is forgotten first. Of each
//! producer the latest [`WINDOW`] numbers are known, because sends that wait at one destination
//! are overtaken by those to others; older ones count as new. Of connections that send again after
//! a reconnect, the latest numbers of stored messages are kept in the store: see [`kept`].

use crate::broker::Broker;
use bytes::Bytes;
use floodway_message::Message;
use floodway_store::Change;
use kept::Kept;
use std::collections::{BTreeMap, BTreeSet};

mod kept;
#[cfg(test)]
mod tests;

/// So many numbers back from the highest one are remembered.
const WINDOW: u64 = 1024;
const WORDS: usize = (WINDOW / 64) as usize;

/// See the module.
#[derive(Debug)]
pub(crate) struct Audit {
    producers_max: usize,
    last: BTreeMap<Box<str>, Producer>,
    by_use: BTreeMap<u64, Box<str>>,
    uses: u64,
    /// Producers that were forgotten here and whose note is still in the store.
    forgotten: Vec<Box<str>>,
}

/// What is known of one producer.
#[derive(Debug)]
struct Producer {
    highest: u64,
    /// A bit for each number of the window, at the number modulo [`WINDOW`].
    accepted: [u64; WORDS],
    /// When it was used last.
    used: u64,
    /// What the store knows.
    kept: Option<Kept>,
}

impl Producer {
    fn new(sequence: u64) -> Self {
        let mut producer = Self {
            highest: sequence,
            accepted: [0; WORDS],
            used: 0,
            kept: None,
        };
        producer.set(sequence, true);
        producer
    }

    fn place(sequence: u64) -> (usize, u64) {
        let bit = sequence % WINDOW;
        (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
    }

    fn set(&mut self, sequence: u64, accepted: bool) {
        let (word, bit) = Self::place(sequence);
        if let Some(word) = self.accepted.get_mut(word) {
            *word = if accepted { *word | bit } else { *word & !bit };
        }
    }

    fn has(&self, sequence: u64) -> bool {
        if sequence > self.highest || self.highest - sequence >= WINDOW {
            return false;
        }
        let (word, bit) = Self::place(sequence);
        self.accepted.get(word).is_some_and(|word| word & bit != 0)
    }

    fn accept(&mut self, sequence: u64) -> bool {
        if sequence > self.highest {
            let passed = (sequence - self.highest).min(WINDOW);
            for number in 0..passed {
                self.set(sequence - number, false);
            }
            self.highest = sequence;
        } else if self.highest - sequence >= WINDOW {
            return true;
        }
        let new = !self.has(sequence);
        self.set(sequence, true);
        new
    }
}

impl Audit {
    pub(crate) fn new(producers_max: usize) -> Self {
        Self {
            producers_max,
            last: BTreeMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            forgotten: Vec::new(),
        }
    }

    /// Was the message accepted?
    pub(crate) fn has(&self, producer: &str, sequence: u64) -> bool {
        let known = self.last.get(producer);
        known.is_some_and(|known| known.has(sequence))
    }

    /// Notes that a message is accepted; `false` when it was before.
    pub(crate) fn accept(&mut self, producer: &str, sequence: u64) -> bool {
        self.uses += 1;
        let uses = self.uses;
        if let Some(known) = self.last.get_mut(producer) {
            self.by_use.remove(&known.used);
            known.used = uses;
            self.by_use.insert(uses, producer.into());
            return known.accept(sequence);
        }
        if self.last.len() >= self.producers_max
            && let Some((_, oldest)) = self.by_use.pop_first()
            && let Some(producer) = self.last.remove(&oldest)
            && producer.kept.is_some()
        {
            self.forgotten.push(oldest);
        }
        let mut known = Producer::new(sequence);
        known.used = uses;
        self.last.insert(producer.into(), known);
        self.by_use.insert(uses, producer.into());
        true
    }
}

impl Audit {
    /// Takes over what a note of the store says; `false` for a note of another kind.
    pub(crate) fn restore(&mut self, key: &[u8], value: &[u8]) -> bool {
        let Some((producer, kept)) = Kept::read(key, value) else {
            return false;
        };
        for sequence in kept.sequences() {
            self.accept(producer, sequence);
        }
        if let Some(known) = self.last.get_mut(producer) {
            known.kept = Some(kept);
        }
        true
    }

    /// Notes for the store that the messages of `numbers` are accepted. They must be appended in
    /// one batch with these messages, before any others of this function.
    pub(crate) fn keep(&mut self, numbers: &mut Vec<(Box<str>, u64)>, changes: &mut Vec<Change>) {
        let mut producers = BTreeSet::new();
        for (producer, sequence) in numbers.drain(..) {
            // One that is forgotten again already needs no note.
            let Some(known) = self.last.get_mut(&producer) else {
                continue;
            };
            match &mut known.kept {
                Some(kept) => kept.add(sequence),
                None => known.kept = Some(Kept::new(sequence)),
            }
            producers.insert(producer);
        }
        let mut note = |producer: &str, value| {
            let key = Kept::key(producer);
            changes.push(Change::Note { key, value });
        };
        for producer in self.forgotten.drain(..) {
            note(&producer, Bytes::new());
        }
        for producer in producers {
            if let Some(kept) = self.last.get(&producer).and_then(|known| known.kept) {
                note(&producer, kept.value());
            }
        }
    }
}

impl Broker {
    /// Was the message accepted before? Then it needs no room.
    pub(crate) fn was_accepted(&self, message: &Message) -> bool {
        let number = message.producer_sequence();
        number.is_some_and(|(producer, sequence)| self.audit.lock().has(producer, sequence))
    }

    /// Notes that a message is accepted; `true` when it was before, and is not to be taken in
    /// again.
    pub(crate) fn is_repeated(&self, message: &Message) -> bool {
        let Some((producer, sequence)) = message.producer_sequence() else {
            return false;
        };
        let new = self.audit.lock().accept(producer, sequence);
        if !new {
            tracing::debug!(producer, sequence, "duplicate suppressed");
        }
        !new
    }
}
