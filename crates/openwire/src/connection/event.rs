//! What the core tells, as OpenWire.
//!
//! Responses follow the core's answers and so the durability that they stand for; pauses need no
//! frame, since a response or a ProducerAck that is withheld says it.

use super::conversation::{Ask, Conversation, Phase, Turn};
use super::reply::Pending;
use crate::error::{Doing, class_of, throwable};
use crate::generated::{
    ConnectionError, ConsumerControl, MessageDispatch, ProducerAck, ProducerId,
};
use floodway_message::session::{
    ConnectionEnd, ConsumerId as Number, Event, Failure, FailureKind, Reply,
};
use std::sync::Arc;

/// ProducerAck exists from this version on.
const PRODUCER_ACK_VERSION: u8 = 3;

impl Conversation {
    /// Writes what an event means.
    ///
    /// # Errors
    /// When the connection is over.
    pub(super) fn tell(&mut self, event: Event, turn: &mut Turn<'_>) -> Result<(), ConnectionEnd> {
        if let Phase::Ended(end) = &self.phase {
            return Err(end.clone());
        }
        match event {
            Event::Delivery(delivery) => self.deliver(&delivery, turn),
            Event::Done { reply } => self.done(reply, turn),
            Event::Failed { reply, failure } => return self.failed(reply, &failure, turn),
            Event::Connected { reply } => {
                if let Some(Pending::Connect(ask, manageable)) = self.replies.take(reply) {
                    self.connected(ask, manageable, turn);
                }
            }
            Event::BrowseEnd { consumer } => self.browse_end(consumer, turn),
            Event::Prepared { reply, branches } => {
                if let Some(Pending::Recover(ask)) = self.replies.take(reply) {
                    self.recovered(ask, &branches, turn);
                }
            }
            Event::Aborted { consumer, .. } => self.aborted(consumer, turn),
            Event::PeerBrokers { brokers } => self.peers_changed(brokers, turn),
            Event::Closed { reason } => return Err(self.closed(reason, turn)),
            Event::Pause { .. } | Event::Resume { .. } => {}
        }
        Ok(())
    }

    fn done(&mut self, reply: Reply, turn: &mut Turn<'_>) {
        match self.replies.take(reply) {
            Some(
                Pending::Respond(ask)
                | Pending::Commit(ask)
                | Pending::Unsubscribe(ask)
                | Pending::Consumer(ask, _),
            ) => {
                self.respond(ask, turn);
            }
            Some(Pending::Window(producer_id, size, _)) => {
                self.open_window(producer_id, size, turn);
            }
            Some(Pending::Disconnect(ask)) => self.respond(ask, turn),
            Some(Pending::Prepare(ask, xid)) => self.prepared((ask, &xid), None, turn),
            Some(Pending::Settle(ask, xid, outcome)) => {
                self.settled((ask, &xid, outcome), None, turn);
            }
            Some(Pending::Connect(..) | Pending::InTransaction(..) | Pending::Recover(_))
            | None => {}
        }
    }

    /// Gives a producer bytes of its window back.
    fn open_window(&mut self, producer_id: ProducerId, size: i32, turn: &mut Turn<'_>) {
        if self.encoder.format().version >= PRODUCER_ACK_VERSION {
            let producer_id = Some(producer_id);
            self.put(
                &ProducerAck {
                    producer_id,
                    size,
                    ..ProducerAck::default()
                },
                turn,
            );
        }
    }

    fn failed(
        &mut self,
        reply: Option<Reply>,
        failure: &Failure,
        turn: &mut Turn<'_>,
    ) -> Result<(), ConnectionEnd> {
        let nobody = Ask {
            command_id: 0,
            required: false,
        };
        let (ask, doing) = match reply.and_then(|reply| self.replies.take(reply)) {
            // An acknowledgement that crossed the end of what it is about.
            None if failure.kind == FailureKind::UnknownDelivery => return Ok(()),
            None => (nobody, Doing::Other),
            Some(Pending::Connect(ask, _)) => {
                self.refuse_as(failure, (ask, Doing::Connecting), turn);
                let end = ConnectionEnd::Closed(Arc::clone(&failure.text));
                self.phase = Phase::Ended(end.clone());
                return Err(end);
            }
            Some(Pending::Consumer(ask, number)) => {
                self.consumers.take(number);
                (ask, Doing::Other)
            }
            Some(Pending::InTransaction(ask, tx)) => {
                self.transactions.fail(tx, &failure.text);
                (ask, Doing::Sending)
            }
            Some(Pending::Window(producer_id, size, tx)) => {
                if let Some(tx) = tx {
                    self.transactions.fail(tx, &failure.text);
                }
                // The error first: bytes that are given back tell nobody of a success. Without
                // them the producer would wait for ever for a window that nothing is in.
                self.refuse_as(failure, (nobody, Doing::Sending), turn);
                self.open_window(producer_id, size, turn);
                return Ok(());
            }
            Some(Pending::Commit(ask)) => (ask, Doing::Committing),
            Some(Pending::Prepare(ask, xid)) => {
                self.prepared((ask, &xid), Some(failure), turn);
                return Ok(());
            }
            Some(Pending::Settle(ask, xid, outcome)) => {
                self.settled((ask, &xid, outcome), Some(failure), turn);
                return Ok(());
            }
            Some(Pending::Unsubscribe(ask)) => (ask, Doing::RemovingDurable),
            Some(Pending::Respond(ask) | Pending::Disconnect(ask) | Pending::Recover(ask)) => {
                (ask, Doing::Other)
            }
        };
        self.refuse_as(failure, (ask, doing), turn);
        Ok(())
    }

    fn refuse_as(&mut self, failure: &Failure, (ask, doing): (Ask, Doing), turn: &mut Turn<'_>) {
        let why = match missing_temporary(failure) {
            // The class makes a sentence of the name alone.
            Some(name) => throwable("org.apache.activemq.DestinationDoesNotExistException", name),
            None => throwable(class_of(failure, doing), &failure.text),
        };
        self.refuse(why, ask, turn);
    }

    fn browse_end(&mut self, number: Number, turn: &mut Turn<'_>) {
        let Some(consumer) = self.consumers.get_mut(number) else {
            return;
        };
        let consumer_id = Some(consumer.id.clone());
        self.put(
            &MessageDispatch {
                consumer_id,
                ..MessageDispatch::default()
            },
            turn,
        );
    }

    /// The core has closed a consumer: its client is asked to close its own end.
    fn aborted(&mut self, number: Number, turn: &mut Turn<'_>) {
        let Some(consumer) = self.consumers.take(number) else {
            return;
        };
        let control = ConsumerControl {
            consumer_id: Some(consumer.id),
            close: true,
            ..ConsumerControl::default()
        };
        self.put(&control, turn);
    }

    fn closed(&mut self, reason: Arc<str>, turn: &mut Turn<'_>) -> ConnectionEnd {
        if self.agreement.is_some() {
            let exception = Some(throwable("java.io.IOException", &reason));
            self.put(
                &ConnectionError {
                    exception,
                    ..ConnectionError::default()
                },
                turn,
            );
        }
        let end = ConnectionEnd::Closed(reason);
        self.phase = Phase::Ended(end.clone());
        end
    }
}

/// The name of the temporary destination that a refusal says is gone.
fn missing_temporary(failure: &Failure) -> Option<&str> {
    let (name, _) = failure.text.split_once(" does not exist")?;
    let is_name = name.starts_with("temp-") && !name.contains(' ');
    (failure.kind == FailureKind::Destination && is_name).then_some(name)
}
