//! SEND.
//!
//! A STOMP client has no producers of its own; each destination header that it uses counts as
//! one, so that a full queue holds back the messages for that queue only. What a destination
//! header means is remembered by its bytes, within limits: the first destinations get a producer
//! each, all later ones share number 0.

use super::conversation::{Conversation, Turn};
use crate::codec::{Frame, Headers, Known};
use crate::convert::destination::{self, Unprefixed};
use crate::convert::inbound;
use crate::error::StompError;
use crate::settings::Settings;
use floodway_message::Destination;
use floodway_message::session::{Command, Destinations, ProducerId, Send};
use std::collections::HashMap;
use std::sync::Arc;

impl Conversation {
    pub(super) fn send(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), StompError> {
        let headers = SendHeaders::of(frame.headers);
        let raw = match headers.destination {
            Some(raw) => raw,
            None => frame.headers.required(frame.verb, "destination")?,
        };
        if !self.producers.select(raw) {
            let text = frame.headers.to_text(raw);
            let found = destination::parse(
                &text,
                Unprefixed::Queue,
                &mut self.temporaries,
                turn.commands,
            )?;
            self.producers.open(&self.settings, raw, found);
        }
        if let Some(raw) = headers.reply_to
            && !self.reply_to.is(raw)
        {
            let text = frame.headers.to_text(raw);
            let found = destination::parse(
                &text,
                Unprefixed::Refused,
                &mut self.temporaries,
                turn.commands,
            );
            self.reply_to.remember(raw, found.ok());
        }
        let tx = match headers.transaction {
            Some(raw) => Some(self.transactions.find(frame.headers, raw)?),
            None => None,
        };
        let Some(producer) = self.producers.selected() else {
            return Ok(());
        };
        let message = inbound::message(
            &mut self.builder,
            frame,
            &inbound::Origin {
                now: turn.now,
                id: self.message_ids.next(),
                destination: &producer.first,
                reply_to: headers.reply_to.and(self.reply_to.destination.as_ref()),
            },
        )?;
        let (producer, destinations) = (producer.id, producer.destinations.clone());
        let reply = headers.receipt.map(|raw| self.reply_of(frame.headers, raw));
        turn.commands.push(Command::Send(Send {
            producer,
            destinations,
            message,
            tx,
            reply,
        }));
        Ok(())
    }
}

/// The headers that a SEND is steered by, found in one pass.
#[derive(Default)]
struct SendHeaders<'a> {
    destination: Option<&'a [u8]>,
    transaction: Option<&'a [u8]>,
    reply_to: Option<&'a [u8]>,
    receipt: Option<&'a [u8]>,
}

impl<'a> SendHeaders<'a> {
    fn of(headers: Headers<'a>) -> Self {
        let mut found = Self::default();
        for line in headers.lines {
            let slot = match line.known {
                Known::Destination => &mut found.destination,
                Known::Transaction => &mut found.transaction,
                Known::ReplyTo => &mut found.reply_to,
                Known::Receipt => &mut found.receipt,
                _ => continue,
            };
            slot.get_or_insert_with(|| headers.value(*line));
        }
        found
    }
}

/// Ids of the messages of a connection: a common beginning and a number that counts up in place.
#[derive(Debug)]
pub(super) struct MessageIds {
    text: Vec<u8>,
    start_len: usize,
}

impl MessageIds {
    pub(super) fn new(connection_id: &str) -> Self {
        let text = format!("{connection_id}:-1:1:0").into_bytes();
        Self {
            start_len: text.len() - 1,
            text,
        }
    }

    /// The next id.
    fn next(&mut self) -> &str {
        let digits = self.text.get_mut(self.start_len..).unwrap_or_default();
        let mut carried = true;
        for digit in digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                carried = false;
                break;
            }
            *digit = b'0';
        }
        if carried {
            self.text.insert(self.start_len, b'1');
        }
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

/// One destination header and what it means.
#[derive(Debug)]
pub(super) struct Producer {
    raw: Box<[u8]>,
    id: ProducerId,
    destinations: Destinations,
    first: Destination,
}

/// Destination headers met so far.
#[derive(Debug, Default)]
pub(super) struct Producers {
    known: Vec<Producer>,
    by_header: HashMap<Box<[u8]>, usize>,
    header_bytes: usize,
    /// The one that shares number 0 and was met last.
    shared: Option<Producer>,
    /// Place of the selected one in `known`; past its end for `shared`.
    selected: usize,
}

impl Producers {
    /// Selects the producer of a header; `false` when it has to be opened first.
    #[inline]
    fn select(&mut self, raw: &[u8]) -> bool {
        if self
            .selected()
            .is_some_and(|selected| *selected.raw == *raw)
        {
            return true;
        }
        if let Some(at) = self.by_header.get(raw) {
            self.selected = *at;
            return true;
        }
        self.selected = usize::MAX;
        self.selected()
            .is_some_and(|selected| *selected.raw == *raw)
    }

    /// Opens the producer of a header and selects it.
    fn open(&mut self, settings: &Settings, raw: &[u8], destinations: Destinations) {
        let Some(first) = destinations.iter().next().cloned() else {
            return;
        };
        let mut producer = Producer {
            raw: raw.into(),
            id: 0,
            destinations,
            first,
        };
        let bytes = self.header_bytes + raw.len();
        if self.known.len() < settings.producers_count_max && bytes <= settings.producers_bytes_max
        {
            self.header_bytes = bytes;
            self.selected = self.known.len();
            producer.id = self.selected as ProducerId + 1;
            self.by_header.insert(raw.into(), self.selected);
            self.known.push(producer);
        } else {
            self.selected = usize::MAX;
            self.shared = Some(producer);
        }
    }

    #[inline]
    fn selected(&self) -> Option<&Producer> {
        self.known.get(self.selected).or(self.shared.as_ref())
    }
}

/// The `reply-to` header met last and what it means.
#[derive(Debug, Default)]
pub(super) struct ReplyTo {
    raw: Option<Arc<[u8]>>,
    destination: Option<Destination>,
}

impl ReplyTo {
    fn is(&self, raw: &[u8]) -> bool {
        self.raw.as_ref().is_some_and(|known| **known == *raw)
    }

    /// A composite or an unreadable one is no destination to reply to.
    fn remember(&mut self, raw: &[u8], found: Option<Destinations>) {
        self.raw = Some(raw.into());
        self.destination = match found {
            Some(Destinations::One(destination)) => Some(destination),
            _ => None,
        };
    }
}
