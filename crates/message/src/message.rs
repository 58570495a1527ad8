//! The message: an encoded head with headers and properties, and an opaque body.
//!
//! Both are byte buffers in the form in which the store writes them; fields are read out of the
//! head on demand. The few values that the core asks for on every message (persistent, priority,
//! expiration, timestamp) stand at fixed places. A head is at most [`HEAD_BYTES_MAX`] bytes and
//! is checked once, when it is built or read back.
//!
//! Head layout: version (1), flags (1), priority (1), body kind (1), timestamp (8), expiration
//! (8), then fields: tag (1), length (4), bytes. Numbers are big-endian.

use crate::properties::PropertyValue;
use crate::{Destination, DestinationKind};
use bytes::{Bytes, BytesMut};

mod field;
mod fields;
#[cfg(test)]
mod tests;

pub use field::Field;

/// Longest head, in bytes.
pub const HEAD_BYTES_MAX: usize = 16 * 1024 * 1024;

const VERSION: u8 = 1;
const FIXED_BYTES: usize = 20;
const FLAG_PERSISTENT: u8 = 1;
/// Fixed part of a non-persistent message of priority 4 without body that never expires.
const EMPTY: [u8; FIXED_BYTES] = {
    let mut fixed = [0; FIXED_BYTES];
    fixed[0] = VERSION;
    fixed[2] = 4;
    fixed[3] = BodyKind::Empty.code();
    fixed
};
/// Room for a head in a new builder.
const HEAD_BYTES_USUAL: usize = 256;
/// A reused builder keeps no more room than this.
const HEAD_BYTES_KEPT: usize = 16 * 1024;

/// What a body is, so that protocols can convert it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyKind {
    /// UTF-8 text.
    Text,
    /// Opaque bytes.
    Bytes,
    /// No body at all (a plain JMS message).
    Empty,
    /// Name and value pairs, in the encoding named by the head's native tag.
    Map,
    /// A serialized object: opaque, never looked into.
    Object,
    /// A stream of primitive values, in the encoding named by the head's native tag.
    Stream,
    /// What the broker tells of itself: an encoded [`crate::Advisory`].
    Advisory,
}

impl BodyKind {
    const fn code(self) -> u8 {
        match self {
            Self::Text => 0,
            Self::Bytes => 1,
            Self::Empty => 2,
            Self::Map => 3,
            Self::Object => 4,
            Self::Stream => 5,
            Self::Advisory => 6,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Text,
            1 => Self::Bytes,
            2 => Self::Empty,
            3 => Self::Map,
            4 => Self::Object,
            5 => Self::Stream,
            6 => Self::Advisory,
            _ => return None,
        })
    }
}

/// Header fields of a head. Their numbers are part of the store's format: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Id = 1,
    Destination = 2,
    OriginalDestination = 3,
    ReplyTo = 4,
    CorrelationId = 5,
    Type = 6,
    GroupId = 7,
    GroupSequence = 8,
    UserId = 9,
    ProducerId = 10,
    ProducerSequence = 11,
    TransactionId = 12,
    Property = 20,
    Native = 30,
}

/// A message that no longer changes. Cheap to clone.
#[derive(Clone)]
pub struct Message {
    head: Bytes,
    body: Bytes,
}

impl Message {
    /// Reads a message back from a stored head and body.
    ///
    /// # Errors
    /// When the head is not one that [`MessageBuilder`] writes.
    pub fn from_parts(head: Bytes, body: Bytes) -> Result<Self, MessageError> {
        fields::check(&head)?;
        Ok(Self { head, body })
    }

    /// The encoded head, as the store keeps it.
    pub fn head(&self) -> &Bytes {
        &self.head
    }

    /// The body, as the producer sent it.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What the body is.
    pub fn body_kind(&self) -> BodyKind {
        BodyKind::from_code(self.byte(3)).unwrap_or(BodyKind::Bytes)
    }

    /// `true` when the message must survive a crash of the broker.
    #[inline]
    pub fn is_persistent(&self) -> bool {
        self.byte(1) & FLAG_PERSISTENT != 0
    }

    /// JMSPriority, 0 to 9.
    #[inline]
    pub fn priority(&self) -> u8 {
        self.byte(2)
    }

    /// JMSTimestamp: milliseconds since 1970, 0 when unset.
    #[inline]
    pub fn timestamp_ms(&self) -> i64 {
        self.long(4)
    }

