use super::*;
use floodway_message::MessageBuilder;

fn asked(properties: &[(&str, PropertyValue<'_>)]) -> Result<Option<Schedule>, String> {
    let mut builder = MessageBuilder::new();
    for (name, value) in properties {
        builder.property(name, *value);
    }
    Schedule::of(&builder.build(0).unwrap()).map_err(|failure| failure.text.to_string())
}

#[test]
fn numbers_may_be_of_any_whole_kind_or_text() {
    let expected = Schedule {
        delay_ms: 1000,
        period_ms: 20,
        repeat: 3,
        cron: String::new(),
    };
    for properties in [
        [
            (DELAY, PropertyValue::Long(1000)),
            (PERIOD, PropertyValue::Byte(20)),
            (REPEAT, PropertyValue::Integer(3)),
        ],
        [
            (DELAY, PropertyValue::String("1000")),
            (PERIOD, PropertyValue::Short(20)),
            (REPEAT, PropertyValue::String(" 3 ")),
        ],
    ] {
        assert_eq!(asked(&properties), Ok(Some(expected.clone())));
    }
}

#[test]
fn only_what_gives_a_time_is_a_schedule() {
    assert_eq!(asked(&[]), Ok(None));
    assert_eq!(asked(&[(REPEAT, PropertyValue::Integer(3))]), Ok(None));
    assert_eq!(asked(&[(DELAY, PropertyValue::Null)]), Ok(None));
    let again = [
        (DELAY, PropertyValue::Long(5)),
        (JOB_ID, PropertyValue::String("ID:1")),
    ];
    assert_eq!(asked(&again), Ok(None));
    for at_once in [0, -1] {
        let found = asked(&[(DELAY, PropertyValue::Long(at_once))]).unwrap();
        assert!(found.unwrap().is_at_once());
    }
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    let text = PropertyValue::String;
    for (properties, expected) in [
        (vec![(DELAY, text("abc"))], DELAY),
        (vec![(DELAY, text(""))], DELAY),
        (vec![(DELAY, PropertyValue::Double(1.5))], DELAY),
        (vec![(PERIOD, PropertyValue::Boolean(true))], PERIOD),
        (
            vec![(DELAY, text("1")), (REPEAT, text("99999999999"))],
            REPEAT,
        ),
        (vec![(DELAY, text("1")), (REPEAT, text("-1"))], REPEAT),
        (
            vec![(CRON, text("* * * * *")), (REPEAT, text("-1"))],
            REPEAT,
        ),
        (vec![(CRON, text("61 * * * *"))], CRON),
        (vec![(CRON, PropertyValue::Long(1))], CRON),
    ] {
        let error = asked(&properties).unwrap_err();
        assert!(
            error.contains(&format!("because of {expected}:")),
            "{error}"
        );
    }
    let many = asked(&[
        (PERIOD, PropertyValue::Long(1)),
        (REPEAT, PropertyValue::Integer(1001)),
    ]);
    let many = many.unwrap().unwrap();
    assert!(many.bounded(1001).is_ok());
    let error = many.bounded(1000).unwrap_err().text.to_string();
    assert!(error.contains("maxSchedulerRepeatAllowed"), "{error}");
}

#[test]
fn delay_or_else_period_comes_before_the_first_time() {
    let utc = TimeZone::UTC;
    let of = |delay_ms, period_ms, cron: &str| Schedule {
        delay_ms,
        period_ms,
        repeat: 1,
        cron: cron.into(),
    };
    assert_eq!(of(7, 5, "").first_ms(1000, &utc), Ok(1007));
    assert_eq!(of(0, 5, "").first_ms(1000, &utc), Ok(1005));
    assert_eq!(of(0, 0, "").first_ms(1000, &utc), Ok(1000));
    assert_eq!(of(7, 5, "* * * * *").first_ms(1000, &utc), Ok(60_007));
    assert_eq!(of(i64::MAX, 0, "").first_ms(1000, &utc), Ok(i64::MAX));
    assert!(of(0, 0, "0 0 31 2 *").first_ms(1000, &utc).is_err());
}

#[test]
fn repetitions_keep_their_beat_and_do_not_make_up_for_a_long_break() {
    let every = Schedule {
        period_ms: 500,
        ..Schedule::default()
    };
    assert_eq!(every.repeated_ms(1000, 1180), 1500);
    assert_eq!(every.repeated_ms(1000, 2000), 1500);
    assert_eq!(every.repeated_ms(1000, 9000), 9500);
}
