//! The arithmetic of heart-beats at its ends.

use super::*;

fn at(monotonic_ms: u64) -> Now {
    Now {
        monotonic_ms,
        wall_ms: 0,
    }
}

fn heart(receive_ms: u64, send_ms: u64, grace: f64) -> Heart {
    let mut heart = Heart::default();
    let settings = Settings {
        heart_beat_grace: grace,
        ..Settings::default()
    };
    let agreed = HeartBeat {
        receive_ms,
        send_ms,
    };
    heart.start(at(100), agreed, &settings);
    heart
}

#[test]
fn a_heart_that_was_not_started_wants_nothing() {
    let mut output = Output::default();
    assert_eq!(Heart::default().tick(at(u64::MAX), &mut output), Ok(None));
    assert!(output.is_empty());
}

#[test]
fn the_sooner_of_both_directions_is_the_next_tick() {
    let mut output = Output::default();
    assert_eq!(
        heart(10, 1000, 1.0).tick(at(100), &mut output),
        Ok(Some(120))
    );
    assert_eq!(
        heart(1000, 10, 1.0).tick(at(100), &mut output),
        Ok(Some(108))
    );
}

#[test]
fn intervals_of_any_size_do_not_overflow() {
    let mut output = Output::default();
    let mut endless = heart(u64::MAX, u64::MAX, 2.0);
    assert!(matches!(
        endless.tick(at(u64::MAX - 1), &mut output),
        Ok(Some(_))
    ));
    let mut shortest = heart(0, 1, 1.0);
    assert_eq!(shortest.tick(at(101), &mut output), Ok(Some(102)));
    let mut no_grace = heart(1000, 0, -1.0);
    assert_eq!(no_grace.tick(at(u64::MAX), &mut output), Ok(None));
}

#[test]
fn a_clock_that_stands_still_or_steps_back_harms_nothing() {
    let mut output = Output::default();
    let mut heart = heart(1000, 1000, 1.0);
    assert!(heart.tick(at(0), &mut output).is_ok());
    assert!(output.is_empty());
}
