//! Where messages that must outlive memory are kept: the durable journal, the spool for overflow,
//! and an in-memory twin for brokers without persistence.
//!
//! The store knows no destination and no message: it keeps opaque records in numbered *lists*.
//! A queue, a durable subscription or a spooled backlog is one list; each record of a list has a
//! dense *position* (0, 1, 2 …) chosen by the caller, and one record may stand in several lists
//! (a topic message with several durable subscriptions), its bytes being stored once.
//!
//! Invariants: a batch is all or nothing after a crash; batches become durable in the order in
//! which they were appended; a record whose position was removed never comes back; after a
//! failed sync nothing more is accepted until restart. Sizes are bytes.
#![warn(missing_docs)]

use bytes::Bytes;

pub mod disk;
mod error;
mod journal;
mod memory;
mod settings;
mod spool;

pub use error::StoreError;
pub use journal::Journal;
pub use memory::MemoryStore;
pub use settings::{JournalSettings, SyncPolicy};
pub use spool::open_spool;

/// A list of records, for as long as it is defined. Never reused within one store directory.
pub type ListId = u32;

/// How many batches had been appended when a batch was: batch `n` is durable once
/// [`Store::durable`] is at least `n`.
pub type BatchNumber = u64;

/// One place of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The list.
    pub list: ListId,
    /// Position in the list: exactly one more than the list's last one.
    pub position: u64,
    /// The caller's own ordering number, never decreasing within a list; given back by
    /// [`Store::page`]. Lets a caller merge several lists into one order.
    pub order: u64,
}

/// The places of a new record. One is the rule and costs no allocation.
#[derive(Debug, Clone)]
pub enum Targets {
    /// A single list.
    One(Target),
    /// Several lists share the record.
    Many(Box<[Target]>),
}

impl Targets {
    /// All places in order.
    pub fn as_slice(&self) -> &[Target] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// One change of the store's content.
#[derive(Debug, Clone)]
pub enum Change {
    /// A new record.
    Add {
        /// Where it stands.
        targets: Targets,
        /// When it expires, milliseconds since 1970; 0 for never. Indexed for
        /// [`Store::expiring`].
        expiration_ms: i64,
        /// First part of the record.
        head: Bytes,
        /// Second part of the record; given back apart from the first.
        body: Bytes,
    },
    /// A position of a list is no longer needed. Removing twice does nothing.
    Remove {
        /// The list.
        list: ListId,
        /// The position.
        position: u64,
    },
    /// Small facts that the caller wants back after a restart (the last one of a key wins).
    Note {
        /// Which fact.
        key: Bytes,
        /// Its value; empty deletes it.
        value: Bytes,
    },
}

/// What to read: see [`Store::page`].
#[derive(Debug, Clone, Copy)]
pub struct PageRequest {
    /// The list.
    pub list: ListId,
    /// First position of interest.
    pub from: u64,
    /// At most so many records.
    pub records_max: usize,
    /// Stop before a record that would bring heads and bodies above so many bytes (the first
    /// record is always read).
    pub bytes_max: usize,
}

/// One stored record.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its position.
    pub position: u64,
    /// The caller's ordering number.
    pub order: u64,
    /// First part.
    pub head: Bytes,
    /// Second part.
    pub body: Bytes,
}

/// Some records of a list in order.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The records; removed positions are left out.
    pub records: Vec<Stored>,
    /// Where the next page begins: every position before it was returned or is removed.
    pub next: u64,
    /// Positions from `next` on exist but are not written yet: ask again after the next commit.
    /// (If [`Store::durable`] changed since before the call, that commit may have been: ask at
    /// once.)
    pub unwritten: bool,
    /// Damaged records that were set aside: reported and counted by the store, and removed from
    /// the list with the next commit.
    pub damaged: u64,
}

/// A list as found when the store was opened, or now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListInfo {
    /// Its number.
    pub list: ListId,
    /// What the caller said of it when it was defined.
    pub descriptor: Bytes,
    /// Lowest position not removed (equal to `next` when empty).
    pub first: u64,
    /// Position that the next record must have.
    pub next: u64,
    /// Greatest ordering number used, or 0.
    pub order: u64,
    /// Records not removed.
    pub pending: u64,
    /// Their bytes.
    pub pending_bytes: u64,
}

/// A number of a snapshot; never used again while the store is open.
pub type SnapshotId = u64;

/// A snapshot as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Records in it.
    pub records: u64,
    /// About so many bytes of them.
    pub bytes: u64,
    /// No list is still to come into it.
    pub is_complete: bool,
}

/// What to read of a snapshot: see [`Store::recall`].
#[derive(Debug, Clone, Copy)]
pub struct RecallRequest {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Number of the first record of interest, from 0 on in the order in which they came in.
    pub from: u64,
    /// At most so many records.
    pub records_max: usize,
    /// As [`PageRequest::bytes_max`].
    pub bytes_max: usize,
}

/// A record of a snapshot.
#[derive(Debug, Clone)]
pub struct RecalledRecord {
    /// Its number in the snapshot.
    pub number: u64,
    /// The list that it was in.
    pub list: ListId,
    /// The record as it was.
    pub stored: Stored,
}

/// Some records of a snapshot.
#[derive(Debug, Clone, Default)]
pub struct Recalled {
    /// The records.
    pub records: Vec<RecalledRecord>,
    /// Number of the record after them.
    pub next: u64,
    /// Records in between that cannot be read any more.
    pub missing: u64,
}

