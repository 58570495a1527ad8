//! Operations and writes: what they do to messages, queues and limits.

use super::{BROKER, QUEUE, lab};
use serde_json::{Value, json};

fn queue(name: &str) -> String {
    format!("{QUEUE}{name}")
}

#[track_caller]
fn done(answer: &Value) -> &Value {
    assert_eq!(answer["status"], 200, "{answer}");
    &answer["value"]
}

#[test]
fn messages_are_browsed_with_and_without_a_selector() {
    let served = lab();
    served.client("c").send_texts("queue://Q", 12);
    let all = served.exec(&queue("Q"), "browse()", &json!([]));
    let rows = done(&all).as_array().unwrap();
    assert_eq!(rows.len(), 12);
    let first = &rows[0];
    for (item, value) in [
        ("JMSMessageID", json!("ID:test:Q:0")),
        ("JMSDestination", json!("queue://Q")),
        ("JMSDeliveryMode", json!("PERSISTENT")),
        ("JMSCorrelationID", json!("corr-0")),
        ("JMSTimestamp", json!("2026-11-22T22:11:49Z")),
        ("JMSPriority", json!(4)),
        ("Text", json!("text 0")),
        ("PropertiesText", json!("{color=red, i=0}")),
        ("IntProperties", json!({"i": 0})),
        ("StringProperties", json!({"color": "red"})),
        ("OriginalDestination", json!(null)),
    ] {
        assert_eq!(first[item], value, "{item}");
    }
    let some = served.exec(
        &queue("Q"),
        "browse(java.lang.String)",
        &json!(["color='red' AND i>5"]),
    );
    assert_eq!(done(&some).as_array().unwrap().len(), 3);
    let table = served.exec(
        &queue("Q"),
        "browseAsTable(java.lang.String)",
        &json!(["i = 3"]),
    );
    assert_eq!(done(&table)["ID:test:Q:3"]["Text"], "text 3");
    let one = served.exec(&queue("Q"), "getMessage", &json!(["ID:test:Q:7"]));
    assert_eq!(done(&one)["Text"], "text 7");
    let none = served.exec(&queue("Q"), "getMessage", &json!(["ID:it's none"]));
    assert_eq!(*done(&none), Value::Null);
    let bad = served.exec(&queue("Q"), "browse(java.lang.String)", &json!(["bad ==="]));
    assert_eq!(bad["error_type"], "javax.jms.InvalidSelectorException");
    // Nothing was taken or counted as such.
    assert_eq!(served.attribute(&queue("Q"), "QueueSize"), 12);
    assert_eq!(served.attribute(&queue("Q"), "InFlightCount"), 0);
    assert_eq!(served.attribute(&queue("Q"), "ConsumerCount"), 0);
}

#[test]
fn messages_are_removed_by_id_by_selector_and_all_together() {
    let served = lab();
    let client = served.client("c");
    client.send_texts("queue://Q", 12);
    let exec = |operation: &str, arguments: Value| {
        done(&served.exec(&queue("Q"), operation, &arguments)).clone()
    };
    let size = || served.attribute(&queue("Q"), "QueueSize");
    assert_eq!(exec("removeMessage", json!(["ID:test:Q:0"])), true);
    assert_eq!(
        exec("removeMessage(java.lang.String)", json!(["ID:test:Q:0"])),
        false
    );
    assert_eq!(
        exec("removeMatchingMessages(java.lang.String)", json!(["i = 2"])),
        1
    );
    let limited = "removeMatchingMessages(java.lang.String,int)";
    assert_eq!(exec(limited, json!(["color = 'red'", 1])), 1);
    assert_eq!(exec(limited, json!(["color = 'red'", "1"])), 1);
    assert_eq!(size(), 8);
    assert_eq!(served.attribute(&queue("Q"), "DequeueCount"), 4);
    assert_eq!(exec("purge", json!([])), Value::Null);
    assert_eq!(size(), 0);
    assert_eq!(exec("purge()", json!([])), Value::Null);
    client.send_texts("queue://Q", 1000);
    exec("purge()", json!([]));
    assert_eq!(size(), 0);
}

