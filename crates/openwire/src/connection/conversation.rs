//! What a connection remembers, and which part of the room answers which command.
//!
//! A command that asks for a response gets exactly one; one that does not is answered by a
//! ConnectionError only when it is refused. Whether the core or the room answers, the number of
//! the command comes back. Once ended, nothing is interpreted any more.

use super::cluster::Cluster;
use super::consumer::Consumers;
use super::delivery::Patterns;
use super::heart::Heart;
use super::producer::Producers;
use super::reply::{Pending, Replies};
use super::transaction::Transactions;
use crate::codec::{Agreement, Encoder, Text, Throwable, Wire};
use crate::convert::advisory;
use crate::convert::inbound::Converter;
use crate::error::OpenWireError;
use crate::generated::{
    ConnectionError, DataStructure, ExceptionResponse, KeepAliveInfo, Response,
};
use crate::settings::Settings;
use floodway_message::advisory::Introduction;
use floodway_message::session::{Command, ConnectionEnd, Reply};
use floodway_message::{Now, Output};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How far a connection has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing but WireFormatInfo is understood.
    Fresh,
    /// Both sides know how to write; ConnectionInfo is awaited.
    Negotiated,
    /// ConnectionInfo was passed on and is not answered yet.
    Connecting,
    /// Logged in.
    Connected,
    /// The connection was removed; the client closes the socket.
    Leaving,
    /// Over.
    Ended(ConnectionEnd),
}

/// What a call from outside hands in.
pub(super) struct Turn<'a> {
    pub(super) now: Now,
    pub(super) commands: &'a mut Vec<Command>,
    pub(super) output: &'a mut Output,
}

/// Which command is to be answered, and whether.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) command_id: i32,
    pub(super) required: bool,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The command was carried out.
    Now,
    /// The core will answer, or the answer is written already.
    Later,
}

/// The memory of one connection.
pub(super) struct Conversation {
    pub(super) settings: Arc<Settings>,
    pub(super) phase: Phase,
    pub(super) greeted: bool,
    pub(super) agreement: Option<Agreement>,
    pub(super) encoder: Encoder,
    pub(super) connection_id: Option<Text>,
    /// The client notices a repeated send only by us: failover.
    pub(super) fault_tolerant: bool,
    pub(super) cluster: Cluster,
    pub(super) heart: Heart,
    pub(super) replies: Replies,
    pub(super) sessions: BTreeSet<i64>,
    pub(super) producers: Producers,
    pub(super) consumers: Consumers,
    pub(super) transactions: Transactions,
    pub(super) converter: Converter,
    /// Names of this connection's temporary destinations.
    pub(super) own_temporaries: BTreeSet<Arc<str>>,
    /// Number of the last message for this connection.
    pub(super) stamp: i64,
    /// Frames of messages that others are written over.
    pub(super) patterns: Patterns,
}

