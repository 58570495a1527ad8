//! One OpenWire connection: bytes in, commands out; events in, bytes out.
//!
//! This file feeds received bytes to the decoder and structures to the conversation. Our
//! WireFormatInfo goes out at once; nothing else does before the peer's has come. Between
//! ConnectionInfo and its answer nothing is interpreted: what arrives meanwhile is kept, within a
//! limit, so that no work is done for a client that is not logged in.

mod acknowledge;
mod cluster;
mod connect;
mod consumer;
mod conversation;
mod delivery;
mod destination;
mod event;
mod heart;
mod producer;
mod remove;
mod reply;
#[cfg(test)]
mod tests;
mod transaction;
mod window;

use crate::codec::{Decoder, Format};
use crate::error::OpenWireError;
use crate::settings::Settings;
use bytes::BytesMut;
use conversation::{Conversation, Phase, Turn};
use floodway_message::session::{Command, Connection, ConnectionEnd, Event};
use floodway_message::{Now, Output};
use std::sync::Arc;

/// A connection's state.
pub(crate) struct OpenWireConnection {
    decoder: Decoder,
    talk: Conversation,
    /// What came between ConnectionInfo and its answer and is not yet interpreted.
    early: BytesMut,
}

impl OpenWireConnection {
    pub(crate) fn new(settings: Arc<Settings>, serial: u64) -> Self {
        let limit = settings.frame_before_login_bytes_max;
        Self {
            decoder: Decoder::new(Format::before_negotiation(), limit),
            talk: Conversation::new(settings, serial),
            early: BytesMut::new(),
        }
    }

    /// Interprets whole frames from the front of `input`.
    fn read(&mut self, input: &mut BytesMut, turn: &mut Turn<'_>) -> Result<(), ConnectionEnd> {
        loop {
            match &self.talk.phase {
                Phase::Ended(end) => {
                    input.clear();
                    return Err(end.clone());
                }
                Phase::Connecting => return self.keep(input, turn),
                Phase::Fresh | Phase::Negotiated | Phase::Connected | Phase::Leaving => {}
            }
            let read = match self.decoder.next_frame(input) {
                Ok(None) => return Ok(()),
                Ok(Some(frame)) => self.decoder.read(&frame),
                Err(error) => Err(error),
            };
            match read {
                Ok(None) => {}
                Ok(Some(structure)) => {
                    let negotiated = self.talk.agreement.is_some();
                    self.talk.receive(structure, turn)?;
                    if let (false, Some(agreement)) = (negotiated, &self.talk.agreement) {
                        let limit = self.talk.settings.frame_before_login_bytes_max;
                        self.decoder = Decoder::new(agreement.format, limit);
                    }
                }
                Err(error) => return Err(self.talk.end(&error.into(), turn.output)),
            }
        }
    }

    fn keep(&mut self, input: &mut BytesMut, turn: &mut Turn<'_>) -> Result<(), ConnectionEnd> {
        self.early.extend_from_slice(input);
        input.clear();
        let limit = self.talk.settings.early_input_bytes_max;
        if self.early.len() > limit {
            let error = OpenWireError::TooEarly { limit };
            return Err(self.talk.end(&error, turn.output));
        }
        Ok(())
    }

    /// Interprets what was kept, now that the client is logged in.
    fn read_early(&mut self, turn: &mut Turn<'_>) -> Result<(), ConnectionEnd> {
        self.decoder.frame_bytes_max = self.talk.frame_bytes_max();
        let mut early = std::mem::take(&mut self.early);
        let result = self.read(&mut early, turn);
        if !early.is_empty() {
            self.early = early;
        }
        result
    }
}

impl Connection for OpenWireConnection {
    fn receive(
        &mut self,
        now: Now,
        input: &mut BytesMut,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd> {
        self.talk.greet(output);
        self.talk.heart.received(now, !input.is_empty());
        let before = output.len();
        let mut turn = Turn {
            now,
            commands,
            output,
        };
        if !self.early.is_empty() && self.talk.phase != Phase::Connecting {
            // The beginning of a frame that came before the answer; from now on it is the
            // caller's to keep.
            let mut joined = std::mem::take(&mut self.early);
            joined.extend_from_slice(input);
            *input = joined;
        }
        self.talk.revoke_pulls(&mut turn);
        let result = self.read(input, &mut turn);
        self.talk.heart.sent(now, output.len() != before);
        result
    }

    fn send(
        &mut self,
        now: Now,
        events: &mut Vec<Event>,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd> {
        let before = output.len();
        let mut turn = Turn {
            now,
            commands,
            output,
        };
        let mut result = Ok(());
        for event in events.drain(..) {
            let connecting = self.talk.phase == Phase::Connecting;
            if result.is_ok() {
                result = self.talk.tell(event, &mut turn);
            }
            if result.is_ok() && connecting && self.talk.phase == Phase::Connected {
                result = self.read_early(&mut turn);
            }
        }
        self.talk.heart.sent(now, output.len() != before);
        result
    }

    fn tick(&mut self, now: Now, output: &mut Output) -> Result<Option<u64>, ConnectionEnd> {
        self.talk.greet(output);
        let pulls = self.talk.expire_pulls(now, output);
        let heart = self.talk.tick_heart(now, output)?;
        Ok([pulls, heart].into_iter().flatten().min())
    }

    fn input_wanted(&self) -> usize {
        self.decoder.input_wanted()
    }
}
