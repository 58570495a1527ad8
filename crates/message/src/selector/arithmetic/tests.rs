//! Types and overflows of arithmetic.

use super::{calculate, negate};
use crate::selector::Value;
use crate::selector::tree::Calculation::{self, Add, Divide, Multiply, Remainder, Subtract};

#[track_caller]
fn check(left: Value<'_>, calculation: Calculation, right: Value<'_>, expected: &str) {
    let found = match calculate(calculation, &left, &right) {
        Ok(value) => format!("{} {}", value.type_name(), value.as_text().expect("short")),
        Err(_) => "error".to_owned(),
    };
    assert_eq!(found, expected, "{left:?} {calculation:?} {right:?}");
}

#[test]
fn the_widest_operand_decides_the_type() {
    check(Value::Byte(5), Add, Value::Short(5), "integer 10");
    check(Value::Integer(5), Multiply, Value::Long(5), "long 25");
    check(Value::Float(5.5), Subtract, Value::Byte(1), "double 4.5");
    check(Value::Integer(5), Divide, Value::Integer(2), "double 2.5");
    check(
        Value::Integer(5),
        Remainder,
        Value::Integer(3),
        "double 2.0",
    );
}

#[test]
fn whole_numbers_wrap_around_and_division_by_zero_is_no_error() {
    check(
        Value::Integer(i32::MAX),
        Add,
        Value::Integer(1),
        "integer -2147483648",
    );
    check(
        Value::Integer(i32::MAX),
        Multiply,
        Value::Integer(2),
        "integer -2",
    );
    check(
        Value::Long(i64::MAX),
        Add,
        Value::Integer(1),
        "long -9223372036854775808",
    );
    check(
        Value::Integer(1),
        Divide,
        Value::Integer(0),
        "double Infinity",
    );
    check(
        Value::Integer(0),
        Remainder,
        Value::Integer(0),
        "double NaN",
    );
}

#[test]
fn plus_behind_a_string_appends() {
    check(Value::text("a"), Add, Value::Float(0.1), "string a0.1");
    check(Value::text("a"), Add, Value::Boolean(true), "string atrue");
    check(Value::Integer(1), Add, Value::text("a"), "error");
    check(Value::text("a"), Multiply, Value::Integer(2), "error");
}

#[test]
fn null_operands_give_null_and_others_are_refused() {
    check(Value::Null, Add, Value::Boolean(true), "null null");
    check(Value::text("a"), Add, Value::Null, "null null");
    check(Value::Boolean(true), Add, Value::Integer(1), "error");
    check(Value::Character('x'), Add, Value::text("a"), "error");
}

#[test]
fn the_unary_minus_refuses_bytes_and_shorts_only() {
    let negated = |value: Value<'_>| {
        let negated = negate(&value).ok()?;
        Some(negated.as_text().expect("short").into_owned())
    };
    assert_eq!(
        negated(Value::Integer(i32::MIN)).as_deref(),
        Some("-2147483648")
    );
    assert_eq!(negated(Value::Double(0.0)).as_deref(), Some("-0.0"));
    assert_eq!(negated(Value::text("5")).as_deref(), Some("null"));
    assert_eq!(negated(Value::Byte(5)), None);
    assert_eq!(negated(Value::Short(5)), None);
}
