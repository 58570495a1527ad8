//! Acknowledgements, windows, pulls, and the end of consumers.

use super::client::{Client, class_of, loose};
use crate::codec::TransactionId;
use crate::generated::{
    ConnectionId, ConsumerControl, DataStructure, LocalTransactionId, MessageAck, MessageId,
    MessagePull, ProducerId, RemoveInfo, TransactionInfo,
};
use floodway_message::session::{Ack, AckKind, AckRange, Command, Event};

const DELIVERED: i8 = 0;
const POISON: i8 = 1;
const STANDARD: i8 = 2;
const REDELIVERED: i8 = 3;
const INDIVIDUAL: i8 = 4;

/// A client with ten messages: deliveries 1 to 10 with the numbers 101 to 110.
fn with_ten() -> Client {
    let mut client = Client::connected(loose(12));
    client.open_consumer("Q", 10);
    for delivery in 1..=10 {
        client.deliver(delivery, 100 + i64::try_from(delivery).unwrap(), "x");
    }
    client.take();
    client
}

fn id(sequence: i64) -> Option<MessageId> {
    let connection_id = Some("ID:other-1:1".into());
    let producer_id = Some(ProducerId {
        connection_id,
        value: 1,
        session_id: 1,
    });
    Some(MessageId {
        producer_id,
        producer_sequence_id: sequence,
        ..MessageId::default()
    })
}

fn ack(client: &mut Client, ack_type: i8, range: (Option<i64>, i64), count: i32) {
    let consumer_id = Some(client.consumer_id());
    client.ask(|command_id| MessageAck {
        command_id,
        response_required: true,
        consumer_id,
        ack_type,
        first_message_id: range.0.and_then(id),
        last_message_id: id(range.1),
        message_count: count,
        ..MessageAck::default()
    });
}

/// Ranges and kinds of the acknowledgements among the commands.
fn acks(client: &mut Client) -> Vec<(AckRange, AckKind)> {
    let commands = client.commands();
    let acks = commands.into_iter().filter_map(|command| match command {
        Command::Ack(Ack { range, kind, .. }) => Some((range, kind)),
        _ => None,
    });
    acks.collect()
}

#[test]
fn a_range_from_the_oldest_is_one_cumulative_acknowledgement() {
    let mut client = with_ten();
    ack(&mut client, STANDARD, (Some(101), 103), 3);
    assert_eq!(acks(&mut client), [(AckRange::UpTo(3), AckKind::Consumed)]);
    ack(&mut client, STANDARD, (None, 105), 2);
    assert_eq!(acks(&mut client), [(AckRange::UpTo(5), AckKind::Consumed)]);
    ack(&mut client, POISON, (Some(106), 106), 1);
    assert_eq!(acks(&mut client), [(AckRange::UpTo(6), AckKind::Poison)]);
}

#[test]
fn a_range_in_the_middle_leaves_what_is_before_it() {
    let mut client = with_ten();
    ack(&mut client, STANDARD, (Some(104), 105), 2);
    let consumed = |delivery| (AckRange::One(delivery), AckKind::Consumed);
    assert_eq!(acks(&mut client), [consumed(4), consumed(5)]);
    ack(&mut client, INDIVIDUAL, (None, 108), 1);
    assert_eq!(acks(&mut client), [consumed(8)]);
    ack(&mut client, STANDARD, (Some(101), 106), 4);
    assert_eq!(acks(&mut client), [(AckRange::UpTo(6), AckKind::Consumed)]);
}

#[test]
fn the_core_answers_an_acknowledgement_that_asks_for_it() {
    let mut client = with_ten();
    ack(&mut client, STANDARD, (None, 101), 1);
    let commands = client.commands();
    let [
        Command::Ack(Ack {
            reply: Some(reply), ..
        }),
    ] = commands.as_slice()
    else {
        panic!("{commands:?}");
    };
    assert!(client.take().is_empty());
    client.tell(Event::Done { reply: *reply });
    assert!(matches!(
        client.take().as_slice(),
        [DataStructure::Response(_)]
    ));
}

