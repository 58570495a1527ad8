//! `+ - * / %` and the unary minus.
//!
//! Whole numbers wrap around silently, `/` and `%` are always floating point, `+` behind a string
//! appends text. Null operands give null.

use super::error::EvaluationError;
use super::tree::Calculation;
use super::value::Value;
use std::borrow::Cow;

type OnLongs = fn(i64, i64) -> i64;
type OnDoubles = fn(f64, f64) -> f64;

/// The result of `left calculation right`.
pub(super) fn calculate<'a>(
    calculation: Calculation,
    left: &Value<'a>,
    right: &Value<'a>,
) -> Result<Value<'a>, EvaluationError> {
    if left.is_null() || right.is_null() {
        return Ok(Value::Null);
    }
    if let (Calculation::Add, Value::String(text)) = (calculation, left) {
        return append(text, right);
    }
    let refused = |operand: &Value<'_>| EvaluationError::Arithmetic {
        operator: calculation.symbol(),
        operand: operand.type_name(),
    };
    let left_width = width(left).ok_or_else(|| refused(left))?;
    let right_width = width(right).ok_or_else(|| refused(right))?;
    let doubles = || (to_double(left), to_double(right));
    let wholes = || (to_long(left), to_long(right));
    let (whole, double): (OnLongs, OnDoubles) = match calculation {
        Calculation::Add => (i64::wrapping_add, |left, right| left + right),
        Calculation::Subtract => (i64::wrapping_sub, |left, right| left - right),
        Calculation::Multiply => (i64::wrapping_mul, |left, right| left * right),
        Calculation::Divide => {
            let (left, right) = doubles();
            return Ok(Value::Double(left / right));
        }
        Calculation::Remainder => {
            let (left, right) = doubles();
            return Ok(Value::Double(left % right));
        }
    };
    Ok(match left_width.max(right_width) {
        Width::Integer => {
            // The low 32 bits of a result depend on the low 32 bits of the operands only.
            let (left, right) = wholes();
            Value::Integer(low_half(whole(left, right)))
        }
        Width::Long => {
            let (left, right) = wholes();
            Value::Long(whole(left, right))
        }
        Width::Double => {
            let (left, right) = doubles();
            Value::Double(double(left, right))
        }
    })
}

/// The unary minus. What is no number gives null.
pub(super) fn negate<'a>(operand: &Value<'a>) -> Result<Value<'a>, EvaluationError> {
    Ok(match operand {
        Value::Integer(number) => Value::Integer(number.wrapping_neg()),
        Value::Long(number) => Value::Long(number.wrapping_neg()),
        Value::Float(number) => Value::Float(-number),
        Value::Double(number) => Value::Double(-number),
        Value::Decimal(number) => number.negate(),
        Value::Byte(_) | Value::Short(_) => {
            return Err(EvaluationError::Arithmetic {
                operator: "-",
                operand: operand.type_name(),
            });
        }
        Value::Null
        | Value::Boolean(_)
        | Value::Character(_)
        | Value::String(_)
        | Value::List(_) => Value::Null,
    })
}

fn append<'a>(left: &str, right: &Value<'a>) -> Result<Value<'a>, EvaluationError> {
    let mut text = String::new();
    super::value::append_bounded(&mut text, left)?;
    right.append_text(&mut text)?;
    Ok(Value::String(Cow::Owned(text)))
}

/// The type of a result, by its widest operand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Integer,
    Long,
    Double,
}

fn width(value: &Value<'_>) -> Option<Width> {
    match value {
        Value::Byte(_) | Value::Short(_) | Value::Integer(_) | Value::Decimal(_) => {
            Some(Width::Integer)
        }
        Value::Long(_) => Some(Width::Long),
        Value::Float(_) | Value::Double(_) => Some(Width::Double),
        Value::Null
        | Value::Boolean(_)
        | Value::Character(_)
        | Value::String(_)
        | Value::List(_) => None,
    }
}

fn low_half(number: i64) -> i32 {
    let [first, second, third, fourth, ..] = number.to_le_bytes();
    i32::from_le_bytes([first, second, third, fourth])
}

/// The value of a whole number; others do not get here.
fn to_long(value: &Value<'_>) -> i64 {
    match value {
        Value::Byte(number) => i64::from(*number),
        Value::Short(number) => i64::from(*number),
        Value::Integer(number) => i64::from(*number),
        Value::Long(number) => *number,
        Value::Decimal(number) => number.low_bits(),
        Value::Null
        | Value::Boolean(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Character(_)
        | Value::String(_)
        | Value::List(_) => 0,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Java's conversion of a long to a double rounds in the same way"
)]
fn to_double(value: &Value<'_>) -> f64 {
    match value {
        Value::Float(number) => f64::from(*number),
        Value::Double(number) => *number,
        Value::Decimal(number) => number.to_double(),
        other => to_long(other) as f64,
    }
}

#[cfg(test)]
mod tests;