impl Conversation {
    pub(super) fn new(settings: Arc<Settings>, serial: u64) -> Self {
        Self {
            cluster: Cluster::new(serial),
            settings,
            phase: Phase::Fresh,
            greeted: false,
            agreement: None,
            encoder: Encoder::default(),
            connection_id: None,
            fault_tolerant: false,
            heart: Heart::default(),
            replies: Replies::default(),
            sessions: BTreeSet::new(),
            producers: Producers::default(),
            consumers: Consumers::default(),
            transactions: Transactions::default(),
            converter: Converter::default(),
            own_temporaries: BTreeSet::new(),
            stamp: 0,
            patterns: Patterns::default(),
        }
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When the connection cannot go on.
    pub(super) fn receive(
        &mut self,
        structure: DataStructure,
        turn: &mut Turn<'_>,
    ) -> Result<(), ConnectionEnd> {
        let ask = ask_of(&structure);
        let result = match structure {
            DataStructure::WireFormatInfo(info) => self.negotiate(&info, turn),
            _ if self.phase == Phase::Fresh => Err(OpenWireError::NotNegotiated),
            DataStructure::KeepAliveInfo(_) => {
                if ask.required {
                    let command_id = ask.command_id;
                    self.put(
                        &KeepAliveInfo {
                            command_id,
                            ..KeepAliveInfo::default()
                        },
                        turn,
                    );
                }
                return Ok(());
            }
            DataStructure::ShutdownInfo(_) => {
                self.phase = Phase::Ended(ConnectionEnd::Disconnected);
                return Err(ConnectionEnd::Disconnected);
            }
            DataStructure::ConnectionInfo(info) => self.connect(&info, ask, turn),
            DataStructure::BrokerInfo(info) if info.slave_broker || info.duplex_connection => {
                let what = "a duplex or master and slave link";
                Err(OpenWireError::Network { what })
            }
            DataStructure::BrokerInfo(info) => {
                self.introduced(&info, turn);
                Ok(Answer::Now)
            }
            // What clients tell of themselves, and answers to what we never ask.
            DataStructure::ConnectionControl(_)
            | DataStructure::ConnectionError(_)
            | DataStructure::ControlCommand(_)
            | DataStructure::FlushCommand(_)
            | DataStructure::BrokerSubscriptionInfo(_)
            | DataStructure::Response(_)
            | DataStructure::ExceptionResponse(_) => Ok(Answer::Now),
            _ if self.phase == Phase::Leaving => Ok(Answer::Now),
            _ if self.phase != Phase::Connected => {
                let what = "this command";
                Err(OpenWireError::NoConnection { what })
            }
            other => self.execute(other, ask, turn),
        };
        self.answer(result, ask, turn)
    }

    fn execute(
        &mut self,
        structure: DataStructure,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<Answer, OpenWireError> {
        match structure {
            DataStructure::Message(message) => self.send(&message, ask, turn),
            DataStructure::MessageAck(ack) => self.acknowledge(&ack, ask, turn),
            DataStructure::MessagePull(pull) => self.pull(&pull, turn),
            DataStructure::TransactionInfo(info) => self.transact(&info, ask, turn),
            DataStructure::ConsumerInfo(info) => self.open_consumer(&info, ask, turn),
            DataStructure::ProducerInfo(info) => self.open_producer(&info, turn),
            DataStructure::SessionInfo(info) => self.open_session(&info),
            DataStructure::ConsumerControl(control) => self.control_consumer(&control, turn),
            DataStructure::DestinationInfo(info) => self.destination(&info, ask, turn),
            DataStructure::RemoveInfo(info) => self.remove(&info, ask, turn),
            DataStructure::RemoveSubscriptionInfo(info) => self.unsubscribe(&info, ask, turn),
            // Structures that are no commands, or none of a client.
            _ => Ok(Answer::Now),
        }
    }

    fn answer(
        &mut self,
        result: Result<Answer, OpenWireError>,
        ask: Ask,
        turn: &mut Turn<'_>,
    ) -> Result<(), ConnectionEnd> {
        match result {
            Ok(Answer::Later) => {}
            Ok(Answer::Now) => self.respond(ask, turn),
            Err(error) if is_fatal(&error) => return Err(self.end(&error, turn.output)),
            Err(error) => self.refuse(error.throwable(), ask, turn),
        }
        Ok(())
    }

    /// Writes a structure.
    pub(super) fn put<T: Wire>(&mut self, structure: &T, turn: &mut Turn<'_>) {
        self.encoder.put(structure, turn.output);
    }

    /// Answers a command that was carried out, if it asks for that.
    pub(super) fn respond(&mut self, ask: Ask, turn: &mut Turn<'_>) {
        if ask.required {
            let correlation_id = ask.command_id;
            self.put(
                &Response {
                    correlation_id,
                    ..Response::default()
                },
                turn,
            );
        }
    }

    /// Answers a command that was refused.
    pub(super) fn refuse(&mut self, why: Throwable, ask: Ask, turn: &mut Turn<'_>) {
        let exception = Some(why);
        if ask.required {
            let correlation_id = ask.command_id;
            self.put(
                &ExceptionResponse {
                    exception,
                    correlation_id,
                    ..ExceptionResponse::default()
                },
                turn,
            );
        } else {
            self.put(
                &ConnectionError {
                    exception,
                    ..ConnectionError::default()
                },
                turn,
            );
        }
    }

    /// Ends the connection: tells why and returns what to return.
    pub(super) fn end(&mut self, error: &OpenWireError, output: &mut Output) -> ConnectionEnd {
        if self.agreement.is_some() {
            let exception = Some(error.throwable());
            let told = ConnectionError {
                exception,
                ..ConnectionError::default()
            };
            self.encoder.put(&told, output);
        }
        let end = ConnectionEnd::Protocol(error.to_string().into());
        self.phase = Phase::Ended(end.clone());
        end
    }

    /// How a consumer or producer is shown to others. One that claims to be of another connection
    /// is not: the core gives it an id.
    pub(super) fn introduction<T: Wire>(
        &self,
        connection: Option<&Text>,
        (session, number): (i64, i64),
        command: &T,
    ) -> Option<Introduction> {
        let is_own = connection == self.connection_id.as_ref();
        let id = is_own.then(|| advisory::id_text(connection, session, number))?;
        advisory::introduction(&id, command)
    }

    /// The reply to ask the core for, when the client asks for a response.
    pub(super) fn reply(&mut self, ask: Ask) -> Option<Reply> {
        ask.required
            .then(|| self.replies.open(Pending::Respond(ask)))
    }
}

fn is_fatal(error: &OpenWireError) -> bool {
    matches!(
        error,
        OpenWireError::Frame(_)
            | OpenWireError::Negotiation(_)
            | OpenWireError::NotNegotiated
            | OpenWireError::NegotiatedTwice
            | OpenWireError::TooEarly { .. }
            | OpenWireError::Network { .. }
    )
}

/// Number and flag of a command; other structures ask for nothing.
fn ask_of(structure: &DataStructure) -> Ask {
    macro_rules! ask_of_commands {
        ($($name:ident),*) => {
            match structure {
                $(DataStructure::$name(one) => (one.command_id, one.response_required),)*
                _ => (0, false),
            }
        };
    }
    let (command_id, required) = ask_of_commands!(
        Message,
        MessageAck,
        MessagePull,
        TransactionInfo,
        ConnectionInfo,
        SessionInfo,
        ConsumerInfo,
        ProducerInfo,
        DestinationInfo,
        RemoveInfo,
        RemoveSubscriptionInfo,
        ConsumerControl,
        ConnectionControl,
        ControlCommand,
        FlushCommand,
        BrokerInfo,
        KeepAliveInfo,
        ShutdownInfo,
        ConnectionError
    );
    Ask {
        command_id,
        required,
    }
}
