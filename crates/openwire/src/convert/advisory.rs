//! Advisories as OpenWire clients expect them: a structure within a plain message.
//!
//! A client's own command is passed on as it came, in the version of whoever receives it; for
//! clients of other protocols, and for commands too long to keep, one is made up from what the
//! core knows. Ids of consumers and producers are texts of the form `connection:session:number`.

use super::destination;
use super::native;
use super::outbound::{self, Outgoing};
use crate::codec::{Text, Wire};
use crate::generated::{
    ActiveMQDestination, ConnectionId, ConnectionInfo, ConsumerId, ConsumerInfo, DataStructure,
    DestinationInfo, ProducerId, ProducerInfo, RemoveInfo,
};
use bytes::{BufMut, BytesMut};
use floodway_message::advisory::{
    ConnectionFacts, ConsumerFacts, Introduction, ProducerFacts, Thing,
};
use floodway_message::{Advisory, Destination};
use std::sync::Arc;

/// Longer commands are not kept.
const COMMAND_BYTES_MAX: usize = 4 * 1024;
/// Longer ids are not told.
const ID_BYTES_MAX: usize = 1024;

const ADD: i8 = 0;
const REMOVE: i8 = 1;
/// Nobody knows what the application saw last.
const UNKNOWN: i64 = -2;

/// How a client introduced something, to be told to others.
pub(crate) fn introduction<T: Wire>(id: &str, command: &T) -> Option<Introduction> {
    if id.len() > ID_BYTES_MAX {
        return None;
    }
    let mut bytes = BytesMut::new();
    bytes.put_u8(native::TAG);
    native::freeze(command, &mut bytes);
    if bytes.len() > COMMAND_BYTES_MAX {
        bytes.clear();
    }
    let id = Arc::from(id);
    // A copy of just that size: the buffer may have room for more.
    let command = bytes::Bytes::copy_from_slice(&bytes);
    Some(Introduction { id, command })
}

/// `connection:session:number`.
pub(crate) fn id_text(connection: Option<&Text>, session: i64, number: i64) -> String {
    let connection = connection.map(Text::to_str).unwrap_or_default();
    format!("{connection}:{session}:{number}")
}

/// The structure that tells an advisory.
pub(crate) fn structure(advisory: Advisory, outgoing: &Outgoing) -> Option<DataStructure> {
    Some(match advisory {
        Advisory::Present(thing) => present(&thing)?,
        Advisory::Gone(thing) => gone(&thing)?,
        Advisory::Message { message, has_body } => {
            let mut wire = outbound::message(&message, outgoing);
            if !has_body {
                wire.content = None;
                wire.compressed = false;
            }
            DataStructure::Message(wire)
        }
        _ => return None,
    })
}

fn present(thing: &Thing) -> Option<DataStructure> {
    Some(match thing {
        Thing::Connection(facts) => DataStructure::ConnectionInfo(Box::new(connection_info(facts))),
        Thing::Consumer(facts) => DataStructure::ConsumerInfo(Box::new(consumer_info(facts))),
        Thing::Producer(facts) => DataStructure::ProducerInfo(Box::new(producer_info(facts))),
        Thing::Destination { destination, owner } => {
            destination_info(destination, owner.as_deref(), ADD)
        }
        _ => return None,
    })
}

fn gone(thing: &Thing) -> Option<DataStructure> {
    let object = match thing {
        Thing::Connection(facts) => {
            DataStructure::ConnectionId(connection_id(&facts.introduction.id))
        }
        Thing::Consumer(facts) => DataStructure::ConsumerId(consumer_id(&facts.introduction.id)),
        Thing::Producer(facts) => DataStructure::ProducerId(producer_id(&facts.introduction.id)),
        Thing::Destination { destination, owner } => {
            return Some(destination_info(destination, owner.as_deref(), REMOVE));
        }
        _ => return None,
    };
    Some(DataStructure::RemoveInfo(Box::new(RemoveInfo {
        object_id: Some(Box::new(object)),
        last_delivered_sequence_id: UNKNOWN,
        ..RemoveInfo::default()
    })))
}

