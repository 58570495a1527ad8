//! What to tell about elements and attributes that nobody asked for.
//!
//! Known ones get the advice written for them or, failing that, a plain "has no effect yet";
//! unknown ones the nearest known name. Inside what is ignored as a whole, only unknown names are
//! told.

use roxmltree::{Attribute, Node};

use super::{Reader, is_core, name};
use crate::advice;
use crate::report::{Disposition, Severity};
use crate::schema::{ElementSchema, Schema};
use crate::value::quoted;

const DO_WITHOUT: &str = "remove it or do without";

/// Attributes that Spring allows on every element.
const SPRINGS: [&str; 10] = [
    "init-method",
    "destroy-method",
    "depends-on",
    "lazy-init",
    "scope",
    "singleton",
    "abstract",
    "autowire",
    "parent",
    "class",
];

impl<'d, 'i> Reader<'d, 'i, '_> {
    pub(super) fn sweep(&mut self) {
        let elements = self.document.descendants().filter(Node::is_element);
        for node in elements {
            match self.mark_of(node) {
                None => self.sweep_element(node),
                Some(mark) if mark.tree => {
                    if is_core(node) {
                        self.sweep_names(node);
                    }
                    continue;
                }
                Some(_) => {}
            }
            if self.mark_of(node).is_some_and(|mark| !mark.tree) {
                self.sweep_attributes(node);
                self.sweep_text(node);
            }
        }
    }

    /// An element that nobody took.
    fn sweep_element(&mut self, node: Node<'d, 'i>) {
        let schema = Schema::shared();
        let local = name(node);
        if let Some(advice) = advice::of_element(node) {
            self.ignore_tree(node, advice.severity, (advice.message, advice.advice));
        } else if !is_core(node) {
            self.ignore_tree(
                node,
                Severity::Warning,
                (
                    "is not an element of ActiveMQ and has no effect",
                    "remove it if nothing else reads this file",
                ),
            );
        } else if asks_for_nothing(node) && schema.is_property(local) {
            self.take(node);
        } else if let Some(element) = schema.element(local) {
            let message = if element.is_removed() {
                "belongs to older releases of ActiveMQ and has no effect"
            } else {
                "is known to ActiveMQ but has no effect here yet"
            };
            self.ignore_tree(node, Severity::Warning, (message, DO_WITHOUT));
        } else if schema.is_property(local) {
            self.ignore_tree(
                node,
                Severity::Warning,
                (
                    "is known to ActiveMQ but has no effect here yet",
                    DO_WITHOUT,
                ),
            );
        } else {
            self.tell_unknown_element(node);
        }
    }

    /// A similar known name, for the first unknown ones.
    fn suggest(&mut self, nearest: impl FnOnce() -> Option<&'static str>) -> Option<&'static str> {
        self.suggestions_left = self.suggestions_left.checked_sub(1)?;
        nearest()
    }

    fn tell_unknown_element(&mut self, node: Node<'d, 'i>) {
        let place = self.place(node);
        let advice = match self.suggest(|| Schema::shared().nearest_element(name(node))) {
            Some(near) => format!("did you mean <{near}>?"),
            None => "remove it, or correct its name".into(),
        };
        self.tell(
            &place,
            Disposition::Unknown,
            Severity::Warning,
            ("is not known and has no effect", advice),
        );
        if let Some(mark) = self.marks.get_mut(&place.offset) {
            mark.tree = true;
        }
    }

    /// Attributes of an element that was taken.
    fn sweep_attributes(&mut self, node: Node<'d, 'i>) {
        for attribute in node.attributes() {
            let place = self.attribute_place(node, attribute);
            if self.marks.contains_key(&place.offset) {
                continue;
            }
            if attribute.namespace().is_some() || attribute.name() == "id" {
                // Schema locations, `xml:space`, names to refer to: they do what they should.
                self.mark(&place, Disposition::Used, None, false);
                continue;
            }
            let known = Schema::shared()
                .element(name(node))
                .filter(|_| is_core(node));
            let is = |test: fn(&ElementSchema, &str) -> bool| {
                known.is_some_and(|known| test(known, attribute.name()))
            };
            if let Some(advice) = advice::of_attribute(name(node), attribute.name()) {
                let words = (advice.message, advice.advice);
                self.tell_ignored(node, attribute, advice.severity, words);
            } else if is(ElementSchema::has_attribute) {
                let words = (
                    "is known to ActiveMQ but has no effect here yet",
                    DO_WITHOUT,
                );
                self.tell_ignored(node, attribute, Severity::Warning, words);
            } else if is(ElementSchema::has_nested) {
                let message = "is written elsewhere in the file and not read from there";
                let words = (message, "put the element inside this one");
                self.tell_ignored(node, attribute, Severity::Warning, words);
            } else if is_springs(node, attribute) {
                let words = ("belongs to Spring and has no effect here", "");
                self.tell_ignored(node, attribute, Severity::Info, words);
            } else {
                self.tell_unknown_attribute(node, attribute, known);
            }
        }
    }

    /// Without effect; only for information where the value is ActiveMQ's default anyway.
    fn tell_ignored(
        &mut self,
        node: Node<'d, 'i>,
        attribute: Attribute<'d, 'i>,
        severity: Severity,
        words: (&'static str, &'static str),
    ) {
        let place = self.attribute_place(node, attribute);
        let default = Schema::shared()
            .element(name(node))
            .and_then(|known| known.default_of(attribute.name()));
        if severity == Severity::Warning && default == Some(attribute.value().trim()) {
            let words = ("has no effect here; the value is ActiveMQ's default", "");
            self.tell(&place, Disposition::Ignored, Severity::Info, words);
        } else {
            let disposition = match severity {
                Severity::Error => Disposition::Refused,
                Severity::Info | Severity::Warning => Disposition::Ignored,
            };
            self.tell(&place, disposition, severity, words);
        }
    }

    fn tell_unknown_attribute(
        &mut self,
        node: Node<'d, 'i>,
        attribute: Attribute<'d, 'i>,
        known: Option<&'static ElementSchema>,
    ) {
        let place = self.attribute_place(node, attribute);
        let near =
            self.suggest(|| known.and_then(|known| known.nearest_attribute(attribute.name())));
        let advice = match near {
            Some(near) => format!("did you mean {near}?"),
            None => "remove it, or correct its name".into(),
        };
        self.tell(
            &place,
            Disposition::Unknown,
            Severity::Warning,
            ("is not known and has no effect", advice),
        );
    }

    /// Unknown names inside a tree that has no effect as a whole.
    fn sweep_names(&mut self, node: Node<'d, 'i>) {
        let schema = Schema::shared();
        let known = schema.element(name(node));
        if self.marks.contains_key(&node.range().start) {
            // The root of the tree was told already, whether it is known or not.
            if known.is_none() {
                return;
            }
        } else if known.is_none() && !schema.is_property(name(node)) && !is_spring_name(node) {
            self.tell_unknown_element(node);
            return;
        }
        let Some(known) = known else {
            return;
        };
        for attribute in node.attributes() {
            let name = attribute.name();
            if attribute.namespace().is_none()
                && name != "id"
                && !SPRINGS.contains(&name)
                && !known.has_attribute(name)
            {
                self.tell_unknown_attribute(node, attribute, Some(known));
            }
        }
    }

    /// Text between elements, which is left over from a template or a broken comment.
    fn sweep_text(&mut self, node: Node<'d, 'i>) {
        if !is_core(node) && name(node) != "beans" {
            return;
        }
        let stray = node.children().find(|child| {
            child.is_text()
                && !self.texts_read.contains(&child.range().start)
                && child.text().is_some_and(|text| !text.trim().is_empty())
        });
        let Some(stray) = stray else {
            return;
        };
        let text = stray.text().unwrap_or_default();
        let blank = text.len() - text.trim_start().len();
        let mut place = self.place(node);
        place.line = self.lines.of(stray.range().start + blank);
        self.tell(
            &place,
            Disposition::Used,
            Severity::Warning,
            (
                format!("the text \"{}\" inside has no effect", quoted(text.trim())),
                "remove it; was this file meant to be filled in by another tool first?",
            ),
        );
    }
}

/// `true` for an attribute that only Spring gives a meaning.
fn is_springs(node: Node<'_, '_>, attribute: Attribute<'_, '_>) -> bool {
    !is_core(node) || name(node) == "beans" || SPRINGS.contains(&attribute.name())
}

/// `true` for `<plugins/>` and the like: a property without anything inside.
fn asks_for_nothing(node: Node<'_, '_>) -> bool {
    Schema::shared().element(name(node)).is_none()
        && node.attributes().next().is_none()
        && !node.children().any(|child| child.is_element())
}

/// Names that Spring defines, whatever their namespace says.
fn is_spring_name(node: Node<'_, '_>) -> bool {
    matches!(
        name(node),
        "bean"
            | "property"
            | "value"
            | "list"
            | "map"
            | "entry"
            | "ref"
            | "constructor-arg"
            | "props"
            | "prop"
            | "set"
            | "null"
            | "description"
    )
}
