//! Requests that were put to a Jolokia agent 1.7.1 in an ActiveMQ 5.17.2, with its answers, from
//! `testdata/jolokia.json`; and the same requests put to this broker.
//!
//! Times, stack traces and the wording of descriptions are left out of the comparison.

use super::{Client, lab};
use crate::served::{LOGIN, Served};
use serde_json::{Map, Value};

const RECORDED: &str = include_str!("../../../testdata/jolokia.json");

/// The same answer to the last value.
const SAME: [u64; 53] = [
    5, 8, 9, 10, 11, 12, 13, 21, 22, 23, 24, 26, 28, 29, 30, 31, 32, 33, 34, 36, 37, 38, 39, 41,
    42, 43, 47, 50, 76, 77, 85, 86, 87, 88, 89, 93, 94, 103, 104, 107, 108, 109, 110, 111, 112,
    122, 123, 124, 125, 126, 145, 146, 147,
];
/// The same members with values of the same type; more may be there.
const ALIKE: [u64; 16] = [
    4, 6, 7, 20, 44, 49, 51, 52, 78, 95, 96, 119, 120, 121, 127, 139,
];
/// The same class of error and status.
const REFUSED: [u64; 9] = [25, 46, 141, 142, 143, 144, 150, 151, 188];

pub(super) struct Recorded(Vec<Value>);

impl Recorded {
    pub(super) fn load() -> Self {
        Self(serde_json::from_str(RECORDED).unwrap())
    }

    pub(super) fn of(&self, id: u64) -> &Value {
        self.0.iter().find(|one| one["id"] == id).unwrap()
    }

