//! A message as JMX shows it: a structure with a fixed set of items for each kind of body.

use crate::jolokia::data::Data;
use floodway_message::{BodyKind, Destination, Message, PropertyValue};

/// Most bytes of a body that is not text that are shown, as in ActiveMQ.
const PREVIEW_BYTES: usize = 255;
/// Most bytes of text that are shown.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// A property's value, if it is of a type.
type OfKind = fn(&PropertyValue<'_>) -> Option<Data>;

/// Items of properties, by their type.
const KINDS: [(&str, OfKind); 8] = [
    ("StringProperties", |value| match value {
        PropertyValue::String(text) => Some((*text).into()),
        _ => None,
    }),
    ("BooleanProperties", |value| match value {
        PropertyValue::Boolean(is) => Some((*is).into()),
        _ => None,
    }),
    ("ByteProperties", |value| match value {
        PropertyValue::Byte(number) => Some(i64::from(*number).into()),
        _ => None,
    }),
    ("ShortProperties", |value| match value {
        PropertyValue::Short(number) => Some(i64::from(*number).into()),
        _ => None,
    }),
    ("IntProperties", |value| match value {
        PropertyValue::Integer(number) => Some((*number).into()),
        _ => None,
    }),
    ("LongProperties", |value| match value {
        PropertyValue::Long(number) => Some((*number).into()),
        _ => None,
    }),
    ("FloatProperties", |value| match value {
        PropertyValue::Float(number) => Some(f64::from(*number).into()),
        _ => None,
    }),
    ("DoubleProperties", |value| match value {
        PropertyValue::Double(number) => Some((*number).into()),
        _ => None,
    }),
];

/// The items of a message.
pub(super) fn structure(message: &Message) -> Data {
    let destination = |one: Option<Destination>| Data::from(one.map(|one| one.to_string()));
    let mut items: Vec<(String, Data)> = Vec::new();
    let mut add = |name: &str, data: Data| items.push((name.to_owned(), data));
    add("JMSMessageID", message.id().into());
    add("JMSDestination", destination(message.destination()));
    add(
        "OriginalDestination",
        destination(message.original_destination()),
    );
    add("JMSReplyTo", destination(message.reply_to()));
    add("JMSCorrelationID", message.correlation_id().into());
    add("JMSType", message.message_type().into());
    add("JMSTimestamp", date(message.timestamp_ms()).into());
    add("JMSExpiration", message.expiration_ms().into());
    add("JMSPriority", i64::from(message.priority()).into());
    add(
        "JMSDeliveryMode",
        if message.is_persistent() {
            "PERSISTENT"
        } else {
            "NON-PERSISTENT"
        }
        .into(),
    );
    // Of what waits it is not known to those who look.
    add("JMSRedelivered", false.into());
    add("JMSXGroupID", message.group_id().into());
    add("JMSXGroupSeq", message.group_sequence().into());
    add("JMSXUserID", message.user_id().into());
    add("BrokerPath", "null".into());
    for (name, of_kind) in KINDS {
        let own = message.properties();
        let own = own.filter_map(|(name, value)| Some((name.to_owned(), of_kind(&value)?)));
        add(name, Data::Map(own.collect()));
    }
    add("PropertiesText", properties_text(message).into());
    add_body(message, &mut add);
    Data::Map(items)
}

fn add_body(message: &Message, add: &mut dyn FnMut(&str, Data)) {
    let body = message.body();
    match message.body_kind() {
        BodyKind::Text => {
            let shown = body
                .get(..body.len().min(TEXT_BYTES_MAX))
                .unwrap_or_default();
            add("Text", String::from_utf8_lossy(shown).into_owned().into());
        }
        BodyKind::Bytes => {
            add("BodyLength", body.len().into());
            let shown = body.iter().take(PREVIEW_BYTES);
            let signed = shown.map(|byte| i64::from(byte.cast_signed()));
            add("BodyPreview", signed.collect::<Vec<_>>().into());
        }
        // Its encoding is that of the protocol by which it came.
        BodyKind::Map => add("ContentMap", format!("{} bytes", body.len()).into()),
        _ => {}
    }
}

/// As Java shows a map.
fn properties_text(message: &Message) -> String {
    let shown = |value: &PropertyValue<'_>| match value {
        PropertyValue::Null => "null".to_owned(),
        PropertyValue::Boolean(is) => is.to_string(),
        PropertyValue::Byte(number) => number.to_string(),
        PropertyValue::Short(number) => number.to_string(),
        PropertyValue::Integer(number) => number.to_string(),
        PropertyValue::Long(number) => number.to_string(),
        PropertyValue::Float(number) => format!("{number:?}"),
        PropertyValue::Double(number) => format!("{number:?}"),
        PropertyValue::String(text) => (*text).to_owned(),
        _ => String::new(),
    };
    let all = message.properties();
    let all = all.map(|(name, value)| format!("{name}={}", shown(&value)));
    format!("{{{}}}", all.collect::<Vec<_>>().join(", "))
}

/// `2026-11-22T22:11:34Z`. Days are counted as in the proleptic Gregorian calendar.
pub(crate) fn date(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1000);
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin with March, so that a leap day is the last one; 400 years are an era.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}
