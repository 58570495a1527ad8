use super::*;

#[test]
fn sizes_are_read_in_the_forms_of_activemq() {
    for (text, bytes) in [
        ("0", 0),
        ("1024", 1024),
        ("1 b", 1),
        ("64 mb", 64 << 20),
        ("1gb", 1 << 30),
        ("1024kb", 1 << 20),
        ("  20   MB ", 20 << 20),
        ("3k", 3 << 10),
        ("100 Gb", 100 << 30),
    ] {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
}

#[test]
fn wrong_sizes_are_refused_with_what_to_write() {
    for text in ["", "mb", "-1", "1.5 gb", "64 mbx", "6 4 mb", "${x}", "０"] {
        let error = size(text).unwrap_err().to_string();
        assert!(error.contains("as in \"64 mb\""), "{text}: {error}");
    }
}

#[test]
fn sizes_stop_below_the_signed_range() {
    assert_eq!(size("9223372036854775807"), Ok(i64::MAX.unsigned_abs()));
    for text in [
        "9223372036854775808",
        "8388608 tb",
        "99999999999999999999999",
    ] {
        assert!(
            matches!(size(text), Err(ValueError::SizeRange { .. })),
            "{text}"
        );
    }
}

#[test]
fn truth_has_the_spellings_of_spring() {
    assert_eq!(truth(" TRUE "), Ok(true));
    assert_eq!(truth("no"), Ok(false));
    assert!(truth("{{x}}").is_err());
    assert!(truth("").is_err());
}

#[test]
fn numbers_are_checked_one_below_at_and_one_above_their_limits() {
    assert!(number("-1", 0, 10).is_err());
    assert_eq!(number("0", 0, 10), Ok(0));
    assert_eq!(number(" 10 ", 0, 10), Ok(10));
    assert!(number("11", 0, 10).is_err());
    assert!(number("1e3", 0, 10_000).is_err());
}

#[test]
fn fractions_are_finite() {
    assert_eq!(fraction("0.5"), Ok(0.5));
    assert!(fraction("NaN").is_err());
    assert!(fraction("inf").is_err());
}

#[test]
fn sizes_are_shown_for_people() {
    assert_eq!(size_text(0), "0 bytes");
    assert_eq!(size_text(1023), "1023 bytes");
    assert_eq!(size_text(64 << 20), "64 mb");
    assert_eq!(size_text(1536), "1.5 kb");
    assert_eq!(size_text(u64::MAX), "16777216 tb");
}

#[test]
fn quoted_values_are_short_and_on_one_line() {
    assert_eq!(quoted("a\nb"), "a b");
    assert_eq!(quoted(&"é".repeat(61)).chars().count(), 61);
}
