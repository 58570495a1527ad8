//! Reading one XML tree: each element and attribute is taken by name, its placeholders replaced,
//! its value checked, and what became of it written down.
//!
//! It knows no setting. Invariant: what is never asked for stays unmarked, so that [`Reader::finish`]
//! can tell the operator about it; nothing is left out of the account.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};

use crate::document::Lines;
use crate::placeholder::Placeholders;
use crate::report::{Account, Disposition, Note, Report, Severity};
use crate::value::{self, ValueError, quoted};

mod outline;
mod sweep;
#[cfg(test)]
mod tests;

const SPRING: &str = "http://www.springframework.org/schema/";

/// An element or attribute, for notes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    offset: usize,
    pub(crate) line: u32,
    subject: String,
}

/// A value with its placeholders replaced.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) text: String,
    pub(crate) place: Place,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    disposition: Disposition,
    note: Option<usize>,
    /// Stands for everything inside.
    tree: bool,
}

/// The tree, what stands for its placeholders, and what was found so far.
pub(crate) struct Reader<'d, 'i, 'e> {
    document: &'d Document<'i>,
    lines: Lines,
    pub(crate) placeholders: Placeholders<'e>,
    identified: BTreeMap<&'d str, Node<'d, 'i>>,
    notes: Vec<Note>,
    marks: BTreeMap<usize, Mark>,
    texts_read: BTreeSet<usize>,
    suggestions_left: usize,
}

/// Most unknown names for which a similar known one is looked for.
const SUGGESTIONS_MAX: usize = 100;

impl<'d, 'i, 'e> Reader<'d, 'i, 'e> {
    pub(crate) fn new(document: &'d Document<'i>, placeholders: Placeholders<'e>) -> Self {
        let elements = document.descendants().filter(Node::is_element);
        let identified = elements
            .filter_map(|node| Some((node.attribute("id")?, node)))
            .collect();
        Self {
            document,
            lines: Lines::new(document.input_text()),
            placeholders,
            identified,
            notes: Vec::new(),
            marks: BTreeMap::new(),
            texts_read: BTreeSet::new(),
            suggestions_left: SUGGESTIONS_MAX,
        }
    }

    /// Where an element stands.
    pub(crate) fn place(&self, node: Node<'_, '_>) -> Place {
        let offset = node.range().start;
        Place {
            offset,
            line: self.lines.of(offset),
            subject: name(node).into(),
        }
    }

    /// Says that an element does what it should.
    pub(crate) fn take(&mut self, node: Node<'_, '_>) {
        let place = self.place(node);
        self.mark(&place, Disposition::Used, None, false);
    }

    fn mark(&mut self, place: &Place, disposition: Disposition, note: Option<usize>, tree: bool) {
        let mark = Mark {
            disposition,
            note,
            tree,
        };
        self.marks
            .entry(place.offset)
            .and_modify(|known| {
                if known.disposition < disposition {
                    *known = mark;
                }
            })
            .or_insert(mark);
    }

    /// Tells the operator something about a place and notes what became of it.
    pub(crate) fn tell(
        &mut self,
        place: &Place,
        disposition: Disposition,
        severity: Severity,
        (message, advice): (impl Into<String>, impl Into<String>),
    ) {
        let note = self.notes.len();
        self.notes.push(Note {
            severity,
            line: place.line,
            subject: place.subject.clone(),
            message: message.into(),
            advice: advice.into(),
        });
        self.mark(place, disposition, Some(note), false);
    }

    /// An error: the broker does not start with this.
    pub(crate) fn refuse(&mut self, place: &Place, words: (impl Into<String>, impl Into<String>)) {
        self.tell(place, Disposition::Refused, Severity::Error, words);
    }

    /// Something used that the operator should look at.
    pub(crate) fn warn(&mut self, place: &Place, words: (impl Into<String>, impl Into<String>)) {
        self.tell(place, Disposition::Used, Severity::Warning, words);
    }

    /// Something that is reached by other means here.
    pub(crate) fn translate(
        &mut self,
        place: &Place,
        words: (impl Into<String>, impl Into<String>),
    ) {
        self.tell(place, Disposition::Translated, Severity::Info, words);
    }

    /// Says that an element and everything inside has no effect.
    pub(crate) fn ignore_tree(
        &mut self,
        node: Node<'_, '_>,
        severity: Severity,
        words: (impl Into<String>, impl Into<String>),
    ) {
        let disposition = match severity {
            Severity::Error => Disposition::Refused,
            Severity::Info | Severity::Warning => Disposition::Ignored,
        };
        let place = self.place(node);
        self.tell(&place, disposition, severity, words);
        if let Some(mark) = self.marks.get_mut(&place.offset) {
            mark.tree = true;
        }
    }

