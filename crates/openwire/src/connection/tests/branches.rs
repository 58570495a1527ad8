//! XA branches, in one phase and in two.

use super::client::{Client, loose};
use super::sending::{message, open_producer};
use crate::codec::TransactionId;
use crate::generated::{
    DataStructure, Message, MessageAck, MessageId, TransactionInfo, XATransactionId,
};
use bytes::Bytes;
use floodway_message::session::{AckKind, Command, Event, Failure, FailureKind, Reply, Xid};

const BEGIN: i8 = 0;
const PREPARE: i8 = 1;
const ONE_PHASE: i8 = 2;
const TWO_PHASES: i8 = 3;
const ROLLBACK: i8 = 4;
const RECOVER: i8 = 5;
const FORGET: i8 = 6;
const END: i8 = 7;

fn branch(format_id: i32) -> Option<TransactionId> {
    Some(TransactionId::Xa(XATransactionId {
        format_id,
        global_transaction_id: Some(Bytes::from_static(b"global")),
        branch_qualifier: Some(Bytes::from_static(b"branch")),
    }))
}

fn xid(format_id: i32) -> Xid {
    Xid::new(format_id, b"global", b"branch").unwrap()
}

fn operate(client: &mut Client, transaction_id: Option<TransactionId>, operation: i8) {
    client.ask(|command_id| TransactionInfo {
        command_id,
        response_required: true,
        transaction_id,
        operation,
        ..TransactionInfo::default()
    });
}

/// The code that the client's transaction manager sees.
#[track_caller]
fn code_of(client: &mut Client) -> i32 {
    let told = client.take();
    let [DataStructure::ExceptionResponse(one)] = told.as_slice() else {
        panic!("{told:?}");
    };
    let exception = one.exception.as_ref().unwrap();
    let class = exception.class.as_ref().unwrap().to_str();
    assert_eq!(class, "javax.transaction.xa.XAException");
    let text = exception.message.as_ref().unwrap().to_str();
    text.rsplit_once("xaErrorCode:").unwrap().1.parse().unwrap()
}

#[track_caller]
fn number_of(client: &mut Client) -> i32 {
    let told = client.take();
    match told.as_slice() {
        [DataStructure::IntegerResponse(one)] => one.result,
        _ => panic!("{told:?}"),
    }
}

#[track_caller]
fn responded(client: &mut Client) {
    let told = client.take();
    assert!(
        matches!(told.as_slice(), [DataStructure::Response(_)]),
        "{told:?}"
    );
}

/// A client that has sent a message in a branch and ended its work in it.
fn worked(number: i32) -> Client {
    let mut client = Client::connected(loose(12));
    open_producer(&mut client, 0);
    work(&mut client, number);
    client
}

fn work(client: &mut Client, number: i32) {
    operate(client, branch(number), BEGIN);
    let message = Message {
        transaction_id: branch(number),
        ..message(client, "Q")
    };
    client.ask(|command_id| Message {
        command_id,
        ..message
    });
    operate(client, branch(number), END);
    client.commands();
    client.take();
}

/// The reply of the only command, which is to prepare.
#[track_caller]
fn preparing(client: &mut Client) -> Reply {
    let commands = client.commands();
    let [
        Command::Prepare {
            reply: Some(reply), ..
        },
    ] = commands.as_slice()
    else {
        panic!("{commands:?}");
    };
    *reply
}

/// The reply and kind of the only command, which is the outcome of a branch.
#[track_caller]
fn settling(client: &mut Client, name: &Xid) -> (Reply, bool) {
    let commands = client.commands();
    let (xid, reply, commits) = match commands.as_slice() {
        [Command::CommitPrepared { xid, reply }] => (xid, reply, true),
        [Command::RollbackPrepared { xid, reply }] => (xid, reply, false),
        _ => panic!("{commands:?}"),
    };
    assert_eq!(xid, name);
    (reply.unwrap(), commits)
}

