//! Other brokers that have a connection to this one, for clients that can go elsewhere.
//!
//! Whoever tells an address is logged in, and what is told reaches only clients that reconnect by
//! themselves; which of them get it, and how, is the business of their protocol room.
//! Invariant: at most [`PEERS_MAX`] are known; one that is gone makes room for a new one.

use crate::broker::Broker;
use crate::outbox::Outbox;
use crate::turn::Turn;
use floodway_message::session::{Event, PeerBroker};
use parking_lot::Mutex;
use std::sync::Arc;

/// Most brokers that are known at a time.
const PEERS_MAX: usize = 64;

/// See the module.
#[derive(Default)]
pub(crate) struct Peers(Mutex<Vec<Known>>);

struct Known {
    broker: PeerBroker,
    /// The connection that told it last.
    connection: u64,
}

/// A broker that has, or had, a connection to this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerView {
    /// Its name.
    pub name: Arc<str>,
    /// Where its clients reach it, as it says.
    pub url: Arc<str>,
    /// Number of the connection, while that lasts.
    pub connection: Option<u64>,
}

impl Peers {
    fn all(&self) -> Arc<[PeerBroker]> {
        self.0.lock().iter().map(|one| one.broker.clone()).collect()
    }

    /// `false`: there are too many.
    fn add(&self, broker: PeerBroker, connection: u64) -> bool {
        let mut known = self.0.lock();
        if let Some(same) = known.iter_mut().find(|one| one.broker.url == broker.url) {
            *same = Known { broker, connection };
            return true;
        }
        if known.len() >= PEERS_MAX {
            let Some(gone) = known.iter().position(|one| !one.broker.connected) else {
                return false;
            };
            known.remove(gone);
        }
        known.push(Known { broker, connection });
        true
    }

    /// `false`: the connection has told none.
    fn lose(&self, connection: u64) -> bool {
        let mut known = self.0.lock();
        let mut any = false;
        for one in known.iter_mut().filter(|one| one.connection == connection) {
            any |= std::mem::replace(&mut one.broker.connected, false);
        }
        any
    }
}

impl Broker {
    /// Other brokers that have, or had, a connection to this one.
    pub fn peers(&self) -> Vec<PeerView> {
        let known = self.peers.0.lock();
        let view = |one: &Known| PeerView {
            name: Arc::clone(&one.broker.name),
            url: Arc::clone(&one.broker.url),
            connection: one.broker.connected.then_some(one.connection),
        };
        known.iter().map(view).collect()
    }

    /// A connection turns out to be another broker's.
    pub(crate) fn peer_came(&self, peer: PeerBroker, connection: u64, turn: &mut Turn<'_>) {
        let (name, url) = (Arc::clone(&peer.name), Arc::clone(&peer.url));
        if self.peers.add(peer, connection) {
            tracing::info!(connection, "broker {name} at {url} has connected");
            self.tell_everybody(turn);
        } else {
            tracing::warn!(
                connection,
                "broker {name} at {url} is not told to clients: {PEERS_MAX} others are connected"
            );
        }
    }

    /// A connection has ended.
    pub(crate) fn peer_gone(&self, connection: u64, turn: &mut Turn<'_>) {
        if self.peers.lose(connection) {
            self.tell_everybody(turn);
        }
    }

    /// Tells one connection what is known, if anything is.
    pub(crate) fn tell_peers(&self, outbox: &Arc<Outbox>, turn: &mut Turn<'_>) {
        let brokers = self.peers.all();
        if outbox.resends() && !brokers.is_empty() {
            turn.push(outbox, Event::PeerBrokers { brokers });
        }
    }

    fn tell_everybody(&self, turn: &mut Turn<'_>) {
        let clients = self.clients.lock();
        let outboxes: Vec<_> = clients.values().map(|one| one.outbox.clone()).collect();
        drop(clients);
        for outbox in outboxes {
            self.tell_peers(&outbox, turn);
        }
    }
}
