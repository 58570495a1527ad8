use proptest::prelude::*;

use super::*;

fn read(text: &str, key: &str) -> Option<String> {
    parse(text).remove(key)
}

#[test]
fn keys_end_at_the_first_separator() {
    for text in ["a=b c", "a:b c", "a b c", "  a  =  b c", "a\t:\tb c"] {
        assert_eq!(read(text, "a").as_deref(), Some("b c"), "{text}");
    }
    assert_eq!(read("a==b", "a").as_deref(), Some("=b"));
    assert_eq!(read("a", "a").as_deref(), Some(""));
}

#[test]
fn comments_and_blank_lines_are_left_out() {
    assert!(parse("# a=b\n ! c=d\r\n\n   \n").is_empty());
    assert_eq!(
        read("a=b # not a comment", "a").as_deref(),
        Some("b # not a comment")
    );
}

#[test]
fn continuation_lines_are_joined_without_their_indent() {
    let text = "fruits = apple, \\\n         pear, \\\n    # fig\nnext=1";
    assert_eq!(read(text, "fruits").as_deref(), Some("apple, pear, # fig"));
    assert_eq!(read("a=1\\\\\nb=2", "b").as_deref(), Some("2"));
    assert_eq!(read("a=1\\", "a").as_deref(), Some("1"));
}

#[test]
fn escapes_stand_for_their_characters() {
    assert_eq!(
        read(r"a\ b\=c=d\t\u00e9\\e", "a b=c").as_deref(),
        Some("d\té\\e")
    );
    assert_eq!(read(r"a=\ud83d", "a").as_deref(), Some("\u{fffd}"));
    assert_eq!(read(r"a=\u12", "a").as_deref(), Some("\u{12}"));
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    assert_eq!(read("a=1\na=2", "a").as_deref(), Some("2"));
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(?s).{0,200}") {
        let _entries = parse(&text);
    }
}

#[test]
fn windows_line_ends_continue_too() {
    assert_eq!(read("a=1,\\\r\n  2\r\nb=3", "a").as_deref(), Some("1,2"));
}
