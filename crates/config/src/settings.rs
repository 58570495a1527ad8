//! All settings of a broker process, each in the struct of the room that uses it.

use std::path::PathBuf;

use floodway_broker::settings::{BrokerSettings, SystemUsage};
use floodway_store::JournalSettings;
use floodway_transport::ConnectorSettings;

use crate::admin::AdminSettings;

/// What a configuration file says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The core.
    pub broker: BrokerSettings,
    /// Where messages are kept.
    pub persistence: Persistence,
    /// What does not fit into memory waits here; emptied at start.
    pub spool_directory: PathBuf,
    /// Files of the spool.
    pub spool: JournalSettings,
    /// The broker's own directory; everything else is inside unless the file says otherwise.
    pub data_directory: PathBuf,
    /// Listeners whose protocol is built, in the order of the file.
    pub connectors: Vec<Connector>,
    /// Disk limits follow the free space, if they do.
    pub disk_check: Option<DiskCheck>,
    /// The limits as the file gives them, before they were lowered to what the machine has.
    pub asked_usage: SystemUsage,
    /// Administration over HTTP; `None` without.
    pub admin: Option<AdminSettings>,
}

/// How disk limits follow the free space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskCheck {
    /// `schedulePeriodForDiskUsageCheck`: looked at so often.
    pub period_ms: u64,
    /// `diskUsageCheckRegrowThreshold`: a lowered limit grows back in steps of at least so much.
    pub least_growth_bytes: u64,
}

/// Where messages are kept.
#[derive(Debug, Clone)]
pub enum Persistence {
    /// On disk.
    Journal {
        /// Where its files are.
        directory: PathBuf,
        /// Files, syncs and buffers.
        settings: JournalSettings,
    },
    /// In memory only: a restart loses them (`memoryPersistenceAdapter`, `persistent="false"`;
    /// the latter has no spool either).
    Memory,
}

/// One listener.
#[derive(Debug, Clone)]
pub struct Connector {
    /// Address, connections, sockets.
    pub transport: ConnectorSettings,
    /// What is spoken on it.
    pub protocol: ProtocolSettings,
}

/// What is spoken on a connector.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ProtocolSettings {
    /// STOMP 1.0 to 1.2.
    Stomp(floodway_stomp::Settings),
    /// OpenWire 1 to 12.
    OpenWire(floodway_openwire::Settings),
    /// Whichever of these a connection begins with.
    Auto {
        /// For clients that begin with OpenWire.
        openwire: floodway_openwire::Settings,
        /// For clients that begin with STOMP.
        stomp: floodway_stomp::Settings,
    },
}
