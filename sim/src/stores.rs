//! The journal and the spool of a run, whatever they are made of, driven step by step.

use crate::disk::SimDisk;
use crate::plan::StorePlan;
use floodway_store::disk::Disk;
use floodway_store::{Journal, JournalSettings, MemoryStore, Store, StoreError, open_spool};
use std::sync::Arc;

/// One of the two.
#[derive(Clone, Default)]
pub(crate) enum AnyStore {
    #[default]
    None,
    Memory(Arc<MemoryStore>),
    Journal(Arc<Journal>),
}

impl AnyStore {
    /// Opens the store of a broker; one in memory is handed on from life to life.
    pub(crate) fn open(
        plan: &StorePlan,
        disk: &Arc<SimDisk>,
        before: Self,
    ) -> Result<Self, StoreError> {
        Ok(match (plan, before) {
            (StorePlan::None, _) => Self::None,
            (StorePlan::Memory, Self::Memory(same)) => Self::Memory(same),
            (StorePlan::Memory, _) => Self::Memory(Arc::new(MemoryStore::new())),
            (StorePlan::Journal(settings), _) => {
                Self::Journal(Arc::new(Journal::open(as_disk(disk), settings.clone())?))
            }
        })
    }

    /// Opens an empty spool.
    pub(crate) fn open_spool(
        plan: Option<&StorePlan>,
        disk: &Arc<SimDisk>,
    ) -> Result<Self, StoreError> {
        Ok(match plan {
            None | Some(StorePlan::None) => Self::None,
            Some(StorePlan::Memory) => Self::Memory(Arc::new(MemoryStore::new())),
            Some(StorePlan::Journal(settings)) => {
                let settings: JournalSettings = settings.clone();
                Self::Journal(Arc::new(open_spool(as_disk(disk), settings)?))
            }
        })
    }

    pub(crate) fn as_store(&self) -> Option<Arc<dyn Store>> {
        match self {
            Self::None => None,
            Self::Memory(store) => Some(Arc::clone(store) as Arc<dyn Store>),
            Self::Journal(store) => Some(Arc::clone(store) as Arc<dyn Store>),
        }
    }

    pub(crate) fn commit_step(&self) -> bool {
        match self {
            Self::None | Self::Memory(_) => false,
            Self::Journal(journal) => journal.commit_step(),
        }
    }

    pub(crate) fn maintain_step(&self) -> bool {
        match self {
            Self::None | Self::Memory(_) => false,
            Self::Journal(journal) => journal.maintain_step(),
        }
    }

    /// Damaged records that were found.
    pub(crate) fn damaged_count(&self) -> u64 {
        match self {
            Self::None | Self::Memory(_) => 0,
            Self::Journal(journal) => journal.damaged_count(),
        }
    }
}

fn as_disk(disk: &Arc<SimDisk>) -> Arc<dyn Disk> {
    Arc::clone(disk) as Arc<dyn Disk>
}
