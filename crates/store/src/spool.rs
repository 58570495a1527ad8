//! The spool: where messages wait that do not fit into memory and need not outlive the process.
//!
//! It is the journal's engine with small segments, without syncs and checkpoints; whatever an
//! earlier process left is removed when it is opened, and everything when it is closed.

use std::sync::Arc;

use crate::disk::Disk;
use crate::settings::{JournalSettings, SyncPolicy};
use crate::{Journal, StoreError};

/// Opens an empty spool in `disk`, usually with [`JournalSettings::spool`]. A batch counts as
/// durable when it is written; nothing is ever synced.
///
/// # Errors
/// When another process has the directory, or old files cannot be removed.
pub fn open_spool(disk: Arc<dyn Disk>, settings: JournalSettings) -> Result<Journal, StoreError> {
    let settings = JournalSettings {
        sync: SyncPolicy::Never,
        reserve_segments: 0,
        ..settings
    };
    Journal::open_as(disk, settings, true)
}

#[cfg(test)]
mod tests;
