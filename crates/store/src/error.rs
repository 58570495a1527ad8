//! Failures of the store. Each says which file, what failed and what to do.

/// Why the store refused or failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// An operation on a file failed.
    #[error("{action} {file} failed: {cause}")]
    File {
        /// `reading`, `writing`, `syncing` …
        action: &'static str,
        /// The file, relative to the store's directory.
        file: String,
        /// What the system said.
        cause: std::sync::Arc<std::io::Error>,
    },
    /// A sync failed earlier; what was written since then may be lost, so nothing is accepted.
    #[error(
        "the store stopped after a failed write or sync ({cause}); free or repair the disk and restart"
    )]
    Stopped {
        /// The first failure.
        cause: std::sync::Arc<str>,
    },
    /// Another process has the directory open.
    #[error(
        "the store directory {directory} is locked by another broker; stop it or choose another directory"
    )]
    Locked {
        /// The directory.
        directory: String,
    },
    /// A file was written by a newer version.
    #[error(
        "{file} has format version {found}, this version reads up to {known}; nothing was changed"
    )]
    Version {
        /// The file.
        file: String,
        /// Version found.
        found: u32,
        /// Newest version known.
        known: u32,
    },
    /// A record is longer than the store can keep.
    #[error("a record of {bytes} bytes is above the store's limit of {limit_bytes}")]
    TooLarge {
        /// Its head and body.
        bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// A file that cannot be rebuilt from others is damaged.
    #[error(
        "{file} is damaged ({damage}); restore it from a backup, or move it away to start with \
         what the journal's segments still tell"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        damage: &'static str,
    },
    /// No number is left for another list.
    #[error("the store has no number left for another list; start with a new store directory")]
    ListsExhausted,
    /// There is no list of that number.
    #[error("list {list} is not defined")]
    UnknownList {
        /// The number asked for.
        list: crate::ListId,
    },
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn file(action: &'static str, file: String, cause: std::io::Error) -> Self {
        Self::File {
            action,
            file,
            cause: std::sync::Arc::new(cause),
        }
    }

    /// `true` if the disk is full, which passes.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::File { cause, .. } if crate::disk::is_full(cause))
    }
}
