//! The four kinds of XPath values and their conversions (section 4 of the recommendation).
//!
//! Reading the text of nodes is work and is charged to a budget.

use super::node::NodeRef;
use super::{Failure, STEPS_MAX};
use crate::selector::number_text::append_double;
use std::borrow::Cow;

/// Bytes of text that count as one step.
const TEXT_BYTES_PER_STEP: usize = 16;

/// The steps that are left.
pub(super) struct Budget {
    steps: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { steps: STEPS_MAX }
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Failure> {
        self.steps = self.steps.checked_sub(steps).ok_or(Failure::Exhausted)?;
        Ok(())
    }

    /// Spends steps for reading or writing so many bytes of text.
    pub(super) fn spend_text(&mut self, bytes: usize) -> Result<(), Failure> {
        self.spend((bytes / TEXT_BYTES_PER_STEP).saturating_add(1))
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Object<'d> {
    /// Different nodes, in document order.
    Nodes(Vec<NodeRef<'d>>),
    Boolean(bool),
    Number(f64),
    Text(Cow<'d, str>),
}

impl<'d> Object<'d> {
    pub(super) fn to_boolean(&self) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Boolean(value) => *value,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Text(text) => !text.is_empty(),
        }
    }

    pub(super) fn to_number(&self, budget: &mut Budget) -> Result<f64, Failure> {
        Ok(match self {
            Self::Boolean(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) => number_from_text(text),
            Self::Nodes(_) => {
                let text = self.to_text(budget)?;
                number_from_text(&text)
            }
        })
    }

    pub(super) fn to_text(&self, budget: &mut Budget) -> Result<Cow<'d, str>, Failure> {
        Ok(match self {
            Self::Nodes(nodes) => match nodes.first() {
                Some(first) => text_of(first, budget)?,
                None => Cow::Borrowed(""),
            },
            Self::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
            Self::Number(number) => Cow::Owned(number_to_text(*number)),
            Self::Text(text) => text.clone(),
        })
    }
}

/// The string-value of a node.
pub(super) fn text_of<'d>(
    node: &NodeRef<'d>,
    budget: &mut Budget,
) -> Result<Cow<'d, str>, Failure> {
    let mut text = Cow::Borrowed("");
    node.visit_text(|part| {
        budget.spend_text(part.len())?;
        if text.is_empty() {
            text = Cow::Borrowed(part);
        } else {
            text.to_mut().push_str(part);
        }
        Ok(())
    })?;
    Ok(text)
}

/// Blanks, an optional minus, digits with at most one point, blanks; anything else is NaN.
pub(super) fn number_from_text(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1
        && digits.bytes().any(|byte| byte.is_ascii_digit());
    if is_number {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

/// Decimal notation without exponent, and without a fraction for whole numbers.
fn number_to_text(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let mut text = String::new();
    append_double(&mut text, number);
    let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let Some((whole, fraction)) = mantissa.split_once('.') else {
        return text;
    };
    let fraction = fraction.trim_end_matches('0');
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    let (whole, fraction) = if exponent < 0 {
        let zeros = "0".repeat(shift.saturating_sub(1));
        ("0".to_owned(), [&zeros, whole, fraction].concat())
    } else {
        let (moved, rest) = fraction.split_at_checked(shift).unwrap_or((fraction, ""));
        let zeros = "0".repeat(shift.saturating_sub(moved.len()));
        ([whole, moved, &zeros].concat(), rest.to_owned())
    };
    let point = if fraction.is_empty() { "" } else { "." };
    [sign, &whole, point, &fraction].concat()
}
