//! The Spring part of a configuration file: where placeholders get their values from, and which
//! element is the broker.
//!
//! Of Spring's beans only the placeholder configurers mean anything here; the rest is told about
//! by the sweep. Reads the properties files that the configurers name.

use roxmltree::Node;

use crate::document::read_properties;
use crate::paths::Paths;
use crate::properties;
use crate::reader::{Reader, Value, children, is_core, is_spring, name};
use crate::report::{Disposition, Severity};
use crate::value::quoted;

#[cfg(test)]
mod tests;

/// Most properties files of one configuration.
const FILES_MAX: usize = 100;

/// Gives the reader the values of all placeholder configurers.
pub(crate) fn read_placeholders<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    root: Node<'d, 'i>,
    paths: &Paths,
) {
    if is_spring(root, "beans") {
        reader.take(root);
    }
    let configurers: Vec<_> = children(root).filter(|&node| is_configurer(node)).collect();
    let mut files = 0;
    for configurer in configurers {
        reader.take(configurer);
        if name(configurer) == "property-placeholder" {
            if let Some(locations) = reader.value(configurer, "location") {
                for location in locations.text.split(',') {
                    read_file(reader, &locations, location, (paths, &mut files));
                }
            }
            continue;
        }
        // Only the class told that this is a configurer.
        let _class = reader.value(configurer, "class");
        for property in children(configurer).filter(|&node| is_spring(node, "property")) {
            read_property(reader, property, (paths, &mut files));
        }
    }
}

fn is_configurer(node: Node<'_, '_>) -> bool {
    let class = node.attribute("class").unwrap_or_default();
    name(node) == "property-placeholder"
        || (is_spring(node, "bean")
            && [
                "PlaceholderConfigurer",
                "PropertySourcesPlaceholderConfigurer",
            ]
            .iter()
            .any(|suffix| class.ends_with(suffix)))
}

fn read_property<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    property: Node<'d, 'i>,
    (paths, files): (&Paths, &mut usize),
) {
    match property.attribute("name") {
        Some("location" | "locations") => {
            let _name = reader.value(property, "name");
            reader.take(property);
            for location in texts(reader, property) {
                for one in location.text.split(',') {
                    read_file(reader, &location, one, (paths, &mut *files));
                }
            }
        }
        Some("properties") => {
            let _name = reader.value(property, "name");
            reader.take(property);
            read_inline(reader, property);
        }
        Some(
            "ignoreResourceNotFound"
            | "ignoreUnresolvablePlaceholders"
            | "searchSystemEnvironment"
            | "systemPropertiesMode"
            | "systemPropertiesModeName"
            | "order",
        ) => reader.ignore_tree(
            property,
            Severity::Info,
            (
                "has no effect: a missing properties file is a warning, an undefined placeholder \
                 an error, and the environment is always searched",
                "",
            ),
        ),
        Some(_) | None => {}
    }
}

/// The texts of a property: its `value`, or the `<value>` elements inside, in a list or not.
fn texts<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, property: Node<'d, 'i>) -> Vec<Value> {
    let mut found: Vec<Value> = reader.value(property, "value").into_iter().collect();
    for node in children(property) {
        if is_spring(node, "value") {
            found.extend(reader.content(node));
        } else if ["list", "array", "set"]
            .iter()
            .any(|list| is_spring(node, list))
        {
            reader.take(node);
            for item in children(node).filter(|&node| is_spring(node, "value")) {
                found.extend(reader.content(item));
            }
        }
    }
    found
}

/// `<props><prop key="name">value</prop></props>`, or properties text in a `<value>`.
fn read_inline<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, property: Node<'d, 'i>) {
    for node in children(property) {
        if is_spring(node, "value") {
            if let Some(value) = reader.content(node) {
                reader.placeholders.add_file(properties::parse(&value.text));
            }
        } else if is_spring(node, "props") {
            reader.take(node);
            for prop in children(node).filter(|&node| is_spring(node, "prop")) {
                let key = reader.value(prop, "key");
                let value = reader.content(prop);
                if let (Some(key), Some(value)) = (key, value) {
                    let entry = [(key.text, value.text)];
                    reader.placeholders.add_file(entry.into_iter().collect());
                }
            }
        }
    }
}

fn read_file(
    reader: &mut Reader<'_, '_, '_>,
    named_at: &Value,
    location: &str,
    (paths, files): (&Paths, &mut usize),
) {
    let location = location.trim();
    if location.is_empty() {
        return;
    }
    *files += 1;
    if *files > FILES_MAX {
        let advice = "put the properties into fewer files";
        let message = format!("more than {FILES_MAX} properties files are named");
        reader.refuse(&named_at.place, (message, advice));
        return;
    }
    let path = paths.resolve_resource(location);
    match read_properties(&path) {
        Ok(text) => reader.placeholders.add_file(properties::parse(&text)),
        Err(error) => {
            let message = format!("the properties file is left out: {error}");
            reader.warn(&named_at.place, (message.as_str(), ""));
        }
    }
}

/// The broker of the file. More than one is told about, and the first one counts.
pub(crate) fn find_broker<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    root: Node<'d, 'i>,
) -> Option<Node<'d, 'i>> {
    let is_broker =
        |node: &Node<'d, 'i>| is_core(*node) && matches!(name(*node), "broker" | "brokerService");
    let brokers: Vec<_> = if is_broker(&root) {
        vec![root]
    } else {
        children(root).filter(is_broker).collect()
    };
    for extra in brokers.iter().skip(1) {
        reader.ignore_tree(
            *extra,
            Severity::Warning,
            (
                "is the second broker of this file, and a process runs one broker",
                "move it into a file of its own and start a second process",
            ),
        );
    }
    let Some(&broker) = brokers.first() else {
        refuse_without_broker(reader, root);
        return None;
    };
    reader.take(broker);
    Some(broker)
}

fn refuse_without_broker<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, root: Node<'d, 'i>) {
    let service = children(root).find(|node| {
        is_spring(*node, "bean")
            && node.attribute("class").is_some_and(|class| {
                class.contains("BrokerService") || class.contains("BrokerFactory")
            })
    });
    let place = reader.place(service.unwrap_or(root));
    let message = if service.is_some() {
        "a broker written as a Java bean is not understood".into()
    } else {
        format!("there is no <broker> inside <{}>", quoted(name(root)))
    };
    reader.tell(
        &place,
        Disposition::Refused,
        Severity::Error,
        (
            message,
            "write <broker xmlns=\"http://activemq.apache.org/schema/core\"> inside <beans>",
        ),
    );
}
