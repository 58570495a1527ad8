//! Messages to MESSAGE frames.
//!
//! The beginning of the frame is the same for all messages of a subscription and is written
//! once, when the subscription opens; the destination line is kept from one message to the next.
//! Headers that clients steer by stand before any property, so that no property can stand in for
//! them. A body gets a `content-length` when it is bytes, as with ActiveMQ, or holds a NUL.

use super::{Temporaries, advisory};
use crate::codec::{Escaping, Version, encode, number};
use bytes::{Bytes, BytesMut};
use floodway_message::session::{ConsumerId, Delivery};
use floodway_message::{BodyKind, DestinationKind, Field, Message, Output, PropertyValue};

#[cfg(test)]
mod tests;

/// Room for the lines that every frame has, numbers included.
const FIXED_LINES_BYTES: usize = 160;
/// Longer bodies are not copied and need no room in the buffer.
const COPIED_BODY_BYTES_MAX: usize = floodway_message::output::SHARE_BYTES_MIN;

const ID_NAME: &[u8] = b"message-id:";

/// What all MESSAGE frames of a subscription have in common.
#[derive(Debug)]
pub(crate) struct Template {
    escaping: Escaping,
    /// `MESSAGE`, the subscription line and, with a transformation, its line.
    start: Vec<u8>,
    /// The consumer's number, where messages carry an `ack` header.
    ack: Option<ConsumerId>,
    transformation: Option<Vec<u8>>,
    destination: Option<(DestinationKind, Vec<u8>)>,
    destination_line: BytesMut,
    /// The last message id up to its last colon, and the line that begins with it, escaped:
    /// messages of one producer differ only in what follows.
    id_start: Vec<u8>,
    id_line_start: BytesMut,
    fixed: Option<Fixed>,
    fixed_lines: BytesMut,
}

/// What messages sent within one millisecond mostly have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fixed {
    expiration_ms: i64,
    timestamp_ms: i64,
    priority: u8,
    persistent: bool,
}

impl Fixed {
    fn of(message: &Message) -> Self {
        Self {
            expiration_ms: message.expiration_ms(),
            timestamp_ms: message.timestamp_ms(),
            priority: message.priority(),
            persistent: message.is_persistent(),
        }
    }

    fn put(self, out: &mut BytesMut) {
        out.extend_from_slice(b"expires:");
        number::put_i64(out, self.expiration_ms);
        out.extend_from_slice(b"\npriority:");
        number::put_u64(out, self.priority.into());
        out.extend_from_slice(b"\ntimestamp:");
        number::put_i64(out, self.timestamp_ms);
        out.extend_from_slice(if self.persistent {
            b"\npersistent:true\n"
        } else {
            b"\n"
        });
    }
}

impl Template {
    /// For a subscription of a decoded id; `ack` is its consumer where messages carry an id to
    /// acknowledge by.
    pub(crate) fn new(
        version: Version,
        subscription: Option<&[u8]>,
        ack: Option<ConsumerId>,
        transformation: Option<&[u8]>,
    ) -> Self {
        let escaping = Escaping::of(version);
        let mut start = BytesMut::from(&b"MESSAGE\n"[..]);
        if let Some(id) = subscription {
            encode::put_header(&mut start, escaping, b"subscription:", id);
        }
        let transformation = transformation.map(|name| {
            let mut line = BytesMut::new();
            encode::put_header(&mut line, escaping, b"transformation:", name);
            line.to_vec()
        });
        Self {
            escaping,
            start: start.to_vec(),
            ack,
            transformation,
            destination: None,
            destination_line: BytesMut::new(),
            id_start: Vec::new(),
            id_line_start: BytesMut::from(ID_NAME),
            fixed: None,
            fixed_lines: BytesMut::new(),
        }
    }

    /// Appends the frame of a delivery.
    pub(crate) fn put_message(
        &mut self,
        output: &mut Output,
        delivery: &Delivery,
        temporaries: &Temporaries,
    ) {
        let message = &*delivery.message;
        let told;
        let body = match message.body_kind() {
            BodyKind::Text | BodyKind::Bytes => Some(message.body()),
            BodyKind::Advisory => {
                told = advisory::json(message).map(Bytes::from);
                told.as_ref()
            }
            _ => None,
        };
        let copied = body.map_or(0, |body| body.len().min(COPIED_BODY_BYTES_MAX));
        let out = output.buffer();
        out.reserve(self.start.len() + FIXED_LINES_BYTES + 2 * message.head().len() + copied);
        out.extend_from_slice(&self.start);
        if let Some(consumer) = self.ack {
            out.extend_from_slice(b"ack:");
            number::put_u64(out, consumer);
            out.extend_from_slice(b"-");
            number::put_u64(out, delivery.delivery);
            out.extend_from_slice(b"\n");
        }
        self.put_fixed(out, delivery);
        let mut has_properties = false;
        for field in message.fields() {
            match field {
                Field::Property(..) => has_properties = true,
                _ => self.put_field(out, field, temporaries),
            }
        }
        self.put_length(out, message);
        if has_properties {
            for field in message.fields() {
                if let Field::Property(name, value) = field {
                    self.put_property(out, name, value);
                }
            }
        }
        self.put_transformation(out, message);
        out.extend_from_slice(b"\n");
        if let Some(body) = body {
            output.put_body(body);
        }
        output.put(encode::END);
    }

