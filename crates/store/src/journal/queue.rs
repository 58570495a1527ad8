//! What was appended and is not written yet.
//!
//! Appending only moves changes into this queue: no I/O, no index. The commit step takes
//! everything at once. Besides, the queue knows the end of each list including what is queued, so
//! that a caller can always be told which position comes next.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::FixedState;

use crate::journal::record;
use crate::{BatchNumber, Change, ListId, StoreError, Target};

/// Something to be written.
pub(crate) enum Op {
    Change(Change),
    Define {
        list: ListId,
        descriptor: Bytes,
    },
    DropList {
        list: ListId,
    },
    /// A record of segment `from` that is written again: see `evacuate`.
    Move {
        from: u64,
        targets: Vec<Target>,
        expiration_ms: i64,
        head: Bytes,
        body: Bytes,
    },
}

/// End of a list, including what is queued.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tail {
    pub(crate) next: u64,
    pub(crate) order: u64,
}

/// Whether anything is accepted.
#[derive(Debug, Clone)]
pub(crate) enum State {
    Open,
    Closed,
    Failed(Arc<str>),
}

impl State {
    /// Accepts nothing more; a failure stays one.
    pub(crate) fn close(&mut self) {
        if matches!(self, Self::Open) {
            *self = Self::Closed;
        }
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Open => Ok(()),
            Self::Closed => Err(StoreError::Closed),
            Self::Failed(cause) => Err(StoreError::Stopped {
                cause: Arc::clone(cause),
            }),
        }
    }
}

/// Batches waiting to be written.
pub(crate) struct Queue {
    pub(crate) waiting: Group,
    pub(crate) tails: HashMap<ListId, Tail, FixedState>,
    /// Number of the last batch appended.
    pub(crate) batches: BatchNumber,
    pub(crate) state: State,
    /// Batches appended since the last step for which somebody may wait.
    pub(crate) urgent: usize,
    /// The same of the last step itself.
    pub(crate) taken: usize,
    /// So many of them are waited for before the commit thread is woken.
    pub(crate) wanted: usize,
    /// The commit thread sleeps.
    pub(crate) is_idle: bool,
    /// The commit thread is to look again although nothing was appended.
    pub(crate) is_kicked: bool,
}

/// Batches in order.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) ops: Vec<Op>,
    pub(crate) batches: Vec<BatchEnd>,
}

/// Where one batch ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchEnd {
    /// Place in `ops` behind its last one.
    pub(crate) ops: usize,
    /// What it may take in a segment, at most.
    pub(crate) bytes: u64,
    pub(crate) has_adds: bool,
}

impl Queue {
    pub(crate) fn new(tails: HashMap<ListId, Tail, FixedState>) -> Self {
        Self {
            waiting: Group::default(),
            tails,
            batches: 0,
            state: State::Open,
            urgent: 0,
            taken: 0,
            wanted: 1,
            is_idle: false,
            is_kicked: false,
        }
    }

    /// Queues one batch; returns its number and bytes.
    pub(crate) fn push_changes(&mut self, changes: &mut Vec<Change>) -> (BatchNumber, u64) {
        let mut bytes = 0;
        let mut has_adds = false;
        for change in changes.drain(..) {
            match &change {
                Change::Add { targets, .. } => {
                    has_adds = true;
                    for target in targets.as_slice() {
                        if let Some(tail) = self.tails.get_mut(&target.list) {
                            tail.next = tail.next.max(target.position.saturating_add(1));
                            tail.order = tail.order.max(target.order);
                        }
                    }
                }
                // Within a unit removals come last, so one that comes before its addition, and
                // thus means nothing, must not get there.
                Change::Remove { list, position }
                    if self
                        .tails
                        .get(list)
                        .is_none_or(|tail| *position >= tail.next) =>
                {
                    continue;
                }
                Change::Remove { .. } | Change::Note { .. } => {}
            }
            bytes += size(&change);
            self.waiting.ops.push(Op::Change(change));
        }
        (self.end_batch(bytes, has_adds), bytes)
    }

    /// Queues a batch of one operation; returns its number and bytes.
    pub(crate) fn push(&mut self, op: Op) -> (BatchNumber, u64) {
        let bytes = match &op {
            Op::Change(change) => size(change),
            Op::Define { descriptor, .. } => {
                record::padded(record::length(0, 4 + descriptor.len() as u64))
            }
            Op::DropList { .. } => record::padded(record::length(0, 4)),
            Op::Move { .. } => 0,
        };
        self.waiting.ops.push(op);
        (self.end_batch(bytes, false), bytes)
    }

    fn end_batch(&mut self, bytes: u64, has_adds: bool) -> BatchNumber {
        let ops = self.waiting.ops.len();
        self.waiting.batches.push(BatchEnd {
            ops,
            bytes,
            has_adds,
        });
        self.batches += 1;
        self.batches
    }
}

/// What a change may take in a segment, at most.
fn size(change: &Change) -> u64 {
    match change {
        Change::Add {
            targets,
            head,
            body,
            ..
        } => {
            let payload = head.len() as u64 + body.len() as u64;
            record::padded(record::length(targets.as_slice().len(), payload))
        }
        Change::Remove { .. } => record::padded(record::length(0, record::SPAN_BYTES)),
        Change::Note { key, value } => {
            record::padded(record::length(0, key.len() as u64 + value.len() as u64))
        }
    }
}