    /// JMSExpiration: milliseconds since 1970, 0 for never.
    #[inline]
    pub fn expiration_ms(&self) -> i64 {
        self.long(12)
    }

    /// `true` when the message has an expiration and it has passed.
    #[inline]
    pub fn is_expired(&self, wall_ms: i64) -> bool {
        let expiration = self.expiration_ms();
        expiration > 0 && expiration <= wall_ms
    }

    /// JMSMessageID.
    pub fn id(&self) -> &str {
        self.text(Tag::Id).unwrap_or_default()
    }

    /// JMSDestination as kind and name, without allocating.
    pub fn destination_name(&self) -> Option<(DestinationKind, &str)> {
        let (kind, name) = self.field(Tag::Destination)?.split_first()?;
        Some((
            DestinationKind::from_code(*kind)?,
            std::str::from_utf8(name).ok()?,
        ))
    }

    /// JMSDestination.
    pub fn destination(&self) -> Option<Destination> {
        self.destination_field(Tag::Destination)
    }

    /// Where the message was first sent to, when it was moved or copied on.
    pub fn original_destination(&self) -> Option<Destination> {
        self.destination_field(Tag::OriginalDestination)
    }

    /// JMSReplyTo.
    pub fn reply_to(&self) -> Option<Destination> {
        self.destination_field(Tag::ReplyTo)
    }

    /// JMSCorrelationID.
    pub fn correlation_id(&self) -> Option<&str> {
        self.text(Tag::CorrelationId)
    }

    /// JMSType.
    pub fn message_type(&self) -> Option<&str> {
        self.text(Tag::Type)
    }

    /// JMSXGroupID.
    pub fn group_id(&self) -> Option<&str> {
        self.text(Tag::GroupId)
    }

    /// JMSXGroupSeq; 0 when unset, -1 closes the group.
    pub fn group_sequence(&self) -> i32 {
        let bytes = self
            .field(Tag::GroupSequence)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, i32::from_be_bytes)
    }

    /// JMSXUserID.
    pub fn user_id(&self) -> Option<&str> {
        self.text(Tag::UserId)
    }

    /// The producer that numbered this message, with the number: a repeated or lower number of
    /// the same producer is a duplicate.
    pub fn producer_sequence(&self) -> Option<(&str, u64)> {
        let bytes = self.field(Tag::ProducerSequence)?;
        Some((
            self.text(Tag::ProducerId)?,
            u64::from_be_bytes(bytes.try_into().ok()?),
        ))
    }

    /// The transaction in which the message was sent.
    pub fn transaction_id(&self) -> Option<&str> {
        self.text(Tag::TransactionId)
    }

    /// Bytes that a protocol room attached under its own tag, to write the message again
    /// without converting it.
    pub fn native(&self, tag: u8) -> Option<&[u8]> {
        let (found, bytes) = self.field(Tag::Native)?.split_first()?;
        (*found == tag).then_some(bytes)
    }

    /// All properties in the order in which they were set.
    pub fn properties(&self) -> impl Iterator<Item = (&str, PropertyValue<'_>)> {
        fields::iterate(&self.head)
            .filter(|(tag, _)| *tag == Tag::Property as u8)
            .filter_map(|(_, bytes)| fields::property(bytes))
    }

    /// The property of a name.
    pub fn property(&self, name: &str) -> Option<PropertyValue<'_>> {
        self.properties()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// Bytes that flow control charges for properties and body, without the fixed base.
    pub fn charge_bytes(&self) -> usize {
        let properties: usize = fields::iterate(&self.head)
            .filter(|(tag, _)| *tag == Tag::Property as u8)
            .map(|(_, bytes)| bytes.len())
            .sum();
        self.body.len()
            + properties
            + if self.body_kind() == BodyKind::Text {
                4
            } else {
                0
            }
    }

    /// Starts a changed copy of this message: all fields and the body are taken over.
    pub fn rebuild(&self) -> MessageBuilder {
        MessageBuilder {
            head: BytesMut::from(&self.head[..]),
            body: self.body.clone(),
        }
    }

    /// Copies head and body into one buffer of exactly their size.
    fn copied(head: &[u8], body: &[u8]) -> Self {
        let mut whole = Vec::with_capacity(head.len() + body.len());
        whole.extend_from_slice(head);
        whole.extend_from_slice(body);
        let mut whole = Bytes::from(whole);
        let body = whole.split_off(head.len());
        Self { head: whole, body }
    }

    fn byte(&self, at: usize) -> u8 {
        self.head.get(at).copied().unwrap_or_default()
    }

    fn long(&self, at: usize) -> i64 {
        let bytes = self
            .head
            .get(at..at + 8)
            .and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, i64::from_be_bytes)
    }

    fn field(&self, tag: Tag) -> Option<&[u8]> {
        fields::iterate(&self.head)
            .find(|(found, _)| *found == tag as u8)
            .map(|(_, bytes)| bytes)
    }

    fn text(&self, tag: Tag) -> Option<&str> {
        std::str::from_utf8(self.field(tag)?).ok()
    }

    fn destination_field(&self, tag: Tag) -> Option<Destination> {
        let (kind, name) = self.field(tag)?.split_first()?;
        let name = std::str::from_utf8(name).ok()?;
        Destination::new(DestinationKind::from_code(*kind)?, name).ok()
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id())
            .field("destination", &self.destination())
            .field("persistent", &self.is_persistent())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Puts a message together. Setting a field twice replaces it; properties are only added.
