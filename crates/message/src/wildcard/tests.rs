use super::*;

#[test]
fn star_is_one_element_and_greater_is_the_rest() {
    assert!(matches("A.*", "A.B"));
    assert!(!matches("A.*", "A"));
    assert!(!matches("A.*", "A.B.C"));
    assert!(matches("A.>", "A.B.C"));
    assert!(matches("A.>", "A"));
    assert!(matches(">", "anything.at.all"));
    assert!(matches("*.B", "A.B"));
    assert!(!matches("A.B", "A.C"));
    assert!(!matches("A.B.C", "A.B"));
}

#[test]
fn only_whole_elements_are_wildcards() {
    assert!(!is_pattern("A.B*"));
    assert!(is_pattern("A.*"));
    assert!(is_pattern(">"));
}

#[test]
fn literal_is_more_specific_than_star_than_greater() {
    assert!(specificity("A.B") > specificity("A.*"));
    assert!(specificity("A.*") > specificity("A.>"));
    assert!(specificity("A.>") > specificity(">"));
}
