//! Tokens and their limits.

use super::{Lexer, Token};
use crate::selector::{SelectorErrorKind, Value};

/// The tokens of a text in a short form: literals as values, the rest by name.
fn read(text: &str) -> Result<String, SelectorErrorKind> {
    let mut lexer = Lexer::new(text);
    let mut tokens = Vec::new();
    loop {
        match lexer.next().map_err(|error| error.kind())?.0 {
            Token::End => return Ok(tokens.join(" ")),
            Token::Name(name) => tokens.push(format!("name:{name}")),
            Token::Text(text) => tokens.push(format!("text:{text}")),
            Token::Number(value) => tokens.push(match value {
                Value::Integer(number) => format!("int:{number}"),
                Value::Long(number) => format!("long:{number}"),
                Value::Double(number) => format!("double:{number}"),
                other => format!("big:{}", other.as_text().expect("short")),
            }),
            other => tokens.push(format!("{other:?}")),
        }
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(read(text).as_deref(), Ok(expected), "{text:?}");
}

#[test]
fn numbers_take_the_longest_form_and_the_narrowest_type() {
    check(
        "5 5L 2147483647 2147483648",
        "int:5 int:5 int:2147483647 long:2147483648",
    );
    check("9223372036854775807", "long:9223372036854775807");
    check("9223372036854775808", "big:9223372036854775808");
    check("18446744073709551611", "int:-5");
    check(
        "1.5 1. .5 1e5 1.e-3",
        "double:1.5 double:1 double:0.5 double:100000 double:0.001",
    );
    check("0 017 0x1F 09.5", "int:0 int:15 int:31 double:9.5");
    check(
        "08 0x 1e 5x",
        "int:0 int:8 int:0 name:x int:1 name:e int:5 name:x",
    );
    check("0x7fffffffffffffff", "long:9223372036854775807");
    check("1e999", "double:inf");
}

#[test]
fn numbers_beyond_64_bits_are_refused_in_hexadecimal_and_octal() {
    assert_eq!(
        read("0x8000000000000000"),
        Err(SelectorErrorKind::NumberRange)
    );
    assert_eq!(
        read("01000000000000000000000"),
        Err(SelectorErrorKind::NumberRange)
    );
}

#[test]
fn strings_double_their_quotes() {
    check("'it''s' '' ''''", "text:it's text: text:'");
    check("'a\\b' 'two\nlines'", "text:a\\b text:two\nlines");
    assert_eq!(read("'abc"), Err(SelectorErrorKind::Lexical));
    assert_eq!(read("'abc''"), Err(SelectorErrorKind::Lexical));
}

#[test]
fn comments_end_and_line_comments_need_a_line_end() {
    check("a/* x * y */b", "name:a name:b");
    check("a -- b\nc", "name:a name:c");
    check("a -- b\rc", "name:a name:c");
    check("5--5", "int:5 Minus Minus int:5");
    check("a /*", "name:a Divide Times");
}

#[test]
fn keywords_know_no_case_and_names_do() {
    check("nOt nots $a _b", "Not name:nots name:$a name:_b");
    check(
        "<><=>=<>=",
        "NotEqual LessOrEqual GreaterOrEqual NotEqual Equal",
    );
}

#[test]
fn characters_outside_the_dialect_are_refused() {
    for text in [
        "a.b",
        "a:b",
        "é",
        "a\u{a0}",
        "a\u{b}",
        "\u{feff}a",
        "!a",
        "\"a\"",
        "li\u{212a}e",
        "\0",
    ] {
        assert_eq!(read(text), Err(SelectorErrorKind::Lexical), "{text:?}");
    }
}
