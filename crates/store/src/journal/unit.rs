//! Planning of one atomic unit: neighbouring batches that are written together.
//!
//! A crash leaves a unit whole or not at all, so batches stay whole too. Within a unit all removals
//! share one record, and an addition that is removed again is not written: its position becomes
//! a hole. Joining batches costs nothing, because none of them was receipted before.

use std::ops::Range;

use crate::journal::queue::{Group, Op};
use crate::journal::record::{self, SPAN_BYTES, Span};
use crate::{Change, ListId, Targets};

/// What one unit will be.
#[derive(Default)]
pub(crate) struct Unit {
    /// Operations of the group in it.
    pub(crate) ops: Range<usize>,
    /// How many batches it has.
    pub(crate) batches: usize,
    pub(crate) has_adds: bool,
    /// Bytes it takes in a segment.
    pub(crate) bytes: u64,
    /// Records it consists of.
    pub(crate) records: usize,
    /// Removals in it.
    pub(crate) spans: Vec<Span>,
    /// Operations that are additions and are not written, ascending.
    pub(crate) cancelled: Vec<usize>,
    removes: Vec<(ListId, u64)>,
}

/// What decides the extent of a unit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnitRules {
    pub(crate) bytes_max: u64,
    pub(crate) cancels: bool,
}

impl Unit {
    /// Plans the unit that begins with batch `first` of `group`.
    pub(crate) fn plan(&mut self, group: &Group, first: usize, rules: UnitRules) {
        self.take_batches(group, first, rules.bytes_max);
        self.removes.clear();
        self.cancelled.clear();
        self.spans.clear();
        let ops = group.ops.get(self.ops.clone()).unwrap_or_default();
        self.removes.extend(ops.iter().filter_map(|op| match op {
            Op::Change(Change::Remove { list, position }) => Some((*list, *position)),
            _ => None,
        }));
        if self.removes.is_empty() {
            self.records = ops.len();
            return;
        }
        self.removes.sort_unstable();
        self.removes.dedup();
        if rules.cancels && self.has_adds {
            self.cancel(ops);
        }
        self.join_spans();
        self.measure(ops);
    }

    fn take_batches(&mut self, group: &Group, first: usize, bytes_max: u64) {
        let begin = first
            .checked_sub(1)
            .and_then(|before| group.batches.get(before));
        let begin = begin.map_or(0, |batch| batch.ops);
        self.ops = begin..begin;
        (self.batches, self.bytes, self.has_adds) = (0, 0, false);
        for batch in group.batches.iter().skip(first) {
            if self.batches > 0 && self.bytes + batch.bytes > bytes_max {
                break;
            }
            self.batches += 1;
            self.bytes += batch.bytes;
            self.has_adds |= batch.has_adds;
            self.ops.end = batch.ops;
        }
    }

    /// Finds additions that are removed in the same unit, and drops both.
    fn cancel(&mut self, ops: &[Op]) {
        let mut consumed = Vec::new();
        for (index, op) in ops.iter().enumerate() {
            let Op::Change(Change::Add {
                targets: Targets::One(target),
                ..
            }) = op
            else {
                continue;
            };
            if let Ok(place) = self.removes.binary_search(&(target.list, target.position)) {
                self.cancelled.push(self.ops.start + index);
                consumed.push(place);
            }
        }
        if consumed.is_empty() {
            return;
        }
        consumed.sort_unstable();
        let mut place = 0;
        self.removes.retain(|_| {
            place += 1;
            consumed.binary_search(&(place - 1)).is_err()
        });
    }

    fn join_spans(&mut self) {
        for (list, position) in self.removes.drain(..) {
            match self.spans.last_mut() {
                Some(last)
                    if last.list == list
                        && last.first + u64::from(last.count) == position
                        && last.count < u32::MAX =>
                {
                    last.count += 1;
                }
                _ => self.spans.push(Span {
                    list,
                    count: 1,
                    first: position,
                }),
            }
        }
    }

    /// Counts records and bytes once it is known what is written.
    fn measure(&mut self, ops: &[Op]) {
        let mut cancelled = self.cancelled.iter().peekable();
        (self.records, self.bytes) = (0, 0);
        for (index, op) in ops.iter().enumerate() {
            let (targets, payload) = match op {
                Op::Change(Change::Add {
                    targets,
                    head,
                    body,
                    ..
                }) => {
                    if cancelled
                        .next_if(|at| **at == self.ops.start + index)
                        .is_some()
                    {
                        continue;
                    }
                    (targets.as_slice().len(), head.len() + body.len())
                }
                Op::Change(Change::Remove { .. }) => continue,
                Op::Change(Change::Note { key, value }) => (0, key.len() + value.len()),
                Op::Define { descriptor, .. } => (0, 4 + descriptor.len()),
                Op::DropList { .. } => (0, 4),
                Op::Move {
                    targets,
                    head,
                    body,
                    ..
                } => (targets.len(), head.len() + body.len()),
            };
            self.records += 1;
            self.bytes += record::padded(record::length(targets, payload as u64));
        }
        if !self.spans.is_empty() {
            self.records += 1;
            let payload = SPAN_BYTES * self.spans.len() as u64;
            self.bytes += record::padded(record::length(0, payload));
        }
    }
}
