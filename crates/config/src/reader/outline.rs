//! What a broker is made of besides policies and limits: one line for each value that counts, so
//! that two readings of a file can be compared.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{Mark, Reader, is_core, name};
use crate::report::{Disposition, OutlineLine};

/// Compared by themselves, because they can change while the broker runs.
const LIVE: [&str; 4] = [
    "destinationPolicy",
    "systemUsage",
    "memoryManager",
    "usageManager",
];
/// What tells elements of one name apart, the best first.
const KEYS: [&str; 7] = [
    "name",
    "physicalName",
    "username",
    "queue",
    "topic",
    "id",
    "userGroup",
];

impl<'d, 'i> Reader<'d, 'i, '_> {
    pub(super) fn outline(&self) -> Vec<OutlineLine> {
        let elements = self.document.descendants().filter(Node::is_element);
        let broker = elements
            .filter(|node| is_core(*node) && name(*node) == "broker")
            .find(|node| self.counts(self.mark_of(*node)));
        let Some(broker) = broker else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        let mut seen = BTreeMap::new();
        // By where an element begins.
        let mut paths: BTreeMap<usize, String> = BTreeMap::new();
        for node in broker.descendants().filter(Node::is_element) {
            let is_live = |node: Node<'_, '_>| LIVE.contains(&name(node));
            if node.ancestors().any(is_live) {
                continue;
            }
            let around = node.parent().map(|parent| parent.range().start);
            let around = around.and_then(|around| paths.get(&around));
            let path = path_of(node, around.map_or("", String::as_str));
            let path = unique(&mut seen, path);
            if self.counts(self.mark_of(node)) {
                self.outline_of(node, &path, &mut lines);
            }
            paths.insert(node.range().start, path);
        }
        lines
    }

    fn counts(&self, mark: Option<Mark>) -> bool {
        mark.is_some_and(|mark| {
            matches!(
                mark.disposition,
                Disposition::Used | Disposition::Translated
            )
        })
    }

    fn outline_of(&self, node: Node<'d, 'i>, path: &str, lines: &mut Vec<OutlineLine>) {
        lines.push(OutlineLine {
            subject: path.into(),
            line: self.place(node).line,
            value: String::new(),
            secret: false,
        });
        for attribute in node.attributes() {
            let place = self.attribute_place(node, attribute);
            let is_name = attribute.namespace().is_some() || attribute.name() == "id";
            if is_name || !self.counts(self.marks.get(&place.offset).copied()) {
                continue;
            }
            let raw = attribute.value();
            let value = self.placeholders.expand(raw).unwrap_or_else(|_| raw.into());
            let is_secret = |text: &str| {
                let text = text.to_ascii_lowercase();
                ["password", "passphrase", "secret"]
                    .iter()
                    .any(|word| text.contains(word))
            };
            lines.push(OutlineLine {
                subject: format!("{path} {}", attribute.name()),
                line: place.line,
                secret: is_secret(attribute.name()) || is_secret(&value),
                value,
            });
        }
    }
}

/// `transportConnectors/transportConnector stomp`: names of elements, each with what tells it
/// apart.
fn path_of(node: Node<'_, '_>, around: &str) -> String {
    let mut path = String::from(around);
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(name(node));
    if name(node) != "broker"
        && let Some(key) = KEYS.iter().find_map(|key| node.attribute(*key))
    {
        path.push(' ');
        path.push_str(key);
    }
    path
}

fn unique(seen: &mut BTreeMap<String, usize>, path: String) -> String {
    let count = seen.entry(path.clone()).or_default();
    *count += 1;
    if *count == 1 {
        path
    } else {
        format!("{path} ({count})")
    }
}
