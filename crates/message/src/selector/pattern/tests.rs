//! Java's regular expressions, as Java 17 finds, splits and replaces them.

use super::{BACKTRACK_MAX, PATTERN_BYTES_MAX, Pattern};
use crate::selector::EvaluationError;

/// All occurrences as `start-end` in bytes, separated by blanks; `error` for a bad pattern.
fn found(pattern: &str, text: &str) -> String {
    let Ok(pattern) = Pattern::new(pattern) else {
        return "error".to_owned();
    };
    let mut found = Vec::new();
    let mut search = Some(0);
    while let Some(from) = search {
        let Some(occurrence) = pattern
            .regex
            .find_from_pos(text, from)
            .expect("within limits")
        else {
            break;
        };
        found.push(format!("{}-{}", occurrence.start(), occurrence.end()));
        search = super::next_search(text, occurrence.start(), occurrence.end());
    }
    found.join(" ")
}

#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (pattern, text, expected) in cases {
        assert_eq!(found(pattern, text), *expected, "{pattern:?} in {text:?}");
    }
}

#[test]
fn line_anchors_know_all_line_ends() {
    check(&[
        ("^", "a\nb", "0-0"),
        ("(?m)^", "", ""),
        ("(?m)^", "\n", "0-0"),
        ("(?m)^", "a\nb", "0-0 2-2"),
        ("(?m)^", "a\r\nb", "0-0 3-3"),
        ("(?m)$", "a\nb", "1-1 3-3"),
        ("(?m)$", "a\r\nb", "1-1 4-4"),
        ("$", "a\n", "1-1 2-2"),
        ("$", "a\r\n", "1-1 3-3"),
        ("$", "a\n\n", "2-2 3-3"),
        ("$", "a\u{85}", "1-1 3-3"),
        ("\\Z", "a\r\n", "1-1 3-3"),
        ("\\z", "a\n", "2-2"),
        ("(?d)$", "a\r\n", "2-2 3-3"),
        ("(?md)^", "a\r\nb", "0-0 3-3"),
        (".", "\r\n\u{85}\u{2028}a", "7-8"),
        ("(?s).", "\n", "0-1"),
        ("(?d).", "\r\n", "0-1"),
        ("\\R", "\r\n\n", "0-2 2-3"),
    ]);
}

#[test]
fn classes_are_ascii_and_can_be_combined() {
    check(&[
        ("\\w", "\u{e9}a", "2-3"),
        ("(?U)\\w", "\u{e9}", "0-2"),
        ("\\d+", "\u{665}5", "2-3"),
        ("[]a]", "]a", "0-1 1-2"),
        ("[^]a]", "]ab", "2-3"),
        ("[a-z&&[^b]]", "abc", "0-1 2-3"),
        ("[^a&&b]", "abc", "0-1 1-2 2-3"),
        ("[a&&]", "a&", "0-1"),
        ("[&&a]", "a&", "0-1"),
        ("[a-[b]]", "ab-", "0-1 1-2 2-3"),
        ("[\\w-z]", "a-", "0-1 1-2"),
        ("[\\Qa-b\\E]", "a-b", "0-1 1-2 2-3"),
        ("[[:alpha:]]", ":a", "0-1 1-2"),
        ("[^\\p{L}]", "a1", "1-2"),
        ("[\\P{L}a]", "a1b", "0-1 1-2"),
        ("\\p{Alpha}\\p{Punct}", "a$", "0-2"),
        ("\\p{IsGreek}\\pL", "\u{3b1}b", "0-3"),
        ("\\p{javaLowerCase}", "aA", "0-1"),
        ("[&&&a]", "a", "error"),
        ("[a-\\d]", "a", "error"),
        ("[z-a]", "a", "error"),
        ("\\p{Foo}", "a", "error"),
        ("[a", "a", "error"),
    ]);
}

#[test]
fn case_is_ascii_unless_asked_for() {
    check(&[
        ("(?i)[a-c]", "ABCD", "0-1 1-2 2-3"),
        ("(?i)\u{e9}", "\u{c9}", ""),
        ("(?iu)\u{e9}", "\u{c9}", "0-2"),
        ("(?i)k", "\u{212a}", ""),
        ("(?i)\\p{Lower}", "A", "0-1"),
        ("(?i)(a)\\1", "aA", "0-2"),
        ("(?i:a)B", "AB", "0-2"),
        ("(?i:a)B", "Ab", ""),
        ("(a(?i)b)c", "aBC", ""),
        ("(a(?i)b)c", "aBc", "0-3"),
    ]);
}

