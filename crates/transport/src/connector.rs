//! What the connections of one connector share: settings, limits on their number, counters.
//!
//! It knows no socket. Invariant: every [`Admission`] is counted until it is dropped, so that
//! `maximumConnections` holds whatever way a connection ends. Counters only grow.

use crate::clock::Clock;
use crate::settings::ConnectorSettings;
use crate::wake::Wake;
use floodway_broker::Broker;
use floodway_message::session::Protocol;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[cfg(test)]
mod tests;

/// Numbers connections over all connectors of the process.
static NEXT_SERIAL: AtomicU64 = AtomicU64::new(1);

/// What happened on a connector since it was opened.
#[derive(Debug, Default)]
pub struct ConnectorCounters {
    /// Connections served.
    pub accepted: AtomicU64,
    /// Connections closed at once because of `maximumConnections`.
    pub refused: AtomicU64,
    /// Connections closed at once because too many of the same address had not logged in.
    pub refused_logins: AtomicU64,
    /// Connections closed because they did not log in within `connectionTimeout`.
    pub login_timeouts: AtomicU64,
    /// Connections ended by a bug of ours.
    pub panicked: AtomicU64,
}

impl ConnectorCounters {
    pub(crate) fn count(counter: &AtomicU64) -> u64 {
        counter.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Why a connection is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("maximumConnections is reached; close some or raise it in the uri of the connector")]
    Connections,
    #[error("too many connections of this address have not logged in yet")]
    Logins,
}

pub(crate) struct Shared {
    pub(crate) settings: ConnectorSettings,
    pub(crate) protocol: Arc<dyn Protocol>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) clock: Clock,
    pub(crate) counters: Arc<ConnectorCounters>,
    stopping: AtomicBool,
    open: Mutex<BTreeMap<u64, Arc<Wake>>>,
    logins: Mutex<HashMap<IpAddr, usize>>,
}

impl Shared {
    pub(crate) fn new(
        settings: ConnectorSettings,
        protocol: Arc<dyn Protocol>,
        broker: Arc<Broker>,
        clock: Clock,
    ) -> Self {
        Self {
            settings,
            protocol,
            broker,
            clock,
            counters: Arc::default(),
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
            logins: Mutex::default(),
        }
    }

    /// Counts what happens here.
    pub(crate) fn counting(self, counters: Arc<ConnectorCounters>) -> Self {
        Self { counters, ..self }
    }

    /// Counts a new connection, or says why it is refused.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Admission, Refusal> {
        let mut open = self.open.lock();
        if open.len() >= self.settings.maximum_connections {
            ConnectorCounters::count(&self.counters.refused);
            return Err(Refusal::Connections);
        }
        {
            let mut logins = self.logins.lock();
            let waiting = logins.entry(peer).or_default();
            if *waiting >= self.settings.maximum_logins_per_address {
                ConnectorCounters::count(&self.counters.refused_logins);
                return Err(Refusal::Logins);
            }
            *waiting += 1;
        }
        ConnectorCounters::count(&self.counters.accepted);
        let serial = NEXT_SERIAL.fetch_add(1, Ordering::Relaxed);
        let wake = Arc::new(Wake::new());
        open.insert(serial, Arc::clone(&wake));
        Ok(Admission {
            shared: Arc::clone(self),
            serial,
            wake,
            login_of: Some(peer),
        })
    }

    /// Asks all connections to end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        for wake in self.open.lock().values() {
            wake.wake();
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn login_ended(&self, peer: IpAddr) {
        let mut logins = self.logins.lock();
        if let Some(waiting) = logins.get_mut(&peer) {
            *waiting = waiting.saturating_sub(1);
            if *waiting == 0 {
                logins.remove(&peer);
            }
        }
    }
}

/// The place of one connection among those of its connector.
pub(crate) struct Admission {
    pub(crate) shared: Arc<Shared>,
    pub(crate) serial: u64,
    pub(crate) wake: Arc<Wake>,
    login_of: Option<IpAddr>,
}

impl Admission {
    /// The peer has sent its connect command.
    pub(crate) fn logged_in(&mut self) {
        if let Some(peer) = self.login_of.take() {
            self.shared.login_ended(peer);
        }
    }

    pub(crate) fn is_logged_in(&self) -> bool {
        self.login_of.is_none()
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.logged_in();
        self.shared.open.lock().remove(&self.serial);
    }
}
