use super::*;

#[test]
fn uri_form_is_read_back() {
    for text in [
        "queue://A.B",
        "topic://>",
        "temp-queue://ID:x:1",
        "temp-topic://ID:x:2",
    ] {
        assert_eq!(Destination::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(
        Destination::parse("A").unwrap().kind(),
        DestinationKind::Queue
    );
}

#[test]
fn names_at_and_over_the_limit() {
    let at = "x".repeat(NAME_BYTES_MAX);
    assert!(Destination::new(DestinationKind::Queue, &at).is_ok());
    let over = "x".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(
        Destination::new(DestinationKind::Queue, &over),
        Err(DestinationError::TooLong {
            length: NAME_BYTES_MAX + 1
        })
    );
    assert_eq!(Destination::parse("topic://"), Err(DestinationError::Empty));
}
