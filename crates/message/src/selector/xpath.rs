//! `XPATH 'expression'`: XPath 1.0 (W3C recommendation, 16 November 1999) over the body.
//!
//! The result is the expression's boolean value. As in ActiveMQ it is false when the body is
//! missing or not well-formed, has a document type, or the expression is wrong; names cannot
//! have prefixes, because no namespaces are declared for expressions. All axes and the core
//! functions are there; variables, and the functions of XSLT that Java's library adds, are not.
//! Only a body or a computation that exceeds the limits is an error. Limits: bytes of the body,
//! counts for the rest; a step of work is one node visited or 16 bytes of text read.

mod body;
mod evaluate;
mod expression;
mod function;
mod lexer;
mod node;
mod object;
mod parser;

pub(super) use body::Body;

use super::error::EvaluationError;
use expression::Expression;

/// Most steps of work in one evaluation of one expression.
const STEPS_MAX: usize = 1_000_000;
/// Deepest nesting of parentheses, predicates and function calls in an expression.
const NESTING_MAX: usize = 50;

/// A compiled expression; none if the text is no XPath expression.
#[derive(Clone, Debug)]
pub(super) struct XPath {
    expression: Option<Expression>,
}

impl XPath {
    pub(super) fn new(text: &str) -> Self {
        Self {
            expression: parser::parse(text).ok(),
        }
    }

    /// Whether the expression holds for the body.
    pub(super) fn matches(&self, body: &Body<'_, '_>) -> Result<bool, EvaluationError> {
        let Some(document) = body.document()? else {
            return Ok(false);
        };
        let Some(expression) = &self.expression else {
            return Ok(false);
        };
        match evaluate::holds(expression, document) {
            Ok(holds) => Ok(holds),
            Err(Failure::Refused) => Ok(false),
            Err(Failure::Exhausted) => Err(EvaluationError::TooLarge {
                what: "steps of an XPATH expression",
                limit: STEPS_MAX,
            }),
        }
    }
}

/// Why an expression has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// It is wrong, or wrong for this document.
    Refused,
    /// It needs more steps than allowed.
    Exhausted,
}

#[cfg(test)]
mod tests;
