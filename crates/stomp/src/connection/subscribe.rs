//! SUBSCRIBE and UNSUBSCRIBE.
//!
//! Ids are required from 1.1 on. `activemq.*` headers set what a JMS client would set on its
//! consumer; without `activemq.prefetchSize` the destination's policy decides. A durable
//! subscription is removed by UNSUBSCRIBE with `activemq.subscriptionName` or `durable:true`;
//! its consumer on this connection, if there is one, is closed first.

use super::conversation::{Conversation, Turn};
use super::receipt::Pending;
use super::subscription::{AckMode, Subscription, Unacked};
use crate::codec::{Frame, Headers, Version, number};
use crate::convert::Template;
use crate::convert::destination::{self, Unprefixed};
use crate::error::{StompError, shown};
use floodway_message::selector::Selector;
use floodway_message::session::{Command, ConsumerId, OpenConsumer};
use std::sync::Arc;

/// Spellings of the header that names a durable subscription; the second is in ActiveMQ's
/// documentation.
const DURABLE_NAMES: [&str; 2] = ["activemq.subscriptionName", "activemq.subcriptionName"];

impl Conversation {
    pub(super) fn subscribe(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), StompError> {
        let headers = frame.headers;
        let id = match self.version {
            Version::V1_0 => headers.decoded("id"),
            _ => Some(headers.escaping.decode(headers.required(frame.verb, "id")?)),
        };
        let limit = self.settings.subscriptions_count_max;
        if self.subscriptions.len() >= limit {
            let what = "subscriptions";
            return Err(StompError::TooMany { what, limit });
        }
        let header_bytes = frame.header_bytes();
        let limit = self.settings.subscriptions_bytes_max;
        if self.subscriptions.header_bytes() + header_bytes > limit {
            let what = "bytes of subscription headers";
            return Err(StompError::TooMany { what, limit });
        }
        let mut open = self.consumer(frame, turn)?;
        open.consumer = self.subscriptions.next_consumer();
        let mode = match headers.raw("ack").map(<[u8]>::trim_ascii) {
            Some(b"client") => AckMode::Client,
            Some(b"client-individual") => AckMode::Individual,
            _ => AckMode::Auto,
        };
        let by_ack_id = mode != AckMode::Auto && self.version == Version::V1_2;
        let transformation = headers.decoded("transformation");
        self.subscriptions.add(Subscription {
            consumer: open.consumer,
            header_bytes,
            template: Template::new(
                self.version,
                id.as_deref(),
                by_ack_id.then_some(open.consumer),
                transformation.as_deref(),
            ),
            id: id.map(|id| (&*id).into()),
            mode,
            browser: open.browser,
            durable: open.durable_name.clone(),
            destinations: open.destinations.clone(),
            unacked: Unacked::new(self.version),
            written: 0,
        });
        let receipt = self.receipt(headers);
        let pending = Pending::Subscribe(open.consumer, receipt);
        open.reply = Some(self.replies.open(pending));
        turn.commands.push(Command::OpenConsumer(Box::new(open)));
        Ok(())
    }