    /// Appends the empty frame that ends a browser.
    pub(crate) fn put_browse_end(&self, out: &mut BytesMut, destination: &[u8]) {
        out.extend_from_slice(&self.start);
        out.extend_from_slice(b"browser:end\n");
        encode::put_header(out, self.escaping, b"destination:", destination);
        out.extend_from_slice(b"message-id:0\n\n");
        out.extend_from_slice(encode::END);
    }

    #[inline]
    fn put_fixed(&mut self, out: &mut BytesMut, delivery: &Delivery) {
        let fixed = Fixed::of(&delivery.message);
        if self.fixed != Some(fixed) {
            self.fixed_lines.clear();
            fixed.put(&mut self.fixed_lines);
            self.fixed = Some(fixed);
        }
        out.extend_from_slice(&self.fixed_lines);
        if delivery.redeliveries > 0 {
            out.extend_from_slice(b"redelivered:true\n");
        }
    }

    fn put_field(&mut self, out: &mut BytesMut, field: Field<'_>, temporaries: &Temporaries) {
        let escaping = self.escaping;
        match field {
            Field::Id(id) => self.put_id(out, id),
            Field::Destination(kind, name) => self.put_destination(out, kind, name, temporaries),
            Field::OriginalDestination(kind, name) => {
                out.extend_from_slice(b"original-destination:");
                temporaries.put(out, escaping, kind, name);
                out.extend_from_slice(b"\n");
            }
            Field::ReplyTo(kind, name) => {
                out.extend_from_slice(b"reply-to:");
                temporaries.put(out, escaping, kind, name);
                out.extend_from_slice(b"\n");
            }
            Field::CorrelationId(id) => encode::put_header(out, escaping, b"correlation-id:", id),
            Field::Type(name) => encode::put_header(out, escaping, b"type:", name),
            Field::UserId(name) => encode::put_header(out, escaping, b"JMSXUserID:", name),
            Field::GroupId(id) => encode::put_header(out, escaping, b"JMSXGroupID:", id),
            Field::GroupSequence(sequence) => {
                out.extend_from_slice(b"JMSXGroupSeq:");
                number::put_i64(out, sequence.into());
                out.extend_from_slice(b"\n");
            }
            _ => {}
        }
    }

    #[inline]
    fn put_id(&mut self, out: &mut BytesMut, id: &[u8]) {
        let (start, rest) = match memchr::memrchr(b':', id) {
            Some(colon) => id.split_at(colon + 1),
            None => (&[][..], id),
        };
        if start != self.id_start {
            self.id_start.clear();
            self.id_start.extend_from_slice(start);
            self.id_line_start.truncate(ID_NAME.len());
            self.escaping.encode(&mut self.id_line_start, start);
        }
        out.extend_from_slice(&self.id_line_start);
        self.escaping.encode(out, rest);
        out.extend_from_slice(b"\n");
    }

    #[inline]
    fn put_destination(
        &mut self,
        out: &mut BytesMut,
        kind: DestinationKind,
        name: &[u8],
        temporaries: &Temporaries,
    ) {
        let known = self.destination.as_ref();
        if !known.is_some_and(|(known, written)| *known == kind && written == name) {
            let line = &mut self.destination_line;
            line.clear();
            line.extend_from_slice(b"destination:");
            temporaries.put(line, self.escaping, kind, name);
            line.extend_from_slice(b"\n");
            self.destination = Some((kind, name.to_vec()));
        }
        out.extend_from_slice(&self.destination_line);
    }

    fn put_length(&self, out: &mut BytesMut, message: &Message) {
        let body = message.body();
        let needed = match message.body_kind() {
            BodyKind::Bytes => true,
            BodyKind::Text => memchr::memchr(0, body).is_some(),
            _ => false,
        };
        if needed {
            out.extend_from_slice(b"content-length:");
            number::put_u64(out, body.len() as u64);
            out.extend_from_slice(b"\n");
        }
    }

    fn put_property(&self, out: &mut BytesMut, name: &[u8], value: PropertyValue<'_>) {
        match name {
            b"" | b"content-length" => return,
            b"destination" | b"message-id" | b"subscription" | b"ack" => return,
            b"transformation" if self.transformation.is_some() => return,
            _ => {}
        }
        self.escaping.encode(out, name);
        out.extend_from_slice(b":");
        match value {
            PropertyValue::String(text) => self.escaping.encode(out, text.as_bytes()),
            PropertyValue::Boolean(true) => out.extend_from_slice(b"true"),
            PropertyValue::Boolean(false) => out.extend_from_slice(b"false"),
            PropertyValue::Byte(number) => number::put_i64(out, number.into()),
            PropertyValue::Short(number) => number::put_i64(out, number.into()),
            PropertyValue::Integer(number) => number::put_i64(out, number.into()),
            PropertyValue::Long(number) => number::put_i64(out, number),
            PropertyValue::Float(number) => number::put_f32(out, number),
            PropertyValue::Double(number) => number::put_f64(out, number),
            _ => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b"\n");
    }

    /// Kinds of bodies that have no form in STOMP say so; others carry the wish on, as with
    /// ActiveMQ.
    fn put_transformation(&self, out: &mut BytesMut, message: &Message) {
        let kind = message.body_kind();
        if kind == BodyKind::Bytes {
            return;
        }
        if let Some(line) = &self.transformation {
            out.extend_from_slice(line);
        }
        if matches!(kind, BodyKind::Map | BodyKind::Object | BodyKind::Stream) {
            out.extend_from_slice(
                b"transformation-error:map, object and stream messages are not supported\n",
            );
        }
    }
}
