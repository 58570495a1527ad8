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
    /// Lowest position that was in memory and left it: see [`Lane::pass_over`] and
    /// [`Lane::let_go`].
    pub(crate) passed_from: Option<u64>,
    /// The last read gave nothing: it failed, or what is there is not written yet.
    pub(crate) unreadable: bool,
}

impl Backlog {
    /// Nothing of the list is outside the window.
    pub(crate) fn is_empty(&self) -> bool {
        self.from == self.end && self.staged.is_empty()
    }

    pub(crate) fn unread(&self) -> bool {
        self.from < self.end
    }

    /// There is more on disk, and nothing that was read waits to be merged in.
    pub(crate) fn wants_page(&self) -> bool {
        self.unread() && self.staged.is_empty()
    }

    /// Where that begins which is on disk alone.
    pub(crate) fn on_disk_from(&self) -> u64 {
        self.passed_from
            .map_or(self.from, |from| from.min(self.from))
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
        if position >= self.from {
            // Given back before what is yet to be read: it is read with that.
            self.skip.remove(&position);
            return;
        }
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
    /// Messages of this order and later have left memory for those of another lane. Nothing is
    /// taken from the lane until it has gone back to the first of them.
    pub(crate) let_go_from: Option<u64>,
    /// Others have let go for it, and there was no room all the same.
    pub(crate) in_vain: bool,
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
        let found = self.backlog_at(place);
        found.is_some_and(|(backlog, position)| position >= backlog.from)
    }

    /// Is it at a place from which on a browser reads the disk?
    pub(crate) fn is_seen_on_disk(&self, place: &Place) -> bool {
        let found = self.backlog_at(place);
        found.is_some_and(|(backlog, position)| position >= backlog.on_disk_from())
    }

    /// Is it in one of this lane's lists?
    pub(crate) fn has(&self, place: &Place) -> bool {
        self.backlog_at(place).is_some()
    }

    fn backlog_at(&self, place: &Place) -> Option<(&Backlog, u64)> {
        let (backlog, list, position) = match place {
            Place::Memory => return None,
            Place::Stored { list, position } => (&self.stored, list, position),
            Place::Spooled { list, position } => (&self.spooled, list, position),
        };
        (backlog.list == Some(*list)).then_some((backlog, *position))
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
            if let Some(entry) = self.leave(entry) {
                self.window.push_back(entry);
            }
        }
    }

    /// Lets the latest messages that are in memory, and on disk, leave it until there is `enough`
    /// room. They are read again after [`Lane::rewind`].
    pub(crate) fn let_go(&mut self, enough: impl Fn() -> bool) {
        // What was passed over before comes before the window.
        let mut first = match (self.let_go_from, self.has_passed()) {
            (None, true) => Some(0),
            (first, _) => first,
        };
        let mut leave = |lane: &mut Self, entry: Entry| {
            let order = entry.order;
            let kept = lane.leave(entry);
            if kept.is_none() {
                first = Some(first.map_or(order, |first| first.min(order)));
            }
            kept
        };
        if !enough() {
            // What was read ahead comes after the window.
            let mut staged = std::mem::take(&mut self.stored.staged);
            staged.append(&mut self.spooled.staged);
            let kept = staged.into_iter().filter_map(|entry| leave(self, entry));
            let kept: Vec<Entry> = kept.collect();
            self.aside.extend(kept);
        }
        let mut kept = Vec::new();
        while !enough()
            && let Some(entry) = self.window.pop_back()
        {
            kept.extend(leave(self, entry));
        }
        self.window.extend(kept.into_iter().rev());
        if self.has_passed() {
            self.let_go_from = first;
        }
    }

    /// A message leaves memory, if it is on disk and was not delivered before; else it is
    /// returned.
    fn leave(&mut self, entry: Entry) -> Option<Entry> {
        match entry.place {
            Place::Stored { position, .. } if entry.redeliveries == 0 => {
                self.stored.pass(position);
                None
            }
            Place::Spooled { position, .. } if entry.redeliveries == 0 => {
                self.spooled.pass(position);
                None
            }
            Place::Stored { .. } | Place::Spooled { .. } | Place::Memory => Some(entry),
        }
    }

    /// Has anything been passed over?
    pub(crate) fn has_passed(&self) -> bool {
        self.stored.passed_from.is_some() || self.spooled.passed_from.is_some()
    }

    /// Goes back to the first message passed over, or let go. `in_flight` must give all messages
    /// of this lane that consumers hold: they are not read again.
    pub(crate) fn rewind(&mut self, in_flight: &[Place]) {
        // Where only the end of the window was let go, its beginning stays.
        let first = self.let_go_from.take().unwrap_or(0);
        let at = self.window.partition_point(|entry| entry.order < first);
        let later = self.window.split_off(at);
        for entry in later {
            if let Some(entry) = self.leave(entry) {
                self.aside.push_back(entry);
            }
        }
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