#[derive(Debug)]
pub struct MessageBuilder {
    head: BytesMut,
    body: Bytes,
}

impl MessageBuilder {
    /// An empty non-persistent message of priority 4 that never expires.
    pub fn new() -> Self {
        let mut head = BytesMut::with_capacity(HEAD_BYTES_USUAL);
        head.extend_from_slice(&EMPTY);
        Self {
            head,
            body: Bytes::new(),
        }
    }

    /// Sets whether the message must survive a crash.
    pub fn persistent(&mut self, persistent: bool) -> &mut Self {
        self.set_byte(1, if persistent { FLAG_PERSISTENT } else { 0 })
    }

    /// Sets JMSPriority; values above 9 count as 9.
    pub fn priority(&mut self, priority: u8) -> &mut Self {
        self.set_byte(2, priority.min(9))
    }

    /// Sets JMSTimestamp in milliseconds since 1970.
    pub fn timestamp_ms(&mut self, timestamp_ms: i64) -> &mut Self {
        self.set_long(4, timestamp_ms)
    }

    /// Sets JMSExpiration in milliseconds since 1970; 0 is never.
    pub fn expiration_ms(&mut self, expiration_ms: i64) -> &mut Self {
        self.set_long(12, expiration_ms)
    }

    /// Sets JMSMessageID.
    pub fn id(&mut self, id: &str) -> &mut Self {
        self.set(Tag::Id, &[id.as_bytes()])
    }

    /// Sets JMSDestination.
    pub fn destination(&mut self, destination: &Destination) -> &mut Self {
        self.set_destination(Tag::Destination, destination)
    }

    /// Sets where the message was first sent to.
    pub fn original_destination(&mut self, destination: &Destination) -> &mut Self {
        self.set_destination(Tag::OriginalDestination, destination)
    }

    /// Sets JMSReplyTo.
    pub fn reply_to(&mut self, destination: &Destination) -> &mut Self {
        self.set_destination(Tag::ReplyTo, destination)
    }

    /// Sets JMSCorrelationID.
    pub fn correlation_id(&mut self, text: &str) -> &mut Self {
        self.set(Tag::CorrelationId, &[text.as_bytes()])
    }

    /// Sets JMSType.
    pub fn message_type(&mut self, text: &str) -> &mut Self {
        self.set(Tag::Type, &[text.as_bytes()])
    }

    /// Sets JMSXGroupID.
    pub fn group_id(&mut self, text: &str) -> &mut Self {
        self.set(Tag::GroupId, &[text.as_bytes()])
    }

    /// Sets JMSXGroupSeq.
    pub fn group_sequence(&mut self, sequence: i32) -> &mut Self {
        self.set(Tag::GroupSequence, &[&sequence.to_be_bytes()])
    }

    /// Sets JMSXUserID.
    pub fn user_id(&mut self, text: &str) -> &mut Self {
        self.set(Tag::UserId, &[text.as_bytes()])
    }

    /// Sets the producer and its number for this message, for duplicate suppression.
    pub fn producer_sequence(&mut self, producer: &str, sequence: u64) -> &mut Self {
        self.set(Tag::ProducerId, &[producer.as_bytes()]);
        self.set(Tag::ProducerSequence, &[&sequence.to_be_bytes()])
    }

    /// Sets the transaction in which the message is sent.
    pub fn transaction_id(&mut self, text: &str) -> &mut Self {
        self.set(Tag::TransactionId, &[text.as_bytes()])
    }

