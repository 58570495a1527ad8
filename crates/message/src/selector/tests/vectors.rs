//! Every case of `testdata/selectors/vectors.json`: what ActiveMQ 5.17.2's own classes answer.

use crate::selector::{Fields, Selector, SelectorErrorKind, Value};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;

const VECTORS: &str = include_str!("../../../testdata/selectors/vectors.json");

/// A message of a vector, with headers resolved as ActiveMQ resolves them.
struct VectorMessage<'v> {
    defaults: &'v Map<String, Json>,
    headers: &'v Map<String, Json>,
    properties: &'v Map<String, Json>,
}

impl<'v> VectorMessage<'v> {
    fn header(&self, name: &str) -> Option<&'v str> {
        let value = self.headers.get(name).or_else(|| self.defaults.get(name))?;
        Some(value.as_str().expect("headers are texts"))
    }

    fn text(&self, name: &str) -> Value<'v> {
        self.header(name).map_or(Value::Null, Value::text)
    }

    fn long(&self, name: &str) -> Value<'v> {
        let number = self
            .header(name)
            .map_or(0, |text| text.parse().expect("a long"));
        Value::Long(number)
    }

    fn integer(&self, name: &str) -> i32 {
        self.header(name)
            .map_or(0, |text| text.parse().expect("an integer"))
    }

    fn message_id(&self) -> Value<'v> {
        let id = self.header("JMSMessageID").expect("every message has one");
        // Parsable ids end in three numbers behind colons.
        let parsable = id
            .rsplitn(4, ':')
            .take(3)
            .all(|part| part.parse::<u64>().is_ok());
        if id.starts_with("ID:") || parsable {
            return Value::text(id);
        }
        Value::String(Cow::Owned(format!("ID:{id}")))
    }

    fn property(&self, name: &str) -> Value<'v> {
        let Some(property) = self.properties.get(name) else {
            return Value::Null;
        };
        let text = || property["value"].as_str().expect("values are texts");
        match property["type"].as_str().expect("properties have types") {
            "string" => Value::text(text()),
            "boolean" => Value::Boolean(text() == "true"),
            "byte" => Value::Byte(text().parse().expect("a byte")),
            "short" => Value::Short(text().parse().expect("a short")),
            "int" => Value::Integer(text().parse().expect("an integer")),
            "long" => Value::Long(text().parse().expect("a long")),
            "float" => Value::Float(text().parse().expect("a float")),
            "double" => Value::Double(text().parse().expect("a double")),
            "char" => Value::Character(text().chars().next().expect("a character")),
            "list" => {
                let items = property["value"].as_array().expect("a list");
                let text = |item: &'v Json| Value::text(item.as_str().expect("a text"));
                Value::List(items.iter().map(text).collect())
            }
            other => panic!("unknown type {other}"),
        }
    }
}

impl Fields for VectorMessage<'_> {
    fn field<'a>(&'a self, name: &str) -> Value<'a> {
        match name {
            "JMSDestination" => match self.header("originalDestination") {
                Some(original) => Value::text(original),
                None => self.text(name),
            },
            "JMSReplyTo" | "JMSType" | "JMSCorrelationID" | "JMSXGroupID" | "JMSDeliveryMode" => {
                self.text(name)
            }
            "JMSPriority" | "JMSXGroupSeq" => Value::Integer(self.integer(name)),
            "JMSMessageID" => self.message_id(),
            "JMSTimestamp" | "JMSExpiration" => self.long(name),
            "JMSRedelivered" => Value::Boolean(self.integer("redeliveryCounter") > 0),
            "JMSXDeliveryCount" => Value::Integer(self.integer("redeliveryCounter") + 1),
            "JMSXGroupFirstForConsumer" => Value::Boolean(self.header(name) == Some("true")),
            "JMSXUserID" => match self.text(name) {
                Value::Null => self.property(name),
                user => user,
            },
            "JMSXProducerTXID" => match self.header("localTransactionId") {
                Some(id) => Value::String(Cow::Owned(format!("TX:{id}"))),
                None => Value::Null,
            },
            "JMSActiveMQBrokerInTime" => self.long("brokerInTime"),
            "JMSActiveMQBrokerOutTime" => self.long("brokerOutTime"),
            "JMSActiveMQBrokerPath" => match self.header("brokerPath") {
                Some(path) => {
                    let path = path.replace(',', ", ");
                    Value::String(Cow::Owned(format!("[{path}]")))
                }
                None => Value::text("null"),
            },
            _ => self.property(name),
        }
    }

    fn text_body(&self) -> Option<Cow<'_, str>> {
        self.header("text").map(Cow::Borrowed)
    }
}

fn outcome(selector: Result<Selector, SelectorErrorKind>, message: &VectorMessage<'_>) -> String {
    match selector {
        Err(kind) => format!("invalid ({kind:?})"),
        Ok(selector) => match selector.matches(message) {
            Ok(true) => "true".to_owned(),
            Ok(false) => "no match".to_owned(),
            Err(error) => format!("error ({error})"),
        },
    }
}

fn agrees(found: &str, expected: &str) -> bool {
    match expected {
        "true" => found == "true",
        "false" | "unknown-or-false" => found == "no match",
        "invalid" => found.starts_with("invalid"),
        "error" => found.starts_with("error"),
        other => panic!("unknown expectation {other}"),
    }
}

/// The kind that a vector's `invalidKind` means.
fn kind_agrees(found: &str, invalid_kind: &str) -> bool {
    match invalid_kind {
        "lexical" => found.contains("Lexical"),
        "not-boolean" => found.contains("NotBoolean"),
        "semantic" | "pattern" => found.contains("Operand"),
        "number-range" => found.contains("NumberRange"),
        "function" => found.contains("Function"),
        // Which of several errors in one text is met first is not part of the contract.
        "syntax" => found.contains("Syntax") || found.contains("Lexical"),
        other => panic!("unknown kind {other}"),
    }
}

#[test]
fn every_vector_gives_what_activemq_gives() {
    let file: Json = serde_json::from_str(VECTORS).expect("the file is JSON");
    let defaults = file["defaults"].as_object().expect("defaults");
    let cases = file["cases"].as_array().expect("cases");
    let mut wrong = Vec::new();
    for case in cases {
        let text = case["selector"].as_str().expect("a selector");
        let message = VectorMessage {
            defaults,
            headers: case["headers"].as_object().expect("headers"),
            properties: case["properties"].as_object().expect("properties"),
        };
        let kind = |error: crate::selector::SelectorError| error.kind();
        let plain = outcome(Selector::parse(text).map_err(kind), &message);
        let converting = outcome(Selector::parse_converting(text).map_err(kind), &message);
        let expected = case["expect"].as_str().expect("an expectation");
        let expected_converting = case["expectStomp"].as_str().unwrap_or(expected);
        let mut check = |mode: &str, agrees: bool, found: &str, expected: &str| {
            if !agrees {
                wrong.push(format!(
                    "{} {mode}: {text} gave {found}, not {expected}",
                    case["id"]
                ));
            }
        };
        check("plain", agrees(&plain, expected), &plain, expected);
        check(
            "converting",
            agrees(&converting, expected_converting),
            &converting,
            expected_converting,
        );
        if let Some(invalid_kind) = case["invalidKind"].as_str() {
            check(
                "kind",
                kind_agrees(&plain, invalid_kind),
                &plain,
                invalid_kind,
            );
        }
    }
    assert!(cases.len() > 1400, "the file is complete");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
