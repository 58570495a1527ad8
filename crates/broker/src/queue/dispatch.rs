//! Dispatch: which pending message goes to which consumer.
//!
//! Consumers of the highest priority with room are served in turn. An exclusive consumer gets
//! everything; a message group stays with one consumer. A message that no consumer with room
//! wants is passed over, and looked at again only when that can have changed.

use crate::advisory::Class;
use crate::consumer::Consumer;
use crate::entry::Entry;
use crate::queue::{Attachment, Owner, Queue, QueueState};
use crate::selection::Selection;
use crate::turn::Turn;
use floodway_message::Message;
use std::sync::Arc;

/// What dispatch can do with a message now.
enum Pick {
    /// Give it to this attachment.
    To(usize),
    /// Somebody wants it but has no room.
    Wait,
    /// Nobody wants it.
    Nobody,
}

/// A message that is looked at for dispatch.
struct Candidate {
    message: Arc<Message>,
    /// Its place among the messages of all lanes.
    rank: u64,
    redeliveries: u32,
}

impl Queue {
    /// Dispatches what can be dispatched.
    pub(crate) fn dispatch(self: &Arc<Self>, turn: &mut Turn<'_>) {
        let mut state = self.lock();
        self.dispatch_locked(&mut state, turn);
    }

    pub(crate) fn dispatch_locked(self: &Arc<Self>, state: &mut QueueState, turn: &mut Turn<'_>) {
        if state.lanes.len() > 1 {
            self.look_at_lanes(state, turn);
        }
        self.serve_browsers(state, turn);
        if state.attachments.is_empty() || !self.may_start(state, turn) {
            if self.is_reading_back() {
                self.page_in(state, turn);
            }
            return;
        }
        // Dispatch itself may find that something passed over can be taken now.
        while self.rewind(state, turn) {
            self.dispatch_lanes(state, turn);
            if !state.rewind_wanted {
                break;
            }
        }
        self.note_slow(state, turn);
        self.page_in(state, turn);
        if state.rewind_later {
            turn.broker.await_room(self);
        }
    }

    fn dispatch_lanes(self: &Arc<Self>, state: &mut QueueState, turn: &mut Turn<'_>) {
        let by_priority = self.reads_by_priority(state);
        for lane in (0..state.lanes.len()).rev() {
            if by_priority && !self.goes_back(state, lane, turn) {
                break;
            }
            let goes_on = if state.is_plain() {
                self.dispatch_plain(state, lane, turn)
            } else {
                self.dispatch_selected(state, lane, turn)
            };
            if !goes_on || (by_priority && self.reads_on(state, lane, turn)) {
                break;
            }
        }
    }

    fn may_start(&self, state: &QueueState, turn: &Turn<'_>) -> bool {
        let enough = state.attachments.len() >= self.policy().consumers_before_dispatch_starts
            || turn.now.monotonic_ms >= state.dispatch_after_ms;
        (enough && !self.is_paused()) || state.administrator().is_some()
    }

    /// How many consumers, or else how many milliseconds, dispatch still waits for.
    pub(crate) fn not_started(
        &self,
        state: &QueueState,
        now: floodway_message::Now,
    ) -> Option<(usize, u64)> {
        let wanted = self.policy().consumers_before_dispatch_starts;
        let missing = wanted.saturating_sub(state.attachments.len());
        let wait_ms = state.dispatch_after_ms.saturating_sub(now.monotonic_ms);
        (missing > 0 && wait_ms > 0 && !state.attachments.is_empty()).then_some((missing, wait_ms))
    }

    /// The common case: any consumer may have any message. `false` when nobody has room.
    fn dispatch_plain(
        self: &Arc<Self>,
        state: &mut QueueState,
        lane: usize,
        turn: &mut Turn<'_>,
    ) -> bool {
        while let Some(front) = state.lanes.get(lane).and_then(|lane| lane.window.front()) {
            if front.grouped {
                return self.dispatch_selected(state, lane, turn);
            }
            let Some(to) = state.next_with_room() else {
                return false;
            };
            let Some(entry) = state.take_at(lane, 0) else {
                return true;
            };
            self.hand_over(state, lane, entry, to, turn);
        }
        true
    }

