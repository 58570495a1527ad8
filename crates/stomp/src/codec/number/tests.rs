//! Numbers against the standard library's own.

use super::*;
use proptest::prelude::*;

fn put(write: impl FnOnce(&mut BytesMut)) -> String {
    let mut out = BytesMut::new();
    write(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

proptest! {
    #[test]
    fn whole_numbers_are_written_and_read_as_usual(number: i64, unsigned: u64) {
        prop_assert_eq!(put(|out| put_i64(out, number)), number.to_string());
        prop_assert_eq!(put(|out| put_u64(out, unsigned)), unsigned.to_string());
        prop_assert_eq!(parse_i64(number.to_string().as_bytes()), Some(number));
        prop_assert_eq!(parse_u64(unsigned.to_string().as_bytes()), Some(unsigned));
    }

    #[test]
    fn fractions_read_back_as_what_they_were(number: f64) {
        let text = put(|out| put_f64(out, number));
        let text = text.replace("Infinity", "inf");
        let back: f64 = text.parse().unwrap();
        prop_assert!(back == number || (back.is_nan() && number.is_nan()));
    }
}

#[test]
fn numbers_at_the_ends_of_their_range_are_whole() {
    for number in [0, 9, 10, 99, 100, u64::MAX] {
        assert_eq!(put(|out| put_u64(out, number)), number.to_string());
    }
    for number in [i64::MIN, -1, 0, i64::MAX] {
        assert_eq!(put(|out| put_i64(out, number)), number.to_string());
        assert_eq!(parse_i64(number.to_string().as_bytes()), Some(number));
    }
    assert_eq!(parse_i64(b"+7"), Some(7));
}

#[test]
fn what_is_no_number_or_too_large_is_refused() {
    for text in [
        "",
        " 1",
        "1 ",
        "1x",
        "-1",
        "+1",
        "18446744073709551616",
        "0x1",
        "1.0",
    ] {
        assert_eq!(parse_u64(text.as_bytes()), None, "{text}");
    }
    for text in [
        "",
        "-",
        "+",
        "--1",
        "9223372036854775808",
        "-9223372036854775809",
    ] {
        assert_eq!(parse_i64(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn fractions_are_written_as_java_writes_them() {
    for (number, text) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-2.5, "-2.5"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (1e7, "1.0E7"),
        (9_999_999.0, "9999999.0"),
        (1.25e10, "1.25E10"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        assert_eq!(put(|out| put_f64(out, number)), text);
    }
    assert_eq!(put(|out| put_f32(out, 0.1)), "0.1");
    assert_eq!(put(|out| put_f32(out, 1.5e20)), "1.5E20");
}
