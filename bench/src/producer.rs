//! One producer: keeps its window full, or sends flat out, or at its share of a rate.
//!
//! It knows its socket and train, not when it is called. It never waits.
//! Invariant: at most `window_count` sends are unconfirmed; a frame once begun is finished before
//! the next train is loaded. Rates are messages per second.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::body::Stamp;
use crate::control::{Control, Totals};
use crate::latency::Latencies;
use crate::train::Train;
use crate::wire::{Connection, Decoded, Decoder};

/// Trains written in one turn before others get theirs.
const TRAINS_PER_TURN: usize = 4;

/// Room for answers of the broker.
const ANSWER_BYTES: usize = 64 * 1024;

/// What limits a producer.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub window_count: Option<u32>,
    pub rate_per_second: Option<f64>,
}

/// A connected producer.
pub struct Producer {
    stream: TcpStream,
    decoder: Decoder,
    number: u32,
    pace: Pace,
    begin_nanos: Option<u64>,
    train: Train,
    /// Frames of the train that are loaded, and their bytes already written.
    loaded: usize,
    written: usize,
    next_sequence: u64,
    next_confirm: u64,
    /// When each unconfirmed message was stamped.
    stamps: VecDeque<u64>,
    answers: Vec<u8>,
    filled: usize,
    wants_to_write: bool,
    confirms_disordered: u64,
}

/// What a turn of a lane lends to its endpoints.
pub struct Turn<'a> {
    pub clock: &'a Control,
    pub is_producing: bool,
    pub is_recording: bool,
    pub done: &'a mut Totals,
}

impl Producer {
    /// Takes over a connection; its socket must not block.
    pub fn new(connection: Connection, number: u32, train: Train, pace: Pace) -> Self {
        let mut answers = connection.received;
        let filled = answers.len();
        answers.resize(ANSWER_BYTES.max(filled * 2), 0);
        Self {
            stream: connection.stream,
            decoder: connection.decoder,
            number,
            pace,
            begin_nanos: None,
            train,
            loaded: 0,
            written: 0,
            next_sequence: 0,
            next_confirm: 0,
            stamps: VecDeque::new(),
            answers,
            filled,
            wants_to_write: false,
            confirms_disordered: 0,
        }
    }

    /// The socket, for readiness.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether the producer can only go on when its socket takes more.
    pub fn wants_to_write(&self) -> bool {
        self.wants_to_write
    }

    /// Confirmations that came for another message than the oldest unconfirmed one.
    pub fn confirms_disordered(&self) -> u64 {
        self.confirms_disordered
    }

    /// Sends what limits and socket allow.
    pub fn pump(&mut self, turn: &mut Turn<'_>) -> Result<(), String> {
        self.wants_to_write = false;
        for _ in 0..TRAINS_PER_TURN {
            if self.loaded == 0 && !self.load(turn) {
                return Ok(());
            }
            if !self.write(turn)? {
                self.wants_to_write = true;
                return Ok(());
            }
        }
        self.wants_to_write = turn.is_producing;
        Ok(())
    }

    /// Loads a train; false if nothing may be sent now.
    fn load(&mut self, turn: &mut Turn<'_>) -> bool {
        if !turn.is_producing {
            return false;
        }
        let now_nanos = turn.clock.now_nanos();
        let count = self.allowed(now_nanos).min(self.train.capacity());
        if count == 0 {
            return false;
        }
        let first = Stamp {
            producer: self.number,
            sequence: self.next_sequence,
            sent_nanos: now_nanos,
        };
        self.train.load(count, first);
        if self.pace.window_count.is_some() {
            self.stamps.extend(std::iter::repeat_n(now_nanos, count));
        }
        self.loaded = count;
        self.next_sequence += count as u64;
        turn.done.stamped += count as u64;
        true
    }

