use super::*;

#[test]
fn a_repeated_number_of_a_producer_is_a_duplicate() {
    let mut audit = Audit::new(10);
    assert!(audit.accept("p", 1));
    assert!(audit.accept("p", 2));
    assert!(!audit.accept("p", 2));
    assert!(!audit.accept("p", 1));
    assert!(audit.accept("q", 1));
}

#[test]
fn a_number_that_was_overtaken_is_new() {
    let mut audit = Audit::new(10);
    assert!(audit.accept("p", 7));
    assert!(audit.accept("p", 1000));
    for number in [6, 8, 999] {
        assert!(audit.accept("p", number));
        assert!(!audit.accept("p", number));
    }
    assert!(!audit.accept("p", 7));
}

#[test]
fn only_the_latest_numbers_are_known() {
    let mut audit = Audit::new(10);
    assert!(audit.accept("p", 5));
    assert!(audit.accept("p", 4 + WINDOW));
    assert!(!audit.accept("p", 5));
    assert!(audit.accept("p", 5 + WINDOW));
    assert!(audit.accept("p", 5), "too long ago");
    assert!(!audit.accept("p", 5 + WINDOW));
    assert!(audit.accept("p", u64::MAX));
    assert!(!audit.accept("p", u64::MAX));
    assert!(audit.accept("p", u64::MAX - WINDOW + 1));
}

#[test]
fn the_producer_silent_longest_is_forgotten_first() {
    let mut audit = Audit::new(2);
    audit.accept("a", 1);
    audit.accept("b", 1);
    audit.accept("a", 2);
    audit.accept("c", 1);
    assert!(!audit.accept("a", 2), "a was used after b");
    assert!(audit.accept("b", 1), "b was forgotten");
}