    /// What to open, still without number and reply.
    fn consumer(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<OpenConsumer, StompError> {
        let headers = frame.headers;
        let name = headers.to_text(headers.required(frame.verb, "destination")?);
        let browser = headers.raw("browser").map(<[u8]>::trim_ascii) == Some(b"true");
        if browser && self.version == Version::V1_0 {
            return Err(StompError::BrowserInVersion10);
        }
        let priority = setting(headers, "activemq.priority", "a number from -128 to 127")?;
        let prefetch = setting(headers, "activemq.prefetchSize", "a number from 1")?;
        if prefetch == Some(0) {
            // STOMP cannot ask for single messages: nothing would ever be delivered.
            return Err(bad_value("activemq.prefetchSize", b"0", "a number from 1"));
        }
        let pending_limit = headers.raw("activemq.maximumPendingMessageLimit");
        let pending_limit = match pending_limit.map(<[u8]>::trim_ascii) {
            Some(b"-1") | None => None,
            Some(_) => setting(headers, "activemq.maximumPendingMessageLimit", "a number")?,
        };
        let durable_name = durable_name(headers);
        let selector = headers
            .text("selector")
            .filter(|text| !text.trim().is_empty());
        let selector = selector.map(|text| selector_of(&text)).transpose()?;
        let found = destination::parse(
            &name,
            Unprefixed::Queue,
            &mut self.temporaries,
            turn.commands,
        )?;
        let destinations: Vec<_> = found.iter().cloned().collect();
        if durable_name.is_some() && destinations.iter().any(|one| one.kind().is_queue()) {
            return Err(StompError::DurableQueue);
        }
        Ok(OpenConsumer {
            consumer: 0,
            destinations,
            selector,
            prefetch,
            browser,
            durable_name,
            no_local: headers.flag("activemq.noLocal"),
            exclusive: headers.flag("activemq.exclusive"),
            retroactive: headers.flag("activemq.retroactive"),
            priority: priority.unwrap_or_default(),
            pending_limit,
            network: false,
            introduction: None,
            reply: None,
        })
    }

    pub(super) fn unsubscribe(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), StompError> {
        let headers = frame.headers;
        let id = match self.version {
            Version::V1_0 => headers.decoded("id"),
            _ => Some(headers.escaping.decode(headers.required(frame.verb, "id")?)),
        };
        let found = match &id {
            Some(id) => self.subscriptions.of_id(id).next(),
            None => self.by_destination(frame, turn)?,
        };
        let consumer = found.map(|one| one.consumer);
        let mut durable = durable_name(headers);
        if durable.is_none() && headers.flag("durable") {
            durable = found.and_then(|one| one.durable.clone());
            durable = durable.or_else(|| headers.text("id").map(|id| Arc::from(&*id)));
        }
        if let Some(name) = durable {
            self.remove_durable(name, headers, turn);
            return Ok(());
        }
        let Some(consumer) = consumer else {
            let raw = id.as_deref().or_else(|| headers.raw("destination"));
            let id = shown(raw.unwrap_or_default());
            return Err(StompError::NoSubscription { id });
        };
        self.subscriptions.remove(consumer);
        let reply = self.reply(headers);
        turn.commands
            .push(Command::CloseConsumer { consumer, reply });
        Ok(())
    }

    /// The oldest subscription of exactly the named destinations (1.0).
    fn by_destination(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<Option<&Subscription>, StompError> {
        let name = frame.headers.required(frame.verb, "destination")?;
        let name = frame.headers.to_text(name);
        let found = destination::parse(
            &name,
            Unprefixed::Queue,
            &mut self.temporaries,
            turn.commands,
        )?;
        let wanted = |one: &&Subscription| one.destinations.iter().eq(found.iter());
        Ok(self.subscriptions.iter().find(wanted))
    }

    fn remove_durable(&mut self, name: Arc<str>, headers: Headers<'_>, turn: &mut Turn<'_>) {
        let active = self.subscriptions.iter();
        let active = active.filter(|one| one.durable.as_ref() == Some(&name));
        let active: Vec<ConsumerId> = active.map(|one| one.consumer).collect();
        for consumer in active {
            self.subscriptions.remove(consumer);
            let reply = None;
            turn.commands
                .push(Command::CloseConsumer { consumer, reply });
        }
        // ActiveMQ takes the subscription's name for the client id in 1.0.
        let client_id = (self.version == Version::V1_0).then(|| Arc::clone(&name));
        let reply = self.reply(headers);
        turn.commands.push(Command::RemoveDurable {
            client_id,
            name,
            reply,
        });
    }
}

fn durable_name(headers: Headers<'_>) -> Option<Arc<str>> {
    let names = DURABLE_NAMES.iter();
    let found = names.filter_map(|name| headers.text(name)).next();
    found
        .filter(|name| !name.is_empty())
        .map(|name| Arc::from(&*name))
}

/// STOMP knows only text, so comparisons with numbers convert it.
fn selector_of(text: &str) -> Result<Arc<Selector>, StompError> {
    let compiled = Selector::parse_converting(text);
    compiled
        .map(Arc::new)
        .map_err(|source| StompError::Selector {
            selector: shown(text.as_bytes()),
            source,
        })
}

/// A numeric header within its type's range.
fn setting<T: TryFrom<i64>>(
    headers: Headers<'_>,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, StompError> {
    let Some(value) = headers.raw(name) else {
        return Ok(None);
    };
    let number = number::parse_i64(value.trim_ascii());
    let number = number.and_then(|number| T::try_from(number).ok());
    let number = number.ok_or_else(|| bad_value(name, value, expected))?;
    Ok(Some(number))
}

fn bad_value(header: &'static str, value: &[u8], expected: &'static str) -> StompError {
    let value = shown(value);
    StompError::BadValue {
        header,
        value,
        expected,
    }
}
