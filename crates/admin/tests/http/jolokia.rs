//! Jolokia over a real socket: what a recorded agent answered, operations, roles, origins, and
//! requests that nobody sane would send.

use crate::served::{LOGIN, NOW, Served};
use floodway_admin::ServedConnector;
use floodway_broker::settings::BrokerSettings;
use floodway_message::session::{
    Command, Connect, Destinations, OpenConsumer, Send as SendCommand,
};
use floodway_message::{BodyKind, Destination, Message, MessageBuilder, PropertyValue};
use serde_json::{Value, json};

mod activity;
mod operations;
mod recorded;
mod refusals;
mod scheduled;

const JSON: &str = "Content-Type: application/json\r\n";
const QUEUE: &str =
    "org.apache.activemq:type=Broker,brokerName=lab,destinationType=Queue,destinationName=";
const BROKER: &str = "org.apache.activemq:type=Broker,brokerName=lab";

/// A broker `lab` in memory.
fn lab() -> Served {
    let broker = BrokerSettings {
        name: "lab".into(),
        ..BrokerSettings::default()
    };
    Served::of(broker, None, |settings| {
        settings.connectors = [
            ("openwire", "tcp", "tcp://localhost:51616"),
            ("stomp", "stomp", "stomp://localhost:51613"),
            ("mqtt", "mqtt", "mqtt://localhost:51883"),
        ]
        .map(|(name, scheme, uri)| ServedConnector {
            name: name.into(),
            scheme: scheme.into(),
            uri: uri.into(),
            ..ServedConnector::default()
        })
        .into();
    })
}

impl Served {
    /// Posts a request as the administrator.
    #[track_caller]
    fn post(&self, request: &Value) -> Value {
        let answer = self.ask(
            "POST /api/jolokia",
            &format!("{LOGIN}{JSON}"),
            &request.to_string(),
        );
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }

    #[track_caller]
    fn get(&self, path: &str, headers: &str) -> Value {
        let answer = self.ask(&format!("GET /api/jolokia{path}"), headers, "");
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).unwrap()
    }

    #[track_caller]
    fn exec(&self, mbean: &str, operation: &str, arguments: &Value) -> Value {
        self.post(&json!({
            "type": "exec", "mbean": mbean, "operation": operation, "arguments": arguments
        }))
    }

    #[track_caller]
    fn attribute(&self, mbean: &str, name: &str) -> Value {
        let answer = self.post(&json!({"type": "read", "mbean": mbean, "attribute": name}));
        assert_eq!(answer["status"], 200, "{answer}");
        answer["value"].clone()
    }

    fn client(&self, id: &str) -> Client {
        let session = self
            .broker
            .connect_at("openwire", "127.0.0.1:5", Box::new(|| {}));
        let connect = Connect {
            client_id: id.into(),
            user: None,
            password: None,
            protocol: "test",
            resends: false,
            session: None,
            introduction: None,
            reply: 1,
        };
        session.submit(&mut vec![Command::Connect(Box::new(connect))], NOW);
        Client { session }
    }
}

/// Somebody connected.
struct Client {
    session: floodway_broker::Session,
}

impl Client {
    fn send(&self, to: &str, message: Message) {
        let send = SendCommand {
            producer: 1,
            destinations: Destinations::One(Destination::parse(to).unwrap()),
            message,
            tx: None,
            reply: None,
        };
        self.session.submit(&mut vec![Command::Send(send)], NOW);
    }

    /// So many texts, numbered from 0, red and blue in turn.
    fn send_texts(&self, to: &str, count: i32) {
        for number in 0..count {
            self.send(to, text(to, number));
        }
    }

    fn consume(&self, from: &str, prefetch: u32) {
        let open = OpenConsumer {
            prefetch: Some(prefetch),
            ..OpenConsumer::new(1, vec![Destination::parse(from).unwrap()])
        };
        let open = Command::OpenConsumer(Box::new(open));
        self.session.submit(&mut vec![open], NOW);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.session.close(NOW);
    }
}

fn text(to: &str, number: i32) -> Message {
    let mut message = MessageBuilder::new();
    let to = Destination::parse(to).unwrap();
    message
        .id(&format!("ID:test:{}:{number}", to.name()))
        .destination(&to)
        .timestamp_ms(NOW.wall_ms - 20)
        .persistent(true)
        .correlation_id(&format!("corr-{number}"))
        .message_type("kind")
        .property(
            "color",
            PropertyValue::String(if number % 2 == 0 { "red" } else { "blue" }),
        )
        .property("i", PropertyValue::Integer(number))
        .body(BodyKind::Text, bytes::Bytes::from(format!("text {number}")));
    message.build(1024).unwrap()
}
