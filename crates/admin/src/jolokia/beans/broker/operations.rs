//! What can be called of the broker.
//!
//! What has no meaning here is in the list all the same, with what to do instead, so that tools
//! that call it are told.

use crate::jolokia::bean::{Act, Operation};
use crate::jolokia::beans::{call, java};

const QUERY: &[(&str, &str)] = &[
    ("filter", java::STRING),
    ("page", java::INT),
    ("pageSize", java::INT),
];
const NO_CONNECTORS: &str =
    "connectors are those of activemq.xml; change it and restart the broker";
const NO_STOP: &str = "the broker is stopped by the signal TERM, or by whatever has started it";

pub(crate) const OPERATIONS: &[Operation] = &[
    call("addQueue", java::VOID, "creates a queue", Act::AddQueue).with(&[("name", java::STRING)]),
    call("addTopic", java::VOID, "creates a topic", Act::AddTopic).with(&[("name", java::STRING)]),
    call(
        "removeQueue",
        java::VOID,
        "removes a queue without consumers",
        Act::RemoveQueue,
    )
    .with(&[("name", java::STRING)]),
    call(
        "removeTopic",
        java::VOID,
        "removes a topic without subscriptions",
        Act::RemoveTopic,
    )
    .with(&[("name", java::STRING)]),
    call(
        "browseQueue",
        java::ROWS,
        "pending messages of a queue",
        Act::BrowseQueue,
    )
    .with(&[("name", java::STRING)]),
    call(
        "queryQueues",
        java::STRING,
        "queues by pages, as JSON",
        Act::QueryQueues,
    )
    .with(QUERY),
    call(
        "queryTopics",
        java::STRING,
        "topics by pages, as JSON",
        Act::QueryTopics,
    )
    .with(QUERY),
    call(
        "createDurableSubscriber",
        java::NAME,
        "makes a durable subscription",
        Act::CreateDurable,
    )
    .with(&[
        ("clientId", java::STRING),
        ("subscriberName", java::STRING),
        ("topicName", java::STRING),
        ("selector", java::STRING),
    ]),
    call(
        "destroyDurableSubscriber",
        java::VOID,
        "removes an unused one",
        Act::DestroyDurable,
    )
    .with(&[("clientId", java::STRING), ("subscriberName", java::STRING)]),
    call(
        "getTransportConnectorByType",
        java::STRING,
        "address by scheme",
        Act::ConnectorOfScheme,
    )
    .with(&[("type", java::STRING)]),
    call(
        "resetStatistics",
        java::VOID,
        "totals begin again at 0",
        Act::ResetTotals,
    ),
    call(
        "enableStatistics",
        java::VOID,
        "no effect: always on",
        Act::Nothing,
    ),
    call(
        "gc",
        java::VOID,
        "no effect: there is nothing to collect",
        Act::Nothing,
    ),
    call(
        "reloadLog4jProperties",
        java::VOID,
        "no effect: no such file",
        Act::Nothing,
    ),
    call("start", java::VOID, "no effect: it runs", Act::Nothing),
    call(
        "disableStatistics",
        java::VOID,
        "not possible",
        Act::Refuse("statistics cannot be switched off: they cost nothing that could be saved"),
    ),
    call("stop", java::VOID, "not possible", Act::Refuse(NO_STOP)),
    call("restart", java::VOID, "not possible", Act::Refuse(NO_STOP)),
    call(
        "terminateJVM",
        java::VOID,
        "not possible",
        Act::Refuse(NO_STOP),
    )
    .with(&[("exitCode", java::INT)]),
    call(
        "stopGracefully",
        java::VOID,
        "not possible",
        Act::Refuse(NO_STOP),
    )
    .with(&[
        ("connectorName", java::STRING),
        ("queueName", java::STRING),
        ("timeout", java::LONG),
        ("pollInterval", java::LONG),
    ]),
    call(
        "addConnector",
        java::STRING,
        "not possible",
        Act::Refuse(NO_CONNECTORS),
    )
    .with(&[("discoveryAddress", java::STRING)]),
    call(
        "removeConnector",
        java::BOOL,
        "not possible",
        Act::Refuse(NO_CONNECTORS),
    )
    .with(&[("connectorName", java::STRING)]),
    call(
        "addNetworkConnector",
        java::STRING,
        "not possible",
        Act::Refuse(NO_CONNECTORS),
    )
    .with(&[("discoveryAddress", java::STRING)]),
    call(
        "removeNetworkConnector",
        java::BOOL,
        "not possible",
        Act::Refuse(NO_CONNECTORS),
    )
    .with(&[("connectorName", java::STRING)]),
];
