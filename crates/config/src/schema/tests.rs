use super::*;

#[test]
fn the_table_knows_the_elements_of_activemq_and_their_defaults() {
    let schema = Schema::shared();
    assert!(schema.elements.len() >= 149, "{}", schema.elements.len());
    let entry = schema.element("policyEntry").unwrap();
    assert_eq!(entry.default_of("queuePrefetch"), Some("1000"));
    assert!(entry.has_attribute("memoryLimit"));
    assert!(!entry.is_removed());
    assert!(schema.is_property("transportConnectors"));
    assert!(schema.element("levelDB").unwrap().is_removed());
    assert!(!schema.element("broker").unwrap().is_removed());
    assert!(schema.element("mongodb").is_none());
}

#[test]
fn typing_mistakes_find_what_was_meant() {
    let schema = Schema::shared();
    let entry = schema.element("policyEntry").unwrap();
    assert_eq!(
        entry.nearest_attribute("producerFlowControll"),
        Some("producerFlowControl")
    );
    assert_eq!(entry.nearest_attribute("memorylimit"), Some("memoryLimit"));
    assert_eq!(entry.nearest_attribute("colour"), None);
    assert_eq!(
        schema.nearest_element("transportConector"),
        Some("transportConnector")
    );
    assert_eq!(schema.nearest_element(&"x".repeat(1000)), None);
}

#[test]
fn edits_are_counted() {
    for (left, right, count) in [
        ("", "", 0),
        ("a", "", 1),
        ("kitten", "sitting", 3),
        ("ab", "ba", 2),
    ] {
        assert_eq!(edits(left, right), count, "{left} {right}");
    }
}
