//! The pipes: listeners, the loop that runs one connection, timeouts and limits.
//!
//! It runs any [`floodway_message::session::Protocol`] against the broker core and knows no wire
//! format itself. It is the lowest room that may wait, read the clock or hold a socket.
#![warn(missing_docs)]

mod after_write;
mod clock;
mod connection;
mod connector;
mod error;
#[cfg(test)]
mod line_room;
mod listener;
mod peer;
mod scratch;
pub mod settings;
mod timer;
mod wake;

pub use clock::Clock;
pub use connector::ConnectorCounters;
pub use error::TransportError;
pub use listener::{BoundConnector, Connector};
pub use settings::ConnectorSettings;
