//! `LIKE` patterns: `%` is any text, `_` one character (a Unicode scalar value).
//!
//! A pattern is cut at its `%` into segments once; matching finds the segments from left to
//! right, which needs no backtracking. ActiveMQ's errors with doubled escape characters outside
//! U+0010..U+00FF are kept (see [`doubled_escape`]). Work is bounded by [`STEPS_MAX`].

use super::error::EvaluationError;
use std::iter::Peekable;
use std::str::Chars;

/// Most positions tried for segments with `_` in one match.
const STEPS_MAX: usize = 4 * 1024 * 1024;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(super) struct Like {
    /// Text in front of the first `%`, or all of a pattern without `%`.
    head: Segment,
    /// Text between two `%` each, and text behind the last `%`. None: there is no `%`.
    tail: Option<(Vec<Segment>, Segment)>,
}

impl Like {
    /// Compiles `pattern`; the reason why not, in words, otherwise.
    pub(super) fn new(pattern: &str, escape: Option<&str>) -> Result<Self, &'static str> {
        let escape = escape.map(escape_character).transpose()?;
        let mut segments = vec![Segment::default()];
        let mut rest = pattern.chars().peekable();
        while let Some(character) = rest.next() {
            let element = match next_escaped(escape, character, &mut rest) {
                Some(escaped) if Some(escaped) == escape => {
                    for part in doubled_escape(escaped, &mut rest)? {
                        push(&mut segments, Element::Character(part));
                    }
                    continue;
                }
                Some(escaped) => Element::Character(escaped),
                None if character == '%' => {
                    segments.push(Segment::default());
                    continue;
                }
                None if character == '_' => Element::Any,
                None => Element::Character(character),
            };
            push(&mut segments, element);
        }
        let last = segments.pop().unwrap_or_default();
        if segments.is_empty() {
            return Ok(Self {
                head: last,
                tail: None,
            });
        }
        let mut middle = segments.split_off(1);
        middle.retain(|segment| !segment.elements.is_empty());
        Ok(Self {
            head: segments.pop().unwrap_or_default(),
            tail: Some((middle, last)),
        })
    }

    /// Whether all of `text` matches.
    pub(super) fn matches(&self, text: &str) -> Result<bool, EvaluationError> {
        let Some(rest) = self.head.strip_from(text) else {
            return Ok(false);
        };
        let Some((middle, last)) = &self.tail else {
            return Ok(rest.is_empty());
        };
        let Some(mut rest) = last.strip_end_of(rest) else {
            return Ok(false);
        };
        let mut steps = STEPS_MAX;
        for segment in middle {
            match segment.find_in(rest, &mut steps)? {
                Some(behind) => rest = behind,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

fn push(segments: &mut [Segment], element: Element) {
    let Some(segment) = segments.last_mut() else {
        return;
    };
    match (element, segment.elements.last_mut()) {
        (Element::Character(character), Some(Piece::Text(text))) => text.push(character),
        (Element::Character(character), _) => segment.elements.push(Piece::Text(character.into())),
        (Element::Any, _) => segment.elements.push(Piece::Any),
    }
}

enum Element {
    Character(char),
    Any,
}

/// Consecutive text and `_`, without `%`.
#[derive(Clone, Debug, Default)]
struct Segment {
    elements: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Any,
}

impl Segment {
    /// What remains of `text` behind this segment, if it starts with it.
    fn strip_from<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        for piece in &self.elements {
            rest = match piece {
                Piece::Text(literal) => rest.strip_prefix(literal.as_str())?,
                Piece::Any => without_first(rest)?,
            };
        }
        Some(rest)
    }

    /// What remains of `text` in front of this segment, if it ends with it.
    fn strip_end_of<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        for piece in self.elements.iter().rev() {
            rest = match piece {
                Piece::Text(literal) => rest.strip_suffix(literal.as_str())?,
                Piece::Any => {
                    let mut characters = rest.chars();
                    characters.next_back()?;
                    characters.as_str()
                }
            };
        }
        Some(rest)
    }

    /// What remains behind the first occurrence of this segment in `text`.
    fn find_in<'t>(
        &self,
        text: &'t str,
        steps: &mut usize,
    ) -> Result<Option<&'t str>, EvaluationError> {
        if let [Piece::Text(literal)] = self.elements.as_slice() {
            return Ok(text.split_once(literal.as_str()).map(|(_, behind)| behind));
        }
        let mut rest = text;
        loop {
            let Some(left) = steps.checked_sub(self.elements.len()) else {
                return Err(EvaluationError::TooLarge {
                    what: "steps of a LIKE pattern",
                    limit: STEPS_MAX,
                });
            };
            *steps = left;
            if let Some(behind) = self.strip_from(rest) {
                return Ok(Some(behind));
            }
            match without_first(rest) {
                Some(shorter) => rest = shorter,
                None => return Ok(None),
            }
        }
    }
}

fn without_first(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    characters.next()?;
    Some(characters.as_str())
}

/// The escape character of `ESCAPE 'text'`: one UTF-16 unit.
fn escape_character(text: &str) -> Result<char, &'static str> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(character), None) if character.len_utf16() == 1 => Ok(character),
        _ => Err("ESCAPE takes exactly one character up to U+FFFF"),
    }
}

/// The escaped character, if `character` is the escape character and something follows that can
/// be escaped; it is consumed then. Otherwise the escape character stands for itself.
fn next_escaped(
    escape: Option<char>,
    character: char,
    rest: &mut Peekable<Chars<'_>>,
) -> Option<char> {
    if escape != Some(character) {
        return None;
    }
    rest.next_if(|next| matches!(next, '%' | '_') || Some(*next) == escape)
}

/// What a doubled escape character stands for.
///
/// ActiveMQ writes it into a regular expression as `\x` and hexadecimal digits without leading
/// zeros. Only two digits make the intended character: of more, the rest is literal text; a
/// single one takes the next character of the pattern as its second digit.
fn doubled_escape(escape: char, rest: &mut Peekable<Chars<'_>>) -> Result<Vec<char>, &'static str> {
    let code = u32::from(escape);
    if code < 0x10 {
        let second = rest.next_if(char::is_ascii_hexdigit);
        let digit = second.and_then(|digit| digit.to_digit(16));
        let combined = digit.and_then(|digit| char::from_u32((code << 4) | digit));
        return combined.map(|character| vec![character]).ok_or(
            "a doubled escape character below U+0010 must be followed by a hexadecimal digit",
        );
    }
    if code <= 0xff {
        return Ok(vec![escape]);
    }
    let digits = format!("{code:x}");
    let (character, literal) = digits.split_at_checked(2).unwrap_or((&digits, ""));
    let code = u32::from_str_radix(character, 16).unwrap_or(code);
    let first = char::from_u32(code).unwrap_or(escape);
    Ok(std::iter::once(first).chain(literal.chars()).collect())
}

#[cfg(test)]
mod tests;
