//! What operators do to a running broker.
//!
//! Whatever concerns single messages is done by an ordinary session, made by
//! [`Broker::administer`]: it browses, consumes and sends as any client does, so that limits,
//! stores and transactions hold for operators as well. What is changed here lasts until the next
//! start. Unknown destinations are no error but `false`.

use crate::broker::Broker;
use crate::destination::Node;
use crate::outbox::{Origin, Wake};
use crate::queue::lane::{Kept, Lane};
use crate::queue::{Counts, Queue};
use crate::session::{Client, Session};
use crate::turn::Turn;
use floodway_message::session::{ConsumerId, Destinations};
use floodway_message::{Destination, Now};
use std::sync::Arc;

/// A message group of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Its name.
    pub group: Arc<str>,
    /// The connection whose consumer has it.
    pub connection: u64,
    /// The number of that consumer.
    pub consumer: u64,
}

impl Broker {
    /// A session that acts for an operator. It needs no [`Connect`](floodway_message::session::Connect)
    /// and no login, is in no list of connections, and what it consumes from dispatches to it
    /// alone, also while paused.
    pub fn administer(self: &Arc<Self>, peer: &str, wake: Wake) -> Session {
        let origin = Origin {
            peer,
            connector: "",
            administers: true,
        };
        self.open_session(origin, wake)
    }

    /// Stops dispatch of a queue to its consumers, or lets it go on.
    pub fn set_paused(&self, destination: &Destination, paused: bool, now: Now) -> bool {
        let Some(queue) = self.queue_of(destination) else {
            return false;
        };
        queue.set_paused(paused);
        let mut turn = Turn::new(self, now);
        queue.dispatch(&mut turn);
        turn.finish();
        true
    }

    /// Has the totals of one destination, or of all, begin again at 0.
    pub fn reset_totals(&self, destination: Option<&Destination>) -> bool {
        let nodes = self.nodes.read().clone();
        let mut found = false;
        for (name, node) in &nodes {
            if destination.is_none_or(|only| only == name) {
                found = true;
                match node {
                    Node::Queue(queue) => {
                        let mut state = queue.lock();
                        state.counts = Counts::default();
                        state.parking.reset_times();
                    }
                    Node::Topic(topic) => {
                        topic.reset_counts();
                        for one in topic.subscriptions().iter() {
                            one.queue.lock().counts = Counts::default();
                        }
                    }
                }
            }
        }
        found
    }

    /// Counts a send that was one too many for its transaction, at destinations that exist.
    pub(crate) fn note_uncommitted_exceeded(&self, destinations: &Destinations) {
        let nodes = self.nodes.read();
        for destination in destinations.iter() {
            match nodes.get(destination) {
                Some(Node::Queue(queue)) => queue.lock().counts.uncommitted_exceeded += 1,
                Some(Node::Topic(topic)) => topic.note_uncommitted_exceeded(),
                None => {}
            }
        }
    }

    /// Ends a connection; `false` if there is none of this number.
    pub fn close_connection(self: &Arc<Self>, connection: u64, reason: &str, now: Now) -> bool {
        let Some(client) = self.client_numbered(connection) else {
            return false;
        };
        let mut turn = Turn::new(self, now);
        client.end(reason.to_owned(), &mut turn);
        turn.finish();
        true
    }

    /// Closes a consumer, and tells its client why; `false` if there is none of this number.
    pub fn close_consumer(
        self: &Arc<Self>,
        (connection, consumer): (u64, ConsumerId),
        reason: &str,
        now: Now,
    ) -> bool {
        let found = self.client_numbered(connection).and_then(|client| {
            let consumer = client.consumer(consumer)?;
            Some((client, consumer))
        });
        let Some((client, consumer)) = found else {
            return false;
        };
        let mut turn = Turn::new(self, now);
        client.abort(&consumer, reason.to_owned(), &mut turn);
        turn.finish();
        true
    }

    pub(crate) fn client_numbered(&self, connection: u64) -> Option<Client> {
        let clients = self.clients.lock();
        let mut all = clients.values();
        all.find(|client| client.outbox.id == connection).cloned()
    }

    /// Message groups of a queue and who has them.
    pub fn groups(&self, destination: &Destination) -> Vec<GroupView> {
        let Some(queue) = self.queue_of(destination) else {
            return Vec::new();
        };
        let state = queue.lock();
        let groups = state.groups.iter();
        groups
            .map(|(group, owner)| GroupView {
                group: Arc::clone(group),
                connection: owner.connection,
                consumer: owner.consumer,
            })
            .collect()
    }

    /// Lets a message group, or all of a queue (`None`), find new consumers.
    pub fn forget_groups(&self, destination: &Destination, only: Option<&str>, now: Now) -> bool {
        let Some(queue) = self.queue_of(destination) else {
            return false;
        };
        let mut turn = Turn::new(self, now);
        let mut state = queue.lock();
        state
            .groups
            .retain(|group, _| only.is_some_and(|only| only != &**group));
        state.rescan_from = 0;
        state.rewind_wanted = true;
        queue.dispatch_locked(&mut state, &mut turn);
        drop(state);
        turn.finish();
        true
    }

    /// Bytes of a destination's messages in the store.
    pub fn stored_bytes(&self, destination: &Destination) -> u64 {
        let node = self.nodes.read().get(destination).cloned();
        match node {
            None => 0,
            Some(Node::Queue(queue)) => self.kept_bytes(&queue, Kept::Stored),
            Some(Node::Topic(topic)) => {
                let subscriptions = topic.subscriptions();
                let queues = subscriptions.iter().map(|one| &one.queue);
                queues
                    .map(|queue| self.kept_bytes(queue, Kept::Stored))
                    .sum()
            }
        }
    }

    /// Every message of a queue that waits has been looked at by dispatch: none is on disk alone
    /// and yet to be read.
    pub fn is_looked_through(&self, destination: &Destination) -> bool {
        let Some(queue) = self.queue_of(destination) else {
            return true;
        };
        let state = queue.lock();
        let is_open =
            |lane: &Lane| lane.has_unread() || lane.has_staged() || lane.let_go_from.is_some();
        !state.lanes.iter().any(is_open) && !state.rewind_wanted && !state.rewind_later
    }

    pub(crate) fn queue_of(&self, destination: &Destination) -> Option<Arc<Queue>> {
        match self.nodes.read().get(destination)? {
            Node::Queue(queue) => Some(Arc::clone(queue)),
            Node::Topic(_) => None,
        }
    }
}
