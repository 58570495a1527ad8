//! Connectors that clients connect to: `connector=clientConnectors,connectorName=…`.

use super::{call, java};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use crate::jolokia::scene::Scene;
use crate::settings::ServedConnector;

pub(crate) const ATTRIBUTES: &[Attribute<ServedConnector>] = &[
    reads("Name", java::STRING, "its name", |one, _| {
        one.name.as_str().into()
    }),
    reads(
        "BrokerName",
        java::STRING,
        "name of the broker",
        |_, scene| scene.broker_name().into(),
    ),
    reads("URI", java::STRING, "where it listens", |one, _| {
        one.uri.as_str().into()
    }),
    reads(
        "ConnectURI",
        java::STRING,
        "where to connect to",
        |one, _| one.uri.as_str().into(),
    ),
    reads(
        "PublishableConnectURI",
        java::STRING,
        "the same",
        |one, _| one.uri.as_str().into(),
    ),
    reads("ConnectionCount", java::INT, "connections now", count),
    reads("Started", java::BOOL, "always true", |_, _| true.into()),
    reads("AutoStart", java::BOOL, "always true", |_, _| true.into()),
    reads("StatisticsEnabled", java::BOOL, "always true", |_, _| {
        true.into()
    }),
    reads(
        "AllowLinkStealingEnabled",
        java::BOOL,
        "a reconnecting client takes over",
        |_, _| true.into(),
    ),
    reads(
        "UpdateClusterClients",
        java::BOOL,
        "`updateClusterClients`",
        |one, _| one.updates_clients.into(),
    ),
    reads(
        "UpdateClusterClientsOnRemove",
        java::BOOL,
        "`updateClusterClientsOnRemove`",
        |one, _| one.updates_clients_on_remove.into(),
    ),
    reads(
        "UpdateClusterFilter",
        java::STRING,
        "`updateClusterFilter`",
        |one, _| {
            let filter = Some(one.client_filter.as_str());
            filter.filter(|filter| !filter.is_empty()).into()
        },
    ),
    reads(
        "MaxConnectionExceededCount",
        java::LONG,
        "connections refused by `maximumConnections`",
        |one, _| one.refusals.count().into(),
    ),
    reads(
        "RebalanceClusterClients",
        java::BOOL,
        "`rebalanceClusterClients`",
        |one, _| one.rebalances_clients.into(),
    ),
];

const NO_STOP: &str = "a connector runs as long as the broker; change activemq.xml and restart";

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "connectionCount",
        java::INT,
        "connections now",
        Act::CountConnections,
    ),
    call("start", java::VOID, "no effect: it runs", Act::Nothing),
    call("stop", java::VOID, "not possible", Act::Refuse(NO_STOP)),
    call(
        "enableStatistics",
        java::VOID,
        "no effect: always on",
        Act::Nothing,
    ),
    call(
        "disableStatistics",
        java::VOID,
        "not possible",
        Act::Refuse("connections are always counted"),
    ),
    call(
        "resetStatistics",
        java::VOID,
        "no effect: nothing is counted",
        Act::Nothing,
    ),
];

pub(crate) fn count(one: &ServedConnector, scene: &Scene<'_>) -> Data {
    let all = scene.connections().values();
    all.filter(|other| other.connector == one.name)
        .count()
        .into()
}
