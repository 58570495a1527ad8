//! Acknowledgements of a session's consumers.

use super::{Session, SessionState};
use crate::consumer::Consumer;
use crate::queue::Queue;
use crate::turn::{Moved, Turn, Work};
use floodway_message::session::{Ack, AckKind, AckRange, Failure, FailureKind};
use std::sync::Arc;

impl Session {
    pub(super) fn acknowledge(&self, state: &mut SessionState, ack: &Ack, turn: &mut Turn<'_>) {
        let Some(consumer) = state.consumers.get(&ack.consumer).map(Arc::clone) else {
            if ack.reply.is_none() && state.aborted.contains(&ack.consumer) {
                // It crossed the word that the consumer is closed.
                return;
            }
            return self.unknown(ack, turn);
        };
        let queues: Vec<Arc<Queue>> = consumer.queues.lock().iter().map(Arc::clone).collect();
        if consumer.browser {
            return self.browser_acknowledged(&consumer, &queues, ack, turn);
        }
        if let Some(tx) = ack.tx
            && ack.kind == AckKind::Consumed
        {
            return self.acknowledge_in(state, tx, (&consumer, &queues), ack, turn);
        }
        let mut count = 0;
        let mut batch = None;
        let mut failure = None;
        for queue in &queues {
            let done = queue.acknowledge(&consumer, ack, turn);
            count += done.count;
            batch = batch.max(done.batch);
            failure = failure.or(done.failure);
            if count > 0 && matches!(ack.range, AckRange::One(_)) {
                break;
            }
        }
        if count == 0 && matches!(ack.range, AckRange::One(_)) {
            return self.unknown(ack, turn);
        }
        consumer.note_acknowledged(turn.now);
        share_room(&consumer, &queues, turn);
        if let Some(failure) = failure {
            return turn.answer(&self.outbox, ack.reply, Err(failure));
        }
        if ack.kind == AckKind::Poison {
            let outbox = Arc::clone(&self.outbox);
            return turn.later(Work::Moved(Moved {
                outbox,
                reply: ack.reply,
                queues,
            }));
        }
        turn.answer_after(&self.outbox, ack.reply, batch);
    }

    fn unknown(&self, ack: &Ack, turn: &mut Turn<'_>) {
        let (AckRange::One(delivery) | AckRange::UpTo(delivery)) = ack.range;
        let text = format!(
            "unexpected acknowledgement: delivery {delivery} is not waiting for one (already \
             acknowledged, or its subscription was closed)"
        );
        let failure = Failure::new(FailureKind::UnknownDelivery, text);
        turn.answer(&self.outbox, ack.reply, Err(failure));
    }

    fn browser_acknowledged(
        &self,
        consumer: &Arc<Consumer>,
        queues: &[Arc<Queue>],
        ack: &Ack,
        turn: &mut Turn<'_>,
    ) {
        consumer.browsed(ack.range);
        for queue in queues {
            queue.browser_took(consumer, turn);
        }
        turn.answer(&self.outbox, ack.reply, Ok(()));
    }

    fn acknowledge_in(
        &self,
        state: &mut SessionState,
        tx: u64,
        (consumer, queues): (&Arc<Consumer>, &[Arc<Queue>]),
        ack: &Ack,
        turn: &mut Turn<'_>,
    ) {
        let max = self.broker.settings.uncommitted_count_max;
        let Some(transaction) = state.transactions.get_mut(&tx) else {
            return self.no_transaction(tx, ack.reply, turn);
        };
        if transaction.count >= max {
            let text = format!("transaction has {max} operations already; commit it first");
            let failure = Failure::new(FailureKind::Transaction, text);
            return turn.answer(&self.outbox, ack.reply, Err(failure));
        }
        let mut count = 0;
        for queue in queues {
            let marked = queue.mark(consumer, ack.range, transaction.mark, turn);
            if marked > 0 {
                transaction.acknowledged(queue, consumer, marked);
            }
            count += marked;
            if count > 0 && matches!(ack.range, AckRange::One(_)) {
                break;
            }
        }
        if count == 0 && matches!(ack.range, AckRange::One(_)) {
            return self.unknown(ack, turn);
        }
        consumer.note_acknowledged(turn.now);
        share_room(consumer, queues, turn);
        turn.answer(&self.outbox, ack.reply, Ok(()));
    }
}

/// The window is shared: room won at one queue is room at all.
fn share_room(consumer: &Arc<Consumer>, queues: &[Arc<Queue>], turn: &mut Turn<'_>) {
    if queues.len() > 1 {
        for queue in queues {
            queue.room_won(consumer, turn);
        }
    }
}
