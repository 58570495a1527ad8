//! The pipes: listeners, the loop that runs one connection, timeouts and limits.
//!
//! It runs any [`floodway_message::session::Protocol`] against the broker core and knows no wire
//! format itself. It is the lowest room that may wait, read the clock or hold a socket.
#![warn(missing_docs)]

pub mod settings;

pub use settings::ConnectorSettings;
