//! Sending a text message.
//!
//! As in ActiveMQ a message is not persistent and of priority 0 unless its headers say otherwise.
//! Here numbers are taken for headers as well as texts, and the answer comes when the message is
//! safe.

use super::arguments::{map, number, text};
use super::broker::too_long;
use crate::clerk::{Clerk, unique_id};
use crate::jolokia::bean::Act;
use crate::jolokia::data::Data;
use crate::jolokia::fault::Fault;
use crate::jolokia::scene::Scene;
use crate::routes::House;
use bytes::Bytes;
use floodway_message::{BodyKind, Destination, DestinationKind, Message, MessageBuilder};
use floodway_message::{Now, PropertyValue};
use serde_json::{Map, Value};
use std::time::Duration;

/// Headers of a text of pairs that are not for the message.
const LOGIN: [&str; 3] = ["body", "username", "password"];

/// A message and where it goes.
pub(crate) struct Sending {
    to: Destination,
    message: Message,
    id: String,
}

impl Sending {
    pub(crate) fn new(
        act: Act,
        to: &Destination,
        given: &[Value],
        scene: &Scene<'_>,
    ) -> Result<Self, Fault> {
        let (headers, body) = match act {
            Act::SendTextWithHeaders => {
                let headers = map(given.first().unwrap_or(&Value::Null))?;
                (headers, text(given.get(1))?)
            }
            Act::SendProperties => {
                let delimiter = match given.get(1) {
                    None => ",".to_owned(),
                    some => text(some)?,
                };
                of_pairs(&text(given.first())?, &delimiter)?
            }
            _ => (Map::new(), text(given.first())?),
        };
        let id = format!("{}:1:1:1", unique_id(&scene.house.watched));
        let message = build((&id, to), &headers, body, scene.now)?;
        Ok(Self {
            to: to.clone(),
            message,
            id,
        })
    }

    pub(crate) async fn run(self, house: &House) -> Result<Data, Fault> {
        let mut clerk = Clerk::new(&house.watched);
        let limit = Duration::from_millis(house.settings.operation_ms);
        let sent = tokio::time::timeout(limit, clerk.send(self.message, &self.to)).await;
        match sent {
            Ok(sent) => sent?,
            Err(_) => return Err(too_long()),
        }
        Ok(self.id.into())
    }
}

fn build(
    (id, to): (&str, &Destination),
    headers: &Map<String, Value>,
    body: String,
    now: Now,
) -> Result<Message, Fault> {
    let mut message = MessageBuilder::new();
    message
        .id(id)
        .destination(to)
        .timestamp_ms(now.wall_ms)
        .priority(0);
    let mut live_ms = 0;
    for (name, value) in headers {
        let whole = |most: i64| number(value, 0, most);
        match name.as_str() {
            "JMSDeliveryMode" => {
                let is = matches!(value.as_str(), Some("2" | "PERSISTENT")) || *value == 2;
                message.persistent(is);
            }
            "JMSPriority" => {
                message.priority(u8::try_from(whole(9)?).unwrap_or(4));
            }
            // As ActiveMQ's console has it: the time to live.
            "JMSExpiration" | "timeToLive" => live_ms = whole(i64::MAX)?,
            "JMSCorrelationID" => {
                message.correlation_id(&text(Some(value))?);
            }
            "JMSType" => {
                message.message_type(&text(Some(value))?);
            }
            "JMSReplyTo" => {
                let to = super::arguments::destination(Some(value), DestinationKind::Queue)?;
                message.reply_to(&to);
            }
            "JMSXGroupID" => {
                message.group_id(&text(Some(value))?);
            }
            "JMSXGroupSeq" => {
                let sequence = number(value, i32::MIN.into(), i32::MAX.into())?;
                message.group_sequence(i32::try_from(sequence).unwrap_or_default());
            }
            "JMSMessageID" | "JMSTimestamp" | "JMSDestination" | "JMSRedelivered" => {}
            _ => {
                message.property(name, property(value)?);
            }
        }
    }
    if live_ms > 0 {
        message.expiration_ms(now.wall_ms.saturating_add(live_ms));
    }
    message.body(BodyKind::Text, Bytes::from(body));
    message
        .build(usize::MAX)
        .map_err(|error| Fault::illegal(error.to_string()))
}

fn property(value: &Value) -> Result<PropertyValue<'_>, Fault> {
    Ok(match value {
        Value::Null => PropertyValue::Null,
        Value::Bool(is) => PropertyValue::Boolean(*is),
        Value::String(text) => PropertyValue::String(text),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => PropertyValue::Long(whole),
            (None, Some(float)) => PropertyValue::Double(float),
            (None, None) => return Err(Fault::number(&number.to_string())),
        },
        Value::Array(_) | Value::Object(_) => {
            let text = "a property is a string, a number or true or false";
            return Err(Fault::new("javax.jms.MessageFormatException", 500, text));
        }
    })
}

/// Headers and body of `a=b,body=text`.
fn of_pairs(text: &str, delimiter: &str) -> Result<(Map<String, Value>, String), Fault> {
    if delimiter.is_empty() {
        return Err(Fault::illegal("the delimiter is empty"));
    }
    let mut headers = Map::new();
    let mut body = String::new();
    for (name, value) in text
        .split(delimiter)
        .filter_map(|pair| pair.split_once('='))
    {
        match name.trim() {
            "body" => body = value.to_owned(),
            name if LOGIN.contains(&name) || name.is_empty() => {}
            name => {
                headers.insert(name.to_owned(), value.into());
            }
        }
    }
    Ok((headers, body))
}
