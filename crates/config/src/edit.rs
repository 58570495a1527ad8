//! Changes of a configuration's text that leave everything else as it is, byte for byte.
//!
//! Elements are found in the parsed tree, and changed in the text that it was parsed from: a value
//! between its quotes, an attribute behind the last one, an element beside another one with the
//! same indentation. Which element that is, [`policy`] and [`usage`] know. Invariant: no byte
//! outside of the changed places differs.

use std::ops::Range;

use roxmltree::{Attribute, Node};

use crate::document::Lines;

pub(crate) mod policy;
#[cfg(test)]
mod tests;
pub(crate) mod usage;

/// Indentation of one level where the file shows none.
const STEP: &str = "    ";

/// One place that changes.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    text: String,
}

/// What was done, and where.
#[derive(Debug)]
pub(crate) struct Edited {
    /// The whole file.
    pub(crate) text: String,
    /// Line of the changed or new element.
    pub(crate) line: u32,
    /// In words.
    pub(crate) how: String,
}

/// How a file writes its text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style<'t> {
    /// The whole file as it is.
    text: &'t str,
    /// How its lines end.
    newline: &'static str,
    /// Only ASCII can be written, and everything else as character references.
    ascii: bool,
}

impl<'t> Style<'t> {
    /// The style of a text; `ascii` when its encoding has few characters.
    pub(crate) fn of(text: &'t str, ascii: bool) -> Self {
        let newline = match text.find('\n') {
            Some(at) if text.get(..at).is_some_and(|line| line.ends_with('\r')) => "\r\n",
            Some(_) | None => "\n",
        };
        Self {
            text,
            newline,
            ascii,
        }
    }

    fn part(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    /// A value as it stands between these quotes.
    fn escaped(&self, value: &str, quote: char) -> String {
        let mut text = String::with_capacity(value.len());
        for one in value.chars() {
            match one {
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '"' if quote == '"' => text.push_str("&quot;"),
                '\'' if quote == '\'' => text.push_str("&apos;"),
                one if one.is_control() || (self.ascii && !one.is_ascii()) => {
                    text.push_str(&format!("&#{};", u32::from(one)));
                }
                one => text.push(one),
            }
        }
        text
    }

    /// What stands between the quotes of an attribute, and the quote.
    fn value_of(&self, attribute: &Attribute<'_, '_>) -> (Range<usize>, char) {
        let all = attribute.range();
        let text = self.part(all.clone());
        let equals = text.find('=').unwrap_or(0);
        let quote = text.get(equals..).and_then(|rest| rest.find(['"', '\'']));
        let open = equals + quote.unwrap_or(0);
        let range = all.start + open + 1..all.end.saturating_sub(1);
        (range, if text.ends_with('\'') { '\'' } else { '"' })
    }

    /// `amq:` of `<amq:policyEntry …>`.
    fn prefix_of(&self, node: Node<'_, '_>) -> &'t str {
        let text = self.part(node.range());
        let name = text.get(1..).unwrap_or_default();
        let end = name.find(|c: char| c.is_whitespace() || "/>:".contains(c));
        match end {
            Some(end) if name.get(end..).is_some_and(|rest| rest.starts_with(':')) => {
                name.get(..=end).unwrap_or_default()
            }
            Some(_) | None => "",
        }
    }

    /// Where an element's name ends in its start tag.
    fn name_end(&self, node: Node<'_, '_>) -> usize {
        let start = node.range().start;
        start + 1 + self.prefix_of(node).len() + node.tag_name().name().len()
    }

    /// The blanks before a place, if nothing else stands before it in its line.
    fn indent_at(&self, at: usize) -> Option<&'t str> {
        let before = self.part(0..at);
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        let indent = before.get(line..).unwrap_or_default();
        indent.trim().is_empty().then_some(indent)
    }

    /// The end of the line if nothing but comments follows, else the place itself.
    fn behind_comments(&self, at: usize) -> usize {
        let rest = self.part(at..self.text.len());
        let line = rest.split('\n').next().unwrap_or_default();
        let mut left = line.trim();
        while let Some((_, behind)) = left
            .strip_prefix("<!--")
            .and_then(|comment| comment.split_once("-->"))
        {
            left = behind.trim();
        }
        if left.is_empty() {
            at + line.trim_end().len()
        } else {
            at
        }
    }
}

/// Changes of one text, gathered.
#[derive(Debug)]
pub(crate) struct Edits<'t> {
    style: Style<'t>,
    edits: Vec<Edit>,
}

impl<'t> Edits<'t> {
    pub(crate) fn new(style: Style<'t>) -> Self {
        Self {
            style,
            edits: Vec::new(),
        }
    }

    fn push(&mut self, range: Range<usize>, text: String) {
        self.edits.push(Edit { range, text });
    }

    /// Takes an attribute away, with the blanks before it.
    fn cut(&mut self, attribute: &Attribute<'_, '_>) {
        let range = attribute.range();
        let before = self.style.part(0..range.start);
        self.push(before.trim_end().len()..range.end, String::new());
    }

    /// Writes another value between the quotes of an attribute.
    fn replace(&mut self, attribute: &Attribute<'_, '_>, value: &str) {
        let (range, quote) = self.style.value_of(attribute);
        let value = self.style.escaped(value, quote);
        self.push(range, value);
    }

