//! One STOMP connection: bytes in, commands out; events in, bytes out.
//!
//! This file feeds received bytes to the decoder and frames to the conversation. Between CONNECT
//! and its answer nothing is interpreted: what arrives meanwhile is kept, within a limit, and
//! read after CONNECTED, so that no work is done for a client that is not logged in.

mod acknowledge;
mod connect;
mod conversation;
mod event;
mod heart;
mod receipt;
mod send;
mod subscribe;
mod subscription;
#[cfg(test)]
mod tests;
mod transaction;

use crate::codec::Decoder;
use crate::codec::frame::Body;
use crate::error::StompError;
use crate::settings::Settings;
use bytes::{Buf, BytesMut};
use conversation::{Conversation, Phase, Turn};
use floodway_message::session::{Command, Connection, ConnectionEnd, Event};
use floodway_message::{Now, Output};
use std::sync::Arc;

/// A connection's state.
pub(crate) struct StompConnection {
    decoder: Decoder,
    talk: Conversation,
    /// What came between CONNECT and CONNECTED and is not yet interpreted.
    early: BytesMut,
}

impl StompConnection {
    pub(crate) fn new(settings: Arc<Settings>, serial: u64, now: Now) -> Self {
        Self {
            decoder: Decoder::new(),
            talk: Conversation::new(settings, serial, now),
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
                Phase::Leaving => {
                    input.clear();
                    return Ok(());
                }
                Phase::Connecting => return self.keep(input, turn),
                Phase::Fresh | Phase::Connected => {}
            }
            match self.decoder.next(&self.talk.settings, input) {
                Ok(None) => return Ok(()),
                Ok(Some(span)) if span.body_len() < self.talk.settings.copy_body_bytes_max => {
                    let body = input.get(span.body_start..span.body_end);
                    let body = Body::Borrowed(body.unwrap_or_default());
                    let frame = self.decoder.frame(input, body);
                    self.talk.receive(&frame, turn)?;
                    input.advance(span.len().min(input.len()));
                }
                Ok(Some(span)) => {
                    let whole = input.split_to(span.len().min(input.len())).freeze();
                    let body = Body::Shared(whole.slice(span.body_start..span.body_end));
                    let frame = self.decoder.frame(&whole, body);
                    self.talk.receive(&frame, turn)?;
                }
                Err(error) => return Err(self.talk.end(&error, None, turn.output)),
            }
        }
    }

    fn keep(&mut self, input: &mut BytesMut, turn: &mut Turn<'_>) -> Result<(), ConnectionEnd> {
        self.early.extend_from_slice(input);
        input.clear();
        let limit = self.talk.settings.early_input_bytes_max;
        if self.early.len() > limit {
            let error = StompError::TooEarly { limit };
            return Err(self.talk.end(&error, None, turn.output));
        }
        Ok(())
    }

    /// Interprets what was kept, now that the client is logged in.
    fn read_early(&mut self, turn: &mut Turn<'_>) -> Result<(), ConnectionEnd> {
        let mut early = std::mem::take(&mut self.early);
        let result = self.read(&mut early, turn);
        if !early.is_empty() {
            self.early = early;
        }
        result
    }
}

impl Connection for StompConnection {
    fn receive(
        &mut self,
        now: Now,
        input: &mut BytesMut,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd> {
        self.talk.heart.received(now, !input.is_empty());
        let before = output.len();
        let mut turn = Turn {
            now,
            commands,
            output,
        };
        if !self.early.is_empty() && self.talk.phase != Phase::Connecting {
            // The beginning of a frame that came before CONNECTED; from now on it is the
            // caller's to keep.
            let mut joined = std::mem::take(&mut self.early);
            joined.extend_from_slice(input);
            *input = joined;
        }
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
            if result.is_ok() {
                result = self.talk.tell(event, &mut turn);
            }
            if result.is_ok() && self.talk.phase == Phase::Connected && !self.talk.announced {
                self.talk.announced = true;
                self.decoder.log_in(self.talk.version);
                result = self.read_early(&mut turn);
            }
        }
        self.talk.acknowledge_written(turn.commands);
        self.talk.heart.sent(now, output.len() != before);
        result
    }

    fn tick(&mut self, now: Now, output: &mut Output) -> Result<Option<u64>, ConnectionEnd> {
        self.talk.heart.tick(now, output)
    }

    fn input_wanted(&self) -> usize {
        self.decoder.input_wanted()
    }
}
