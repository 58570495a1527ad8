//! What administration asks of the configuration file behind a running broker, and the shapes of
//! its answers.
//!
//! Who reads and writes the file implements [`ConfigurationFile`]; administration knows no XML.
//! Names of fields are stable: they are what scripts read.

use floodway_broker::Broker;
use floodway_broker::live::Setting;
use floodway_message::{Destination, Now};
use serde::Serialize;
use std::fmt;

/// The file that a broker was started with.
pub trait ConfigurationFile: fmt::Debug + Send + Sync {
    /// Writes a change into the file and makes it in the broker: both, or neither.
    ///
    /// # Errors
    /// When the file is another one than the broker has read, cannot be written, or would not
    /// give what is asked for.
    fn persist(
        &self,
        broker: &Broker,
        change: &PersistentChange<'_>,
    ) -> Result<Persisted, FileRefusal>;

    /// Reads the file again and tells what would change.
    ///
    /// # Errors
    /// When the broker would not start with the file.
    fn difference(&self, broker: &Broker, keep_live: bool) -> Result<Difference, FileRefusal>;

    /// Makes what was shown true.
    ///
    /// # Errors
    /// Those of [`ConfigurationFile::difference`], and when something else than what was shown
    /// would change.
    fn reload(
        &self,
        broker: &Broker,
        asked: &Reload<'_>,
        now: Now,
    ) -> Result<Difference, FileRefusal>;
}

/// A change that is to outlive the broker.
#[derive(Debug, Clone, Copy)]
pub struct PersistentChange<'a> {
    /// Where; `None` is the broker.
    pub target: Option<&'a Destination>,
    /// Names and values, as [`Broker::set`] takes them.
    pub asked: &'a [(&'a str, &'a str)],
    /// When.
    pub now: Now,
}

/// What was shown and is to be made true.
#[derive(Debug, Clone, Copy)]
pub struct Reload<'a> {
    /// [`Difference::token`] of what was shown.
    pub token: &'a str,
    /// As it was shown.
    pub keep_live: bool,
}

/// The file stays as it was, and the broker too.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct FileRefusal {
    /// Why, and what to do.
    pub reason: String,
}

/// A change that was made and written.
#[derive(Debug, Clone)]
pub struct Persisted {
    /// What was changed in the broker.
    pub changed: Vec<Setting>,
    /// Where it stands now.
    pub written: Written,
}

/// Where a change was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The file, as the broker was told its name.
    pub file: String,
    /// Line of the element.
    pub line: u32,
    /// What was done there.
    pub how: String,
    /// The file as it was before.
    pub backup: String,
}

/// What a reload changes, or has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The file.
    pub file: String,
    /// Stands for all of this; a reload that names it changes nothing else.
    pub token: String,
    /// It was changed already.
    pub applied: bool,
    /// Policy entries, by line.
    pub entries: Vec<EntryDifference>,
    /// Limits of the broker.
    pub broker: Vec<Changed>,
    /// What was set while the broker ran and is not in the file; `after` is what the reload makes
    /// of it.
    pub set_live: Vec<LiveDifference>,
    /// Everything else: it needs a restart.
    pub restart: Vec<RestartDifference>,
    /// What the file now says that is not as it seems, a line each; what it said before is left
    /// out.
    pub warnings: Vec<String>,
}

/// A policy entry that came, went or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryDifference {
    /// `queue://ORDERS.>`, or `all others`.
    pub target: String,
    /// Line in the file; 0 for one that is gone.
    pub line: u32,
    /// `added`, `removed` or `changed`.
    pub what: &'static str,
    /// Destinations that exist and have this entry.
    pub destinations: usize,
    /// Its settings; of an entry that came or went, against the one that applied or will apply.
    pub changes: Vec<Changed>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// As in `activemq.xml`.
    pub name: &'static str,
    /// As it is.
    pub before: String,
    /// As it will be.
    pub after: String,
    /// For whom: `now`, `new consumers`, or `new destinations`.
    pub effect: &'static str,
}

/// What was set while the broker ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveDifference {
    /// `broker`, or a destination.
    pub target: String,
    /// Its settings.
    pub changes: Vec<Changed>,
}

/// What a restart would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestartDifference {
    /// Line in the file; of what is gone, in the file as it was.
    pub line: u32,
    /// Which element and attribute.
    pub subject: String,
    /// `None`: it was not there.
    pub before: Option<String>,
    /// `None`: it is gone.
    pub after: Option<String>,
}
