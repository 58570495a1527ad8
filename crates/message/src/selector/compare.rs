//! Equality and ordering of values.
//!
//! The rules are those of ActiveMQ's comparisons, which look at the class of the left side first
//! and are therefore not symmetric: `byteProperty = 5` can hold while `5 = byteProperty` cannot.
//! `None` as a truth is unknown; pairs that cannot be compared are definitely not equal and not
//! ordered.

use super::error::EvaluationError;
use super::number_parse::{parse_double, parse_float, parse_integer};
use super::tree::Test;
use super::value::Value;
use std::cmp::Ordering;

/// The result of `left test right`. `converts`: strings are parsed as the other side's type.
pub(super) fn compare(
    test: Test,
    left: &Value<'_>,
    right: &Value<'_>,
    converts: bool,
) -> Result<Option<bool>, EvaluationError> {
    match test {
        Test::Equal => equal(left, right, converts),
        Test::NotEqual => Ok(equal(left, right, converts)?.map(|equal| !equal)),
        Test::Less | Test::LessOrEqual | Test::Greater | Test::GreaterOrEqual => {
            ordered(test, left, right, converts)
        }
    }
}

#[inline]
fn equal(
    left: &Value<'_>,
    right: &Value<'_>,
    converts: bool,
) -> Result<Option<bool>, EvaluationError> {
    let truth = match (left, right) {
        (Value::String(one), Value::String(other)) => one == other,
        (Value::Integer(one), Value::Integer(other)) => one == other,
        (Value::Null, Value::Null) => true,
        (Value::Null, _) => return Ok(None),
        (_, Value::Null) => false,
        (Value::List(_), _) | (_, Value::List(_)) => same(left, right),
        _ => order(left, right, converts)? == Some(Ordering::Equal),
    };
    Ok(Some(truth))
}

#[inline]
fn ordered(
    test: Test,
    left: &Value<'_>,
    right: &Value<'_>,
    converts: bool,
) -> Result<Option<bool>, EvaluationError> {
    let ordering = match same_class(left, right) {
        Some(ordering) => ordering,
        None => match (left, right) {
            (Value::Null, _) => return Ok(None),
            (Value::List(_), _) | (_, Value::List(_)) => return Err(incomparable(left, right)),
            (_, Value::Null) => return Ok(None),
            _ => match order(left, right, converts)? {
                Some(ordering) => ordering,
                None => return Ok(Some(false)),
            },
        },
    };
    Ok(Some(match test {
        Test::Equal => ordering.is_eq(),
        Test::NotEqual => ordering.is_ne(),
        Test::Less => ordering.is_lt(),
        Test::LessOrEqual => ordering.is_le(),
        Test::Greater => ordering.is_gt(),
        Test::GreaterOrEqual => ordering.is_ge(),
    }))
}

/// Java's `equals` of two boxed values: the same class and the same value.
pub(super) fn same(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => same_class(left, right) == Some(Ordering::Equal),
    }
}

/// The natural order of two values of one class; none for two classes.
#[inline]
fn same_class(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    Some(match (left, right) {
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Byte(one), Value::Byte(other)) => one.cmp(other),
        (Value::Short(one), Value::Short(other)) => one.cmp(other),
        (Value::Integer(one), Value::Integer(other)) => one.cmp(other),
        (Value::Long(one), Value::Long(other)) => one.cmp(other),
        (Value::Float(one), Value::Float(other)) => order_float(*one, *other),
        (Value::Double(one), Value::Double(other)) => order_double(*one, *other),
        (Value::Decimal(one), Value::Decimal(other)) => one.cmp(other),
        (Value::Character(one), Value::Character(other)) => one.cmp(other),
        (Value::String(one), Value::String(other)) => order_text(one, other),
        _ => return None,
    })
}

