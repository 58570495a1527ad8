//! What the small clients (STOMP, OpenWire, NATS) have in common: decoded frames and open connections.
//!
//! It knows sockets and the handshake loop, but no frame layout. Only what a load run needs is
//! decoded: messages, confirmations, pings and refusals; the rest is skipped.
//! Invariant: bytes received during a handshake are kept, because messages may precede its answer.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::{nats, openwire, stomp};

/// How long a broker may take to answer one step of a handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);

/// A frame larger than this is a fault of the broker.
pub const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The next thing in the received bytes; `end` is how many bytes it takes.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded {
    /// More bytes are needed.
    Incomplete,
    /// A message for a consumer.
    Message { body: Range<usize>, end: usize },
    /// The broker took charge of a message; the number is the receipt's, where there is one.
    Confirm { receipt: Option<u64>, end: usize },
    /// An answer of the handshake.
    Ready { end: usize },
    /// The broker wants to be answered.
    Ping { end: usize },
    /// Anything that does not matter here.
    Skip { end: usize },
    /// The broker refused something.
    Refused { text: String, end: usize },
}

/// A decoder of one of the protocols.
pub enum Decoder {
    Stomp(stomp::Decoder),
    Openwire(Box<openwire::Decoder>),
    Nats(nats::Decoder),
}

impl Decoder {
    /// Decodes what `bytes` begin with.
    #[inline]
    pub fn decode(&mut self, bytes: &[u8]) -> Decoded {
        match self {
            Self::Stomp(decoder) => decoder.decode(bytes),
            Self::Openwire(decoder) => decoder.decode(bytes),
            Self::Nats(decoder) => decoder.decode(bytes),
        }
    }

    /// What to send when the broker pings.
    pub fn pong(&self) -> &'static [u8] {
        match self {
            Self::Stomp(_) => b"\n",
            Self::Openwire(_) => b"",
            Self::Nats(_) => b"PONG\r\n",
        }
    }

    /// Acknowledgements that are due for the messages decoded so far.
    #[inline]
    pub fn take_acknowledgements(&mut self, out: &mut Vec<u8>) {
        if let Self::Openwire(decoder) = self {
            decoder.take_acknowledgements(out);
        }
    }

    /// The same for all that is not yet acknowledged.
    pub fn take_last_acknowledgements(&mut self, out: &mut Vec<u8>) {
        if let Self::Openwire(decoder) = self {
            decoder.acknowledge_rest();
            decoder.take_acknowledgements(out);
        }
    }
}

/// An open connection that finished its handshake.
pub struct Connection {
    pub stream: TcpStream,
    pub decoder: Decoder,
    /// Received and not yet used.
    pub received: Vec<u8>,
}

impl Connection {
    /// Connects, with small writes sent at once.
    pub fn open(address: SocketAddr, decoder: Decoder) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, HANDSHAKE_TIMEOUT)
            .with_context(|| format!("no broker answers at {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(HANDSHAKE_TIMEOUT))?;
        stream.set_write_timeout(Some(HANDSHAKE_TIMEOUT))?;
        Ok(Self {
            stream,
            decoder,
            received: Vec::new(),
        })
    }

    /// Sends bytes, waiting as long as it takes within the handshake limit.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        self.stream
            .write_all(bytes)
            .context("the broker did not take a handshake frame")
    }

    /// Reads until the broker's answer is there and returns its bytes; what came before and after
    /// it stays in `received`.
    pub fn await_answer(&mut self) -> Result<Vec<u8>> {
        let mut at = 0;
        loop {
            let rest = self.received.get(at..).unwrap_or_default();
            match self.decoder.decode(rest) {
                Decoded::Ready { end } | Decoded::Confirm { end, .. } => {
                    return Ok(self.received.drain(at..at + end).collect());
                }
                Decoded::Message { end, .. } | Decoded::Skip { end } => at += end,
                Decoded::Ping { end } => {
                    at += end;
                    let pong = self.decoder.pong();
                    self.send(pong)?;
                }
                Decoded::Refused { text, .. } => bail!("the broker refused: {text}"),
                Decoded::Incomplete => self.read_more()?,
            }
        }
    }

    fn read_more(&mut self) -> Result<()> {
        let mut chunk = [0_u8; 16 * 1024];
        let count = loop {
            match self.stream.read(&mut chunk) {
                Ok(count) => break count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("the broker gave no answer in time"),
            }
        };
        if count == 0 {
            bail!("the broker closed the connection during the handshake");
        }
        if self.received.len() > FRAME_BYTES_MAX {
            bail!("the broker sends without ever answering");
        }
        self.received
            .extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(())
    }
}