    /// What the broker answers to a recorded request.
    pub(super) fn replay(&self, id: u64, served: &Served) -> Value {
        let request = &self.of(id)["request"];
        let method = request["method"].as_str().unwrap();
        let path = request["path"]
            .as_str()
            .unwrap()
            .replace("/plain/jolokia", "/api/jolokia");
        let body = match &request["body"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        let headers = format!("{LOGIN}Origin: http://localhost\r\n");
        let answer = served.ask(&format!("{method} {path}"), &headers, &body);
        assert_eq!(answer.status, 200, "{id}: {answer:?}");
        assert!(
            answer
                .head
                .contains("content-type: text/plain;charset=utf-8"),
            "{answer:?}"
        );
        serde_json::from_str(&answer.body).unwrap()
    }
}

/// The part of the recorded situation that these requests ask for.
fn situation() -> (Served, Vec<Client>) {
    let served = lab();
    let alice = served.client("alice-1");
    for (name, count) in [
        ("W.A", 2),
        ("W.B.C", 3),
        ("Q.MIX", 20),
        ("Q.KINDS", 6),
        ("Q.C1", 2),
        ("odd#hash", 1),
        ("odd%25percent+plus", 1),
        ("odd.\u{fc}ml\u{e4}ut", 1),
        ("odd \"quote' x", 1),
        ("odd*star", 1),
        ("odd/slash!bang", 1),
        ("odd:a", 1),
        ("FC.Q", 1),
        ("FC.W", 1),
        ("FC.S", 1),
        ("FC.A", 1),
    ] {
        alice.send_texts(&format!("queue://{name}"), count);
    }
    let named = serde_json::json!(["Q.NAMED"]);
    served.exec(super::BROKER, "addQueue", &named);
    let bob = served.client("bob-1");
    bob.consume("queue://Q.MIX", 8);
    let temporary = served.client("temp-1");
    temporary.session.submit(
        &mut vec![floodway_message::session::Command::CreateDestination {
            destination: floodway_message::Destination::parse(
                "temp-queue://ID:vm-46411-1795385485624-37:1:1",
            )
            .unwrap(),
            reply: None,
        }],
        crate::served::NOW,
    );
    let producer = floodway_message::session::OpenProducer {
        producer: 7,
        destinations: vec![floodway_message::Destination::parse("queue://Q.C1").unwrap()],
        window_bytes: 0,
        introduction: None,
    };
    let open = floodway_message::session::Command::OpenProducer(Box::new(producer));
    alice.session.submit(&mut vec![open], crate::served::NOW);
    (served, vec![alice, bob, temporary])
}

pub(super) fn without_times(mut answer: Value) -> Value {
    if let Value::Object(answer) = &mut answer {
        for key in ["timestamp", "stacktrace"] {
            answer.remove(key);
        }
        // Sets have no order.
        if let Some(Value::Array(all)) = answer.get_mut("value")
            && all.iter().all(Value::is_string)
        {
            all.sort_by_key(ToString::to_string);
        }
    }
    answer
}

#[test]
fn answers_are_those_of_jolokia() {
    let recorded = Recorded::load();
    let (served, _clients) = situation();
    for id in SAME {
        let mut expected = without_times(recorded.of(id)["response"]["json"].clone());
        let mut found = without_times(recorded.replay(id, &served));
        // A session's address stands in for the options of the recorded one's.
        for answer in [&mut expected, &mut found] {
            if let Some(uri) = answer["value"].get_mut("openwire") {
                *uri = "tcp://localhost:51616".into();
            }
        }
        assert_eq!(found, expected, "{id}: {}", recorded.of(id)["topic"]);
    }
}

#[test]
fn answers_have_the_form_of_jolokias() {
    let recorded = Recorded::load();
    let (served, _clients) = situation();
    for id in ALIKE {
        let expected = without_times(recorded.of(id)["response"]["json"].clone());
        let found = without_times(recorded.replay(id, &served));
        let expected_status = &expected["status"];
        assert_eq!(&found["status"], expected_status, "{id}: {found}");
        alike(&expected, &found, &format!("{id}"));
    }
}

#[test]
fn refusals_are_of_the_same_class() {
    let recorded = Recorded::load();
    let (served, _clients) = situation();
    for id in REFUSED {
        let expected = &recorded.of(id)["response"]["json"];
        let found = recorded.replay(id, &served);
        for key in ["error_type", "status"] {
            assert_eq!(found[key], expected[key], "{id}: {found}");
        }
        assert_eq!(
            found.get("request").is_some(),
            expected.get("request").is_some(),
            "{id}"
        );
        assert!(found.get("timestamp").is_none(), "{id}: {found}");
        let class = found["error_type"].as_str().unwrap();
        assert!(
            found["error"]
                .as_str()
                .unwrap()
                .starts_with(&format!("{class} : ")),
            "{found}"
        );
    }
}

/// Every member that was recorded is there, with a value of the same type. What is named after a
/// thing of the recording (a message, a client) is compared by its first member.
#[track_caller]
fn alike(expected: &Value, found: &Value, place: &str) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let things = |all: &Map<String, Value>| {
                all.keys().next().is_some_and(|key| {
                    key.starts_with("ID:") || key.contains(':') || key.contains(' ')
                })
            };
            if things(expected) {
                if let (Some((_, one)), Some((_, other))) =
                    (expected.iter().next(), found.iter().next())
                {
                    alike(one, other, &format!("{place}/*"));
                }
                return;
            }
            for (key, value) in expected
                .iter()
                .filter(|(key, _)| !OWN.contains(&key.as_str()))
            {
                let other = found.get(key);
                assert!(other.is_some(), "{place}: {key} is missing");
                alike(value, other.unwrap(), &format!("{place}/{key}"));
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            if let (Some(one), Some(other)) = (expected.first(), found.first()) {
                alike(one, other, &format!("{place}/0"));
            }
        }
        (Value::Number(one), Value::Number(other)) => {
            assert_eq!(one.is_f64(), other.is_f64(), "{place}: {one} {other}");
        }
        (Value::Null, _) | (_, Value::Null) => {}
        (one, other) => {
            let same = std::mem::discriminant(one) == std::mem::discriminant(other);
            assert!(same, "{place}: {one} {other}");
        }
    }
}

/// Members that tell of properties of the recorded messages, or that are absent on purpose.
const OWN: [&str; 9] = [
    "org.apache.activemq.noConsumer",
    "str",
    "lng",
    "bool",
    "byt",
    "int",
    "sht",
    "dbl",
    "flt",
];

/// docs/jolokia.md has a line for every attribute and operation.
#[test]
fn documentation_knows_everything_that_is_listed() {
    const DOCS: &str = include_str!("../../../../../docs/jolokia.md");
    let (served, _clients) = situation();
    let durable = serde_json::json!(["c", "s", "T", null]);
    served.exec(super::BROKER, "createDurableSubscriber", &durable);
    let list = served.post(&serde_json::json!({"type": "list", "path": "org.apache.activemq"}));
    let beans = list["value"].as_object().unwrap();
    assert!(beans.len() > 20, "{}", beans.len());
    for (name, info) in beans {
        for kind in ["attr", "op"] {
            for entry in info[kind].as_object().unwrap().keys() {
                assert!(
                    DOCS.contains(&format!("| `{entry}`")),
                    "{kind} {entry} of {name}"
                );
            }
        }
    }
}
