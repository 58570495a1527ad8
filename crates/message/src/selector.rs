//! Message selectors: ActiveMQ's dialect of the SQL-92 conditional expressions of JMS
//! (JMS 1.1, section 3.8.1), quirks included.
//!
//! [`Selector::parse`] checks a text and compiles it to a flat program; [`Selector::matches`]
//! runs that program over the [`Fields`] of one message. The module knows neither messages nor
//! protocols: it asks its fields by name.
//!
//! Invariant: no text and no message makes it panic, recurse deeper than a small fixed number of
//! calls or work without bound. Limits: text in bytes, nesting and operators in counts.

mod arithmetic;
mod compare;
mod compile;
mod error;
mod evaluate;
mod function;
mod lexer;
mod like;
mod number_parse;
mod number_text;
mod parser;
mod pattern;
mod program;
mod tree;
mod value;
mod xpath;

#[cfg(test)]
mod tests;

pub use error::{EvaluationError, Position, SelectorError, SelectorErrorKind};
pub use pattern::Pattern;
pub use value::{Decimal, Fields, Value};

use program::Program;
use std::fmt;

/// Longest selector text, in bytes.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of parentheses and function calls.
pub const NESTING_MAX: usize = 500;
/// Most operators (signs, function calls and arguments count too) in one selector.
pub const OPERATORS_MAX: usize = 5_000;
/// Longest text that an evaluation may compute (by `+` or `REPLACE`), in bytes.
pub const COMPUTED_TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Most items of a list that an evaluation may compute (by `SPLIT`).
pub const COMPUTED_LIST_ITEMS_MAX: usize = 64 * 1024;

/// What stands in front of a selector whose comparisons convert strings to numbers.
pub const CONVERT_PREFIX: &str = "convert_string_expressions:";

/// A checked and compiled selector.
///
/// Two selectors are equal when their texts are equal, which is how ActiveMQ decides whether a
/// durable subscription has changed.
#[derive(Clone)]
pub struct Selector {
    text: Box<str>,
    program: Program,
}

impl Selector {
    /// Compiles a selector as written by a client. Behind the prefix [`CONVERT_PREFIX`]
    /// comparisons between a string and another type convert the string.
    ///
    /// # Errors
    /// When the text is not a selector of the dialect, or larger than the limits of this module.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let (expression, converts) = match text.strip_prefix(CONVERT_PREFIX) {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let program = Self::compile(expression, converts)?;
        Ok(Self {
            text: text.into(),
            program,
        })
    }

    /// Compiles a selector of a protocol that knows only string properties (STOMP), as if
    /// [`CONVERT_PREFIX`] stood in front of it; a prefix that the client wrote is an error then.
    ///
    /// # Errors
    /// As [`Selector::parse`].
    pub fn parse_converting(text: &str) -> Result<Self, SelectorError> {
        let program = Self::compile(text, true)?;
        Ok(Self {
            text: [CONVERT_PREFIX, text].concat().into(),
            program,
        })
    }

    fn compile(expression: &str, converts: bool) -> Result<Program, SelectorError> {
        if expression.len() > TEXT_BYTES_MAX {
            return Err(SelectorError::TooLarge {
                at: Position::start(),
                what: "bytes of text",
                limit: TEXT_BYTES_MAX,
            });
        }
        let tree = parser::parse(expression)?;
        Ok(compile::compile(tree, converts))
    }

    /// Whether a message with these fields is selected. Unknown counts as not selected.
    ///
    /// # Errors
    /// When the expression cannot be evaluated for this message (a string times a number, say).
    /// ActiveMQ throws here; a broker treats it as "not selected" and tells its operator once.
    pub fn matches(&self, fields: &dyn Fields) -> Result<bool, EvaluationError> {
        self.program.matches(fields)
    }

    /// The text, with the prefix if the selector converts strings: [`Selector::parse`] of it
    /// gives an equal selector.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Selector {}

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Selector").field(&self.text).finish()
    }
}

impl std::str::FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}