#[test]
fn quantifiers_follow_java() {
    check(&[
        ("a{2}{3}", "aaaaa", "0-2 2-4"),
        ("a*+a", "aaa", ""),
        ("a+?", "aa", "0-1 1-2"),
        ("^*a", "aa", "0-1 1-2"),
        ("(?=a)*a", "a", "0-1"),
        ("(?>a+)a", "aaa", ""),
        ("(?:)*a", "a", "0-1"),
        ("(?:^|(?i))+a", "a", "0-1"),
        ("()*a", "a", "0-1"),
        ("\\b{1,2}a", "a", "0-1"),
        ("}]", "}]", "0-2"),
        ("a{", "a", "error"),
        ("a{3,2}", "a", "error"),
        ("a**", "a", "error"),
        ("(?i)*", "a", "error"),
        ("a|*", "a", "error"),
        ("(", "a", "error"),
        ("a)", "a", "error"),
        ("(?z)a", "a", "error"),
    ]);
}

#[test]
fn references_and_escapes_follow_java() {
    check(&[
        ("(a)\\11", "aa1", "0-3"),
        ("(a)\\2", "aa", ""),
        ("\\1(a)", "aa", ""),
        ("\\2*(a)", "a", "0-1"),
        ("(?<n>a)\\k<n>", "aa", "0-2"),
        ("\\k<n>", "a", "error"),
        ("(?<n>a)(?<n>b)", "a", "error"),
        ("\\x{41}\\u0042\\x43\\0104", "ABCD", "0-4"),
        ("\\ud83d\\ude00", "\u{1f600}", "0-4"),
        ("\\cA\\t\\-", "\u{1}\t-", "0-3"),
        ("\\Qa.b\\E+", "a.bb", "0-4"),
        ("\\y", "y", "error"),
        ("\\", "a", "error"),
        ("(?x) a b # c\n d", "abd", "0-3"),
        ("(?<=a+)b", "aab", "2-3"),
        ("(?<!a)b", "abb", "2-3"),
    ]);
}

#[track_caller]
fn check_split(text: &str, pattern: &str, limit: i32, expected: &[&str]) {
    let pattern = Pattern::new(pattern).expect("a valid pattern");
    assert_eq!(
        pattern.split(text, limit, 100).as_deref(),
        Ok(expected),
        "{text:?} {limit}"
    );
}

#[test]
fn splitting_drops_empty_ends_unless_limited() {
    check_split("a;b;;", ";", 0, &["a", "b"]);
    check_split("a;b;;", ";", -1, &["a", "b", "", ""]);
    check_split("a;b;c", ";", 2, &["a", "b;c"]);
    check_split("a;b", ";", 1, &["a;b"]);
    check_split(";a", ";", 0, &["", "a"]);
    check_split(";", ";", 0, &[]);
    check_split("", ";", 0, &[""]);
    check_split("abc", "", 0, &["a", "b", "c"]);
    check_split("abc", "(?=b)", 0, &["a", "bc"]);
    check_split("abc", "x", -1, &["abc"]);
}

#[test]
fn replacing_knows_groups_and_escapes() {
    let replace = |text: &str, pattern: &str, replacement: &str| {
        Pattern::new(pattern).and_then(|pattern| pattern.replace(text, Some(replacement)))
    };
    for (text, pattern, replacement, expected) in [
        ("abc", "(b)", "[$1]", "a[b]c"),
        ("abc", "(?<x>b)", "[${x}$0]", "a[bb]c"),
        ("abc", "(b)", "$11", "ab1c"),
        ("abc", "b|(z)", "[$1]", "a[]c"),
        ("abc", "b", "\\$\\\\", "a$\\c"),
        ("baac", "a*", "-", "-b--c-"),
        ("abc", "z", "$9", "abc"),
    ] {
        assert_eq!(
            replace(text, pattern, replacement).as_deref(),
            Ok(expected),
            "{replacement}"
        );
    }
    for replacement in ["$1", "$", "$x", "\\", "${n}", "${", "${}"] {
        assert!(
            matches!(
                replace("abc", "b", replacement),
                Err(EvaluationError::Replacement { .. })
            ),
            "{replacement}"
        );
    }
}

#[test]
fn searching_and_compiling_are_bounded() {
    let backtracking = Pattern::new("(?:a|b|(?=a)a)*(?<=c)d").expect("a valid pattern");
    let text = "a".repeat(BACKTRACK_MAX);
    assert!(matches!(
        backtracking.is_found_in(&text),
        Err(EvaluationError::TooLarge { .. }) | Ok(false)
    ));
    let catastrophic = Pattern::new("^(?:(a+)+\\1)+$").expect("a valid pattern");
    let text = format!("{}b", "a".repeat(60));
    assert!(matches!(
        catastrophic.is_found_in(&text),
        Err(EvaluationError::TooLarge { .. })
    ));
    assert!(Pattern::new(&"a".repeat(PATTERN_BYTES_MAX)).is_ok());
    assert!(Pattern::new(&"a".repeat(PATTERN_BYTES_MAX + 1)).is_err());
    assert!(Pattern::new("(?:\\p{L}{1000}){1000}").is_err());
    assert!(Pattern::new(&format!("{}a{}", "(".repeat(51), ")".repeat(51))).is_err());
}