/// How full the store is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreUsage {
    /// Bytes of files in use (spare segments not counted) and of what waits to be written.
    pub used_bytes: u64,
    /// Bytes of records that are still needed.
    pub live_bytes: u64,
    /// Bytes that wait to be written.
    pub queued_bytes: u64,
    /// `true` while the disk has no room for new records: what is left is kept for removals.
    /// Callers admit nothing until it is `false` again; then the store goes on by itself.
    pub refuses_adds: bool,
}

/// Told after every commit, on the thread that made it; must not block.
pub trait CommitObserver: Send + Sync {
    /// All batches up to this one are durable.
    fn committed(&self, durable: BatchNumber);
    /// The store has failed and accepts nothing more.
    fn failed(&self, error: &StoreError);
}

/// A store of records. All methods may be called from any thread; only [`Store::page`] and
/// [`Store::expiring`] read from disk, and none waits for a sync.
///
/// What is read is what was committed: a record appears once its batch is durable, and one whose
/// removal still waits may be read again.
pub trait Store: Send + Sync {
    /// All lists, in the order of their definition.
    fn lists(&self) -> Vec<ListInfo>;

    /// The list with this number.
    fn list(&self, list: ListId) -> Option<ListInfo>;

    /// All notes, keys ascending.
    fn notes(&self) -> Vec<(Bytes, Bytes)>;

    /// Defines a new list; it is durable before any record in it is.
    ///
    /// # Errors
    /// When the store has failed or is full.
    fn define(&self, descriptor: Bytes) -> Result<ListId, StoreError>;

    /// Forgets a list and all its records.
    ///
    /// # Errors
    /// When the store has failed.
    fn drop_list(&self, list: ListId) -> Result<BatchNumber, StoreError>;

    /// Begins a snapshot: it will hold records after they were removed, as long as it is open and
    /// the store has room for that. What is in it counts as removed in every other respect, also
    /// in [`Store::usage`], and nothing of it outlives the process. Older snapshots may end for a
    /// new one. `None` from a store that has no room for it, or keeps none at all.
    fn open_snapshot(&self) -> Option<SnapshotId> {
        None
    }

    /// `true` if the position, which was used, is in what can be read. Until then
    /// [`Store::remember`] does not find it.
    fn is_written(&self, list: ListId, position: u64) -> bool {
        let _ = (list, position);
        true
    }

    /// Puts records of a list into a snapshot, positions ascending, before they are removed: they
    /// are not removed by this. Tells of how many it knows the place.
    fn remember(&self, snapshot: SnapshotId, list: ListId, positions: &[u64]) -> u64 {
        let _ = (snapshot, list, positions);
        0
    }

    /// As [`Store::drop_list`], and puts what is in the list then into a snapshot.
    ///
    /// # Errors
    /// As [`Store::drop_list`].
    fn drop_list_into(
        &self,
        snapshot: SnapshotId,
        list: ListId,
    ) -> Result<BatchNumber, StoreError> {
        let _ = snapshot;
        self.drop_list(list)
    }

    /// What a snapshot holds; `None` once it has ended.
    fn snapshot(&self, snapshot: SnapshotId) -> Option<SnapshotInfo> {
        let _ = snapshot;
        None
    }

    /// Reads records of a snapshot; `None` once it has ended.
    ///
    /// # Errors
    /// When the disk cannot be read.
    fn recall(&self, request: RecallRequest) -> Result<Option<Recalled>, StoreError> {
        let _ = request;
        Ok(None)
    }

    /// Lets go of what a snapshot holds.
    fn end_snapshot(&self, snapshot: SnapshotId) {
        let _ = snapshot;
    }

    /// Appends all changes, taking them out of `changes`, as one batch.
    ///
    /// # Errors
    /// When the store has failed. Being over a usage limit is not an error here: admission is
    /// decided by the caller before, and removals always find a reserve.
    fn append(&self, changes: &mut Vec<Change>) -> Result<BatchNumber, StoreError>;

    /// As [`Store::append`], for changes whose durability nobody waits for: they may be written a
    /// little later, together with the next batch.
    ///
    /// # Errors
    /// As [`Store::append`].
    fn append_lazily(&self, changes: &mut Vec<Change>) -> Result<BatchNumber, StoreError> {
        self.append(changes)
    }

    /// Number of the last batch that is durable (by the store's own sync policy).
    fn durable(&self) -> BatchNumber;

    /// Reads records of a list.
    ///
    /// # Errors
    /// When the disk cannot be read or the list is unknown.
    fn page(&self, request: PageRequest) -> Result<Page, StoreError>;

    /// Positions of a list from `from` on whose expiration is at or before `wall_ms`, ascending,
    /// at most `max`.
    ///
    /// # Errors
    /// As [`Store::page`].
    fn expiring(
        &self,
        list: ListId,
        wall_ms: i64,
        from: u64,
        max: usize,
    ) -> Result<Vec<u64>, StoreError>;

    /// Earliest expiration in a list, milliseconds since 1970; `None` if nothing expires. May be
    /// too early (of a removed record), never too late.
    fn next_expiration_ms(&self, list: ListId) -> Option<i64>;

    /// How full it is.
    fn usage(&self) -> StoreUsage;

    /// `true` while more waits to be written than the commit queue's limit: producers should
    /// pause until the next commit.
    fn is_congested(&self) -> bool;

    /// Names who is told of commits. Called once, before the first append. A store in memory tells
    /// on the thread that appends, before [`Store::append`] returns.
    fn observe(&self, observer: std::sync::Arc<dyn CommitObserver>);

    /// Writes and syncs all that was appended, then closes. Nothing is accepted afterwards.
    ///
    /// # Errors
    /// When the last sync failed.
    fn close(&self) -> Result<(), StoreError>;
}
