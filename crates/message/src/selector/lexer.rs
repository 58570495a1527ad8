//! Splits a selector's text into tokens, longest match first.
//!
//! The token set is ActiveMQ's: identifiers are ASCII, keywords know no case, blanks are space,
//! tab, LF, CR and FF, and `--` starts a comment only if a line end follows (otherwise it is two
//! minus signs). It knows nothing of grammar. Offsets are bytes.

use super::error::{Position, SelectorError, excerpt};
use super::value::{Decimal, Value};
use std::borrow::Cow;

/// What a text consists of.
#[derive(Clone, Debug)]
pub(super) enum Token<'t> {
    /// Behind the last token.
    End,
    /// A property or function name.
    Name(&'t str),
    /// A string literal, without quotes.
    Text(Cow<'t, str>),
    /// A number, without sign.
    Number(Value<'static>),
    Not,
    And,
    Or,
    Between,
    Like,
    Escape,
    In,
    Is,
    True,
    False,
    Null,
    XPath,
    XQuery,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
    Open,
    Close,
    Comma,
}

const KEYWORDS: [(&str, Token<'static>); 13] = [
    ("NOT", Token::Not),
    ("AND", Token::And),
    ("OR", Token::Or),
    ("BETWEEN", Token::Between),
    ("LIKE", Token::Like),
    ("ESCAPE", Token::Escape),
    ("IN", Token::In),
    ("IS", Token::Is),
    ("TRUE", Token::True),
    ("FALSE", Token::False),
    ("NULL", Token::Null),
    ("XPATH", Token::XPath),
    ("XQUERY", Token::XQuery),
];

/// Reads tokens from a text, one after the other.
pub(super) struct Lexer<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, offset: 0 }
    }

    /// The next token and the offset at which it starts.
    pub(super) fn next(&mut self) -> Result<(Token<'t>, usize), SelectorError> {
        self.skip_blanks_and_comments();
        let start = self.offset;
        let Some(first) = self.rest().chars().next() else {
            return Ok((Token::End, start));
        };
        let token = match first {
            '\'' => self.string()?,
            '0'..='9' => self.number()?,
            '.' if self.byte_at(1).is_some_and(|next| next.is_ascii_digit()) => self.number()?,
            'A'..='Z' | 'a'..='z' | '_' | '$' => self.word(),
            _ => self.symbol(first)?,
        };
        Ok((token, start))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn byte_at(&self, distance: usize) -> Option<u8> {
        self.rest().as_bytes().get(distance).copied()
    }

    /// Takes `length` bytes, which the caller has seen to be there.
    fn take(&mut self, length: usize) -> &'t str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.offset = self.offset.saturating_add(taken.len());
        taken
    }

    fn skip_blanks_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = count(rest, |byte| {
                matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
            });
            let length = if blanks > 0 {
                blanks
            } else if let Some(length) = block_comment(rest).or_else(|| line_comment(rest)) {
                length
            } else {
                return;
            };
            self.take(length);
        }
    }

    fn string(&mut self) -> Result<Token<'t>, SelectorError> {
        let start = self.offset;
        self.take(1);
        let mut text = Cow::Borrowed("");
        loop {
            let Some(length) = self.rest().find('\'') else {
                let at = Position::of(self.text, start);
                return Err(SelectorError::OpenString { at });
            };
            let part = self.take(length);
            if text.is_empty() {
                text = Cow::Borrowed(part);
            } else {
                text.to_mut().push_str(part);
            }
            self.take(1);
            if self.byte_at(0) != Some(b'\'') {
                return Ok(Token::Text(text));
            }
            self.take(1);
            text.to_mut().push('\'');
        }
    }

    fn word(&mut self) -> Token<'t> {
        let length = count(self.rest(), |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
        });
        let word = self.take(length);
        KEYWORDS
            .iter()
            .find(|(keyword, _)| keyword.eq_ignore_ascii_case(word))
            .map_or(Token::Name(word), |(_, token)| token.clone())
    }

    fn number(&mut self) -> Result<Token<'t>, SelectorError> {
        let rest = self.rest();
        let start = self.offset;
        let hexadecimal = rest
            .strip_prefix("0x")
            .or_else(|| rest.strip_prefix("0X"))
            .map_or(0, |digits| count(digits, |byte| byte.is_ascii_hexdigit()));
        if hexadecimal > 0 {
            self.take(2);
            let digits = self.take(hexadecimal);
            return self.radix_number(digits, 16, start);
        }
        if let Some(length) = float_length(rest) {
            let value = self.take(length).parse().unwrap_or(f64::INFINITY);
            return Ok(Token::Number(Value::Double(value)));
        }
        if rest.starts_with('0') {
            let digits = self.take(count(rest, |byte| matches!(byte, b'0'..=b'7')));
            return self.radix_number(digits, 8, start);
        }
        let digits = self.take(count(rest, |byte| byte.is_ascii_digit()));
        if matches!(self.byte_at(0), Some(b'l' | b'L')) {
            self.take(1);
        }
        Ok(Token::Number(whole_number(digits)))
    }

    fn radix_number(
        &self,
        digits: &str,
        radix: u32,
        start: usize,
    ) -> Result<Token<'t>, SelectorError> {
        match i64::from_str_radix(digits, radix) {
            Ok(number) => Ok(Token::Number(narrowest(number))),
            Err(_too_large) => Err(SelectorError::NumberRange {
                at: Position::of(self.text, start),
                literal: excerpt(self.text.get(start..self.offset).unwrap_or_default()),
            }),
        }
    }

    fn symbol(&mut self, first: char) -> Result<Token<'t>, SelectorError> {
        let (length, token) = match (first, self.byte_at(1)) {
            ('<', Some(b'>')) => (2, Token::NotEqual),
            ('<', Some(b'=')) => (2, Token::LessOrEqual),
            ('<', _) => (1, Token::Less),
            ('>', Some(b'=')) => (2, Token::GreaterOrEqual),
            ('>', _) => (1, Token::Greater),
            ('=', _) => (1, Token::Equal),
            ('+', _) => (1, Token::Plus),
            ('-', _) => (1, Token::Minus),
            ('*', _) => (1, Token::Times),
            ('/', _) => (1, Token::Divide),
            ('%', _) => (1, Token::Remainder),
            ('(', _) => (1, Token::Open),
            (')', _) => (1, Token::Close),
            (',', _) => (1, Token::Comma),
            _ => {
                return Err(SelectorError::Character {
                    at: Position::of(self.text, self.offset),
                    character: first,
                    hint: hint_for(first),
                });
            }
        };
        self.take(length);
        Ok(token)
    }
}