#[test]
fn messages_are_copied_moved_and_keep_what_they_are() {
    let served = lab();
    served.client("c").send_texts("queue://Q", 12);
    let exec = |operation: &str, arguments: Value| {
        done(&served.exec(&queue("Q"), operation, &arguments)).clone()
    };
    let size = |name: &str| served.attribute(&queue(name), "QueueSize");
    assert_eq!(exec("copyMessageTo", json!(["ID:test:Q:5", "COPY"])), true);
    assert_eq!(exec("copyMessageTo", json!(["ID:none", "COPY"])), false);
    let copy = "copyMatchingMessagesTo(java.lang.String,java.lang.String)";
    assert_eq!(exec(copy, json!(["i > 6", "queue://COPY"])), 5);
    let some = "copyMatchingMessagesTo(java.lang.String,java.lang.String,int)";
    assert_eq!(exec(some, json!(["", "COPY", 2])), 2);
    assert_eq!((size("Q"), size("COPY")), (json!(12), json!(8)));
    // The same again is no repetition that would be suppressed.
    assert_eq!(exec("copyMessageTo", json!(["ID:test:Q:5", "COPY"])), true);
    assert_eq!(size("COPY"), 9);

    assert_eq!(exec("moveMessageTo", json!(["ID:test:Q:6", "MOVED"])), true);
    let some = "moveMatchingMessagesTo(java.lang.String,java.lang.String,int)";
    assert_eq!(exec(some, json!(["i >= 7", "MOVED", 2])), 2);
    let all = "moveMatchingMessagesTo(java.lang.String,java.lang.String)";
    assert_eq!(exec(all, json!(["i >= 7", "MOVED"])), 3);
    assert_eq!(exec(all, json!(["i >= 0", "Q"])), 0);
    assert_eq!((size("Q"), size("MOVED")), (json!(6), json!(6)));
    let moved = served.exec(&queue("MOVED"), "browse()", &json!([]));
    let first = &done(&moved)[0];
    assert_eq!(first["OriginalDestination"], "queue://Q");
    assert_eq!(first["JMSDestination"], "queue://MOVED");
    assert_eq!(first["JMSMessageID"], "ID:test:Q:6");
    assert_eq!(first["Text"], "text 6");
    let topic = exec("copyMessageTo", json!(["ID:test:Q:0", "topic://T"]));
    assert_eq!(topic, true);
}

#[test]
fn dead_letters_go_back_to_where_they_were() {
    let served = lab();
    let client = served.client("c");
    client.send_texts("queue://Q", 3);
    done(&served.exec(
        &queue("Q"),
        "moveMatchingMessagesTo(java.lang.String,java.lang.String)",
        &json!(["", "ActiveMQ.DLQ"]),
    ));
    let dlq = queue("ActiveMQ.DLQ");
    assert_eq!(served.attribute(&dlq, "DLQ"), true);
    assert_eq!(served.attribute(&queue("Q"), "DLQ"), false);
    let exec =
        |operation: &str, arguments: Value| done(&served.exec(&dlq, operation, &arguments)).clone();
    assert_eq!(exec("retryMessage", json!(["ID:test:Q:1"])), true);
    assert_eq!(exec("retryMessages", json!([])), 2);
    assert_eq!(served.attribute(&queue("Q"), "QueueSize"), 3);
    assert_eq!(served.attribute(&dlq, "QueueSize"), 0);
    let refused = served.exec(&queue("Q"), "retryMessages", &json!([]));
    assert_eq!(refused["error_type"], "java.lang.Exception", "{refused}");
}

#[test]
fn operators_come_before_consumers_and_leave_in_flight_messages_alone() {
    let served = lab();
    let client = served.client("c");
    client.send_texts("queue://Q", 10);
    client.consume("queue://Q", 4);
    assert_eq!(served.attribute(&queue("Q"), "InFlightCount"), 4);
    let all = "removeMatchingMessages(java.lang.String)";
    assert_eq!(done(&served.exec(&queue("Q"), all, &json!(["TRUE"]))), 6);
    assert_eq!(served.attribute(&queue("Q"), "QueueSize"), 4);
}