#[test]
fn what_was_not_delivered_cannot_be_acknowledged() {
    for (kind, refused) in [
        (STANDARD, true),
        (DELIVERED, true),
        (POISON, true),
        (REDELIVERED, true),
    ]
    .into_iter()
    .chain([(INDIVIDUAL, false), (5, false), (9, false)])
    {
        let mut client = with_ten();
        ack(&mut client, kind, (None, 999), 1);
        let told = client.take();
        assert_eq!(
            matches!(told[0], DataStructure::ExceptionResponse(_)),
            refused,
            "{kind}"
        );
        assert!(acks(&mut client).is_empty());
    }
}

#[test]
fn messages_that_were_passed_on_leave_room_until_they_are_acknowledged() {
    let mut client = with_ten();
    ack(&mut client, DELIVERED, (Some(101), 105), 5);
    let commands = client.commands();
    assert!(
        matches!(
            commands.as_slice(),
            [Command::SetPrefetch {
                consumer: 1,
                prefetch: 15
            }]
        ),
        "{commands:?}"
    );
    ack(&mut client, STANDARD, (Some(101), 105), 5);
    let commands = client.commands();
    let [Command::SetPrefetch { prefetch: 10, .. }, Command::Ack(_)] = commands.as_slice() else {
        panic!("the room is taken back before the acknowledgement gives it: {commands:?}");
    };
}

#[test]
fn a_rolled_back_message_is_acknowledged_again_by_the_client() {
    let mut client = with_ten();
    let connection_id = Some(ConnectionId {
        value: Some(client.connection_id()),
    });
    let tx = Some(TransactionId::Local(LocalTransactionId {
        value: 1,
        connection_id,
    }));
    let (consumer_id, transaction) = (Some(client.consumer_id()), tx.clone());
    let operate = |client: &mut Client, operation| {
        let transaction_id = transaction.clone();
        client.ask(|command_id| TransactionInfo {
            command_id,
            transaction_id,
            operation,
            ..TransactionInfo::default()
        });
    };
    for round in 1..=2 {
        operate(&mut client, 0);
        let (consumer_id, transaction_id) = (consumer_id.clone(), tx.clone());
        client.ask(|command_id| MessageAck {
            command_id,
            consumer_id,
            transaction_id,
            ack_type: STANDARD,
            last_message_id: id(102),
            ..MessageAck::default()
        });
        let commands = client.commands();
        let [Command::Begin { tx, .. }, Command::Ack(ack)] = commands.as_slice() else {
            panic!("{commands:?}");
        };
        assert_eq!(
            (ack.tx, ack.range),
            (Some(*tx), AckRange::UpTo(2)),
            "round {round}"
        );
        operate(&mut client, 4);
        assert!(matches!(
            client.commands().as_slice(),
            [Command::Rollback { .. }]
        ));
    }
    operate(&mut client, 2);
    assert_eq!(class_of(&client.take()), "javax.jms.JMSException");
}

fn pull(client: &mut Client, timeout: i64) {
    let consumer_id = Some(client.consumer_id());
    client.ask(|command_id| MessagePull {
        command_id,
        consumer_id,
        timeout,
        ..MessagePull::default()
    });
}

#[test]
fn a_pull_gets_one_message_and_no_more() {
    let mut client = Client::connected(loose(12));
    client.open_consumer("Q", 0);
    pull(&mut client, 0);
    let granted = |commands: Vec<Command>| match commands.as_slice() {
        [Command::SetPrefetch { prefetch, .. }, ..] => *prefetch,
        other => panic!("{other:?}"),
    };
    assert_eq!(granted(client.commands()), 1);
    client.deliver(1, 101, "x");
    client.take();
    pull(&mut client, 0);
    assert_eq!(granted(client.commands()), 2);
    client.deliver(2, 102, "x");
    ack(&mut client, STANDARD, (None, 101), 1);
    assert_eq!(granted(client.commands()), 1, "before the acknowledgement");
}

