//! Arguments and new values: what JSON or a path gives, as the type that is wanted. Texts stand
//! for numbers and for JSON, as paths have nothing else.

use crate::jolokia::fault::Fault;
use floodway_message::selector::Selector;
use floodway_message::{Destination, DestinationKind};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Most members of a map.
const MEMBERS_MAX: usize = 1000;

/// A whole number within bounds.
///
/// # Errors
/// When it is none.
pub(crate) fn number(value: &Value, least: i64, most: i64) -> Result<i64, Fault> {
    let shown = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let number = shown.trim().parse().ok();
    let number = number.filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| Fault::number(&shown))
}

/// An `int` that counts messages; below 0 is 0.
///
/// # Errors
/// When it is no number.
pub(crate) fn count(value: &Value) -> Result<u64, Fault> {
    let number = number(value, i32::MIN.into(), i32::MAX.into())?;
    Ok(u64::try_from(number).unwrap_or_default())
}

/// A text; empty if nothing is given.
///
/// # Errors
/// When it is something else.
pub(crate) fn text(value: Option<&Value>) -> Result<String, Fault> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Bool(_) | Value::Number(_)) => {
            Ok(value.map(ToString::to_string).unwrap_or_default())
        }
        Some(Value::Array(_) | Value::Object(_)) => {
            Err(Fault::illegal("a string is wanted as argument"))
        }
    }
}

/// A truth.
///
/// # Errors
/// When it is none.
pub(crate) fn flag(value: Option<&Value>) -> Result<bool, Fault> {
    match text(value)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::illegal("true or false is wanted as argument")),
    }
}

/// A map, or JSON text of one.
///
/// # Errors
/// When it is none, or too large.
pub(crate) fn map(value: &Value) -> Result<Map<String, Value>, Fault> {
    let map = match value {
        Value::Object(map) => Some(map.clone()),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Some(map),
            _ => None,
        },
        _ => None,
    };
    let map = map.filter(|map| map.len() <= MEMBERS_MAX);
    map.ok_or_else(|| Fault::illegal("a map is wanted as argument"))
}

/// A selector; none if the text is empty.
///
/// # Errors
/// When it is not understood.
pub(crate) fn selector(value: Option<&Value>) -> Result<Option<Arc<Selector>>, Fault> {
    let text = text(value)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let parsed = Selector::parse(&text);
    let parsed = parsed.map_err(|error| Fault::selector(format!("{text} ({error})")))?;
    Ok(Some(Arc::new(parsed)))
}

/// What selects the message of an id.
///
/// # Errors
/// When the id is too long.
pub(crate) fn selector_of_id(value: Option<&Value>) -> Result<Option<Arc<Selector>>, Fault> {
    let id = text(value)?.replace('\'', "''");
    selector(Some(&Value::String(format!("JMSMessageID = '{id}'"))))
}

/// A destination that is named by its address, or by its name alone.
///
/// # Errors
/// When the name is empty or too long.
pub(crate) fn destination(
    value: Option<&Value>,
    kind: DestinationKind,
) -> Result<Destination, Fault> {
    let text = text(value)?;
    let parsed = if text.contains("://") {
        Destination::parse(&text)
    } else {
        Destination::new(kind, &text)
    };
    parsed.map_err(|error| Fault::illegal(format!("Invalid destination name: {error}")))
}
