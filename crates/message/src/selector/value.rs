//! Values that a selector computes with, and where they come from.
//!
//! The types are Java's boxed types, because the dialect is defined by them: an integer 5 and a
//! short 5 are different things. Texts are borrowed from the message wherever possible.

use super::{COMPUTED_TEXT_BYTES_MAX, EvaluationError};
use std::borrow::Cow;
use std::fmt::Write;

/// What a selector can ask about a message.
///
/// Names are case-sensitive. The implementor resolves JMS header names before properties.
pub trait Fields {
    /// The value of a header or property, [`Value::Null`] when there is none.
    fn field<'a>(&'a self, name: &str) -> Value<'a>;

    /// The body as text for `XPATH`: the text of a text message, the decoded bytes of a bytes
    /// message, otherwise none.
    fn text_body(&self) -> Option<Cow<'_, str>> {
        None
    }
}

/// A value of the selector dialect.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Absent, or unknown.
    #[default]
    Null,
    /// true or false.
    Boolean(bool),
    /// 8-bit integer.
    Byte(i8),
    /// 16-bit integer.
    Short(i16),
    /// 32-bit integer.
    Integer(i32),
    /// 64-bit integer.
    Long(i64),
    /// 32-bit floating point.
    Float(f32),
    /// 64-bit floating point.
    Double(f64),
    /// An integer literal that does not fit 64 bits.
    Decimal(Decimal),
    /// One UTF-16 unit that is a character by itself.
    Character(char),
    /// Text.
    String(Cow<'a, str>),
    /// A list (an ActiveMQ extension).
    List(Box<[Value<'a>]>),
}

impl<'a> Value<'a> {
    /// Borrowed text.
    pub fn text(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }

    /// Three-valued logic: `None` is unknown.
    pub(super) fn truth(truth: Option<bool>) -> Self {
        truth.map_or(Self::Null, Self::Boolean)
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Boolean(true))
    }

    pub(super) fn is_false(&self) -> bool {
        matches!(self, Self::Boolean(false))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The same value, without copying text.
    pub(super) fn borrow(&'a self) -> Value<'a> {
        match self {
            Self::String(text) => Value::String(Cow::Borrowed(text)),
            Self::Null
            | Self::Boolean(_)
            | Self::Byte(_)
            | Self::Short(_)
            | Self::Integer(_)
            | Self::Long(_)
            | Self::Float(_)
            | Self::Double(_)
            | Self::Decimal(_)
            | Self::Character(_)
            | Self::List(_) => self.clone(),
        }
    }

    /// The type's name in messages to people.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Byte(_) => "byte",
            Self::Short(_) => "short",
            Self::Integer(_) => "integer",
            Self::Long(_) => "long",
            Self::Float(_) => "float",
            Self::Double(_) => "double",
            Self::Decimal(_) => "big decimal",
            Self::Character(_) => "character",
            Self::String(_) => "string",
            Self::List(_) => "list",
        }
    }

    /// The text that Java's `String.valueOf` gives, appended to `out`. The recursion follows the
    /// nesting of lists, which is bounded by the nesting of a selector.
    pub(super) fn append_text(&self, out: &mut String) -> Result<(), EvaluationError> {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Byte(value) => append(out, value),
            Self::Short(value) => append(out, value),
            Self::Integer(value) => append(out, value),
            Self::Long(value) => append(out, value),
            Self::Float(value) => super::number_text::append_float(out, *value),
            Self::Double(value) => super::number_text::append_double(out, *value),
            Self::Decimal(value) => out.push_str(&value.text),
            Self::Character(value) => out.push(*value),
            Self::String(text) => append_bounded(out, text)?,
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        append_bounded(out, ", ")?;
                    }
                    item.append_text(out)?;
                }
                out.push(']');
            }
        }
        Ok(())
    }

    /// As [`Value::append_text`], without a copy where the value is text already.
    pub(super) fn as_text(&self) -> Result<Cow<'_, str>, EvaluationError> {
        if let Self::String(text) = self {
            return Ok(Cow::Borrowed(text));
        }
        let mut text = String::new();
        self.append_text(&mut text)?;
        Ok(Cow::Owned(text))
    }
}

/// Appends to a computed text, up to the limit of computed texts.
pub(super) fn append_bounded(out: &mut String, text: &str) -> Result<(), EvaluationError> {
    if out.len().saturating_add(text.len()) > COMPUTED_TEXT_BYTES_MAX {
        return Err(EvaluationError::TooLarge {
            what: "bytes of computed text",
            limit: COMPUTED_TEXT_BYTES_MAX,
        });
    }
    out.push_str(text);
    Ok(())
}

fn append(out: &mut String, number: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _written = write!(out, "{number}");
}

/// A whole number of any size, as ActiveMQ reads integer literals above 2^63 - 1.
///
/// Invariant: perhaps a minus, then ASCII digits, at least one, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal {
    text: Box<str>,
}

impl Decimal {
    pub(super) fn new(digits: &str) -> Self {
        Self {
            text: digits.into(),
        }
    }

    /// Whether it is negative, and its digits.
    fn parts(&self) -> (bool, &str) {
        match self.text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, &self.text),
        }
    }

    /// The value with the other sign. -2^63 is a long again.
    pub(super) fn negate(&self) -> Value<'static> {
        match self.parts() {
            (false, "9223372036854775808") => Value::Long(i64::MIN),
            (false, digits) => Value::Decimal(Self::new(&["-", digits].concat())),
            (true, digits) => Value::Decimal(Self::new(digits)),
        }
    }

    /// The low 64 bits of the two's complement.
    pub(super) fn low_bits(&self) -> i64 {
        let (negative, digits) = self.parts();
        let magnitude = digits.bytes().fold(0_i64, |sum, digit| {
            let digit = i64::from(digit.wrapping_sub(b'0'));
            sum.wrapping_mul(10).wrapping_add(digit)
        });
        if negative {
            magnitude.wrapping_neg()
        } else {
            magnitude
        }
    }

    /// The nearest double.
    pub(super) fn to_double(&self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let (negative, digits) = self.parts();
        let (other_negative, other_digits) = other.parts();
        let magnitude = || {
            let by_length = digits.len().cmp(&other_digits.len());
            by_length.then_with(|| digits.cmp(other_digits))
        };
        match (negative, other_negative) {
            (false, false) => magnitude(),
            (true, true) => magnitude().reverse(),
            (false, true) => std::cmp::Ordering::Greater,
            (true, false) => std::cmp::Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
