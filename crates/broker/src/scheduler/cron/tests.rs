use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::posix(name).unwrap()
}

fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

fn next(entry: &str, after: &str) -> String {
    next_in(entry, after, &TimeZone::UTC)
}

fn next_in(entry: &str, after: &str, zone: &TimeZone) -> String {
    let cron = Cron::parse(entry).unwrap();
    match cron.next_ms(at(after), zone) {
        Some(found) => Timestamp::from_millisecond(found).unwrap().to_string(),
        None => "never".into(),
    }
}

#[test]
fn next_time_fits_all_five_fields() {
    for (entry, after, expected) in [
        ("* * * * *", "2026-11-23T10:00:00Z", "2026-11-23T10:01:00Z"),
        (
            "* * * * *",
            "2026-11-23T10:00:59.999Z",
            "2026-11-23T10:01:00Z",
        ),
        ("0 * * * *", "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"),
        (
            "*/15 * * * *",
            "2026-11-23T10:44:10Z",
            "2026-11-23T10:45:00Z",
        ),
        ("30 2 * * *", "2026-11-23T10:00:00Z", "2026-11-24T02:30:00Z"),
        ("0 0 1 1 *", "2026-11-23T10:00:00Z", "2027-01-01T00:00:00Z"),
        (
            "0 12 * * 1-5",
            "2026-11-27T12:00:00Z",
            "2026-11-30T12:00:00Z",
        ),
        ("0 12 * * 7", "2026-11-23T10:00:00Z", "2026-11-29T12:00:00Z"),
        ("0 12 ? * 0", "2026-11-23T10:00:00Z", "2026-11-29T12:00:00Z"),
        (
            "5,10,20-22 0 * * *",
            "2026-11-23T00:20:00Z",
            "2026-11-23T00:21:00Z",
        ),
        ("0 0 29 2 *", "2026-11-23T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 29 2 *", "2097-01-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 0 31 2 *", "2026-11-23T00:00:00Z", "never"),
        (
            "59 23 31 12 *",
            "2026-12-31T23:59:00Z",
            "2027-12-31T23:59:00Z",
        ),
    ] {
        assert_eq!(next(entry, after), expected, "{entry} after {after}");
    }
}

#[test]
fn either_day_fits_when_both_are_restricted() {
    // A Monday; the 25th is a Wednesday, the 27th a Friday.
    let after = "2026-11-23T10:00:00Z";
    assert_eq!(next("0 0 25 * 5", after), "2026-11-25T00:00:00Z");
    assert_eq!(
        next("0 0 25 * 5", "2026-11-25T00:00:00Z"),
        "2026-11-27T00:00:00Z"
    );
}

#[test]
fn a_step_takes_multiples() {
    let after = "2026-11-30T10:00:00Z";
    assert_eq!(next("0 0 */2 * *", after), "2026-12-02T00:00:00Z");
    assert_eq!(next("*/20,7 * * * *", after), "2026-11-30T10:07:00Z");
    assert_eq!(next("5,7,9/3 * * * *", after), "2026-11-30T10:09:00Z");
    assert_eq!(
        next("10-30/7 * * * *", "2026-11-30T10:00:00Z"),
        "2026-11-30T10:14:00Z"
    );
}

#[test]
fn what_is_no_entry_is_told_by_its_field() {
    for (entry, expected) in [
        ("", "it has 0 fields"),
        ("* * * *", "it has 4 fields"),
        ("* * * * * *", "it has 6 fields"),
        ("61 * * * *", "61 is not a minute: it must be 0 to 59"),
        ("* 24 * * *", "24 is not a hour"),
        ("* * 0 * *", "0 is not a day of month"),
        ("* * * 13 *", "13 is not a month"),
        ("* * * * 8", "8 is not a day of week"),
        ("* * * * MON", "\"MON\" is not a day of week"),
        ("*/0 * * * *", "\"*/0\" is not a minute"),
        ("-5 * * * *", "\"-5\" is not a minute"),
        ("5/10 * * * *", "no minute fits \"5/10\""),
        ("30-10 * * * *", "no minute fits \"30-10\""),
        ("1,,2 * * * *", "\"\" is not a minute"),
        ("99999999999 * * * *", "is not a minute"),
    ] {
        let error = Cron::parse(entry).unwrap_err().to_string();
        assert!(error.contains(expected), "{entry}: {error}");
    }
    let long = "1,".repeat(200) + " * * * *";
    assert_eq!(Cron::parse(&long), Err(CronError::TooLong));
}

#[test]
fn times_are_of_the_zone_and_pass_over_its_changes_of_the_clock() {
    let berlin = zone("CET-1CEST,M3.5.0,M10.5.0/3");
    assert_eq!(
        next_in("30 2 * * *", "2026-11-23T00:00:00Z", &berlin),
        "2026-11-23T01:30:00Z"
    );
    // 02:30 does not exist on the 29th of March: an hour later by the clock.
    assert_eq!(
        next_in("30 2 * * *", "2026-03-28T12:00:00Z", &berlin),
        "2026-03-29T01:30:00Z"
    );
    // 02:30 comes twice on the 25th of October: the first counts.
    assert_eq!(
        next_in("30 2 * * *", "2026-10-24T12:00:00Z", &berlin),
        "2026-10-25T00:30:00Z"
    );
    assert_eq!(
        next_in("30 2 * * *", "2026-10-25T00:30:00Z", &berlin),
        "2026-10-26T01:30:00Z"
    );
    // Every minute goes on through both.
    assert_eq!(
        next_in("* * * * *", "2026-03-29T00:59:00Z", &berlin),
        "2026-03-29T01:00:00Z"
    );
    assert_eq!(
        next_in("* * * * *", "2026-10-25T00:59:00Z", &berlin),
        "2026-10-25T01:00:00Z"
    );
    assert_eq!(
        next_in("* * * * *", "2026-10-25T01:59:00Z", &berlin),
        "2026-10-25T02:00:00Z"
    );
}
