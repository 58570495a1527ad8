//! A STOMP client in the plainest form: frames are texts, every wait has a limit.

use crate::PATIENCE;
use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// A received frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// `MESSAGE`, `RECEIPT` …
    pub command: String,
    /// First value of each header, escapes undone.
    pub headers: BTreeMap<String, String>,
    /// The body, which tests keep textual.
    pub body: String,
}

impl Frame {
    /// A header that must be there.
    ///
    /// # Panics
    /// When it is not.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

/// A connection.
#[derive(Debug)]
pub struct Client {
    reader: BufReader<TcpStream>,
    receipts: u32,
    /// Messages that came while a receipt was waited for.
    messages: VecDeque<Frame>,
}

impl Client {
    /// A connection that has said nothing yet.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
        for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            set(&stream, Some(PATIENCE)).unwrap_or_else(|error| panic!("{error}"));
        }
        Self {
            reader: BufReader::new(stream),
            receipts: 0,
            messages: VecDeque::new(),
        }
    }

    /// A connection that has logged in.
    pub fn login(address: SocketAddr) -> Self {
        let mut client = Self::connect(address);
        client.write("CONNECT\naccept-version:1.2\nhost:localhost\n\n\0");
        client.expect("CONNECTED");
        client
    }

    /// Writes text as it is.
    pub fn write(&mut self, text: &str) {
        let written = self.reader.get_mut().write_all(text.as_bytes());
        written.unwrap_or_else(|error| panic!("writing: {error}"));
    }

    /// Writes a frame and waits for its receipt; messages that come first are kept for later.
    ///
    /// # Panics
    /// When anything else comes.
    pub fn confirm(&mut self, frame: &str) {
        let receipt = self.request(frame);
        let answer = loop {
            let answer = self.read_frame();
            if answer.command != "MESSAGE" {
                break answer;
            }
            self.messages.push_back(answer);
        };
        assert_eq!(answer.command, "RECEIPT", "{answer:?}");
        assert_eq!(answer.header("receipt-id"), receipt);
    }

    /// Writes a frame (`COMMAND\nheader:value\n\nbody`) with a receipt asked for; returns its name.
    pub fn request(&mut self, frame: &str) -> String {
        self.receipts += 1;
        let receipt = format!("r{}", self.receipts);
        let (command, rest) = frame.split_once('\n').unwrap_or((frame, "\n"));
        self.write(&format!("{command}\nreceipt:{receipt}\n{rest}\0"));
        receipt
    }

    /// Sends a persistent message and waits until it is safe.
    pub fn send(&mut self, destination: &str, body: &str) {
        self.confirm(&send_frame(destination, body));
    }

    /// Sends a persistent message and goes on; returns the name of the receipt to come.
    pub fn send_later(&mut self, destination: &str, body: &str) -> String {
        self.request(&send_frame(destination, body))
    }

    /// Subscribes with this id and acknowledge mode, and waits until it is done.
    pub fn subscribe(&mut self, destination: &str, id: &str, ack: &str) {
        self.confirm(&format!(
            "SUBSCRIBE\ndestination:{destination}\nid:{id}\nack:{ack}\n\n"
        ));
    }

    /// Acknowledges a message and waits until it is done.
    pub fn ack(&mut self, message: &Frame) {
        self.confirm(&format!("ACK\nid:{}\n\n", message.header("ack")));
    }

    /// Waits for a message and returns its body.
    pub fn body(&mut self) -> String {
        self.expect("MESSAGE").body
    }

    /// Waits for a frame of this command.
    ///
    /// # Panics
    /// When another one comes first.
    pub fn expect(&mut self, command: &str) -> Frame {
        let frame = self.receive();
        assert_eq!(frame.command, command, "{frame:?}");
        frame
    }

    /// Waits for the next frame, whatever it is.
    ///
    /// # Panics
    /// When there is none.
    pub fn receive(&mut self) -> Frame {
        match self.messages.pop_front() {
            Some(message) => message,
            None => self.read_frame(),
        }
    }

    fn read_frame(&mut self) -> Frame {
        let command = loop {
            let line = self.line();
            if !line.is_empty() {
                break line;
            }
        };
        let mut frame = Frame {
            command,
            ..Frame::default()
        };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let value = unescape(value);
            frame.headers.entry(name.to_owned()).or_insert(value);
        }
        let mut body = Vec::new();
        let read = match frame.headers.get("content-length") {
            Some(length) => {
                body.resize(length.parse().unwrap_or_else(|_| panic!("{frame:?}")), 0);
                self.reader.read_exact(&mut body).map(|()| body.len())
            }
            None => self.reader.read_until(0, &mut body),
        };
        read.unwrap_or_else(|error| panic!("reading a body: {error}"));
        if body.last() == Some(&0) {
            body.pop();
        }
        frame.body = String::from_utf8_lossy(&body).into_owned();
        frame
    }

    /// The next line without its end; the NUL of the frame before counts as one.
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(0) => panic!("the broker closed the connection"),
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                text.trim_matches(['\0', '\r', '\n']).to_owned()
            }
            Err(error) => panic!("waiting for a frame: {error}"),
        }
    }

    /// Tries to log in; `true` if the broker closes the connection instead.
    pub fn is_refused(&mut self) -> bool {
        let connect = b"CONNECT\naccept-version:1.2\nhost:localhost\n\n\0";
        let written = self.reader.get_mut().write_all(connect);
        written.is_err() || !matches!(self.reader.read(&mut [0; 1]), Ok(1))
    }

    /// Waits until the broker closes the connection; returns what came before.
    pub fn until_closed(&mut self) -> String {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => (),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => (),
            Err(error) => panic!("waiting for the end: {error}"),
        }
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// What has arrived and was not asked for yet; does not wait. To be called after the answer
    /// to a later request, so that it says something.
    pub fn has_more(&mut self) -> bool {
        // The NUL of the last frame and the line ends after it are no answer.
        let is_more = |byte: &u8| !matches!(byte, 0 | b'\n');
        if !self.messages.is_empty() || self.reader.buffer().iter().any(is_more) {
            return true;
        }
        let stream = self.reader.get_ref();
        let set = |nonblocking| {
            let done = stream.set_nonblocking(nonblocking);
            done.unwrap_or_else(|error| panic!("{error}"));
        };
        set(true);
        let waiting = stream.peek(&mut [0; 64]);
        set(false);
        matches!(waiting, Ok(length) if length > 0)
    }
}

fn send_frame(destination: &str, body: &str) -> String {
    format!("SEND\ndestination:{destination}\npersistent:true\n\n{body}")
}

fn unescape(value: &str) -> String {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => text.push(match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('c') => ':',
                other => other.unwrap_or('\\'),
            }),
            (c, false) => text.push(c),
        }
    }
    text
}
