//! `destinationInterceptors`: virtual topics and composite destinations.
//!
//! Without the element ActiveMQ's own rule holds: topics named `VirtualTopic.>` feed queues named
//! `Consumer.*.VirtualTopic.>`. With it, only what it says.

use floodway_broker::settings::{Forward, VirtualDestination};
use floodway_message::selector::Selector;
use floodway_message::{Destination, DestinationKind};
use roxmltree::Node;
use std::sync::Arc;

use crate::reader::{Reader, children, is_core, name};
use crate::report::Severity;

#[cfg(test)]
mod tests;

/// Reads the rules of a broker.
pub(crate) fn read<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
) -> Vec<VirtualDestination> {
    let mut uses_virtual_topics = true;
    reader.set_truth(broker, "useVirtualTopics", &mut uses_virtual_topics);
    let Some(property) = reader.property(broker, "destinationInterceptors") else {
        let usual = uses_virtual_topics.then(|| VirtualDestination::topic("VirtualTopic.>"));
        return usual.into_iter().collect();
    };
    let mut rules = Vec::new();
    for interceptor in children(property).filter(|node| is_core(*node)) {
        if name(interceptor) != "virtualDestinationInterceptor" {
            let words = (
                "mirrored queues are not built yet",
                "let a consumer forward, or use a composite queue",
            );
            reader.ignore_tree(interceptor, Severity::Warning, words);
            continue;
        }
        reader.take(interceptor);
        let Some(list) = reader.property(interceptor, "virtualDestinations") else {
            continue;
        };
        for node in children(list).filter(|node| is_core(*node)) {
            rules.extend(rule(reader, node));
        }
    }
    rules
}

fn rule<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, node: Node<'d, 'i>) -> Option<VirtualDestination> {
    match name(node) {
        "virtualTopic" => Some(virtual_topic(reader, node)),
        "compositeQueue" => composite(reader, node, DestinationKind::Queue),
        "compositeTopic" => composite(reader, node, DestinationKind::Topic),
        _ => None,
    }
}

fn virtual_topic<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
) -> VirtualDestination {
    reader.take(node);
    let mut text = |attribute: &str, usual: &str| {
        let found = reader.value(node, attribute);
        found.map_or_else(|| usual.to_owned(), |value| value.text)
    };
    let rule = VirtualDestination::Topic {
        pattern: text("name", ">"),
        prefix: text("prefix", "Consumer.*."),
        postfix: text("postfix", ""),
    };
    if reader.truth(node, "selectorAware") == Some(true) {
        let place = reader.place(node);
        let words = (
            "selectorAware has no effect yet: each queue gets all messages",
            "let consumers select",
        );
        reader.warn(&place, words);
    }
    rule
}

fn composite<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    node: Node<'d, 'i>,
    kind: DestinationKind,
) -> Option<VirtualDestination> {
    reader.take(node);
    let place = reader.place(node);
    let given = reader.value(node, "name").map(|value| value.text);
    let named = given.and_then(|text| Destination::new(kind, text.trim()).ok());
    let mut forward_only = true;
    reader.set_truth(node, "forwardOnly", &mut forward_only);
    let mut forward_to = Vec::new();
    if let Some(list) = reader.property(node, "forwardTo") {
        for target in children(list).filter(|node| is_core(*node)) {
            forward_to.extend(forward(reader, target));
        }
    }
    let Some(destination) = named else {
        reader.refuse(&place, ("names no destination", "write name=\"ORDERS\""));
        return None;
    };
    if forward_to.is_empty() && forward_only {
        let message = format!("forwards nowhere: what is sent to {destination} would be lost");
        let advice = "write <forwardTo><queue physicalName=\"…\"/></forwardTo>";
        reader.refuse(&place, (message, advice));
        return None;
    }
    Some(VirtualDestination::Composite {
        destination,
        forward_to,
        forward_only,
    })
}

/// One target: a queue, a topic, or either with a selector.
fn forward<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, node: Node<'d, 'i>) -> Option<Forward> {
    reader.take(node);
    let place = reader.place(node);
    let mut selector = None;
    let found = match name(node) {
        "queue" => named(reader, node, "physicalName", DestinationKind::Queue),
        "topic" => named(reader, node, "physicalName", DestinationKind::Topic),
        "filteredDestination" => {
            if let Some(value) = reader.value(node, "selector") {
                match Selector::parse(&value.text) {
                    Ok(parsed) => selector = Some(Arc::new(parsed)),
                    Err(error) => {
                        let advice = "correct the selector";
                        reader.refuse(&value.place, (error.to_string(), advice));
                    }
                }
            }
            named(reader, node, "queue", DestinationKind::Queue)
                .or_else(|| named(reader, node, "topic", DestinationKind::Topic))
        }
        _ => None,
    };
    if found.is_none() {
        let advice = "write <queue physicalName=\"…\"/> or <topic physicalName=\"…\"/>";
        reader.refuse(&place, ("is no target to forward to", advice));
    }
    Some(Forward::new(found?, selector))
}

fn named(
    reader: &mut Reader<'_, '_, '_>,
    node: Node<'_, '_>,
    attribute: &str,
    kind: DestinationKind,
) -> Option<Destination> {
    let value = reader.value(node, attribute)?;
    let destination = Destination::new(kind, value.text.trim()).ok()?;
    (!destination.is_pattern()).then_some(destination)
}
