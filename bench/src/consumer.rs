//! One consumer: reads as much as the socket has, counts and checks every message.
//!
//! It knows its socket and decoder, not when it is called. It never waits. Where the protocol has
//! no automatic acknowledgement, the decoder says what is to be written.
//! Invariant: the clock is read once per socket read, not once per message.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::body::Stamp;
use crate::latency::Latencies;
use crate::producer::Turn;
use crate::tracker::{Order, Tracker};
use crate::wire::{Connection, Decoded, Decoder, FRAME_BYTES_MAX};

/// Room for received bytes; a single frame may make it grow.
const READ_BYTES: usize = 256 * 1024;

/// A connected consumer.
pub struct Consumer {
    stream: TcpStream,
    decoder: Decoder,
    group: usize,
    order: Order,
    received: Vec<u8>,
    filled: usize,
    /// Acknowledgements that the socket has not taken.
    owed: Vec<u8>,
}

impl Consumer {
    /// Takes over a connection; its socket must not block.
    pub fn new(connection: Connection, group: usize, producer_count: usize) -> Self {
        let mut received = connection.received;
        let filled = received.len();
        received.resize(READ_BYTES.max(filled * 2), 0);
        Self {
            stream: connection.stream,
            decoder: connection.decoder,
            group,
            order: Order::new(producer_count),
            received,
            filled,
            owed: Vec::new(),
        }
    }

    /// The socket, for readiness.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether acknowledgements wait until the socket takes more.
    pub fn wants_to_write(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Acknowledges what is left when the run is over.
    pub fn finish(&mut self) {
        self.decoder.take_last_acknowledgements(&mut self.owed);
        // Nothing depends on it but the broker's own tidiness.
        self.pay().ok();
    }

    /// Reads once and takes every whole message.
    pub fn receive(
        &mut self,
        turn: &mut Turn<'_>,
        tracker: &mut Tracker,
        latencies: &mut Latencies,
    ) -> Result<(), String> {
        self.pay()?;
        let space = self.received.get_mut(self.filled..).unwrap_or_default();
        let count = match (&self.stream).read(space) {
            Ok(0) => return Err("consumer: closed by the broker".to_owned()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(format!("consumer: {error}")),
        };
        self.filled += count;
        self.take(turn, tracker, latencies)
    }

    /// Takes the messages that are already in the buffer.
    pub fn take(
        &mut self,
        turn: &mut Turn<'_>,
        tracker: &mut Tracker,
        latencies: &mut Latencies,
    ) -> Result<(), String> {
        let now_nanos = turn.clock.now_nanos();
        let mut at = 0;
        loop {
            let rest = self.received.get(at..self.filled).unwrap_or_default();
            match self.decoder.decode(rest) {
                Decoded::Incomplete => break,
                Decoded::Message { body, end } => {
                    let stamp = rest.get(body).and_then(Stamp::read);
                    tracker.note(self.group, &mut self.order, stamp);
                    turn.done.consumed += 1;
                    if let (true, Some(stamp)) = (turn.is_recording, stamp) {
                        latencies.record(now_nanos.saturating_sub(stamp.sent_nanos));
                    }
                    at += end;
                }
                Decoded::Confirm { end, .. } | Decoded::Ready { end } | Decoded::Skip { end } => {
                    at += end;
                }
                Decoded::Ping { end } => {
                    at += end;
                    (&self.stream)
                        .write_all(self.decoder.pong())
                        .map_err(|error| format!("consumer: {error}"))?;
                }
                Decoded::Refused { text, .. } => return Err(format!("consumer: {text}")),
            }
        }
        self.received.copy_within(at..self.filled, 0);
        self.filled -= at;
        self.decoder.take_acknowledgements(&mut self.owed);
        self.pay()?;
        self.make_room()
    }

    /// Writes what acknowledgements the socket takes.
    fn pay(&mut self) -> Result<(), String> {
        while !self.owed.is_empty() {
            match (&self.stream).write(&self.owed) {
                Ok(count) => drop(self.owed.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("consumer: {error}")),
            }
        }
        Ok(())
    }

    fn make_room(&mut self) -> Result<(), String> {
        if self.filled < self.received.len() {
            return Ok(());
        }
        if self.filled >= FRAME_BYTES_MAX {
            return Err("consumer: a frame larger than any limit".to_owned());
        }
        self.received.resize(self.filled * 2, 0);
        Ok(())
    }
}
