//! What clients introduce, and what advisories of it other clients get.

use super::client::{Client, loose};
use crate::codec::{Format, Text};
use crate::generated::{
    ActiveMQDestination, ConsumerInfo, DataStructure, DestinationInfo, Message as WireMessage,
    ProducerInfo, RemoveInfo, SessionId,
};
use bytes::Bytes;
use floodway_message::advisory::{
    ConnectionFacts, ConsumerFacts, Introduction, MESSAGE_TYPE, ProducerFacts, Thing,
};
use floodway_message::session::{Command, Delivery, Event};
use floodway_message::{
    Advisory, BodyKind, Destination, DestinationKind, Message, MessageBuilder, PropertyValue,
};
use std::sync::Arc;

fn queue(name: &str) -> Destination {
    Destination::new(DestinationKind::Queue, name).unwrap()
}

fn told(advisory: &Advisory) -> Message {
    let topic = Destination::new(DestinationKind::Topic, "ActiveMQ.Advisory.X").unwrap();
    let mut builder = MessageBuilder::new();
    builder
        .id("ID:broker-0:1:0:0:7")
        .priority(0)
        .destination(&topic)
        .message_type(MESSAGE_TYPE)
        .property("originBrokerName", PropertyValue::String("b"))
        .body(BodyKind::Advisory, advisory.encode());
    builder.build(0).unwrap()
}

/// What a client with an open consumer gets of an advisory.
fn received(advisory: &Advisory, format: Format) -> WireMessage {
    let mut client = Client::connected(format);
    client.open_consumer("watching", 10);
    client.tell(Event::Delivery(Delivery {
        consumer: 1,
        delivery: 1,
        message: Arc::new(told(advisory)),
        redeliveries: 0,
    }));
    let [DataStructure::MessageDispatch(dispatch)] = &client.take()[..] else {
        panic!("no dispatch");
    };
    (**dispatch.message.as_ref().unwrap()).clone()
}

fn payload(advisory: &Advisory) -> DataStructure {
    let message = received(advisory, loose(12));
    *message.data_structure.expect("a payload")
}

fn made_up(id: &str) -> Introduction {
    Introduction {
        id: id.into(),
        command: Bytes::new(),
    }
}

fn consumer_of(introduction: Introduction) -> Arc<ConsumerFacts> {
    Arc::new(ConsumerFacts {
        introduction,
        destinations: vec![queue("A"), queue("B")],
        client_id: "client".into(),
        selector: Some("a = 1".into()),
        durable_name: None,
        prefetch: 5,
        browser: false,
        no_local: false,
        exclusive: true,
        priority: -5,
    })
}

#[test]
fn an_advisory_is_a_plain_message_with_a_payload_in_every_version() {
    let owner = Some("ID:a-1:1".into());
    let destination = Destination::new(DestinationKind::TempQueue, "ID:a-1:1:1").unwrap();
    let advisory = Advisory::Present(Thing::Destination { destination, owner });
    for version in 1..=12 {
        for tight in [false, true] {
            let format = Format {
                tight,
                ..loose(version)
            };
            let message = received(&advisory, format);
            assert_eq!((message.type_id, message.priority), (23, 0));
            assert_eq!(message.message_type, Some("Advisory".into()));
            assert!(message.content.is_none() && !message.persistent);
            let Some(DataStructure::DestinationInfo(info)) = message.data_structure.as_deref()
            else {
                panic!("{message:?}");
            };
            assert_eq!(info.operation_type, 0);
            let destination = info.destination.as_ref().unwrap();
            assert_eq!(destination.type_id, 102);
            assert_eq!(destination.physical_name, Some("ID:a-1:1:1".into()));
            let owner = info.connection_id.as_ref().unwrap();
            assert_eq!(owner.value, Some("ID:a-1:1".into()));
        }
    }
}

