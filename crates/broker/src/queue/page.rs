//! Reading pending messages back from the journal or the spool.
//!
//! A queue asks for a page when consumers want messages, its window runs low and there is room in
//! memory; the read happens without the queue's lock, on the paging threads. A queue that holds
//! nothing in memory may always read a small page, so that dispatch goes on whatever the other
//! destinations have taken.

use crate::entry::Place;
use crate::queue::lane::{Kept, Lane};
use crate::queue::{Attachment, Queue, QueueState};
use crate::settings::Cursor;
use crate::turn::Turn;
use floodway_message::Message;
use floodway_store::{Page, PageRequest, StoreError};
use std::sync::Arc;

/// Most bytes read at a time.
const PAGE_BYTES_MAX: u64 = 1 << 20;
/// Bytes that a queue without messages in memory may read whatever the limits.
const RESERVE_BYTES: u64 = 64 << 10;

/// A read that is wanted.
pub(crate) struct PageJob {
    pub(crate) queue: Arc<Queue>,
    pub(crate) lane: usize,
    pub(crate) kept: Kept,
    pub(crate) request: PageRequest,
}

/// What came of asking for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It will be read.
    Yes,
    /// None is needed.
    No,
    /// There is no room for it in memory.
    NoRoom,
}

impl Queue {
    /// Asks for pages where the window runs low.
    pub(crate) fn page_in(self: &Arc<Self>, state: &mut QueueState, turn: &Turn<'_>) {
        if self.reads_by_priority(state) {
            // Dispatch asks, lane by lane.
            return;
        }
        if self.cursor != Cursor::Memory {
            if !state.anybody_has_room() {
                return;
            }
            self.pass_over(state);
        }
        for lane in self.lanes_to_page(state) {
            for kept in [Kept::Stored, Kept::Spooled] {
                if self.ask_page(state, lane, kept, turn) == Asked::NoRoom {
                    return;
                }
            }
        }
    }

    /// Asks for the next page of a list, where it is needed and there is room for it.
    pub(crate) fn ask_page(
        self: &Arc<Self>,
        state: &mut QueueState,
        lane: usize,
        kept: Kept,
        turn: &Turn<'_>,
    ) -> Asked {
        let low = self.policy().page_size_max.max(1);
        let Some(found) = state.lanes.get_mut(lane) else {
            return Asked::No;
        };
        let is_low = found.window.len() < low || self.cursor == Cursor::Memory;
        let backlog = found.backlog(kept);
        let Some(list) = backlog.list else {
            return Asked::No;
        };
        if backlog.paging || !backlog.wants_page() {
            return Asked::No;
        }
        let from = backlog.from;
        // From here on all consumers may be looked at: only where there is a page to read.
        if !is_low && !state.is_somebody_idle() {
            return Asked::No;
        }
        let Some(bytes_max) = self.page_bytes(state, lane) else {
            turn.broker.await_room(self);
            return Asked::NoRoom;
        };
        if let Some(found) = state.lanes.get_mut(lane) {
            found.backlog(kept).paging = true;
        }
        let request = PageRequest {
            list,
            from,
            records_max: low,
            bytes_max,
        };
        turn.broker.page(PageJob {
            queue: Arc::clone(self),
            lane,
            kept,
            request,
        });
        Asked::Yes
    }

    /// The lanes in which to look for a page, the one of the highest priority first. Where memory
    /// is full, only one at a time reads what it needs to go on.
    fn lanes_to_page(&self, state: &QueueState) -> impl Iterator<Item = usize> + use<> {
        let count = state.lanes.len();
        let full = count > 1 && !self.has_space(state, &self.usage);
        let only = full.then(|| {
            let staged = state.lanes.iter().position(Lane::has_staged);
            staged.or_else(|| state.lanes.iter().rposition(Lane::has_unread))
        });
        let lanes = match only.flatten() {
            Some(lane) => lane..lane + 1,
            None => 0..count,
        };
        lanes.rev()
    }

    /// Bytes that may be read for a lane now; `None` when there is no room.
    fn page_bytes(&self, state: &QueueState, lane: usize) -> Option<usize> {
        let space = if self.has_space(state, &self.usage) {
            self.usage
                .space_bytes(self.memory_percent())
                .clamp(RESERVE_BYTES, PAGE_BYTES_MAX)
        } else if self.holds_nothing(state, lane) || self.may_pass_mark(state, lane) {
            RESERVE_BYTES
        } else {
            return None;
        };
        usize::try_from(space).ok()
    }

