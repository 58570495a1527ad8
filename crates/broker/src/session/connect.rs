//! The beginning of a session: one connection for each client id.
//!
//! A client that lost its connection may come again before the end of the old one is noticed; the
//! new one then takes its place at once. Invariant: a session locks another one only if that is
//! older, so no two wait for each other.

use super::{Session, SessionState, close};
use crate::consumer::Consumer;
use crate::login;
use crate::outbox::{self, Outbox};
use crate::turn::Turn;
use floodway_message::session::{Connect, Event, Failure, FailureKind};
use parking_lot::Mutex;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

/// Who has a client id.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) outbox: Arc<Outbox>,
    session: Option<Arc<str>>,
    pub(super) state: Weak<Mutex<SessionState>>,
}

impl Session {
    pub(super) fn open(&self, state: &mut SessionState, connect: Connect, turn: &mut Turn<'_>) {
        // Who administers has logged in elsewhere.
        let logins = self.broker.settings.logins.as_ref();
        let logins = logins.filter(|_| !self.outbox.administers);
        if let Err(failure) = login::check(logins, &connect) {
            tracing::info!(peer = %self.outbox.peer, "login refused: {failure}");
            return turn.answer(&self.outbox, Some(connect.reply), Err(failure));
        }
        if let Some(old) = self.predecessor(&connect) {
            // Its peer has given it up.
            let reason = format!("the client has connected again, from {}", self.outbox.peer);
            old.end(reason, turn);
        }
        let mut clients = self.broker.clients.lock();
        if let Some(other) = clients.get(&connect.client_id) {
            let text = format!(
                "client id {} is in use by another connection, from {}; choose another one or \
                 close it",
                connect.client_id, other.outbox.peer
            );
            drop(clients);
            let failure = Failure::new(FailureKind::InUse, text);
            return turn.answer(&self.outbox, Some(connect.reply), Err(failure));
        }
        let client = Client {
            outbox: Arc::clone(&self.outbox),
            session: connect.session.clone(),
            state: Arc::downgrade(&self.state),
        };
        clients.insert(Arc::clone(&connect.client_id), client);
        drop(clients);
        self.broker.connected.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(
            connection = self.outbox.id,
            peer = %self.outbox.peer,
            client_id = %connect.client_id,
            protocol = connect.protocol,
            "connected"
        );
        self.outbox.set_resends(connect.resends);
        self.broker.connection_came(&connect, &self.outbox, turn);
        self.outbox.named(outbox::Client {
            id: Arc::clone(&connect.client_id),
            user: connect.user,
            protocol: connect.protocol,
        });
        state.client_id = Some(connect.client_id);
        self.broker.tell_peers(&self.outbox, turn);
        turn.push(
            &self.outbox,
            Event::Connected {
                reply: connect.reply,
            },
        );
    }

    /// The older connection of the same client and session.
    fn predecessor(&self, connect: &Connect) -> Option<Client> {
        let session = connect.session.as_ref()?;
        let clients = self.broker.clients.lock();
        let old = clients.get(&connect.client_id)?;
        let is_same = old.session.as_ref() == Some(session) && old.outbox.id < self.outbox.id;
        is_same.then(|| old.clone())
    }
}

impl Client {
    /// Ends the session and has its connection closed. No session but a newer one, and no queue,
    /// may be locked.
    pub(crate) fn end(&self, reason: String, turn: &mut Turn<'_>) {
        let Some(state) = self.state.upgrade() else {
            return;
        };
        tracing::info!(peer = %self.outbox.peer, "connection closed: {reason}");
        close::end(&mut state.lock(), &self.outbox, turn);
        for node in turn.broker.parked_nodes() {
            node.forget_parked(self.outbox.id, turn);
        }
        let reason = reason.into();
        turn.push(&self.outbox, Event::Closed { reason });
    }

    /// Closes one consumer and tells its peer why. No session and no queue may be locked.
    pub(crate) fn abort(&self, consumer: &Arc<Consumer>, reason: String, turn: &mut Turn<'_>) {
        let Some(state) = self.state.upgrade() else {
            return;
        };
        let mut state = state.lock();
        let is_same = |other: &Arc<Consumer>| Arc::ptr_eq(other, consumer);
        if !state.consumers.get(&consumer.id).is_some_and(is_same) {
            // Its client was faster.
            return;
        }
        state.consumers.remove(&consumer.id);
        if state.aborted.len() >= turn.broker.settings.consumers_per_connection_max {
            state.aborted.pop_first();
        }
        state.aborted.insert(consumer.id);
        close::detach(consumer, turn);
        drop(state);
        let (consumer, reason) = (consumer.id, reason.into());
        turn.push(&self.outbox, Event::Aborted { consumer, reason });
    }
}
