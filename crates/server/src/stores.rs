//! The places where messages are kept: the journal, or memory, and the spool.

use anyhow::{Context, Result};
use floodway_config::{Persistence, Settings};
use floodway_store::disk::OsDisk;
use floodway_store::{Journal, JournalSettings, MemoryStore, Store, open_spool};
use std::sync::Arc;

/// The stores of one broker, held open.
pub(crate) struct Stores {
    /// Persistent messages; `None` keeps them with the others in memory.
    pub(crate) messages: Option<Arc<dyn Store>>,
    /// Overflow of what is not persistent.
    pub(crate) spool: Option<Arc<dyn Store>>,
}

impl Stores {
    /// Opens what the settings ask for and recovers what is there.
    ///
    /// # Errors
    /// When a directory is locked, unreadable, or of a newer version.
    pub(crate) fn open(settings: &Settings) -> Result<Self> {
        if !settings.broker.persistent {
            return Ok(Self {
                messages: None,
                spool: None,
            });
        }
        let messages: Arc<dyn Store> = match &settings.persistence {
            Persistence::Memory => Arc::new(MemoryStore::new()),
            Persistence::Journal {
                directory,
                settings,
            } => {
                let journal = Journal::open(Arc::new(OsDisk::new(directory)?), settings.clone())?;
                journal.start()?;
                Arc::new(journal)
            }
        };
        let spool = OsDisk::new(&settings.spool_directory)
            .and_then(|disk| open_spool(Arc::new(disk), JournalSettings::spool()))
            .and_then(|spool| spool.start().map(|()| spool))
            .context("the temporary store cannot be opened")?;
        Ok(Self {
            messages: Some(messages),
            spool: Some(Arc::new(spool)),
        })
    }

    /// Writes what is still to be written and lets go of the directories.
    ///
    /// # Errors
    /// When the last write or sync failed.
    pub(crate) fn close(&self) -> Result<()> {
        if let Some(spool) = &self.spool {
            // Nothing of it is needed again.
            if let Err(error) = spool.close() {
                tracing::debug!("closing the temporary store: {error}");
            }
        }
        match &self.messages {
            Some(messages) => messages.close().context("closing the store"),
            None => Ok(()),
        }
    }
}
