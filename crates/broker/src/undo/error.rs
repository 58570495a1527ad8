//! Why something cannot be undone, in words that say what to do instead. It knows no undo.

use floodway_message::session::Failure;
use floodway_store::StoreError;
use std::sync::Arc;

/// Why nothing, or not all, was put back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UndoError {
    /// No such undo, at least not since the start.
    #[error("there is nothing to undo of this name; look at the list of what can be undone")]
    Unknown,
    /// It was put back.
    #[error("this was undone already: {messages} messages were put back")]
    Done {
        /// How many.
        messages: u64,
    },
    /// Its time is over.
    #[error("the time for this undo is over: messages are kept for {grace_ms} ms after removal")]
    Over {
        /// How long it could have been undone.
        grace_ms: u64,
    },
    /// The store needed the room.
    #[error(
        "the messages are gone: the store needed their room, because the disk is short or more was \
         removed since"
    )]
    GivenUp,
    /// Somebody is at it.
    #[error("this is being undone already")]
    Busy,
    /// The subscription was made again, and is another one now.
    #[error(
        "not undone: client {client_id} has made the durable subscription {name} again, with \
         another topic, selector or noLocal, so its messages are not for this one; remove it, or \
         leave it, then undo again in time"
    )]
    Replaced {
        /// Client id.
        client_id: Arc<str>,
        /// Name.
        name: Arc<str>,
    },
    /// The limits do not allow for it.
    #[error(
        "not undone: {short}; let consumers take messages or raise the limit, then undo again in \
         time"
    )]
    NoRoom {
        /// What is short.
        short: String,
    },
    /// The core refused.
    #[error("not undone: {0}")]
    Refused(Failure),
    /// The store could not be read.
    #[error("not undone, the messages cannot be read: {0}")]
    Unreadable(#[source] StoreError),
}
