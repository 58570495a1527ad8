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
    /// Positions not to be taken in when they are read: in flight, or dealt with while their
    /// removal is not written yet.
    pub(crate) skip: BTreeSet<u64>,
    /// Lowest position that was in the window and passed over: see [`Lane::pass_over`].
    pub(crate) passed_from: Option<u64>,
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

    fn pass(&mut self, position: u64) {
        self.count += 1;
        self.passed_from = Some(
            self.passed_from
                .map_or(position, |first| first.min(position)),
        );
    }

    fn rewind(&mut self, held: &[Place], kept: Kept) {
        let Some(from) = self.passed_from.take() else {
            return;
        };
        self.count += std::mem::take(&mut self.staged).len() as u64;
        for place in held {
            let (list, position) = match place {
                Place::Stored { list, position } if kept == Kept::Stored => (list, position),
                Place::Spooled { list, position } if kept == Kept::Spooled => (list, position),
                Place::Stored { .. } | Place::Spooled { .. } | Place::Memory => continue,
            };
            if Some(*list) == self.list && *position >= from {
                self.skip.insert(*position);
            }
        }
        self.from = from;
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
    /// In memory, but behind messages that are not: taken out of the window by
    /// [`Lane::rewind`], given back, or new; to be merged in when those are read. Sorted.
    pub(crate) aside: VecDeque<Entry>,
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
        self.stored.is_empty() && self.spooled.is_empty() && self.aside.is_empty()
    }

    /// Something was read from disk and waits for what comes before it.
    pub(crate) fn has_staged(&self) -> bool {
        !self.stored.staged.is_empty() || !self.spooled.staged.is_empty()
    }

    pub(crate) fn has_unread(&self) -> bool {
        self.stored.unread() || self.spooled.unread()
    }

    /// Messages waiting, in memory and on disk.
    pub(crate) fn count(&self) -> u64 {
        let staged = self.stored.staged.len() + self.spooled.staged.len();
        (self.window.len() + self.aside.len() + staged) as u64
            + self.stored.count
            + self.spooled.count
    }

    /// Appends a new message: to the window, or behind a backlog that is still on disk.
    pub(crate) fn append(&mut self, entry: Entry) {
        if self.all_in_window() {
            self.window.push_back(entry);
        } else {
            self.aside.push_back(entry);
        }
    }

    /// Puts a message that a consumer gave back where its order says.
    pub(crate) fn give_back(&mut self, entry: Entry) {
        let at = self
            .window
            .partition_point(|other| other.order < entry.order);
        self.window.insert(at, entry);
    }

    /// Is it at a place of the backlog that is yet to be read?
    pub(crate) fn is_ahead(&self, place: &Place) -> bool {
        let (backlog, list, position) = match place {
            Place::Memory => return false,
            Place::Stored { list, position } => (&self.stored, list, position),
            Place::Spooled { list, position } => (&self.spooled, list, position),
        };
        backlog.list == Some(*list) && *position >= backlog.from
    }

    /// Keeps a message in memory until those before it are read. Its place must be among those
    /// that are skipped.
    pub(crate) fn set_aside(&mut self, entry: Entry) {
        let at = self
            .aside
            .partition_point(|other| other.order < entry.order);
        self.aside.insert(at, entry);
    }

    /// Moves what was read from disk into the window, in order, as far as the order is known.
    /// Returns the first order that came into the window.
    pub(crate) fn merge(&mut self) -> Option<u64> {
        let mut first_merged = None;
        loop {
            let unknown = |backlog: &Backlog| backlog.staged.is_empty() && backlog.unread();
            if unknown(&self.stored) || unknown(&self.spooled) {
                return first_merged;
            }
            let sources = [
                &mut self.stored.staged,
                &mut self.spooled.staged,
                &mut self.aside,
            ];
            let first = sources
                .into_iter()
                .filter(|source| !source.is_empty())
                .min_by_key(|source| source.front().map(|entry| entry.order));
            let Some(entry) = first.and_then(VecDeque::pop_front) else {
                return first_merged;
            };
            first_merged.get_or_insert(entry.order);
            self.insert(entry);
        }
    }

    /// Lets go of messages that no consumer with room wants, so that the backlog behind them can
    /// be looked at; they stay on disk and are read again after [`Lane::rewind`]. Messages that
    /// are only in memory, or were delivered before, stay.
    pub(crate) fn pass_over(&mut self) {
        let window = std::mem::take(&mut self.window);
        for entry in window {
            match entry.place {
                Place::Stored { position, .. } if entry.redeliveries == 0 => {
                    self.stored.pass(position);
                }
                Place::Spooled { position, .. } if entry.redeliveries == 0 => {
                    self.spooled.pass(position);
                }
                Place::Stored { .. } | Place::Spooled { .. } | Place::Memory => {
                    self.window.push_back(entry);
                }
            }
        }
    }

    /// Has anything been passed over?
    pub(crate) fn has_passed(&self) -> bool {
        self.stored.passed_from.is_some() || self.spooled.passed_from.is_some()
    }

    /// Goes back to the first message passed over. `in_flight` must give all messages of this
    /// lane that consumers hold: they are not read again.
    pub(crate) fn rewind(&mut self, in_flight: &[Place]) {
        self.pass_over();
        let window = std::mem::take(&mut self.window);
        self.aside.extend(window);
        self.aside
            .make_contiguous()
            .sort_by_key(|entry| entry.order);
        let mut held: Vec<Place> = self.aside.iter().map(|entry| entry.place).collect();
        held.extend_from_slice(in_flight);
        self.stored.rewind(&held, Kept::Stored);
        self.spooled.rewind(&held, Kept::Spooled);
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
        if backlog.from == backlog.end && backlog.passed_from.is_none() {
            backlog.count = 0;
        }
    }
}
