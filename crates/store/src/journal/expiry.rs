//! Which records of a list are due.
//!
//! An extent knows a time before which none of its records expires, so most are not looked at.
//! A look at a whole extent sets that time anew, or a list whose earliest record was removed would
//! be asked in vain again and again.

use crate::journal::Shared;
use crate::journal::extent::{Entries, Entry, Extent};
use crate::journal::sidecar::Slice;
use crate::{ListId, StoreError};

/// The next extent with something due, as far as is known.
struct Due {
    segment: u64,
    first: u64,
    end: u64,
    entries: DueEntries,
}

enum DueEntries {
    Here(Vec<Entry>),
    InSidecar(Slice),
}

impl Shared {
    /// See [`crate::Store::expiring`].
    pub(crate) fn expiring(
        &self,
        list: ListId,
        wall_ms: i64,
        from: u64,
        max: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let mut positions = Vec::new();
        let mut from = from;
        while positions.len() < max {
            let Some(due) = self.next_due(list, wall_ms, from)? else {
                break;
            };
            let read;
            let entries = match &due.entries {
                DueEntries::Here(entries) => entries,
                DueEntries::InSidecar(slice) => {
                    read = self
                        .sidecar_entries(due.segment, *slice)?
                        .unwrap_or_default();
                    &read
                }
            };
            let room = max - positions.len();
            self.collect((list, wall_ms, from), &due, (entries, room, &mut positions));
            from = due.end;
        }
        Ok(positions)
    }

    fn next_due(&self, list: ListId, wall_ms: i64, from: u64) -> Result<Option<Due>, StoreError> {
        let index = self.index.lock();
        let found = index
            .lists
            .get(&list)
            .ok_or(StoreError::UnknownList { list })?;
        let mut later = found.extents.range(found.search(from)..);
        let due = later.find(|extent| extent.live > 0 && extent.expiration_ms_min <= wall_ms);
        Ok(due.map(|extent| {
            let entries = match &extent.entries {
                Entries::Memory(entries) => DueEntries::Here(entries.clone()),
                Entries::Sidecar(slot) => {
                    let segment = index.segments.get(&extent.segment);
                    let entries_at = segment.and_then(|segment| segment.sidecar);
                    DueEntries::InSidecar(Slice {
                        entries_at: entries_at.unwrap_or(u64::MAX / 2),
                        slot: *slot,
                        count: extent.count,
                    })
                }
            };
            Due {
                segment: extent.segment,
                first: extent.first,
                end: extent.end(),
                entries,
            }
        }))
    }

    /// Adds the due positions of one extent, and notes when the next of it is due.
    fn collect(
        &self,
        (list, wall_ms, from): (ListId, i64, u64),
        due: &Due,
        (entries, room, positions): (&[Entry], usize, &mut Vec<u64>),
    ) {
        let mut index = self.index.lock();
        let Some(found) = index.lists.get_mut(&list) else {
            return;
        };
        let place = found.search(due.first);
        let Some(extent) = found.extents.get_mut(place) else {
            return;
        };
        if extent.first != due.first || extent.segment != due.segment {
            return;
        }
        let mut earliest = i64::MAX;
        let mut taken = 0;
        for (entry, position) in entries.iter().zip(due.first..) {
            if entry.expiration_ms <= 0 || !extent.is_live(position) {
                continue;
            }
            earliest = earliest.min(entry.expiration_ms);
            if entry.expiration_ms <= wall_ms && position >= from && taken < room {
                positions.push(position);
                taken += 1;
            }
        }
        // Only what was seen whole says something about the extent.
        if entries.len() == count(extent) {
            extent.expiration_ms_min = earliest;
        }
    }

    /// See [`crate::Store::next_expiration_ms`].
    pub(crate) fn next_expiration_ms(&self, list: ListId) -> Option<i64> {
        let index = self.index.lock();
        let live = index
            .lists
            .get(&list)?
            .extents
            .iter()
            .filter(|extent| extent.live > 0);
        live.map(|extent| extent.expiration_ms_min)
            .min()
            .filter(|at| *at != i64::MAX)
    }
}

fn count(extent: &Extent) -> usize {
    usize::try_from(extent.count).unwrap_or(usize::MAX)
}