    /// Attaches bytes under a protocol room's own tag.
    pub fn native(&mut self, tag: u8, bytes: &[u8]) -> &mut Self {
        self.set(Tag::Native, &[&[tag], bytes])
    }

    /// Adds a property.
    pub fn property(&mut self, name: &str, value: PropertyValue<'_>) -> &mut Self {
        fields::append_property(&mut self.head, name, value);
        self
    }

    /// Takes out the properties whose name a test says.
    pub fn remove_properties(&mut self, test: impl Fn(&str) -> bool) -> &mut Self {
        fields::remove_where(&mut self.head, |tag, bytes| {
            tag == Tag::Property as u8
                && fields::property(bytes).is_some_and(|(name, _)| test(name))
        });
        self
    }

    /// Takes out the producer's number: the message is not compared with others any more.
    pub fn remove_producer_sequence(&mut self) -> &mut Self {
        fields::remove(&mut self.head, Tag::ProducerId as u8);
        fields::remove(&mut self.head, Tag::ProducerSequence as u8);
        self
    }

    /// Sets the body by reference.
    pub fn body(&mut self, kind: BodyKind, body: Bytes) -> &mut Self {
        self.set_byte(3, kind.code());
        self.body = body;
        self
    }

    /// Finishes the message. Head and a body below `copy_bytes_max` bytes are copied into one
    /// buffer of exactly their size, so that a small message pins no receive buffer.
    ///
    /// # Errors
    /// When the head is longer than [`HEAD_BYTES_MAX`].
    pub fn build(self, copy_bytes_max: usize) -> Result<Message, MessageError> {
        let head_len = self.head.len();
        if head_len > HEAD_BYTES_MAX {
            return Err(MessageError::HeadTooLong { length: head_len });
        }
        if self.body.len() >= copy_bytes_max {
            return Ok(Message {
                head: self.head.freeze(),
                body: self.body,
            });
        }
        Ok(Message::copied(&self.head, &self.body))
    }

    /// Finishes the message with a copy of `body`: what [`MessageBuilder::build`] does for a
    /// small body, without a reference to it. The builder is then as new, its memory kept for
    /// the next message.
    ///
    /// # Errors
    /// When the head is longer than [`HEAD_BYTES_MAX`].
    pub fn build_copying(&mut self, kind: BodyKind, body: &[u8]) -> Result<Message, MessageError> {
        self.set_byte(3, kind.code());
        let head_len = self.head.len();
        let built = if head_len > HEAD_BYTES_MAX {
            Err(MessageError::HeadTooLong { length: head_len })
        } else {
            Ok(Message::copied(&self.head, body))
        };
        self.clear();
        built
    }

    /// Makes the builder as new. Memory of an unusually long head is given back.
    pub fn clear(&mut self) {
        if self.head.capacity() > HEAD_BYTES_KEPT {
            self.head = BytesMut::with_capacity(HEAD_BYTES_USUAL);
        }
        self.head.clear();
        self.head.extend_from_slice(&EMPTY);
        self.body = Bytes::new();
    }

    fn set(&mut self, tag: Tag, parts: &[&[u8]]) -> &mut Self {
        fields::set(&mut self.head, tag as u8, parts);
        self
    }

    fn set_destination(&mut self, tag: Tag, destination: &Destination) -> &mut Self {
        let kind = [destination.kind().code()];
        self.set(tag, &[&kind, destination.name().as_bytes()])
    }

    fn set_byte(&mut self, at: usize, value: u8) -> &mut Self {
        if let Some(slot) = self.head.get_mut(at) {
            *slot = value;
        }
        self
    }

    fn set_long(&mut self, at: usize, value: i64) -> &mut Self {
        if let Some(slot) = self.head.get_mut(at..at + 8) {
            slot.copy_from_slice(&value.to_be_bytes());
        }
        self
    }
}

impl Default for MessageBuilder {
    fn default() -> Self {
        Self::new()
    }
}

/// Why bytes are not a message.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// Written by a newer Floodway.
    #[error("the message head has version {found}; this broker reads version {VERSION}")]
    Version {
        /// The version byte found.
        found: u8,
    },
    /// A field runs past the end of the head.
    #[error("the message head is damaged at byte {at}")]
    Damaged {
        /// Offset of the bad field.
        at: usize,
    },
    /// Headers and properties together are too long.
    #[error("headers and properties have {length} bytes; at most {HEAD_BYTES_MAX} are allowed")]
    HeadTooLong {
        /// Bytes of the refused head.
        length: usize,
    },
}
