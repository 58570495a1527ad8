//! Limits of the whole broker: `systemUsage` with what stands inside it, or what ActiveMQ 4 had
//! instead.

use roxmltree::Node;

use super::{Edited, Edits, Style, is_plain};
use crate::reader::{Reader, name};
use crate::usage::bean;

/// The settings that are elements: name, element, and the attribute that would hide a limit.
const LIMITS: [(&str, &str, &str); 4] = [
    ("memoryLimit", "memoryUsage", "percentOfJvmHeap"),
    ("storeLimit", "storeUsage", "percentLimit"),
    ("tempLimit", "tempUsage", "percentLimit"),
    ("jobSchedulerLimit", "jobSchedulerUsage", ""),
];

/// The settings that are attributes of the broker.
const PORTIONS: [&str; 2] = ["producerSystemUsagePortion", "consumerSystemUsagePortion"];

/// Changes limits of the broker in the text of a file.
pub(crate) fn edit<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
    asked: &[(&str, &str)],
    style: Style<'_>,
) -> Edited {
    let mut edits = Edits::new(style);
    let usage = bean(reader, broker, "systemUsage");
    let manager = usage_manager(reader, broker);
    let mut at = None;
    let mut elements = Vec::new();
    let mut flags = Vec::new();
    for &(setting, value) in asked {
        if PORTIONS.contains(&setting) {
            edits.set(broker, &[(setting, value)]);
            at.get_or_insert(broker.range().start);
            continue;
        }
        let Some(&(_, element, hiding)) = LIMITS.iter().find(|(known, ..)| *known == setting)
        else {
            flags.push((setting, value));
            continue;
        };
        let found = usage.and_then(|usage| bean(reader, usage, element));
        let old = manager.filter(|_| element == "memoryUsage");
        match found.or(old) {
            Some(found) => {
                set_limit(&mut edits, found, (value, hiding));
                at.get_or_insert(found.range().start);
            }
            None => elements.push((element, value)),
        }
    }
    let old = manager.filter(|_| usage.is_none());
    let is_old = |(name, _): &(&str, &str)| *name == "sendFailIfNoSpace" && old.is_some();
    let (old_flags, flags): (Vec<_>, Vec<_>) = flags.into_iter().partition(is_old);
    if let Some(manager) = old.filter(|_| !old_flags.is_empty()) {
        edits.set(manager, &old_flags);
        at.get_or_insert(manager.range().start);
    }
    if let Some(place) = complete(&mut edits, (broker, usage), (&flags, &elements)) {
        at.get_or_insert(place);
    }
    edits.finish(at.unwrap_or(0), "the broker's limits changed".into())
}

/// Names with values.
type Named<'a> = &'a [(&'a str, &'a str)];

/// Writes what has no place yet.
fn complete(
    edits: &mut Edits<'_>,
    (broker, usage): (Node<'_, '_>, Option<Node<'_, '_>>),
    (flags, elements): (Named<'_>, Named<'_>),
) -> Option<usize> {
    if flags.is_empty() && elements.is_empty() {
        return None;
    }
    let prefix = edits.style.prefix_of(usage.unwrap_or(broker));
    let style = edits.style;
    let limit = |(element, value): &(&str, &str)| {
        let value = style.escaped(value, '"');
        format!("<{prefix}{element}><{prefix}{element} limit=\"{value}\"/></{prefix}{element}>")
    };
    let inside: String = elements.iter().map(limit).collect();
    let Some(usage) = usage else {
        let mut open = format!("<{prefix}systemUsage><{prefix}systemUsage");
        for (name, value) in flags {
            open.push_str(&format!(" {name}=\"{}\"", style.escaped(value, '"')));
        }
        let close = format!("</{prefix}systemUsage></{prefix}systemUsage>");
        let element = format!("{open}>{inside}{close}");
        return Some(edits.insert_sorted(broker, ("systemUsage", &element)));
    };
    let mut at = usage.range().start;
    edits.set(usage, flags);
    if !inside.is_empty() {
        at = edits.insert_inside(usage, &inside);
    }
    Some(at)
}

/// Gives an element its limit; what would count instead of it gives way.
fn set_limit(edits: &mut Edits<'_>, node: Node<'_, '_>, (value, hiding): (&str, &str)) {
    let named = |name: &str| node.attributes().find(|one| is_plain(one, name));
    match (named("limit"), named(hiding)) {
        (None, Some(hiding)) => edits.rename(&hiding, "limit", value),
        (Some(limit), hiding) => {
            edits.replace(&limit, value);
            if let Some(hiding) = hiding {
                edits.cut(&hiding);
            }
        }
        (None, None) => edits.append(node, &[("limit", value)]),
    }
}

/// ActiveMQ 4's, inside of the broker or referred to.
fn usage_manager<'d, 'i>(
    reader: &mut Reader<'d, 'i, '_>,
    broker: Node<'d, 'i>,
) -> Option<Node<'d, 'i>> {
    let manager = match reader.property(broker, "memoryManager") {
        Some(property) => reader.inside(property),
        None if broker.has_attribute("memoryManager") => reader.referred(broker, "memoryManager"),
        None => None,
    };
    manager.filter(|node| name(*node) == "usageManager")
}
