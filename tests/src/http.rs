//! An HTTP client in the plainest form: one request for each connection, answers are texts.

use crate::PATIENCE;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// As it came.
    pub body: String,
}

/// Sends a request (`GET /path`), these headers, each with its line end, and a body.
///
/// # Panics
/// When there is no answer.
pub fn http(address: SocketAddr, request: &str, headers: &str, body: &str) -> Answer {
    let stream = TcpStream::connect(address);
    let mut stream = stream.unwrap_or_else(|error| panic!("{error}"));
    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        set(&stream, Some(PATIENCE)).unwrap_or_else(|error| panic!("{error}"));
    }
    let length = body.len();
    let whole = format!(
        "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    );
    let mut answer = Vec::new();
    let done = stream
        .write_all(whole.as_bytes())
        .and_then(|()| stream.read_to_end(&mut answer));
    done.unwrap_or_else(|error| panic!("{request}: {error}"));
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Answer {
        status: status.unwrap_or_else(|| panic!("{request}: {text}")),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}
