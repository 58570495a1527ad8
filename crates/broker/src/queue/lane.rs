//! The pending messages of one priority of a queue, in one order: a window in memory, followed
//! by a backlog in the journal and in the spool.
//!
//! Invariant: every message of the backlog is later in order than every message of the window
//! that was not given back by a consumer. A new message enters the window only while the backlog
//! is empty, so memory is a read-through window of one ordered index and there are no modes to
//! switch between.

use crate::entry::{Entry, Place};
use floodway_store::ListId;
use std::collections::{BTreeSet, VecDeque};

#[cfg(test)]
mod tests;

/// Which store a backlog is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    Stored,
    Spooled,
}

/// Messages of one list that are not in memory: positions `from` to `end`.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    pub(crate) list: Option<ListId>,
    /// Next position to read.
    pub(crate) from: u64,
    /// Position of the next message to be added to the list.
    pub(crate) end: u64,
    /// Read from disk and waiting to be merged into the window.
    pub(crate) staged: VecDeque<Entry>,
    /// A read is under way.
    pub(crate) paging: bool,
    /// Messages in it, as far as known.
    pub(crate) count: u64,
    /// Positions that expired while waiting here; their removal may not be written yet.
    pub(crate) skip: BTreeSet<u64>,
}

impl Backlog {
    /// Nothing of the list is outside the window.
    pub(crate) fn is_empty(&self) -> bool {
        self.from == self.end && self.staged.is_empty()
    }

    pub(crate) fn unread(&self) -> bool {
        self.from < self.end
    }

    /// Was the message, just read, already dealt with?
    pub(crate) fn skipped(&mut self, entry: &Entry) -> bool {
        match entry.place {
            Place::Memory => false,
            Place::Stored { position, .. } | Place::Spooled { position, .. } => {
                self.skip.remove(&position)
            }
        }
    }

    /// Takes the position for a new message. `in_window`: the message is also kept in memory.
    pub(crate) fn assign(&mut self, in_window: bool) -> u64 {
        let position = self.end;
        self.end += 1;
        if in_window {
            self.from = self.end;
        } else {
            self.count += 1;
        }
        position
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) window: VecDeque<Entry>,
    pub(crate) stored: Backlog,
    pub(crate) spooled: Backlog,
}

impl Lane {
    pub(crate) fn backlog(&mut self, kept: Kept) -> &mut Backlog {
        match kept {
            Kept::Stored => &mut self.stored,
            Kept::Spooled => &mut self.spooled,
        }
    }

    /// All pending messages are in the window.
    pub(crate) fn all_in_window(&self) -> bool {
        self.stored.is_empty() && self.spooled.is_empty()
    }

    /// Messages waiting, in memory and on disk.
    pub(crate) fn count(&self) -> u64 {
        let staged = self.stored.staged.len() + self.spooled.staged.len();
        (self.window.len() + staged) as u64 + self.stored.count + self.spooled.count
    }

    /// Puts a message that a consumer gave back where its order says.
    pub(crate) fn give_back(&mut self, entry: Entry) {
        let at = self
            .window
            .partition_point(|other| other.order < entry.order);
        self.window.insert(at, entry);
    }

    /// Moves what was read from disk into the window, in order, as far as the order is known.
    pub(crate) fn merge(&mut self) {
        loop {
            let stored = self.stored.staged.front().map(|entry| entry.order);
            let spooled = self.spooled.staged.front().map(|entry| entry.order);
            let next = match (stored, spooled) {
                (Some(stored), Some(spooled)) if stored < spooled => Kept::Stored,
                (Some(_), Some(_)) => Kept::Spooled,
                (Some(_), None) if !self.spooled.unread() => Kept::Stored,
                (None, Some(_)) if !self.stored.unread() => Kept::Spooled,
                (Some(_) | None, _) => return,
            };
            let Some(entry) = self.backlog(next).staged.pop_front() else {
                return;
            };
            self.insert(entry);
        }
    }

    fn insert(&mut self, entry: Entry) {
        if self
            .window
            .back()
            .is_none_or(|last| last.order < entry.order)
        {
            self.window.push_back(entry);
        } else {
            self.give_back(entry);
        }
    }

    /// Counts a record read from disk as no longer outside memory.
    pub(crate) fn counted(&mut self, kept: Kept, read: u64) {
        let backlog = self.backlog(kept);
        backlog.count = backlog.count.saturating_sub(read);
        if backlog.from == backlog.end {
            backlog.count = 0;
        }
    }
}
