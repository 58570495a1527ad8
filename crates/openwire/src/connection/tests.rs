//! Conversations as clients have them: what reaches the core, and what comes back.

mod advising;
mod branches;
mod client;
mod clustering;
mod consuming;
mod repeating;
mod sending;

use crate::codec::Format;
use crate::connection::tests::client::{Client, class_of, loose};
use crate::generated::{
    ConnectionInfo, ConsumerInfo, DataStructure, KeepAliveInfo, MessageAck, SessionInfo,
    ShutdownInfo,
};
use floodway_message::session::{Command, ConnectionEnd, Event, Failure, FailureKind};

#[test]
fn both_sides_introduce_themselves_before_anything_else() {
    let mut client = Client::open();
    assert!(matches!(
        client.take().as_slice(),
        [DataStructure::WireFormatInfo(_)]
    ));
    assert!(
        client.tick(60_000).is_ok(),
        "nobody watches a client that said nothing"
    );
    client.introduce(loose(12));
    assert!(matches!(
        client.take().as_slice(),
        [DataStructure::BrokerInfo(_)]
    ));
}

#[test]
fn a_client_is_let_in_when_the_core_says_so() {
    let mut client = Client::open();
    client.introduce(loose(12));
    client.take();
    let info = ConnectionInfo {
        manageable: true,
        ..client.connection_info()
    };
    client.ask(|id| ConnectionInfo {
        command_id: id,
        response_required: true,
        ..info
    });
    // What follows at once is understood after the answer.
    let session = client.session_info(1);
    client.ask(|id| SessionInfo {
        command_id: id,
        response_required: true,
        ..session
    });
    let commands = client.commands();
    let [Command::Connect(connect)] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    assert_eq!(&*connect.client_id, "client");
    assert_eq!(
        connect.password.as_ref().map(|secret| &*secret.0),
        Some("pass")
    );
    assert!(client.take().is_empty());
    client.tell(Event::Connected {
        reply: connect.reply,
    });
    let told = client.take();
    let [
        DataStructure::ConnectionControl(_),
        DataStructure::Response(first),
        DataStructure::Response(second),
    ] = told.as_slice()
    else {
        panic!("{told:?}");
    };
    assert_eq!((first.correlation_id, second.correlation_id), (1, 2));
}

#[test]
fn a_refused_client_is_told_why_and_the_connection_ends() {
    let mut client = Client::open();
    client.introduce(loose(12));
    let info = client.connection_info();
    client.ask(|id| ConnectionInfo {
        command_id: id,
        response_required: true,
        ..info
    });
    let commands = client.commands();
    let [Command::Connect(connect)] = commands.as_slice() else {
        panic!("{commands:?}");
    };
    client.take();
    let failure = Failure::new(FailureKind::InUse, "client id client is in use");
    client.tell(Event::Failed {
        reply: Some(connect.reply),
        failure,
    });
    assert_eq!(
        client.end,
        Some(ConnectionEnd::Closed("client id client is in use".into()))
    );
    assert_eq!(
        class_of(&client.take()),
        "javax.jms.InvalidClientIDException"
    );
}

#[test]
fn versions_and_encodings_are_agreed_on() {
    for version in 1..=12 {
        for mode in 0..8 {
            let format = Format {
                version,
                tight: mode & 1 != 0,
                cache: mode & 2 != 0,
                cache_size: 1024,
                stack_traces: mode & 4 != 0,
            };
            let mut client = Client::connected(format);
            client.open_consumer("Q", 10);
            client.deliver(1, 1, "text");
            let told = client.take();
            let [DataStructure::MessageDispatch(dispatch)] = told.as_slice() else {
                panic!("{format:?}: {told:?}");
            };
            assert!(dispatch.message.is_some());
        }
    }
}

#[test]
fn a_bad_frame_ends_the_connection_with_a_reason() {
    let mut client = Client::connected(loose(12));
    client.raw(&[0, 0, 0, 1, 99]);
    assert!(
        matches!(client.end, Some(ConnectionEnd::Protocol(_))),
        "{:?}",
        client.end
    );
    assert_eq!(class_of(&client.take()), "java.io.IOException");
    client.raw(&[0, 0, 0, 1, 10]);
    assert!(client.take().is_empty(), "what is over stays over");
}

#[test]
fn a_keep_alive_is_echoed_and_a_shutdown_ends_the_connection() {
    let mut client = Client::connected(loose(12));
    client.ask(|id| KeepAliveInfo {
        command_id: id,
        response_required: true,
    });
    let told = client.take();
    assert!(
        matches!(told.as_slice(), [DataStructure::KeepAliveInfo(one)] if !one.response_required)
    );
    client.ask(|command_id| ShutdownInfo {
        command_id,
        ..ShutdownInfo::default()
    });
    assert_eq!(client.end, Some(ConnectionEnd::Disconnected));
}

#[test]
fn silence_is_answered_by_keep_alives_and_then_by_the_end() {
    let mut client = Client::connected(loose(12));
    assert_eq!(client.tick(9_999), Ok(()));
    assert!(client.take().is_empty());
    assert_eq!(client.tick(10_000), Ok(()));
    assert!(matches!(
        client.take().as_slice(),
        [DataStructure::KeepAliveInfo(_)]
    ));
    assert_eq!(client.tick(59_999), Ok(()));
    assert_eq!(client.tick(60_000), Err(ConnectionEnd::Silent(60_000)));
}

#[test]
fn a_refused_command_is_answered_and_the_connection_goes_on() {
    let mut client = Client::connected(loose(12));
    let info = ConsumerInfo {
        selector: Some("no selector (".into()),
        ..client.consumer_info("Q", 10)
    };
    client.ask(|id| ConsumerInfo {
        command_id: id,
        response_required: true,
        ..info.clone()
    });
    assert_eq!(
        class_of(&client.take()),
        "javax.jms.InvalidSelectorException"
    );
    // Without a response to carry it, the exception comes on its own.
    client.ask(|id| ConsumerInfo {
        command_id: id,
        ..info
    });
    let told = client.take();
    assert!(
        matches!(told.as_slice(), [DataStructure::ConnectionError(_)]),
        "{told:?}"
    );
    assert_eq!(client.end, None);
}

#[test]
fn acknowledgements_of_unknown_consumers_are_ignored() {
    let mut client = Client::connected(loose(12));
    client.ask(|id| MessageAck {
        command_id: id,
        response_required: true,
        ..MessageAck::default()
    });
    assert!(matches!(
        client.take().as_slice(),
        [DataStructure::Response(_)]
    ));
    assert!(client.commands().is_empty());
}
