//! The cheapest STOMP 1.2 client that a load run can use (STOMP 1.2 specification, "Frames").
//!
//! It writes frames with `content-length` and reads MESSAGE, RECEIPT, CONNECTED and ERROR; header
//! escapes are not undone because no header value is used except two numbers.
//! Invariant: the shape of the last MESSAGE is only a guess and is verified byte by byte before
//! use, so a different frame costs time, never a wrong count.

use std::net::SocketAddr;

use anyhow::Result;
use memchr::{memchr, memmem};

use crate::body::{filler, is_stamped};
use crate::scenario::{Scenario, Style};
use crate::train::{DECIMAL_DIGITS, Form, FrameShape, Number};
use crate::wire::{Connection, Decoded, Decoder as AnyDecoder};

/// Decodes frames from the broker.
#[derive(Default)]
pub struct Decoder {
    body_at: usize,
    body_length: usize,
}

impl Decoder {
    /// Decodes what `bytes` begin with.
    #[inline]
    pub fn decode(&mut self, bytes: &[u8]) -> Decoded {
        let skip = bytes
            .iter()
            .take_while(|byte| matches!(byte, b'\n' | b'\r'))
            .count();
        let frame = bytes.get(skip..).unwrap_or_default();
        if frame.is_empty() {
            return if skip == 0 {
                Decoded::Incomplete
            } else {
                Decoded::Skip { end: skip }
            };
        }
        if self.is_as_before(frame) {
            let body = skip + self.body_at..skip + self.body_at + self.body_length;
            return Decoded::Message {
                end: body.end + 1,
                body,
            };
        }
        self.decode_slowly(frame, skip)
    }

    /// Whether the frame has exactly the layout of the MESSAGE before it.
    #[inline]
    fn is_as_before(&self, frame: &[u8]) -> bool {
        self.body_at > 2
            && frame.starts_with(b"MESSAGE\n")
            && frame.get(self.body_at - 2..self.body_at) == Some(b"\n\n")
            && frame.get(self.body_at..).is_some_and(is_stamped)
            && frame.get(self.body_at + self.body_length) == Some(&0)
    }

    fn decode_slowly(&mut self, frame: &[u8], skip: usize) -> Decoded {
        let Some(blank) = memmem::find(frame, b"\n\n") else {
            return Decoded::Incomplete;
        };
        let body_at = blank + 2;
        let head = frame.get(..body_at).unwrap_or_default();
        let length = match header_number(head, b"\ncontent-length:") {
            Some(length) => usize::try_from(length).unwrap_or(usize::MAX),
            None => match memchr(0, frame.get(body_at..).unwrap_or_default()) {
                Some(length) => length,
                None => return Decoded::Incomplete,
            },
        };
        let Some(end) = body_at
            .checked_add(length)
            .and_then(|sum| sum.checked_add(1))
        else {
            return Decoded::Refused {
                text: "impossible content-length".into(),
                end: body_at,
            };
        };
        if frame.len() < end {
            return Decoded::Incomplete;
        }
        let body = body_at..body_at + length;
        let end = skip + end;
        if frame.starts_with(b"MESSAGE\n") {
            (self.body_at, self.body_length) = (body_at, length);
            return Decoded::Message {
                body: skip + body.start..skip + body.end,
                end,
            };
        }
        if frame.starts_with(b"RECEIPT\n") {
            return Decoded::Confirm {
                receipt: header_number(head, b"\nreceipt-id:"),
                end,
            };
        }
        if frame.starts_with(b"CONNECTED\n") {
            return Decoded::Ready { end };
        }
        let text = String::from_utf8_lossy(frame.get(..body.end).unwrap_or_default());
        Decoded::Refused {
            text: text.chars().take(400).collect(),
            end,
        }
    }
}

/// The number after a header's name, or nothing if the header is missing or is not a number.
fn header_number(head: &[u8], name: &[u8]) -> Option<u64> {
    let at = memmem::find(head, name)? + name.len();
    let value = head.get(at..)?;
    let mut number = None;
    for digit in value.iter().take_while(|byte| byte.is_ascii_digit()) {
        let sum: u64 = number.unwrap_or(0);
        number = Some(sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
    }
    number
}

fn open(address: SocketAddr) -> Result<Connection> {
    let mut connection = Connection::open(address, AnyDecoder::Stomp(Decoder::default()))?;
    connection.send(
        b"CONNECT\naccept-version:1.2\nhost:/\nlogin:guest\npasscode:guest\nheart-beat:0,0\n\n\0",
    )?;
    connection.await_answer()?;
    Ok(connection)
}

fn destination(scenario: &Scenario, name: &str) -> String {
    match scenario.style {
        Style::Queue => format!("/queue/{name}"),
        Style::Topic => format!("/topic/{name}"),
    }
}

/// Connects a producer and encodes its frame.
pub fn open_producer(
    address: SocketAddr,
    scenario: &Scenario,
    name: &str,
) -> Result<(Connection, FrameShape)> {
    let connection = open(address)?;
    let body = filler(scenario.size_bytes);
    let mut text = format!("SEND\ndestination:{}\n", destination(scenario, name));
    if scenario.persistent {
        text.push_str("persistent:true\n");
    }
    let mut numbers = Vec::new();
    if scenario.is_confirmed() {
        text.push_str("receipt:");
        numbers.push(Number {
            at: text.len(),
            form: Form::Decimal,
            first: 0,
        });
        text.push_str(&"0".repeat(DECIMAL_DIGITS));
        text.push('\n');
    }
    text.push_str(&format!("content-length:{}\n\n", body.len()));
    let mut bytes = text.into_bytes();
    let body_at = bytes.len();
    bytes.extend_from_slice(&body);
    bytes.push(0);
    Ok((
        connection,
        FrameShape {
            bytes,
            body_at,
            numbers,
        },
    ))
}

/// Connects a consumer and returns once its subscription is in force.
pub fn open_consumer(address: SocketAddr, scenario: &Scenario, name: &str) -> Result<Connection> {
    let mut connection = open(address)?;
    let subscribe = format!(
        "SUBSCRIBE\nid:1\ndestination:{}\nack:auto\nreceipt:0\n\n\0",
        destination(scenario, name)
    );
    connection.send(subscribe.as_bytes())?;
    connection.await_answer()?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
