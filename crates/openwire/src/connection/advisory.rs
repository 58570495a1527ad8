//! Temporary destinations, and telling all clients of them.
//!
//! Java clients refuse to send to a temporary destination they were not told about: each
//! subscribes to the advisory topics of temporary queues and topics when it connects. New ones
//! are told by a message to that topic; those that exist already, to the new subscriber alone.

use super::conversation::{Answer, Ask, Conversation, Turn};
use super::producer::OWN_PRODUCER;
use crate::codec::{Primitive, Text, put_entry};
use crate::convert::destination::{self, TEMP_QUEUE, TEMP_TOPIC};
use crate::convert::inbound::Origin;
use crate::error::OpenWireError;
use crate::generated::{
    ActiveMQDestination, ConnectionId, DataStructure, DestinationInfo, Message, MessageDispatch,
    MessageId, ProducerId,
};
use bytes::{BufMut, BytesMut};
use floodway_message::session::{Command, ConsumerId as Number, Destinations, Send};
use floodway_message::{Destination, DestinationKind, Now};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const ADD: i8 = 0;
const REMOVE: i8 = 1;
const TEMP_QUEUES: &str = "ActiveMQ.Advisory.TempQueue";
const TEMP_TOPICS: &str = "ActiveMQ.Advisory.TempTopic";
const PLAIN_MESSAGE: u8 = 23;

/// Temporary destinations of all OpenWire connections of a broker: name, kind and owner.
#[derive(Debug, Default)]
pub struct Temporaries {
    known: Mutex<BTreeMap<Arc<str>, (u8, Text)>>,
}

impl Temporaries {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, (u8, Text)>> {
        // A panic elsewhere leaves a map that is whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The advisory topic of a wire type.
fn topic_of(type_id: u8) -> &'static str {
    if type_id == TEMP_QUEUE {
        TEMP_QUEUES
    } else {
        TEMP_TOPICS
    }
}

impl Conversation {
    pub(super) fn destination(
        &mut self,
        info: &DestinationInfo,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        let wire = info.destination.as_ref();
        let wire = wire.ok_or(OpenWireError::Missing {
            what: "destination",
        })?;
        let destination = match destination::read(wire)? {
            Destinations::One(one) => one,
            Destinations::Many(_) => {
                let what = "a single destination";
                return Err(OpenWireError::Missing { what });
            }
        };
        let is_temporary = matches!(wire.type_id, TEMP_QUEUE | TEMP_TOPIC);
        let name: Arc<str> = destination.name().into();
        if info.operation_type == REMOVE {
            if is_temporary && !self.own_temporaries.remove(&name) {
                return Ok(Answer::Now);
            }
            let reply = self.reply(ask);
            turn.commands
                .push(Command::RemoveDestination { destination, reply });
            if is_temporary {
                self.temporaries.lock().remove(&name);
                self.advise(wire.type_id, &name, REMOVE, turn)?;
            }
            return Ok(Answer::Later);
        }
        if is_temporary {
            self.note_temporary(wire.type_id, &name)?;
        }
        let reply = self.reply(ask);
        turn.commands
            .push(Command::CreateDestination { destination, reply });
        if is_temporary {
            self.advise(wire.type_id, &name, ADD, turn)?;
        }
        Ok(Answer::Later)
    }

    /// Notes a temporary destination of this connection, whose id its name begins with.
    fn note_temporary(&mut self, type_id: u8, name: &Arc<str>) -> Result<(), OpenWireError> {
        let owner = self.connection_id.clone().unwrap_or_default();
        if name
            .rsplit_once(':')
            .is_none_or(|(prefix, _)| prefix != owner.to_str())
        {
            let name = name.to_string();
            return Err(OpenWireError::ForeignTemporary { name });
        }
        let limit = self.settings.temporary_destinations_count_max;
        if self.own_temporaries.len() >= limit && !self.own_temporaries.contains(name) {
            let what = "temporary destinations";
            return Err(OpenWireError::TooMany { what, limit });
        }
        let mut known = self.temporaries.lock();
        known.insert(Arc::clone(name), (type_id, owner));
        drop(known);
        self.own_temporaries.insert(Arc::clone(name));
        Ok(())
    }

    /// Tells all clients that this connection's temporary destinations go.
    pub(super) fn withdraw_temporaries(&mut self, turn: &mut Turn<'_>) {
        for name in std::mem::take(&mut self.own_temporaries) {
            let removed = self.temporaries.lock().remove(&name);
            if let Some((type_id, _)) = removed {
                // Its own message cannot be refused: it has an id and short headers.
                self.advise(type_id, &name, REMOVE, turn).ok();
            }
        }
    }

