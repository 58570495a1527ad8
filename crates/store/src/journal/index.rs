//! What the store knows in memory: lists with their extents, notes, and segments.
//!
//! The index holds exactly what is durable (by the sync policy): changes are applied after they
//! were written. Nothing here reads or writes files.
//!
//! Invariants: a list's extents ascend in position and do not overlap; a segment's `live` is the sum
//! of its extents' live positions; a segment without live positions may be given up only when
//! [`Index::is_free`] says that no fact would be lost with it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use crate::journal::checkpoint::SavedList;
use crate::journal::extent::{Entry, Extent};
use crate::journal::recall::Recall;
use crate::journal::record::{self, Span};
use crate::{ListId, ListInfo, Target};

/// A gap of more positions than this begins a new extent, a smaller one is kept as holes.
pub(crate) const HOLES_MAX: u64 = 8;

/// What a record takes besides its head and body.
const RECORD_OVERHEAD_BYTES: u64 = record::HEADER_BYTES + record::TARGET_BYTES;

/// Everything known.
#[derive(Default)]
pub(crate) struct Index {
    pub(crate) lists: BTreeMap<ListId, List>,
    /// Greatest number ever given to a list.
    pub(crate) lists_defined: ListId,
    pub(crate) notes: BTreeMap<Bytes, Bytes>,
    pub(crate) segments: BTreeMap<u64, Segment>,
    /// All facts in segments up to this one are in the checkpoint file.
    pub(crate) covered: u64,
    /// Bytes of records still needed.
    pub(crate) live_bytes: u64,
    /// Bytes of all segments.
    pub(crate) used_bytes: u64,
    /// A sealed segment became empty since this was last cleared.
    pub(crate) has_new_dead: bool,
    pub(crate) recall: Recall,
    /// With so many bytes that nobody needs, upkeep is to look for something to evacuate.
    pub(crate) evacuation_due_bytes: u64,
}

/// One list.
#[derive(Default)]
pub(crate) struct List {
    pub(crate) descriptor: Bytes,
    pub(crate) next: u64,
    pub(crate) order: u64,
    pub(crate) pending: u64,
    pub(crate) extents: VecDeque<Extent>,
    /// Segment of the last record, which alone tells `next` after a restart.
    trace: u64,
}

/// One segment.
#[derive(Default)]
pub(crate) struct Segment {
    /// Where its records end.
    pub(crate) end: u64,
    /// Salt of its records' checksums.
    pub(crate) salt: u32,
    /// Nothing more is written to it.
    pub(crate) is_sealed: bool,
    pub(crate) live: u64,
    /// Extents whose entries are in memory, by list and first position.
    pub(crate) extents: Vec<(ListId, u64)>,
    /// Records other than additions: offset in units of 8 bytes, and length.
    pub(crate) facts: Vec<(u32, u32)>,
    /// Facts here must be in a checkpoint before the segment is given up.
    pub(crate) needs_checkpoint: bool,
    /// Older segments with records that are removed by facts here.
    removes_from: BTreeSet<u64>,
    /// Older segments where records stood that were moved here.
    pub(crate) moved_from: BTreeSet<u64>,
    /// It has records that stood in older segments before.
    pub(crate) has_moved: bool,
    /// A record here could not be read, so that the segment cannot be emptied.
    pub(crate) is_damaged: bool,
    /// Positions ever added here, and the bytes of their records.
    pub(crate) added: u64,
    pub(crate) added_bytes: u64,
    /// Lists whose last record is here.
    traces: u64,
    /// Where the entries begin in its sidecar file, if there is one.
    pub(crate) sidecar: Option<u64>,
}

impl Segment {
    /// A segment without records.
    pub(crate) fn new(salt: u32) -> Self {
        Self {
            salt,
            ..Self::default()
        }
    }

    /// `count` more positions whose heads and bodies have `payload` bytes in all.
    pub(crate) fn grow(&mut self, count: u64, payload: u64) {
        self.added += count;
        self.added_bytes += payload + count * RECORD_OVERHEAD_BYTES;
    }

    /// Bytes of records that are still needed, all counted as equally long.
    pub(crate) fn needed_bytes(&self) -> u64 {
        let part = u128::from(self.added_bytes) * u128::from(self.live);
        let part = part / u128::from(self.added.max(1));
        u64::try_from(part).unwrap_or(u64::MAX).min(self.end)
    }
}

impl List {
    /// Lowest live position, or `next`.
    pub(crate) fn first(&self) -> u64 {
        self.extents
            .iter()
            .find_map(|extent| extent.next_live(extent.first))
            .unwrap_or(self.next)
    }

    pub(crate) fn info(&self, list: ListId) -> ListInfo {
        ListInfo {
            list,
            descriptor: self.descriptor.clone(),
            first: self.first(),
            next: self.next,
            order: self.order,
            pending: self.pending,
            pending_bytes: self.extents.iter().map(Extent::live_bytes).sum(),
        }
    }