    /// Says that an element and everything inside is replaced by something else of ours.
    pub(crate) fn replace_tree(
        &mut self,
        node: Node<'_, '_>,
        words: (impl Into<String>, impl Into<String>),
    ) {
        let place = self.place(node);
        self.tell(&place, Disposition::Translated, Severity::Warning, words);
        if let Some(mark) = self.marks.get_mut(&place.offset) {
            mark.tree = true;
        }
    }

    /// The place of an attribute.
    fn attribute_place(
        &self,
        node: Node<'_, '_>,
        attribute: roxmltree::Attribute<'_, '_>,
    ) -> Place {
        let offset = attribute.range().start;
        Place {
            offset,
            line: self.lines.of(offset),
            subject: format!("{} {}", name(node), quoted(attribute.name())),
        }
    }

    /// An attribute without a namespace, its placeholders replaced; taken.
    pub(crate) fn value(&mut self, node: Node<'_, '_>, attribute: &str) -> Option<Value> {
        let found = node
            .attributes()
            .find(|found| found.namespace().is_none() && found.name() == attribute)?;
        let place = self.attribute_place(node, found);
        self.mark(&place, Disposition::Used, None, false);
        self.expand(found.value(), place)
    }

    fn expand(&mut self, text: &str, place: Place) -> Option<Value> {
        match self.placeholders.expand(text) {
            Ok(text) => Some(Value { text, place }),
            Err(error) => {
                self.refuse_with(&place, &error.to_string());
                None
            }
        }
    }

    /// An error whose text ends with its advice.
    pub(crate) fn refuse_with(&mut self, place: &Place, text: &str) {
        let (message, advice) = text.split_once("; ").unwrap_or((text, ""));
        self.refuse(place, (message, advice));
    }

    /// The text inside an element, trimmed, its placeholders replaced; taken.
    pub(crate) fn content(&mut self, node: Node<'_, '_>) -> Option<Value> {
        let place = self.place(node);
        self.mark(&place, Disposition::Used, None, false);
        let mut text = String::new();
        for part in node.children().filter(Node::is_text) {
            self.texts_read.insert(part.range().start);
            text.push_str(part.text().unwrap_or_default());
        }
        self.expand(text.trim(), place)
    }

    fn checked<T>(&mut self, value: &Value, result: Result<T, ValueError>) -> Option<T> {
        result
            .map_err(|error| self.refuse_with(&value.place, &error.to_string()))
            .ok()
    }

    /// An attribute that is true or false.
    pub(crate) fn truth(&mut self, node: Node<'_, '_>, attribute: &str) -> Option<bool> {
        let value = self.value(node, attribute)?;
        self.checked(&value, value::truth(&value.text))
    }

    /// An attribute that is a size in bytes.
    pub(crate) fn size(&mut self, node: Node<'_, '_>, attribute: &str) -> Option<u64> {
        let value = self.value(node, attribute)?;
        self.checked(&value, value::size(&value.text))
    }

    /// An attribute that is a whole number within limits.
    pub(crate) fn number(
        &mut self,
        node: Node<'_, '_>,
        attribute: &str,
        (least, most): (i64, i64),
    ) -> Option<i64> {
        let value = self.value(node, attribute)?;
        self.checked(&value, value::number(&value.text, least, most))
    }

    /// An attribute that is a number with a fraction.
    pub(crate) fn fraction(&mut self, node: Node<'_, '_>, attribute: &str) -> Option<f64> {
        let value = self.value(node, attribute)?;
        self.checked(&value, value::fraction(&value.text))
    }

    /// Sets a truth value that the attribute gives.
    pub(crate) fn set_truth(&mut self, node: Node<'_, '_>, attribute: &str, target: &mut bool) {
        if let Some(value) = self.truth(node, attribute) {
            *target = value;
        }
    }

    /// Sets a size that the attribute gives.
    pub(crate) fn set_size(&mut self, node: Node<'_, '_>, attribute: &str, target: &mut u64) {
        if let Some(value) = self.size(node, attribute) {
            *target = value;
        }
    }

    /// Sets a count or time that the attribute gives, at least 0.
    pub(crate) fn set_number<T: TryFrom<i64>>(
        &mut self,
        node: Node<'_, '_>,
        attribute: &str,
        target: &mut T,
    ) {
        // Whatever fits the target type; ActiveMQ's own limits are those of Java's int and long.
        let most = if size_of::<T>() <= 4 {
            i64::from(i32::MAX)
        } else {
            i64::MAX
        };
        let value = self.number(node, attribute, (0, most));
        if let Some(value) = value.and_then(|value| T::try_from(value).ok()) {
            *target = value;
        }
    }

