//! The file behind a running broker: changes are written into it, and it is read again.
//!
//! It remembers what the broker has of the file. Invariants: the file is written only while it is
//! what the broker has read, and only when the changed text, read as at a start, gives exactly
//! what was asked for and nothing else; what a reload changes is what was shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use floodway_admin::{
    ConfigurationFile, Difference, FileRefusal, Persisted, PersistentChange, Reload,
};
use floodway_broker::Broker;
use floodway_broker::live::SetError;
use floodway_message::Now;

use crate::report::{Note, OutlineLine};
use crate::settings::Settings;
use crate::{ConfigError, Loaded, Options, document, load_text};

mod difference;
mod persist;
#[cfg(test)]
mod tests;
mod write;

/// Why a file is not written, or not read again. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Somebody changed the file since the broker read it.
    #[error(
        "{file} has changed since the broker read it; look at the change with floodway reload, \
         apply it, and try again"
    )]
    Changed {
        /// The file.
        file: String,
    },
    /// The file cannot be read, or the broker would not start with it.
    #[error("the broker would not start with the file as it is now: {0}")]
    Unusable(#[from] ConfigError),
    /// The change cannot be written in activemq.xml.
    #[error("{what} cannot be written into activemq.xml: {why}")]
    Unwritable {
        /// Whose settings.
        what: String,
        /// Why.
        why: String,
    },
    /// With the change the file would not mean what was asked for.
    #[error("{file} was left as it is, because with the change {what}")]
    NotAsAsked {
        /// The file.
        file: String,
        /// What it would mean.
        what: String,
    },
    /// The system refused.
    #[error("{file} was left as it is: {action}: {cause}")]
    System {
        /// The file.
        file: String,
        /// What was tried.
        action: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It was written, and could not be made in the broker.
    #[error("the change was written into {file} but not made now: {cause}")]
    Live {
        /// The file.
        file: String,
        /// Why.
        cause: SetError,
    },
    /// Something else would change than what was shown.
    #[error("what would change is not what was shown any more; look again with floodway reload")]
    Stale,
}

impl From<FileError> for FileRefusal {
    fn from(error: FileError) -> Self {
        Self {
            reason: error.to_string(),
        }
    }
}

/// See the module.
pub struct LiveFile {
    /// As it was given on the command line.
    name: String,
    path: PathBuf,
    options: Options,
    state: Mutex<State>,
}

/// What the broker has of the file.
struct State {
    bytes: Vec<u8>,
    /// Its policies and limits are those that the broker has from the file; the rest is of the
    /// start.
    settings: Settings,
    /// As at the start.
    outline: Vec<OutlineLine>,
    /// Told at the start, or when the file was read again.
    told: Vec<Note>,
}

/// The file as it is now.
struct Found {
    bytes: Vec<u8>,
    text: String,
    loaded: Loaded,
    options: Options,
}

impl fmt::Debug for LiveFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LiveFile").field(&self.path).finish()
    }
}

impl LiveFile {
    pub(crate) fn new(path: &Path, bytes: Vec<u8>, (loaded, options): (&Loaded, &Options)) -> Self {
        let name = path.display().to_string();
        // The current directory may be another one later.
        let path = options.environment.current_directory().join(path);
        Self {
            name,
            path,
            options: options.clone(),
            state: Mutex::new(State {
                bytes,
                settings: loaded.settings.clone(),
                outline: loaded.report.outline.clone(),
                told: loaded.report.notes.clone(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the file as a start would.
    fn read(&self) -> Result<Found, FileError> {
        let bytes = document::read_bytes(&self.path, &self.name)?;
        let text = document::decode(bytes.clone(), &self.name)?;
        let options = Options {
            environment: self.options.environment.still(),
            ..self.options.clone()
        };
        let loaded = load_text((&self.name, Some(&self.path)), &text, &options)?;
        Ok(Found {
            bytes,
            text,
            loaded,
            options,
        })
    }
}

impl ConfigurationFile for LiveFile {
    fn persist(
        &self,
        broker: &Broker,
        change: &PersistentChange<'_>,
    ) -> Result<Persisted, FileRefusal> {
        Ok(self.write_change(broker, change)?)
    }

    fn difference(&self, broker: &Broker, keep_live: bool) -> Result<Difference, FileRefusal> {
        let state = self.state();
        Ok(self.compare(&state, broker, keep_live)?.shown)
    }

    fn reload(
        &self,
        broker: &Broker,
        asked: &Reload<'_>,
        now: Now,
    ) -> Result<Difference, FileRefusal> {
        Ok(self.read_again(broker, asked, now)?)
    }
}
