//! A received frame as a view over the receive buffer.
//!
//! Names and values are handed out as they came, or with their escapes resolved; of repeated
//! headers the first one counts (STOMP 1.1 and 1.2, "Repeated Header Entries").

use super::{Escaping, Known};
use crate::error::StompError;
use bytes::Bytes;
use std::borrow::Cow;

/// What a frame asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Send,
    Ack,
    Nack,
    Begin,
    Commit,
    Abort,
    Subscribe,
    Unsubscribe,
    Connect,
    Disconnect,
    Unknown,
}

impl Verb {
    /// Recognises a command by its beginning, as ActiveMQ does: `SUB` subscribes.
    pub(crate) fn of(command: &[u8]) -> Self {
        let known: [(&[u8], Self); 11] = [
            (b"SEND", Self::Send),
            (b"ACK", Self::Ack),
            (b"NACK", Self::Nack),
            (b"BEGIN", Self::Begin),
            (b"COMMIT", Self::Commit),
            (b"ABORT", Self::Abort),
            (b"SUB", Self::Subscribe),
            (b"UNSUB", Self::Unsubscribe),
            (b"CONNECT", Self::Connect),
            (b"STOMP", Self::Connect),
            (b"DISCONNECT", Self::Disconnect),
        ];
        if command == b"CONNECTED" {
            return Self::Unknown;
        }
        let found = known.iter().find(|(start, _)| command.starts_with(start));
        found.map_or(Self::Unknown, |(_, verb)| *verb)
    }

    /// The command's name in error texts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Send => "SEND",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Connect => "CONNECT",
            Self::Disconnect => "DISCONNECT",
            Self::Unknown => "frame",
        }
    }
}

/// A header line within a frame: offsets from the frame's first byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) start: u32,
    /// Where the name ends; the value follows one byte later. The end for a line without colon.
    pub(crate) colon: u32,
    pub(crate) end: u32,
    /// What the name means in a SEND frame; a property in others.
    pub(crate) known: Known,
}

/// The header lines of a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Headers<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) lines: &'a [Line],
    /// None where nothing is escaped in any of them.
    pub(crate) escaping: Escaping,
    /// Values lose surrounding white space (1.0 and CONNECT).
    pub(crate) trimmed: bool,
}

impl<'a> Headers<'a> {
    /// Names and values in order, as they came.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.lines
            .iter()
            .map(move |line| self.name_and_value(*line))
    }

    /// The value of a line, as it came.
    #[inline]
    pub(crate) fn value(self, line: Line) -> &'a [u8] {
        self.name_and_value(line).1
    }

    /// `true` when an earlier line than that of a place has the same name.
    #[inline]
    pub(crate) fn repeats(self, at: usize) -> bool {
        let (Some(line), Some(before)) = (self.lines.get(at), self.lines.get(..at)) else {
            return false;
        };
        let name = |line: &Line| self.bytes.get(line.start as usize..line.colon as usize);
        before.iter().any(|earlier| {
            earlier.colon - earlier.start == line.colon - line.start && name(earlier) == name(line)
        })
    }

    #[inline]
    pub(crate) fn name_and_value(self, line: Line) -> (&'a [u8], &'a [u8]) {
        let (start, colon, end) = (line.start as usize, line.colon as usize, line.end as usize);
        let name = self.bytes.get(start..colon).unwrap_or_default();
        let value = self.bytes.get(colon + 1..end).unwrap_or_default();
        (
            name,
            if self.trimmed {
                value.trim_ascii()
            } else {
                value
            },
        )
    }

    /// The value of a name that needs no escapes, as it came.
    #[inline]
    pub(crate) fn raw(self, name: &str) -> Option<&'a [u8]> {
        let found = self.iter().find(|(found, _)| *found == name.as_bytes());
        found.map(|(_, value)| value)
    }

    /// The value of a name, escapes resolved.
    pub(crate) fn decoded(self, name: &str) -> Option<Cow<'a, [u8]>> {
        Some(self.escaping.decode(self.raw(name)?))
    }

    /// The value of a name as text; what is not UTF-8 is replaced.
    pub(crate) fn text(self, name: &str) -> Option<Cow<'a, str>> {
        Some(self.to_text(self.raw(name)?))
    }

    /// A raw name or value as text.
    #[inline]
    pub(crate) fn to_text(self, raw: &'a [u8]) -> Cow<'a, str> {
        match self.escaping.decode(raw) {
            Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(bytes),
            },
            Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
        }
    }

    /// As [`Headers::raw`], or the error that names the header.
    pub(crate) fn required(self, verb: Verb, header: &'static str) -> Result<&'a [u8], StompError> {
        let command = verb.name();
        self.raw(header)
            .ok_or(StompError::MissingHeader { command, header })
    }

    /// `true` for the value `true` in any case.
    pub(crate) fn flag(self, name: &str) -> bool {
        self.raw(name)
            .is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"true"))
    }
}

/// A body: short ones are looked at in the receive buffer, long ones keep a part of it.
#[derive(Debug, Clone)]
pub(crate) enum Body<'a> {
    Borrowed(&'a [u8]),
    Shared(Bytes),
}

impl Body<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

/// A complete frame.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) verb: Verb,
    /// The command line as it came, trimmed.
    pub(crate) command: &'a [u8],
    pub(crate) headers: Headers<'a>,
    pub(crate) body: Body<'a>,
}

impl Frame<'_> {
    /// Bytes of command line and header lines.
    pub(crate) fn header_bytes(&self) -> usize {
        let last = self.headers.lines.last();
        last.map_or(self.command.len(), |line| line.end as usize)
    }
}
