//! Destinations: queue or topic, permanent or temporary, named by dot-separated paths.
//!
//! A composite destination is several [`Destination`]s in one list and never a name of its own
//! here. The length of a name is limited to [`NAME_BYTES_MAX`] bytes.

use std::fmt;
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Longest accepted destination name, in bytes.
pub const NAME_BYTES_MAX: usize = 8 * 1024;

/// What a destination is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DestinationKind {
    /// Each message goes to one consumer.
    Queue,
    /// Each message goes to every subscription.
    Topic,
    /// A queue that lives as long as the connection that created it.
    TempQueue,
    /// A topic that lives as long as the connection that created it.
    TempTopic,
}

impl DestinationKind {
    /// `true` for queues, temporary ones included.
    pub fn is_queue(self) -> bool {
        matches!(self, Self::Queue | Self::TempQueue)
    }

    /// `true` for destinations tied to a connection.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::TempQueue | Self::TempTopic)
    }

    /// The URI scheme ActiveMQ prints in front of the name.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Queue => "queue://",
            Self::Topic => "topic://",
            Self::TempQueue => "temp-queue://",
            Self::TempTopic => "temp-topic://",
        }
    }

    /// One byte for the kind in stored heads.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Queue => 0,
            Self::Topic => 1,
            Self::TempQueue => 2,
            Self::TempTopic => 3,
        }
    }

    pub(crate) fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Queue,
            1 => Self::Topic,
            2 => Self::TempQueue,
            3 => Self::TempTopic,
            _ => return None,
        })
    }
}

/// One queue or topic. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    kind: DestinationKind,
    name: Arc<str>,
}

impl Destination {
    /// A destination of a kind and name.
    ///
    /// # Errors
    /// When the name is empty or longer than [`NAME_BYTES_MAX`].
    pub fn new(kind: DestinationKind, name: &str) -> Result<Self, DestinationError> {
        if name.is_empty() {
            return Err(DestinationError::Empty);
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(DestinationError::TooLong { length: name.len() });
        }
        Ok(Self {
            kind,
            name: name.into(),
        })
    }

    /// Reads ActiveMQ's URI form, `queue://A.B` and its siblings; a bare name is a queue.
    ///
    /// # Errors
    /// As [`Destination::new`].
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        use DestinationKind::{Queue, TempQueue, TempTopic, Topic};
        for kind in [Queue, Topic, TempQueue, TempTopic] {
            if let Some(name) = text.strip_prefix(kind.scheme()) {
                return Self::new(kind, name);
            }
        }
        Self::new(Queue, text)
    }

    /// Queue, topic or a temporary one.
    pub fn kind(&self) -> DestinationKind {
        self.kind
    }

    /// The name without its scheme.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `true` when the name holds a wildcard path element (`*` or `>`).
    pub fn is_pattern(&self) -> bool {
        crate::wildcard::is_pattern(&self.name)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.scheme(), self.name)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a destination name was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DestinationError {
    /// No name.
    #[error("the destination name is empty; give a name such as queue://ORDERS")]
    Empty,
    /// Longer than [`NAME_BYTES_MAX`].
    #[error("the destination name has {length} bytes; at most {NAME_BYTES_MAX} are allowed")]
    TooLong {
        /// Bytes of the refused name.
        length: usize,
    },
}
