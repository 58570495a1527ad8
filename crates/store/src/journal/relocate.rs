//! Extents that do not follow what their list had: records that stand in a newer segment than
//! others with greater positions, because evacuation wrote them again.
//!
//! Where a position is said to be twice, the newer segment is right: segments are read in their
//! order, and what the newer one says cuts the older one's extents.
//!
//! Invariant: extents of a list never overlap, and ascend; positions between the records of one
//! extent are in no other one.

use crate::journal::extent::{Entries, Entry, Extent};
use crate::journal::index::{HOLES_MAX, Index};
use crate::{ListId, Target};

impl Index {
    /// An extent found in a sidecar. `false` if it cannot stand beside what the list has.
    pub(crate) fn insert(&mut self, id: ListId, extent: Extent) -> bool {
        let segment = extent.segment;
        let Some(has_moved) = self.segments.get(&segment).map(|found| found.has_moved) else {
            return false;
        };
        let Some(list) = self.lists.get(&id) else {
            return true;
        };
        let overlapped = list.extents.range(list.search(extent.first)..);
        let mut overlapped = overlapped.take_while(|other| other.first < extent.end());
        if !has_moved
            && list
                .extents
                .back()
                .is_some_and(|last| extent.first < last.end())
            || overlapped.any(|other| other.segment == segment)
        {
            return false;
        }
        self.cut(segment, id, (extent.first, extent.end()));
        let (Some(list), Some(counts)) = (self.lists.get_mut(&id), self.segments.get_mut(&segment))
        else {
            return true;
        };
        list.next = list.next.max(extent.end());
        list.order = list.order.max(extent.order);
        list.pending += u64::from(extent.live);
        counts.live += u64::from(extent.live);
        counts.grow(u64::from(extent.filled), extent.bytes);
        self.live_bytes += extent.live_bytes();
        if extent.live > 0 {
            let place = list.search(extent.first);
            list.extents.insert(place, extent);
        }
        self.leave_trace(segment, id);
        true
    }

    /// A record of an older segment, or of one that is gone, stands in `segment` now.
    pub(crate) fn relocate(
        &mut self,
        segment: u64,
        target: Target,
        (entry, payload): (Entry, u64),
    ) {
        let position = target.position;
        if !self.lists.contains_key(&target.list) || position == u64::MAX {
            return;
        }
        self.cut(segment, target.list, (position, position + 1));
        let (Some(list), Some(counts)) = (
            self.lists.get_mut(&target.list),
            self.segments.get_mut(&segment),
        ) else {
            return;
        };
        counts.has_moved = true;
        // That the record is gone where it was must be known elsewhere before this is given up.
        counts.needs_checkpoint = true;
        counts.live += 1;
        counts.grow(1, payload);
        list.pending += 1;
        list.next = list.next.max(position + 1);
        list.order = list.order.max(target.order);
        let place = list.search(position);
        let before = place
            .checked_sub(1)
            .and_then(|one| list.extents.get_mut(one));
        let fits = |one: &&mut Extent| {
            one.segment == segment && one.has_room() && position - one.end() <= HOLES_MAX
        };
        if let Some(extent) = before.filter(fits) {
            let before = extent.live_bytes();
            while extent.end() < position {
                extent.push_hole();
            }
            extent.push(entry, target.order, payload);
            self.live_bytes = self.live_bytes + extent.live_bytes() - before;
            return;
        }
        let mut extent = Extent::new(segment, position);
        extent.push(entry, target.order, payload);
        self.live_bytes += extent.live_bytes();
        list.extents.insert(place, extent);
        counts.extents.push((target.list, position));
    }

    /// Takes the positions from `from` to before `to` out of all extents, because `segment` has
    /// them now.
    fn cut(&mut self, segment: u64, id: ListId, (from, to): (u64, u64)) {
        let mut sources = Vec::new();
        while let Some(list) = self.lists.get_mut(&id) {
            let place = list.search(from);
            let Some(extent) = list.extents.get_mut(place).filter(|one| one.first < to) else {
                break;
            };
            let source = extent.segment;
            let before = extent.live_bytes();
            let mut taken = 0;
            let mut cut_at = None;
            if extent
                .next_live(extent.first)
                .is_some_and(|first| first < from)
            {
                let rest = extent.split_off(from);
                let after = extent.live_bytes() + rest.live_bytes();
                self.live_bytes = self.live_bytes + after - before;
                cut_at = Some(rest.first).filter(|_| matches!(rest.entries, Entries::Memory(_)));
                list.extents.insert(place + 1, rest);
            } else {
                taken = extent.trim_front(to.min(extent.end()));
                self.live_bytes = self.live_bytes + extent.live_bytes() - before;
                if extent.live == 0 {
                    list.extents.remove(place);
                } else if matches!(extent.entries, Entries::Memory(_)) {
                    cut_at = Some(extent.first);
                }
                list.pending -= u64::from(taken);
            }
            if let Some(first) = cut_at
                && let Some(source) = self.segments.get_mut(&source)
            {
                source.extents.push((id, first));
            }
            if taken > 0 {
                self.leave_segment(source, u64::from(taken));
                sources.push(source);
            }
        }
        for source in sources.into_iter().filter(|source| *source != segment) {
            self.note_move(segment, source);
        }
    }

    /// Records of `from` stand in `to` now.
    fn note_move(&mut self, to: u64, from: u64) {
        let before = self.segments.get(&from).map(|from| from.moved_from.clone());
        let before = before.unwrap_or_default();
        if let Some(to) = self.segments.get_mut(&to) {
            to.moved_from.insert(from);
            to.moved_from.extend(before);
        }
    }

    /// `true` if the position is needed and stands in this segment.
    pub(crate) fn is_live_in(&self, segment: u64, id: ListId, position: u64) -> bool {
        self.lists.get(&id).is_some_and(|list| {
            let extent = list.extents.get(list.search(position));
            extent.is_some_and(|extent| extent.segment == segment && extent.is_live(position))
        })
    }
}