fn fail(client: &mut Client, reply: Reply, kind: FailureKind) {
    let failure = Failure::new(kind, "x".repeat(2000));
    let reply = Some(reply);
    client.tell(Event::Failed { reply, failure });
}

#[test]
fn the_first_phase_is_answered_when_it_is_safe_and_the_second_follows() {
    let mut client = worked(1);
    operate(&mut client, branch(1), PREPARE);
    assert!(client.take().is_empty());
    let reply = preparing(&mut client);
    client.tell(Event::Done { reply });
    assert_eq!(number_of(&mut client), 0);
    operate(&mut client, branch(1), TWO_PHASES);
    let (reply, commits) = settling(&mut client, &xid(1));
    assert!(commits);
    assert!(client.take().is_empty());
    client.tell(Event::Done { reply });
    responded(&mut client);
}

#[test]
fn any_connection_may_end_a_branch_that_it_does_not_know() {
    for (operation, expected) in [(ONE_PHASE, true), (TWO_PHASES, true), (ROLLBACK, false)] {
        let mut client = Client::connected(loose(12));
        operate(&mut client, branch(1), operation);
        let (reply, commits) = settling(&mut client, &xid(1));
        assert_eq!(commits, expected);
        client.tell(Event::Done { reply });
        responded(&mut client);
        operate(&mut client, branch(2), operation);
        let (reply, _) = settling(&mut client, &xid(2));
        fail(&mut client, reply, FailureKind::UnknownBranch);
        assert_eq!(code_of(&mut client), -4, "XAER_NOTA");
        operate(&mut client, branch(2), operation);
        let (reply, _) = settling(&mut client, &xid(2));
        fail(&mut client, reply, FailureKind::Store);
        assert_eq!(
            code_of(&mut client),
            -7,
            "XAER_RMFAIL: it is still in doubt"
        );
    }
}

#[test]
fn a_mistake_is_told_with_its_code() {
    let mut client = worked(1);
    operate(&mut client, branch(1), TWO_PHASES);
    assert_eq!(code_of(&mut client), -6, "second phase without the first");
    operate(&mut client, branch(2), FORGET);
    assert_eq!(code_of(&mut client), -4, "unknown");
    let long = Some(TransactionId::Xa(XATransactionId {
        format_id: 1,
        global_transaction_id: Some(Bytes::from(vec![1; 65])),
        branch_qualifier: None,
    }));
    for operation in [BEGIN, ONE_PHASE, TWO_PHASES, ROLLBACK] {
        operate(&mut client, long.clone(), operation);
        assert_eq!(code_of(&mut client), -5, "a name that is too long");
    }
    assert!(client.commands().is_empty());
    operate(&mut client, branch(1), ONE_PHASE);
    let commands = client.commands();
    assert!(
        matches!(commands.as_slice(), [Command::Commit { .. }]),
        "{commands:?}"
    );
}

#[test]
fn a_branch_that_cannot_be_prepared_is_over() {
    let kinds = [(FailureKind::NoSpace, 100), (FailureKind::InUse, -8)];
    for (kind, code) in kinds {
        let mut client = worked(1);
        operate(&mut client, branch(1), PREPARE);
        let reply = preparing(&mut client);
        fail(&mut client, reply, kind);
        assert_eq!(code_of(&mut client), code);
        // The name means a new branch.
        work(&mut client, 1);
    }
}

#[test]
fn a_branch_in_which_a_send_failed_is_not_prepared() {
    let mut client = Client::connected(loose(12));
    open_producer(&mut client, 0);
    operate(&mut client, branch(1), BEGIN);
    client.commands();
    let message = Message {
        transaction_id: branch(1),
        ..message(&client, "Q")
    };
    client.ask(|command_id| Message {
        command_id,
        ..message
    });
    let commands = client.commands();
    let [Command::Send(send)] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    let failure = Failure::new(FailureKind::Transaction, "too large");
    let reply = send.reply;
    client.tell(Event::Failed { reply, failure });
    client.take();
    operate(&mut client, branch(1), PREPARE);
    assert_eq!(code_of(&mut client), 100, "XA_RBROLLBACK");
    let commands = client.commands();
    assert!(
        matches!(commands.as_slice(), [Command::Rollback { .. }]),
        "{commands:?}"
    );
}

