//! Who has a bridge here, and what waits at the subscriptions of a topic.

use super::{done, page, send};
use crate::served::{LOGIN, NOW, Served, client};
use floodway_message::Destination;
use floodway_message::session::{Command, OpenConsumer, PeerBroker};

#[test]
fn the_network_page_tells_who_has_a_bridge_here() {
    let served = Served::new(|settings| {
        settings.connectors = vec![floodway_admin::ServedConnector {
            name: "openwire".into(),
            uri: "tcp://localhost:61616".into(),
            refusals: floodway_admin::Refusals::new(|| 17),
            ..floodway_admin::ServedConnector::default()
        }];
    });
    let empty = page(&served, "/admin/network").body;
    assert!(empty.contains("No other broker has a bridge"), "{empty}");
    assert!(empty.contains(">17<"), "{empty}");
    let told = |name: &str| {
        Command::PeerBroker(PeerBroker {
            name: name.into(),
            url: format!("tcp://{name}:61616").into(),
            connected: true,
        })
    };
    let open = || {
        Command::OpenConsumer(Box::new(OpenConsumer {
            network: true,
            ..OpenConsumer::new(1, vec![Destination::parse("queue://Q").unwrap()])
        }))
    };
    let _east = client(&served, "bridge-east", vec![told("east"), open()]);
    let west = client(&served, "bridge-west", vec![told("west<b>")]);
    let _shy = client(&served, "shy", vec![open()]);
    west.close(NOW);
    let seen = page(&served, "/admin/network").body;
    for word in [
        "3 brokers",
        "tcp://east:61616",
        "bridge-east",
        "west&lt;b&gt;",
        "gone",
        "(told no name)",
        "shy",
        "duplex",
    ] {
        assert!(seen.contains(word), "{word}: {seen}");
    }
    for (client, is_network) in [("bridge-east", "true"), ("shy", "false")] {
        let name = format!("connectionViewType=clientId,connectionName={client},*");
        let path = format!("/api/jolokia/read/org.apache.activemq:{name}/NetworkConnection");
        let answer = served.ask(&format!("GET {path}"), LOGIN, "");
        let wanted = format!("{{\"NetworkConnection\":{is_network}}}");
        assert!(answer.body.contains(&wanted), "{answer:?}");
    }
}

#[test]
fn messages_of_a_topic_wait_at_its_subscriptions_and_are_counted_once() {
    let served = Served::new(|_| {});
    done(&served, "durable-create", "client=c&subscription=d&topic=t");
    let open = OpenConsumer {
        prefetch: Some(1),
        ..OpenConsumer::new(1, vec![Destination::parse("topic://t").unwrap()])
    };
    let commands = vec![
        Command::OpenConsumer(Box::new(open)),
        send("topic://t", "1", "one"),
        send("topic://t", "2", "two"),
    ];
    let _session = client(&served, "here", commands);
    let asked = |path: &str| -> serde_json::Value {
        serde_json::from_str(&served.ask(&format!("GET {path}"), LOGIN, "").body).unwrap()
    };
    let answer = asked("/api/destinations?search=topic://t");
    let row = &answer["rows"][0];
    assert_eq!((&row["pending"], &row["inFlight"]), (&3.into(), &1.into()));
    let status = asked("/api/status");
    assert_eq!(status["pending"], 3, "{status}");
    assert_eq!(status["inFlight"], 1, "{status}");
    let metrics = served.ask("GET /metrics?destinations=1", LOGIN, "").body;
    for line in [
        "floodway_pending_messages 3",
        "floodway_destination_pending_messages{kind=\"topic\",name=\"t\"} 3",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}
