//! Where administration listens, who may log in, and what a client may cost.

use crate::{Account, JolokiaPolicy};
use std::sync::Arc;

mod file;

pub use file::{
    Changed, ConfigurationFile, Difference, EntryDifference, FileRefusal, LiveDifference,
    Persisted, PersistentChange, Reload, RestartDifference, Written,
};

/// Settings of the room. Bytes and milliseconds.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Host name or address to listen on.
    pub host: String,
    /// Port; 0 lets the system choose.
    pub port: u16,
    /// Who may log in.
    pub accounts: Vec<Account>,
    /// Most connections at a time; more are closed at once.
    pub connections_max: usize,
    /// Most connections of one address, so that one client leaves room for others.
    pub connections_per_address_max: usize,
    /// A connection is ended after so long, whatever it does.
    pub connection_ms: u64,
    /// A request's head must have arrived after so long; idle connections are closed as well.
    pub head_ms: u64,
    /// Most bytes of a request's line and headers; at least 8192.
    pub head_bytes_max: usize,
    /// Most headers of a request.
    pub headers_max: usize,
    /// A request's body must have arrived after so long.
    pub body_ms: u64,
    /// Most bytes of a request's body.
    pub body_bytes_max: usize,
    /// The answer to a wrong password comes after so long.
    pub refusal_ms: u64,
    /// Most rows of a page.
    pub page_rows_max: usize,
    /// Most destinations with metrics of their own; the others are counted.
    pub metrics_destinations_max: usize,
    /// Most destinations of which `/metrics` has each histogram; the others are counted.
    pub metrics_times_max: usize,
    /// What Jolokia may be asked, and by whom.
    pub jolokia: JolokiaPolicy,
    /// An operation on messages is given up after so long; what it did so far stays done.
    pub operation_ms: u64,
    /// Most bytes of an answer of Jolokia.
    pub answer_bytes_max: usize,
    /// Most pages of the console that follow the broker at a time.
    pub console_streams_max: usize,
    /// A point of the console's charts is kept so often.
    pub history_interval_ms: u64,
    /// Most points that are kept of each.
    pub history_points_max: usize,
    /// Most destinations of which they are kept.
    pub history_destinations_max: usize,
    /// Connectors that clients of the broker connect to, to be shown.
    pub connectors: Vec<ServedConnector>,
    /// Directory of the broker's data, to be shown.
    pub data_directory: String,
    /// The file that the broker was started with; without one nothing is written or read again.
    pub configuration: Option<Arc<dyn ConfigurationFile>>,
}

/// How many connections a connector has refused since it was opened.
#[derive(Clone)]
pub struct Refusals(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Refusals {
    /// Counted by this.
    pub fn new(count: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(count))
    }

    pub(crate) fn count(&self) -> u64 {
        (self.0)()
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self::new(|| 0)
    }
}

impl std::fmt::Debug for Refusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Refusals").field(&self.count()).finish()
    }
}

/// A connector of the broker, to be shown.
#[derive(Debug, Clone, Default)]
pub struct ServedConnector {
    /// Its name.
    pub name: String,
    /// Scheme of its address: `tcp`, `stomp` …
    pub scheme: String,
    /// Where it listens.
    pub uri: String,
    /// Failover clients are told other brokers.
    pub updates_clients: bool,
    /// And when one is gone.
    pub updates_clients_on_remove: bool,
    /// They are spread over the brokers.
    pub rebalances_clients: bool,
    /// Names of the brokers that they are told, separated by commas; empty for all.
    pub client_filter: String,
    /// Because of `maximumConnections`.
    pub refusals: Refusals,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 8161,
            accounts: Vec::new(),
            connections_max: 64,
            connections_per_address_max: 32,
            connection_ms: 60_000,
            head_ms: 10_000,
            head_bytes_max: 16 << 10,
            headers_max: 64,
            body_ms: 10_000,
            body_bytes_max: 64 << 10,
            refusal_ms: 300,
            page_rows_max: 1000,
            metrics_destinations_max: 10_000,
            metrics_times_max: 1_000,
            jolokia: JolokiaPolicy::default(),
            operation_ms: 45_000,
            answer_bytes_max: 64 << 20,
            console_streams_max: 16,
            history_interval_ms: 5_000,
            history_points_max: 360,
            history_destinations_max: 300,
            connectors: Vec::new(),
            data_directory: String::new(),
            configuration: None,
        }
    }
}
