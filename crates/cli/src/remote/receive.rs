//! Taking messages: as a consumer over STOMP that acknowledges what was printed, or, where no
//! STOMP connector can be reached, by looking and removing over HTTP.
//!
//! Invariant: over STOMP a message is acknowledged after it was printed, so that a reader that
//! goes away loses none; over HTTP it is printed after it was removed, so that none is had twice.

use super::connector::Connector;
use super::jolokia::{Beans, Place};
use super::messages::list;
use super::stomp::{Frame, Stomp, StompError};
use super::text::{clean, field};
use super::{Broker, Print, RemoteError, pause, written};
use crate::Receive;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::io::IsTerminal;
use std::time::Duration;

mod http;
#[cfg(test)]
mod tests;

/// One wait for a message; longer waits are several of these.
const ROUND: Duration = Duration::from_millis(250);
/// As many in a second.
const ROUNDS_PER_SECOND: u64 = 4;
/// So long a message that waits is waited for, before other consumers have it.
const ROUNDS_BEHIND_OTHERS: u64 = 8;
/// Messages that are asked for by their ids at a time.
const LISTED_MAX: usize = 50;
/// The subscription; there is one in a connection.
const ID: &str = "0";

/// What to take.
pub(super) struct Wish<'a> {
    pub(super) place: &'a Place,
    pub(super) selector: &'a str,
    pub(super) most: u64,
    pub(super) wait: Wait,
    /// Between two messages.
    pub(super) pause: Duration,
    pub(super) json: bool,
}

/// How long to wait for the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Only while there are some.
    No,
    /// So long for each.
    Rounds(u64),
    /// Until it comes.
    Ever,
}

impl Wait {
    pub(super) fn seconds(seconds: u64) -> Self {
        match seconds {
            0 => Self::No,
            some => Self::Rounds(some.saturating_mul(ROUNDS_PER_SECOND)),
        }
    }
}

/// Takes messages and prints them.
pub(super) fn receive(asked: &Receive, print: Print<'_>) -> Result<(), RemoteError> {
    let place = Place::parse(&asked.queue)?;
    let beans = Beans::new(Broker::new(&asked.remote)?)?;
    let wish = Wish {
        place: &place,
        selector: &asked.selector,
        most: asked.max,
        wait: Wait::seconds(asked.wait),
        pause: Duration::ZERO,
        json: asked.remote.json,
    };
    match take(&beans, asked.stomp.as_deref(), &wish, print)? {
        0 => Err(RemoteError::Undone {
            reason: format!("no message waits in {}", clean(&place.address())),
        }),
        _ => Ok(()),
    }
}

/// Takes messages in the best way there is; returns how many.
pub(super) fn take(
    beans: &Beans<'_>,
    told: Option<&str>,
    wish: &Wish<'_>,
    print: Print<'_>,
) -> Result<u64, RemoteError> {
    match Connector::find(beans, told)? {
        Some((_, stomp)) => {
            let consumer = Consumer {
                stomp,
                early: VecDeque::new(),
            };
            if wish.place.is_queue && wish.wait == Wait::No {
                consumer.take_listed(beans, wish, print)
            } else {
                consumer.take_coming(wish, print)
            }
        }
        None => http::take(beans, wish, print),
    }
}

/// A connection with at most one subscription, which has at most one message at a time.
struct Consumer {
    stomp: Stomp,
    early: VecDeque<Frame>,
}

impl Consumer {
    fn subscribe(&mut self, place: &Place, selector: &str) -> Result<(), StompError> {
        let kind = if place.is_queue { "queue" } else { "topic" };
        let destination = format!("/{kind}/{}", place.name);
        let mut headers = vec![
            ("id", ID),
            ("destination", destination.as_str()),
            ("ack", "client-individual"),
            // What is not taken stays with the broker and with other consumers.
            ("activemq.prefetchSize", "1"),
        ];
        if !selector.is_empty() {
            headers.push(("selector", selector));
        }
        self.confirm("SUBSCRIBE", &headers)
    }

    fn confirm(&mut self, verb: &str, headers: &[(&str, &str)]) -> Result<(), StompError> {
        self.early.extend(self.stomp.confirm(verb, headers, None)?);
        Ok(())
    }

    /// Takes what waits. Only messages that administration lists are asked for, by their ids, so
    /// that no other one is delivered and then counts as redelivered.
    fn take_listed(
        mut self,
        beans: &Beans<'_>,
        wish: &Wish<'_>,
        print: Print<'_>,
    ) -> Result<u64, RemoteError> {
        let mut taken = 0;
        while taken < wish.most {
            let listed = list(beans, wish.place, wish.selector)?;
            let left = usize::try_from(wish.most - taken).unwrap_or(usize::MAX);
            let count = listed.len().min(left).min(LISTED_MAX);
            let listed = listed.get(..count).unwrap_or_default();
            if listed.is_empty() {
                break;
            }
            self.subscribe(wish.place, &selector_of(listed))?;
            let mut got = 0;
            let mut rounds = 0_u64;
            while got < listed.len() {
                match self.next()? {
                    Some(message) => {
                        self.took(&message, wish, &mut *print)?;
                        got += 1;
                    }
                    // Another consumer may have them, and may give them back.
                    None if got > 0 || rounds >= ROUNDS_BEHIND_OTHERS => break,
                    None => rounds += 1,
                }
            }
            self.confirm("UNSUBSCRIBE", &[("id", ID)])?;
            self.early.clear();
            taken += u64::try_from(got).unwrap_or_default();
            if got == 0 {
                break;
            }
        }
        self.stomp.confirm("DISCONNECT", &[], None)?;
        Ok(taken)
    }

