//! Messages of clients to the broker's messages.
//!
//! Headers become fields; properties become property fields; text is kept without its length.
//! What has no field goes into the native field, see [`Native`].

use super::native::{self, Native};
use super::{body, destination, properties};
use crate::codec::Text;
use crate::error::OpenWireError;
use crate::generated::{Message as WireMessage, MessageId};
use bytes::{Bytes, BytesMut};
use floodway_message::{BodyKind, Destination, Message, MessageBuilder, Now};

/// What a message gets besides what the client sent.
pub(crate) struct Origin<'a> {
    pub(crate) now: Now,
    pub(crate) destination: &'a Destination,
    /// The whole composite destination, where it is one.
    pub(crate) composite: Option<&'a Destination>,
    /// Note the producer's number, so that a repeated message is known.
    pub(crate) numbered: bool,
}

/// Lends its memory to every message of a connection.
#[derive(Debug, Default)]
pub(crate) struct Converter {
    builder: MessageBuilder,
    text: String,
    native: BytesMut,
}

impl Converter {
    /// Makes a message; `copy_bytes_max` as for [`MessageBuilder::build`].
    ///
    /// # Errors
    /// When it has no id, or its headers and properties are too long.
    pub(crate) fn message(
        &mut self,
        wire: &WireMessage,
        origin: &Origin<'_>,
        copy_bytes_max: usize,
    ) -> Result<Message, OpenWireError> {
        let id = wire.message_id.as_ref().ok_or(OpenWireError::NoMessageId)?;
        self.builder.clear();
        self.builder
            .persistent(wire.persistent)
            .priority(u8::try_from(wire.priority).unwrap_or(0))
            .timestamp_ms(wire.timestamp)
            .expiration_ms(wire.expiration)
            .destination(origin.destination);
        self.put_id(id, origin.numbered && wire.persistent);
        self.put_headers(wire, origin);
        let mut native = Native {
            type_id: wire.type_id,
            broker_in_ms: origin.now.wall_ms,
            ..Native::default()
        };
        let (kind, content) = content(wire, &mut native);
        native.rare = rare(wire, id).map(Box::new);
        if native.rare.is_some() {
            native.flags |= native::RARE;
        }
        self.put_properties(wire, &mut native);
        self.native.clear();
        native.encode(&mut self.native);
        self.builder.native(native::TAG, &self.native);
        if content.len() < copy_bytes_max {
            return Ok(self.builder.build_copying(kind, &content)?);
        }
        let mut builder = std::mem::take(&mut self.builder);
        builder.body(kind, content);
        Ok(builder.build(0)?)
    }

    fn put_id(&mut self, id: &MessageId, numbered: bool) {
        self.text.clear();
        match &id.text_view {
            Some(view) => {
                let view = view.to_str();
                if !view.starts_with("ID:") {
                    self.text.push_str("ID:");
                }
                self.text.push_str(&view);
            }
            None => put_message_id(&mut self.text, id),
        }
        self.builder.id(&self.text);
        if let (true, Some((producer, _))) = (numbered, self.text.rsplit_once(':'))
            && let Ok(sequence) = u64::try_from(id.producer_sequence_id)
        {
            self.builder.producer_sequence(producer, sequence);
        }
    }

    fn put_headers(&mut self, wire: &WireMessage, origin: &Origin<'_>) {
        let builder = &mut self.builder;
        let original = wire
            .original_destination
            .as_ref()
            .and_then(destination::read_one);
        if let Some(original) = original.as_ref().or(origin.composite) {
            builder.original_destination(original);
        }
        if let Some(reply_to) = wire.reply_to.as_ref().and_then(destination::read_one) {
            builder.reply_to(&reply_to);
        }
        if let Some(text) = &wire.correlation_id {
            builder.correlation_id(&text.to_str());
        }
        if let Some(text) = &wire.message_type {
            builder.message_type(&text.to_str());
        }
        if let Some(text) = &wire.group_id {
            builder.group_id(&text.to_str());
        }
        if wire.group_sequence != 0 {
            builder.group_sequence(wire.group_sequence);
        }
        if let Some(text) = &wire.user_id {
            builder.user_id(&text.to_str());
        }
    }