    /// Takes in a page and dispatches.
    pub(crate) fn paged(
        self: &Arc<Self>,
        job: &PageJob,
        result: Result<Page, StoreError>,
        turn: &mut Turn<'_>,
    ) {
        let mut state = self.lock();
        let closed = state.closed;
        let Some(lane) = state.lanes.get_mut(job.lane) else {
            return;
        };
        let backlog = lane.backlog(job.kept);
        backlog.paging = false;
        if closed || lane.let_go_from.is_some() || lane.backlog(job.kept).from != job.request.from {
            return self.dispatch_locked(&mut state, turn);
        }
        let page = match result {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(destination = %self.destination, "pending messages cannot be read: {error}");
                return self.go_on_without(&mut state, job, turn);
            }
        };
        if page.unwritten && page.records.is_empty() && page.next == job.request.from {
            turn.broker.await_pages(self);
            return self.go_on_without(&mut state, job, turn);
        }
        self.stage(&mut state, job, page);
        if self.note_reading_back(&state) {
            turn.broker.signal.raise();
        }
        self.dispatch_locked(&mut state, turn);
    }

    fn stage(self: &Arc<Self>, state: &mut QueueState, job: &PageJob, page: Page) {
        let list = job.request.list;
        let mut staged = Vec::with_capacity(page.records.len());
        let (mut read, mut next) = (0, page.next);
        let mut bytes = 0;
        for record in page.records {
            let position = record.position;
            // What a message costs is known only now: the rest is read again when there is room.
            if !self.may_stage(state, job.lane, bytes) {
                next = position;
                break;
            }
            read += 1;
            let place = match job.kept {
                Kept::Stored => Place::Stored { list, position },
                Kept::Spooled => Place::Spooled { list, position },
            };
            match Message::from_parts(record.head, record.body) {
                Ok(message) => {
                    bytes += self.charge_bytes(&message);
                    staged.push(self.entry(message, record.order, place));
                }
                Err(error) => {
                    tracing::error!(destination = %self.destination, position, "a stored message is damaged and left out: {error}");
                }
            }
        }
        let Some(lane) = state.lanes.get_mut(job.lane) else {
            return;
        };
        let backlog = lane.backlog(job.kept);
        backlog.from = next;
        let fresh = staged.len();
        staged.retain(|entry| !backlog.skipped(entry));
        // What was dealt with, or is in flight, was not counted as waiting.
        read -= (fresh - staged.len()) as u64;
        backlog.skip = backlog.skip.split_off(&next);
        for entry in staged.iter().filter(|entry| entry.expiration_ms > 0) {
            let due = (entry.expiration_ms, job.lane as u8, entry.order);
            state.expiring.insert(due);
        }
        backlog.staged.extend(staged);
        lane.counted(job.kept, read);
        if let Some(first) = lane.merge() {
            state.rescan_from = state.rescan_from.min(first);
        }
        if job.kept == Kept::Spooled {
            self.set_spooling(state.lanes.iter().any(|lane| lane.spooled.unread()));
        }
    }

    /// The memory above the high-water mark is for consumers who would otherwise wait behind what
    /// others want, and for a lane that would wait behind what is less urgent, where that cannot
    /// leave memory.
    fn may_pass_mark(&self, state: &QueueState, lane: usize) -> bool {
        self.usage.full_node().is_none()
            && (state.is_somebody_idle() || self.is_above_others(state, lane))
    }

    /// May one more message be taken in for a lane, after so many bytes of the same page?
    fn may_stage(&self, state: &QueueState, lane: usize, staged_bytes: u64) -> bool {
        if self.has_space(state, &self.usage) || self.may_pass_mark(state, lane) {
            return true;
        }
        let within_reserve = staged_bytes < RESERVE_BYTES && self.usage.has_own_space();
        // The one that has begun must be able to go on.
        let lanes = state.lanes.iter().skip(self.lowest_lane(state, lane));
        let begun = lanes.map(Lane::has_staged).position(|staged| staged);
        let begun = begun.map(|at| at + self.lowest_lane(state, lane));
        self.holds_nothing(state, lane)
            && begun.is_none_or(|begun| begun == lane)
            && (staged_bytes == 0 || within_reserve)
    }

    /// No message is in memory, but for what waits to be merged in, what comes after this lane
    /// anyway (as long as the queue is below its own limit), and what a transaction has
    /// acknowledged: its commit may wait for just this queue to go on.
    fn holds_nothing(&self, state: &QueueState, lane: usize) -> bool {
        let mut attachments = state.attachments.iter();
        let lowest = match self.usage.has_own_space() {
            true => self.lowest_lane(state, lane),
            false => 0,
        };
        let mut lanes = state.lanes.iter().skip(lowest);
        lanes.all(|lane| lane.window.is_empty())
            && !attachments.any(|attachment| attachment.in_flight.has_open())
    }
}

impl QueueState {
    /// A consumer with room has nothing, and what is in memory is not for it: it was looked at, and
    /// what could leave memory was passed over.
    fn is_somebody_idle(&self) -> bool {
        let is_idle = |one: &Attachment| one.consumer.has_room() && !one.in_flight.has_open();
        self.attachments.iter().any(is_idle)
    }
}
