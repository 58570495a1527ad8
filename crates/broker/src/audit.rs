//! Duplicate suppression: the last sequence number of each producer that numbers its messages.
//!
//! Bounded by a number of producers; the one that was silent longest is forgotten first.

use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// See the module.
#[derive(Debug)]
pub(crate) struct Audit {
    producers_max: usize,
    /// Producer to (last sequence, time of use).
    last: BTreeMap<Box<str>, (u64, u64)>,
    by_use: BTreeMap<u64, Box<str>>,
    uses: u64,
}

impl Audit {
    pub(crate) fn new(producers_max: usize) -> Self {
        Self {
            producers_max,
            last: BTreeMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
        }
    }

    /// Notes a sequence number; `false` when it is a repetition.
    pub(crate) fn is_new(&mut self, producer: &str, sequence: u64) -> bool {
        self.uses += 1;
        let uses = self.uses;
        if let Some((last, used)) = self.last.get_mut(producer) {
            let new = sequence > *last;
            *last = sequence.max(*last);
            self.by_use.remove(used);
            *used = uses;
            self.by_use.insert(uses, producer.into());
            return new;
        }
        if self.last.len() >= self.producers_max
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.last.remove(&oldest);
        }
        self.last.insert(producer.into(), (sequence, uses));
        self.by_use.insert(uses, producer.into());
        true
    }
}
