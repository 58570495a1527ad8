//! What an operator can set of the journal and of the spool.
//!
//! The directory is not here: it belongs to the [`Disk`](crate::disk::Disk). Each field names the
//! attribute of ActiveMQ's `kahaDB` element that maps to it. Sizes are bytes, times milliseconds.

/// When the journal asks the disk to make written records durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SyncPolicy {
    /// Before a batch counts as durable (`journalDiskSyncStrategy="always"`).
    #[default]
    Always,
    /// A batch counts as durable when it is written; the disk is asked every so often
    /// (`"periodic"`). A power failure loses what was receipted since the last time.
    Periodic {
        /// Time between two syncs (`journalDiskSyncInterval`).
        interval_ms: u64,
    },
    /// A batch counts as durable when it is written; the disk is asked only before the store
    /// reuses space (`"never"`, `enableJournalDiskSyncs="false"`).
    Never,
}

/// Settings of one journal.
#[derive(Debug, Clone)]
pub struct JournalSettings {
    /// Size of a segment file (`journalMaxFileLength`), at least 4 KiB. A smaller size is used
    /// when a usage limit asks for it: see [`JournalSettings::segment_bytes_for`].
    pub segment_bytes: u64,
    /// Segments besides the reserve that are kept ready; those that become free fill it up, and
    /// new ones are prepared when half of them are used up.
    pub spare_segments: usize,
    /// Prepared segments kept for a full disk: the first for what was admitted before it was found
    /// full, the others for removals alone, so that it can be drained.
    pub reserve_segments: usize,
    /// When records are synced.
    pub sync: SyncPolicy,
    /// Bytes that may wait to be written before the store calls itself congested, at most half a
    /// segment.
    pub commit_queue_limit_bytes: u64,
    /// Neighbouring batches are written as one atomic unit up to this size. Removals in one unit
    /// share a record, and additions removed in the same unit are not written at all.
    pub unit_bytes: u64,
    /// Two records with at most so many bytes between them are read with one call.
    pub page_gap_bytes: u64,
    /// At most so many bytes are read with one call, unless one record is longer.
    pub page_read_bytes: u64,
    /// Greatest head and body of one record together.
    pub record_bytes_max: u64,
    /// Usage limit that the caller enforces (`storeUsage`), 0 for none; only decides the size of
    /// segments here, so that a small limit is not pinned by one large file.
    pub limit_bytes: u64,
    /// Do not write an addition that is removed before it was taken for writing
    /// (`concurrentStoreAndDispatchQueues`).
    pub cancel_removed_adds: bool,
    /// So many of the newest full segments keep their index in memory before it is moved to a
    /// file: most segments are empty by then and need none.
    pub sidecar_lag_segments: usize,
    /// Memory for where removed records stand that are remembered for a while, 16 for each whose
    /// place is not in a sidecar. Older snapshots end for new ones; 0 for none.
    pub recall_memory_bytes_max: u64,
    /// Snapshots at a time (an undo has one or two); 0 for none.
    pub recall_snapshots_max: usize,
    /// Old records are moved together only while the index has fewer extents (about 120 bytes
    /// each) than this: a moved record that stands alone takes one. 0 never moves any.
    pub evacuation_extents_max: usize,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            segment_bytes: 32 * MIB,
            spare_segments: 2,
            reserve_segments: 3,
            sync: SyncPolicy::Always,
            commit_queue_limit_bytes: 8 * MIB,
            unit_bytes: 256 * 1024,
            page_gap_bytes: 16 * 1024,
            page_read_bytes: MIB,
            record_bytes_max: 1024 * MIB,
            limit_bytes: 0,
            cancel_removed_adds: true,
            sidecar_lag_segments: 1,
            recall_memory_bytes_max: 16 * MIB,
            recall_snapshots_max: 128,
            evacuation_extents_max: 1_000_000,
        }
    }
}

const MIB: u64 = 1024 * 1024;

/// A usage limit never asks for segments smaller than this.
const SEGMENT_BYTES_FOR_LIMIT_MIN: u64 = 256 * 1024;

/// Smallest segment at all.
const SEGMENT_BYTES_MIN: u64 = 4096;

impl JournalSettings {
    /// Settings for the spool: small segments, none of them reserved.
    pub fn spool() -> Self {
        Self {
            segment_bytes: 4 * MIB,
            spare_segments: 1,
            reserve_segments: 1,
            sync: SyncPolicy::Never,
            ..Self::default()
        }
    }

    /// Size of new segments under a usage limit of `limit_bytes` (0 for none): at most a
    /// sixteenth of the limit, but never below 256 KiB for its sake.
    pub fn segment_bytes_for(&self, limit_bytes: u64) -> u64 {
        let size = self.segment_bytes.max(SEGMENT_BYTES_MIN);
        if limit_bytes == 0 {
            return size;
        }
        size.min((limit_bytes / 16).max(SEGMENT_BYTES_FOR_LIMIT_MIN))
    }
}