#[test]
fn paused_queue_delivers_nothing_until_it_is_resumed() {
    let served = lab();
    let client = served.client("c");
    client.consume("queue://Q", 100);
    done(&served.exec(&queue("Q"), "pause()", &json!([])));
    client.send_texts("queue://Q", 5);
    assert_eq!(served.attribute(&queue("Q"), "Paused"), true);
    assert_eq!(served.attribute(&queue("Q"), "DispatchCount"), 0);
    // Operators go on.
    assert_eq!(
        done(&served.exec(&queue("Q"), "removeMessage", &json!(["ID:test:Q:0"]))),
        true
    );
    assert_eq!(served.attribute(&queue("Q"), "InFlightCount"), 0);
    done(&served.exec(&queue("Q"), "resume()", &json!([])));
    assert_eq!(served.attribute(&queue("Q"), "Paused"), false);
    assert_eq!(served.attribute(&queue("Q"), "InFlightCount"), 4);
}

#[test]
fn destinations_and_durable_subscriptions_come_and_go() {
    let served = lab();
    let exec = |operation: &str, arguments: Value| served.exec(BROKER, operation, &arguments);
    done(&exec("addQueue", json!(["NEW.Q"])));
    done(&exec("addQueue", json!(["NEW.Q"])));
    done(&exec("addTopic", json!(["topic://NEW.T"])));
    assert_eq!(served.attribute(BROKER, "TotalQueuesCount"), 1);
    assert_eq!(served.attribute(&queue("NEW.Q"), "QueueSize"), 0);
    let empty = exec("addQueue", json!([""]));
    assert_eq!(empty["error_type"], "java.lang.IllegalArgumentException");
    assert_eq!(exec("addQueue", json!(["topic://X"]))["status"], 400);
    let client = served.client("c");
    client.consume("queue://NEW.Q", 1);
    assert_eq!(exec("removeQueue", json!(["NEW.Q"]))["status"], 500);
    drop(client);
    done(&exec("removeQueue", json!(["NEW.Q"])));
    done(&exec("removeQueue", json!(["NOT.THERE"])));
    assert_eq!(served.attribute(BROKER, "TotalQueuesCount"), 0);

    let durable = json!(["cid1", "sn1", "T.DUR", "i > 3"]);
    let name = "org.apache.activemq:brokerName=lab,clientId=cid1,consumerId=Durable(cid1_sn1),\
                destinationName=T.DUR,destinationType=Topic,endpoint=Consumer,type=Broker";
    for _ in 0..2 {
        let made = exec("createDurableSubscriber", durable.clone());
        assert_eq!(done(&made)["objectName"], name);
    }
    served.client("p").send_texts("topic://T.DUR", 8);
    for (attribute, value) in [
        ("PendingQueueSize", json!(4)),
        ("EnqueueCounter", json!(4)),
        ("Active", json!(false)),
        ("Selector", json!("i > 3")),
        ("SubscriptionName", json!("sn1")),
    ] {
        assert_eq!(served.attribute(name, attribute), value, "{attribute}");
    }
    assert_eq!(
        served.attribute(BROKER, "InactiveDurableTopicSubscribers")[0]["objectName"],
        name
    );
    done(&exec("destroyDurableSubscriber", json!(["cid1", "sn1"])));
    assert_eq!(
        exec("destroyDurableSubscriber", json!(["nobody", "x"]))["status"],
        500
    );
    assert_eq!(
        exec("createDurableSubscriber", json!(["c", "s", "T", "bad ==="]))["status"],
        500
    );
}

