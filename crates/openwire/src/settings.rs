//! What an operator can set for OpenWire, with defaults.
//!
//! The `config` room fills these from the URI options of a transport connector; names in the
//! comments are ActiveMQ's. Sizes are bytes, times milliseconds. Every count and length that a
//! peer can drive has its bound here or in `codec`.

use crate::codec::{CACHE_SIZE_MIN, Offer, VERSION_MAX};
use std::sync::Arc;

/// Limits and names of OpenWire connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `wireFormat.version`: highest version spoken.
    pub version_max: u8,
    /// `minmumWireFormatVersion`: lowest version spoken.
    pub version_min: u8,
    /// `wireFormat.tightEncodingEnabled`.
    pub tight_encoding: bool,
    /// `wireFormat.cacheEnabled`.
    pub cache: bool,
    /// `wireFormat.cacheSize`: slots of the marshalling cache, at least 100.
    pub cache_size: u16,
    /// `wireFormat.stackTraceEnabled`: exceptions may carry stack traces; ours never do.
    pub stack_traces: bool,
    /// `wireFormat.tcpNoDelayEnabled`.
    pub no_delay: bool,
    /// `wireFormat.maxInactivityDuration`; 0 switches monitoring off.
    pub inactivity_ms: u32,
    /// `wireFormat.maxInactivityDurationInitalDelay`.
    pub inactivity_initial_ms: u32,
    /// `wireFormat.maxFrameSize`: longest frame.
    pub frame_bytes_max: usize,
    /// Longest frame of a connection that has not logged in.
    pub frame_before_login_bytes_max: usize,
    /// Most bytes taken in between ConnectionInfo and its answer.
    pub early_input_bytes_max: usize,
    /// Bodies shorter than this are copied out of the receive buffer; longer ones keep it alive.
    pub copy_body_bytes_max: usize,
    /// `brokerName`.
    pub broker_name: Arc<str>,
    /// Address that clients are told; the `uri` of the connector.
    pub broker_url: Arc<str>,
    /// Host name within ids.
    pub host: Arc<str>,
    /// `updateClusterClients`: failover clients are told the other brokers that connect to us.
    pub update_cluster_clients: bool,
    /// `updateClusterClientsOnRemove`: those that are gone are told no longer.
    pub update_cluster_clients_on_remove: bool,
    /// `rebalanceClusterClients`: clients are spread over the brokers.
    pub rebalance_cluster_clients: bool,
    /// `updateClusterFilter`: Java patterns; only brokers whose name one of them is are told.
    /// Empty tells all.
    pub update_cluster_filter: Vec<String>,
    /// Most sessions of a connection.
    pub sessions_count_max: usize,
    /// Most producers of a connection.
    pub producers_count_max: usize,
    /// Most consumers of a connection.
    pub consumers_count_max: usize,
    /// Most open transactions of a connection.
    pub transactions_count_max: usize,
    /// Most temporary destinations of a connection.
    pub temporary_destinations_count_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version_max: VERSION_MAX,
            version_min: 1,
            tight_encoding: true,
            cache: true,
            cache_size: 1024,
            stack_traces: true,
            no_delay: true,
            inactivity_ms: 30_000,
            inactivity_initial_ms: 10_000,
            frame_bytes_max: 100 * 1024 * 1024,
            frame_before_login_bytes_max: 128 * 1024,
            early_input_bytes_max: 4 * 1024 * 1024,
            copy_body_bytes_max: 16 * 1024,
            broker_name: "localhost".into(),
            broker_url: "tcp://localhost:61616".into(),
            host: "localhost".into(),
            update_cluster_clients: false,
            update_cluster_clients_on_remove: false,
            rebalance_cluster_clients: false,
            update_cluster_filter: Vec::new(),
            sessions_count_max: 10_000,
            producers_count_max: 10_000,
            consumers_count_max: 10_000,
            transactions_count_max: 1000,
            temporary_destinations_count_max: 10_000,
        }
    }
}

impl Settings {
    /// The id of the broker that clients are told.
    pub fn broker_id(&self) -> String {
        format!("ID:{}-{}-0:1", self.host, self.broker_name)
    }

    /// What is offered to every client.
    pub(crate) fn offer(&self) -> Offer {
        Offer {
            version: self.version_max.clamp(1, VERSION_MAX).into(),
            tight: self.tight_encoding,
            cache: self.cache,
            cache_size: self.cache_size.max(CACHE_SIZE_MIN).into(),
            stack_traces: self.stack_traces,
            no_size_prefix: false,
            no_delay: self.no_delay,
            inactivity_ms: self.inactivity_ms.into(),
            inactivity_initial_ms: self.inactivity_initial_ms.into(),
            frame_bytes_max: i64::try_from(self.frame_bytes_max).unwrap_or(i64::MAX),
        }
    }
}
