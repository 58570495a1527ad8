//! ProducerInfo, SessionInfo and messages.
//!
//! A producer without a destination names one with each message; what a destination means is
//! remembered per producer. A message that asks for a response is answered by one; for any
//! other, a producer with a window is told how many bytes were taken, by ActiveMQ's rule.

use super::conversation::{Answer, Ask, Conversation, Turn};
use super::reply::Pending;
use crate::codec::{Content, Text, TransactionId};
use crate::convert::destination;
use crate::convert::inbound::Origin;
use crate::error::OpenWireError;
use crate::generated::{
    ActiveMQDestination, Message as WireMessage, ProducerId, ProducerInfo, SessionInfo,
};
use bytes::Bytes;
use floodway_message::Destination;
use floodway_message::session::{Command, Destinations, OpenProducer, ProducerId as Number, Send};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// What ActiveMQ adds to the size of every message.
const MESSAGE_BYTES: usize = 1024;
/// The session that every connection has without asking for it.
const DEFAULT_SESSION: i64 = -1;

/// One producer.
#[derive(Debug)]
pub(super) struct Producer {
    pub(super) id: ProducerId,
    number: Number,
    window: i32,
    route: Option<Route>,
}

/// What a destination means.
#[derive(Debug)]
struct Route {
    wire: ActiveMQDestination,
    destinations: Destinations,
    first: Destination,
    /// The whole name of a composite.
    composite: Option<Destination>,
}

/// Producers of a connection.
#[derive(Debug, Default)]
pub(super) struct Producers {
    by_id: HashMap<ProducerId, usize, RandomState>,
    list: Vec<Option<Producer>>,
    recent: usize,
    opened: Number,
}

impl Producers {
    fn find(&mut self, id: &ProducerId) -> Option<&mut Producer> {
        let recent = self.list.get(self.recent).and_then(Option::as_ref);
        if recent.is_none_or(|recent| recent.id != *id) {
            self.recent = *self.by_id.get(id)?;
        }
        self.list.get_mut(self.recent).and_then(Option::as_mut)
    }

    /// Removes one; returns its number.
    pub(super) fn remove(&mut self, id: &ProducerId) -> Option<Number> {
        let slot = self.list.get_mut(self.by_id.remove(id)?)?;
        Some(slot.take()?.number)
    }

    /// Removes all of a session; returns their numbers.
    pub(super) fn remove_session(&mut self, session: i64) -> Vec<Number> {
        let of_session = |id: &&ProducerId| id.session_id == session;
        let ids: Vec<ProducerId> = self.by_id.keys().filter(of_session).cloned().collect();
        let mut numbers: Vec<Number> = ids.iter().filter_map(|id| self.remove(id)).collect();
        numbers.sort_unstable();
        numbers
    }

    fn open(&mut self, id: ProducerId, window: i32) -> Number {
        self.opened += 1;
        let free = self.list.iter().position(Option::is_none);
        let at = free.unwrap_or(self.list.len());
        let producer = Producer {
            id: id.clone(),
            number: self.opened,
            window,
            route: None,
        };
        match self.list.get_mut(at) {
            Some(slot) => *slot = Some(producer),
            None => self.list.push(Some(producer)),
        }
        self.by_id.insert(id, at);
        self.opened
    }
}

impl Conversation {
    pub(super) fn open_session(&mut self, info: &SessionInfo) -> Result<Answer, OpenWireError> {
        let id = info.session_id.as_ref();
        let id = id.ok_or(OpenWireError::Missing { what: "sessionId" })?;
        let limit = self.settings.sessions_count_max;
        if self.sessions.len() >= limit {
            let what = "sessions";
            return Err(OpenWireError::TooMany { what, limit });
        }
        self.sessions.insert(id.value);
        Ok(Answer::Now)
    }

    /// Is there such a session?
    pub(super) fn check_session(
        &self,
        what: &'static str,
        connection: Option<&Text>,
        session: i64,
    ) -> Result<(), OpenWireError> {
        if session == DEFAULT_SESSION || self.sessions.contains(&session) {
            return Ok(());
        }
        let connection = connection.map(Text::to_str).unwrap_or_default();
        let session = format!("{connection}:{session}");
        Err(OpenWireError::NoSession { what, session })
    }

