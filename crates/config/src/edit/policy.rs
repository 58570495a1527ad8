//! Settings of one destination: its own policy entry changes, or the entry that applies to it is
//! copied under its name and the copy changes.

use floodway_message::{Destination, DestinationKind, wildcard};
use roxmltree::Node;

use super::{Edited, Edits, Style, is_plain};
use crate::policy::destinations;
use crate::reader::{Reader, children, is_core, name};

/// The attributes of an entry that name destinations.
const NAMING: [&str; 4] = ["queue", "topic", "tempQueue", "tempTopic"];

/// Where the policies of a broker stand, as far as there are any.
#[derive(Default)]
struct Map<'d, 'i> {
    property: Option<Node<'d, 'i>>,
    map: Option<Node<'d, 'i>>,
    list: Option<Node<'d, 'i>>,
    default: Option<Node<'d, 'i>>,
    entries: Vec<Entry<'d, 'i>>,
}

struct Entry<'d, 'i> {
    node: Node<'d, 'i>,
    patterns: Vec<(DestinationKind, String)>,
}

impl Entry<'_, '_> {
    fn names(&self, destination: &Destination) -> bool {
        let is = |(kind, pattern): &(DestinationKind, String)| {
            *kind == destination.kind() && pattern == destination.name()
        };
        self.patterns.iter().any(is)
    }

    /// How well it fits a destination, if it does.
    fn fits(&self, destination: &Destination) -> Option<Vec<u8>> {
        let fitting = self.patterns.iter().filter(|(kind, pattern)| {
            *kind == destination.kind() && wildcard::matches(pattern, destination.name())
        });
        fitting
            .map(|(_, pattern)| wildcard::specificity(pattern))
            .max()
    }
}

fn map_of<'d, 'i>(reader: &mut Reader<'d, 'i, '_>, broker: Node<'d, 'i>) -> Map<'d, 'i> {
    let mut found = Map::default();
    found.property = reader.property(broker, "destinationPolicy");
    found.map = found
        .property
        .and_then(|property| reader.property(property, "policyMap"));
    let Some(map) = found.map else {
        return found;
    };
    let default = reader.property(map, "defaultEntry");
    found.default = default.and_then(|default| reader.property(default, "policyEntry"));
    found.list = reader.property(map, "policyEntries");
    for node in found.list.into_iter().flat_map(children) {
        if is_core(node) && name(node) == "policyEntry" {
            let patterns = destinations(reader, node);
            found.entries.push(Entry { node, patterns });
        }
    }
    found
}

/// Changes the settings of a destination in the text of a file.
pub(crate) fn edit<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    (destination, asked): (&Destination, &[(&str, &str)]),
    style: Style<'_>,
) -> Edited {
    let map = map_of(reader, broker);
    let mut edits = Edits::new(style);
    let own = map.entries.iter().rev().find(|one| one.names(destination));
    if let Some(own) = own.filter(|own| own.patterns.len() == 1) {
        edits.set(own.node, asked);
        let how = format!("the entry of {destination} changed");
        return edits.finish(own.node.range().start, how);
    }
    let fitting = map.entries.iter().max_by_key(|one| one.fits(destination));
    let fitting = fitting.filter(|one| one.fits(destination).is_some());
    if let Some(entry) = fitting {
        let line = reader.place(entry.node).line;
        let copy = copy(entry.node, (destination, asked), style);
        let at = edits.insert_behind(entry.node, &copy);
        let how = format!("the entry of line {line} copied for {destination}, and changed");
        return edits.finish(at, how);
    }
    let entry = match map.default {
        Some(default) => copy(default, (destination, asked), style),
        None => {
            let nearest = map.list.or(map.map).or(map.property).unwrap_or(broker);
            fresh((destination, asked), style.prefix_of(nearest), style)
        }
    };
    let at = add(&mut edits, &map, broker, &entry);
    edits.finish(at, format!("an entry for {destination} added"))
}

/// Adds an entry behind all others, with the elements around it that are missing.
fn add(edits: &mut Edits<'_>, map: &Map<'_, '_>, broker: Node<'_, '_>, entry: &str) -> usize {
    if let Some(list) = map.list {
        return edits.insert_inside(list, entry);
    }
    let wrap = |parent: Node<'_, '_>, names: &[&str], edits: &Edits<'_>| {
        let prefix = edits.style.prefix_of(parent);
        let open: String = names.iter().map(|one| format!("<{prefix}{one}>")).collect();
        let close = names.iter().rev().map(|one| format!("</{prefix}{one}>"));
        format!("{open}{entry}{}", close.collect::<String>())
    };
    if let Some(parent) = map.map {
        let element = wrap(parent, &["policyEntries"], edits);
        return edits.insert_inside(parent, &element);
    }
    if let Some(parent) = map.property {
        let element = wrap(parent, &["policyMap", "policyEntries"], edits);
        return edits.insert_inside(parent, &element);
    }
    let names = ["destinationPolicy", "policyMap", "policyEntries"];
    let element = wrap(broker, &names, edits);
    edits.insert_sorted(broker, ("destinationPolicy", &element))
}

/// The attribute that names a destination.
fn naming(destination: &Destination) -> &'static str {
    if destination.kind().is_queue() {
        "queue"
    } else {
        "topic"
    }
}

fn fresh(
    (destination, asked): (&Destination, &[(&str, &str)]),
    prefix: &str,
    style: Style<'_>,
) -> String {
    let mut text = format!("<{prefix}policyEntry");
    let own = (naming(destination), destination.name());
    for (name, value) in std::iter::once(&own).chain(asked) {
        text.push_str(&format!(" {name}=\"{}\"", style.escaped(value, '"')));
    }
    text.push_str("/>");
    text
}

/// An entry's text with everything inside, for one destination and with changed settings.
fn copy(
    node: Node<'_, '_>,
    (destination, asked): (&Destination, &[(&str, &str)]),
    style: Style<'_>,
) -> String {
    let own = naming(destination);
    let mut edits = Edits::new(style);
    let mut is_named = false;
    for attribute in node.attributes() {
        if is_plain(&attribute, own) {
            edits.replace(&attribute, destination.name());
            is_named = true;
        } else if NAMING.iter().any(|one| is_plain(&attribute, one)) {
            edits.cut(&attribute);
        }
    }
    // Names to refer to stand for one element each.
    for inner in node.descendants() {
        for id in inner.attributes().filter(|one| is_plain(one, "id")) {
            edits.cut(&id);
        }
    }
    for named in children(node).filter(|one| is_core(*one) && name(*one) == "destination") {
        let range = named.range();
        let before = style.part(0..range.start).trim_end().len();
        edits.push(before..range.end, String::new());
    }
    if !is_named {
        let at = style.name_end(node);
        let name = style.escaped(destination.name(), '"');
        edits.push(at..at, format!(" {own}=\"{name}\""));
    }
    edits.set(node, asked);
    edits.edits.sort_by_key(|edit| edit.range.start);
    edits.apply(node.range())
}