    /// Place in `extents` of the first one that ends after `position`.
    pub(crate) fn search(&self, position: u64) -> usize {
        // First and last are by far the most wanted.
        match (self.extents.front(), self.extents.back()) {
            (Some(front), _) if position < front.end() => 0,
            (_, Some(back)) if position >= back.first => {
                self.extents.len() - usize::from(position < back.end())
            }
            _ => self
                .extents
                .partition_point(|extent| extent.end() <= position),
        }
    }
}

impl Index {
    /// A new list, known by number.
    pub(crate) fn define(&mut self, list: ListId, descriptor: Bytes) {
        self.lists_defined = self.lists_defined.max(list);
        self.lists.entry(list).or_default().descriptor = descriptor;
    }

    /// A new record. Records of lists that are not known (dropped meanwhile) count as removed.
    pub(crate) fn add(&mut self, segment: u64, target: Target, entry: Entry, payload: u64) {
        let Some(list) = self.lists.get_mut(&target.list) else {
            return;
        };
        if target.position < list.next || target.position == u64::MAX {
            tracing::error!(
                list = target.list,
                position = target.position,
                next = list.next,
                "a record was added at a position already used; it is ignored"
            );
            return;
        }
        let Some(counts) = self.segments.get_mut(&segment) else {
            return;
        };
        let fits = |last: &Extent| {
            let holes = target.position - last.end();
            last.segment == segment && last.has_room() && holes <= HOLES_MAX
        };
        if !list.extents.back().is_some_and(fits) {
            list.extents
                .push_back(Extent::new(segment, target.position));
            counts.extents.push((target.list, target.position));
        }
        counts.live += 1;
        counts.grow(1, payload);
        if let Some(extent) = list.extents.back_mut() {
            while extent.end() < target.position {
                extent.push_hole();
            }
            let before = extent.live_bytes();
            extent.push(entry, target.order, payload);
            self.live_bytes += extent.live_bytes() - before;
        }
        list.pending += 1;
        list.next = target.position + 1;
        list.order = list.order.max(target.order);
        self.leave_trace(segment, target.list);
    }

    /// A position that is used but never written.
    pub(crate) fn skip(&mut self, target: Target) {
        if let Some(list) = self.lists.get_mut(&target.list) {
            list.next = list.next.max(target.position.saturating_add(1));
            list.order = list.order.max(target.order);
        }
    }

    /// `segment` tells the list's `next`.
    pub(crate) fn leave_trace(&mut self, segment: u64, list: ListId) {
        let Some(list) = self.lists.get_mut(&list) else {
            return;
        };
        if list.trace == segment {
            return;
        }
        if let Some(before) = self.segments.get_mut(&list.trace) {
            before.traces -= 1;
        }
        list.trace = segment;
        if let Some(now) = self.segments.get_mut(&segment) {
            now.traces += 1;
        }
    }

