use super::*;

#[test]
fn a_repeated_or_lower_number_of_a_producer_is_a_duplicate() {
    let mut audit = Audit::new(10);
    assert!(audit.is_new("p", 1));
    assert!(audit.is_new("p", 2));
    assert!(!audit.is_new("p", 2));
    assert!(!audit.is_new("p", 1));
    assert!(audit.is_new("q", 1));
}

#[test]
fn the_producer_silent_longest_is_forgotten_first() {
    let mut audit = Audit::new(2);
    audit.is_new("a", 1);
    audit.is_new("b", 1);
    audit.is_new("a", 2);
    audit.is_new("c", 1);
    assert!(!audit.is_new("a", 2), "a was used after b");
    assert!(audit.is_new("b", 1), "b was forgotten");
}