fn hint_for(character: char) -> &'static str {
    match character {
        '!' => "write <> for not equal, NOT for negation",
        '|' | '&' => "write OR and AND",
        '"' => "write strings in single quotes; names cannot be quoted",
        '.' | ':' => "names consist of ASCII letters, digits, _ and $",
        _ => "remove it, or put it into a string in single quotes",
    }
}

/// How many bytes at the start of `text` are of a kind.
fn count(text: &str, mut of_kind: impl FnMut(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| of_kind(*byte)).count()
}

/// Length of the block comment at the start of `text`.
fn block_comment(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("/*")?;
    Some(inside.find("*/")?.saturating_add(4))
}

/// Length of the line comment at the start of `text`. Its line end, which must exist, is left.
fn line_comment(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("--")?;
    Some(inside.find(['\n', '\r'])?.saturating_add(2))
}

/// Length of the floating-point literal at the start of `text`: digits with a point or an
/// exponent or both.
fn float_length(text: &str) -> Option<usize> {
    let digit = |byte: u8| byte.is_ascii_digit();
    let whole = count(text, digit);
    let behind_whole = text.get(whole..)?;
    let mantissa = match behind_whole.strip_prefix('.') {
        Some(fraction) => whole
            .saturating_add(1)
            .saturating_add(count(fraction, digit)),
        None => whole,
    };
    let exponent = text.get(mantissa..).and_then(exponent_length);
    if mantissa == whole && exponent.is_none() {
        return None;
    }
    Some(mantissa.saturating_add(exponent.unwrap_or(0)))
}

/// Length of the exponent at the start of `text`.
fn exponent_length(text: &str) -> Option<usize> {
    let behind_letter = text.strip_prefix(['e', 'E'])?;
    let digits = behind_letter
        .strip_prefix(['+', '-'])
        .unwrap_or(behind_letter);
    match count(digits, |byte| byte.is_ascii_digit()) {
        0 => None,
        length => Some(
            text.len()
                .saturating_sub(digits.len())
                .saturating_add(length),
        ),
    }
}

/// A decimal literal. Above 64 bits ActiveMQ keeps an exact number, except that it takes the low
/// 64 bits whenever they fit an int.
fn whole_number(digits: &str) -> Value<'static> {
    if let Ok(number) = digits.parse() {
        return narrowest(number);
    }
    let decimal = Decimal::new(digits);
    match i32::try_from(decimal.low_bits()) {
        Ok(number) => Value::Integer(number),
        Err(_does_not_fit) => Value::Decimal(decimal),
    }
}

fn narrowest(number: i64) -> Value<'static> {
    i32::try_from(number).map_or(Value::Long(number), Value::Integer)
}

#[cfg(test)]
mod tests;
