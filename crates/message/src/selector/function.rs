//! The functions of the dialect: `REGEX`, `INLIST`, `MAKELIST`, `SPLIT`, `REPLACE`.
//!
//! Names are case-sensitive. Regular expressions are Java's (see [`super::pattern`]); a pattern
//! that is a literal is compiled once. Results are bounded by the limits of the module.

use super::error::{EvaluationError, Position, SelectorError, excerpt};
use super::pattern::Pattern;
use super::tree::Function;
use super::value::Value;
use super::{COMPUTED_LIST_ITEMS_MAX, compare};
use std::borrow::Cow;

/// The function of this name, if it takes so many arguments.
pub(super) fn named(name: &str, count: usize, at: Position) -> Result<Function, SelectorError> {
    let (function, name, counts, expected) = match name {
        "REGEX" => (Function::Regex, "REGEX", 2..=2, "a pattern and a value"),
        "INLIST" => (Function::InList, "INLIST", 2..=2, "a list and a value"),
        "MAKELIST" => (Function::MakeList, "MAKELIST", 1..=usize::MAX, "values"),
        "SPLIT" => (
            Function::Split,
            "SPLIT",
            2..=3,
            "a text, a pattern and perhaps a limit",
        ),
        "REPLACE" => (
            Function::Replace,
            "REPLACE",
            3..=3,
            "a text, a pattern and a replacement",
        ),
        _ => {
            let name = excerpt(name);
            return Err(SelectorError::UnknownFunction { at, name });
        }
    };
    if counts.contains(&count) {
        return Ok(function);
    }
    Err(SelectorError::Arguments {
        at,
        name,
        expected,
        found: count,
    })
}

/// A pattern argument: compiled when the selector was, or taken from the arguments.
#[derive(Clone, Debug)]
pub(super) enum PatternArgument {
    Literal(Result<Pattern, EvaluationError>),
    Computed,
}

impl PatternArgument {
    /// The compiled pattern; `computed` is the argument's value if it is no literal.
    fn pattern(
        &self,
        function: &'static str,
        computed: Option<&Value<'_>>,
    ) -> Result<Cow<'_, Pattern>, EvaluationError> {
        match self {
            Self::Literal(Ok(pattern)) => Ok(Cow::Borrowed(pattern)),
            Self::Literal(Err(error)) => Err(error.clone()),
            Self::Computed => Pattern::new(text(function, computed)?).map(Cow::Owned),
        }
    }
}

/// `REGEX(pattern, value)`, neither of them null.
pub(super) fn regex(pattern: &Value<'_>, value: &Value<'_>) -> Result<bool, EvaluationError> {
    Pattern::new(&pattern.as_text()?)?.is_found_in(&value.as_text()?)
}

/// `REGEX` with a literal pattern: false for a null.
pub(super) fn regex_literal(
    pattern: &Result<Pattern, EvaluationError>,
    value: &Value<'_>,
) -> Result<bool, EvaluationError> {
    if value.is_null() {
        return Ok(false);
    }
    match pattern {
        Ok(pattern) => pattern.is_found_in(&value.as_text()?),
        Err(error) => Err(error.clone()),
    }
}

/// `INLIST(list, value)`: whether an item equals the value, class included.
pub(super) fn in_list(list: &Value<'_>, value: &Value<'_>) -> Result<bool, EvaluationError> {
    let refused = |expected, found: &Value<'_>| EvaluationError::Argument {
        function: "INLIST",
        expected,
        found: found.type_name(),
    };
    let Value::List(items) = list else {
        return Err(refused("a list", list));
    };
    for item in items {
        if item.is_null() {
            return Err(refused("a list without null in front of a match", item));
        }
        if compare::same(item, value) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `SPLIT(text, pattern [, limit])`. The arguments come without a literal pattern.
pub(super) fn split<'a>(
    pattern: &PatternArgument,
    has_limit: bool,
    arguments: &[Value<'a>],
) -> Result<Value<'a>, EvaluationError> {
    let mut arguments = arguments.iter();
    let subject = text("SPLIT", arguments.next())?;
    let computed = match pattern {
        PatternArgument::Computed => arguments.next(),
        PatternArgument::Literal(_) => None,
    };
    let limit = match (has_limit, arguments.next()) {
        (false, _) => 0,
        (true, Some(Value::Integer(limit))) => *limit,
        (true, other) => return Err(wrong_type("SPLIT", "an integer as its limit", other)),
    };
    let pattern = pattern.pattern("SPLIT", computed)?;
    let parts = pattern.split(subject, limit, COMPUTED_LIST_ITEMS_MAX)?;
    let owned = |part: &str| Value::String(Cow::Owned(part.to_owned()));
    Ok(Value::List(parts.into_iter().map(owned).collect()))
}

/// `REPLACE(text, pattern, replacement)`. The arguments come without a literal pattern.
pub(super) fn replace<'a>(
    pattern: &PatternArgument,
    arguments: &[Value<'a>],
) -> Result<Value<'a>, EvaluationError> {
    let mut arguments = arguments.iter();
    let subject = text("REPLACE", arguments.next())?;
    let computed = match pattern {
        PatternArgument::Computed => arguments.next(),
        PatternArgument::Literal(_) => None,
    };
    let replacement = match arguments.next() {
        // A null is an error only if there is something to replace.
        Some(Value::Null) => None,
        other => Some(text("REPLACE", other)?),
    };
    let pattern = pattern.pattern("REPLACE", computed)?;
    let replaced = pattern.replace(subject, replacement)?;
    Ok(Value::String(Cow::Owned(replaced)))
}

fn text<'v>(
    function: &'static str,
    argument: Option<&'v Value<'_>>,
) -> Result<&'v str, EvaluationError> {
    match argument {
        Some(Value::String(text)) => Ok(text),
        other => Err(wrong_type(function, "strings", other)),
    }
}

fn wrong_type(
    function: &'static str,
    expected: &'static str,
    found: Option<&Value<'_>>,
) -> EvaluationError {
    EvaluationError::Argument {
        function,
        expected,
        found: found.map_or("null", Value::type_name),
    }
}