    /// Selectors, groups or exclusive consumers: looks at each message from the rescan mark on.
    fn dispatch_selected(
        self: &Arc<Self>,
        state: &mut QueueState,
        lane: usize,
        turn: &mut Turn<'_>,
    ) -> bool {
        let from = state.rescan_from;
        let Some(window) = state.lanes.get(lane).map(|lane| &lane.window) else {
            return true;
        };
        let mut at = window.partition_point(|entry| entry.order < from);
        while let Some(entry) = state.lanes.get(lane).and_then(|lane| lane.window.get(at)) {
            let order = entry.order;
            let message = Arc::clone(&entry.message);
            let candidate = Candidate {
                message,
                rank: state.rank(lane, order),
                redeliveries: entry.redeliveries,
            };
            if !state.anybody_has_room() {
                if state.lanes.len() == 1 {
                    state.rescan_from = order;
                }
                return false;
            }
            match self.pick(state, &candidate, turn.broker.settings.message_groups_max) {
                Pick::To(to) => {
                    if let Some(entry) = state.take_at(lane, at) {
                        self.hand_over(state, lane, entry, to, turn);
                    }
                    if state.rewind_wanted {
                        return false;
                    }
                }
                Pick::Wait | Pick::Nobody => at += 1,
            }
        }
        if state.lanes.len() == 1 {
            state.rescan_from = u64::MAX;
        }
        true
    }

    /// Delivers an entry taken out of the window, or expires it.
    fn hand_over(
        self: &Arc<Self>,
        state: &mut QueueState,
        lane: usize,
        entry: Entry,
        to: usize,
        turn: &mut Turn<'_>,
    ) {
        if entry.expiration_ms > 0 {
            state
                .expiring
                .remove(&(entry.expiration_ms, lane as u8, entry.order));
            if entry.is_expired(turn.now.wall_ms) {
                self.expire_entry(state, entry, turn);
                return;
            }
        }
        let Some(attachment) = state.attachments.get_mut(to) else {
            return;
        };
        let consumer = &attachment.consumer;
        consumer.occupy();
        let (delivery, wake) = consumer.outbox.deliver(
            consumer.id,
            &consumer.next_delivery,
            &entry.message,
            entry.redeliveries,
        );
        if wake {
            turn.touch(&consumer.outbox);
        }
        // What an operator takes hold of is delivered to nobody.
        if !consumer.outbox.administers {
            state.counts.dispatch(&entry, turn.now);
            self.advise(Class::Dispatched, &entry.message, Some(consumer), turn);
        }
        attachment.in_flight.push(delivery, entry);
        state.in_flight_count += 1;
    }

    fn pick(&self, state: &mut QueueState, candidate: &Candidate, groups_max: usize) -> Pick {
        let Candidate {
            message,
            rank,
            redeliveries,
        } = candidate;
        let selection = Selection::new(message, *redeliveries);
        let wants = |consumer: &Consumer| consumer.filter.passes(&selection);
        let group = message.group_id();
        if let Some(administrator) = state.administrator() {
            return state.pick_only(administrator, *rank, wants);
        }
        let owner = group.and_then(|group| state.groups.get(group).copied());
        let owner = owner.and_then(|owner| state.attachment_of(owner));
        let picked = match owner.or_else(|| state.exclusive()) {
            Some(only) => state.pick_only(only, *rank, wants),
            None => state.pick_in_turn(*rank, wants),
        };
        if let (Pick::To(to), Some(group)) = (&picked, group) {
            state.own_group(group, *to, message.group_sequence(), groups_max);
        }
        picked
    }
}

impl Attachment {
    /// It has room, and nothing that it would have taken before was passed over.
    fn may_take(&self, rank: u64, passed: bool) -> bool {
        self.consumer.has_room() && !(passed && self.wanted_from < rank)
    }
}

impl QueueState {
    /// Any consumer may have any message that is in no group.
    fn is_plain(&self) -> bool {
        self.attachments.iter().all(|attachment| {
            attachment.consumer.filter.is_open() && !attachment.consumer.exclusive
        })
    }

    /// Could anybody take a message now?
    pub(crate) fn anybody_has_room(&self) -> bool {
        match self.exclusive().and_then(|only| self.attachments.get(only)) {
            Some(only) => only.consumer.has_room(),
            None => self
                .attachments
                .iter()
                .any(|attachment| attachment.consumer.has_room()),
        }
    }

