//! Several protocols on one port: the first bytes of a connection choose.
//!
//! It knows no protocol, only that each can tell its own first bytes. A connection whose first
//! bytes none knows is closed; one that sends too little to tell is ended by the login timeout.

use bytes::BytesMut;
use floodway_message::session::{Command, Connection, ConnectionEnd, Event, Protocol, Sniff};
use floodway_message::{Now, Output};
use std::sync::Arc;

/// No protocol needs more bytes to be known.
const FIRST_BYTES_MAX: usize = 64;

/// Offers several protocols.
pub(crate) struct Auto {
    protocols: Vec<Arc<dyn Protocol>>,
}

impl Auto {
    /// The first of these that knows the first bytes of a connection serves it.
    pub(crate) fn new(protocols: Vec<Arc<dyn Protocol>>) -> Self {
        Self { protocols }
    }
}

impl Protocol for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn sniff(&self, first: &[u8]) -> Sniff {
        sniff(&self.protocols, first).map_or_else(|sniff| sniff, |_| Sniff::Yes)
    }

    fn open(&self, serial: u64, _: Now) -> Box<dyn Connection> {
        Box::new(AutoConnection {
            protocols: self.protocols.clone(),
            serial,
            chosen: None,
        })
    }
}

fn sniff<'a>(
    protocols: &'a [Arc<dyn Protocol>],
    first: &[u8],
) -> Result<&'a Arc<dyn Protocol>, Sniff> {
    let mut answer = Sniff::No;
    for protocol in protocols {
        match protocol.sniff(first) {
            Sniff::Yes => return Ok(protocol),
            Sniff::More => answer = Sniff::More,
            Sniff::No => {}
        }
    }
    Err(answer)
}

struct AutoConnection {
    protocols: Vec<Arc<dyn Protocol>>,
    serial: u64,
    chosen: Option<Box<dyn Connection>>,
}

impl Connection for AutoConnection {
    fn receive(
        &mut self,
        now: Now,
        input: &mut BytesMut,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd> {
        if self.chosen.is_none() {
            match sniff(&self.protocols, input) {
                Ok(protocol) => self.chosen = Some(protocol.open(self.serial, now)),
                Err(Sniff::More) if input.len() < FIRST_BYTES_MAX => return Ok(()),
                Err(_) => {
                    let text = "the first bytes are of no protocol of this connector";
                    return Err(ConnectionEnd::Protocol(text.into()));
                }
            }
        }
        match &mut self.chosen {
            Some(chosen) => chosen.receive(now, input, commands, output),
            None => Ok(()),
        }
    }

    fn send(
        &mut self,
        now: Now,
        events: &mut Vec<Event>,
        commands: &mut Vec<Command>,
        output: &mut Output,
    ) -> Result<(), ConnectionEnd> {
        match &mut self.chosen {
            Some(chosen) => chosen.send(now, events, commands, output),
            None => {
                // Nothing was asked, so nothing is answered but that the broker closes.
                events.clear();
                Ok(())
            }
        }
    }

    fn tick(&mut self, now: Now, output: &mut Output) -> Result<Option<u64>, ConnectionEnd> {
        match &mut self.chosen {
            Some(chosen) => chosen.tick(now, output),
            None => Ok(None),
        }
    }

    fn input_wanted(&self) -> usize {
        self.chosen
            .as_ref()
            .map_or(0, |chosen| chosen.input_wanted())
    }
}

#[cfg(test)]
mod tests;