    /// Lists whose last record is in `segment`, among those named.
    pub(crate) fn traced<'a>(
        &'a self,
        segment: u64,
        named: impl Iterator<Item = ListId> + 'a,
    ) -> impl Iterator<Item = (ListId, &'a List)> {
        named.filter_map(move |id| {
            self.lists
                .get(&id)
                .filter(|list| list.trace == segment)
                .map(|list| (id, list))
        })
    }

    /// Removes positions because of a fact in segment `by`.
    pub(crate) fn remove_span(&mut self, by: u64, span: Span) {
        let end = span.first.saturating_add(u64::from(span.count));
        let mut position = span.first;
        // A damaged count cannot make this long: only positions that exist are visited.
        while position < end {
            let Some(list) = self.lists.get(&span.list) else {
                return;
            };
            let place = list.search(position);
            let Some(extent) = list.extents.get(place) else {
                return;
            };
            position = position.max(extent.first);
            let extent_end = extent.end().min(end);
            while position < extent_end {
                self.remove_at(by, span.list, place, position);
                position += 1;
            }
            self.drop_if_dead(span.list, place);
        }
    }

    /// Removes one position because of a fact in segment `by`.
    pub(crate) fn remove(&mut self, by: u64, list: ListId, position: u64) {
        let Some(place) = self.lists.get(&list).map(|found| found.search(position)) else {
            return;
        };
        self.remove_at(by, list, place, position);
        self.drop_if_dead(list, place);
    }

    fn remove_at(&mut self, by: u64, list: ListId, place: usize, position: u64) {
        let Some(list) = self.lists.get_mut(&list) else {
            return;
        };
        let Some(extent) = list.extents.get_mut(place) else {
            return;
        };
        let before = extent.live_bytes();
        if !extent.remove(position) {
            return;
        }
        self.live_bytes -= before - extent.live_bytes();
        list.pending -= 1;
        let from = extent.segment;
        self.leave_segment(from, 1);
        if from != by {
            self.note_removal(by, from);
        }
    }

    /// A fact in segment `by` is about a record in `from`. While segments exist where that record
    /// stood before, the fact is about them too.
    fn note_removal(&mut self, by: u64, from: u64) {
        let before = self.segments.get(&from).map(|from| &from.moved_from);
        let before = before.into_iter().flatten().copied();
        let exists = |one: &u64| self.segments.contains_key(one);
        let known: Vec<u64> = before.filter(exists).collect();
        if let Some(by) = self.segments.get_mut(&by) {
            by.removes_from.insert(from);
            by.removes_from.extend(known);
        }
    }

    pub(crate) fn leave_segment(&mut self, number: u64, count: u64) {
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.live -= count;
            if segment.live == 0 && segment.is_sealed {
                self.has_new_dead = true;
                self.recall.note_dead(number, segment.end);
            }
        }
    }

    /// Forgets an extent without live positions, unless it may still grow.
    pub(crate) fn drop_if_dead(&mut self, list: ListId, place: usize) {
        let Some(list) = self.lists.get_mut(&list) else {
            return;
        };
        let Some(extent) = list.extents.get(place) else {
            return;
        };
        let sealed = self
            .segments
            .get(&extent.segment)
            .is_none_or(|segment| segment.is_sealed);
        let last = place + 1 == list.extents.len();
        if extent.live == 0 && (sealed || !last) {
            list.extents.remove(place);
        }
    }

    /// Forgets a list.
    pub(crate) fn drop_list(&mut self, list: ListId) {
        self.remember_dropped(list);
        let Some(list) = self.lists.remove(&list) else {
            return;
        };
        for extent in &list.extents {
            self.live_bytes -= extent.live_bytes();
            self.leave_segment(extent.segment, u64::from(extent.live));
        }
        if let Some(segment) = self.segments.get_mut(&list.trace) {
            segment.traces -= 1;
        }
    }

    /// Sets or, with an empty value, deletes a note.
    pub(crate) fn note(&mut self, key: Bytes, value: Bytes) {
        if value.is_empty() {
            self.notes.remove(&key);
        } else {
            self.notes.insert(key, value);
        }
    }

    /// Nothing more is written to a segment.
    pub(crate) fn seal(&mut self, number: u64) {
        let Some(segment) = self.segments.get_mut(&number) else {
            return;
        };
        segment.is_sealed = true;
        if segment.live == 0 {
            self.has_new_dead = true;
            self.recall.note_dead(number, segment.end);
        }
        for (list, first) in std::mem::take(&mut segment.extents) {
            let Some(found) = self.lists.get(&list) else {
                continue;
            };
            let place = found.search(first);
            let alive = found
                .extents
                .get(place)
                .is_some_and(|extent| extent.live > 0);
            if !alive {
                self.drop_if_dead(list, place);
            }
            // Also a dead one is kept here: its list may have its trace in this segment.
            if let Some(segment) = self.segments.get_mut(&number) {
                segment.extents.push((list, first));
            }
        }
    }

    /// `true` if nothing in the segment is needed, not even by a snapshot.
    pub(crate) fn is_dead(&self, number: u64) -> bool {
        let segment = self.segments.get(&number);
        segment.is_some_and(|one| one.is_sealed && one.live == 0) && !self.recall.pins(number)
    }

    /// `true` if nothing would be lost with the segment.
    pub(crate) fn is_free(&self, number: u64) -> bool {
        let Some(segment) = self.segments.get(&number) else {
            return false;
        };
        let is_known_elsewhere = number <= self.covered
            || (!segment.needs_checkpoint
                && segment.traces == 0
                && segment
                    .removes_from
                    .iter()
                    .all(|from| !self.segments.contains_key(from)));
        is_known_elsewhere && self.is_dead(number)
    }

    /// Records of a segment end here now.
    pub(crate) fn set_end(&mut self, number: u64, end: u64) {
        if let Some(segment) = self.segments.get_mut(&number) {
            self.used_bytes = self.used_bytes - segment.end + end;
            segment.end = end;
        }
    }

    /// A segment is no more.
    pub(crate) fn give_up(&mut self, number: u64) {
        if let Some(segment) = self.segments.remove(&number) {
            self.used_bytes -= segment.end;
            self.recall.given_up(number);
        }
    }

    /// Of a list's records in the segments up to `covered`, removes all that `saved` does not
    /// count as needed.
    pub(crate) fn keep_only(&mut self, id: ListId, covered: u64, saved: &SavedList) {
        let Some(list) = self.lists.get_mut(&id) else {
            return;
        };
        list.next = list.next.max(saved.next);
        list.order = list.order.max(saved.order);
        let mut gone = Vec::new();
        let mut runs = saved.runs.iter().peekable();
        for extent in list
            .extents
            .iter()
            .filter(|extent| extent.segment <= covered)
        {
            let mut position = extent.first;
            while let Some(live) = extent.next_live(position) {
                while runs
                    .next_if(|run| run.first + u64::from(run.count) <= live)
                    .is_some()
                {}
                if !runs.peek().is_some_and(|run| run.has(live)) {
                    gone.push((extent.segment, live));
                }
                position = live + 1;
            }
        }
        for (segment, position) in gone {
            self.remove(segment, id, position);
        }
    }
}
