//! Texts that Java 17 prints for floating-point numbers.

use super::{append_double, append_float};

fn double(number: f64) -> String {
    let mut text = String::new();
    append_double(&mut text, number);
    text
}

fn float(number: f32) -> String {
    let mut text = String::new();
    append_float(&mut text, number);
    text
}

#[test]
fn plain_notation_is_used_between_a_thousandth_and_ten_million() {
    for (number, expected) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-2.5, "-2.5"),
        (100.0, "100.0"),
        (9_999_999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (12_345_678.9, "1.23456789E7"),
        (0.001, "0.001"),
        (0.0099, "0.0099"),
        (0.000_999, "9.99E-4"),
        (1e-5, "1.0E-5"),
        (0.1 + 0.2, "0.30000000000000004"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
        (f64::NAN, "NaN"),
    ] {
        assert_eq!(double(number), expected);
    }
}

#[test]
fn digits_are_those_of_java_17() {
    for (number, expected) in [
        (2e23, "1.9999999999999998E23"),
        (1e23, "9.999999999999999E22"),
        (4.9e-324, "4.9E-324"),
        (1e-323, "1.0E-323"),
        (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
        (f64::MAX, "1.7976931348623157E308"),
        (9_007_199_254_740_993.0, "9.007199254740992E15"),
        (6.385_312_861_598_306e16, "6.3853128615983056E16"),
        (9_223_372_036_854_775_807.0, "9.223372036854776E18"),
        (5e22, "4.9999999999999996E22"),
    ] {
        assert_eq!(double(number), expected);
    }
    for (number, expected) in [
        (0.1, "0.1"),
        (f32::MAX, "3.4028235E38"),
        (f32::MIN_POSITIVE, "1.17549435E-38"),
        (f32::from_bits(1), "1.4E-45"),
        (1_234_567_940.0, "1.23456794E9"),
        (16_777_216.0, "1.6777216E7"),
    ] {
        assert_eq!(float(number), expected);
    }
}

#[test]
fn texts_read_back_as_the_same_number() {
    let mut bits = 0x0123_4567_89ab_cdef_u64;
    for _ in 0..2_000 {
        bits = bits
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let number = f64::from_bits(bits);
        if number.is_finite() {
            assert_eq!(double(number).parse(), Ok(number));
        }
        let number = f32::from_bits((bits >> 32) as u32);
        if number.is_finite() {
            assert_eq!(float(number).parse(), Ok(number));
        }
    }
}
