//! MBeans that tell what connections and producers do, and who is slow.

use super::{BROKER, Client, QUEUE};
use crate::served::{NOW, Served};
use floodway_broker::settings::{BrokerSettings, PolicyEntry, Slow, SlowConsumerStrategy};
use floodway_message::session::{Command, OpenProducer};
use floodway_message::{Destination, DestinationKind};
use serde_json::json;

#[test]
fn producers_and_connections_tell_what_they_have_done() {
    let served = super::lab();
    let alice = served.client("alice");
    let open = OpenProducer {
        producer: 1,
        destinations: vec![Destination::parse("queue://Q").unwrap()],
        window_bytes: 16_384,
        introduction: None,
    };
    let begin = Command::Begin { tx: 1, reply: None };
    let mut all = vec![Command::OpenProducer(Box::new(open)), begin];
    alice.session.submit(&mut all, NOW);
    alice.send_texts("queue://Q", 3);
    let pattern = format!("{QUEUE}Q,endpoint=Producer,*");
    let found = served.post(&json!({"type": "search", "mbean": pattern}));
    let producer = found["value"][0].as_str().unwrap();
    for (name, value) in [
        ("SentCount", 3),
        ("PercentageBlocked", 0),
        ("TotalTimeBlocked", 0),
        ("ProducerWindowSize", 16_384),
    ] {
        assert_eq!(served.attribute(producer, name), value, "{name}");
    }
    for operation in ["resetFlowControlStats", "resetStatistics"] {
        let done = served.exec(producer, operation, &json!([]));
        assert_eq!(done["status"], 200, "{done}");
    }
    assert_eq!(served.attribute(producer, "SentCount"), 0);

    let _idle = served.client("idle");
    let of = |client: &str, name: &str| {
        let connection = format!(
            "{BROKER},connector=clientConnectors,connectorName=openwire,\
             connectionViewType=clientId,connectionName={client}"
        );
        served.attribute(&connection, name)
    };
    assert_eq!(of("alice", "ActiveTransactionCount"), 1);
    assert_eq!(of("alice", "OldestActiveTransactionDuration"), 0);
    assert_eq!(of("idle", "ActiveTransactionCount"), 0);
    assert_eq!(of("idle", "OldestActiveTransactionDuration"), json!(null));
    // Its one event is no delivery.
    assert_eq!(of("idle", "DispatchQueueSize"), 0);
}

/// A broker with a strategy of each kind, messages for it, and a slow consumer of `FULL`.
fn with_strategies() -> (Served, [Client; 2]) {
    let strategy = |slow| SlowConsumerStrategy {
        slow,
        slow_count_max: None,
        slow_duration_max_ms: Some(600_000),
        check_period_ms: 60_000,
        abort_connection: false,
        ignore_network_consumers: true,
    };
    let mut first = PolicyEntry::new(DestinationKind::Queue, "FULL");
    first.slow_consumers = Some(strategy(Slow::Full));
    first.slow_consumers_name = Some("abort-strategy".to_owned());
    let mut second = PolicyEntry::new(DestinationKind::Queue, "ACK.>");
    second.slow_consumers = Some(strategy(Slow::Unacknowledged {
        after_ms: 5000,
        idle_too: false,
    }));
    let settings = BrokerSettings {
        name: "lab".into(),
        policies: vec![first, second],
        ..BrokerSettings::default()
    };
    let served = Served::of(settings, None, |_| {});
    let (slow, other) = (served.client("slow"), served.client("other"));
    slow.consume("queue://FULL", 1);
    other.send_texts("queue://FULL", 4);
    other.send_texts("queue://ACK.A", 1);
    other.send_texts("queue://NONE", 1);
    (served, [slow, other])
}

fn strategy_of(served: &Served, queue: &str) -> String {
    let name = served.attribute(&format!("{QUEUE}{queue}"), "SlowConsumerStrategy");
    name["objectName"].as_str().unwrap().to_owned()
}

#[test]
fn strategies_tell_what_they_close() {
    let (served, _clients) = with_strategies();
    let strategy = strategy_of(&served, "FULL");
    assert!(
        strategy.contains("instanceName=abort-strategy"),
        "{strategy}"
    );
    let none = served.attribute(&format!("{QUEUE}NONE"), "SlowConsumerStrategy");
    assert_eq!(none, json!(null));
    for (name, value) in [
        ("CheckPeriod", 60_000),
        ("MaxSlowCount", -1),
        ("MaxSlowDuration", 600_000),
    ] {
        assert_eq!(served.attribute(&strategy, name), value, "{name}");
    }
    let read = json!({"type": "read", "mbean": strategy, "attribute": "MaxTimeSinceLastAck"});
    assert_eq!(served.post(&read)["status"], 404);
    let of_acks = &strategy_of(&served, "ACK.A");
    assert_eq!(served.attribute(of_acks, "MaxTimeSinceLastAck"), 5000);
    assert_eq!(served.attribute(of_acks, "IgnoreIdleConsumers"), true);
    assert_eq!(served.attribute(of_acks, "IgnoreNetworkConsumers"), true);
    assert_eq!(served.attribute(of_acks, "SlowConsumers"), json!({}));
}

#[test]
fn strategy_lists_slow_consumers_and_closes_them() {
    let (served, [slow, _other]) = with_strategies();
    let strategy = strategy_of(&served, "FULL");
    let table = served.attribute(&strategy, "SlowConsumers");
    let rows = table.as_object().unwrap();
    let (consumer, row) = rows.iter().next().unwrap();
    assert!(
        rows.len() == 1 && consumer.contains("clientId=slow"),
        "{table}"
    );
    assert_eq!(
        (&row["slowCount"], &row["markCount"]),
        (&json!(1), &json!(0))
    );
    assert!(row["subscription"]["objectName"].is_string(), "{row}");

    let abort = "abortConsumer(java.lang.String)";
    let wrong = served.exec(&strategy, abort, &json!([strategy]));
    assert_eq!(wrong["status"], 400, "{wrong}");
    let done = served.exec(&strategy, abort, &json!([consumer]));
    assert_eq!(done["status"], 200, "{done}");
    assert_eq!(served.attribute(&strategy, "SlowConsumers"), json!({}));
    assert_eq!(served.broker.connections().len(), 2);

    slow.consume("queue://FULL", 1);
    let table = served.attribute(&strategy, "SlowConsumers");
    let consumer = table.as_object().unwrap().keys().next().unwrap();
    let abort = "abortConnection(javax.management.ObjectName)";
    let done = served.exec(&strategy, abort, &json!([consumer]));
    assert_eq!(done["status"], 200, "{done}");
    assert_eq!(served.broker.connections().len(), 1);
}