#[test]
fn a_consumer_is_shown_to_others_as_its_client_introduced_it() {
    let mut client = Client::connected(loose(3));
    let info = ConsumerInfo {
        selector: Some("a = 1".into()),
        network_subscription: true,
        command_id: 9,
        ..client.consumer_info("Q", 1000)
    };
    let sent = info.clone();
    client.ask(|_| sent);
    let commands = client.commands();
    let [Command::OpenConsumer(open)] = &commands[..] else {
        panic!("{commands:?}");
    };
    let introduction = open.introduction.clone().unwrap();
    assert_eq!(&*introduction.id, "ID:client-1:1:1:1");
    let facts = consumer_of(introduction);
    let DataStructure::ConsumerInfo(shown) =
        payload(&Advisory::Present(Thing::Consumer(Arc::clone(&facts))))
    else {
        panic!("no ConsumerInfo");
    };
    let expected = ConsumerInfo {
        client_id: Some("client".into()),
        ..info
    };
    assert_eq!(*shown, expected);
    let DataStructure::RemoveInfo(gone) = payload(&Advisory::Gone(Thing::Consumer(facts))) else {
        panic!("no RemoveInfo");
    };
    let id = DataStructure::ConsumerId(client.consumer_id());
    assert_eq!(gone.object_id.as_deref(), Some(&id));
}

#[test]
fn a_password_is_not_shown_to_others() {
    let mut client = Client::open();
    client.introduce(loose(12));
    client.take();
    let info = client.connection_info();
    client.ask(|_| info);
    let commands = client.commands();
    let [Command::Connect(connect)] = &commands[..] else {
        panic!("{commands:?}");
    };
    let introduction = connect.introduction.clone().unwrap();
    let bytes = &introduction.command;
    assert!(!bytes.windows(4).any(|bytes| bytes == b"pass"));
    let facts = Arc::new(ConnectionFacts {
        introduction,
        client_id: "client".into(),
        user: None,
        peer: "127.0.0.1:5".into(),
    });
    let DataStructure::ConnectionInfo(shown) =
        payload(&Advisory::Present(Thing::Connection(Arc::clone(&facts))))
    else {
        panic!("no ConnectionInfo");
    };
    assert!(shown.password.is_none());
    assert_eq!(shown.user_name, Some("user".into()));
    assert_eq!(shown.client_ip, Some("tcp://127.0.0.1:5".into()));
    let DataStructure::RemoveInfo(gone) = payload(&Advisory::Gone(Thing::Connection(facts))) else {
        panic!("no RemoveInfo");
    };
    assert!(matches!(
        gone.object_id.as_deref(),
        Some(DataStructure::ConnectionId(id)) if id.value == Some("ID:client-1:1".into())
    ));
}

#[test]
fn producers_come_and_go_alone_or_with_their_session() {
    let mut client = Client::connected(loose(12));
    let open = |client: &mut Client, value| {
        let mut producer_id = client.producer_id();
        producer_id.value = value;
        let destination = Some(client.destination("A,B"));
        client.ask(|_| ProducerInfo {
            producer_id: Some(producer_id),
            destination,
            ..ProducerInfo::default()
        });
        match client.commands().pop() {
            Some(Command::OpenProducer(open)) => *open,
            other => panic!("{other:?}"),
        }
    };
    let first = open(&mut client, 1);
    let second = open(&mut client, 2);
    assert_eq!(first.destinations, [queue("A"), queue("B")]);
    let facts = Arc::new(ProducerFacts {
        introduction: first.introduction.clone().unwrap(),
        destinations: first.destinations,
    });
    assert!(matches!(
        payload(&Advisory::Present(Thing::Producer(facts))),
        DataStructure::ProducerInfo(info) if info.producer_id == Some(client.producer_id())
    ));
    let remove = |client: &mut Client, object| {
        client.ask(|_| RemoveInfo {
            object_id: Some(Box::new(object)),
            ..RemoveInfo::default()
        });
        client.commands()
    };
    let producer = DataStructure::ProducerId(client.producer_id());
    let commands = remove(&mut client, producer);
    assert!(
        matches!(commands[..], [Command::CloseProducer { producer }] if producer == first.producer)
    );
    let session = DataStructure::SessionId(SessionId {
        connection_id: Some(client.connection_id()),
        value: 1,
    });
    let commands = remove(&mut client, session);
    assert!(
        matches!(commands[..], [Command::CloseProducer { producer }] if producer == second.producer)
    );
}

