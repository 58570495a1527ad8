//! Failures of the core as a whole; refusals to a single peer are `message::session::Failure`.

/// Why the core could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The store could not be read or written.
    #[error("the store cannot be used: {0}")]
    Store(#[from] floodway_store::StoreError),
    /// A list of the store was defined by something newer.
    #[error("the store holds list {list} of an unknown kind; it was written by a newer version")]
    UnknownList {
        /// Its number.
        list: floodway_store::ListId,
    },
    /// A scheduled message was written by something newer.
    #[error(
        "the store holds a scheduled message of an unknown kind at {position}; it was written by \
         a newer version"
    )]
    UnknownJob {
        /// Where in the list of schedules.
        position: u64,
    },
    /// A prepared branch was written by something newer.
    #[error(
        "the store holds a prepared branch of an unknown kind at {position}; it was written by a \
         newer version"
    )]
    UnknownBranch {
        /// Where in the list of branches.
        position: u64,
    },
}
