//! Producers, their windows, and transactions.

use super::client::{Client, class_of, loose};
use crate::codec::TransactionId;
use crate::generated::{
    ConnectionId, DataStructure, DestinationInfo, LocalTransactionId, Message, MessageId,
    ProducerInfo, TransactionInfo,
};
use bytes::Bytes;
use floodway_message::session::{Command, Destinations, Event, Failure, FailureKind, Reply, Send};

pub(super) fn open_producer(client: &mut Client, window_size: i32) {
    let producer_id = Some(client.producer_id());
    client.ask(|command_id| ProducerInfo {
        command_id,
        producer_id,
        window_size,
        ..ProducerInfo::default()
    });
    assert!(matches!(
        client.commands().as_slice(),
        [Command::OpenProducer(_)]
    ));
}

pub(super) fn message(client: &Client, destination: &str) -> Message {
    let producer_id = Some(client.producer_id());
    Message {
        type_id: 24,
        producer_id: producer_id.clone(),
        message_id: Some(MessageId {
            producer_id,
            producer_sequence_id: 1,
            ..MessageId::default()
        }),
        destination: Some(client.destination(destination)),
        content: Some(Bytes::from_static(&[0; 100]).into()),
        marshalled_properties: Some(Bytes::from_static(&[0; 4])),
        ..Message::default()
    }
}

#[track_caller]
fn sent(client: &mut Client) -> Send {
    let mut commands = client.commands();
    match commands.pop() {
        Some(Command::Send(send)) if commands.is_empty() => send,
        other => panic!("{other:?} after {commands:?}"),
    }
}

fn refuse(client: &mut Client, reply: Option<Reply>) {
    let failure = Failure::new(FailureKind::NoSpace, "full");
    client.tell(Event::Failed { reply, failure });
}

#[test]
fn a_message_is_answered_when_it_is_safe() {
    let mut client = Client::connected(loose(12));
    open_producer(&mut client, 0);
    let message = Message {
        response_required: true,
        ..message(&client, "Q")
    };
    client.ask(|command_id| Message {
        command_id,
        ..message.clone()
    });
    let send = sent(&mut client);
    assert!(client.take().is_empty());
    client.tell(Event::Done {
        reply: send.reply.unwrap(),
    });
    assert!(matches!(
        client.take().as_slice(),
        [DataStructure::Response(_)]
    ));
    client.ask(|command_id| Message {
        command_id,
        ..message
    });
    let send = sent(&mut client);
    refuse(&mut client, send.reply);
    assert_eq!(
        class_of(&client.take()),
        "javax.jms.ResourceAllocationException"
    );
}

#[test]
fn a_window_gets_its_bytes_back_also_of_what_is_refused() {
    let mut client = Client::connected(loose(12));
    open_producer(&mut client, 5000);
    let message = message(&client, "Q");
    client.ask(|command_id| Message {
        command_id,
        ..message.clone()
    });
    let send = sent(&mut client);
    client.tell(Event::Done {
        reply: send.reply.unwrap(),
    });
    let told = client.take();
    let [DataStructure::ProducerAck(ack)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!(ack.size, 1024 + 4 + 100);
    client.ask(|command_id| Message {
        command_id,
        ..message
    });
    let send = sent(&mut client);
    refuse(&mut client, send.reply);
    let told = client.take();
    let [
        DataStructure::ConnectionError(_),
        DataStructure::ProducerAck(ack),
    ] = told.as_slice()
    else {
        panic!("{told:?}");
    };
    assert_eq!(ack.size, 1024 + 4 + 100);
}

#[test]
fn nobody_is_told_of_a_message_that_was_sent_without_asking() {
    let mut client = Client::connected(loose(12));
    open_producer(&mut client, 0);
    let message = message(&client, "Q");
    client.ask(|command_id| Message {
        command_id,
        ..message
    });
    assert_eq!(sent(&mut client).reply, None);
    refuse(&mut client, None);
    let told = client.take();
    assert!(
        matches!(told.as_slice(), [DataStructure::ConnectionError(_)]),
        "{told:?}"
    );
}

#[test]
fn a_composite_destination_is_several_and_its_name_is_kept() {
    let mut client = Client::connected(loose(12));
    open_producer(&mut client, 0);
    let message = message(&client, "A, topic://B,,A");
    client.ask(|command_id| Message {
        command_id,
        ..message
    });
    let send = sent(&mut client);
    let Destinations::Many(many) = &send.destinations else {
        panic!("{:?}", send.destinations);
    };
    let names: Vec<String> = many.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["queue://A", "topic://B"]);
    let original = send.message.original_destination().unwrap();
    assert_eq!(original.name(), "A, topic://B,,A");
}

#[test]
fn a_message_of_an_unknown_producer_is_refused() {
    let mut client = Client::connected(loose(12));
    let message = Message {
        response_required: true,
        ..message(&client, "Q")
    };
    client.ask(|command_id| Message {
        command_id,
        ..message
    });
    assert_eq!(class_of(&client.take()), "javax.jms.JMSException");
    assert!(client.commands().is_empty());
}

#[test]
fn a_transaction_in_which_a_send_failed_is_rolled_back() {
    let mut client = Client::connected(loose(12));
    open_producer(&mut client, 0);
    let connection_id = Some(ConnectionId {
        value: Some(client.connection_id()),
    });
    let transaction_id = Some(TransactionId::Local(LocalTransactionId {
        value: 7,
        connection_id,
    }));
    let operate = |client: &mut Client, operation| {
        let transaction_id = transaction_id.clone();
        client.ask(|command_id| TransactionInfo {
            command_id,
            response_required: true,
            transaction_id,
            operation,
            ..TransactionInfo::default()
        });
    };
    operate(&mut client, 0);
    client.commands();
    let message = Message {
        transaction_id: transaction_id.clone(),
        ..message(&client, "Q")
    };
    client.ask(|command_id| Message {
        command_id,
        ..message
    });
    let send = sent(&mut client);
    refuse(&mut client, send.reply);
    client.take();
    operate(&mut client, 2);
    assert!(matches!(
        client.commands().as_slice(),
        [Command::Rollback { .. }]
    ));
    assert_eq!(
        class_of(&client.take()),
        "javax.jms.TransactionRolledBackException"
    );
    operate(&mut client, 2);
    assert_eq!(
        class_of(&client.take()),
        "javax.jms.JMSException",
        "it is over"
    );
}

#[test]
fn a_temporary_destination_of_another_connection_cannot_be_made_ones_own() {
    let mut client = Client::connected(loose(12));
    for name in ["ID:client-2:1:1", "ID:client-1:1:1:2", "short"] {
        let mut destination = client.destination(name);
        destination.type_id = 102;
        client.ask(|command_id| DestinationInfo {
            command_id,
            response_required: true,
            destination: Some(destination),
            ..DestinationInfo::default()
        });
        assert_eq!(
            class_of(&client.take()),
            "javax.jms.InvalidDestinationException"
        );
        assert!(client.commands().is_empty());
    }
}