    pub(super) fn open_producer(
        &mut self,
        info: &ProducerInfo,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let id = info.producer_id.as_ref();
        let id = id.ok_or(OpenWireError::Missing { what: "producerId" })?;
        if self.producers.find(id).is_some() {
            return Ok(Answer::Now);
        }
        self.check_session("producer", id.connection_id.as_ref(), id.session_id)?;
        let limit = self.settings.producers_count_max;
        if self.producers.by_id.len() >= limit {
            let what = "producers";
            return Err(OpenWireError::TooMany { what, limit });
        }
        let id = ProducerId {
            connection_id: id.connection_id.as_ref().map(Text::detached),
            ..*id
        };
        let numbers = (id.session_id, id.value);
        let introduction = self.introduction(id.connection_id.as_ref(), numbers, info);
        let producer = self.producers.open(id, info.window_size);
        // A destination that cannot be read is refused with the first message.
        let destinations = info.destination.as_ref().map(destination::read).transpose();
        if let Ok(destinations) = destinations {
            let destinations = destinations.iter().flat_map(Destinations::iter);
            turn.commands
                .push(Command::OpenProducer(Box::new(OpenProducer {
                    producer,
                    destinations: destinations.cloned().collect(),
                    window_bytes: u32::try_from(info.window_size).unwrap_or_default(),
                    introduction,
                })));
        }
        Ok(Answer::Now)
    }

    pub(super) fn send(
        &mut self,
        message: &WireMessage,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let wire = message.destination.as_ref();
        let wire = wire.ok_or(OpenWireError::Missing {
            what: "destination",
        })?;
        let tx = self.transaction_of(message.transaction_id.as_ref())?;
        let producer = message
            .producer_id
            .as_ref()
            .and_then(|id| self.producers.find(id));
        let producer = producer.ok_or_else(|| no_producer(wire))?;
        if producer
            .route
            .as_ref()
            .is_none_or(|route| route.wire != *wire)
        {
            producer.route = Some(Route::of(wire)?);
        }
        let Some(route) = &producer.route else {
            return Ok(Answer::Now);
        };
        let converted = self.converter.message(
            message,
            &Origin {
                now: turn.now,
                destination: &route.first,
                composite: route.composite.as_ref(),
                numbered: self.fault_tolerant,
            },
            self.settings.copy_body_bytes_max,
        )?;
        let pending = if ask.required {
            Some(Pending::Respond(ask))
        } else if producer.window > 0 {
            let size = charge(message);
            Some(Pending::Window(producer.id.clone(), size, tx))
        } else {
            tx.map(|tx| Pending::InTransaction(ask, tx))
        };
        turn.commands.push(Command::Send(Send {
            producer: producer.number,
            destinations: route.destinations.clone(),
            message: converted,
            tx,
            reply: pending.map(|pending| self.replies.open(pending)),
        }));
        Ok(Answer::Later)
    }

    /// The core's number of a transaction that a command names, if it names one.
    pub(super) fn transaction_of(
        &mut self,
        id: Option<&TransactionId>,
    ) -> Result<Option<u64>, OpenWireError> {
        id.map(|id| self.transactions.work(id)).transpose()
    }
}

impl Route {
    fn of(wire: &ActiveMQDestination) -> Result<Self, OpenWireError> {
        let destinations = destination::read(wire)?;
        let first = destinations.iter().next().cloned();
        let is_composite = matches!(destinations, Destinations::Many(_));
        Ok(Self {
            wire: ActiveMQDestination {
                type_id: wire.type_id,
                physical_name: wire.physical_name.as_ref().map(Text::detached),
            },
            destinations,
            first: first.ok_or(OpenWireError::Missing {
                what: "destination",
            })?,
            composite: destination::read_one(wire).filter(|_| is_composite),
        })
    }
}

fn no_producer(wire: &ActiveMQDestination) -> OpenWireError {
    let destination = destination::read_one(wire).map(|one| one.to_string());
    OpenWireError::NoProducer {
        destination: destination.unwrap_or_default(),
    }
}

/// The size of a message by ActiveMQ's rule, which the client computes too.
fn charge(message: &WireMessage) -> i32 {
    let properties = message.marshalled_properties.as_ref().map_or(0, Bytes::len);
    let content = message.content.as_ref().map_or(0, Content::len);
    i32::try_from(MESSAGE_BYTES + properties + content).unwrap_or(i32::MAX)
}
