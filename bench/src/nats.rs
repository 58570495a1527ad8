//! The cheapest NATS client that a load run can use, core and JetStream (NATS client protocol).
//!
//! Core publishes and subscribes with queue groups. JetStream publishes with a reply subject, whose
//! answers are the confirmations, and reads through a push consumer that needs no acknowledgement
//! (the least work that JetStream can be asked for). Headers are switched off.
//! Invariant: on a producer's connection every MSG is an answer, on a consumer's every MSG a message.

use std::net::SocketAddr;

use anyhow::{Result, bail};
use memchr::{memchr, memmem};

use crate::body::filler;
use crate::scenario::{Scenario, Style};
use crate::train::FrameShape;
use crate::wire::{Connection, Decoded, Decoder as AnyDecoder};

const CONNECT: &[u8] = b"CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":false,\
    \"lang\":\"rust\",\"version\":\"0\",\"protocol\":0}\r\n";

/// What a MSG means on this connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Producer,
    Consumer,
}

/// Decodes lines and payloads from the server.
pub struct Decoder {
    side: Side,
}

impl Decoder {
    /// A decoder for one side.
    pub fn new(side: Side) -> Self {
        Self { side }
    }

    /// Decodes what `bytes` begin with.
    #[inline]
    pub fn decode(&mut self, bytes: &[u8]) -> Decoded {
        let Some(line_end) = memchr(b'\n', bytes) else {
            return Decoded::Incomplete;
        };
        let line = bytes.get(..line_end).unwrap_or_default();
        let end = line_end + 1;
        if line.starts_with(b"MSG ") {
            return self.decode_message(bytes, line, end);
        }
        if line.starts_with(b"PING") {
            return Decoded::Ping { end };
        }
        if line.starts_with(b"PONG") {
            return Decoded::Ready { end };
        }
        if line.starts_with(b"-ERR") {
            return Decoded::Refused {
                text: String::from_utf8_lossy(line).into_owned(),
                end,
            };
        }
        Decoded::Skip { end }
    }

    #[inline]
    fn decode_message(&self, bytes: &[u8], line: &[u8], body_at: usize) -> Decoded {
        let Some(length) = last_number(line) else {
            return Decoded::Refused {
                text: "MSG without a length".into(),
                end: body_at,
            };
        };
        let Some(after) = body_at
            .checked_add(length)
            .and_then(|sum| sum.checked_add(2))
        else {
            return Decoded::Refused {
                text: "MSG with an impossible length".into(),
                end: body_at,
            };
        };
        let Some(body) = bytes
            .get(body_at..after - 2)
            .filter(|_| bytes.len() >= after)
        else {
            return Decoded::Incomplete;
        };
        match self.side {
            Side::Consumer => Decoded::Message {
                body: body_at..after - 2,
                end: after,
            },
            Side::Producer if memmem::find(body, b"\"error\"").is_some() => Decoded::Refused {
                text: String::from_utf8_lossy(body).into_owned(),
                end: after,
            },
            Side::Producer => Decoded::Confirm {
                receipt: None,
                end: after,
            },
        }
    }
}

/// The number at the end of a protocol line.
#[inline]
fn last_number(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut number = None;
    let mut weight = 1_usize;
    for digit in line.iter().rev().take_while(|byte| byte.is_ascii_digit()) {
        let value = usize::from(digit - b'0').checked_mul(weight)?;
        number = Some(number.unwrap_or(0_usize).checked_add(value)?);
        weight = weight.checked_mul(10)?;
    }
    number
}

fn open(address: SocketAddr, side: Side) -> Result<Connection> {
    let mut connection = Connection::open(address, AnyDecoder::Nats(Decoder::new(side)))?;
    connection.send(CONNECT)?;
    connection.send(b"PING\r\n")?;
    connection.await_answer()?;
    Ok(connection)
}

fn subject(name: &str) -> String {
    format!("bench.{name}")
}

/// Where the push consumer of a JetStream stream delivers to.
fn delivery_subject(name: &str) -> String {
    format!("deliver.{name}")
}

/// Connects a producer and encodes its frame; confirmed sends go to JetStream.
pub fn open_producer(
    address: SocketAddr,
    scenario: &Scenario,
    name: &str,
    producer: u32,
) -> Result<(Connection, FrameShape)> {
    let mut connection = open(address, Side::Producer)?;
    let body = filler(scenario.size_bytes);
    let mut head = format!("PUB {} ", subject(name));
    if scenario.is_confirmed() {
        let inbox = format!("_INBOX.{name}.{producer}");
        connection.send(format!("SUB {inbox} 1\r\nPING\r\n").as_bytes())?;
        connection.await_answer()?;
        head.push_str(&inbox);
        head.push(' ');
    }
    head.push_str(&format!("{}\r\n", body.len()));
    let mut bytes = head.into_bytes();
    let body_at = bytes.len();
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(b"\r\n");
    Ok((
        connection,
        FrameShape {
            bytes,
            body_at,
            numbers: Vec::new(),
        },
    ))
}

/// Connects a consumer and returns once its subscription is in force.
pub fn open_consumer(address: SocketAddr, scenario: &Scenario, name: &str) -> Result<Connection> {
    let mut connection = open(address, Side::Consumer)?;
    let subject = if scenario.persistent {
        delivery_subject(name)
    } else {
        subject(name)
    };
    let group = match scenario.style {
        Style::Queue => format!(" {name}"),
        Style::Topic => String::new(),
    };
    connection.send(format!("SUB {subject}{group} 1\r\nPING\r\n").as_bytes())?;
    connection.await_answer()?;
    Ok(connection)
}

/// One request to the JetStream API; anything but success is an error with the server's text.
fn request(address: SocketAddr, api: &str, body: &str) -> Result<()> {
    let mut connection = open(address, Side::Producer)?;
    let inbox = format!("_INBOX.api.{}", std::process::id());
    let length = body.len();
    let frames = format!("SUB {inbox} 1\r\nPUB $JS.API.{api} {inbox} {length}\r\n{body}\r\n");
    connection.send(frames.as_bytes())?;
    let answer = connection.await_answer()?;
    if memmem::find(&answer, b"\"type\"").is_none() {
        bail!(
            "JetStream gave no answer to {api}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    Ok(())
}

/// Creates the file stream of one queue, with the server's own defaults for everything else.
pub fn create_stream(address: SocketAddr, name: &str) -> Result<()> {
    let body = format!(
        "{{\"name\":\"{name}\",\"subjects\":[\"{}\"],\"storage\":\"file\",\
         \"retention\":\"limits\",\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\
         \"discard\":\"old\",\"num_replicas\":1}}",
        subject(name)
    );
    request(address, &format!("STREAM.CREATE.{name}"), &body)
}

/// Creates the push consumer that delivers a stream to the group of subscribers.
pub fn create_push_consumer(address: SocketAddr, name: &str) -> Result<()> {
    let body = format!(
        "{{\"stream_name\":\"{name}\",\"config\":{{\"durable_name\":\"readers\",\
         \"deliver_subject\":\"{}\",\"deliver_group\":\"{name}\",\"ack_policy\":\"none\",\
         \"deliver_policy\":\"all\",\"replay_policy\":\"instant\"}}}}",
        delivery_subject(name)
    );
    request(
        address,
        &format!("CONSUMER.DURABLE.CREATE.{name}.readers"),
        &body,
    )
}

/// Deletes a stream with all that it keeps.
pub fn delete_stream(address: SocketAddr, name: &str) -> Result<()> {
    request(address, &format!("STREAM.DELETE.{name}"), "")
}

#[cfg(test)]
mod tests;
