//! Operations and attributes of ActiveMQ's MBeans, asked over Jolokia.

use super::text::clean;
use super::{Broker, RemoteError};
use serde_json::{Value, json};

/// A queue or a topic, as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) is_queue: bool,
    pub(super) name: String,
}

impl Place {
    /// `queue://X`, `topic://X`, or `X` for a queue.
    ///
    /// # Errors
    /// When there is no name, or one whose MBean could be that of another destination.
    pub(super) fn parse(text: &str) -> Result<Self, RemoteError> {
        let (is_queue, name) = match (text.strip_prefix("queue://"), text.strip_prefix("topic://"))
        {
            (Some(name), _) => (true, name),
            (None, Some(name)) => (false, name),
            (None, None) => (true, text),
        };
        if name.is_empty() {
            let reason = "name a destination, for example ORDERS or topic://NEWS".to_owned();
            return Err(RemoteError::Usage { reason });
        }
        if name.contains([':', ',', '\'', '"']) {
            let reason = format!(
                "{} has no MBean of its own: in its name the characters : , ' and \" are all the \
                 same; use a client",
                clean(text)
            );
            return Err(RemoteError::Usage { reason });
        }
        Ok(Self {
            is_queue,
            name: name.to_owned(),
        })
    }

    /// The same, when it must be a queue.
    ///
    /// # Errors
    /// When it is a topic, too: it keeps no messages.
    pub(super) fn queue(text: &str) -> Result<Self, RemoteError> {
        let place = Self::parse(text)?;
        if place.is_queue {
            return Ok(place);
        }
        let reason = "a topic keeps no messages; name a queue".to_owned();
        Err(RemoteError::Usage { reason })
    }

    pub(super) fn address(&self) -> String {
        let scheme = if self.is_queue { "queue" } else { "topic" };
        format!("{scheme}://{}", self.name)
    }
}

/// A value of an MBean's name.
pub(super) fn encoded(value: &str) -> String {
    let mut text = String::new();
    for one in value.chars() {
        match one {
            '?' => text.push_str("&qe;"),
            '=' => text.push_str("&amp;"),
            '*' => text.push_str("&ast;"),
            ':' | ',' | '\'' | '"' => text.push('_'),
            one => text.push(one),
        }
    }
    text
}

/// The MBeans of a running broker.
pub(super) struct Beans<'a> {
    broker: Broker<'a>,
    /// Name of the broker's MBean.
    own: String,
}

impl<'a> Beans<'a> {
    pub(super) fn new(broker: Broker<'a>) -> Result<Self, RemoteError> {
        let status = broker.get("/api/status")?;
        let name = status.get("name").and_then(Value::as_str);
        let own = format!(
            "org.apache.activemq:type=Broker,brokerName={}",
            encoded(name.unwrap_or_default())
        );
        Ok(Self { broker, own })
    }

    /// For what no MBean tells.
    pub(super) fn broker(&self) -> &Broker<'a> {
        &self.broker
    }

    /// Address of administration.
    pub(super) fn url(&self) -> &str {
        &self.broker.remote.url
    }

    pub(super) fn broker_name(&self) -> &str {
        &self.own
    }

    pub(super) fn name_of(&self, place: &Place) -> String {
        let kind = if place.is_queue { "Queue" } else { "Topic" };
        let name = encoded(&place.name);
        format!("{},destinationType={kind},destinationName={name}", self.own)
    }

    /// One request; what it gives.
    pub(super) fn request(&self, request: &Value) -> Result<Value, RemoteError> {
        let mut answer = self.broker.post("/api/jolokia", request)?;
        if answer.get("status").and_then(Value::as_u64) == Some(200) {
            return Ok(answer.get_mut("value").map(Value::take).unwrap_or_default());
        }
        let error = answer.get("error").and_then(Value::as_str);
        let error = error.unwrap_or("it does not say why");
        let mbean = request.get("mbean").and_then(Value::as_str);
        let destination = mbean.and_then(|name| name.split_once("destinationName="));
        if let Some((_, name)) = destination.filter(|_| error.contains("InstanceNotFound")) {
            let reason = format!("there is no destination {}", clean(name));
            return Err(RemoteError::Undone { reason });
        }
        // The name of a Java class means nothing to people.
        let reason = match error.split_once(" : ") {
            Some((class, reason)) if !class.contains(' ') => reason,
            Some(_) | None => error,
        };
        Err(RemoteError::Undone {
            reason: clean(reason),
        })
    }

    pub(super) fn exec(
        &self,
        (mbean, operation): (&str, &str),
        arguments: &Value,
    ) -> Result<Value, RemoteError> {
        self.request(&json!({
            "type": "exec", "mbean": mbean, "operation": operation, "arguments": arguments,
        }))
    }

    pub(super) fn read(&self, mbean: &str) -> Result<Value, RemoteError> {
        self.request(&json!({"type": "read", "mbean": mbean}))
    }

    /// Makes a destination that may exist already.
    pub(super) fn create(&self, place: &Place) -> Result<(), RemoteError> {
        let operation = if place.is_queue {
            "addQueue(java.lang.String)"
        } else {
            "addTopic(java.lang.String)"
        };
        self.exec((&self.own, operation), &json!([place.name]))?;
        Ok(())
    }

    /// Whether there is such a destination.
    pub(super) fn exists(&self, place: &Place) -> Result<bool, RemoteError> {
        let mbean = self.name_of(place);
        let found = self.request(&json!({"type": "search", "mbean": mbean}))?;
        Ok(found.as_array().is_some_and(|found| !found.is_empty()))
    }

    /// Removes a destination with everything in it.
    pub(super) fn remove(&self, place: &Place) -> Result<(), RemoteError> {
        let operation = if place.is_queue {
            "removeQueue(java.lang.String)"
        } else {
            "removeTopic(java.lang.String)"
        };
        self.exec((&self.own, operation), &json!([place.name]))?;
        Ok(())
    }

    /// Messages that wait in a queue.
    pub(super) fn queue_size(&self, place: &Place) -> Result<u64, RemoteError> {
        let mbean = self.name_of(place);
        let size = self.request(&json!({
            "type": "read", "mbean": mbean, "attribute": "QueueSize",
        }))?;
        Ok(size.as_u64().unwrap_or_default())
    }
}