    /// How many messages window and rate allow now.
    fn allowed(&mut self, now_nanos: u64) -> usize {
        let window = match self.pace.window_count {
            Some(window) => (window as usize).saturating_sub(self.stamps.len()),
            None => usize::MAX,
        };
        let Some(rate) = self.pace.rate_per_second else {
            return window;
        };
        let begin = *self.begin_nanos.get_or_insert(now_nanos);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive count far below 2^52"
        )]
        let due = ((now_nanos - begin) as f64 / 1e9 * rate) as u64;
        let behind = due.saturating_sub(self.next_sequence);
        window.min(usize::try_from(behind).unwrap_or(usize::MAX))
    }

    /// Writes the loaded train; false if the socket is full.
    fn write(&mut self, turn: &mut Turn<'_>) -> Result<bool, String> {
        let length = self.train.frame_length();
        loop {
            let rest = self.train.unwritten(self.loaded, self.written);
            if rest.is_empty() {
                (self.loaded, self.written) = (0, 0);
                return Ok(true);
            }
            match (&self.stream).write(rest) {
                Ok(count) => {
                    let before = self.written / length;
                    self.written += count;
                    turn.done.sent += (self.written / length - before) as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("producer {}: {error}", self.number)),
            }
        }
    }

    /// Reads confirmations and sends what they made room for.
    pub fn receive(
        &mut self,
        turn: &mut Turn<'_>,
        latencies: &mut Latencies,
    ) -> Result<(), String> {
        let space = self.answers.get_mut(self.filled..).unwrap_or_default();
        let count = match (&self.stream).read(space) {
            Ok(0) => return Err(format!("producer {}: closed by the broker", self.number)),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(format!("producer {}: {error}", self.number)),
        };
        self.filled += count;
        self.decode_answers(turn, latencies)?;
        self.pump(turn)
    }

    fn decode_answers(
        &mut self,
        turn: &mut Turn<'_>,
        latencies: &mut Latencies,
    ) -> Result<(), String> {
        let now_nanos = turn.clock.now_nanos();
        let mut at = 0;
        loop {
            let rest = self.answers.get(at..self.filled).unwrap_or_default();
            match self.decoder.decode(rest) {
                Decoded::Incomplete => break,
                Decoded::Confirm { receipt, end } => {
                    at += end;
                    if let Some(waited_nanos) = self.confirm(receipt, now_nanos) {
                        turn.done.confirmed += 1;
                        if turn.is_recording {
                            latencies.record(waited_nanos);
                        }
                    }
                }
                Decoded::Message { end, .. } | Decoded::Ready { end } | Decoded::Skip { end } => {
                    at += end;
                }
                Decoded::Ping { end } => {
                    at += end;
                    self.answer_ping();
                }
                Decoded::Refused { text, .. } => {
                    return Err(format!("producer {}: {text}", self.number));
                }
            }
        }
        self.answers.copy_within(at..self.filled, 0);
        self.filled -= at;
        if self.filled == self.answers.len() {
            return Err(format!(
                "producer {}: an answer larger than its buffer",
                self.number
            ));
        }
        Ok(())
    }

    /// Notes the confirmation of the oldest unconfirmed message and returns how long it took.
    fn confirm(&mut self, receipt: Option<u64>, now_nanos: u64) -> Option<u64> {
        let Some(stamped) = self.stamps.pop_front() else {
            self.confirms_disordered += 1;
            return None;
        };
        if receipt.is_some_and(|receipt| receipt != self.next_confirm) {
            self.confirms_disordered += 1;
        }
        self.next_confirm += 1;
        Some(now_nanos.saturating_sub(stamped))
    }

    /// Answers a ping unless a frame is half written; the broker will ask again.
    fn answer_ping(&mut self) {
        if self.written == 0 {
            // A full socket cannot happen between frames of a few bytes; a lost answer is asked
            // for again, and a broken socket shows at the next send.
            (&self.stream).write_all(self.decoder.pong()).ok();
        }
    }
}
