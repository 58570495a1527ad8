//! Advisories as short JSON texts: the name of the command that tells it in ActiveMQ, and what a
//! person who watches wants to know. Counts and origin are in the headers.

use floodway_message::advisory::Thing;
use floodway_message::{Advisory, Destination, Message};
use std::fmt::Write;

#[cfg(test)]
mod tests;

/// The text for an advisory; `None` for any other message.
pub(crate) fn json(message: &Message) -> Option<String> {
    let mut text = Object::default();
    match Advisory::of(message)? {
        Advisory::Present(thing) => present(&thing, &mut text),
        Advisory::Gone(thing) => gone(&thing, &mut text),
        Advisory::Message { message, .. } => {
            text.open("Message");
            text.put("messageId", message.id());
            if let Some(destination) = message.destination() {
                text.put("destination", &destination.to_string());
            }
        }
        _ => return Some("{}".into()),
    }
    Some(text.close())
}

fn present(thing: &Thing, text: &mut Object) {
    match thing {
        Thing::Connection(facts) => {
            text.open("ConnectionInfo");
            text.put("connectionId", &facts.introduction.id);
            text.put("clientId", &facts.client_id);
            text.put("clientIp", &facts.peer);
            text.put_some("userName", facts.user.as_deref());
        }
        Thing::Consumer(facts) => {
            text.open("ConsumerInfo");
            text.put("consumerId", &facts.introduction.id);
            text.put("destination", &joined(&facts.destinations));
            text.put("clientId", &facts.client_id);
            text.put_some("selector", facts.selector.as_deref());
            text.put_some("subscriptionName", facts.durable_name.as_deref());
        }
        Thing::Producer(facts) => {
            text.open("ProducerInfo");
            text.put("producerId", &facts.introduction.id);
            text.put("destination", &joined(&facts.destinations));
        }
        Thing::Destination { destination, owner } => {
            destination_info(destination, owner.as_deref(), "add", text);
        }
        _ => {}
    }
}

fn gone(thing: &Thing, text: &mut Object) {
    let id = match thing {
        Thing::Connection(facts) => &facts.introduction.id,
        Thing::Consumer(facts) => &facts.introduction.id,
        Thing::Producer(facts) => &facts.introduction.id,
        Thing::Destination { destination, owner } => {
            return destination_info(destination, owner.as_deref(), "remove", text);
        }
        _ => return,
    };
    text.open("RemoveInfo");
    text.put("objectId", id);
}

fn destination_info(
    destination: &Destination,
    owner: Option<&str>,
    operation: &str,
    text: &mut Object,
) {
    text.open("DestinationInfo");
    text.put("destination", &destination.to_string());
    text.put("operation", operation);
    text.put_some("connectionId", owner);
}

fn joined(destinations: &[Destination]) -> String {
    let names: Vec<String> = destinations.iter().map(ToString::to_string).collect();
    names.join(",")
}

/// An object within an object that names it.
#[derive(Default)]
struct Object(String);

impl Object {
    fn open(&mut self, name: &str) {
        self.0.push_str("{\"");
        self.0.push_str(name);
        self.0.push_str("\":{");
    }

    fn put(&mut self, name: &str, value: &str) {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.quote(name);
        self.0.push(':');
        self.quote(value);
    }

    fn put_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn quote(&mut self, value: &str) {
        self.0.push('"');
        for letter in value.chars() {
            match letter {
                '"' | '\\' => {
                    self.0.push('\\');
                    self.0.push(letter);
                }
                letter if letter.is_control() => {
                    // Control characters are all below U+00A0; writing to a text cannot fail.
                    write!(self.0, "\\u{:04x}", u32::from(letter)).ok();
                }
                letter => self.0.push(letter),
            }
        }
        self.0.push('"');
    }

    fn close(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "{}" } else { "}}" });
        self.0
    }
}
