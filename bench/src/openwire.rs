//! The cheapest OpenWire client that a load run can use: version 12, marshalling cache on, as Java
//! clients have it.
//!
//! It behaves as a Java client does where a broker can tell: non-persistent sends want no answer,
//! persistent ones do; consumers have Java's prefetch and acknowledge in ranges. Structures are
//! encoded by the project's own codec, once; it knows the handshake and no byte of the layout.
//! Invariant: before its first message a producer has put everything into the marshalling cache
//! that its frames refer to, so all frames of a run are alike.

mod decoder;

pub use decoder::Decoder;

use std::net::SocketAddr;

use anyhow::{Result, bail};
use bytes::Bytes;
use floodway_message::Output;
use floodway_openwire::codec::{Encoder, Format, Offer, Text, Wire};
use floodway_openwire::generated::{
    ActiveMQDestination, ConnectionId, ConnectionInfo, ConsumerId, ConsumerInfo, Message,
    MessageId, ProducerId, ProducerInfo, SessionId, SessionInfo,
};
use memchr::memmem;

use crate::body::filler;
use crate::scenario::{Scenario, Style};
use crate::train::{Form, FrameShape, Number};
use crate::wire::{Connection, Decoder as AnyDecoder};

/// Wire types: a queue, a topic, a message of bytes.
const QUEUE: u8 = 100;
const TOPIC: u8 = 101;
const BYTES_MESSAGE: u8 = 24;

/// Java's prefetch of queues and of topics.
const QUEUE_PREFETCH: u16 = 1000;
const TOPIC_PREFETCH: u16 = 32_766;

/// The first message's number. Tight frames have one length from here to 2^32.
const SEQUENCE_FIRST: u32 = 65_536;

/// The first message's command id, after those of the handshake.
const COMMAND_FIRST: u32 = 100;

/// Values that stand in a frame only once, to find where a number lies.
const COMMAND_MARK: i32 = 0x5ac3_d2e1;
const SEQUENCE_MARK: i64 = 0x6b1c_2d3e;

/// What OpenWire leaves open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    /// Loose instead of tight encoding.
    pub is_loose: bool,
    /// Messages acknowledged at once; half of the prefetch if not given.
    pub acknowledge_count: Option<u32>,
}

/// Which producer of which destination.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub name: &'a str,
    pub number: u32,
}

impl Choice {
    /// No monitoring of inactivity, because a run is short and never idle.
    fn offer(self) -> Offer {
        Offer {
            version: 12,
            tight: !self.is_loose,
            cache: true,
            cache_size: 1024,
            stack_traces: true,
            no_size_prefix: false,
            no_delay: true,
            inactivity_ms: 0,
            inactivity_initial_ms: 0,
            frame_bytes_max: i64::MAX,
        }
    }
}

/// A connection during its handshake.
struct Opening {
    connection: Connection,
    encoder: Encoder,
    /// The name of the connection, in all its ids.
    id: Text,
    commands: i32,
}

impl Opening {
    /// Negotiates and opens connection and session.
    fn begin(address: SocketAddr, id: Text, choice: Choice) -> Result<Self> {
        let offer = choice.offer();
        let decoder = Box::new(Decoder::new(offer.clone()));
        let mut connection = Connection::open(address, AnyDecoder::Openwire(decoder))?;
        let mut plain = Encoder::new(Format::before_negotiation());
        connection.send(&frame(&mut plain, &offer.info()))?;
        connection.await_answer()?;
        let Some(format) = openwire(&mut connection)?.format() else {
            bail!("the broker answered before it said what it speaks");
        };
        let mut opening = Self {
            connection,
            encoder: Encoder::new(format),
            id,
            commands: 0,
        };
        let connection_id = Some(ConnectionId {
            value: Some(opening.id.clone()),
        });
        opening.ask(|command_id, id| ConnectionInfo {
            command_id,
            response_required: true,
            connection_id,
            client_id: Some(id.clone()),
            manageable: true,
            client_master: true,
            ..ConnectionInfo::default()
        })?;
        opening.tell(|command_id, id| SessionInfo {
            command_id,
            session_id: Some(SessionId {
                connection_id: Some(id.clone()),
                value: 1,
            }),
            ..SessionInfo::default()
        })?;
        Ok(opening)
    }

    fn tell<T: Wire>(&mut self, make: impl FnOnce(i32, &Text) -> T) -> Result<()> {
        self.commands += 1;
        let value = make(self.commands, &self.id);
        self.connection.send(&frame(&mut self.encoder, &value))
    }

    /// Sends a structure that requires a response, and waits for it.
    fn ask<T: Wire>(&mut self, make: impl FnOnce(i32, &Text) -> T) -> Result<()> {
        self.tell(make)?;
        self.connection.await_answer()?;
        Ok(())
    }
}

/// The decoder, which is OpenWire's on connections of this module.
fn openwire(connection: &mut Connection) -> Result<&mut Decoder> {
    match &mut connection.decoder {
        AnyDecoder::Openwire(decoder) => Ok(decoder),
        _ => bail!("not an OpenWire connection"),
    }
}

fn frame<T: Wire>(encoder: &mut Encoder, value: &T) -> Vec<u8> {
    let mut output = Output::default();
    encoder.put(value, &mut output);
    let mut bytes = Vec::with_capacity(output.len());
    while !output.is_empty() {
        let mut slices = [std::io::IoSlice::new(&[]); 8];
        let count = output.slices(&mut slices);
        let before = bytes.len();
        for slice in slices.iter().take(count) {
            bytes.extend_from_slice(slice);
        }
        output.advance(bytes.len() - before);
    }
    bytes
}

