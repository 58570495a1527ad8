//! Verbs that concern messages: look at them, send, remove and move them.
//!
//! Long work goes on in pieces, each of which the broker has done when it answers, with a line of
//! progress where people look on.

use super::jolokia::{Beans, Place};
use super::progress::Progress;
use super::text::{clean, field};
use super::{Broker, Print, RemoteError, pretty, undo, written};
use crate::{Browse, Move, Purge, Send};
use serde_json::{Map, Value, json};
use std::io::Read;

/// Messages of one piece of work.
const PIECE: u64 = 5000;
/// Longest text that is read from the standard input.
const TEXT_BYTES_MAX: u64 = 32 << 20;

const BROWSE: &str = "browse(java.lang.String)";
const REMOVE: &str = "removeMatchingMessages(java.lang.String,int)";
const MOVE: &str = "moveMatchingMessagesTo(java.lang.String,java.lang.String,int)";
const SEND: &str = "sendTextMessage(java.util.Map,java.lang.String)";

/// Messages of a queue.
pub(super) fn browse(asked: &Browse) -> Result<String, RemoteError> {
    let place = Place::queue(&asked.queue)?;
    let beans = Beans::new(Broker::new(&asked.remote)?)?;
    let mut found = list(&beans, &place, &asked.selector)?;
    found.truncate(asked.max.unwrap_or(usize::MAX));
    if asked.remote.json {
        return Ok(pretty(&Value::Array(found)));
    }
    Ok(found.iter().map(shown).collect())
}

pub(super) fn list(
    beans: &Beans<'_>,
    place: &Place,
    selector: &str,
) -> Result<Vec<Value>, RemoteError> {
    let rows = beans.exec((&beans.name_of(place), BROWSE), &json!([selector]))?;
    match rows {
        Value::Array(rows) => Ok(rows),
        _ => Ok(Vec::new()),
    }
}

/// A message in a few lines.
pub(super) fn shown(message: &Value) -> String {
    let mut head = vec![field(message, "JMSMessageID")];
    head.push(field(message, "JMSTimestamp"));
    head.push(field(message, "JMSDeliveryMode").to_lowercase());
    head.push(format!("priority {}", field(message, "JMSPriority")));
    let mut text = format!("{}\n", clean(&head.join("  ")).replace('\n', "\\n"));
    let properties = field(message, "PropertiesText");
    if properties != "{}" {
        text.push_str(&format!("  {}\n", clean(&properties).replace('\n', "\\n")));
    }
    for line in body(message).lines() {
        text.push_str(&format!("  {}\n", clean(line)));
    }
    text
}

pub(super) fn body(message: &Value) -> String {
    if let Some(text) = message.get("Text").and_then(Value::as_str) {
        return text.to_owned();
    }
    match message.get("BodyLength").and_then(Value::as_u64) {
        Some(length) => format!("({length} bytes)"),
        None => "(no text)".to_owned(),
    }
}

/// Sends a text; the destination is made if there is none.
pub(super) fn send(asked: &Send, print: Print<'_>) -> Result<(), RemoteError> {
    let place = Place::parse(&asked.destination)?;
    let text = match asked.text.as_str() {
        "-" => standard_input()?,
        text => text.to_owned(),
    };
    let mut headers: Map<String, Value> = asked
        .header
        .iter()
        .map(|one| (one.name.clone(), one.value.clone().into()))
        .collect();
    if !headers.contains_key("JMSPriority") {
        headers.insert("JMSPriority".into(), 4.into());
    }
    if !headers.contains_key("JMSDeliveryMode") {
        let mode = if asked.non_persistent { 1 } else { 2 };
        headers.insert("JMSDeliveryMode".into(), mode.into());
    }
    let beans = Beans::new(Broker::new(&asked.remote)?)?;
    beans.create(&place)?;
    let mut progress = Progress::new("sent", asked.count);
    let mut ids = Vec::new();
    for sent in 1..=asked.count {
        let message = json!([headers, text]);
        let id = beans.exec((&beans.name_of(&place), SEND), &message)?;
        progress.show(sent);
        if asked.remote.json || asked.count == 1 {
            ids.push(id);
        }
    }
    progress.end();
    if asked.remote.json {
        return written(print, &pretty(&json!({"sent": asked.count, "ids": ids})));
    }
    let address = clean(&place.address());
    match ids.first() {
        Some(id) => {
            let id = clean(id.as_str().unwrap_or_default());
            written(print, &format!("{address}: sent {id}\n"))
        }
        None => written(
            print,
            &format!("{address}: sent {} messages\n", asked.count),
        ),
    }
}

fn standard_input() -> Result<String, RemoteError> {
    let mut text = String::new();
    let read = std::io::stdin()
        .take(TEXT_BYTES_MAX)
        .read_to_string(&mut text);
    read.map_err(|cause| RemoteError::Text {
        what: "the standard input cannot be read".into(),
        cause,
    })?;
    Ok(text)
}

/// Removes messages that wait; those that come meanwhile stay.
pub(super) fn purge(asked: &Purge, print: Print<'_>) -> Result<(), RemoteError> {
    let place = Place::queue(&asked.queue)?;
    let beans = Beans::new(Broker::new(&asked.remote)?)?;
    let count = purge_queue(&beans, &place, &asked.selector)?;
    let address = place.address();
    let undo = undo::newest(&asked.remote, &address).filter(|_| count > 0);
    if asked.remote.json {
        return written(print, &undo::purged(count, undo.as_ref()));
    }
    let address = clean(&address);
    let told = undo.as_ref().map_or_else(String::new, undo::told);
    written(
        print,
        &format!("{address}: {count} messages removed\n{told}"),
    )
}

/// Removes messages of a queue; returns how many.
pub(super) fn purge_queue(
    beans: &Beans<'_>,
    place: &Place,
    selector: &str,
) -> Result<u64, RemoteError> {
    let mbean = beans.name_of(place);
    let most = beans.queue_size(place)?;
    in_pieces(("removed", most), |piece| {
        beans.exec((&mbean, REMOVE), &json!([selector, piece]))
    })
}

/// Moves messages that wait.
pub(super) fn relocate(asked: &Move, print: Print<'_>) -> Result<(), RemoteError> {
    let place = Place::queue(&asked.queue)?;
    let target = Place::parse(&asked.target)?;
    let beans = Beans::new(Broker::new(&asked.remote)?)?;
    let mbean = beans.name_of(&place);
    let most = beans.queue_size(&place)?.min(asked.max.unwrap_or(u64::MAX));
    let to = target.address();
    let count = in_pieces(("moved", most), |piece| {
        beans.exec((&mbean, MOVE), &json!([asked.selector, to, piece]))
    })?;
    if asked.remote.json {
        return written(print, &pretty(&json!({"moved": count, "target": to})));
    }
    let (from, to) = (clean(&place.address()), clean(&to));
    written(print, &format!("{from}: {count} messages moved to {to}\n"))
}

/// Works on at most so many messages; returns on how many.
fn in_pieces(
    (what, most): (&str, u64),
    work: impl Fn(u64) -> Result<Value, RemoteError>,
) -> Result<u64, RemoteError> {
    let mut done = 0;
    let mut progress = Progress::new(what, most);
    while done < most {
        let piece = PIECE.min(most - done);
        let count = work(piece)?.as_u64().unwrap_or_default();
        done += count;
        progress.show(done);
        if count < piece {
            break;
        }
    }
    progress.end();
    Ok(done)
}
