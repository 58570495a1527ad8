//! Properties of arbitrary texts and messages: no panic, bounded work, stable texts.

use super::Sample;
use crate::selector::{Selector, Value};
use proptest::prelude::*;

/// Words that lead deeper into the grammar than arbitrary characters.
fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b",
        "t",
        "NOT",
        "AND",
        "OR",
        "BETWEEN",
        "LIKE",
        "ESCAPE",
        "IN",
        "IS",
        "NULL",
        "TRUE",
        "FALSE",
        "XPATH",
        "XQUERY",
        "=",
        "<>",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "(",
        ")",
        ",",
        "'a'",
        "'%_'",
        "'!'",
        "''",
        "5",
        "5L",
        "1.5",
        "0x1F",
        "017",
        "1e400",
        "99999999999999999999",
        "REGEX(",
        "INLIST(",
        "MAKELIST(",
        "SPLIT(",
        "REPLACE(",
        "'(a+)+$'",
        "'//a[1]'",
        "/*c*/",
        "--",
        "\n",
        "convert_string_expressions:",
    ])
}

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i8>().prop_map(Value::Byte),
        any::<i16>().prop_map(Value::Short),
        any::<i32>().prop_map(Value::Integer),
        any::<i64>().prop_map(Value::Long),
        any::<f32>().prop_map(Value::Float),
        any::<f64>().prop_map(Value::Double),
        any::<char>().prop_map(Value::Character),
        ".{0,12}".prop_map(|text| Value::String(text.into())),
        prop::collection::vec(any::<i32>().prop_map(Value::Integer), 0..4)
            .prop_map(|items| Value::List(items.into())),
    ]
}

fn run(text: &str, values: &[Value<'static>; 3]) {
    let [a, b, t] = values.clone();
    let mut message = Sample::new(&[("a", a), ("b", b), ("t", t)]);
    message.body = Some("<a>1<b c='2'/></a>".to_owned());
    for parsed in [Selector::parse(text), Selector::parse_converting(text)] {
        match parsed {
            Ok(selector) => {
                let first = selector.matches(&message);
                let again = Selector::parse(selector.text()).expect("its text parses");
                assert_eq!(again, selector);
                assert_eq!(again.matches(&message), first);
            }
            Err(error) => {
                assert!(error.to_string().len() < 400);
                assert!(error.position().line <= text.lines().count() + 1);
            }
        }
    }
}

fn values() -> impl Strategy<Value = [Value<'static>; 3]> {
    [value(), value(), value()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_texts_never_panic(text in ".{0,80}", values in values()) {
        run(&text, &values);
    }

    #[test]
    fn arbitrary_words_never_panic(words in prop::collection::vec(word(), 0..24), values in values()) {
        run(&words.join(" "), &values);
    }

    #[test]
    fn arbitrary_conditions_evaluate_without_panic(
        words in prop::collection::vec((word(), word(), word()), 1..6),
        values in values(),
    ) {
        let conditions: Vec<String> = words
            .iter()
            .map(|(left, middle, right)| format!("({left} {middle} {right})"))
            .filter(|text| Selector::parse(text).is_ok())
            .collect();
        run(&conditions.join(" AND NOT "), &values);
        run(&conditions.join(" = "), &values);
    }

    #[test]
    fn arbitrary_patterns_never_panic(pattern in "[a-c()\\[\\]{}*+?|^$.\\\\0-9:=!<>&idQE-]{0,30}", text in ".{0,20}") {
        let quoted = pattern.replace('\'', "''");
        let message = Sample::new(&[("a", Value::String(text.into()))]);
        for call in [
            format!("REGEX('{quoted}', a)"),
            format!("SPLIT(a, '{quoted}') IS NULL"),
            format!("REPLACE(a, '{quoted}', '[$0]') IS NULL"),
            format!("a LIKE '{quoted}' ESCAPE '\\'"),
        ] {
            if let Ok(selector) = Selector::parse(&call) {
                let _outcome = selector.matches(&message);
            }
        }
    }

    #[test]
    fn arbitrary_xpaths_never_panic(expression in "[a-c/@*\\[\\]().,:|=<>0-9 $-]{0,30}", body in "[<>a-c/='\"!& -]{0,40}") {
        let message = Sample::with_body(&body);
        let selector = Selector::parse(&format!("XPATH '{expression}'")).expect("valid");
        assert!(selector.matches(&message).is_ok());
        let message = Sample::with_body("<a b='1'>x<b c='2'/><!--c-->y<c><a/></c></a>");
        assert!(selector.matches(&message).is_ok());
    }
}
