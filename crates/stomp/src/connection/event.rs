//! What the core tells, as frames.
//!
//! Receipts follow the core's answers and so the durability that they stand for; pauses need no
//! frame, since a receipt that is withheld says it. A refused command is answered by an ERROR
//! with its receipt id and ends nothing, except a refused CONNECT.

use super::conversation::{Conversation, Phase, Turn};
use super::receipt::{Pending, Receipt};
use super::subscription::AckMode;
use crate::codec::Escaping;
use crate::codec::encode::{ErrorFrame, put_error, put_receipt};
use bytes::BytesMut;
use floodway_message::session::{
    ConnectionEnd, ConsumerId, Delivery, Event, Failure, FailureKind, Reply,
};
use std::sync::Arc;

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
            Event::Done { reply } => return self.done(reply, turn),
            Event::Failed { reply, failure } => return self.failed(reply, &failure, turn),
            Event::Connected { reply } => {
                if let Some(Pending::Connect(echoed)) = self.replies.take(reply) {
                    self.connected(echoed.as_ref(), turn);
                }
            }
            Event::BrowseEnd { consumer } => self.browse_end(consumer, turn),
            Event::Aborted { consumer, reason } => self.aborted(consumer, &reason, turn),
            Event::Closed { reason } => return Err(self.closed(reason, turn)),
            // Nothing asks for prepared branches here.
            Event::Pause { .. }
            | Event::Resume { .. }
            | Event::Prepared { .. }
            | Event::PeerBrokers { .. } => {}
        }
        Ok(())
    }

    #[inline]
    fn deliver(&mut self, delivery: &Delivery, turn: &mut Turn<'_>) {
        // A delivery that crossed an UNSUBSCRIBE: the core takes it back by itself.
        let Some(subscription) = self.subscriptions.get_mut(delivery.consumer) else {
            return;
        };
        subscription
            .template
            .put_message(turn.output, delivery, &self.temporaries);
        if subscription.mode != AckMode::Auto {
            subscription
                .unacked
                .push(delivery.delivery, &delivery.message);
            return;
        }
        let first = subscription.written == 0;
        subscription.written = delivery.delivery;
        if first {
            self.subscriptions.written.push(delivery.consumer);
        }
    }

    fn done(&mut self, reply: Reply, turn: &mut Turn<'_>) -> Result<(), ConnectionEnd> {
        let Some(pending) = self.replies.take(reply) else {
            return Ok(());
        };
        let (receipt, leaves) = match pending {
            Pending::Receipt(receipt) => (Some(receipt), false),
            Pending::Subscribe(_, receipt) => (receipt, false),
            Pending::Disconnect(receipt) => (receipt, true),
            Pending::Connect(_) => (None, false),
        };
        if let Some(receipt) = receipt {
            put_receipt(turn.output.buffer(), receipt.escaped());
        }
        if leaves {
            self.phase = Phase::Ended(ConnectionEnd::Disconnected);
            return Err(ConnectionEnd::Disconnected);
        }
        Ok(())
    }

    fn failed(
        &mut self,
        reply: Option<Reply>,
        failure: &Failure,
        turn: &mut Turn<'_>,
    ) -> Result<(), ConnectionEnd> {
        let pending = reply.and_then(|reply| self.replies.take(reply));
        let (receipt, end) = match pending {
            None => (None, None),
            Some(Pending::Receipt(receipt)) => (Some(receipt), None),
            Some(Pending::Subscribe(consumer, receipt)) => {
                self.subscriptions.remove(consumer);
                (receipt, None)
            }
            Some(Pending::Connect(echoed)) => (
                echoed,
                Some(ConnectionEnd::Closed(Arc::clone(&failure.text))),
            ),
            Some(Pending::Disconnect(receipt)) => (receipt, Some(ConnectionEnd::Disconnected)),
        };
        let fate = if end.is_some() {
            "the connection is closed"
        } else {
            "the command was not carried out; the connection stays open"
        };
        put_error(
            turn.output.buffer(),
            self.escaping(),
            &ErrorFrame {
                message: &failure.text,
                escaped_receipt_id: receipt.as_ref().map(Receipt::escaped),
                versions: None,
                body: &format!("{}\n{}{fate}\n", failure.text, advice(failure.kind)),
            },
        );
        match end {
            Some(end) => {
                self.phase = Phase::Ended(end.clone());
                Err(end)
            }
            None => Ok(()),
        }
    }

    fn browse_end(&mut self, consumer: ConsumerId, turn: &mut Turn<'_>) {
        let Some(subscription) = self.subscriptions.get_mut(consumer) else {
            return;
        };
        let mut name = BytesMut::new();
        for destination in &subscription.destinations {
            if !name.is_empty() {
                name.extend_from_slice(b",");
            }
            let bytes = destination.name().as_bytes();
            let kind = destination.kind();
            self.temporaries.put(&mut name, Escaping::None, kind, bytes);
        }
        subscription
            .template
            .put_browse_end(turn.output.buffer(), &name);
    }

    /// The core has closed a subscription.
    fn aborted(&mut self, consumer: ConsumerId, reason: &str, turn: &mut Turn<'_>) {
        let Some(subscription) = self.subscriptions.remove(consumer) else {
            return;
        };
        let id = subscription.id.as_deref().unwrap_or_default();
        let id = String::from_utf8_lossy(id);
        let message = format!("subscription {id} was closed: {reason}");
        let body = format!("{message}\nsubscribe again to go on; the connection stays open\n");
        put_error(
            turn.output.buffer(),
            self.escaping(),
            &ErrorFrame {
                message: &message,
                body: &body,
                ..ErrorFrame::default()
            },
        );
    }

    fn closed(&mut self, reason: Arc<str>, turn: &mut Turn<'_>) -> ConnectionEnd {
        put_error(
            turn.output.buffer(),
            self.escaping(),
            &ErrorFrame {
                message: &reason,
                body: &format!("{reason}\nthe connection is closed\n"),
                ..ErrorFrame::default()
            },
        );
        let end = ConnectionEnd::Closed(reason);
        self.phase = Phase::Ended(end.clone());
        end
    }
}

/// A line on what to do about a class of refusals, for those whose text is about one case.
fn advice(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NoSpace => {
            "consume messages, send slower, or ask the operator to raise the limit; then send \
             again\n"
        }
        FailureKind::Security => "check login and passcode, or ask the operator for access\n",
        FailureKind::Store => "the broker cannot store messages now; ask the operator\n",
        _ => "",
    }
}