    fn advise(
        &mut self,
        type_id: u8,
        name: &str,
        operation: i8,
        turn: &mut Turn<'_>,
    ) -> Result<(), OpenWireError> {
        let owner = self.connection_id.clone().unwrap_or_default();
        let message = self.advisory(type_id, name, (operation, owner), turn.now);
        let topic = Destination::new(DestinationKind::Topic, topic_of(type_id));
        let topic = topic.map_err(|source| OpenWireError::Destination { source })?;
        let origin = Origin {
            now: turn.now,
            destination: &topic,
            composite: None,
            numbered: false,
        };
        let message = self.converter.message(&message, &origin, usize::MAX)?;
        turn.commands.push(Command::Send(Send {
            producer: OWN_PRODUCER,
            destinations: Destinations::One(topic),
            message,
            tx: None,
            reply: None,
        }));
        Ok(())
    }

    /// The message that tells of a temporary destination.
    fn advisory(
        &mut self,
        type_id: u8,
        name: &str,
        (operation, owner): (i8, Text),
        now: Now,
    ) -> Message {
        self.advisories += 1;
        let producer = ProducerId {
            connection_id: Some(self.own_id.clone()),
            ..ProducerId::default()
        };
        let told = DestinationInfo {
            connection_id: Some(ConnectionId { value: Some(owner) }),
            destination: Some(ActiveMQDestination {
                type_id,
                physical_name: Some(Text::new(name)),
            }),
            operation_type: operation,
            broker_path: Some(vec![Some(self.broker_id())]),
            ..DestinationInfo::default()
        };
        Message {
            type_id: PLAIN_MESSAGE,
            producer_id: Some(producer.clone()),
            message_id: Some(MessageId {
                producer_id: Some(producer),
                producer_sequence_id: self.advisories,
                ..MessageId::default()
            }),
            destination: Some(ActiveMQDestination {
                type_id: destination::TOPIC,
                physical_name: Some(Text::fixed(topic_of(type_id))),
            }),
            message_type: Some(Text::fixed("Advisory")),
            timestamp: now.wall_ms,
            marshalled_properties: Some(self.origin_properties()),
            data_structure: Some(Box::new(DataStructure::DestinationInfo(Box::new(told)))),
            ..Message::default()
        }
    }

    fn origin_properties(&self) -> bytes::Bytes {
        let mut map = BytesMut::new();
        map.put_u32(3);
        let id = self.broker_id().value.unwrap_or_default();
        put_entry(&mut map, "originBrokerId", &Primitive::String(id.bytes()));
        let name = Text::new(&self.settings.broker_name);
        put_entry(
            &mut map,
            "originBrokerName",
            &Primitive::String(name.bytes()),
        );
        let url = Text::new(&self.settings.broker_url);
        put_entry(&mut map, "originBrokerURL", &Primitive::String(url.bytes()));
        map.freeze()
    }

    /// Tells a new subscriber of what exists already.
    pub(super) fn replay_temporaries(&mut self, number: Number, turn: &mut Turn<'_>) {
        let Some(consumer) = self.consumers.get_mut(number) else {
            return;
        };
        let wants = |topic| consumer.destinations.iter().any(|one| one.name() == topic);
        let (queues, topics) = (wants(TEMP_QUEUES), wants(TEMP_TOPICS));
        if !queues && !topics {
            return;
        }
        let known: Vec<_> = {
            let known = self.temporaries.lock();
            let wanted = |type_id| {
                if type_id == TEMP_QUEUE {
                    queues
                } else {
                    topics
                }
            };
            let known = known.iter().filter(|(_, (type_id, _))| wanted(*type_id));
            known
                .map(|(name, (kind, owner))| (Arc::clone(name), *kind, owner.clone()))
                .collect()
        };
        let consumer_id = Some(consumer.id.clone());
        for (name, type_id, owner) in known {
            let message = self.advisory(type_id, &name, (ADD, owner), turn.now);
            self.stamp += 1;
            let dispatch = MessageDispatch {
                consumer_id: consumer_id.clone(),
                destination: message.destination.clone(),
                message: Some(Box::new(message)),
                ..MessageDispatch::default()
            };
            self.put(&dispatch, turn);
        }
    }
}

/// A connection that is gone takes its temporary destinations along.
impl Drop for Conversation {
    fn drop(&mut self) {
        let mut known = self.temporaries.lock();
        for name in &self.own_temporaries {
            known.remove(name);
        }
    }
}