    /// A child of an ActiveMQ element that stands for one of its properties; taken. The last one
    /// counts, as in ActiveMQ, and the others are told about.
    pub(crate) fn property(&mut self, bean: Node<'d, 'i>, property: &str) -> Option<Node<'d, 'i>> {
        let mut found = None;
        for child in children(bean) {
            if is_core(child)
                && name(child) == property
                && let Some(earlier) = found.replace(child)
            {
                self.overruled(earlier);
            }
        }
        if let Some(node) = found {
            self.take(node);
        }
        found
    }

    /// The one element inside a property; the last one counts.
    pub(crate) fn inside(&mut self, property: Node<'d, 'i>) -> Option<Node<'d, 'i>> {
        let mut found = None;
        for child in children(property) {
            if let Some(earlier) = found.replace(child) {
                self.overruled(earlier);
            }
        }
        found
    }

    fn overruled(&mut self, node: Node<'d, 'i>) {
        self.ignore_tree(
            node,
            Severity::Warning,
            (
                "is given more than once here, and only the last one counts",
                "keep the one that is meant",
            ),
        );
    }

    /// The element that an attribute refers to with `#id`.
    pub(crate) fn referred(&mut self, bean: Node<'d, 'i>, attribute: &str) -> Option<Node<'d, 'i>> {
        let value = self.value(bean, attribute)?;
        let id = value.text.trim();
        let found = id
            .strip_prefix('#')
            .and_then(|id| self.identified.get(id).copied());
        if found.is_none() {
            self.refuse(
                &value.place,
                (
                    format!("\"{}\" names no element of this file", quoted(id)),
                    "write # and the id of an element, or put the element inside",
                ),
            );
        }
        found
    }

    /// Reads the rest of the file, which nobody asked for, and gives the report.
    pub(crate) fn finish(mut self, file: &str) -> Report {
        self.sweep();
        let accounts = self.accounts();
        let outline = self.outline();
        let mut report = Report::new(file, self.notes, accounts);
        report.outline = outline;
        report
    }

    fn accounts(&self) -> Vec<Account> {
        let mut accounts = Vec::new();
        for node in self.document.descendants().filter(Node::is_element) {
            let own = self.mark_of(node);
            let place = self.place(node);
            accounts.push(account(&place, name(node).into(), own));
            for attribute in node.attributes() {
                let place = self.attribute_place(node, attribute);
                let mark = self.marks.get(&place.offset).copied();
                let mark = mark.or_else(|| own.filter(|own| own.tree));
                let label = format!("{}@{}", name(node), attribute.name());
                accounts.push(account(&place, label, mark));
            }
        }
        accounts
    }

    /// The mark of an element, or of what it stands in.
    fn mark_of(&self, node: Node<'_, '_>) -> Option<Mark> {
        self.marks.get(&node.range().start).copied().or_else(|| {
            node.ancestors()
                .skip(1)
                .filter(Node::is_element)
                .filter_map(|above| self.marks.get(&above.range().start))
                .find(|mark| mark.tree)
                .copied()
        })
    }
}

fn account(place: &Place, name: String, mark: Option<Mark>) -> Account {
    Account {
        line: place.line,
        name,
        // Unmarked after the sweep would be a hole in it; the corpus test looks for these.
        disposition: mark.map_or(Disposition::Unknown, |mark| mark.disposition),
        note: mark.and_then(|mark| mark.note),
    }
}

/// Name of an element without its prefix.
pub(crate) fn name<'i>(node: Node<'_, 'i>) -> &'i str {
    node.tag_name().name()
}

/// The elements inside an element.
pub(crate) fn children<'d, 'i>(node: Node<'d, 'i>) -> impl Iterator<Item = Node<'d, 'i>> {
    node.children().filter(Node::is_element)
}

/// `true` for elements in one of ActiveMQ's namespaces (4.x to 6.x), or in none.
pub(crate) fn is_core(node: Node<'_, '_>) -> bool {
    node.tag_name().namespace().is_none_or(|namespace| {
        namespace.is_empty()
            || namespace.starts_with("http://activemq.apache.org/schema/")
            || namespace.starts_with("http://activemq.org/config/")
    })
}

/// `true` for a Spring element of this name; also where the file forgets its namespace.
pub(crate) fn is_spring(node: Node<'_, '_>, local: &str) -> bool {
    let namespace = node.tag_name().namespace().unwrap_or_default();
    name(node) == local && (namespace.starts_with(SPRING) || is_core(node))
}
