//! The marshalling cache, one for each direction of a connection.
//!
//! The reader stores what it is told to store and never evicts; its slots and the bytes in them
//! are bounded. The writer owns the policy: as the Java clients' one, it fills slots in a ring
//! and, before a frame, evicts the oldest until [`SLACK`] slots are free, so that no value that
//! is written in a frame is evicted within it. "No value" is a value with a slot of its own.

use super::{CACHE_SIZE_OF_ZERO, CACHED_BYTES_MAX};
use crate::generated::structure::{CachedRef, CachedValue};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Slots remembered by [`kind`].
const KINDS: usize = 5;

/// Free slots of the writer's cache at the beginning of a frame.
const SLACK: usize = 100;

fn slots(size: u16) -> u16 {
    if size == 0 { CACHE_SIZE_OF_ZERO } else { size }
}

/// What the peer has stored.
#[derive(Debug, Default)]
pub(super) struct ReadCache {
    size: u16,
    slots: Vec<Option<Stored>>,
    bytes: usize,
    /// Bytes charged since the last store.
    pending: usize,
    /// Values stored since the beginning.
    pub(super) stored_count: u64,
}

#[derive(Debug)]
struct Stored {
    value: Option<CachedValue>,
    bytes: usize,
}

impl ReadCache {
    pub(super) fn new(size: u16) -> Self {
        Self {
            size: slots(size),
            ..Self::default()
        }
    }

    pub(super) fn size(&self) -> u16 {
        self.size
    }

    /// Accounts for bytes about to be stored; `false` when there would be too many.
    pub(super) fn charge(&mut self, bytes: usize) -> bool {
        self.pending += bytes;
        self.bytes += bytes;
        self.bytes <= CACHED_BYTES_MAX
    }

    /// What a slot holds; `None` for one that was never filled.
    pub(super) fn get(&self, index: i16) -> Option<Option<&CachedValue>> {
        let stored = self.slots.get(usize::try_from(index).ok()?)?.as_ref()?;
        Some(stored.value.as_ref())
    }

    /// Fills a slot; `false` when there is no such slot.
    pub(super) fn set(&mut self, index: i16, value: Option<CachedValue>) -> bool {
        let at = match usize::try_from(index) {
            Ok(at) if at < usize::from(self.size) => at,
            _ => return false,
        };
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        let bytes = std::mem::take(&mut self.pending);
        if let Some(slot) = self.slots.get_mut(at)
            && let Some(old) = slot.replace(Stored { value, bytes })
        {
            self.bytes = self.bytes.saturating_sub(old.bytes);
        }
        self.stored_count += 1;
        true
    }
}

/// What the peer was told to store.
#[derive(Debug)]
pub(super) struct WriteCache {
    size: usize,
    slots: Vec<Slot>,
    /// Slot numbers by value.
    by_value: HashTable<u16>,
    hasher: RandomState,
    next: usize,
    oldest: usize,
    /// Where a value of each kind was found last: most frames repeat those of the frame before.
    recent: [u16; KINDS],
    /// Values that were evicted since the beginning.
    pub(super) evictions: u64,
}

#[derive(Debug, Default)]
enum Slot {
    #[default]
    Free,
    Holds(Option<CachedValue>),
}

/// Values that alternate within a frame are of different kinds.
fn kind(key: Option<CachedRef<'_>>) -> usize {
    match key {
        None => 0,
        Some(CachedRef::ProducerId(_)) => 1,
        Some(CachedRef::ConsumerId(_)) => 2,
        Some(CachedRef::ActiveMQDestination(_)) => 3,
        Some(_) => 4,
    }
}

impl Slot {
    fn holds(&self, key: Option<CachedRef<'_>>) -> bool {
        match self {
            Self::Free => false,
            Self::Holds(value) => value.as_ref().map(CachedValue::lend) == key,
        }
    }
}

impl WriteCache {
    pub(super) fn new(size: u16) -> Self {
        Self {
            size: usize::from(slots(size)),
            slots: Vec::new(),
            by_value: HashTable::new(),
            hasher: RandomState::default(),
            next: 0,
            oldest: 0,
            recent: [0; KINDS],
            evictions: 0,
        }
    }

    /// Makes room before a frame.
    pub(super) fn sweep(&mut self) {
        let most = self.size.saturating_sub(SLACK);
        while self.by_value.len() > most {
            let at = self.oldest;
            self.oldest = (self.oldest + 1) % self.size.max(1);
            let Some(slot) = self.slots.get_mut(at) else {
                continue;
            };
            if let Slot::Holds(value) = std::mem::take(slot) {
                self.evictions += 1;
                let hash = self.hasher.hash_one(value.as_ref().map(CachedValue::lend));
                let found = self
                    .by_value
                    .find_entry(hash, |index| usize::from(*index) == at);
                if let Ok(entry) = found {
                    entry.remove();
                }
            }
        }
    }

    /// The slot of a value.
    pub(super) fn find(&mut self, key: Option<CachedRef<'_>>) -> Option<i16> {
        let is_same = |index: &u16| {
            let slot = self.slots.get(usize::from(*index));
            slot.is_some_and(|slot| slot.holds(key))
        };
        let recent = self.recent.get_mut(kind(key))?;
        if !is_same(recent) {
            let hash = self.hasher.hash_one(key);
            *recent = *self.by_value.find(hash, is_same)?;
        }
        i16::try_from(*recent).ok()
    }

    /// Stores a value that has no slot; -1 when there is none free.
    pub(super) fn add(&mut self, key: Option<CachedRef<'_>>) -> i16 {
        let at = self.next;
        let (Ok(index), true) = (u16::try_from(at), self.by_value.len() < self.size) else {
            return -1;
        };
        // The slots in use are those from the oldest to here, so this one is free.
        self.next = (self.next + 1) % self.size;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, Slot::default);
        }
        let hash = self.hasher.hash_one(key);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Slot::Holds(key.map(CachedRef::to_value));
        }
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.by_value.insert_unique(hash, index, |index| {
            let value = match slots.get(usize::from(*index)) {
                Some(Slot::Holds(value)) => value.as_ref().map(CachedValue::lend),
                _ => None,
            };
            hasher.hash_one(value)
        });
        i16::try_from(index).unwrap_or(-1)
    }
}
