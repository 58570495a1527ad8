//! SEND frames to messages.
//!
//! Headers with a meaning in JMS become fields, those that belong to the conversation (receipt,
//! transaction) or that only the broker may set (message-id, redelivered, subscription,
//! JMSXUserID) are dropped, and all others become string properties. The body is text unless a
//! `content-length` or `amq-msg-type` says otherwise; text that is not UTF-8 stays bytes, so
//! that nothing of it is lost.

use crate::codec::frame::{Body, Line};
use crate::codec::{Frame, Headers, Known, number};
use crate::error::{StompError, shown};
use floodway_message::{BodyKind, Destination, Message, MessageBuilder, Now, PropertyValue};
use std::collections::HashSet;

#[cfg(test)]
mod tests;

/// Above so many headers repeated ones are found by hashing.
const HEADERS_COMPARED_MAX: usize = 32;

/// What a message gets besides its frame.
#[derive(Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) now: Now,
    pub(crate) id: &'a str,
    pub(crate) destination: &'a Destination,
    /// The `reply-to` header where it names a destination.
    pub(crate) reply_to: Option<&'a Destination>,
}

/// Makes a message of a SEND frame; the builder lends its memory.
///
/// # Errors
/// When a header has a value that its meaning does not allow.
pub(crate) fn message(
    builder: &mut MessageBuilder,
    frame: &Frame<'_>,
    origin: &Origin<'_>,
) -> Result<Message, StompError> {
    builder.clear();
    builder
        .destination(origin.destination)
        .id(origin.id)
        .timestamp_ms(origin.now.wall_ms);
    let mut fields = Fields {
        builder,
        headers: frame.headers,
        origin,
        seen: 0,
        kind: None,
        has_length: false,
        has_transformation: false,
    };
    fields.read()?;
    let kind = fields.body_kind(&frame.body);
    fields.finish(kind, &frame.body)
}

struct Fields<'a> {
    builder: &'a mut MessageBuilder,
    headers: Headers<'a>,
    origin: &'a Origin<'a>,
    /// One bit for each header of a fixed meaning that was there.
    seen: u32,
    kind: Option<BodyKind>,
    has_length: bool,
    has_transformation: bool,
}

impl<'a> Fields<'a> {
    fn read(&mut self) -> Result<(), StompError> {
        let many = self.headers.lines.len() > HEADERS_COMPARED_MAX;
        let mut names = HashSet::new();
        for (at, line) in self.headers.lines.iter().enumerate() {
            if self.field(*line)? {
                continue;
            }
            let (name, value) = self.headers.name_and_value(*line);
            let repeated = if many {
                !names.insert(name)
            } else {
                self.headers.repeats(at)
            };
            if !repeated {
                self.property(name, value)?;
            }
        }
        Ok(())
    }

    /// Handles a header of a fixed meaning; `false` for one that is a property.
    #[inline]
    fn field(&mut self, line: Line) -> Result<bool, StompError> {
        match line.known {
            Known::Property => return Ok(false),
            Known::Dropped | Known::Destination | Known::Transaction | Known::Receipt => {
                return Ok(true);
            }
            Known::ContentLength => {
                self.has_length = true;
                return Ok(true);
            }
            // Receivers see these two as properties.
            Known::AmqMsgType => {
                let value = self.headers.value(line);
                return self.message_type(value).map(|()| false);
            }
            Known::Transformation => {
                self.has_transformation = true;
                return Ok(false);
            }
            _ => {}
        }
        let bit = 1 << line.known as u32;
        if self.seen & bit != 0 {
            return Ok(true);
        }
        self.seen |= bit;
        self.set(line.known, self.headers.value(line))
    }

    fn set(&mut self, known: Known, value: &'a [u8]) -> Result<bool, StompError> {
        let text = || self.headers.to_text(value);
        match known {
            Known::CorrelationId => self.builder.correlation_id(&text()),
            Known::Type => self.builder.message_type(&text()),
            Known::GroupId => self.builder.group_id(&text()),
            Known::Persistent => self.builder.persistent(value.trim_ascii() == b"true"),
            Known::Expires => {
                let expires = integer("expires", value, "milliseconds since 1970")?;
                self.builder.expiration_ms(expires)
            }
            Known::Timestamp => {
                let timestamp = integer("timestamp", value, "milliseconds since 1970")?;
                self.builder.timestamp_ms(timestamp)
            }
            Known::Priority => {
                let priority = integer("priority", value, "a number from 0 to 9")?;
                let priority = u8::try_from(priority.clamp(0, 9)).unwrap_or_default();
                self.builder.priority(priority)
            }
            Known::GroupSequence => {
                let expected = "a 32-bit number";
                let sequence = integer("JMSXGroupSeq", value, expected)?;
                let sequence = i32::try_from(sequence).ok();
                let sequence =
                    sequence.ok_or_else(|| bad_value("JMSXGroupSeq", value, expected))?;
                self.builder.group_sequence(sequence)
            }
            Known::ReplyTo => match self.origin.reply_to {
                Some(destination) => self.builder.reply_to(destination),
                // Not a destination: receivers still see what the sender wrote.
                None => return Ok(false),
            },
            _ => return Ok(false),
        };
        Ok(true)
    }

    fn message_type(&mut self, value: &[u8]) -> Result<(), StompError> {
        let kind = value.trim_ascii();
        let kind = if kind.eq_ignore_ascii_case(b"text") {
            BodyKind::Text
        } else if kind.eq_ignore_ascii_case(b"bytes") {
            BodyKind::Bytes
        } else {
            return Err(bad_value("amq-msg-type", value, "text or bytes"));
        };
        self.kind.get_or_insert(kind);
        Ok(())
    }

    fn property(&mut self, name: &'a [u8], value: &'a [u8]) -> Result<(), StompError> {
        if name.is_empty() {
            return Err(bad_value("", value, "a name before the colon"));
        }
        let name = self.headers.to_text(name);
        let value = self.headers.to_text(value);
        self.builder.property(&name, PropertyValue::String(&value));
        Ok(())
    }

    fn body_kind(&mut self, body: &Body<'_>) -> BodyKind {
        let kind = self.kind.unwrap_or(if self.has_length {
            BodyKind::Bytes
        } else {
            BodyKind::Text
        });
        if self.has_transformation && !self.has_length {
            self.builder.property(
                "transformation-error",
                PropertyValue::String("transformations are not supported; the body is unchanged"),
            );
        }
        if kind == BodyKind::Text && !is_utf8(body.bytes()) {
            return BodyKind::Bytes;
        }
        kind
    }

    fn finish(self, kind: BodyKind, body: &Body<'_>) -> Result<Message, StompError> {
        Ok(match body {
            Body::Borrowed(bytes) => self.builder.build_copying(kind, bytes)?,
            Body::Shared(bytes) => {
                let mut builder = std::mem::take(self.builder);
                builder.body(kind, bytes.clone());
                builder.build(0)?
            }
        })
    }
}

/// Looking for plain ASCII first is faster than the general check.
fn is_utf8(body: &[u8]) -> bool {
    body.is_ascii() || std::str::from_utf8(body).is_ok()
}

fn integer(header: &'static str, value: &[u8], expected: &'static str) -> Result<i64, StompError> {
    number::parse_i64(value.trim_ascii()).ok_or_else(|| bad_value(header, value, expected))
}

fn bad_value(header: &'static str, value: &[u8], expected: &'static str) -> StompError {
    StompError::BadValue {
        header,
        value: shown(value),
        expected,
    }
}
