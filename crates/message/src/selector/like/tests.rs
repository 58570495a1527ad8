//! Patterns of `LIKE`.

use super::{Like, STEPS_MAX};

#[track_caller]
fn check(pattern: &str, escape: Option<&str>, text: &str, expected: bool) {
    let like = Like::new(pattern, escape).expect("a valid pattern");
    assert_eq!(
        like.matches(text),
        Ok(expected),
        "{text:?} LIKE {pattern:?} ESCAPE {escape:?}"
    );
}

#[test]
fn wildcards_match_any_text_and_one_character() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("", "a", false),
        ("%", "", true),
        ("a%c", "abc", true),
        ("a%c", "ac", true),
        ("a%a", "a", false),
        ("%b%", "abc", true),
        ("%a%b%c%", "abc", true),
        ("%a%a%", "a", false),
        ("%ab%ab", "ab", false),
        ("_", "\u{1f600}", true),
        ("__", "\u{1f600}", false),
        ("%_", "", false),
        ("_%_", "ab", true),
        ("a%b", "a\nb", true),
        ("%aab", "aaab", true),
        ("%a_b%c", "xaab--c", true),
        ("%a_b%c", "ab--c", false),
        ("%_a_%", "bab", true),
    ] {
        check(pattern, None, text, expected);
    }
}

#[test]
fn escaping_applies_to_wildcards_and_to_itself_only() {
    check("100!%", Some("!"), "100%", true);
    check("100!%", Some("!"), "1000", false);
    check("a!b", Some("!"), "a!b", true);
    check("a!", Some("!"), "a!", true);
    check("a!!", Some("!"), "a!", true);
    check("a%", Some("%"), "abc", true);
    check("%_b", Some("%"), "_b", true);
    check("a__b", Some("_"), "a_b", true);
    assert!(Like::new("a", Some("")).is_err());
    assert!(Like::new("a", Some("ab")).is_err());
    assert!(Like::new("a", Some("\u{1f600}")).is_err());
}

#[test]
fn doubled_escape_characters_keep_the_reference_errors() {
    check("\u{ff}\u{ff}", Some("\u{ff}"), "\u{ff}", true);
    check("\u{100}\u{100}", Some("\u{100}"), "\u{100}", false);
    check("\u{100}\u{100}", Some("\u{100}"), "\u{10}0", true);
    check("5\u{20ac}\u{20ac}", Some("\u{20ac}"), "5 ac", true);
    check("\t\tb", Some("\t"), "\u{9b}", true);
    assert!(Like::new("\t\tz", Some("\t")).is_err());
    assert!(Like::new("\t\t", Some("\t")).is_err());
}

#[test]
fn work_is_bounded() {
    let text = "a".repeat(STEPS_MAX);
    let like = Like::new("%a_b%", None).expect("a valid pattern");
    assert!(like.matches(&text).is_err());
    let shorter = "a".repeat(STEPS_MAX / 4);
    assert_eq!(like.matches(&shorter), Ok(false));
}