    /// Takes what comes while it waits.
    fn take_coming(mut self, wish: &Wish<'_>, print: Print<'_>) -> Result<u64, RemoteError> {
        self.subscribe(wish.place, wish.selector)?;
        let mut taken = 0;
        let mut rounds = 0_u64;
        while taken < wish.most {
            if let Some(message) = self.next()? {
                self.took(&message, wish, &mut *print)?;
                pause(wish.pause);
                taken += 1;
                rounds = 0;
                continue;
            }
            rounds += 1;
            match wish.wait {
                Wait::Ever => {}
                Wait::Rounds(most) if rounds < most => {}
                Wait::Rounds(_) | Wait::No => break,
            }
        }
        self.stomp.confirm("DISCONNECT", &[], None)?;
        Ok(taken)
    }

    /// Prints a message, then acknowledges it.
    fn took(
        &mut self,
        message: &Frame,
        wish: &Wish<'_>,
        print: Print<'_>,
    ) -> Result<(), RemoteError> {
        let text = text_of(message)?;
        match wish.json {
            true => written(print, &format!("{}\n", as_json(message, text)))?,
            false => written(print, &printable(text))?,
        }
        let ack = message.header("ack").unwrap_or_default();
        Ok(self.confirm("ACK", &[("id", ack)])?)
    }

    /// The next message, if one comes in a round.
    fn next(&mut self) -> Result<Option<Frame>, StompError> {
        loop {
            let frame = match self.early.pop_front() {
                Some(frame) => Some(frame),
                None => self.stomp.read(ROUND)?,
            };
            match frame {
                Some(frame) if frame.verb != "MESSAGE" => {}
                message => return Ok(message),
            }
        }
    }
}

/// Matches these messages alone.
fn selector_of(listed: &[Value]) -> String {
    let ids = listed.iter().map(|message| {
        let id = field(message, "JMSMessageID");
        format!("'{}'", id.replace('\'', "''"))
    });
    format!("JMSMessageID IN ({})", ids.collect::<Vec<_>>().join(","))
}

fn text_of(message: &Frame) -> Result<&str, RemoteError> {
    let text = std::str::from_utf8(&message.body).ok();
    text.ok_or_else(|| {
        let id = clean(message.header("message-id").unwrap_or("-"));
        let reason = format!("message {id} is no text and stays; use a client");
        RemoteError::Undone { reason }
    })
}

/// With the names that JMS gives the headers; everything else is a property.
pub(super) fn as_json(message: &Frame, text: &str) -> Value {
    let mut all = Map::new();
    let mut properties = Map::new();
    for (name, value) in &message.headers {
        let number = || value.parse::<u64>().map_or(Value::Null, Value::from);
        let (name, value) = match name.as_str() {
            "message-id" => ("JMSMessageID", value.as_str().into()),
            "destination" => ("JMSDestination", address_of(value).into()),
            "reply-to" => ("JMSReplyTo", address_of(value).into()),
            "correlation-id" => ("JMSCorrelationID", value.as_str().into()),
            "type" => ("JMSType", value.as_str().into()),
            "timestamp" => ("JMSTimestamp", number()),
            "expires" => ("JMSExpiration", number()),
            "priority" => ("JMSPriority", number()),
            "redelivered" => ("JMSRedelivered", (value == "true").into()),
            // What concerns this delivery alone, and is told below.
            "persistent" | "ack" | "subscription" | "content-length" => continue,
            other => {
                properties.insert(other.to_owned(), value.as_str().into());
                continue;
            }
        };
        all.insert(name.to_owned(), value);
    }
    let is_persistent = message.header("persistent") == Some("true");
    let mode = if is_persistent {
        "PERSISTENT"
    } else {
        "NON-PERSISTENT"
    };
    all.insert("JMSDeliveryMode".to_owned(), mode.into());
    let is_again = message.header("redelivered") == Some("true");
    all.insert("JMSRedelivered".to_owned(), is_again.into());
    all.insert("StringProperties".to_owned(), Value::Object(properties));
    all.insert("Text".to_owned(), json!(text));
    Value::Object(all)
}

/// `/queue/X` as the rest of the command line writes it.
fn address_of(destination: &str) -> String {
    match destination.trim_start_matches('/').split_once('/') {
        Some((kind, name)) => format!("{kind}://{name}"),
        None => destination.to_owned(),
    }
}

/// A text with a line feed at its end; for people without what moves their cursor.
fn printable(text: &str) -> String {
    if std::io::stdout().is_terminal() {
        return text.lines().map(|line| clean(line) + "\n").collect();
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{end}")
}
