//! Frames of STOMP 1.2 as bytes ("STOMP Frames", "Value Encoding" and "Augmented BNF").
//!
//! It knows no verbs. Invariant: of an endless head or body at most the limits and one read are
//! kept.

/// Longest head: the verb and all headers, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = 1 << 20;
/// Longest body in bytes; a broker's default limit for a frame is more.
pub(super) const BODY_BYTES_MAX: usize = 128 << 20;

/// Bytes that are no frame.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(in crate::remote) enum FrameError {
    #[error("a head of more than {HEAD_BYTES_MAX} bytes")]
    HeadTooLong,
    #[error("a body of more than {BODY_BYTES_MAX} bytes")]
    BodyTooLong,
    #[error("a head that is no text")]
    NoText,
    #[error("a header without a colon")]
    NoColon,
    #[error("an escape that there is not")]
    Escape,
    #[error("a length that is no number")]
    Length,
    #[error("no end where the length says")]
    NoEnd,
}

/// A received frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::remote) struct Frame {
    pub(in crate::remote) verb: String,
    /// Escapes undone; of those with one name the first counts.
    pub(in crate::remote) headers: Vec<(String, String)>,
    pub(in crate::remote) body: Vec<u8>,
}

impl Frame {
    pub(in crate::remote) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// What an ERROR frame says.
    pub(super) fn reason(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        let first = body.lines().next().unwrap_or_default();
        let said = self.header("message").unwrap_or(first);
        super::super::text::clean(said)
    }
}

/// Writes a frame.
pub(super) fn put(out: &mut Vec<u8>, verb: &str, headers: &[(&str, &str)], body: Option<&[u8]>) {
    out.extend_from_slice(verb.as_bytes());
    out.push(b'\n');
    // CONNECT alone knows no escapes.
    let is_plain = verb == "CONNECT";
    for (name, value) in headers {
        for (text, end) in [(name, b':'), (value, b'\n')] {
            for byte in text.bytes() {
                match byte {
                    b'\n' if !is_plain => out.extend_from_slice(b"\\n"),
                    b'\r' if !is_plain => out.extend_from_slice(b"\\r"),
                    b':' if !is_plain => out.extend_from_slice(b"\\c"),
                    b'\\' if !is_plain => out.extend_from_slice(b"\\\\"),
                    byte => out.push(byte),
                }
            }
            out.push(end);
        }
    }
    out.push(b'\n');
    out.extend_from_slice(body.unwrap_or_default());
    out.push(0);
}

/// Bytes that came and are not yet frames.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    /// Where the next frame begins.
    at: usize,
    /// So many bytes from there were searched for the end of the frame.
    searched: usize,
}

impl Incoming {
    pub(super) fn extend(&mut self, more: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.extend_from_slice(more);
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// When what came is none, or would be too long.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        // Line feeds between frames are heart-beats.
        while let Some(b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
        let bytes = self.bytes.get(self.at..).unwrap_or_default();
        let Some((head, rest)) = split_head(bytes) else {
            return match bytes.len() > HEAD_BYTES_MAX {
                true => Err(FrameError::HeadTooLong),
                false => Ok(None),
            };
        };
        if head.len() > HEAD_BYTES_MAX {
            return Err(FrameError::HeadTooLong);
        }
        let mut frame = parse_head(head)?;
        let length = match frame.header("content-length") {
            Some(text) => Some(text.parse::<usize>().ok().ok_or(FrameError::Length)?),
            None => None,
        };
        let end = match length {
            Some(length) if length > BODY_BYTES_MAX => return Err(FrameError::BodyTooLong),
            Some(length) => match rest.get(length) {
                Some(0) => Some(length),
                Some(_) => return Err(FrameError::NoEnd),
                None => None,
            },
            None => {
                let from = self.searched.min(rest.len());
                let tail = rest.get(from..).unwrap_or_default();
                let found = tail.iter().position(|&byte| byte == 0);
                self.searched = rest.len();
                found.and_then(|place| from.checked_add(place))
            }
        };
        let Some(end) = end else {
            return match rest.len() > BODY_BYTES_MAX {
                true => Err(FrameError::BodyTooLong),
                false => Ok(None),
            };
        };
        frame.body = rest.get(..end).unwrap_or_default().to_vec();
        let rest_begins = bytes.len() - rest.len();
        self.at += rest_begins + end + 1;
        self.searched = 0;
        Ok(Some(frame))
    }
}

/// Everything before the empty line, and everything after it.
fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut begins = 0;
    loop {
        let line = bytes
            .get(begins..)?
            .iter()
            .position(|&byte| byte == b'\n')?;
        let ends = begins + line;
        let is_empty = matches!(bytes.get(begins..ends), Some(b"" | b"\r"));
        if is_empty {
            return Some((bytes.get(..begins)?, bytes.get(ends + 1..)?));
        }
        begins = ends + 1;
        if begins > HEAD_BYTES_MAX {
            return None;
        }
    }
}

fn parse_head(head: &[u8]) -> Result<Frame, FrameError> {
    let text = std::str::from_utf8(head).ok().ok_or(FrameError::NoText)?;
    let mut lines = text.lines();
    let verb = lines.next().unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(FrameError::NoColon)?;
        headers.push((unescaped(name)?, unescaped(value)?));
    }
    Ok(Frame {
        verb,
        headers,
        body: Vec::new(),
    })
}

fn unescaped(text: &str) -> Result<String, FrameError> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut all = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(one) = rest.next() {
        all.push(match one {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('c') => ':',
                Some('\\') => '\\',
                Some(_) | None => return Err(FrameError::Escape),
            },
            one => one,
        });
    }
    Ok(all)
}
