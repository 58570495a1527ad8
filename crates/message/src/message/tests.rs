use super::*;

fn sample() -> Message {
    let mut builder = MessageBuilder::new();
    builder
        .id("ID:x:1")
        .destination(&Destination::parse("queue://A").unwrap())
        .persistent(true)
        .priority(7)
        .timestamp_ms(5)
        .expiration_ms(10)
        .group_sequence(-1)
        .producer_sequence("p", 9)
        .property("color", PropertyValue::String("red"))
        .property("weight", PropertyValue::Integer(-3))
        .body(BodyKind::Text, Bytes::from_static(b"hello"));
    builder.build(1024).unwrap()
}

#[test]
fn what_was_set_is_read_back_also_after_storing() {
    let message = sample();
    let stored = Message::from_parts(message.head().clone(), message.body().clone()).unwrap();
    assert_eq!(stored.id(), "ID:x:1");
    assert_eq!(stored.destination().unwrap().to_string(), "queue://A");
    assert!(stored.is_persistent());
    assert_eq!(
        (
            stored.priority(),
            stored.timestamp_ms(),
            stored.expiration_ms()
        ),
        (7, 5, 10)
    );
    assert_eq!(stored.group_sequence(), -1);
    assert_eq!(stored.producer_sequence(), Some(("p", 9)));
    assert_eq!(stored.property("color"), Some(PropertyValue::String("red")));
    assert_eq!(stored.property("weight"), Some(PropertyValue::Integer(-3)));
    assert_eq!(stored.property("absent"), None);
    assert_eq!(&stored.body()[..], b"hello");
    assert!(stored.is_expired(10) && !stored.is_expired(9));
}

#[test]
fn rebuilding_replaces_a_field_and_keeps_the_others() {
    let mut builder = sample().rebuild();
    builder.destination(&Destination::parse("queue://DLQ").unwrap());
    let moved = builder.build(0).unwrap();
    assert_eq!(moved.destination().unwrap().name(), "DLQ");
    assert_eq!(moved.id(), "ID:x:1");
    assert_eq!(moved.properties().count(), 2);
}

#[test]
fn rebuilding_takes_out_properties_and_the_producers_number() {
    let mut builder = sample().rebuild();
    builder.remove_properties(|name| name == "color");
    builder.remove_producer_sequence();
    let rest = builder.build(0).unwrap();
    assert_eq!(rest.property("color"), None);
    assert_eq!(rest.property("weight"), Some(PropertyValue::Integer(-3)));
    assert_eq!(rest.producer_sequence(), None);
    assert_eq!((rest.id(), rest.priority()), ("ID:x:1", 7));
}

#[test]
fn a_cut_head_is_refused_at_every_length() {
    let message = sample();
    let whole = message.head();
    let mut accepted = Vec::new();
    for length in 0..whole.len() {
        if Message::from_parts(whole.slice(..length), Bytes::new()).is_ok() {
            accepted.push(length);
        }
    }
    // A cut between two fields is a shorter, complete head; every other cut is noticed.
    let mut ends = vec![FIXED_BYTES];
    for (_, bytes) in fields::iterate(whole) {
        ends.push(ends.last().unwrap() + 5 + bytes.len());
    }
    ends.pop();
    assert_eq!(accepted, ends);
}

#[test]
fn fields_are_listed_in_the_order_in_which_they_were_set() {
    let mut builder = MessageBuilder::new();
    builder
        .id("ID:1")
        .destination(&Destination::parse("topic://T").unwrap());
    builder
        .transaction_id("hidden")
        .reply_to(&Destination::parse("temp-queue://R").unwrap());
    builder
        .group_sequence(7)
        .property("k", PropertyValue::Long(9));
    let message = builder.build(0).unwrap();
    assert_eq!(
        message.fields().collect::<Vec<_>>(),
        [
            Field::Id(b"ID:1"),
            Field::Destination(DestinationKind::Topic, b"T"),
            Field::ReplyTo(DestinationKind::TempQueue, b"R"),
            Field::GroupSequence(7),
            Field::Property(b"k", PropertyValue::Long(9)),
        ]
    );
}

#[test]
fn a_copied_body_equals_one_given_by_reference() {
    let mut reused = MessageBuilder::new();
    reused.priority(9).persistent(true).id("ID:1");
    reused.build_copying(BodyKind::Bytes, b"before").unwrap();
    let by_copy = reused.build_copying(BodyKind::Text, b"body").unwrap();
    let mut builder = MessageBuilder::new();
    builder.body(BodyKind::Text, Bytes::from_static(b"body"));
    let by_reference = builder.build(usize::MAX).unwrap();
    assert_eq!(by_copy.head(), by_reference.head());
    assert_eq!(by_copy.body(), by_reference.body());
    assert_eq!(by_copy.body_kind(), BodyKind::Text);
}
