//! The broker's messages to messages for clients.
//!
//! Texts are slices of the message's head and bodies are its body: nothing is copied but
//! properties, and text whose form differs between UTF-8 and modified UTF-8.

use super::native::{self, Native};
use super::{advisory, body, destination, properties};
use crate::codec::{Content, Text};
use crate::generated::{Message as WireMessage, MessageId, ProducerId};
use bytes::Bytes;
use floodway_message::{Advisory, BodyKind, Field, Message};

/// The parts of a message that differ between deliveries.
pub(crate) struct Outgoing {
    /// Number of the message for this connection, counting up.
    pub(crate) stamp: i64,
    pub(crate) redeliveries: i32,
    pub(crate) wall_ms: i64,
}

/// Makes the wire form of a message.
pub(crate) fn message(message: &Message, outgoing: &Outgoing) -> Box<WireMessage> {
    let native = message.native(native::TAG).and_then(Native::decode);
    let mut native = native.unwrap_or_else(|| foreign(message));
    let mut wire = native.rare.take().unwrap_or_default();
    wire.type_id = native.type_id;
    wire.persistent = message.is_persistent();
    wire.priority = i8::try_from(message.priority()).unwrap_or(4);
    wire.timestamp = message.timestamp_ms();
    wire.expiration = message.expiration_ms();
    wire.compressed = native.has(native::COMPRESSED);
    wire.redelivery_counter = outgoing.redeliveries;
    wire.broker_in_time = native.broker_in_ms;
    wire.broker_out_time = outgoing.wall_ms;
    let has_properties = put_fields(message, outgoing.stamp, &mut wire);
    if has_properties || !native.has(native::NO_PROPERTIES) {
        let map = properties::marshal(message, native.raw_properties.as_ref());
        wire.marshalled_properties = Some(map);
    }
    match Advisory::of(message) {
        Some(told) => wire.data_structure = advisory::structure(told, outgoing).map(Box::new),
        None => wire.content = content(message, &native),
    }
    wire
}

/// What a message of another protocol would have had.
fn foreign(message: &Message) -> Native {
    let kind = message.body_kind();
    let type_id = body::type_of(kind);
    let empty = type_id == body::PLAIN || (kind == BodyKind::Bytes && message.body().is_empty());
    Native {
        type_id,
        flags: native::NO_PROPERTIES | if empty { native::NO_CONTENT } else { 0 },
        broker_in_ms: message.timestamp_ms(),
        ..Native::default()
    }
}

/// Copies the fields; `true` when there are properties.
fn put_fields(message: &Message, stamp: i64, wire: &mut WireMessage) -> bool {
    let head = message.head();
    let share = |bytes: &[u8]| head.slice_ref(bytes);
    let text = |bytes: &[u8]| Some(Text::from_standard(share(bytes)));
    let mut has_properties = false;
    for field in message.fields() {
        match field {
            Field::Id(id) => {
                let id = match wire.message_id.take() {
                    Some(id) => id,
                    None => message_id(head, id, stamp),
                };
                if wire.producer_id.is_none() {
                    wire.producer_id.clone_from(&id.producer_id);
                }
                wire.message_id = Some(MessageId {
                    broker_sequence_id: stamp,
                    ..id
                });
            }
            Field::Destination(kind, name) => {
                wire.destination = Some(destination::write(kind, share(name)));
            }
            Field::OriginalDestination(kind, name) => {
                wire.original_destination = Some(destination::write(kind, share(name)));
            }
            Field::ReplyTo(kind, name) => {
                wire.reply_to = Some(destination::write(kind, share(name)));
            }
            Field::CorrelationId(id) => wire.correlation_id = text(id),
            Field::Type(name) => wire.message_type = text(name),
            Field::GroupId(id) => wire.group_id = text(id),
            Field::GroupSequence(sequence) => wire.group_sequence = sequence,
            Field::UserId(id) => wire.user_id = text(id),
            Field::Property(..) => has_properties = true,
            _ => {}
        }
    }
    has_properties
}

/// The parts of an id in ActiveMQ's form; any other id is shown as it is, with a number of its
/// own.
fn message_id(head: &Bytes, id: &[u8], stamp: i64) -> MessageId {
    if let Some((producer_id, sequence)) = parts(head, id) {
        return MessageId {
            producer_id: Some(producer_id),
            producer_sequence_id: sequence,
            ..MessageId::default()
        };
    }
    MessageId {
        text_view: Some(Text::from_standard(head.slice_ref(id))),
        producer_id: Some(ProducerId {
            connection_id: Some(Text::fixed("ID:floodway-foreign")),
            ..ProducerId::default()
        }),
        producer_sequence_id: stamp,
        ..MessageId::default()
    }
}

fn parts(head: &Bytes, id: &[u8]) -> Option<(ProducerId, i64)> {
    let mut parts = id.rsplitn(4, |byte| *byte == b':');
    let sequence = number(parts.next()?)?;
    let value = number(parts.next()?)?;
    let session_id = number(parts.next()?)?;
    let connection = parts.next()?;
    let producer_id = ProducerId {
        connection_id: Some(Text::from_standard(head.slice_ref(connection))),
        value,
        session_id,
    };
    Some((producer_id, sequence))
}

/// An id up to its last number, and that number.
pub(crate) fn last_number(id: &[u8]) -> Option<(&[u8], i64)> {
    let colon = id.iter().rposition(|byte| *byte == b':')?;
    let (start, last) = id.split_at(colon);
    Some((start, number(last.get(1..)?)?))
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The body of a message as it was received, or as a client expects it.
pub(crate) fn content(message: &Message, native: &Native) -> Option<Content> {
    if native.has(native::NO_CONTENT) {
        return None;
    }
    let bytes = message.body();
    if native.type_id != body::TEXT || native.has(native::RAW_BODY) {
        return Some(bytes.clone().into());
    }
    let bytes = if native.has(native::PLAIN_TEXT) {
        bytes.clone()
    } else {
        body::modified(bytes)
    };
    let has_length = true;
    Some(Content { bytes, has_length })
}
