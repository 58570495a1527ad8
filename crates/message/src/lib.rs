//! The language that all rooms share: messages, destinations, selectors, and the conversation
//! between a protocol room and the broker core ([`session`]).
//!
//! It names no protocol, opens no socket or file and reads no clock: time arrives as [`Now`].
//! A [`Message`] is two byte buffers, an encoded head and a body, so that the form in memory is
//! also the form in the store and nothing is copied between them.
#![warn(missing_docs)]

pub mod advisory;
pub mod destination;
pub mod message;
pub mod output;
pub mod properties;
pub mod selector;
pub mod session;
pub mod wildcard;

pub use advisory::Advisory;
pub use destination::{Destination, DestinationError, DestinationKind};
pub use message::{BodyKind, Field, Message, MessageBuilder, MessageError};
pub use output::Output;
pub use properties::PropertyValue;

/// A point in time as the caller sees it, taken once per batch of work.
///
/// Deadlines and intervals use [`Now::monotonic_ms`]; only values that travel in messages
/// (timestamp, expiration) use [`Now::wall_ms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since an arbitrary start; never goes back.
    pub monotonic_ms: u64,
    /// Milliseconds since 1970-01-01 UTC; may jump.
    pub wall_ms: i64,
}
