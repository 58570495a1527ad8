//! Producers that told of themselves: `endpoint=Producer,clientId=…,producerId=…`.

use super::{call, java};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use crate::jolokia::scene::Scene;
use floodway_broker::view::{BlockedView, ProducerView};
use floodway_message::Destination;

use super::subscription::{connection_id, id_part};

/// A producer at one of its destinations; `None` if it names one with each message.
pub(crate) type At = (ProducerView, Option<Destination>);

pub(crate) const ATTRIBUTES: &[Attribute<At>] = &[
    reads(
        "ClientId",
        java::STRING,
        "client id of its connection",
        |(one, _), scene| {
            let connection = scene.connections().get(&one.connection);
            connection
                .map(|connection| connection.client_id.to_string())
                .into()
        },
    ),
    reads(
        "ConnectionId",
        java::STRING,
        "id of its connection",
        |(one, _), _| connection_id(&one.id, one.connection).into(),
    ),
    reads(
        "SessionId",
        java::LONG,
        "number of its session",
        |(one, _), _| id_part(&one.id, 1).into(),
    ),
    reads("ProducerId", java::STRING, "its id", |(one, _), _| {
        (&*one.id).into()
    }),
    reads(
        "UserName",
        java::STRING,
        "who it logged in as",
        |(one, _), scene| {
            let connection = scene.connections().get(&one.connection);
            connection
                .and_then(|connection| connection.user.as_deref())
                .into()
        },
    ),
    reads(
        "DestinationName",
        java::STRING,
        "where it sends to",
        |(_, to), _| to.as_ref().map(Destination::name).into(),
    ),
    reads(
        "DestinationQueue",
        java::BOOL,
        "it sends to a queue",
        |(_, to), _| to.as_ref().is_some_and(|to| to.kind().is_queue()).into(),
    ),
    reads(
        "DestinationTopic",
        java::BOOL,
        "it sends to a topic",
        |(_, to), _| to.as_ref().is_some_and(|to| !to.kind().is_queue()).into(),
    ),
    reads(
        "DestinationTemporary",
        java::BOOL,
        "to a temporary destination",
        |(_, to), _| {
            to.as_ref()
                .is_some_and(|to| to.kind().is_temporary())
                .into()
        },
    ),
    reads("DispatchAsync", java::BOOL, "always true", |_, _| {
        true.into()
    }),
    reads(
        "ProducerBlocked",
        java::BOOL,
        "it waits for space",
        |(one, _), scene| blocked(one, scene).is_some().into(),
    ),
    reads(
        "TotalTimeBlocked",
        java::LONG,
        "ms that it waits for space now",
        |(one, _), scene| {
            blocked(one, scene)
                .map_or(0, |blocked| blocked.blocked_ms)
                .into()
        },
    ),
];

const NO_STATISTICS: &str = "nothing is counted for single producers";

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "resetFlowControlStats",
        java::VOID,
        "not possible",
        Act::Refuse(NO_STATISTICS),
    ),
    call(
        "resetStatistics",
        java::VOID,
        "not possible",
        Act::Refuse(NO_STATISTICS),
    ),
];

fn blocked<'s>(one: &ProducerView, scene: &'s Scene<'_>) -> Option<&'s BlockedView> {
    scene.blocked().iter().find(|blocked| {
        blocked.connection.id == one.connection && blocked.producer == Some(one.producer)
    })
}

/// The names of a connection's producers.
pub(crate) fn names_at(connection: u64, scene: &Scene<'_>) -> Data {
    let mut names = Vec::new();
    for one in scene
        .producers()
        .iter()
        .filter(|one| one.connection == connection)
    {
        names.extend(
            one.destinations
                .iter()
                .map(|to| scene.producer_name(one, Some(to))),
        );
        if one.destinations.is_empty() {
            names.push(scene.producer_name(one, None));
        }
    }
    names.into()
}
