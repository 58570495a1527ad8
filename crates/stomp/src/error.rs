//! What a client can do wrong, in words for that client.
//!
//! Every error says what failed and what to do; whether it ends the connection is decided here,
//! in [`StompError::is_fatal`]. Bytes of the client appear only through [`shown`], shortened and
//! without control characters. Some texts begin with ActiveMQ's words because people search for
//! them.

use floodway_message::selector::SelectorError;
use floodway_message::{DestinationError, MessageError};

/// Longest piece of foreign text within an error, in characters.
const SHOWN_CHARS_MAX: usize = 120;

/// Why a frame was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum StompError {
    #[error("the command line is longer than {limit} bytes; check that frames end with a NUL byte")]
    CommandTooLong { limit: usize },
    #[error("a header line is longer than {limit} bytes; put large values into the body")]
    HeaderLineTooLong { limit: usize },
    #[error("the frame has more than {limit} headers; put data into the body")]
    TooManyHeaders { limit: usize },
    #[error("the headers together are longer than {limit} bytes; put data into the body")]
    HeaderBlockTooLong { limit: usize },
    #[error(
        "The maximum data length was exceeded: the body is longer than {limit} bytes; send \
         smaller messages or raise wireFormat.maxDataLength"
    )]
    BodyTooLong { limit: usize },
    #[error(
        "The maximum frame size was exceeded: the frame is longer than {limit} bytes; send \
         smaller messages or raise wireFormat.maxFrameSize"
    )]
    FrameTooLong { limit: usize },
    #[error("the frame is longer than {limit} bytes, the most before login; send CONNECT first")]
    FrameBeforeLoginTooLong { limit: usize },
    #[error("content-length [{value}] is not a plain decimal number of bytes")]
    ContentLength { value: String },
    #[error(
        "content-length bytes were read and there was no trailing null byte; count the body in \
         bytes, not characters"
    )]
    MissingNul,
    #[error("a NUL byte ends the frame within its headers; put an empty line after the headers")]
    NulInHeaders,
    #[error("expected CONNECT or STOMP as the first frame but got [{command}]")]
    ExpectedConnect { command: String },
    #[error("Already connected: CONNECT may be sent once; open another connection instead")]
    AlreadyConnected,
    #[error("more than {limit} bytes were sent before CONNECTED; wait for CONNECTED first")]
    TooEarly { limit: usize },
    #[error(
        "none of the protocol versions [{accepted}] is supported; put 1.2, 1.1 or 1.0 into \
         accept-version"
    )]
    Version { accepted: String },
    #[error("Invalid heart-beat header [{value}]; expected two numbers of milliseconds: 0,0")]
    HeartBeat { value: String },
    #[error("Unknown STOMP action: [{command}]")]
    UnknownCommand { command: String },
    #[error("{command} without the header {header}; add it")]
    MissingHeader {
        command: &'static str,
        header: &'static str,
    },
    #[error("header {header} has the value [{value}]; expected {expected}")]
    BadValue {
        header: &'static str,
        value: String,
        expected: &'static str,
    },
    #[error(
        "Illegal destination name: [{name}] -- destinations must begin with one of: /queue/ \
         /topic/ /temp-queue/ /temp-topic/"
    )]
    DestinationPrefix { name: String },
    #[error("destination [{name}]: {source}")]
    Destination {
        name: String,
        source: DestinationError,
    },
    #[error("Invalid transaction id: [{name}]; send BEGIN with it first")]
    UnknownTransaction { name: String },
    #[error("The transaction was already started: [{name}]; COMMIT or ABORT it first")]
    DuplicateTransaction { name: String },
    #[error(
        "Unexpected ACK received for message-id [{id}]: it was not delivered, was acknowledged \
         before, or its subscription acknowledges by itself"
    )]
    UnexpectedAck { id: String },
    #[error(
        "Unexpected NACK received for message-id [{id}]: it was not delivered, was acknowledged \
         before, or its subscription acknowledges by itself"
    )]
    UnexpectedNack { id: String },
    #[error("NACK received but connection is in v1.0 mode; ask for 1.1 or 1.2 in accept-version")]
    NackInVersion10,
    #[error("Cannot Nack a message on a Queue Browser Subscription.")]
    NackOfBrowser,
    #[error("No subscription matched [{id}]; it was closed before or never opened")]
    NoSubscription { id: String },
    #[error("Queue Browser feature only valid for Stomp v1.1+ clients; ask for 1.1 or 1.2")]
    BrowserInVersion10,
    #[error(
        "Invalid Subscription: cannot durably subscribe to a Queue destination; leave out \
         activemq.subscriptionName"
    )]
    DurableQueue,
    #[error("selector [{selector}]: {source}")]
    Selector {
        selector: String,
        source: SelectorError,
    },
    #[error("the connection already has {limit} {what}, the most allowed; close some first")]
    TooMany { what: &'static str, limit: usize },
    #[error("{0}")]
    Message(#[from] MessageError),
}

impl StompError {
    /// `true` when the connection cannot go on.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::CommandTooLong { .. }
                | Self::HeaderLineTooLong { .. }
                | Self::TooManyHeaders { .. }
                | Self::HeaderBlockTooLong { .. }
                | Self::BodyTooLong { .. }
                | Self::FrameTooLong { .. }
                | Self::FrameBeforeLoginTooLong { .. }
                | Self::ContentLength { .. }
                | Self::MissingNul
                | Self::NulInHeaders
                | Self::ExpectedConnect { .. }
                | Self::AlreadyConnected
                | Self::TooEarly { .. }
                | Self::Version { .. }
                | Self::HeartBeat { .. }
                | Self::UnknownCommand { .. }
        )
    }
}

/// Foreign bytes for an error text: shortened, control characters replaced.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let cut = bytes.get(..4 * SHOWN_CHARS_MAX).unwrap_or(bytes);
    let text = String::from_utf8_lossy(cut);
    let mut shown: String = text
        .chars()
        .take(SHOWN_CHARS_MAX)
        .map(|c| if c.is_control() { '?' } else { c })
        .collect();
    if text.chars().count() > SHOWN_CHARS_MAX || cut.len() < bytes.len() {
        shown.push('…');
    }
    shown
}
