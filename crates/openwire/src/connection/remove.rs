//! RemoveInfo and RemoveSubscriptionInfo.
//!
//! What a closed consumer had not acknowledged goes back. Whether that counts as a delivery is
//! told by the stamp of the last message that the application saw: up to it, all were delivered;
//! -1 means none was, -2 that nobody knows, and then all count.

use super::consumer::Consumer;
use super::conversation::{Answer, Ask, Conversation, Phase, Turn};
use super::reply::Pending;
use crate::codec::Text;
use crate::error::OpenWireError;
use crate::generated::{DataStructure, RemoveInfo, RemoveSubscriptionInfo};
use floodway_message::session::{
    Ack, AckKind, AckRange, Command, ConsumerId as Number, DeliveryId,
};
use std::sync::Arc;

/// Nobody knows what the application saw.
const UNKNOWN: i64 = -2;
/// The application saw nothing.
const NOTHING: i64 = -1;

impl Conversation {
    pub(super) fn remove(
        &mut self,
        info: &RemoveInfo,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let last = info.last_delivered_sequence_id;
        match info.object_id.as_deref() {
            Some(DataStructure::ConsumerId(id)) => {
                if let Some(number) = self.consumers.number(id) {
                    self.close_consumer(number, last, turn);
                }
            }
            Some(DataStructure::ProducerId(id)) => {
                let producer = self.producers.remove(id);
                turn.commands
                    .extend(producer.map(|producer| Command::CloseProducer { producer }));
            }
            Some(DataStructure::SessionId(id)) => {
                for number in self.consumers.numbers(Some(id.value)) {
                    self.close_consumer(number, last, turn);
                }
                for producer in self.producers.remove_session(id.value) {
                    turn.commands.push(Command::CloseProducer { producer });
                }
                self.sessions.remove(&id.value);
            }
            Some(DataStructure::ConnectionId(id)) if id.value == self.connection_id => {
                return Ok(self.disconnect(last, ask, turn));
            }
            // Removed before, or of another connection.
            _ => {}
        }
        Ok(Answer::Now)
    }

    fn disconnect(&mut self, last: i64, ask: Ask, turn: &mut Turn<'_>) -> Answer {
        for number in self.consumers.numbers(None) {
            self.close_consumer(number, last, turn);
        }
        let reply = Some(self.replies.open(Pending::Disconnect(ask)));
        turn.commands.push(Command::Disconnect { reply });
        self.phase = Phase::Leaving;
        Answer::Later
    }

    fn close_consumer(&mut self, number: Number, last: i64, turn: &mut Turn<'_>) {
        let Some(consumer) = self.consumers.take(number) else {
            return;
        };
        let is_known = last != UNKNOWN && !(consumer.durable && last == 0);
        if consumer.gives_back() && is_known {
            // Nothing new meanwhile, least of all what is given back.
            let (prefetch, tx) = (0, None);
            turn.commands.push(Command::SetPrefetch {
                consumer: number,
                prefetch,
            });
            let mut give_back = |delivery, kind| {
                let range = AckRange::UpTo(delivery);
                let (consumer, reply) = (number, None);
                turn.commands.push(Command::Ack(Ack {
                    consumer,
                    range,
                    kind,
                    cause: None,
                    tx,
                    reply,
                }));
            };
            if let Some(delivery) = last_delivered(&consumer, last) {
                give_back(delivery, AckKind::Redeliver);
            }
            give_back(DeliveryId::MAX, AckKind::Released);
        }
        let (consumer, reply) = (number, None);
        turn.commands
            .push(Command::CloseConsumer { consumer, reply });
    }

    pub(super) fn unsubscribe(
        &mut self,
        info: &RemoveSubscriptionInfo,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let name = info.subscription_name.as_ref().map(Text::to_str);
        let name = name.ok_or(OpenWireError::Missing {
            what: "subscriptionName",
        })?;
        let reply = Some(self.replies.open(Pending::Unsubscribe(ask)));
        turn.commands.push(Command::RemoveDurable {
            client_id: None,
            name: Arc::from(&*name),
            reply,
        });
        Ok(Answer::Later)
    }
}

/// The delivery of the last message that the application saw, if it is still open.
fn last_delivered(consumer: &Consumer, last: i64) -> Option<DeliveryId> {
    if last == NOTHING {
        return None;
    }
    let mut open = consumer.window.iter();
    let found = if consumer.durable {
        open.take_while(|one| one.stamp <= last).last()
    } else {
        open.find(|one| one.stamp == last)
    };
    found.map(|one| one.delivery)
}