#[test]
fn texts_are_sent_with_their_headers() {
    let served = lab();
    done(&served.exec(BROKER, "addQueue", &json!(["Q"])));
    let exec = |operation: &str, arguments: Value| {
        let answer = served.exec(&queue("Q"), operation, &arguments);
        done(&answer).as_str().unwrap().to_owned()
    };
    let first = exec("sendTextMessage(java.lang.String)", json!(["one"]));
    let headers = json!({"JMSCorrelationID": "c", "JMSType": "t", "JMSPriority": "8",
        "JMSDeliveryMode": "2", "color": "red", "n": 5, "JMSExpiration": 60000,
        "JMSReplyTo": "topic://R", "flag": true, "d": 1.5});
    let second = exec(
        "sendTextMessage(java.util.Map,java.lang.String)",
        json!([headers, "two"]),
    );
    assert_ne!(first, second);
    exec(
        "sendTextMessage(java.util.Map,java.lang.String,java.lang.String,java.lang.String)",
        json!([{"color": "blue"}, "three", "u", "p"]),
    );
    exec(
        "sendTextMessageWithProperties(java.lang.String)",
        json!(["body=five,color=green,JMSPriority=3,username=u,password=p"]),
    );
    let rows = served.exec(&queue("Q"), "browse()", &json!([]));
    let rows = done(&rows);
    assert_eq!(
        (&rows[0]["Text"], &rows[0]["JMSDeliveryMode"]),
        (&json!("one"), &json!("NON-PERSISTENT"))
    );
    let two = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["Text"] == "two")
        .unwrap();
    for (item, value) in [
        ("JMSMessageID", json!(second)),
        ("JMSPriority", json!(8)),
        ("JMSDeliveryMode", json!("PERSISTENT")),
        ("JMSReplyTo", json!("topic://R")),
        ("JMSExpiration", json!(crate::served::NOW.wall_ms + 60_000)),
        ("LongProperties", json!({"n": 5})),
        ("BooleanProperties", json!({"flag": true})),
        ("DoubleProperties", json!({"d": 1.5})),
    ] {
        assert_eq!(two[item], value, "{item}");
    }
    let five = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["Text"] == "five")
        .unwrap();
    assert_eq!(five["StringProperties"], json!({"color": "green"}));
    let bad = served.exec(
        &queue("Q"),
        "sendTextMessage(java.util.Map,java.lang.String)",
        &json!([null, "x"]),
    );
    assert_eq!(bad["status"], 400);
    let many = served.exec(&queue("Q"), "sendTextMessage", &json!(["ambiguous?"]));
    assert!(
        many["error"].as_str().unwrap().contains("is overloaded"),
        "{many}"
    );
}

#[test]
fn limit_is_written_and_its_old_value_told() {
    let served = lab();
    served.client("c").send_texts("queue://Q", 3);
    let write = |mbean: &str, attribute: &str, value: Value| {
        served.post(&json!({
            "type": "write", "mbean": mbean, "attribute": attribute, "value": value
        }))
    };
    let old = served.attribute(&queue("Q"), "MemoryLimit");
    assert_eq!(
        *done(&write(&queue("Q"), "MemoryLimit", json!(2_097_152))),
        old
    );
    assert_eq!(
        *done(&write(&queue("Q"), "MemoryLimit", json!("3000000"))),
        2_097_152
    );
    assert_eq!(served.attribute(&queue("Q"), "MemoryLimit"), 3_000_000);
    done(&write(BROKER, "MemoryLimit", json!(50_000_000)));
    assert_eq!(served.attribute(BROKER, "MemoryLimit"), 50_000_000);
    for value in [
        json!("abc"),
        json!(1.5),
        json!([]),
        json!(u64::MAX),
        json!(i64::MAX),
        json!({}),
    ] {
        assert_eq!(
            write(&queue("Q"), "MemoryLimit", value.clone())["status"],
            400,
            "{value}"
        );
    }
    let read_only = write(BROKER, "BrokerName", json!("x"));
    assert_eq!(read_only["status"], 404, "{read_only}");
    for (mbean, attribute, value) in [
        (queue("Q"), "ProducerFlowControl", json!(false)),
        (queue("Q"), "MaxPageSize", json!(17)),
        (BROKER.into(), "JobSchedulerStoreLimit", json!(1_000_000)),
    ] {
        done(&write(&mbean, attribute, value.clone()));
        if attribute != "JobSchedulerStoreLimit" {
            assert_eq!(served.attribute(&mbean, attribute), value, "{attribute}");
        }
    }
    assert_eq!(
        write(&queue("Q"), "UseCache", json!("perhaps"))["status"],
        400
    );
    assert_eq!(served.attribute(&queue("Q"), "MemoryLimit"), 3_000_000);
}