fn destination(style: Style, name: &str) -> ActiveMQDestination {
    ActiveMQDestination {
        type_id: match style {
            Style::Queue => QUEUE,
            Style::Topic => TOPIC,
        },
        physical_name: Some(name.into()),
    }
}

/// The id of a producer's connection. Consumers know it too, and so the ids of all messages.
fn producer_connection(place: Place<'_>) -> Text {
    let Place { name, number } = place;
    Text::new(&format!("ID:{name}-producer-{number}"))
}

fn producer_id(place: Place<'_>) -> ProducerId {
    ProducerId {
        connection_id: Some(producer_connection(place)),
        value: 1,
        session_id: 1,
    }
}

/// Connects a producer and encodes its frame.
pub fn open_producer(
    address: SocketAddr,
    scenario: &Scenario,
    place: Place<'_>,
    choice: Choice,
) -> Result<(Connection, FrameShape)> {
    let mut opening = Opening::begin(address, producer_connection(place), choice)?;
    let id = producer_id(place);
    opening.tell(|command_id, _| ProducerInfo {
        command_id,
        producer_id: Some(id.clone()),
        destination: Some(destination(scenario.style, place.name)),
        ..ProducerInfo::default()
    })?;
    // A second producer, for any destination: "none" is in the cache with it. A message would do
    // as well, but a broker may take the destination of a producer's first one for that of all.
    let anonymous = ProducerId {
        value: 2,
        ..id.clone()
    };
    opening.ask(|command_id, _| ProducerInfo {
        command_id,
        response_required: true,
        producer_id: Some(anonymous),
        ..ProducerInfo::default()
    })?;
    let frame = frame(&mut opening.encoder, &marked(scenario, place));
    Ok((opening.connection, shape(frame, scenario.size_bytes)?))
}

/// The message of a scenario, with marks where numbers will be.
fn marked(scenario: &Scenario, place: Place<'_>) -> Message {
    let id = producer_id(place);
    let to = destination(scenario.style, place.name);
    Message {
        command_id: COMMAND_MARK,
        response_required: scenario.is_confirmed(),
        message_id: Some(MessageId {
            producer_id: Some(id.clone()),
            producer_sequence_id: SEQUENCE_MARK,
            ..MessageId::default()
        }),
        persistent: scenario.persistent,
        ..message(&id, to, filler(scenario.size_bytes).into())
    }
}

fn message(id: &ProducerId, to: ActiveMQDestination, body: Bytes) -> Message {
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    Message {
        type_id: BYTES_MESSAGE,
        producer_id: Some(id.clone()),
        destination: Some(to),
        message_id: Some(MessageId {
            producer_id: Some(id.clone()),
            producer_sequence_id: 1,
            ..MessageId::default()
        }),
        priority: 4,
        timestamp: i64::try_from(since.as_millis()).unwrap_or(0),
        content: Some(body.into()),
        ..Message::default()
    }
}

/// Finds what changes from message to message.
fn shape(bytes: Vec<u8>, size_bytes: usize) -> Result<FrameShape> {
    let find = |mark: &[u8]| {
        let mut places = memmem::find_iter(&bytes, mark);
        match (places.next(), places.next()) {
            (Some(at), None) => Ok(at),
            _ => bail!("the layout of a frame is not clear"),
        }
    };
    let sequence = u32::try_from(SEQUENCE_MARK)?;
    let numbers = vec![
        Number {
            at: find(&COMMAND_MARK.to_be_bytes())?,
            form: Form::Binary,
            first: COMMAND_FIRST.into(),
        },
        Number {
            at: find(&sequence.to_be_bytes())?,
            form: Form::Binary,
            first: SEQUENCE_FIRST.into(),
        },
    ];
    let body_at = find(&filler(size_bytes))?;
    Ok(FrameShape {
        bytes,
        body_at,
        numbers,
    })
}

/// Connects a consumer and returns once its subscription is in force.
pub fn open_consumer(
    address: SocketAddr,
    scenario: &Scenario,
    name: &str,
    choice: Choice,
) -> Result<Connection> {
    let prefetch = match scenario.style {
        Style::Queue => QUEUE_PREFETCH,
        Style::Topic => TOPIC_PREFETCH,
    };
    let serial = next_serial();
    let id = Text::new(&format!("ID:{name}-consumer-{serial}"));
    let mut opening = Opening::begin(address, id, choice)?;
    let consumer_id = ConsumerId {
        connection_id: Some(opening.id.clone()),
        session_id: 1,
        value: 1,
    };
    let from = destination(scenario.style, name);
    opening.ask(|command_id, _| ConsumerInfo {
        command_id,
        response_required: true,
        consumer_id: Some(consumer_id.clone()),
        destination: Some(from.clone()),
        prefetch_size: prefetch.into(),
        dispatch_async: true,
        ..ConsumerInfo::default()
    })?;
    let acknowledger = decoder::Acknowledger {
        encoder: opening.encoder,
        commands: opening.commands,
        consumer_id,
        destination: from,
        name: name.to_owned(),
        count_max: choice.acknowledge_count.unwrap_or(u32::from(prefetch) / 2),
    };
    let mut connection = opening.connection;
    openwire(&mut connection)?.acknowledge_by(acknowledger);
    Ok(connection)
}

/// Distinguishes the consumers of one process.
fn next_serial() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
