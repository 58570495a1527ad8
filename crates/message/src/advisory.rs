//! What the broker tells about itself: the content of an advisory message.
//!
//! The core decides when there is something to tell; each protocol room puts it into its own
//! words. An advisory travels as the body of an ordinary message ([`BodyKind::Advisory`]), so it
//! can wait and overflow to disk as any other; counts and ids stand in the message's properties.
//! It knows no protocol: how a client introduced itself is opaque ([`Introduction`]).

use crate::{BodyKind, Destination, DestinationKind, Message};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::sync::Arc;

#[cfg(test)]
mod tests;

/// Names of advisory topics begin with this.
pub const PREFIX: &str = "ActiveMQ.Advisory.";
/// The type of advisory messages.
pub const MESSAGE_TYPE: &str = "Advisory";
/// Most destinations of a consumer or producer that are told.
pub const DESTINATIONS_MAX: usize = 1000;

const VERSION: u8 = 1;

/// `true` for the topics of advisories, of which there are none themselves.
pub fn is_advisory(kind: DestinationKind, name: &str) -> bool {
    !kind.is_queue() && name.starts_with(PREFIX)
}

/// How a client introduced its connection, a consumer or a producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// Its id in the words of the protocol, unique in the broker.
    pub id: Arc<str>,
    /// The command that introduced it, without secrets, in the form of the room that made it.
    /// The first byte is the room's tag of native fields.
    pub command: Bytes,
}

/// What an advisory tells.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Advisory {
    /// Nothing besides the properties of the message.
    Properties,
    /// A thing has come, or is the one that the topic's name speaks of.
    Present(Thing),
    /// A thing has gone.
    Gone(Thing),
    /// Something happened to a message.
    Message {
        /// The message; its body is empty if it is not told.
        message: Message,
        /// The body is told.
        has_body: bool,
    },
}

/// What comes and goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Thing {
    /// A connection.
    Connection(Arc<ConnectionFacts>),
    /// A consumer or browser.
    Consumer(Arc<ConsumerFacts>),
    /// A producer.
    Producer(Arc<ProducerFacts>),
    /// A destination.
    Destination {
        /// Which.
        destination: Destination,
        /// Id of the connection that a temporary one belongs to.
        owner: Option<Arc<str>>,
    },
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// Its own id, and the command with which the client connected, if any.
    pub introduction: Introduction,
    /// The client id.
    pub client_id: Arc<str>,
    /// The user name, if given.
    pub user: Option<Arc<str>>,
    /// Address of the client.
    pub peer: Arc<str>,
}

/// A consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerFacts {
    /// Its own id, and the command that opened it, if any.
    pub introduction: Introduction,
    /// What it consumes from.
    pub destinations: Vec<Destination>,
    /// The client id of its connection.
    pub client_id: Arc<str>,
    /// Text of the selector.
    pub selector: Option<Arc<str>>,
    /// Name of the durable subscription.
    pub durable_name: Option<Arc<str>>,
    /// Most unacknowledged deliveries.
    pub prefetch: u32,
    /// It only looks.
    pub browser: bool,
    /// It wants nothing of its own connection.
    pub no_local: bool,
    /// It wants all for itself.
    pub exclusive: bool,
    /// Its priority.
    pub priority: i8,
}

/// A producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerFacts {
    /// Its own id, and the command that opened it, if any.
    pub introduction: Introduction,
    /// Where it sends to; none if it says so with each message.
    pub destinations: Vec<Destination>,
}

impl Advisory {
    /// The body of a message that tells this.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u8(VERSION);
        match self {
            Self::Properties => out.put_u8(0),
            Self::Present(thing) => {
                out.put_u8(1);
                thing.encode(&mut out);
            }
            Self::Gone(thing) => {
                out.put_u8(2);
                thing.encode(&mut out);
            }
            Self::Message { message, has_body } => {
                out.put_u8(3);
                out.put_u8((*has_body).into());
                put_bytes(&mut out, message.head());
                if *has_body {
                    out.put_slice(message.body());
                }
            }
        }
        out.freeze()
    }

    /// What a message tells; `None` if it is no advisory, or one of a later version.
    pub fn of(message: &Message) -> Option<Self> {
        if message.body_kind() != BodyKind::Advisory {
            return None;
        }
        let mut input = message.body().clone();
        if input.try_get_u8().ok()? != VERSION {
            return None;
        }
        Some(match input.try_get_u8().ok()? {
            0 => Self::Properties,
            1 => Self::Present(Thing::decode(&mut input)?),
            2 => Self::Gone(Thing::decode(&mut input)?),
            3 => {
                let has_body = input.try_get_u8().ok()? != 0;
                let head = take_bytes(&mut input)?;
                let message = Message::from_parts(head, input).ok()?;
                Self::Message { message, has_body }
            }
            _ => return None,
        })
    }
}