    /// The next consumer in turn with room, of the highest priority that has any.
    fn next_with_room(&mut self) -> Option<usize> {
        match self.pick_in_turn(u64::MAX, |_| true) {
            Pick::To(to) => Some(to),
            Pick::Wait | Pick::Nobody => None,
        }
    }

    /// Attachments are sorted by priority, highest first; within a priority they take turns.
    fn pick_in_turn(&mut self, rank: u64, wants: impl Fn(&Consumer) -> bool) -> Pick {
        let passed = self.has_passed();
        let count = self.attachments.len();
        let mut wanted = false;
        let mut best: Option<(usize, i8)> = None;
        for step in 0..count {
            let at = (self.next_attachment + step) % count;
            let Some(attachment) = self.attachments.get_mut(at) else {
                continue;
            };
            let consumer = &attachment.consumer;
            if best.is_some_and(|(_, priority)| consumer.priority <= priority) {
                continue;
            }
            if !wants(consumer) {
                continue;
            }
            if attachment.may_take(rank, passed) {
                best = Some((at, consumer.priority));
                if self
                    .attachments
                    .first()
                    .is_none_or(|a| Some(a.consumer.priority) == best.map(|(_, priority)| priority))
                {
                    break;
                }
            } else {
                wanted = true;
                attachment.wanted_from = attachment.wanted_from.min(rank);
            }
        }
        match best {
            Some((at, _)) => {
                self.next_attachment = at + 1;
                Pick::To(at)
            }
            None if wanted => Pick::Wait,
            None => Pick::Nobody,
        }
    }

    fn pick_only(&mut self, to: usize, rank: u64, wants: impl Fn(&Consumer) -> bool) -> Pick {
        let passed = self.has_passed();
        let Some(attachment) = self.attachments.get_mut(to) else {
            return Pick::Nobody;
        };
        if !wants(&attachment.consumer) {
            return Pick::Nobody;
        }
        if attachment.may_take(rank, passed) {
            return Pick::To(to);
        }
        attachment.wanted_from = attachment.wanted_from.min(rank);
        Pick::Wait
    }

    /// The exclusive consumer in charge: an operator's, or of the highest priority the one that
    /// came first.
    fn exclusive(&self) -> Option<usize> {
        let mut first = None;
        for (at, attachment) in self.attachments.iter().enumerate() {
            if attachment.consumer.exclusive {
                if attachment.consumer.outbox.administers {
                    return Some(at);
                }
                first.get_or_insert(at);
            }
        }
        first
    }

    /// The consumer that acts for an operator. It gets everything while it lives.
    fn administrator(&self) -> Option<usize> {
        self.attachments.iter().position(|attachment| {
            let consumer = &attachment.consumer;
            consumer.exclusive && consumer.outbox.administers
        })
    }

    fn attachment_of(&self, owner: Owner) -> Option<usize> {
        self.attachments.iter().position(|attachment| {
            attachment.consumer.id == owner.consumer
                && attachment.consumer.outbox.id == owner.connection
        })
    }

    /// The group stays with the consumer; a negative sequence closes it. Where there are too many
    /// groups, one of them is forgotten and may move to another consumer.
    fn own_group(&mut self, group: &str, to: usize, sequence: i32, groups_max: usize) {
        if sequence < 0 {
            self.groups.remove(group);
            return;
        }
        if self.groups.contains_key(group) {
            return;
        }
        if self.groups.len() >= groups_max
            && let Some((_, owner)) = self.groups.pop_first()
        {
            self.look_again_for(owner);
        }
        let Some(attachment) = self.attachments.get(to) else {
            return;
        };
        let owner = Owner {
            connection: attachment.consumer.outbox.id,
            consumer: attachment.consumer.id,
        };
        self.groups.insert(group.into(), owner);
    }

    /// What waited for an owner of a group that may move comes before what follows in the group.
    fn look_again_for(&mut self, owner: Owner) {
        let Some(owner) = self.attachment_of(owner) else {
            return;
        };
        let waiting = self.attachments.get(owner).map(|one| one.wanted_from);
        if waiting.is_some_and(|rank| rank < u64::MAX) {
            self.rescan_from = 0;
            self.rewind_wanted = true;
        }
    }

    pub(crate) fn take_at(&mut self, lane: usize, at: usize) -> Option<Entry> {
        let window = &mut self.lanes.get_mut(lane)?.window;
        if at == 0 {
            window.pop_front()
        } else {
            window.remove(at)
        }
    }
}
