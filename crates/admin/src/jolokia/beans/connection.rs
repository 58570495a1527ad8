//! Connections: `connector=clientConnectors,connectionViewType=…,connectionName=…`, each by
//! client id and by address.

use super::{call, java, producer};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use crate::jolokia::scene::{Scene, remote_address};
use floodway_broker::view::{ActivityView, ConnectionView};

pub(crate) const ATTRIBUTES: &[Attribute<ConnectionView>] = &[
    reads("ClientId", java::STRING, "client id", |one, _| {
        (&*one.client_id).into()
    }),
    reads("UserName", java::STRING, "who logged in", |one, _| {
        one.user.as_deref().into()
    }),
    reads(
        "RemoteAddress",
        java::STRING,
        "address of the client",
        |one, _| remote_address(one).into(),
    ),
    reads(
        "WireFormatInfo",
        java::STRING,
        "what is spoken",
        |one, _| one.protocol.into(),
    ),
    reads("Active", java::BOOL, "always true", |_, _| true.into()),
    reads("Connected", java::BOOL, "always true", |_, _| true.into()),
    reads(
        "Slow",
        java::BOOL,
        "one of its consumers is slow",
        |one, scene| {
            let mut all = scene.subscriptions().iter();
            all.any(|other| other.slow && other.connection.as_ref() == Some(one))
                .into()
        },
    ),
    reads(
        "Blocked",
        java::BOOL,
        "one of its producers waits for space",
        |one, scene| {
            let mut all = scene.blocked().iter();
            all.any(|blocked| blocked.connection.id == one.id).into()
        },
    ),
    reads(
        "NetworkConnection",
        java::BOOL,
        "another broker's",
        |one, scene| {
            let mut peers = scene.peers().iter();
            peers.any(|peer| peer.connection == Some(one.id)).into()
        },
    ),
    reads("Consumers", java::NAMES, "its consumers", |one, scene| {
        let all = scene.subscriptions().iter();
        let own = all.filter(|other| other.connection.as_ref() == Some(one));
        own.map(|own| scene.subscription_name(own))
            .collect::<Vec<_>>()
            .into()
    }),
    reads(
        "DispatchQueueSize",
        java::INT,
        "deliveries that wait for it",
        |one, scene| of(one, scene, |activity| activity.waiting.into()),
    ),
    reads(
        "ActiveTransactionCount",
        java::INT,
        "transactions that it has open",
        |one, scene| of(one, scene, |activity| activity.transactions.into()),
    ),
    reads(
        "OldestActiveTransactionDuration",
        java::BOXED_LONG,
        "ms since the oldest was begun; null without any",
        |one, scene| {
            let oldest = |activity: &ActivityView| activity.oldest_transaction_ms;
            let activity = scene.activity().get(&one.id);
            activity.and_then(oldest).map_or(Data::Null, Data::from)
        },
    ),
    reads("Producers", java::NAMES, "its producers", |one, scene| {
        producer::names_at(one.id, scene)
    }),
];

/// A count; 0 once it has gone.
fn of(one: &ConnectionView, scene: &Scene<'_>, count: fn(&ActivityView) -> Data) -> Data {
    let activity = scene.activity().get(&one.id);
    activity.map_or(Data::Int(0), count)
}

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "stop",
        java::VOID,
        "closes the connection",
        Act::CloseConnection,
    ),
    call("start", java::VOID, "no effect: it runs", Act::Nothing),
    call(
        "resetStatistics",
        java::VOID,
        "no effect: nothing is counted",
        Act::Nothing,
    ),
];