    /// Takes the properties over, and keeps the map where they do not make it again.
    fn put_properties(&mut self, wire: &WireMessage, native: &mut Native) {
        let Some(map) = &wire.marshalled_properties else {
            native.flags |= native::NO_PROPERTIES;
            return;
        };
        if map[..] == [0; 4] {
            return;
        }
        let (taken, canonical) = properties::take_over(map, &mut self.builder, &mut self.native);
        if !canonical {
            native.flags |= native::RAW_PROPERTIES;
            native.raw_properties = Some((taken, map.clone()));
        }
    }
}

/// The body to keep, and what it is to other protocols.
fn content(wire: &WireMessage, native: &mut Native) -> (BodyKind, Bytes) {
    let kind = body::kind_of(wire.type_id);
    if wire.compressed {
        native.flags |= native::COMPRESSED;
    }
    let Some(content) = &wire.content else {
        native.flags |= native::NO_CONTENT;
        return (kind, Bytes::new());
    };
    let content = &content.bytes;
    if !wire.compressed && kind == BodyKind::Text {
        if let Some((text, plain)) = body::text(content) {
            native.flags |= if plain { native::PLAIN_TEXT } else { 0 };
            return (kind, text);
        }
    } else if !wire.compressed {
        return (kind, content.clone());
    }
    native.flags |= native::RAW_BODY;
    let opaque = matches!(kind, BodyKind::Text | BodyKind::Bytes | BodyKind::Empty);
    (if opaque { BodyKind::Bytes } else { kind }, content.clone())
}

/// The fields that few messages have; `None` when this one has none of them.
fn rare(wire: &WireMessage, id: &MessageId) -> Option<WireMessage> {
    let own_producer = wire.producer_id == id.producer_id;
    let has_any = !own_producer
        || id.text_view.is_some()
        || wire.original_transaction_id.is_some()
        || wire.data_structure.is_some()
        || wire.target_consumer_id.is_some()
        || wire.broker_path.is_some()
        || wire.cluster.is_some()
        || wire.droppable
        || wire.arrival != 0
        || wire.remote_blob_url.is_some()
        || wire.mime_type.is_some()
        || wire.deleted_by_broker;
    has_any.then(|| WireMessage {
        type_id: wire.type_id,
        producer_id: wire.producer_id.clone().filter(|_| !own_producer),
        message_id: id.text_view.is_some().then(|| id.clone()),
        original_transaction_id: wire.original_transaction_id.clone(),
        data_structure: wire.data_structure.clone(),
        target_consumer_id: wire.target_consumer_id.clone(),
        broker_path: wire.broker_path.clone(),
        cluster: wire.cluster.clone(),
        droppable: wire.droppable,
        arrival: wire.arrival,
        remote_blob_url: wire.remote_blob_url.clone(),
        mime_type: wire.mime_type.clone(),
        deleted_by_broker: wire.deleted_by_broker,
        ..WireMessage::default()
    })
}

/// `connection:session:producer:number`.
pub(crate) fn put_message_id(out: &mut String, id: &MessageId) {
    let producer = id.producer_id.as_ref();
    let connection = producer.and_then(|producer| producer.connection_id.as_ref());
    out.push_str(&connection.map(Text::to_str).unwrap_or_default());
    let (session, value) = producer.map_or((0, 0), |one| (one.session_id, one.value));
    for number in [session, value, id.producer_sequence_id] {
        out.push(':');
        put_number(out, number);
    }
}

fn put_number(out: &mut String, number: i64) {
    if number < 0 {
        out.push('-');
    }
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = number.unsigned_abs();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        start = at;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let digits = digits.get(start..).unwrap_or_default();
    out.extend(digits.iter().map(|digit| char::from(*digit)));
}
