//! STOMP 1.0, 1.1 and 1.2 with ActiveMQ's extensions (`activemq.*` headers, temporary
//! destinations, browsing, durable subscriptions), as a state machine without sockets or clock.
//!
//! Specification: stomp.github.io, all three versions. Limits, in bytes, with ActiveMQ's values:
//! command 1,024, header line 10,240, 1,000 headers, header block 102,400, body 104,857,600,
//! frame 10 MiB (`wireFormat.maxFrameSize`), frame before login 65,536; see [`Settings`].
//! Refused, with an ERROR that ends the connection: anything but CONNECT or STOMP first, a second
//! CONNECT, unknown commands, anything over a limit, a `content-length` that is not plain digits
//! or not followed by a NUL, a NUL inside a header block, malformed heart-beats. Any other
//! mistake is answered by an ERROR and the connection goes on.
//! It does not know the broker: commands and events are those of `floodway-message`.

mod codec;
mod connection;
mod convert;
mod error;
mod settings;

pub use codec::Version;
pub use settings::{HeartBeat, Settings};

use floodway_message::Now;
use floodway_message::session::{Connection, Protocol, Sniff};
use std::sync::Arc;

/// The STOMP protocol, ready to open connections.
#[derive(Debug, Clone, Default)]
pub struct Stomp {
    settings: Arc<Settings>,
}

impl Stomp {
    /// STOMP with the given limits and names.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
        }
    }
}

impl Protocol for Stomp {
    fn name(&self) -> &'static str {
        "stomp"
    }

    fn sniff(&self, first: &[u8]) -> Sniff {
        let start = first.trim_ascii_start();
        for command in [&b"CONNECT"[..], b"STOMP"] {
            if start.starts_with(command) {
                return Sniff::Yes;
            }
            if command.starts_with(start) {
                return Sniff::More;
            }
        }
        Sniff::No
    }

    fn open(&self, serial: u64, now: Now) -> Box<dyn Connection> {
        Box::new(connection::StompConnection::new(
            Arc::clone(&self.settings),
            serial,
            now,
        ))
    }
}

#[cfg(test)]
mod tests;
