//! Texts that Java reads as numbers, and texts that it refuses.

use super::{parse_double, parse_float, parse_integer};

#[test]
fn whole_numbers_have_a_sign_and_digits_of_any_script() {
    for (text, expected) in [
        ("5", Some(5)),
        ("+5", Some(5)),
        ("-007", Some(-7)),
        ("\u{665}\u{666}", Some(56)),
        ("-\u{ff11}0", Some(-10)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("\u{669}223372036854775808", None),
        ("-\u{669}223372036854775808", Some(i64::MIN)),
        ("", None),
        ("+", None),
        ("--5", None),
        (" 5", None),
        ("5L", None),
        ("5.0", None),
        ("0x5", None),
        ("\u{1d7d8}", None),
    ] {
        assert_eq!(parse_integer(text), expected, "{text:?}");
    }
}

#[test]
fn doubles_follow_java_syntax() {
    for (text, expected) in [
        ("5", Some(5.0)),
        (" \t+1.5e2\u{0} ", Some(150.0)),
        ("5d", Some(5.0)),
        ("5.F", Some(5.0)),
        (".5", Some(0.5)),
        ("Infinity", Some(f64::INFINITY)),
        ("-Infinity", Some(f64::NEG_INFINITY)),
        ("0x1.8p1", Some(3.0)),
        ("-0x.8p0f", Some(-0.5)),
        ("0x1p-1074", Some(5e-324)),
        ("0x1p-1075", Some(0.0)),
        ("0x1.8p-1075", Some(5e-324)),
        ("0x1.fffffffffffff8p1023", Some(f64::INFINITY)),
        ("0x1.fffffffffffff7p1023", Some(f64::MAX)),
        ("0x1.00000000000008p0", Some(1.0)),
        ("0x1.000000000000080000001p0", Some(1.0 + f64::EPSILON)),
        ("0x1p99999999999999999999", Some(f64::INFINITY)),
        ("0x1p-99999999999999999999", Some(0.0)),
        ("0x0p5", Some(0.0)),
        ("", None),
        (".", None),
        ("e5", None),
        ("1e", None),
        ("1e+", None),
        ("5dd", None),
        ("inf", None),
        ("nan", None),
        ("NaNd", None),
        ("0x1", None),
        ("0xp1", None),
        ("0x1.2.3p1", None),
        ("\u{a0}5", None),
        ("5L", None),
        ("1_0", None),
    ] {
        assert_eq!(parse_double(text), expected, "{text:?}");
    }
    assert!(parse_double("+NaN").is_some_and(f64::is_nan));
}

#[test]
fn floats_are_rounded_once() {
    assert_eq!(parse_float("0.1"), Some(0.1));
    // Rounded to a double first, this would be a tie and lose its last bit.
    assert_eq!(
        parse_float("1.00000017881393432617187499"),
        Some(1.000_000_1)
    );
    assert_eq!(parse_float("0x1p-149"), Some(f32::from_bits(1)));
    assert_eq!(parse_float("0x1.ffffffp127"), Some(f32::INFINITY));
    assert_eq!(parse_float("1e39"), Some(f32::INFINITY));
}
