//! Messages to a consumer.
//!
//! Most messages of a producer differ in their numbers and their body alone, if they have no
//! headers of their own and no properties. The first of them is converted and written field by
//! field; the next are written over its frame. The bytes are the same either way.

use super::conversation::{Conversation, Turn};
use super::window::Dispatched;
use crate::codec::Stencil;
use crate::convert::native::{self, Native};
use crate::convert::outbound::{self, Outgoing};
use crate::generated::{MessageDispatch, MessageId};
use floodway_message::session::{ConsumerId as Number, Delivery};
use floodway_message::{DestinationKind, Field, Message};

/// Producers and consumers of a connection whose frames are kept.
const PATTERNS_MAX: usize = 16;
/// When there are more of them, every so many frames take the place of others.
const REPLACED_EVERY: u32 = 8;
/// The version from which on a message tells when it came and went.
const TIMES_VERSION: u8 = 3;

/// A message without headers of its own and properties.
struct Plain<'a> {
    /// The id up to the number.
    producer: &'a [u8],
    sequence: i64,
    destination: (DestinationKind, &'a [u8]),
    native: Native,
    persistent: bool,
    priority: u8,
}

impl<'a> Plain<'a> {
    fn of(message: &'a Message) -> Option<Self> {
        let native = message.native(native::TAG).and_then(Native::decode)?;
        if native.has(native::NO_CONTENT | native::RAW_PROPERTIES | native::RARE) {
            return None;
        }
        let (mut id, mut destination) = (None, None);
        for field in message.fields() {
            match field {
                Field::Id(bytes) => id = Some(bytes),
                Field::Destination(kind, name) => destination = Some((kind, name)),
                _ => return None,
            }
        }
        let (producer, sequence) = outbound::last_number(id?)?;
        Some(Self {
            producer,
            sequence,
            destination: destination?,
            native,
            persistent: message.is_persistent(),
            priority: message.priority(),
        })
    }

    /// All 64-bit numbers of its frame, in their order.
    fn longs(&self, message: &Message, outgoing: &Outgoing) -> [i64; 7] {
        let arrival = 0;
        [
            self.sequence,
            outgoing.stamp,
            message.expiration_ms(),
            message.timestamp_ms(),
            arrival,
            self.native.broker_in_ms,
            outgoing.wall_ms,
        ]
    }
}

/// What one producer's frames for one consumer have in common.
struct Pattern {
    consumer: Number,
    producer: Vec<u8>,
    destination: (DestinationKind, Vec<u8>),
    type_id: u8,
    flags: u8,
    persistent: bool,
    priority: u8,
    /// Of the last message.
    id: MessageId,
    stencil: Stencil,
}

impl Pattern {
    fn new(consumer: Number, plain: &Plain<'_>, id: MessageId, stencil: Stencil) -> Self {
        let (kind, name) = plain.destination;
        Self {
            consumer,
            producer: plain.producer.to_vec(),
            destination: (kind, name.to_vec()),
            type_id: plain.native.type_id,
            flags: plain.native.flags,
            persistent: plain.persistent,
            priority: plain.priority,
            id,
            stencil,
        }
    }

    fn fits(&self, consumer: Number, plain: &Plain<'_>) -> bool {
        let (kind, name) = &self.destination;
        self.consumer == consumer
            && self.producer == plain.producer
            && (*kind, &name[..]) == plain.destination
            && (self.type_id, self.flags) == (plain.native.type_id, plain.native.flags)
            && (self.persistent, self.priority) == (plain.persistent, plain.priority)
    }
}

/// The frames of a connection that others are written over.
#[derive(Default)]
pub(super) struct Patterns {
    list: Vec<Pattern>,
    /// The one that fitted last.
    recent: usize,
    /// The next to be replaced.
    oldest: usize,
    missed: u32,
}

impl Patterns {
    fn find(&mut self, consumer: Number, plain: &Plain<'_>) -> Option<&mut Pattern> {
        let fits = |one: &Pattern| one.fits(consumer, plain);
        if !self.list.get(self.recent).is_some_and(fits) {
            self.recent = self.list.iter().position(fits)?;
        }
        self.list.get_mut(self.recent)
    }

    /// Is it worth to keep the next frame?
    fn wants(&mut self) -> bool {
        self.missed = self.missed.wrapping_add(1);
        self.list.len() < PATTERNS_MAX || self.missed.is_multiple_of(REPLACED_EVERY)
    }