impl Thing {
    fn encode(&self, out: &mut BytesMut) {
        match self {
            Self::Connection(facts) => {
                out.put_u8(0);
                put_introduction(out, &facts.introduction);
                put_text(out, &facts.client_id);
                put_option(out, facts.user.as_deref());
                put_text(out, &facts.peer);
            }
            Self::Consumer(facts) => {
                out.put_u8(1);
                put_introduction(out, &facts.introduction);
                put_destinations(out, &facts.destinations);
                put_text(out, &facts.client_id);
                put_option(out, facts.selector.as_deref());
                put_option(out, facts.durable_name.as_deref());
                out.put_u32(facts.prefetch);
                for flag in [facts.browser, facts.no_local, facts.exclusive] {
                    out.put_u8(flag.into());
                }
                out.put_i8(facts.priority);
            }
            Self::Producer(facts) => {
                out.put_u8(2);
                put_introduction(out, &facts.introduction);
                put_destinations(out, &facts.destinations);
            }
            Self::Destination { destination, owner } => {
                out.put_u8(3);
                put_destination(out, destination);
                put_option(out, owner.as_deref());
            }
        }
    }

    fn decode(input: &mut Bytes) -> Option<Self> {
        Some(match input.try_get_u8().ok()? {
            0 => Self::Connection(Arc::new(ConnectionFacts {
                introduction: take_introduction(input)?,
                client_id: take_text(input)?,
                user: take_option(input)?,
                peer: take_text(input)?,
            })),
            1 => Self::Consumer(Arc::new(ConsumerFacts {
                introduction: take_introduction(input)?,
                destinations: take_destinations(input)?,
                client_id: take_text(input)?,
                selector: take_option(input)?,
                durable_name: take_option(input)?,
                prefetch: input.try_get_u32().ok()?,
                browser: input.try_get_u8().ok()? != 0,
                no_local: input.try_get_u8().ok()? != 0,
                exclusive: input.try_get_u8().ok()? != 0,
                priority: input.try_get_i8().ok()?,
            })),
            2 => Self::Producer(Arc::new(ProducerFacts {
                introduction: take_introduction(input)?,
                destinations: take_destinations(input)?,
            })),
            3 => Self::Destination {
                destination: take_destination(input)?,
                owner: take_option(input)?,
            },
            _ => return None,
        })
    }
}

fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    out.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.put_slice(bytes);
}

fn put_text(out: &mut BytesMut, text: &str) {
    put_bytes(out, text.as_bytes());
}

fn put_option(out: &mut BytesMut, text: Option<&str>) {
    out.put_u8(text.is_some().into());
    put_text(out, text.unwrap_or_default());
}

fn put_introduction(out: &mut BytesMut, introduction: &Introduction) {
    put_text(out, &introduction.id);
    put_bytes(out, &introduction.command);
}

fn put_destination(out: &mut BytesMut, destination: &Destination) {
    out.put_u8(destination.kind().code());
    put_text(out, destination.name());
}

fn put_destinations(out: &mut BytesMut, destinations: &[Destination]) {
    let told = destinations.len().min(DESTINATIONS_MAX);
    out.put_u16(u16::try_from(told).unwrap_or(u16::MAX));
    for destination in destinations.iter().take(told) {
        put_destination(out, destination);
    }
}

fn take_bytes(input: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(input.try_get_u32().ok()?).ok()?;
    (length <= input.len()).then(|| input.split_to(length))
}

fn take_text(input: &mut Bytes) -> Option<Arc<str>> {
    let bytes = take_bytes(input)?;
    std::str::from_utf8(&bytes).ok().map(Arc::from)
}

fn take_option(input: &mut Bytes) -> Option<Option<Arc<str>>> {
    let is_there = input.try_get_u8().ok()? != 0;
    let text = take_text(input)?;
    Some(is_there.then_some(text))
}

fn take_introduction(input: &mut Bytes) -> Option<Introduction> {
    Some(Introduction {
        id: take_text(input)?,
        command: take_bytes(input)?,
    })
}

fn take_destination(input: &mut Bytes) -> Option<Destination> {
    let kind = DestinationKind::from_code(input.try_get_u8().ok()?)?;
    Destination::new(kind, &take_text(input)?).ok()
}

fn take_destinations(input: &mut Bytes) -> Option<Vec<Destination>> {
    let count = usize::from(input.try_get_u16().ok()?);
    let destinations = (0..count.min(DESTINATIONS_MAX)).map(|_| take_destination(input));
    destinations.collect()
}
