//! What a written operation changes in the index.
//!
//! Invariant: operations are applied in the order in which they stand in the journal, and places
//! come in the order of the records that have them.

use crate::journal::extent::Entry;
use crate::journal::index::Index;
use crate::journal::queue::Op;
use crate::{Change, Target};

impl Index {
    /// Applies an operation that stands in `segment`. `placed` tells where each record with
    /// content is: offset in units of 8 bytes, and length.
    pub(crate) fn apply(
        &mut self,
        segment: u64,
        op: &Op,
        placed: &mut impl Iterator<Item = (u32, u32)>,
    ) {
        let mut entry = |expiration_ms: i64| {
            let (at, length) = placed.next().unwrap_or_default();
            Entry {
                at,
                length,
                expiration_ms,
            }
        };
        match op {
            Op::Change(Change::Add {
                targets,
                expiration_ms,
                head,
                body,
            }) => {
                let entry = entry(*expiration_ms);
                let payload = head.len() as u64 + body.len() as u64;
                for target in targets.as_slice() {
                    self.add_or_skip(segment, *target, (entry, payload));
                }
            }
            Op::Change(Change::Remove { list, position }) => {
                self.remove(segment, *list, *position);
            }
            Op::Move {
                targets,
                expiration_ms,
                head,
                body,
                ..
            } => {
                let entry = entry(*expiration_ms);
                let payload = head.len() as u64 + body.len() as u64;
                for target in targets {
                    self.relocate(segment, *target, (entry, payload));
                }
            }
            Op::Change(Change::Note { key, value }) => {
                self.note(key.clone(), value.clone());
                self.keep_facts(segment);
            }
            // A list is known from the moment when it is defined.
            Op::Define { .. } => self.keep_facts(segment),
            Op::DropList { list } => {
                self.drop_list(*list);
                self.keep_facts(segment);
            }
        }
    }

    /// An addition that was removed before it was written has no length.
    fn add_or_skip(&mut self, segment: u64, target: Target, (entry, payload): (Entry, u64)) {
        if entry.length == 0 {
            self.skip(target);
        } else {
            self.add(segment, target, entry, payload);
        }
    }

    fn keep_facts(&mut self, segment: u64) {
        if let Some(segment) = self.segments.get_mut(&segment) {
            segment.needs_checkpoint = true;
        }
    }
}