#[test]
fn totals_begin_again_and_sizes_stay() {
    let served = lab();
    served.client("c").send_texts("queue://Q", 3);
    assert_eq!(served.attribute(BROKER, "TotalEnqueueCount"), 3);
    assert!(
        served
            .attribute(&queue("Q"), "AverageMessageSize")
            .as_u64()
            .unwrap()
            > 1024
    );
    for size in ["AverageMessageSize", "MinMessageSize", "MaxMessageSize"] {
        let of_queue = served.attribute(&queue("Q"), size);
        assert_eq!(served.attribute(BROKER, size), of_queue, "{size}");
    }
    done(&served.exec(&queue("Q"), "resetStatistics", &json!([])));
    assert_eq!(served.attribute(&queue("Q"), "EnqueueCount"), 0);
    assert_eq!(served.attribute(&queue("Q"), "QueueSize"), 3);
    served.client("c").send_texts("queue://R", 3);
    done(&served.exec(BROKER, "resetStatistics", &json!([])));
    assert_eq!(served.attribute(BROKER, "TotalEnqueueCount"), 0);
    assert_eq!(served.attribute(BROKER, "TotalMessageCount"), 6);
}

#[test]
fn listeners_of_advisories_are_not_counted_as_consumers() {
    let served = lab();
    let (one, other) = (served.client("c"), served.client("d"));
    one.consume("queue://Q", 4);
    other.consume("topic://ActiveMQ.Advisory.Queue", 4);
    assert_eq!(served.attribute(BROKER, "TotalConsumerCount"), 1);
}

#[test]
fn connection_is_seen_and_closed() {
    let served = lab();
    let client = served.client("c:1");
    client.consume("queue://Q", 4);
    let name = format!(
        "{BROKER},connector=clientConnectors,connectorName=openwire,\
                        connectionViewType=clientId,connectionName=c_1"
    );
    assert_eq!(served.attribute(&name, "ClientId"), "c:1");
    assert_eq!(
        served.attribute(&name, "RemoteAddress"),
        "tcp://127.0.0.1:5"
    );
    assert_eq!(
        served
            .attribute(&name, "Consumers")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let consumer = served.attribute(&name, "Consumers")[0]["objectName"].clone();
    let consumer = consumer.as_str().unwrap();
    assert_eq!(served.attribute(consumer, "DestinationName"), "Q");
    assert_eq!(served.attribute(consumer, "PrefetchSize"), 4);
    assert_eq!(served.attribute(BROKER, "CurrentConnectionsCount"), 1);
    done(&served.exec(&name, "stop", &json!([])));
    assert_eq!(served.attribute(BROKER, "CurrentConnectionsCount"), 0);
    let mut events = Vec::new();
    while client.session.take_events(&mut events, 100) {}
    let closed = |event: &_| matches!(event, floodway_message::session::Event::Closed { .. });
    assert!(events.iter().any(closed), "{events:?}");
}

#[test]
fn health_tells_what_is_not_good() {
    let served = lab();
    let health = format!("{BROKER},service=Health");
    assert_eq!(served.attribute(&health, "CurrentStatus"), "Good");
    served.client("c").send_texts("queue://Q", 1);
    let text = served.attribute(&health, "CurrentStatus");
    assert!(
        text.as_str().unwrap().starts_with("Getting Worried {"),
        "{text}"
    );
    let list = served.exec(&health, "healthList", &json!([]));
    assert_eq!(done(&list)[0]["message"], "Queue Q has no consumers");
    let table = served.exec(&health, "health()", &json!([]));
    let row = &done(&table)["org.apache.activemq.noConsumer"]["WARNING"];
    assert_eq!(
        row["Queue Q has no consumers"][queue("Q")]["level"],
        "WARNING",
        "{table}"
    );
}

#[test]
fn queues_are_asked_for_by_pages() {
    let served = lab();
    let client = served.client("c");
    for (name, count) in [("A.one", 1), ("A.two", 2), ("B", 3)] {
        client.send_texts(&format!("queue://{name}"), count);
    }
    let filter = json!({"name": "a.", "filter": "nonEmpty", "sortColumn": "queueSize",
        "sortOrder": "desc"});
    let found = served.exec(BROKER, "queryQueues", &json!([filter.to_string(), 1, 1]));
    let found: Value = serde_json::from_str(done(&found).as_str().unwrap()).unwrap();
    assert_eq!(found["count"], 2);
    let rows = found["data"].as_object().unwrap();
    assert_eq!(rows[&queue("A.two")]["queueSize"], 2, "{rows:?}");
    assert_eq!(rows.len(), 1);
    assert_eq!(
        served.exec(BROKER, "queryQueues", &json!(["{", 1, 1]))["status"],
        400
    );
}
