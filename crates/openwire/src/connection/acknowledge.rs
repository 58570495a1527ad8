//! MessageAck, all its types.
//!
//! An acknowledgement names the first and last message of a range by their ids; without a first
//! one the range begins with the oldest message. What cannot be found is an error for most
//! types, except before anything was dispatched: that is left over from before a reconnect.

use super::consumer::Consumer;
use super::conversation::{Answer, Ask, Conversation, Turn};
use super::reply::{Pending, Replies};
use super::window::Dispatched;
use crate::codec::{Text, Throwable};
use crate::error::OpenWireError;
use crate::generated::MessageAck;
use floodway_message::Now;
use floodway_message::session::{Ack, AckKind, AckRange, Command, ConsumerId as Number, TxId};
use std::sync::Arc;

const DELIVERED: i8 = 0;
const POISON: i8 = 1;
const STANDARD: i8 = 2;
const REDELIVERED: i8 = 3;
const INDIVIDUAL: i8 = 4;
const EXPIRED: i8 = 6;
/// Of a longer cause the beginning is kept.
const CAUSE_BYTES_MAX: usize = 4096;

impl Conversation {
    pub(super) fn acknowledge(
        &mut self,
        ack: &MessageAck,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let tx = self.transaction_of(ack.transaction_id.as_ref())?;
        let number = ack
            .consumer_id
            .as_ref()
            .and_then(|id| self.consumers.number(id));
        let Some(number) = number else {
            return Ok(Answer::Now);
        };
        let Some(consumer) = self.consumers.get_mut(number) else {
            return Ok(Answer::Now);
        };
        if consumer.window.total == 0 {
            return Ok(Answer::Now);
        }
        let Some((first, last)) = range(consumer, ack)? else {
            return Ok(Answer::Now);
        };
        match ack.ack_type {
            REDELIVERED => return Ok(Answer::Now),
            DELIVERED => {
                consumer.extend(number, ack.message_count, turn.commands);
                return Ok(Answer::Now);
            }
            POISON if tx.is_some() => return Err(OpenWireError::PoisonInTransaction),
            POISON | STANDARD | INDIVIDUAL | EXPIRED => {}
            _ => return Ok(Answer::Now),
        }
        let kind = if ack.ack_type == POISON {
            AckKind::Poison
        } else {
            AckKind::Consumed
        };
        let said = Said {
            number,
            kind,
            cause: ack.poison_cause.as_ref().map(cause_text),
            tx,
            is_expired: ack.ack_type == EXPIRED,
            is_range: ack.ack_type != INDIVIDUAL,
        };
        let told = said.tell(consumer, (first, last), turn);
        Ok(answered_last(&mut self.replies, ask, told, turn))
    }
}

/// What is said of a range of messages.
struct Said {
    number: Number,
    kind: AckKind,
    cause: Option<Arc<str>>,
    tx: Option<TxId>,
    is_expired: bool,
    is_range: bool,
}

impl Said {
    /// Pushes the commands; returns how many.
    fn tell(&self, consumer: &mut Consumer, range: (usize, usize), turn: &mut Turn<'_>) -> usize {
        let (first, last) = range;
        let open = consumer.window.open_in(first, last);
        let cumulative = self.is_range && consumer.window.is_first_open(first);
        consumer.window.settle(first, last, self.tx);
        // One message of a transaction leaves room at once, whatever was said of it before.
        let shrinks = self.is_range || self.tx.is_none();
        let count = if shrinks { open.len() } else { 0 };
        consumer.shrink(self.number, count, turn.commands);
        match open.as_slice() {
            [] => return 0,
            [.., last] if cumulative && !self.is_expired => {
                let range = AckRange::UpTo(last.delivery);
                turn.commands.push(self.command(range, self.kind));
                return 1;
            }
            _ => {}
        }
        for one in &open {
            let kind = self.kind_for(one, turn.now);
            turn.commands
                .push(self.command(AckRange::One(one.delivery), kind));
        }
        open.len()
    }

    /// A message that we find expired as well is given back, so that it is treated as expired.
    fn kind_for(&self, one: &Dispatched, now: Now) -> AckKind {
        let is_over = one.expiration_ms > 0 && one.expiration_ms <= now.wall_ms;
        if self.is_expired && is_over && self.tx.is_none() {
            AckKind::Released
        } else {
            self.kind
        }
    }

    fn command(&self, range: AckRange, kind: AckKind) -> Command {
        Command::Ack(Ack {
            consumer: self.number,
            range,
            kind,
            cause: self.cause.clone(),
            tx: self.tx,
            reply: None,
        })
    }
}

/// The reason that a client gives, as it prints there; never taken for anything but text.
fn cause_text(cause: &Throwable) -> Arc<str> {
    let text = |text: &Option<Text>| text.as_ref().map(|text| text.to_str().into_owned());
    let whole = match (text(&cause.class), text(&cause.message)) {
        (Some(class), Some(message)) => format!("{class}: {message}"),
        (one, other) => one.or(other).unwrap_or_default(),
    };
    let end = whole.floor_char_boundary(CAUSE_BYTES_MAX);
    whole.get(..end).unwrap_or_default().into()
}

/// The last of the commands just pushed is answered by the core.
fn answered_last(replies: &mut Replies, ask: Ask, told: usize, turn: &mut Turn<'_>) -> Answer {
    match turn.commands.last_mut() {
        Some(Command::Ack(ack)) if told > 0 => {
            if ask.required {
                ack.reply = Some(replies.open(Pending::Respond(ask)));
            }
            Answer::Later
        }
        _ => Answer::Now,
    }
}

/// Places of the first and last message; `None` when there is nothing to do.
fn range(consumer: &Consumer, ack: &MessageAck) -> Result<Option<(usize, usize)>, OpenWireError> {
    let window = &consumer.window;
    let Some(last_id) = &ack.last_message_id else {
        return Ok(None);
    };
    let mut last = window.find(last_id);
    if last.is_none() && !consumer.gives_back() {
        // What was told to a subscriber of a topic without the core, or was dropped by it.
        last = window.open_before(last_id.broker_sequence_id);
        if last.is_none() {
            return Ok(None);
        }
    }
    let must_be_found = matches!(ack.ack_type, DELIVERED..=REDELIVERED | EXPIRED);
    let Some(last) = last else {
        return if must_be_found {
            let what = "the last message";
            Err(OpenWireError::Unmatched { what })
        } else {
            Ok(None)
        };
    };
    // The first of those that were passed on may be acknowledged by now.
    if matches!(ack.ack_type, INDIVIDUAL | DELIVERED) {
        return Ok(Some((last, last)));
    }
    let first = match &ack.first_message_id {
        None => Some(0),
        Some(first) if Some(first) == ack.last_message_id.as_ref() => Some(last),
        Some(first) => window.find(first).or((!consumer.gives_back()).then_some(0)),
    };
    match first {
        Some(first) if first <= last => Ok(Some((first, last))),
        _ => {
            let what = "the first message";
            Err(OpenWireError::Unmatched { what })
        }
    }
}