#[test]
fn an_id_of_another_connection_is_not_shown() {
    let mut client = Client::connected(loose(12));
    let mut consumer_id = client.consumer_id();
    consumer_id.connection_id = Some("ID:client-2:1".into());
    let info = ConsumerInfo {
        consumer_id: Some(consumer_id),
        ..client.consumer_info("Q", 1000)
    };
    client.ask(|_| info);
    let commands = client.commands();
    let [Command::OpenConsumer(open)] = &commands[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(open.introduction, None);
}

#[test]
fn long_commands_are_not_kept_and_made_up_again() {
    let mut client = Client::connected(loose(12));
    let selector = format!("a = '{}'", "x".repeat(5000));
    let info = ConsumerInfo {
        selector: Some(Text::new(&selector)),
        ..client.consumer_info("Q", 1000)
    };
    client.ask(|_| info);
    let commands = client.commands();
    let [Command::OpenConsumer(open)] = &commands[..] else {
        panic!("{commands:?}");
    };
    let introduction = open.introduction.clone().unwrap();
    assert!(introduction.command.is_empty());
    let facts = consumer_of(introduction);
    let DataStructure::ConsumerInfo(shown) = payload(&Advisory::Present(Thing::Consumer(facts)))
    else {
        panic!("no ConsumerInfo");
    };
    assert_eq!(shown.consumer_id, Some(client.consumer_id()));
    assert_eq!(shown.selector, Some("a = 1".into()));
}

#[test]
fn clients_of_other_protocols_are_shown_too() {
    let foreign = Introduction {
        id: "ID:b-1-5:1:1:3".into(),
        command: Bytes::from_static(b"\x01anything"),
    };
    for introduction in [foreign, made_up("ID:b-1-5:1:1:3")] {
        let facts = consumer_of(introduction);
        let DataStructure::ConsumerInfo(shown) =
            payload(&Advisory::Present(Thing::Consumer(facts)))
        else {
            panic!("no ConsumerInfo");
        };
        let id = shown.consumer_id.unwrap();
        assert_eq!(id.connection_id, Some("ID:b-1-5:1".into()));
        assert_eq!((id.session_id, id.value), (1, 3));
        let composite = ActiveMQDestination {
            type_id: 100,
            physical_name: Some("A,B".into()),
        };
        assert_eq!(shown.destination, Some(composite));
        assert_eq!((shown.prefetch_size, shown.priority), (5, -5));
        assert!(shown.exclusive);
    }
}

#[test]
fn a_message_is_told_without_its_body_unless_wanted() {
    let mut builder = MessageBuilder::new();
    builder
        .id("ID:a-1:1:1:1:1")
        .destination(&queue("Q"))
        .body(BodyKind::Text, "text".into());
    let message = builder.build(0).unwrap();
    for has_body in [false, true] {
        let message = message.clone();
        let told = payload(&Advisory::Message { message, has_body });
        let DataStructure::Message(inner) = told else {
            panic!("{told:?}");
        };
        assert_eq!(inner.type_id, 28);
        assert_eq!(inner.message_id.unwrap().producer_sequence_id, 1);
        assert_eq!(inner.content.is_some(), has_body);
    }
    assert!(
        received(&Advisory::Properties, loose(12))
            .data_structure
            .is_none()
    );
}

#[test]
fn a_temporary_destination_is_the_cores_to_tell_of() {
    let mut client = Client::connected(loose(12));
    let mut destination = client.destination("ID:client-1:1:1");
    destination.type_id = 102;
    for operation_type in [0, 1] {
        let destination = Some(destination.clone());
        client.ask(|_| DestinationInfo {
            destination,
            operation_type,
            ..DestinationInfo::default()
        });
    }
    let commands = client.commands();
    assert!(matches!(
        commands[..],
        [
            Command::CreateDestination { .. },
            Command::RemoveDestination { .. }
        ]
    ));
}