    /// Writes another attribute in the place of one.
    fn rename(&mut self, attribute: &Attribute<'_, '_>, name: &str, value: &str) {
        let (_, quote) = self.style.value_of(attribute);
        let value = self.style.escaped(value, quote);
        self.push(attribute.range(), format!("{name}={quote}{value}{quote}"));
    }

    /// Adds attributes behind the last one.
    fn append(&mut self, node: Node<'_, '_>, attributes: &[(&str, &str)]) {
        let last = node.attributes().next_back();
        let quote = last.map_or('"', |last| self.style.value_of(&last).1);
        let at = last.map_or_else(|| self.style.name_end(node), |last| last.range().end);
        let mut text = String::new();
        for (name, value) in attributes {
            let value = self.style.escaped(value, quote);
            text.push_str(&format!(" {name}={quote}{value}{quote}"));
        }
        if !text.is_empty() {
            self.push(at..at, text);
        }
    }

    /// Gives attributes of an element their values; each may have an older name as well.
    fn set(&mut self, node: Node<'_, '_>, asked: &[(&str, &str)]) {
        let mut missing = Vec::new();
        for &(name, value) in asked {
            let named = |name: &str| node.attributes().find(|one| is_plain(one, name));
            match named(name).or_else(|| named(older_name(name))) {
                Some(found) => self.replace(&found, value),
                None => missing.push((name, value)),
            }
        }
        self.append(node, &missing);
    }

    /// Puts an element behind another one, with its indentation.
    fn insert_behind(&mut self, node: Node<'_, '_>, element: &str) -> usize {
        let Range { start, end } = node.range();
        match self.style.indent_at(start) {
            Some(indent) => {
                let at = self.style.behind_comments(end);
                let newline = self.style.newline;
                self.push(at..at, format!("{newline}{indent}{element}"));
                at
            }
            None => {
                self.push(end..end, element.to_owned());
                end
            }
        }
    }

    /// Puts an element at the end of what stands inside another one; returns where about.
    fn insert_inside(&mut self, parent: Node<'_, '_>, element: &str) -> usize {
        if let Some(last) = parent.last_element_child() {
            return self.insert_behind(last, element);
        }
        let newline = self.style.newline;
        let Range { start, end } = parent.range();
        let indent = self.style.indent_at(start);
        let text = self.style.part(start..end);
        let layout = |element: &str| match indent {
            Some(indent) => format!("{newline}{indent}{STEP}{element}{newline}{indent}"),
            None => element.to_owned(),
        };
        if text.ends_with("/>") {
            let prefix = self.style.prefix_of(parent);
            let name = parent.tag_name().name();
            let slash = text.trim_end_matches("/>").trim_end().len();
            let inside = layout(element);
            self.push(start + slash..end, format!(">{inside}</{prefix}{name}>"));
            return start + slash;
        }
        let close = start + text.rfind("</").unwrap_or(text.len());
        let inside_end = self.style.part(start..close).trim_end().len() + start;
        self.push(inside_end..close, layout(element));
        inside_end
    }

    /// Puts an element among the children of the broker, where ActiveMQ's schema wants it: by
    /// name.
    fn insert_sorted(&mut self, parent: Node<'_, '_>, (name, element): (&str, &str)) -> usize {
        let earlier = |child: &Node<'_, '_>| child.is_element() && child.tag_name().name() < name;
        let before = parent.children().rfind(earlier);
        match (before, parent.first_child(), parent.first_element_child()) {
            (Some(before), ..) => self.insert_behind(before, element),
            (None, Some(begin), Some(first)) => {
                // Above the comments of the first one.
                let at = begin.range().start;
                let indent = self.style.indent_at(first.range().start);
                let newline = self.style.newline;
                let text = indent.map(|indent| format!("{newline}{indent}{element}"));
                self.push(at..at, text.unwrap_or_else(|| element.to_owned()));
                at
            }
            (None, ..) => self.insert_inside(parent, element),
        }
    }

    /// The changed text. `at` is where an element stands in the old text, or where one was put in:
    /// its line in the new text is told.
    pub(crate) fn finish(mut self, at: usize, how: String) -> Edited {
        self.edits.sort_by_key(|edit| edit.range.start);
        let mut line_at = at;
        for edit in &self.edits {
            if edit.range.end <= at && edit.range.start < at {
                line_at = line_at.saturating_sub(edit.range.len()) + edit.text.len();
            } else if edit.range.start == at {
                // Blanks come before an element that was put in.
                line_at += edit.text.find('<').unwrap_or(0);
            }
        }
        let text = self.apply(0..self.style.text.len());
        let line = Lines::new(&text).of(line_at);
        Edited { text, line, how }
    }

    /// A part of the text with all changes inside of it.
    fn apply(&self, part: Range<usize>) -> String {
        let mut text = String::new();
        let mut from = part.start;
        for edit in &self.edits {
            if edit.range.start < from || edit.range.end > part.end {
                continue;
            }
            text.push_str(self.style.part(from..edit.range.start));
            text.push_str(&edit.text);
            from = edit.range.end;
        }
        text.push_str(self.style.part(from..part.end));
        text
    }
}

/// `true` for an attribute of this name without a namespace.
fn is_plain(attribute: &Attribute<'_, '_>, name: &str) -> bool {
    attribute.namespace().is_none() && attribute.name() == name
}

/// What ActiveMQ called an attribute in its early days, and still takes.
fn older_name(name: &str) -> &str {
    match name {
        "inactiveTimeoutBeforeGC" => "inactiveTimoutBeforeGC",
        name => name,
    }
}
