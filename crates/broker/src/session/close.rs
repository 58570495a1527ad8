//! The end of a session: what it left open is closed.

use super::{Session, SessionState};
use crate::consumer::Consumer;
use crate::outbox::Outbox;
use crate::queue::Role;
use crate::registry::PatternTarget;
use crate::turn::Turn;
use floodway_message::Now;
use std::sync::Arc;

impl Session {
    /// The connection is gone: consumers are closed, transactions that are not prepared rolled
    /// back, temporary destinations removed, and sends that wait for space forgotten.
    pub fn close(&self, now: Now) {
        let mut turn = Turn::new(&self.broker, now);
        let mut state = self.state.lock();
        end(&mut state, &self.outbox, &mut turn);
        drop(state);
        self.outbox.close();
        for node in self.broker.parked_nodes() {
            node.forget_parked(self.outbox.id, &mut turn);
        }
        turn.finish();
    }
}

/// Closes whatever is open.
pub(super) fn end(state: &mut SessionState, outbox: &Outbox, turn: &mut Turn<'_>) {
    if std::mem::replace(&mut state.closed, true) {
        return;
    }
    for transaction in std::mem::take(&mut state.transactions).into_values() {
        transaction.undo(turn);
    }
    for consumer in std::mem::take(&mut state.consumers).into_values() {
        detach(&consumer, turn);
    }
    turn.broker.producers_gone(outbox.id, turn);
    for destination in std::mem::take(&mut state.temporaries) {
        turn.broker.remove(&destination, turn);
    }
    state.routes.clear();
    if let Some(client_id) = state.client_id.take() {
        let mut clients = turn.broker.clients.lock();
        let own = |client: &super::Client| client.outbox.id == outbox.id;
        if clients.get(&client_id).is_some_and(own) {
            clients.remove(&client_id);
        }
    }
    turn.broker.peer_gone(outbox.id, turn);
    turn.broker.connection_gone(outbox.id, turn);
}

/// Takes a consumer away from everything it is attached to.
pub(super) fn detach(consumer: &Arc<Consumer>, turn: &mut Turn<'_>) {
    turn.broker
        .patterns
        .lock()
        .retain(|pattern| match &pattern.target {
            PatternTarget::Consumer(other) => !Arc::ptr_eq(other, consumer),
            PatternTarget::Subscription(_) => true,
        });
    let queues = std::mem::take(&mut *consumer.queues.lock());
    for queue in queues {
        if matches!(queue.role, Role::Subscription) {
            turn.broker.unsubscribe(&queue, turn);
        }
        queue.detach(consumer, turn);
    }
    turn.broker.consumer_gone(consumer, turn);
}
