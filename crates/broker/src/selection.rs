//! A message as a selector sees it: header names are looked up in the head, all others among the
//! properties. It knows nothing of selectors but the interface they ask through.

use floodway_message::selector::{Fields, Value};
use floodway_message::{BodyKind, Destination, Message, PropertyValue};
use std::borrow::Cow;

/// See the module.
pub(crate) struct Selection<'a> {
    message: &'a Message,
    redeliveries: u32,
}

impl<'a> Selection<'a> {
    pub(crate) fn new(message: &'a Message, redeliveries: u32) -> Self {
        Self {
            message,
            redeliveries,
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.message.id()
    }
}

fn text(value: Option<&str>) -> Value<'_> {
    value.map_or(Value::Null, Value::text)
}

fn owned<'a>(destination: Option<Destination>) -> Value<'a> {
    destination.map_or(Value::Null, |found| {
        Value::String(Cow::Owned(found.to_string()))
    })
}

fn property(value: PropertyValue<'_>) -> Value<'_> {
    match value {
        PropertyValue::Boolean(v) => Value::Boolean(v),
        PropertyValue::Byte(v) => Value::Byte(v),
        PropertyValue::Short(v) => Value::Short(v),
        PropertyValue::Integer(v) => Value::Integer(v),
        PropertyValue::Long(v) => Value::Long(v),
        PropertyValue::Float(v) => Value::Float(v),
        PropertyValue::Double(v) => Value::Double(v),
        PropertyValue::String(v) => Value::text(v),
        _ => Value::Null,
    }
}

impl Fields for Selection<'_> {
    fn field<'b>(&'b self, name: &str) -> Value<'b> {
        let message = self.message;
        if !name.starts_with("JMS") {
            return message.property(name).map_or(Value::Null, property);
        }
        match name {
            "JMSDestination" => owned(
                message
                    .original_destination()
                    .or_else(|| message.destination()),
            ),
            "JMSReplyTo" => owned(message.reply_to()),
            "JMSType" => text(message.message_type()),
            "JMSCorrelationID" => text(message.correlation_id()),
            "JMSXGroupID" => text(message.group_id()),
            "JMSXGroupSeq" => Value::Integer(message.group_sequence()),
            "JMSXGroupFirstForConsumer" => Value::Boolean(false),
            "JMSDeliveryMode" if message.is_persistent() => Value::text("PERSISTENT"),
            "JMSDeliveryMode" => Value::text("NON_PERSISTENT"),
            "JMSPriority" => Value::Integer(i32::from(message.priority())),
            "JMSMessageID" => text(Some(message.id())),
            "JMSTimestamp" => Value::Long(message.timestamp_ms()),
            "JMSExpiration" => Value::Long(message.expiration_ms()),
            "JMSRedelivered" => Value::Boolean(self.redeliveries > 0),
            "JMSXDeliveryCount" => Value::Integer(
                i32::try_from(self.redeliveries)
                    .unwrap_or(i32::MAX)
                    .saturating_add(1),
            ),
            "JMSXUserID" => match message.user_id() {
                Some(user) => Value::text(user),
                None => message.property(name).map_or(Value::Null, property),
            },
            "JMSXProducerTXID" => text(message.transaction_id()),
            "JMSActiveMQBrokerInTime" | "JMSActiveMQBrokerOutTime" => Value::Long(0),
            "JMSActiveMQBrokerPath" => Value::text("null"),
            _ => message.property(name).map_or(Value::Null, property),
        }
    }

    fn text_body(&self) -> Option<Cow<'_, str>> {
        match self.message.body_kind() {
            BodyKind::Text | BodyKind::Bytes => std::str::from_utf8(self.message.body())
                .ok()
                .map(Cow::Borrowed),
            _ => None,
        }
    }
}
