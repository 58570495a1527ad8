//! What a connection remembers, and which part of the room answers which frame.
//!
//! A refused frame is answered by an ERROR that carries its receipt id; whether the connection
//! goes on is the error's own decision. Once ended, nothing is interpreted any more.

use super::heart::Heart;
use super::receipt::{Pending, Receipt, Replies};
use super::send::{MessageIds, Producers, ReplyTo};
use super::subscription::Subscriptions;
use super::transaction::Transactions;
use crate::codec::encode::{ErrorFrame, put_error};
use crate::codec::{Escaping, Frame, Headers, Verb, Version};
use crate::convert::Temporaries;
use crate::error::{StompError, shown};
use crate::settings::{HeartBeat, Settings};
use floodway_message::session::{Command, ConnectionEnd, Reply};
use floodway_message::{MessageBuilder, Now, Output};
use std::sync::Arc;

/// How far a connection has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing but CONNECT is understood.
    Fresh,
    /// CONNECT was passed on and is not answered yet.
    Connecting,
    /// Logged in.
    Connected,
    /// DISCONNECT was passed on; whatever follows it is dropped.
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

/// The memory of one connection.
pub(super) struct Conversation {
    pub(super) settings: Arc<Settings>,
    pub(super) phase: Phase,
    /// The decoder knows that the client is logged in.
    pub(super) announced: bool,
    pub(super) version: Version,
    pub(super) client_id: Arc<str>,
    pub(super) heart: Heart,
    /// What was agreed at CONNECT.
    pub(super) heart_beat: HeartBeat,
    pub(super) replies: Replies,
    pub(super) message_ids: MessageIds,
    /// Lends its memory to every message that is sent.
    pub(super) builder: MessageBuilder,
    pub(super) producers: Producers,
    pub(super) reply_to: ReplyTo,
    pub(super) subscriptions: Subscriptions,
    pub(super) transactions: Transactions,
    pub(super) temporaries: Temporaries,
}

impl Conversation {
    pub(super) fn new(settings: Arc<Settings>, serial: u64, now: Now) -> Self {
        // As ActiveMQ's ids: host, start time, connection; unique across restarts by the time.
        let host = &settings.host;
        let connection_id: Arc<str> = format!("ID:{host}-{}-0:{serial}", now.wall_ms).into();
        let (limit, bytes_max) = (
            settings.temporary_destinations_count_max,
            settings.names_bytes_max,
        );
        Self {
            phase: Phase::Fresh,
            announced: false,
            version: Version::V1_0,
            client_id: Arc::clone(&connection_id),
            heart: Heart::default(),
            heart_beat: HeartBeat::default(),
            replies: Replies::default(),
            message_ids: MessageIds::new(&connection_id),
            builder: MessageBuilder::new(),
            producers: Producers::default(),
            reply_to: ReplyTo::default(),
            subscriptions: Subscriptions::default(),
            transactions: Transactions::default(),
            temporaries: Temporaries::new(connection_id, limit, bytes_max),
            settings,
        }
    }

    pub(super) fn escaping(&self) -> Escaping {
        if self.announced {
            Escaping::of(self.version)
        } else {
            Escaping::None
        }
    }

    /// Carries out a frame.
    ///
    /// # Errors
    /// When the connection cannot go on; the ERROR frame is in the output.
    pub(super) fn receive(
        &mut self,
        frame: &Frame<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<(), ConnectionEnd> {
        let result = match frame.verb {
            Verb::Send => self.send(frame, turn),
            Verb::Ack | Verb::Nack => self.acknowledge(frame, turn),
            Verb::Begin => self.begin(frame, turn),
            Verb::Commit | Verb::Abort => self.finish(frame, turn),
            Verb::Subscribe => self.subscribe(frame, turn),
            Verb::Unsubscribe => self.unsubscribe(frame, turn),
            Verb::Connect => self.connect(frame, turn),
            Verb::Disconnect => {
                self.disconnect(frame, turn);
                Ok(())
            }
            Verb::Unknown => Err(StompError::UnknownCommand {
                command: shown(frame.command),
            }),
        };
        match result {
            Ok(()) => Ok(()),
            Err(error) if error.is_fatal() => Err(self.end(&error, Some(frame), turn.output)),
            Err(error) => {
                self.refuse(&error, Some(frame), turn.output);
                Ok(())
            }
        }
    }

    /// Ends the connection: answers with an ERROR and returns what to return.
    pub(super) fn end(
        &mut self,
        error: &StompError,
        frame: Option<&Frame<'_>>,
        output: &mut Output,
    ) -> ConnectionEnd {
        self.refuse(error, frame, output);
        let end = ConnectionEnd::Protocol(error.to_string().into());
        self.phase = Phase::Ended(end.clone());
        end
    }

    /// Answers with an ERROR.
    fn refuse(&self, error: &StompError, frame: Option<&Frame<'_>>, output: &mut Output) {
        let message = error.to_string();
        let receipt = frame.and_then(|frame| self.receipt(frame.headers));
        let command = frame.map_or_else(String::new, |frame| shown(frame.command));
        let fate = if error.is_fatal() {
            "the connection is closed"
        } else {
            "the frame was not carried out; the connection stays open"
        };
        put_error(
            output.buffer(),
            self.escaping(),
            &ErrorFrame {
                message: &message,
                escaped_receipt_id: receipt.as_ref().map(Receipt::escaped),
                versions: matches!(error, StompError::Version { .. }).then_some("1.2,1.1,1.0"),
                body: &format!("{message}\n{command}{}{fate}\n", separator(&command)),
            },
        );
    }

    /// The receipt that a frame asks for.
    pub(super) fn receipt(&self, headers: Headers<'_>) -> Option<Receipt> {
        headers
            .raw("receipt")
            .map(|raw| Receipt::new(raw, headers.escaping, self.escaping()))
    }

    /// The reply to ask for so that the frame's receipt, if any, is sent.
    pub(super) fn reply(&mut self, headers: Headers<'_>) -> Option<Reply> {
        let raw = headers.raw("receipt")?;
        Some(self.reply_of(headers, raw))
    }

    /// As [`Conversation::reply`] for a `receipt` header that was found already.
    pub(super) fn reply_of(&mut self, headers: Headers<'_>, raw: &[u8]) -> Reply {
        let receipt = Receipt::new(raw, headers.escaping, self.escaping());
        self.replies.open(Pending::Receipt(receipt))
    }
}

fn separator(command: &str) -> &'static str {
    if command.is_empty() { "" } else { ": " }
}
