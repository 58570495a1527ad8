//! Frames: where they begin and end in received bytes, and how they are written.
//!
//! It knows the syntax of the three versions and nothing of what a frame means. Decoding never
//! copies and never looks twice at a byte of an incomplete frame.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod escape;
pub(crate) mod frame;
pub(crate) mod known;
pub(crate) mod number;

pub(crate) use decode::Decoder;
pub(crate) use escape::Escaping;
pub(crate) use frame::{Frame, Headers, Verb};
pub(crate) use known::Known;

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// STOMP 1.0: no escapes, header values are trimmed, acknowledgements by message id.
    V1_0,
    /// STOMP 1.1: escapes for line feed, colon and backslash, subscription ids, NACK.
    V1_1,
    /// STOMP 1.2: an escape for carriage return, which may end lines; `ack` ids.
    V1_2,
}

impl Version {
    /// `1.0`, `1.1` or `1.2`.
    pub fn number(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    /// `STOMP 1.2` and the like.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::V1_0 => "STOMP 1.0",
            Self::V1_1 => "STOMP 1.1",
            Self::V1_2 => "STOMP 1.2",
        }
    }
}
