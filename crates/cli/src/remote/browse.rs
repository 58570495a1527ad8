//! Looking at all messages of a queue, however many: as a browser over STOMP, one after the other.
//!
//! Invariant: nothing is taken, and no more than one message is kept in memory.

use super::connector::Connector;
use super::jolokia::{Beans, Place};
use super::messages::shown;
use super::progress::Progress;
use super::receive::as_json;
use super::stomp::Frame;
use super::{Broker, Print, RemoteError, written};
use crate::Browse;
use serde_json::Value;
use std::io::IsTerminal;
use std::time::Duration;

/// A broker that shows nothing for so long has forgotten us.
const PATIENCE: Duration = Duration::from_secs(30);

/// Prints all messages that wait, with `--json` a line for each.
pub(super) fn all(asked: &Browse, print: Print<'_>) -> Result<(), RemoteError> {
    let place = Place::queue(&asked.queue)?;
    let beans = Beans::new(Broker::new(&asked.remote)?)?;
    let size = beans.queue_size(&place)?;
    let Some((_, mut stomp)) = Connector::find(&beans, asked.stomp.as_deref())? else {
        let reason = "to see all messages STOMP is spoken, and the broker has no such connector \
                      that can be reached; name its address with --stomp, or leave out --all"
            .to_owned();
        return Err(RemoteError::Usage { reason });
    };
    let destination = format!("/queue/{}", place.name);
    let mut headers = vec![
        ("id", "0"),
        ("destination", destination.as_str()),
        ("browser", "true"),
    ];
    if !asked.selector.is_empty() {
        headers.push(("selector", &asked.selector));
    }
    stomp.send("SUBSCRIBE", &headers, None)?;
    let most = asked.max.unwrap_or(usize::MAX);
    let mut progress = Progress::new("seen", size);
    let is_seen = !std::io::stdout().is_terminal();
    let mut count = 0;
    while count < most {
        let Some(frame) = stomp.read(PATIENCE)? else {
            let reason = "the broker shows nothing more, and no end".to_owned();
            return Err(RemoteError::Undone { reason });
        };
        if frame.header("browser") == Some("end") {
            break;
        }
        if frame.verb == "MESSAGE" {
            let message = whole(&frame);
            match asked.remote.json {
                true => written(print, &format!("{message}\n"))?,
                false => written(print, &shown(&message))?,
            }
            count += 1;
            if is_seen {
                progress.show(u64::try_from(count).unwrap_or(u64::MAX));
            }
        }
    }
    progress.end();
    Ok(())
}

/// As administration shows it.
fn whole(frame: &Frame) -> Value {
    let text = std::str::from_utf8(&frame.body).ok();
    let mut message = as_json(frame, text.unwrap_or_default());
    let Value::Object(fields) = &mut message else {
        return message;
    };
    if text.is_none() {
        fields.remove("Text");
        fields.insert("BodyLength".to_owned(), frame.body.len().into());
    }
    let properties = fields.get("StringProperties").and_then(Value::as_object);
    let pairs = properties.into_iter().flatten();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    let text = format!("{{{}}}", pairs.join(", "));
    fields.insert("PropertiesText".to_owned(), text.into());
    message
}

#[cfg(test)]
mod tests {
    use super::{Frame, whole};
    use serde_json::json;

    #[test]
    fn what_is_no_text_is_told_by_its_length() {
        let frame = Frame {
            verb: "MESSAGE".into(),
            headers: vec![("colour".into(), "red".into()), ("size".into(), "7".into())],
            body: b"\xff\xfe".to_vec(),
        };
        let expected = json!({
            "BodyLength": 2, "JMSDeliveryMode": "NON-PERSISTENT", "JMSRedelivered": false,
            "PropertiesText": "{colour=red, size=7}",
            "StringProperties": {"colour": "red", "size": "7"},
        });
        assert_eq!(whole(&frame), expected);
    }
}
