//! A client of STOMP 1.2 over plain TCP: as much as taking messages and a small load need.
//!
//! It knows no destinations and no administration. Frames of the broker are foreign bytes: their
//! head and body are limited, and a broker that breaks the rules is left. Units: bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

mod frame;
#[cfg(test)]
mod tests;

pub(super) use frame::{Frame, FrameError};
use frame::{Incoming, put};

/// Read from the socket at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// A broker that takes or answers nothing for so long is left.
const PATIENCE: Duration = Duration::from_secs(30);
/// A connector that cannot be reached in so long is none.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// Why a conversation ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum StompError {
    #[error("the STOMP connection broke: {0}")]
    Broken(#[from] std::io::Error),
    #[error("the broker ended the STOMP connection")]
    Ended,
    #[error("the broker refuses over STOMP: {0}")]
    Refused(String),
    #[error("what came over STOMP is none: {0}")]
    Malformed(#[from] FrameError),
    #[error("the broker does not answer over STOMP; see floodway explain")]
    Silent,
}

/// A connection that has logged in.
pub(super) struct Stomp {
    stream: TcpStream,
    incoming: Incoming,
    outgoing: Vec<u8>,
    chunk: Vec<u8>,
    receipts: u64,
    /// What the socket waits for now, so that it is told only of changes.
    patience: Option<Duration>,
}

impl Stomp {
    /// Connects under this client id.
    ///
    /// # Errors
    /// When nobody listens, or whoever does refuses or speaks something else.
    pub(super) fn connect(address: SocketAddr, client_id: &str) -> Result<Self, StompError> {
        let stream = TcpStream::connect_timeout(&address, CONNECT_PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut stomp = Self {
            stream,
            incoming: Incoming::default(),
            outgoing: Vec::new(),
            chunk: vec![0; CHUNK_BYTES],
            receipts: 0,
            patience: None,
        };
        let headers = [
            ("accept-version", "1.2"),
            ("host", "localhost"),
            ("heart-beat", "0,0"),
            ("client-id", client_id),
        ];
        stomp.send("CONNECT", &headers, None)?;
        let answer = stomp.read(CONNECT_PATIENCE)?.ok_or(StompError::Silent)?;
        match answer.verb.as_str() {
            "CONNECTED" => Ok(stomp),
            other => Err(StompError::Refused(format!("{other} instead of CONNECTED"))),
        }
    }

    /// Writes a frame.
    ///
    /// # Errors
    /// When the broker does not take it.
    pub(super) fn send(
        &mut self,
        verb: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<(), StompError> {
        self.outgoing.clear();
        put(&mut self.outgoing, verb, headers, body);
        match self.stream.write_all(&self.outgoing) {
            Err(error) if is_timeout(&error) => Err(StompError::Silent),
            written => Ok(written?),
        }
    }

    /// The next frame; nothing if none came in that time.
    ///
    /// # Errors
    /// When the connection ends, or the broker reports an error, which ends it as well.
    pub(super) fn read(&mut self, patience: Duration) -> Result<Option<Frame>, StompError> {
        loop {
            if let Some(frame) = self.incoming.next()? {
                if frame.verb == "ERROR" {
                    return Err(StompError::Refused(frame.reason()));
                }
                return Ok(Some(frame));
            }
            if self.patience != Some(patience) {
                self.stream.set_read_timeout(Some(patience))?;
                self.patience = Some(patience);
            }
            match self.stream.read(&mut self.chunk) {
                Ok(0) => return Err(StompError::Ended),
                Ok(count) => self
                    .incoming
                    .extend(self.chunk.get(..count).unwrap_or_default()),
                Err(error) if is_timeout(&error) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes a frame and waits until the broker has done it. Messages that come meanwhile are
    /// given back.
    ///
    /// # Errors
    /// When it is not done.
    pub(super) fn confirm(
        &mut self,
        verb: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Vec<Frame>, StompError> {
        self.receipts = self.receipts.saturating_add(1);
        let receipt = format!("r{}", self.receipts);
        let mut all = headers.to_vec();
        all.push(("receipt", &receipt));
        self.send(verb, &all, body)?;
        let mut others = Vec::new();
        loop {
            let frame = self.read(PATIENCE)?.ok_or(StompError::Silent)?;
            if frame.verb == "RECEIPT" && frame.header("receipt-id") == Some(receipt.as_str()) {
                return Ok(others);
            }
            others.push(frame);
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
