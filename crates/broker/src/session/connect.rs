//! The beginning of a session: one connection for each client id.
//!
//! A client that lost its connection may come again before the end of the old one is noticed; the
//! new one then takes its place at once. Invariant: a session locks another one only if that is
//! older, so no two wait for each other.

use super::{Session, SessionState};
use crate::login;
use crate::outbox::{self, Outbox};
use crate::turn::Turn;
use floodway_message::session::{Connect, Event, Failure, FailureKind};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// Who has a client id.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) outbox: Arc<Outbox>,
    session: Option<Arc<str>>,
    state: Weak<Mutex<SessionState>>,
}

impl Session {
    pub(super) fn open(&self, state: &mut SessionState, connect: Connect, turn: &mut Turn<'_>) {
        if let Err(failure) = login::check(self.broker.settings.logins.as_ref(), &connect) {
            tracing::info!(peer = %self.outbox.peer, "login refused: {failure}");
            return turn.answer(&self.outbox, Some(connect.reply), Err(failure));
        }
        if let Some(old) = self.predecessor(&connect) {
            self.replace(&old, turn);
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

    /// Ends the session of an older connection, whose peer has given it up.
    fn replace(&self, old: &Client, turn: &mut Turn<'_>) {
        let Some(state) = old.state.upgrade() else {
            return;
        };
        let reason = format!("the client has connected again, from {}", self.outbox.peer);
        tracing::info!(peer = %old.outbox.peer, "connection closed: {reason}");
        let session = Self {
            broker: Arc::clone(&self.broker),
            outbox: Arc::clone(&old.outbox),
            state: Arc::clone(&state),
        };
        session.end(&mut state.lock(), turn);
        for node in self.broker.parked_nodes() {
            node.forget_parked(old.outbox.id, turn);
        }
        let reason = reason.into();
        turn.push(&old.outbox, Event::Closed { reason });
    }
}
