//! Limits: one below, at and above; and that none of them needs more than a small stack.

use super::Sample;
use crate::selector::{
    COMPUTED_LIST_ITEMS_MAX, COMPUTED_TEXT_BYTES_MAX, EvaluationError, NESTING_MAX, OPERATORS_MAX,
    Selector, SelectorError, TEXT_BYTES_MAX, Value,
};

/// Runs `work` on a thread with the stack of a worker thread.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let handle = thread.spawn(work).expect("a thread");
    handle.join().expect("no panic and no overflow");
}

fn parsed(text: &str) -> bool {
    match Selector::parse(text) {
        Ok(_) => true,
        Err(SelectorError::TooLarge { .. }) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn texts_are_limited() {
    let text = |length: usize| format!("a = '{}'", "x".repeat(length - 6));
    assert!(parsed(&text(TEXT_BYTES_MAX - 1)));
    assert!(parsed(&text(TEXT_BYTES_MAX)));
    assert!(!parsed(&text(TEXT_BYTES_MAX + 1)));
}

#[test]
fn nesting_is_limited() {
    let parentheses = |depth: usize| format!("{}t{}", "(".repeat(depth), ")".repeat(depth));
    let calls = |depth: usize| {
        let inner = format!("{}5{}", "MAKELIST(".repeat(depth), ")".repeat(depth));
        format!("{inner} IS NULL")
    };
    for build in [&parentheses as &dyn Fn(usize) -> String, &calls] {
        assert!(parsed(&build(NESTING_MAX - 1)));
        assert!(parsed(&build(NESTING_MAX)));
        assert!(!parsed(&build(NESTING_MAX + 1)));
    }
}

#[test]
fn operators_are_limited() {
    let signs = |count: usize| format!("{}5 = 5", "- ".repeat(count - 1));
    let sums = |count: usize| format!("5{} = 5", "+1".repeat(count - 1));
    let nots = |count: usize| format!("{}t", "NOT ".repeat(count));
    let pluses = |count: usize| format!("{}t", "+".repeat(count));
    let arguments = |count: usize| format!("MAKELIST(1{}) IS NULL", ",1".repeat(count - 2));
    let conditions = |count: usize| format!("t{}", " AND t".repeat(count));
    let builders: [&dyn Fn(usize) -> String; 6] =
        [&signs, &sums, &nots, &pluses, &arguments, &conditions];
    for build in builders {
        assert!(parsed(&build(OPERATORS_MAX - 1)));
        assert!(parsed(&build(OPERATORS_MAX)));
        assert!(!parsed(&build(OPERATORS_MAX + 1)));
    }
}

#[test]
fn the_largest_selectors_work_on_a_small_stack() {
    on_a_small_stack(|| {
        let message = Sample::new(&[("t", Value::Boolean(true)), ("n", Value::Integer(1))]);
        let deep = |open: &str, inner: &str, close: &str| {
            let depth = NESTING_MAX;
            format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
        };
        let texts = [
            format!("{}t", "NOT ".repeat(OPERATORS_MAX)),
            format!("{}n = n", "- ".repeat(OPERATORS_MAX - 1)),
            format!("n{} > 0", "+n".repeat(OPERATORS_MAX - 1)),
            format!("n{}", " = n".repeat(OPERATORS_MAX)),
            format!("n{}", " IS NULL".repeat(OPERATORS_MAX)),
            format!("'x'{}", " LIKE 'x'".repeat(OPERATORS_MAX)),
            format!("t{}", " OR t".repeat(OPERATORS_MAX)),
            deep("t AND (t OR ", "t", ")"),
            deep("NOT (", "t", ")"),
            deep("t = (n < n + n * (", "n", ")) AND t")
                .replace("(n < n + n * (", "(n = n + n * -("),
            deep("REPLACE(", "'a'", ", 'a', 'b')") + " = 'b'",
            deep("1 + (", "1", ")") + " > 1",
            deep("MAKELIST((", "n", " = n))") + " IS NULL",
            deep("MAKELIST((", "n", " BETWEEN 1 AND 2))") + " IS NULL",
            deep("(1 BETWEEN 0 AND ", "n", ")"),
        ];
        for text in texts {
            // Some of these are refused; none may overflow the stack.
            if let Ok(selector) = Selector::parse(&text) {
                let _outcome = selector.matches(&message);
                assert!(format!("{selector:?}{}", selector.clone()).len() > text.len());
            }
        }
    });
}

#[test]
fn computed_texts_and_lists_are_limited() {
    let big = "x".repeat(COMPUTED_TEXT_BYTES_MAX);
    let message = Sample::new(&[
        ("big", Value::String(big.into())),
        (
            "long",
            Value::String(" ".repeat(COMPUTED_LIST_ITEMS_MAX + 1).into()),
        ),
    ]);
    let outcome = |text: &str| Selector::parse(text).expect("valid").matches(&message);
    assert_eq!(outcome("'' + big = big"), Ok(true));
    for text in [
        "'a' + big = big",
        "('' + MAKELIST(big)) IS NULL",
        "REGEX('x', MAKELIST(big))",
        "REPLACE(big, '^', 'a') IS NULL",
        "REPLACE('aaaa', 'a', big) IS NULL",
        "SPLIT(long, '') IS NULL",
    ] {
        assert!(
            matches!(outcome(text), Err(EvaluationError::TooLarge { .. })),
            "{text}"
        );
    }
}

#[test]
fn between_does_not_multiply_work() {
    // Evaluating the operand for each bound would take 2^60 steps here.
    let mut text = "n".to_owned();
    for _ in 0..60 {
        text = format!("MAKELIST(({text} BETWEEN 1 AND 2))");
    }
    let selector = Selector::parse(&format!("{text} IS NULL")).expect("valid");
    let message = Sample::new(&[("n", Value::Integer(1))]);
    assert!(selector.matches(&message).is_err());
}

#[test]
fn a_value_is_three_words() {
    assert_eq!(size_of::<Value<'_>>(), 3 * size_of::<usize>());
}