    fn keep(&mut self, pattern: Pattern) {
        let known =
            |one: &Pattern| one.consumer == pattern.consumer && one.producer == pattern.producer;
        if let Some(at) = self.list.iter().position(known)
            && let Some(place) = self.list.get_mut(at)
        {
            *place = pattern;
        } else if self.list.len() < PATTERNS_MAX {
            self.list.push(pattern);
        } else if let Some(place) = self.list.get_mut(self.oldest) {
            *place = pattern;
            self.oldest = (self.oldest + 1) % PATTERNS_MAX;
        }
    }
}

impl Conversation {
    pub(super) fn deliver(&mut self, delivery: &Delivery, turn: &mut Turn<'_>) {
        self.stamp += 1;
        let outgoing = Outgoing {
            stamp: self.stamp,
            redeliveries: i32::try_from(delivery.redeliveries).unwrap_or(i32::MAX),
            wall_ms: turn.now.wall_ms,
        };
        let is_first = delivery.redeliveries == 0;
        let plain = is_first.then(|| Plain::of(&delivery.message)).flatten();
        let is_written = plain
            .as_ref()
            .is_some_and(|plain| self.repeat(delivery, plain, &outgoing, turn));
        if !is_written {
            self.write_anew(delivery, plain, &outgoing, turn);
        }
    }

    /// Writes a delivery over the frame of another; `false` when there is none like it.
    fn repeat(
        &mut self,
        delivery: &Delivery,
        plain: &Plain<'_>,
        outgoing: &Outgoing,
        turn: &mut Turn<'_>,
    ) -> bool {
        let found = self.patterns.find(delivery.consumer, plain);
        let content = outbound::content(&delivery.message, &plain.native);
        let consumer = self.consumers.get_mut(delivery.consumer);
        let (Some(pattern), Some(content), Some(consumer)) = (found, content, consumer) else {
            return false;
        };
        let longs = plain.longs(&delivery.message, outgoing);
        let version = self.encoder.format().version;
        let longs = told(&longs, version);
        let stencil = &pattern.stencil;
        if !self.encoder.repeat(stencil, longs, &content, turn.output) {
            return false;
        }
        pattern.id.producer_sequence_id = plain.sequence;
        consumer.answered();
        consumer.window.push(Dispatched {
            delivery: delivery.delivery,
            stamp: outgoing.stamp,
            id_hash: consumer.window.hash(&pattern.id),
            expiration_ms: delivery.message.expiration_ms(),
            tx: None,
        });
        true
    }

    /// Converts and writes a delivery, and keeps its frame if others will be like it.
    fn write_anew(
        &mut self,
        delivery: &Delivery,
        plain: Option<Plain<'_>>,
        outgoing: &Outgoing,
        turn: &mut Turn<'_>,
    ) {
        // A delivery that crossed a removal: the core takes it back by itself.
        let Some(consumer) = self.consumers.get_mut(delivery.consumer) else {
            return;
        };
        let mut message = outbound::message(&delivery.message, outgoing);
        message.jmsx_group_first_for_consumer = consumer.begins_group(&message);
        consumer.answered();
        if let Some(id) = &message.message_id {
            let id_hash = consumer.window.hash(id);
            consumer.window.push(Dispatched {
                delivery: delivery.delivery,
                stamp: outgoing.stamp,
                id_hash,
                expiration_ms: message.expiration,
                tx: None,
            });
        }
        let dispatch = MessageDispatch {
            consumer_id: Some(consumer.id.clone()),
            destination: message.destination.clone(),
            message: Some(message),
            redelivery_counter: outgoing.redeliveries,
            ..MessageDispatch::default()
        };
        match plain {
            Some(plain) if self.encoder.format().cache && self.patterns.wants() => {
                let longs = plain.longs(&delivery.message, outgoing);
                let longs = told(&longs, self.encoder.format().version);
                let stencil = self.encoder.put_first(&dispatch, longs, turn.output);
                let id = dispatch.message.and_then(|message| message.message_id);
                // A foreign id is a text of its own in every frame.
                let id = id.filter(|id| id.text_view.is_none());
                if let (Some(stencil), Some(id)) = (stencil, id) {
                    let pattern = Pattern::new(delivery.consumer, &plain, id, stencil);
                    self.patterns.keep(pattern);
                }
            }
            _ => self.encoder.put(&dispatch, turn.output),
        }
    }
}

/// Those that a version knows.
fn told(longs: &[i64; 7], version: u8) -> &[i64] {
    let count = if version < TIMES_VERSION { 5 } else { 7 };
    longs.get(..count).unwrap_or_default()
}
