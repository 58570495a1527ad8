//! Which values can be compared, and how.

use super::{compare, same};
use crate::selector::Value;
use crate::selector::tree::Test;

const NUMBERS: [Value<'static>; 6] = [
    Value::Byte(5),
    Value::Short(5),
    Value::Integer(5),
    Value::Long(5),
    Value::Float(5.0),
    Value::Double(5.0),
];

#[test]
fn equality_of_number_types_is_not_symmetric() {
    // T: equal, F: never comparable, E: an error. Rows are the left side, in the order above.
    let table = ["TTTTTT", "FTTTTT", "FFTTTT", "FFTTTT", "FFTTTT", "FFTTET"];
    for (left, row) in NUMBERS.iter().zip(table) {
        for (right, expected) in NUMBERS.iter().zip(row.chars()) {
            for (test, if_equal) in [(Test::Equal, true), (Test::NotEqual, false)] {
                let expected = match expected {
                    'T' => Some(Some(if_equal)),
                    'F' => Some(Some(!if_equal)),
                    _ => None,
                };
                assert_eq!(
                    compare(test, left, right, false).ok(),
                    expected,
                    "{left:?} {test:?} {right:?}"
                );
            }
        }
    }
}

#[test]
fn nulls_are_unknown_on_the_left_and_unequal_on_the_right() {
    let five = Value::Integer(5);
    let test = |test, left, right| compare(test, left, right, false).expect("no error");
    assert_eq!(test(Test::Equal, &Value::Null, &Value::Null), Some(true));
    assert_eq!(test(Test::Equal, &Value::Null, &five), None);
    assert_eq!(test(Test::Equal, &five, &Value::Null), Some(false));
    assert_eq!(test(Test::NotEqual, &five, &Value::Null), Some(true));
    assert_eq!(test(Test::Less, &five, &Value::Null), None);
    assert_eq!(test(Test::Less, &Value::Null, &five), None);
}

#[track_caller]
fn converts(left: Value<'_>, right: Value<'_>, expected: Option<bool>) {
    let found = compare(Test::Equal, &left, &right, true);
    assert_eq!(found.ok().flatten(), expected, "{left:?} = {right:?}");
}

#[test]
fn strings_convert_to_the_type_of_the_other_side() {
    converts(Value::text("5"), Value::Byte(5), Some(true));
    converts(Value::text("300"), Value::Byte(44), Some(false));
    converts(
        Value::Long(3_000_000_000),
        Value::text("3000000000"),
        Some(true),
    );
    converts(Value::text("5.0"), Value::Integer(5), Some(false));
    converts(Value::text(" 5e0 "), Value::Double(5.0), Some(true));
    converts(Value::text("0.1"), Value::Float(0.1), Some(true));
    converts(Value::text("TRUE"), Value::Boolean(true), Some(true));
    converts(Value::text("yes"), Value::Boolean(false), Some(true));
    converts(Value::Boolean(true), Value::text("true"), None);
    converts(Value::text("x"), Value::Character('x'), Some(false));
}

#[test]
fn floating_point_numbers_have_the_order_of_boxes() {
    let ordered = [
        f64::NEG_INFINITY,
        -1.0,
        -0.0,
        0.0,
        f64::MIN_POSITIVE,
        f64::INFINITY,
        f64::NAN,
    ];
    for (at, left) in ordered.iter().enumerate() {
        for (other, right) in ordered.iter().enumerate() {
            let less = compare(
                Test::Less,
                &Value::Double(*left),
                &Value::Double(*right),
                false,
            );
            assert_eq!(less, Ok(Some(at < other)), "{left} < {right}");
        }
    }
    assert!(same(&Value::Float(f32::NAN), &Value::Float(-f32::NAN)));
    assert!(!same(&Value::Integer(5), &Value::Long(5)));
}

#[test]
fn texts_are_ordered_by_utf_16_unit() {
    let ordered = [
        "",
        "A",
        "a",
        "ab",
        "b",
        "\u{d7ff}",
        "\u{1f600}",
        "\u{e000}",
        "\u{ffee}",
    ];
    for (at, left) in ordered.iter().enumerate() {
        for (other, right) in ordered.iter().enumerate() {
            let less = compare(Test::Less, &Value::text(left), &Value::text(right), false);
            assert_eq!(less, Ok(Some(at < other)), "{left:?} < {right:?}");
        }
    }
}

#[test]
fn lists_are_equal_by_items_and_have_no_order() {
    let list = |items: &[Value<'static>]| Value::List(items.into());
    let one = list(&[Value::Null, Value::Integer(1)]);
    assert!(same(&one, &list(&[Value::Null, Value::Integer(1)])));
    assert!(!same(&one, &list(&[Value::Null, Value::Long(1)])));
    assert_eq!(
        compare(Test::Equal, &one, &Value::Integer(1), false),
        Ok(Some(false))
    );
    assert!(compare(Test::Less, &one, &Value::Integer(1), false).is_err());
    assert!(compare(Test::Less, &one, &Value::Null, false).is_err());
    assert_eq!(compare(Test::Less, &Value::Null, &one, false), Ok(None));
}
