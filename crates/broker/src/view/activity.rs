//! What connections are doing: transactions, what waits for them, and what their producers sent.

use crate::broker::Broker;
use floodway_message::Now;
use floodway_message::session::ProducerId;
use std::collections::BTreeMap;

/// What a connection does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityView {
    /// Transactions that it has open; prepared ones are no more its own.
    pub transactions: usize,
    /// How long ago the oldest of them was begun, milliseconds.
    pub oldest_transaction_ms: Option<u64>,
    /// Deliveries that it has not taken.
    pub waiting: usize,
    /// Of the producers that told of themselves.
    pub producers: BTreeMap<ProducerId, ProducedView>,
}

/// What a producer has sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProducedView {
    /// Messages that came from it, also those that wait or were refused.
    pub sent: u64,
    /// Bytes that it sends without an acknowledgement, as it says; 0 for no such bound.
    pub window_bytes: u32,
    /// Sends that waited for space, or do.
    pub blocked_sends: u64,
    /// Milliseconds in which some did.
    pub blocked_ms: u64,
}

impl Broker {
    /// What all connections do that have named themselves, by number.
    pub fn activity(&self, now: Now) -> BTreeMap<u64, ActivityView> {
        let clients: Vec<_> = self.clients.lock().values().cloned().collect();
        let known = clients.iter();
        known
            .filter_map(|client| Some((client.outbox.id, client.activity(now)?)))
            .collect()
    }

    /// Counts what a producer sends from 0 again.
    pub fn reset_sent(&self, connection: u64, producer: ProducerId) {
        if let Some(client) = self.client_numbered(connection) {
            client.reset_sent(producer);
        }
    }

    /// Counts what a producer waits for space from 0 again.
    pub fn reset_blocked(&self, connection: u64, producer: ProducerId, now: Now) {
        if let Some(client) = self.client_numbered(connection) {
            client.outbox.reset_blocked(producer, now.monotonic_ms);
        }
    }
}