#[test]
fn a_pull_that_times_out_gets_nothing_and_takes_its_room_back() {
    let mut client = Client::connected(loose(12));
    client.open_consumer("Q", 0);
    pull(&mut client, 500);
    client.commands();
    client.tick(499).unwrap();
    assert!(client.take().is_empty());
    client.tick(500).unwrap();
    let told = client.take();
    let [DataStructure::MessageDispatch(nothing)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((&nothing.message, &nothing.destination), (&None, &None));
    client.raw(&[]);
    let commands = client.commands();
    assert!(matches!(
        commands.as_slice(),
        [Command::SetPrefetch { prefetch: 0, .. }]
    ));
    pull(&mut client, -1);
    client.tick(600).unwrap();
    assert!(matches!(
        client.take().as_slice(),
        [DataStructure::MessageDispatch(_)]
    ));
}

#[test]
fn a_consumer_that_the_core_closes_is_to_be_closed_by_its_client() {
    let mut client = with_ten();
    let consumer_id = client.consumer_id();
    let (consumer, reason) = (1, "slow".into());
    client.tell(Event::Aborted { consumer, reason });
    let told = client.take();
    let [DataStructure::ConsumerControl(control)] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert!(control.close);
    assert_eq!(control.consumer_id.as_ref(), Some(&consumer_id));
    // The client then removes its end: there is nothing left to be closed.
    let object_id = Some(Box::new(DataStructure::ConsumerId(consumer_id)));
    client.ask(|command_id| RemoveInfo {
        command_id,
        object_id,
        ..RemoveInfo::default()
    });
    assert!(client.commands().is_empty());
}

#[test]
fn the_prefetch_of_a_consumer_that_came_back_is_restored() {
    let mut client = Client::connected(loose(12));
    client.open_consumer("Q", 0);
    let (consumer_id, destination) = (Some(client.consumer_id()), Some(client.destination("Q")));
    client.ask(|command_id| ConsumerControl {
        command_id,
        consumer_id,
        destination,
        prefetch: 7,
        ..ConsumerControl::default()
    });
    let commands = client.commands();
    assert!(matches!(
        commands.as_slice(),
        [Command::SetPrefetch { prefetch: 7, .. }]
    ));
}

/// What a client that closes its consumer does to its ten messages.
fn close(last_delivered_sequence_id: i64) -> Vec<(AckRange, AckKind)> {
    let mut client = with_ten();
    let object_id = Some(Box::new(DataStructure::ConsumerId(client.consumer_id())));
    client.ask(|command_id| RemoveInfo {
        command_id,
        object_id,
        last_delivered_sequence_id,
        ..RemoveInfo::default()
    });
    let commands = client.commands();
    assert!(matches!(
        commands.last(),
        Some(Command::CloseConsumer { consumer: 1, .. })
    ));
    let acks = commands.iter().filter_map(|command| match command {
        Command::Ack(ack) => Some((ack.range, ack.kind)),
        _ => None,
    });
    acks.collect()
}

#[test]
fn what_the_application_saw_counts_as_delivered() {
    let rest = (AckRange::UpTo(u64::MAX), AckKind::Released);
    assert_eq!(close(-2), [], "all count where nobody knows");
    assert_eq!(close(-1), [rest]);
    assert_eq!(close(4), [(AckRange::UpTo(4), AckKind::Redeliver), rest]);
    assert_eq!(close(99), [rest]);
}

#[test]
fn the_end_of_a_browser_is_an_empty_dispatch() {
    let mut client = Client::connected(loose(12));
    client.open_consumer("Q", 10);
    client.tell(Event::BrowseEnd { consumer: 1 });
    let told = client.take();
    let [DataStructure::MessageDispatch(end)] = told.as_slice() else {
        panic!("{told:?}");
    };
    assert_eq!((&end.message, &end.destination), (&None, &None));
}
