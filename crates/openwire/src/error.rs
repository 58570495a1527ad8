//! What a client can do wrong, in words for that client, and the Java class it is told as.
//!
//! Clients make an exception of the class that is named, so class names are part of the
//! protocol; some texts begin with ActiveMQ's words because programs and people look for them.
//! `javax` names are understood by all clients, old and new.

use crate::codec::{DecodeError, NegotiationError, Text, Throwable};
use floodway_message::session::{Failure, FailureKind, Xid};
use floodway_message::{DestinationError, MessageError};

/// Longest exception text sent, in characters.
const TEXT_CHARS_MAX: usize = 1000;

/// Why a command was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum OpenWireError {
    #[error(transparent)]
    Frame(#[from] DecodeError),
    #[error(transparent)]
    Negotiation(#[from] NegotiationError),
    #[error("the first frame must be WireFormatInfo; is this an OpenWire client?")]
    NotNegotiated,
    #[error("WireFormatInfo was sent twice")]
    NegotiatedTwice,
    #[error("more than {limit} bytes were sent before the connection was accepted")]
    TooEarly { limit: usize },
    #[error("{what} comes before ConnectionInfo, or belongs to another connection")]
    NoConnection { what: &'static str },
    #[error("Invalid client id: it is missing; set one")]
    NoClientId,
    #[error("a second connection is not allowed within one socket; open another one")]
    SecondConnection,
    #[error("{what} is missing; it is required")]
    Missing { what: &'static str },
    #[error("the destination name is not allowed: {source}")]
    Destination { source: DestinationError },
    #[error("{name} does not belong to this connection; temporary names begin with its id")]
    ForeignTemporary { name: String },
    #[error("{selector}")]
    Selector { selector: String },
    #[error("Cannot add a {what} to a session that had not been registered: {session}")]
    NoSession { what: &'static str, session: String },
    #[error("Cannot send message to {destination} with invalid (null) producer state")]
    NoProducer { destination: String },
    #[error("the message has no id")]
    NoMessageId,
    #[error("Unmatched acknowledge: {what} was not delivered to the consumer, or is acknowledged")]
    Unmatched { what: &'static str },
    #[error("a poison acknowledgement cannot be part of a transaction")]
    PoisonInTransaction,
    #[error("Transaction '{id}' has not been started.")]
    NoTransaction { id: String },
    #[error("Transaction '{id}' has not been started. xaErrorCode:-4")]
    NoXaTransaction { id: String },
    #[error("{id} is a local transaction and has one phase only; commit it xaErrorCode:-6")]
    LocalPrepare { id: String },
    #[error("a part of the branch's name has more than {limit} bytes xaErrorCode:-5")]
    BranchName { limit: usize },
    #[error("{id} is prepared already; commit it or roll it back first xaErrorCode:-8")]
    BranchExists { id: Xid },
    #[error("the branch was rolled back: {cause} xaErrorCode:100")]
    BranchRolledBack { cause: String },
    #[error("the branch stays prepared: {cause} xaErrorCode:-7")]
    StillPrepared { cause: String },
    #[error("transaction {id} is not prepared; prepare it first xaErrorCode:-6")]
    NotPrepared { id: String },
    #[error(
        "Cannot prepare a transaction that had not been started or previously returned \
         XA_RDONLY: {id}"
    )]
    PrepareUnknown { id: String },
    #[error("the transaction was rolled back: {cause}")]
    RolledBack { cause: String },
    #[error("the connection already has {limit} {what}, the most allowed; close some first")]
    TooMany { what: &'static str, limit: usize },
    #[error("a broker of a network cannot connect so: {what} is not supported")]
    Network { what: &'static str },
    #[error("{0}")]
    Message(#[from] MessageError),
}

impl OpenWireError {
    /// The exception that a client throws.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Frame(_)
            | Self::Negotiation(_)
            | Self::NotNegotiated
            | Self::NegotiatedTwice
            | Self::TooEarly { .. } => "java.io.IOException",
            Self::NoConnection { .. } | Self::NoSession { .. } | Self::PrepareUnknown { .. } => {
                "java.lang.IllegalStateException"
            }
            Self::NoClientId | Self::SecondConnection => "javax.jms.InvalidClientIDException",
            Self::Destination { .. } | Self::ForeignTemporary { .. } => {
                "javax.jms.InvalidDestinationException"
            }
            Self::Selector { .. } => "javax.jms.InvalidSelectorException",
            Self::NoXaTransaction { .. }
            | Self::NotPrepared { .. }
            | Self::LocalPrepare { .. }
            | Self::BranchName { .. }
            | Self::BranchExists { .. }
            | Self::BranchRolledBack { .. }
            | Self::StillPrepared { .. } => "javax.transaction.xa.XAException",
            Self::RolledBack { .. } => "javax.jms.TransactionRolledBackException",
            Self::Missing { .. }
            | Self::NoProducer { .. }
            | Self::NoMessageId
            | Self::Unmatched { .. }
            | Self::PoisonInTransaction
            | Self::NoTransaction { .. }
            | Self::TooMany { .. }
            | Self::Network { .. }
            | Self::Message(_) => "javax.jms.JMSException",
        }
    }

    /// The exception on the wire.
    pub(crate) fn throwable(&self) -> Throwable {
        throwable(self.class(), &self.to_string())
    }
}

/// An exception on the wire.
pub(crate) fn throwable(class: &'static str, text: &str) -> Throwable {
    let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
    Throwable {
        class: Some(Text::fixed(class)),
        message: Some(Text::new(&text)),
        ..Throwable::default()
    }
}

/// What was being done when the core refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    Connecting,
    Sending,
    RemovingDurable,
    Committing,
    Other,
}

/// The class for a refusal of the core.
pub(crate) fn class_of(failure: &Failure, doing: Doing) -> &'static str {
    match (failure.kind, doing) {
        (FailureKind::InUse, Doing::Connecting) => "javax.jms.InvalidClientIDException",
        (FailureKind::Security, Doing::Connecting) => "java.lang.SecurityException",
        (FailureKind::Security, _) => "javax.jms.JMSSecurityException",
        (FailureKind::NoSpace, _) => "javax.jms.ResourceAllocationException",
        (FailureKind::Invalid, Doing::RemovingDurable) | (FailureKind::Destination, _) => {
            "javax.jms.InvalidDestinationException"
        }
        (FailureKind::Transaction, Doing::Committing) => "javax.jms.TransactionRolledBackException",
        _ => "javax.jms.JMSException",
    }
}
