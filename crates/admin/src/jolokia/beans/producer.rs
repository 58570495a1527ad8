//! Producers that told of themselves: `endpoint=Producer,clientId=…,producerId=…`.

use super::{call, java, percent};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use crate::jolokia::scene::Scene;
use floodway_broker::view::{BlockedView, ProducedView, ProducerView};
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
        "ms that it waited for space, until now",
        |(one, _), scene| produced(one, scene).blocked_ms.into(),
    ),
    reads(
        "PercentageBlocked",
        java::INT,
        "percent of its sends that waited for space",
        |(one, _), scene| {
            let produced = produced(one, scene);
            percent(produced.blocked_sends, produced.sent)
                .min(100)
                .into()
        },
    ),
    reads(
        "SentCount",
        java::LONG,
        "messages that came from it",
        |(one, _), scene| produced(one, scene).sent.into(),
    ),
    reads(
        "ProducerWindowSize",
        java::INT,
        "bytes that it sends unacknowledged; 0: no bound",
        |(one, _), scene| produced(one, scene).window_bytes.into(),
    ),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "resetFlowControlStats",
        java::VOID,
        "counts its waits from 0 again",
        Act::ResetBlocked,
    ),
    call(
        "resetStatistics",
        java::VOID,
        "counts its messages from 0 again",
        Act::ResetSent,
    ),
];

fn produced(one: &ProducerView, scene: &Scene<'_>) -> ProducedView {
    let activity = scene.activity().get(&one.connection);
    let own = activity.and_then(|activity| activity.producers.get(&one.producer));
    own.copied().unwrap_or_default()
}

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
