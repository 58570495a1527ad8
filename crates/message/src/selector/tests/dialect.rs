//! The interface of selectors: texts, errors, and rules that the vectors do not show.

use super::Sample;
use crate::selector::{EvaluationError, Position, Selector, SelectorErrorKind, Value};

fn message() -> Sample {
    Sample::new(&[
        ("color", Value::text("red")),
        ("weight", Value::Integer(6)),
        ("price", Value::Float(5.5)),
        (
            "items",
            Value::List([Value::text("x"), Value::text("y")].into()),
        ),
        ("number", Value::text("5")),
    ])
}

#[track_caller]
fn check(text: &str, expected: bool) {
    let selector = Selector::parse(text).expect("a valid selector");
    assert_eq!(selector.matches(&message()), Ok(expected), "{text}");
}

#[track_caller]
fn refused(text: &str, kind: SelectorErrorKind, line: usize, column: usize) {
    let error = Selector::parse(text).expect_err("an invalid selector");
    assert_eq!(error.kind(), kind, "{text}: {error}");
    assert_eq!(
        error.position(),
        Position { line, column },
        "{text}: {error}"
    );
}

#[test]
fn text_parses_back_to_an_equal_selector() {
    let plain = Selector::parse("number > 4").expect("valid");
    assert_eq!(plain.text(), "number > 4");
    assert_eq!(plain.to_string(), "number > 4");
    assert_eq!(format!("{plain:?}"), "Selector(\"number > 4\")");
    assert_eq!(plain.matches(&message()), Ok(false));

    let converting = Selector::parse_converting("number > 4").expect("valid");
    assert_eq!(converting.text(), "convert_string_expressions:number > 4");
    assert_eq!(converting.matches(&message()), Ok(true));
    assert_ne!(plain, converting);
    let again: Selector = converting.text().parse().expect("valid");
    assert_eq!(again, converting);
    assert_eq!(again.matches(&message()), Ok(true));
}

#[test]
fn the_prefix_stands_at_the_start_and_once() {
    assert!(Selector::parse("convert_string_expressions: number > 4").is_ok());
    assert!(Selector::parse(" convert_string_expressions:number > 4").is_err());
    assert!(Selector::parse_converting("convert_string_expressions:number > 4").is_err());
}

#[test]
fn errors_say_where_and_what() {
    refused("weight >", SelectorErrorKind::Syntax, 1, 9);
    refused("weight\n= é", SelectorErrorKind::Lexical, 2, 3);
    refused("color = 'red", SelectorErrorKind::Lexical, 1, 9);
    refused("color AND 5", SelectorErrorKind::NotBoolean, 1, 11);
    refused("color > 'red'", SelectorErrorKind::Operand, 1, 9);
    refused("'a' IN ('a')", SelectorErrorKind::Operand, 1, 1);
    refused(
        "color LIKE 'a' ESCAPE ''",
        SelectorErrorKind::Operand,
        1,
        23,
    );
    refused(
        "1 = 0xfffffffffffffffff",
        SelectorErrorKind::NumberRange,
        1,
        5,
    );
    refused("1 = LENGTH(color)", SelectorErrorKind::Function, 1, 5);
    refused("REGEX('a')", SelectorErrorKind::Function, 1, 1);
    refused("", SelectorErrorKind::Syntax, 1, 1);
    let error = Selector::parse("weight ! 5").expect_err("invalid");
    assert_eq!(
        error.to_string(),
        "selector has the unexpected character '!' at line 1, column 8; write <> for not equal, \
         NOT for negation"
    );
}

#[test]
fn nothing_tighter_may_follow_a_word_operator() {
    refused("color LIKE 'a' + 'b'", SelectorErrorKind::Syntax, 1, 16);
    refused("color IN ('a') * 2 = 3", SelectorErrorKind::Syntax, 1, 16);
    refused("color IS NULL LIKE 'a'", SelectorErrorKind::Syntax, 1, 15);
    refused("color IS NULL > 5", SelectorErrorKind::Syntax, 1, 15);
    check("color LIKE 'r%' = TRUE", true);
    check("(color LIKE 'r%') LIKE 'x'", false);
    check("color IS NULL IS NULL = FALSE", true);
}

#[test]
fn between_evaluates_its_operand_once_and_nests() {
    check("weight BETWEEN 5 AND 7", true);
    check("weight + 1 BETWEEN weight AND weight * 2", true);
    check("weight NOT BETWEEN (weight - 1) AND (weight + 1)", false);
    check("(weight BETWEEN 1 AND 9) = (price BETWEEN 5 AND 6)", true);
    check("NOT (missing BETWEEN 1 AND ('a' * 2))", false);
}

#[test]
fn a_null_on_the_left_hides_errors_on_the_right_except_in_equality() {
    check("(missing + ('a' * 2)) IS NULL", true);
    check("missing > ('a' * 2) OR TRUE", true);
    check("REGEX(missing, ('a' * 2)) OR TRUE", true);
    let selector = Selector::parse("missing = ('a' * 2) OR TRUE").expect("valid");
    assert!(selector.matches(&message()).is_err());
}

#[test]
fn evaluation_errors_name_the_types() {
    let error = |text: &str| {
        let selector = Selector::parse(text).expect("valid");
        selector
            .matches(&message())
            .expect_err("an evaluation error")
    };
    assert_eq!(
        error("5.0 = price"),
        EvaluationError::Compare {
            left: "double",
            right: "float"
        }
    );
    assert_eq!(
        error("weight + color = 1").to_string(),
        "+ cannot be applied to a string; check the types of the properties"
    );
    assert!(matches!(
        error("REGEX('[', color)"),
        EvaluationError::Pattern { .. }
    ));
    assert!(matches!(
        error("INLIST(color, 'x')"),
        EvaluationError::Argument { .. }
    ));
    assert!(matches!(
        error("items > 5"),
        EvaluationError::Compare { .. }
    ));
}

#[test]
fn functions_take_patterns_from_properties_too() {
    check("REGEX(color, ('<' + color))", true);
    check("INLIST(SPLIT(color, REPLACE('z', 'z', 'e')), 'd')", true);
    check("REPLACE(color, (color + ''), '$0!') = 'red!'", true);
    check(
        "INLIST(items, 'y') AND NOT INLIST(MAKELIST(6.0, 6L), price)",
        true,
    );
    check("INLIST(MAKELIST(6.0), weight)", false);
    check("REPLACE(color, 'x', missing) = 'red'", true);
}
