//! OpenWire, versions 1 to 12: what stock Java clients of ActiveMQ speak, as a state machine
//! without sockets or clock.
//!
//! The structures are in [`generated`], made from `commands.txt`; their bytes in [`codec`]. Limits:
//! frame 100 MiB (`wireFormat.maxFrameSize`), before login 128 KiB, others in [`Settings`] and
//! [`codec`]. A frame that is not well formed ends the connection; a command that is refused is
//! answered by an exception and the connection goes on. Class names from the wire are text.
//! It does not know the broker: commands and events are those of `floodway-message`.

pub mod codec;
mod connection;
mod convert;
mod error;
pub mod generated;
mod settings;

pub use convert::body::{InflateError, inflate};
pub use settings::Settings;

use floodway_message::Now;
use floodway_message::session::{Connection, Protocol, Sniff};
use std::sync::Arc;

/// The OpenWire protocol, ready to open connections.
#[derive(Debug, Clone, Default)]
pub struct OpenWire {
    settings: Arc<Settings>,
}

impl OpenWire {
    /// OpenWire with the given limits and names.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
        }
    }
}

impl Protocol for OpenWire {
    fn name(&self) -> &'static str {
        "openwire"
    }

    /// A size, the type of WireFormatInfo, and the magic.
    fn sniff(&self, first: &[u8]) -> Sniff {
        let rest = first.get(4..).unwrap_or_default();
        let start = [&[1][..], &codec::MAGIC].concat();
        if rest.starts_with(&start) {
            Sniff::Yes
        } else if start.starts_with(rest) && first.first().is_none_or(|byte| *byte == 0) {
            Sniff::More
        } else {
            Sniff::No
        }
    }

    fn open(&self, serial: u64, _now: Now) -> Box<dyn Connection> {
        let settings = Arc::clone(&self.settings);
        Box::new(connection::OpenWireConnection::new(settings, serial))
    }
}

#[cfg(test)]
mod tests;
