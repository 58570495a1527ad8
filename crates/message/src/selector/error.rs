//! Why a selector is refused, and why an evaluation fails.
//!
//! Texts quote at most [`EXCERPT_CHARS_MAX`] characters of what a client sent. Lines and columns
//! count from 1, columns in characters.

use std::fmt;
use thiserror::Error;

/// Longest quotation of a client's text in an error, in characters.
const EXCERPT_CHARS_MAX: usize = 40;

/// A place in a selector's text (behind the conversion prefix, if there is one).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line, from 1. A line ends with LF.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    pub(super) fn start() -> Self {
        Self { line: 1, column: 1 }
    }

    /// The position of the byte `offset` in `text`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line,
            column: last.chars().count().saturating_add(1),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// A short quotation of foreign text.
pub(super) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(EXCERPT_CHARS_MAX).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

/// The kinds of [`SelectorError`], for counting and for mapping to a protocol's codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SelectorErrorKind {
    /// The words do not form an expression.
    Syntax,
    /// A character or literal that the dialect does not have.
    Lexical,
    /// An expression that is not true or false where one is needed.
    NotBoolean,
    /// An operand that its operator refuses.
    Operand,
    /// A number that does not fit.
    NumberRange,
    /// An unknown function, or a wrong number of arguments.
    Function,
    /// Larger than the limits.
    TooLarge,
}

/// Why a text is not a selector.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// The words do not form an expression.
    #[error("selector syntax error at {at}: found {found}, expected {expected}")]
    Syntax {
        /// Where.
        at: Position,
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// A character that no token starts with.
    #[error("selector has the unexpected character {character:?} at {at}; {hint}")]
    Character {
        /// Where.
        at: Position,
        /// The character.
        character: char,
        /// What to write instead.
        hint: &'static str,
    },
    /// A string literal without its closing quote.
    #[error("selector string that starts at {at} has no closing quote; double a quote inside it")]
    OpenString {
        /// Where the string starts.
        at: Position,
    },
    /// An expression that is not true or false where one is needed.
    #[error("selector needs a condition at {at}, found {found}; compare it with something")]
    NotBoolean {
        /// Where the expression starts.
        at: Position,
        /// What it is.
        found: &'static str,
    },
    /// An operand that its operator refuses.
    #[error("selector operator {operator} at {at} does not take {operand}; {hint}")]
    Operand {
        /// Where the operand starts.
        at: Position,
        /// The operator as it is written.
        operator: &'static str,
        /// What the operand is.
        operand: &'static str,
        /// What the operator takes.
        hint: &'static str,
    },
    /// A `LIKE` pattern that ActiveMQ refuses.
    #[error("selector pattern at {at} is refused: {reason}")]
    Like {
        /// Where the pattern or its escape character stands.
        at: Position,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A hexadecimal or octal number that does not fit.
    #[error("selector number {literal} at {at} does not fit 64 bits with a sign")]
    NumberRange {
        /// Where.
        at: Position,
        /// The number as written.
        literal: String,
    },
    /// A function that does not exist.
    #[error(
        "selector function {name} at {at} does not exist; there are REGEX, INLIST, MAKELIST, \
         SPLIT and REPLACE, in upper case"
    )]
    UnknownFunction {
        /// Where.
        at: Position,
        /// The name as written.
        name: String,
    },
    /// A function with too few or too many arguments.
    #[error("selector function {name} at {at} takes {expected}, found {found}")]
    Arguments {
        /// Where the call starts.
        at: Position,
        /// The function.
        name: &'static str,
        /// How many it takes.
        expected: &'static str,
        /// How many were given.
        found: usize,
    },
    /// Larger than the limits.
    #[error("selector exceeds {limit} {what} at {at}; shorten it")]
    TooLarge {
        /// Where the limit was exceeded.
        at: Position,
        /// What is counted.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl SelectorError {
    /// The kind of this error.
    pub fn kind(&self) -> SelectorErrorKind {
        match self {
            Self::Syntax { .. } => SelectorErrorKind::Syntax,
            Self::Character { .. } | Self::OpenString { .. } => SelectorErrorKind::Lexical,
            Self::NotBoolean { .. } => SelectorErrorKind::NotBoolean,
            Self::Operand { .. } | Self::Like { .. } => SelectorErrorKind::Operand,
            Self::NumberRange { .. } => SelectorErrorKind::NumberRange,
            Self::UnknownFunction { .. } | Self::Arguments { .. } => SelectorErrorKind::Function,
            Self::TooLarge { .. } => SelectorErrorKind::TooLarge,
        }
    }

    /// Where the error was noticed.
    pub fn position(&self) -> Position {
        match self {
            Self::Syntax { at, .. }
            | Self::Character { at, .. }
            | Self::OpenString { at }
            | Self::NotBoolean { at, .. }
            | Self::Operand { at, .. }
            | Self::Like { at, .. }
            | Self::NumberRange { at, .. }
            | Self::UnknownFunction { at, .. }
            | Self::Arguments { at, .. }
            | Self::TooLarge { at, .. } => *at,
        }
    }
}

/// Why a selector could not be evaluated for one message. In these cases ActiveMQ throws an
/// unchecked exception, which can block a destination; here the caller counts "not selected".
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// An arithmetic operator met something that is no number.
    #[error("{operator} cannot be applied to a {operand}; check the types of the properties")]
    Arithmetic {
        /// The operator.
        operator: &'static str,
        /// The type of the operand that it refuses.
        operand: &'static str,
    },
    /// Two types that the dialect cannot compare in this order.
    #[error("a {left} cannot be compared with a {right} on its right; exchange the two sides")]
    Compare {
        /// Type on the left.
        left: &'static str,
        /// Type on the right.
        right: &'static str,
    },
    /// A function argument of the wrong type, or absent.
    #[error("function {function} needs {expected}, found a {found}")]
    Argument {
        /// The function.
        function: &'static str,
        /// What it needs.
        expected: &'static str,
        /// The type found.
        found: &'static str,
    },
    /// A regular expression that is not valid or not supported.
    #[error("regular expression {pattern:?} is refused: {reason}")]
    Pattern {
        /// The start of the pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A replacement text that is not valid for its pattern.
    #[error("replacement text of REPLACE is refused: {reason}")]
    Replacement {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The evaluation needs more work or memory than is allowed.
    #[error("evaluation exceeds {limit} {what}; simplify the selector")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}