/// The command as the client sent it, if it was one of OpenWire's.
fn command(introduction: &Introduction) -> Option<DataStructure> {
    let (tag, bytes) = introduction.command.split_first()?;
    native::thaw(bytes).filter(|_| *tag == native::TAG)
}

fn connection_info(facts: &ConnectionFacts) -> ConnectionInfo {
    let mut info = match command(&facts.introduction) {
        Some(DataStructure::ConnectionInfo(info)) => *info,
        _ => ConnectionInfo {
            connection_id: Some(connection_id(&facts.introduction.id)),
            client_id: Some(Text::new(&facts.client_id)),
            user_name: facts.user.as_deref().map(Text::new),
            client_master: true,
            ..ConnectionInfo::default()
        },
    };
    info.client_ip = Some(Text::new(&format!("tcp://{}", facts.peer)));
    info
}

fn consumer_info(facts: &ConsumerFacts) -> ConsumerInfo {
    let mut info = match command(&facts.introduction) {
        Some(DataStructure::ConsumerInfo(info)) => *info,
        _ => ConsumerInfo {
            consumer_id: Some(consumer_id(&facts.introduction.id)),
            browser: facts.browser,
            destination: composite(&facts.destinations),
            prefetch_size: i32::try_from(facts.prefetch).unwrap_or(i32::MAX),
            dispatch_async: true,
            selector: facts.selector.as_deref().map(Text::new),
            subscription_name: facts.durable_name.as_deref().map(Text::new),
            no_local: facts.no_local,
            exclusive: facts.exclusive,
            priority: facts.priority,
            ..ConsumerInfo::default()
        },
    };
    info.client_id = Some(Text::new(&facts.client_id));
    info
}

fn producer_info(facts: &ProducerFacts) -> ProducerInfo {
    match command(&facts.introduction) {
        Some(DataStructure::ProducerInfo(info)) => *info,
        _ => ProducerInfo {
            producer_id: Some(producer_id(&facts.introduction.id)),
            destination: composite(&facts.destinations),
            ..ProducerInfo::default()
        },
    }
}

fn destination_info(
    destination: &Destination,
    owner: Option<&str>,
    operation_type: i8,
) -> DataStructure {
    DataStructure::DestinationInfo(Box::new(DestinationInfo {
        connection_id: owner.map(connection_id),
        destination: composite(std::slice::from_ref(destination)),
        operation_type,
        ..DestinationInfo::default()
    }))
}

/// Several destinations are one, whose kind is that of the first.
fn composite(destinations: &[Destination]) -> Option<ActiveMQDestination> {
    let (first, others) = destinations.split_first()?;
    let mut name = first.name().to_owned();
    for one in others {
        name.push(',');
        if one.kind() != first.kind() {
            name.push_str(one.kind().scheme());
        }
        name.push_str(one.name());
    }
    Some(ActiveMQDestination {
        type_id: destination::type_of(first.kind()),
        physical_name: Some(Text::new(&name)),
    })
}

fn connection_id(id: &str) -> ConnectionId {
    ConnectionId {
        value: Some(Text::new(id)),
    }
}

fn consumer_id(id: &str) -> ConsumerId {
    let (connection_id, session_id, value) = parts(id);
    ConsumerId {
        connection_id,
        session_id,
        value,
    }
}

fn producer_id(id: &str) -> ProducerId {
    let (connection_id, session_id, value) = parts(id);
    ProducerId {
        connection_id,
        value,
        session_id,
    }
}

fn parts(id: &str) -> (Option<Text>, i64, i64) {
    let mut parts = id.rsplitn(3, ':');
    let mut number = || {
        parts
            .next()
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0)
    };
    let (value, session) = (number(), number());
    (parts.next().map(Text::new), session, value)
}
