use super::*;

#[test]
fn descriptors_are_read_back() {
    let destination = Destination::parse("queue://A.B").unwrap();
    let read_back = read(&describe(&destination, &Role::Queue, 3));
    assert_eq!(
        read_back,
        Some(Described::Queue {
            destination,
            lane: 3
        })
    );
    let destination = Destination::parse("topic://A.>").unwrap();
    let role = Role::Durable {
        client_id: "c".into(),
        name: "n".into(),
    };
    let expected = Described::Durable {
        destination: destination.clone(),
        lane: 0,
        client_id: "c".into(),
        name: "n".into(),
    };
    assert_eq!(read(&describe(&destination, &role, 0)), Some(expected));
}

#[test]
fn cut_or_foreign_descriptors_are_refused() {
    let whole = describe(&Destination::parse("queue://A").unwrap(), &Role::Queue, 0);
    for length in 0..whole.len() {
        assert_eq!(read(&whole[..length]), None, "length {length}");
    }
    assert_eq!(read(b"X\0"), None);
}

#[test]
fn notes_of_durable_subscriptions_are_read_back() {
    for selector in [None, Some("a = 1".to_owned())] {
        let note = DurableNote {
            client_id: "c".into(),
            name: "n".into(),
            destination: Destination::parse("topic://A.>").unwrap(),
            no_local: true,
            selector,
        };
        let key = DurableNote::key("c", "n");
        assert_eq!(DurableNote::read(&key, &note.value()), Some(note));
    }
}
