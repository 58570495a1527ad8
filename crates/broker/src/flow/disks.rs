//! Disk limits that follow the free space: what a disk can hold may be less than what is set.
//!
//! Whoever knows disks tells how much there is room for; a limit is then the lesser of that and
//! what is set, and grows back by itself. Unit: bytes.

use crate::broker::Broker;
use std::sync::atomic::{AtomicU64, Ordering};

/// Nothing is known of the disk.
const UNKNOWN: u64 = u64::MAX;
/// Changes smaller than a part of so many are not worth a line of the log.
const TOLD_PARTS: u64 = 20;

/// What one disk has room for, what is used included.
#[derive(Debug)]
pub(crate) struct Room {
    bytes: AtomicU64,
    /// What the log has last said that the limit is.
    told_bytes: AtomicU64,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            bytes: AtomicU64::new(UNKNOWN),
            told_bytes: AtomicU64::new(UNKNOWN),
        }
    }
}

/// Of both stores.
#[derive(Debug, Default)]
pub(crate) struct Disks {
    pub(crate) store: Room,
    pub(crate) temp: Room,
}

impl Room {
    /// The limit that counts, of the one that is set (0: none).
    pub(crate) fn of(&self, limit_bytes: u64) -> u64 {
        match self.bytes.load(Ordering::Relaxed) {
            UNKNOWN => limit_bytes,
            // 0 would mean no limit.
            room if limit_bytes == 0 => room.max(1),
            room => limit_bytes.min(room.max(1)),
        }
    }

    /// Is the disk, and not what is set, the limit?
    pub(crate) fn is_short_of(&self, limit_bytes: u64) -> bool {
        self.of(limit_bytes) != limit_bytes && limit_bytes > 0
    }

    /// Takes what there is room for now. `true`: there may be more than before.
    fn take(&self, name: &str, limit_bytes: u64, room: u64, least_growth: u64) -> bool {
        let before = self.bytes.load(Ordering::Relaxed);
        let (old, new) = (self.of(limit_bytes), limit_bytes.min(room));
        let grows = room > before;
        if grows && new < limit_bytes && room.saturating_sub(before) < least_growth {
            return false;
        }
        self.bytes.store(room, Ordering::Relaxed);
        let now = self.of(limit_bytes);
        let told = self.told_bytes.load(Ordering::Relaxed);
        let last = if told == UNKNOWN { limit_bytes } else { told };
        let is_back = now == limit_bytes && old != limit_bytes;
        if is_back || now.abs_diff(last) > last / TOLD_PARTS {
            self.told_bytes.store(now, Ordering::Relaxed);
            if now < limit_bytes {
                tracing::warn!(
                    "the disk has room for {now} bytes: the {name} limit is that instead of \
                     {limit_bytes} until there is more"
                );
            } else {
                tracing::info!("the disk has room again: the {name} limit is {now} bytes");
            }
        }
        now > old
    }
}

impl Broker {
    /// Tells for how much each disk has room, with what the stores use now; `None` is unknown. A
    /// limit that was lowered grows back when that is at least `least_growth` bytes more, or all
    /// that was set.
    pub fn follow_disks(&self, store: Option<u64>, temp: Option<u64>, least_growth: u64) {
        let usage = self.usage.load();
        let one = |room: &Room, name, limit, bytes: Option<u64>| {
            bytes.is_some_and(|bytes| room.take(name, limit, bytes, least_growth))
        };
        let disks = &self.disks;
        let grew = one(&disks.store, "store", usage.store_limit_bytes, store)
            | one(&disks.temp, "temp", usage.temp_limit_bytes, temp);
        if grew {
            self.signal.raise();
        }
        let used = self.store.as_ref().map(|store| store.usage().used_bytes);
        if disks.store.is_short_of(usage.store_limit_bytes)
            && let (Some(room), Some(used)) = (store, used)
        {
            self.spare_disk(room, used);
        }
    }
}
