use super::*;

fn at(seconds: u64) -> Now {
    Now {
        monotonic_ms: seconds * 1000,
        wall_ms: 0,
    }
}

#[test]
fn a_rate_is_known_from_the_second_look_and_follows_what_happens() {
    let mut slope = Slope::default();
    slope.look(at(5), 100);
    assert_eq!(slope.per_second(), None);
    slope.look(at(10), 600);
    assert_eq!(slope.per_second(), Some(100.0));
    slope.look(at(15), 600);
    assert_eq!(slope.per_second(), Some(50.0));
    slope.look(at(20), 100);
    assert_eq!(slope.per_second(), Some(-25.0));
    // Twice in one moment says nothing.
    slope.look(at(20), 900);
    assert_eq!(slope.per_second(), Some(-25.0));
}

#[test]
fn only_what_rises_becomes_full() {
    let mut slope = Slope::default();
    slope.look(at(0), 0);
    slope.look(at(1), 100);
    assert_eq!(slope.full_in_ms(500, 1000), Some(5000));
    assert_eq!(slope.full_in_ms(1000, 1000), None, "it is full");
    assert_eq!(slope.full_in_ms(500, 0), None, "no limit");
    assert_eq!(slope.full_in_ms(0, u64::MAX), None, "too far away");
    slope.look(at(2), 0);
    slope.look(at(3), 0);
    slope.look(at(4), 0);
    assert_eq!(slope.full_in_ms(500, 1000), None);
}
