//! Reading by priority: in a queue of several lanes the highest one with messages on disk is read
//! first, whatever of lower ones is in memory.
//!
//! Lower lanes wait while a page of a higher one is being read. They do not wait where that page
//! cannot come now: it was asked for and failed, is not written yet, or finds no room, since what
//! makes room may be just that the lower ones are consumed. Where memory is full, lower lanes let
//! go of what is on disk anyway, lowest and latest first; before anything is taken from such a
//! lane again it goes back to the first message that it let go. Going back waits, as in
//! `passing`, until what was taken meanwhile has been removed from disk for good.
//!
//! Queues whose messages are in memory only are not concerned. Unit of limits: bytes.

use crate::entry::Place;
use crate::queue::lane::Kept;
use crate::queue::page::{Asked, PageJob};
use crate::queue::{Queue, QueueState, Waits};
use crate::settings::Cursor;
use crate::turn::Turn;
use std::sync::Arc;

/// Lower lanes let go until there is room for so much.
const ROOM_BYTES: u64 = 256 << 10;
/// A rank is the order of a message below the number of its lane.
const ORDER_BITS: u32 = 56;

impl Queue {
    /// Do lanes with messages on disk go one after the other?
    pub(crate) fn reads_by_priority(&self, state: &QueueState) -> bool {
        state.lanes.len() > 1 && self.cursor != Cursor::Memory
    }

    /// The lowest lane that counts when a page of this one is wanted.
    pub(crate) fn lowest_lane(&self, state: &QueueState, lane: usize) -> usize {
        if self.reads_by_priority(state) {
            lane
        } else {
            0
        }
    }

    /// Is there less urgent in memory? Whatever could leave it has been let go by then.
    pub(crate) fn is_above_others(&self, state: &QueueState, lane: usize) -> bool {
        let mut lower = state.lanes.iter().take(self.lowest_lane(state, lane));
        lower.any(|lane| !lane.window.is_empty() || !lane.aside.is_empty())
    }

    /// At the beginning of dispatch: what could not be read is tried again after the next commit
    /// (or tick), not before, since room is made for it; and lanes go back to what they let go as
    /// soon as they can, so that it is seen when it expires.
    pub(crate) fn look_at_lanes(self: &Arc<Self>, state: &mut QueueState, turn: &Turn<'_>) {
        let waits = self.is_waiting(Waits::Written);
        for lane in 0..state.lanes.len() {
            self.goes_back(state, lane, turn);
            if let Some(lane) = state.lanes.get_mut(lane) {
                lane.stored.unreadable &= waits;
                lane.spooled.unreadable &= waits;
                lane.in_vain &= waits;
            }
        }
    }

    /// Has a lane go back to what it let go. `false` while that is not safe yet.
    pub(crate) fn goes_back(
        self: &Arc<Self>,
        state: &mut QueueState,
        lane: usize,
        turn: &Turn<'_>,
    ) -> bool {
        let let_go = state.lanes.get(lane).and_then(|lane| lane.let_go_from);
        if let_go.is_none() {
            return true;
        }
        if !self.departures.are_done(turn) {
            turn.broker.await_pages(self);
            return false;
        }
        let in_flight: Vec<Place> = state.in_flight().map(|entry| entry.place).collect();
        if let Some(lane) = state.lanes.get_mut(lane) {
            lane.rewind(&in_flight);
            lane.merge();
        }
        true
    }

    /// Reads on in a lane, of whose messages in memory consumers have what they want. `true` where
    /// lower lanes have to wait for it.
    pub(crate) fn reads_on(
        self: &Arc<Self>,
        state: &mut QueueState,
        lane: usize,
        turn: &Turn<'_>,
    ) -> bool {
        let Some(found) = state.lanes.get(lane).filter(|lane| lane.has_unread()) else {
            return false;
        };
        let backlogs = [&found.stored, &found.spooled];
        if backlogs.iter().any(|one| one.unread() && one.unreadable) {
            return false;
        }
        if !state.anybody_has_room() {
            return true;
        }
        let is_read = backlogs.iter().any(|one| one.paging);
        let wants = backlogs.iter().any(|one| one.wants_page() && !one.paging);
        let was_in_vain = found.in_vain;
        let let_go = wants && !was_in_vain && self.make_room(state, lane);
        if wants {
            self.pass_over_above(state, lane);
        }
        let asked =
            [Kept::Stored, Kept::Spooled].map(|kept| self.ask_page(state, lane, kept, turn));
        let is_asked = asked.contains(&Asked::Yes);
        if let_go || was_in_vain {
            // Else lower lanes let go of each page that they read in turn.
            let in_vain = !is_asked && asked.contains(&Asked::NoRoom);
            if let Some(lane) = state.lanes.get_mut(lane) {
                lane.in_vain = in_vain;
            }
            if in_vain {
                turn.broker.await_pages(self);
            }
        }
        is_read || is_asked
    }

    /// Makes room for a page of a lane: lower lanes let go of what is on disk. `true` if any had
    /// to.
    fn make_room(&self, state: &mut QueueState, lane: usize) -> bool {
        if self.has_space(state, &self.usage) {
            return false;
        }
        let percent = self.memory_percent();
        let enough =
            || self.usage.has_space(percent) && self.usage.space_bytes(percent) >= ROOM_BYTES;
        for lower in state.lanes.iter_mut().take(lane) {
            lower.let_go(enough);
        }
        let mut lower = state.lanes.iter().take(lane);
        lower.any(|lane| lane.let_go_from.is_some())
    }

    /// What nobody with room wants, in this lane and above, is passed over.
    fn pass_over_above(&self, state: &mut QueueState, lane: usize) {
        let low = self.policy().page_size_max.max(1);
        let full = !self.has_space(state, &self.usage);
        for (number, found) in state.lanes.iter_mut().enumerate().skip(lane) {
            let many = number == lane && found.window.len() >= low;
            if many || (full && !found.window.is_empty()) {
                found.pass_over();
            }
        }
    }

    /// A page was not to be had: lower lanes wait for it no longer.
    pub(crate) fn go_on_without(
        self: &Arc<Self>,
        state: &mut QueueState,
        job: &PageJob,
        turn: &mut Turn<'_>,
    ) {
        if !self.reads_by_priority(state) {
            return;
        }
        if let Some(lane) = state.lanes.get_mut(job.lane) {
            lane.backlog(job.kept).unreadable = true;
        }
        turn.broker.await_pages(self);
        self.dispatch_locked(state, turn);
    }
}

impl QueueState {
    /// Place of a message among those of all lanes: lower ones are dispatched first.
    pub(crate) fn rank(&self, lane: usize, order: u64) -> u64 {
        let above = self.lanes.len().saturating_sub(lane + 1) as u64;
        (above << ORDER_BITS) | order
    }
}
