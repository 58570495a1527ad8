//! Which elements and attributes ActiveMQ knows, whether we use them or not.
//!
//! The table (`schema/elements.txt`) has one line per element: `name: attribute=default … ;
//! nested …`. A sign `-` before the name marks what only older releases had. The table tells
//! "known but without effect" from "unknown", and finds what was perhaps meant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

#[cfg(test)]
mod tests;

const TABLE: &str = include_str!("schema/elements.txt");

/// What is known of one element.
#[derive(Debug, Default)]
pub(crate) struct ElementSchema {
    attributes: BTreeMap<&'static str, Option<&'static str>>,
    nested: BTreeSet<&'static str>,
    removed: bool,
}

impl ElementSchema {
    /// `true` for an attribute that ActiveMQ knows.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }

    /// `true` for a property that is an element inside this one.
    pub(crate) fn has_nested(&self, name: &str) -> bool {
        self.nested.contains(name)
    }

    /// ActiveMQ's default of an attribute, if it is a plain value.
    pub(crate) fn default_of(&self, attribute: &str) -> Option<&'static str> {
        self.attributes.get(attribute).copied().flatten()
    }

    /// Only older releases of ActiveMQ had this element.
    pub(crate) fn is_removed(&self) -> bool {
        self.removed
    }

    /// The known attribute that looks most like a name.
    pub(crate) fn nearest_attribute(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.attributes.keys().chain(&self.nested).copied())
    }
}

/// All known elements.
#[derive(Debug)]
pub(crate) struct Schema {
    elements: BTreeMap<&'static str, ElementSchema>,
    properties: BTreeSet<&'static str>,
}

impl Schema {
    /// The table, read once.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Schema> = OnceLock::new();
        SHARED.get_or_init(|| Self::read(TABLE))
    }

    fn read(table: &'static str) -> Self {
        let mut elements: BTreeMap<&'static str, ElementSchema> = BTreeMap::new();
        let mut properties = BTreeSet::new();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, rest)) = line.split_once(':') else {
                continue;
            };
            let (attributes, nested) = rest.split_once(';').unwrap_or((rest, ""));
            let old = name.strip_prefix('-');
            let is_new = !elements.contains_key(old.unwrap_or(name));
            let element = elements.entry(old.unwrap_or(name)).or_default();
            element.removed |= is_new && old.is_some();
            for attribute in attributes.split_whitespace() {
                let (attribute, default) = match attribute.split_once('=') {
                    Some((attribute, default)) => (attribute, Some(default)),
                    None => (attribute, None),
                };
                element.attributes.insert(attribute, default);
            }
            element.nested.extend(nested.split_whitespace());
            properties.extend(element.nested.iter().copied());
            properties.extend(element.attributes.keys().copied());
        }
        Self {
            elements,
            properties,
        }
    }

    /// What is known of an element.
    pub(crate) fn element(&self, name: &str) -> Option<&ElementSchema> {
        self.elements.get(name)
    }

    /// `true` when some element has a property of this name, which can then be an element too.
    pub(crate) fn is_property(&self, name: &str) -> bool {
        self.properties.contains(name)
    }

    /// The known element or property that looks most like a name.
    pub(crate) fn nearest_element(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.elements.keys().chain(&self.properties).copied())
    }
}

/// The candidate with the fewest edits, if it is near enough to be meant.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    /// Longer names are not compared: they are not typing mistakes.
    const COMPARED_CHARS_MAX: usize = 64;
    if name.chars().count() > COMPARED_CHARS_MAX {
        return None;
    }
    let lower = name.to_lowercase();
    candidates
        .map(|candidate| (edits(&lower, &candidate.to_lowercase()), candidate))
        .filter(|&(edits, candidate)| edits <= 1 + candidate.chars().count() / 5)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (done, l) in left.chars().enumerate() {
        let mut diagonal = done;
        let mut before = done + 1;
        for (cell, r) in row.iter_mut().skip(1).zip(&right) {
            let replaced = diagonal + usize::from(l != *r);
            diagonal = *cell;
            before = replaced.min(diagonal + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = done + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}
