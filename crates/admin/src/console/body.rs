//! A message's body as people read it: text, JSON or XML laid out, or hex.
//!
//! Layout adds white space and changes nothing else; nothing in a body is followed, expanded or
//! run. Bounds: at most [`SHOWN_BYTES_MAX`] of a body are looked at, at most [`LAID_BYTES_MAX`]
//! are written; what is left out is told.

use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::fmt::Write;

#[cfg(test)]
mod tests;

/// Most bytes of a text that are shown.
pub(super) const SHOWN_BYTES_MAX: usize = 64 << 10;
/// Most bytes of a laid out text.
const LAID_BYTES_MAX: usize = 256 << 10;
/// Bytes of a page of hex.
pub(super) const HEX_BYTES: usize = 4 << 10;
/// Bytes of a line of hex.
const LINE_BYTES: usize = 16;
/// Deepest indentation; what lies deeper stays at it.
const DEPTH_MAX: usize = 40;

/// How a body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
    Xml,
    Hex,
}

impl Form {
    pub(super) const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Text, "text", "Text"),
        (Self::Json, "json", "JSON"),
        (Self::Xml, "xml", "XML"),
        (Self::Hex, "hex", "Hex"),
    ];

    /// What suits a body best.
    pub(super) fn of(body: &[u8]) -> Self {
        let Some(text) = text(body) else {
            return Self::Hex;
        };
        match text.trim_start().chars().next() {
            Some('{' | '[') if is_json(&text) || body.len() > SHOWN_BYTES_MAX => Self::Json,
            Some('<') => Self::Xml,
            _ => Self::Text,
        }
    }
}

/// The body as text, as far as it is shown; none if it is not made of characters.
fn text(body: &[u8]) -> Option<Cow<'_, str>> {
    let shown = body.get(..SHOWN_BYTES_MAX).unwrap_or(body);
    let text = match std::str::from_utf8(shown) {
        Ok(text) => text,
        // A character that is cut in two at the end is no fault of the body.
        Err(error) if shown.len() < body.len() && error.error_len().is_none() => {
            let whole = shown.get(..error.valid_up_to())?;
            std::str::from_utf8(whole).ok()?
        }
        Err(_) => return None,
    };
    let is_strange = |one: char| one.is_control() && !matches!(one, '\n' | '\r' | '\t');
    (!text.contains(is_strange)).then_some(Cow::Borrowed(text))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The body in one of the forms; hex from a place on.
pub(super) fn shown(body: &[u8], form: Form, from: usize) -> String {
    let text = || {
        let shown = body.get(..SHOWN_BYTES_MAX).unwrap_or(body);
        text(body).unwrap_or_else(|| String::from_utf8_lossy(shown))
    };
    match form {
        Form::Text => text().into_owned(),
        Form::Json => json(&text()),
        Form::Xml => xml(&text()),
        Form::Hex => hex(body, from),
    }
}

/// A text that is written within its bound.
struct Laid {
    text: String,
    depth: usize,
}

impl Laid {
    fn new(length: usize) -> Self {
        Self {
            text: String::with_capacity(length.saturating_mul(2).min(LAID_BYTES_MAX)),
            depth: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.text.len() >= LAID_BYTES_MAX
    }

    fn line(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        for _ in 0..self.depth.min(DEPTH_MAX) {
            self.text.push_str("  ");
        }
    }
}

/// JSON, each member on a line of its own; numbers and texts stay as they were written.
fn json(text: &str) -> String {
    let mut laid = Laid::new(text.len());
    let mut letters = text.chars().peekable();
    let mut in_text = false;
    while let Some(letter) = letters.next() {
        if laid.is_full() {
            laid.text.push('…');
            break;
        }
        match letter {
            _ if in_text => {
                laid.text.push(letter);
                match letter {
                    '\\' => laid.text.extend(letters.next()),
                    '"' => in_text = false,
                    _ => {}
                }
            }
            '"' => {
                in_text = true;
                laid.text.push(letter);
            }
            '{' | '[' => {
                laid.text.push(letter);
                while letters.next_if(|next| next.is_whitespace()).is_some() {}
                match letters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => laid.text.push(end),
                    None => {
                        laid.depth += 1;
                        laid.line();
                    }
                }
            }
            '}' | ']' => {
                laid.depth = laid.depth.saturating_sub(1);
                laid.line();
                laid.text.push(letter);
            }
            ',' => {
                laid.text.push(letter);
                laid.line();
            }
            ':' => laid.text.push_str(": "),
            _ if letter.is_whitespace() => {}
            _ => laid.text.push(letter),
        }
    }
    laid.text
}

/// XML, each tag on a line of its own, an element of text alone on one.
fn xml(text: &str) -> String {
    let mut laid = Laid::new(text.len());
    let mut rest = text.trim();
    let mut after_open = false;
    while !rest.is_empty() {
        if laid.is_full() {
            laid.text.push('…');
            break;
        }
        let (part, next) = part(rest);
        rest = next;
        if part.starts_with("</") {
            laid.depth = laid.depth.saturating_sub(1);
            if !after_open {
                laid.line();
            }
            laid.text.push_str(part);
            after_open = false;
        } else if part.starts_with('<') {
            laid.line();
            laid.text.push_str(part);
            let opens = !part.starts_with("<?") && !part.starts_with("<!") && !part.ends_with("/>");
            laid.depth += usize::from(opens);
            after_open = opens;
        } else if !part.trim().is_empty() {
            let text = part.trim();
            // Text between an opening tag and its closing one stays with them.
            if !(after_open && rest.starts_with("</")) {
                laid.line();
                after_open = false;
            }
            laid.text.push_str(text);
        } else if !rest.starts_with("</") {
            after_open = false;
        }
    }
    laid.text
}

/// The first tag, comment or text, and what follows it.
fn part(text: &str) -> (&str, &str) {
    let end = if text.starts_with("<!--") {
        text.find("-->").map(|at| at + 3)
    } else if text.starts_with("<![CDATA[") {
        text.find("]]>").map(|at| at + 3)
    } else if text.starts_with('<') {
        text.find('>').map(|at| at + 1)
    } else {
        text.find('<')
    };
    let end = end.unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Offset, bytes and characters of a page.
fn hex(body: &[u8], from: usize) -> String {
    let page = body.get(from..).unwrap_or_default();
    let page = page.get(..HEX_BYTES).unwrap_or(page);
    let mut text = String::with_capacity(page.len() * 5);
    // Writing to a `String` cannot fail.
    for (number, line) in page.chunks(LINE_BYTES).enumerate() {
        write!(text, "{:08x} ", from + number * LINE_BYTES).unwrap_or_default();
        for at in 0..LINE_BYTES {
            match line.get(at) {
                Some(byte) => write!(text, " {byte:02x}").unwrap_or_default(),
                None => text.push_str("   "),
            }
        }
        text.push_str("  ");
        for byte in line {
            let is_shown = byte.is_ascii_graphic() || *byte == b' ';
            text.push(if is_shown { char::from(*byte) } else { '.' });
        }
        text.push('\n');
    }
    text
}
