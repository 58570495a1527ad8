//! Strategies for slow consumers: `service=SlowConsumerStrategy,instanceName=…`, and closing whom
//! they find slow.
//!
//! A strategy is changed in the configuration file; here it is only shown.

use super::{call, java};
use crate::jolokia::bean::{Act, Attribute, Operation, reads};
use crate::jolokia::data::Data;
use crate::jolokia::fault::Fault;
use crate::jolokia::object_name::ObjectName;
use crate::jolokia::scene::Scene;
use floodway_broker::settings::Slow;
use floodway_broker::view::{SlowStrategyView, SlowView};

/// Of both kinds.
pub(crate) const ATTRIBUTES: &[Attribute<SlowStrategyView>] = &[
    reads(
        "CheckPeriod",
        java::LONG,
        "ms between two looks",
        |one, _| one.strategy.check_period_ms.into(),
    ),
    reads(
        "MaxSlowCount",
        java::LONG,
        "closed when slow so often; -1 is never",
        |one, _| or_none(one.strategy.slow_count_max.map(u64::from)),
    ),
    reads(
        "MaxSlowDuration",
        java::LONG,
        "closed when slow for so many ms; -1 is never",
        |one, _| or_none(one.strategy.slow_duration_max_ms),
    ),
    reads(
        "SlowConsumers",
        java::TABLE,
        "who is slow now, by name",
        table,
    ),
];

/// Of those that look at acknowledgements.
pub(crate) const OF_ACKS: &[Attribute<SlowStrategyView>] = &[
    reads(
        "MaxTimeSinceLastAck",
        java::LONG,
        "slow after so many ms without acknowledgement",
        |one, _| match one.strategy.slow {
            Slow::Unacknowledged { after_ms, .. } => after_ms.into(),
            Slow::Full => Data::Null,
        },
    ),
    reads(
        "IgnoreIdleConsumers",
        java::BOOL,
        "who has nothing to acknowledge is not slow",
        |one, _| match one.strategy.slow {
            Slow::Unacknowledged { idle_too, .. } => (!idle_too).into(),
            Slow::Full => Data::Null,
        },
    ),
    reads(
        "IgnoreNetworkConsumers",
        java::BOOL,
        "consumers of other brokers stay",
        |one, _| one.strategy.ignore_network_consumers.into(),
    ),
];

pub(crate) const OPERATIONS: &[Operation] = &[
    call(
        "abortConsumer",
        java::VOID,
        "closes one that is slow now",
        Act::AbortConsumer,
    )
    .with(&[("consumerToAbort", java::NAME)]),
    call("abortConsumer", java::VOID, "the same", Act::AbortConsumer)
        .with(&[("objectNameOfConsumerToAbort", java::STRING)]),
    call(
        "abortConnection",
        java::VOID,
        "closes the connection of one that is slow now",
        Act::AbortConnection,
    )
    .with(&[("consumerToAbort", java::NAME)]),
    call(
        "abortConnection",
        java::VOID,
        "the same",
        Act::AbortConnection,
    )
    .with(&[("objectNameOfConsumerToAbort", java::STRING)]),
];

fn or_none(limit: Option<u64>) -> Data {
    limit.map_or(Data::Int(-1), Data::from)
}

fn table(one: &SlowStrategyView, scene: &Scene<'_>) -> Data {
    let period_ms = one.strategy.check_period_ms.max(1);
    let rows = one.slow.iter().filter_map(|slow| {
        let name = name_of(slow, scene)?;
        let row = Data::row([
            ("subscription", name.clone().into()),
            ("slowCount", slow.count.into()),
            ("markCount", (slow.slow_ms / period_ms).into()),
        ]);
        Some((name.registered(), row))
    });
    Data::Map(rows.collect())
}

fn name_of(slow: &SlowView, scene: &Scene<'_>) -> Option<ObjectName> {
    let mut all = scene.subscriptions().iter();
    let found = all.find(|other| {
        let connection = other.connection.as_ref().map(|connection| connection.id);
        connection == Some(slow.connection) && other.consumer == slow.consumer
    })?;
    Some(scene.subscription_name(found))
}

/// Closes the consumer of a name, or its connection.
///
/// # Errors
/// When it is not slow now.
pub(crate) fn abort(
    act: Act,
    one: &SlowStrategyView,
    name: &str,
    scene: &Scene<'_>,
) -> Result<(), Fault> {
    let wanted = ObjectName::parse(name)?;
    let is_meant = |slow: &&SlowView| {
        name_of(slow, scene).is_some_and(|name| name.canonical() == wanted.canonical())
    };
    let Some(slow) = one.slow.iter().find(is_meant) else {
        let text = format!("{name} is not among the slow consumers; read SlowConsumers");
        return Err(Fault::illegal(text));
    };
    let (broker, now) = (scene.broker(), scene.now);
    let reason = "an operator has closed the slow consumer";
    match act {
        Act::AbortConnection => broker.close_connection(slow.connection, reason, now),
        _ => broker.close_consumer((slow.connection, slow.consumer), reason, now),
    };
    Ok(())
}