/// How `left` compares with `right`; none when the dialect cannot compare them.
#[expect(
    clippy::cast_precision_loss,
    reason = "Java converts whole numbers to the floating type of the other side, with this loss"
)]
fn order(
    left: &Value<'_>,
    right: &Value<'_>,
    converts: bool,
) -> Result<Option<Ordering>, EvaluationError> {
    use Value::{Byte, Double, Float, Integer, Long, Short, String};
    if let Some(ordering) = same_class(left, right) {
        return Ok(Some(ordering));
    }
    Ok(match (left, right) {
        (Byte(one), Short(other)) => Some(i16::from(*one).cmp(other)),
        (Byte(one), Integer(other)) => Some(i32::from(*one).cmp(other)),
        (Byte(one), Long(other)) => Some(i64::from(*one).cmp(other)),
        (Byte(one), Float(other)) => Some(order_float(f32::from(*one), *other)),
        (Byte(one), Double(other)) => Some(order_double(f64::from(*one), *other)),
        (Short(one), Integer(other)) => Some(i32::from(*one).cmp(other)),
        (Short(one), Long(other)) => Some(i64::from(*one).cmp(other)),
        (Short(one), Float(other)) => Some(order_float(f32::from(*one), *other)),
        (Short(one), Double(other)) => Some(order_double(f64::from(*one), *other)),
        (Integer(one), Long(other)) => Some(i64::from(*one).cmp(other)),
        (Integer(one), Float(other)) => Some(order_float(*one as f32, *other)),
        (Integer(one), Double(other)) => Some(order_double(f64::from(*one), *other)),
        (Long(one), Integer(other)) => Some(one.cmp(&i64::from(*other))),
        (Long(one), Float(other)) => Some(order_float(*one as f32, *other)),
        (Long(one), Double(other)) => Some(order_double(*one as f64, *other)),
        (Float(one), Integer(other)) => Some(order_float(*one, *other as f32)),
        (Float(one), Long(other)) => Some(order_float(*one, *other as f32)),
        (Float(one), Double(other)) => Some(order_double(f64::from(*one), *other)),
        (Double(one), Integer(other)) => Some(order_double(*one, f64::from(*other))),
        (Double(one), Long(other)) => Some(order_double(*one, *other as f64)),
        (Double(_), Float(_)) => return Err(incomparable(left, right)),
        (String(text), _) if converts => match converted(text, right) {
            Some(left) => same_class(&left, right),
            None => None,
        },
        (Value::Boolean(_), String(_)) if converts => return Err(incomparable(left, right)),
        (_, String(text)) if converts => match converted(text, left) {
            Some(right) => same_class(left, &right),
            None => None,
        },
        _ => None,
    })
}

fn incomparable(left: &Value<'_>, right: &Value<'_>) -> EvaluationError {
    EvaluationError::Compare {
        left: left.type_name(),
        right: right.type_name(),
    }
}

/// `text` parsed as the class of `model`.
fn converted(text: &str, model: &Value<'_>) -> Option<Value<'static>> {
    match model {
        Value::Boolean(_) => Some(Value::Boolean(text.eq_ignore_ascii_case("true"))),
        Value::Byte(_) => Some(Value::Byte(parse_integer(text)?.try_into().ok()?)),
        Value::Short(_) => Some(Value::Short(parse_integer(text)?.try_into().ok()?)),
        Value::Integer(_) => Some(Value::Integer(parse_integer(text)?.try_into().ok()?)),
        Value::Long(_) => Some(Value::Long(parse_integer(text)?)),
        Value::Float(_) => Some(Value::Float(parse_float(text)?)),
        Value::Double(_) => Some(Value::Double(parse_double(text)?)),
        Value::Null
        | Value::Decimal(_)
        | Value::Character(_)
        | Value::String(_)
        | Value::List(_) => None,
    }
}

/// The order of Java's boxed doubles: -0.0 below 0.0, NaN equal to itself and above all else.
fn order_double(one: f64, other: f64) -> Ordering {
    let key = |number: f64| {
        if number.is_nan() {
            f64::NAN.abs()
        } else {
            number
        }
    };
    key(one).total_cmp(&key(other))
}

/// As [`order_double`], for floats.
fn order_float(one: f32, other: f32) -> Ordering {
    order_double(f64::from(one), f64::from(other))
}

/// The order of Java's strings: by UTF-16 unit.
///
/// It is the order of UTF-8 bytes, except that characters above U+FFFF (first byte from 0xF0) are
/// written with units 0xD800..=0xDFFF and so come before U+E000..=U+FFFF (0xEE and 0xEF).
fn order_text(one: &str, other: &str) -> Ordering {
    let differing = one
        .bytes()
        .zip(other.bytes())
        .find(|(one, other)| one != other);
    let key = |byte: u8| match byte {
        0xee | 0xef => byte.saturating_add(0x10),
        _ => byte,
    };
    match differing {
        Some((one, other)) => key(one).cmp(&key(other)),
        None => one.len().cmp(&other.len()),
    }
}

#[cfg(test)]
mod tests;