#[test]
fn a_branch_in_which_nothing_was_done_needs_no_outcome() {
    let mut client = Client::connected(loose(12));
    operate(&mut client, branch(1), BEGIN);
    client.commands();
    client.take();
    operate(&mut client, branch(1), PREPARE);
    assert_eq!(number_of(&mut client), 3, "XA_RDONLY");
    let commands = client.commands();
    assert!(
        matches!(commands.as_slice(), [Command::Rollback { .. }]),
        "{commands:?}"
    );
}

#[test]
fn branches_in_doubt_are_listed() {
    let mut client = Client::connected(loose(12));
    operate(&mut client, None, RECOVER);
    let commands = client.commands();
    let [Command::ListPrepared { reply }] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    client.tell(Event::Prepared {
        reply: *reply,
        branches: vec![xid(1), Xid::new(-1, &[255; 64], &[]).unwrap()],
    });
    let told = client.take();
    let [DataStructure::DataArrayResponse(in_doubt)] = told.as_slice() else {
        panic!("{told:?}");
    };
    let names: Vec<_> = in_doubt.data.iter().flatten().flatten().collect();
    let [
        DataStructure::XATransactionId(one),
        DataStructure::XATransactionId(two),
    ] = names.as_slice()
    else {
        panic!("{names:?}");
    };
    assert_eq!(Some(TransactionId::Xa(one.clone())), branch(1));
    assert_eq!(two.format_id, -1);
    assert_eq!(two.global_transaction_id.as_deref(), Some(&[255; 64][..]));
}

fn consumed_in(client: &mut Client, number: i32) {
    let producer = crate::generated::ProducerId {
        connection_id: Some("ID:other-1:1".into()),
        value: 1,
        session_id: 1,
    };
    let consumer_id = Some(client.consumer_id());
    let destination = Some(client.destination("Q"));
    client.ask(|command_id| MessageAck {
        command_id,
        response_required: true,
        ack_type: 2,
        consumer_id,
        destination,
        transaction_id: branch(number),
        last_message_id: Some(MessageId {
            producer_id: Some(producer),
            producer_sequence_id: 1,
            ..MessageId::default()
        }),
        message_count: 1,
        ..MessageAck::default()
    });
}

/// Acknowledgements among commands.
fn acks(client: &mut Client) -> usize {
    let commands = client.commands();
    let is_ack =
        |command: &&Command| matches!(command, Command::Ack(ack) if ack.kind == AckKind::Consumed);
    commands.iter().filter(is_ack).count()
}

#[test]
fn what_a_prepared_branch_received_can_be_acknowledged_again_after_its_rollback_only() {
    for rolls_back in [true, false] {
        let mut client = Client::connected(loose(12));
        client.open_consumer("Q", 10);
        client.deliver(1, 1, "text");
        operate(&mut client, branch(1), BEGIN);
        consumed_in(&mut client, 1);
        assert_eq!(acks(&mut client), 1);
        operate(&mut client, branch(1), PREPARE);
        let reply = preparing(&mut client);
        client.tell(Event::Done { reply });
        let operation = if rolls_back { ROLLBACK } else { TWO_PHASES };
        operate(&mut client, branch(1), operation);
        let (reply, _) = settling(&mut client, &xid(1));
        client.tell(Event::Done { reply });
        operate(&mut client, branch(2), BEGIN);
        client.commands();
        consumed_in(&mut client, 2);
        assert_eq!(acks(&mut client), usize::from(rolls_back));
    }
}
