//! ACK and NACK.
//!
//! 1.0 names a message id, 1.1 a message id and a subscription, 1.2 the `ack` header of the
//! MESSAGE, here `<consumer>-<delivery>`. ACK in `client` mode covers all earlier deliveries of
//! the subscription; NACK always covers one and sends it to the dead letter queue.

use super::conversation::{Conversation, Turn};
use super::subscription::{AckMode, Subscription};
use crate::codec::{Frame, Verb, Version, number};
use crate::error::{StompError, shown};
use floodway_message::session::{Ack, AckKind, AckRange, Command, ConsumerId, DeliveryId};

/// What an ACK or NACK names.
enum Named {
    Delivery(ConsumerId, DeliveryId),
    /// A delivery of a consumer that was closed: its message went back already.
    Closed,
}

impl Conversation {
    pub(super) fn acknowledge(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), StompError> {
        if frame.verb == Verb::Nack && self.version == Version::V1_0 {
            return Err(StompError::NackInVersion10);
        }
        let named = match self.version {
            Version::V1_2 => self.by_ack_id(frame)?,
            Version::V1_1 => self.by_subscription(frame)?,
            Version::V1_0 => self.by_message_id(frame)?,
        };
        let tx = self.transaction(frame.headers)?;
        let Named::Delivery(consumer, delivery) = named else {
            // An ACK that crossed an UNSUBSCRIBE is no mistake of the client.
            if let Some(receipt) = self.receipt(frame.headers) {
                crate::codec::encode::put_receipt(turn.output.buffer(), receipt.escaped());
            }
            return Ok(());
        };
        let Some(subscription) = self.subscriptions.get_mut(consumer) else {
            return Ok(());
        };
        let nack = frame.verb == Verb::Nack;
        if nack && subscription.browser {
            return Err(StompError::NackOfBrowser);
        }
        let cumulative = !nack && subscription.mode == AckMode::Client;
        let range = if cumulative {
            subscription.unacked.acknowledge_up_to(delivery, tx);
            AckRange::UpTo(delivery)
        } else {
            subscription.unacked.acknowledge(delivery, tx);
            AckRange::One(delivery)
        };
        let reply = self.reply(frame.headers);
        turn.commands.push(Command::Ack(Ack {
            consumer,
            range,
            kind: if nack {
                AckKind::Poison
            } else {
                AckKind::Consumed
            },
            cause: None,
            tx,
            reply,
        }));
        Ok(())
    }

    /// Acknowledges what was written to subscriptions in `auto` mode.
    pub(super) fn acknowledge_written(&mut self, commands: &mut Vec<Command>) {
        while let Some(consumer) = self.subscriptions.written.pop() {
            let Some(subscription) = self.subscriptions.get_mut(consumer) else {
                continue;
            };
            let delivery = std::mem::take(&mut subscription.written);
            commands.push(Command::Ack(Ack {
                consumer,
                range: AckRange::UpTo(delivery),
                kind: AckKind::Consumed,
                cause: None,
                tx: None,
                reply: None,
            }));
        }
    }

    fn by_ack_id(&mut self, frame: &Frame<'_>) -> Result<Named, StompError> {
        let raw = frame.headers.required(frame.verb, "id")?;
        let id = raw.trim_ascii();
        let dash = memchr::memchr(b'-', id).unwrap_or(id.len());
        let consumer = number::parse_u64(id.get(..dash).unwrap_or_default());
        let delivery = number::parse_u64(id.get(dash + 1..).unwrap_or_default());
        let Some((consumer, delivery)) = consumer.zip(delivery) else {
            return Err(unexpected(frame.verb, raw));
        };
        let closed = self.subscriptions.was_opened(consumer);
        match self.subscriptions.get_mut(consumer) {
            Some(one) if one.unacked.contains(delivery) => Ok(Named::Delivery(consumer, delivery)),
            None if closed => Ok(Named::Closed),
            _ => Err(unexpected(frame.verb, raw)),
        }
    }

    fn by_subscription(&self, frame: &Frame<'_>) -> Result<Named, StompError> {
        let headers = frame.headers;
        let id = headers.required(frame.verb, "message-id")?;
        let id = headers.escaping.decode(id);
        let subscription = headers.required(frame.verb, "subscription")?;
        let subscription = headers.escaping.decode(subscription);
        find(self.subscriptions.of_id(&subscription), &id)
            .ok_or_else(|| unexpected(frame.verb, &id))
    }

    fn by_message_id(&self, frame: &Frame<'_>) -> Result<Named, StompError> {
        let id = frame.headers.required(frame.verb, "message-id")?;
        let found = match frame.headers.raw("subscription") {
            Some(subscription) => find(self.subscriptions.of_id(subscription), id),
            None => find(self.subscriptions.iter(), id),
        };
        found.ok_or_else(|| unexpected(frame.verb, id))
    }
}

fn find<'a>(mut among: impl Iterator<Item = &'a Subscription>, message_id: &[u8]) -> Option<Named> {
    among.find_map(|one| {
        let delivery = one.unacked.by_message_id(message_id)?;
        Some(Named::Delivery(one.consumer, delivery))
    })
}

fn unexpected(verb: Verb, id: &[u8]) -> StompError {
    let id = shown(id);
    if verb == Verb::Nack {
        StompError::UnexpectedNack { id }
    } else {
        StompError::UnexpectedAck { id }
    }
}
