//! Finds frames in a stream of bytes.
//!
//! It remembers how far it has looked, so that a frame that arrives in many pieces costs no more
//! than one that arrives at once, and it holds no bytes itself. White space and NUL bytes between
//! frames (heart-beats) are dropped. Limits are checked as soon as they can be known, before
//! anything of the announced length arrives.

use super::frame::{Body, Frame, Headers, Line, Verb};
use super::{Escaping, Known, Version, number};
use crate::error::{StompError, shown};
use crate::settings::Settings;
use bytes::{Buf, BytesMut};

#[cfg(test)]
mod tests;

/// Least growth of a receive buffer that [`Decoder::input_wanted`] asks for, in bytes.
const WANTED_BYTES_MIN: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Between,
    Command,
    Headers,
    Body,
}

/// Where a complete frame lies at the front of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First byte of the body.
    pub(crate) body_start: usize,
    /// One past the last byte of the body.
    pub(crate) body_end: usize,
}

impl Span {
    /// Bytes of the whole frame with its NUL.
    pub(crate) fn len(self) -> usize {
        self.body_end + 1
    }

    pub(crate) fn body_len(self) -> usize {
        self.body_end - self.body_start
    }
}

/// Finds frames; one per connection.
#[derive(Debug)]
pub(crate) struct Decoder {
    version: Version,
    logged_in: bool,
    stage: Stage,
    /// Bytes from the front of the input that need not be looked at again.
    scanned: usize,
    line_start: usize,
    command_end: usize,
    verb: Verb,
    lines: Vec<Line>,
    has_escapes: bool,
    content_length: Option<usize>,
    body_start: usize,
    received: usize,
    wanted: usize,
}

impl Decoder {
    pub(crate) fn new() -> Self {
        Self {
            version: Version::V1_0,
            logged_in: false,
            stage: Stage::Between,
            scanned: 0,
            line_start: 0,
            command_end: 0,
            verb: Verb::Unknown,
            lines: Vec::new(),
            has_escapes: false,
            content_length: None,
            body_start: 0,
            received: 0,
            wanted: 0,
        }
    }

    /// From now on frames are of this version and may be as long as the settings allow.
    pub(crate) fn log_in(&mut self, version: Version) {
        self.version = version;
        self.logged_in = true;
    }

    /// Bytes that the input should hold before it is worth looking again; 0 when unknown. It
    /// grows with what has arrived: an announced length alone makes nobody allocate it.
    pub(crate) fn input_wanted(&self) -> usize {
        self.wanted
            .min(self.received.saturating_mul(2).max(WANTED_BYTES_MIN))
    }

    /// The frame at the front of the input, which it stays part of; `None` while incomplete.
    pub(crate) fn next(
        &mut self,
        settings: &Settings,
        input: &mut BytesMut,
    ) -> Result<Option<Span>, StompError> {
        if self.stage == Stage::Between && !self.begin(input) {
            return Ok(None);
        }
        let bytes = &input[..];
        self.received = bytes.len();
        if self.stage == Stage::Command && !self.command(settings, bytes)? {
            return Ok(None);
        }
        if self.stage == Stage::Headers && !self.headers(settings, bytes)? {
            return Ok(None);
        }
        let Some(body_end) = self.body(settings, bytes)? else {
            return Ok(None);
        };
        self.stage = Stage::Between;
        self.wanted = 0;
        Ok(Some(Span {
            body_start: self.body_start,
            body_end,
        }))
    }

    /// A view of the frame that [`Decoder::next`] found last.
    #[inline]
    pub(crate) fn frame<'a>(&'a self, bytes: &'a [u8], body: Body<'a>) -> Frame<'a> {
        let command = bytes.get(..self.command_end).unwrap_or_default();
        let trimmed = self.verb == Verb::Connect || self.version == Version::V1_0;
        Frame {
            verb: self.verb,
            command: command.trim_ascii(),
            headers: Headers {
                bytes,
                lines: &self.lines,
                escaping: if trimmed || !self.has_escapes {
                    Escaping::None
                } else {
                    Escaping::of(self.version)
                },
                trimmed,
            },
            body,
        }
    }

    /// Drops what may stand between frames; `false` when nothing else is there.
    fn begin(&mut self, input: &mut BytesMut) -> bool {
        let skipped = input
            .iter()
            .take_while(|byte| matches!(byte, b'\n' | b'\r' | b'\0' | b' ' | b'\t'))
            .count();
        if skipped > 0 {
            input.advance(skipped);
        }
        if input.is_empty() {
            return false;
        }
        self.stage = Stage::Command;
        self.scanned = 0;
        self.lines.clear();
        self.content_length = None;
        true
    }

    /// Looks for the end of the command line; `false` while it is not there.
    fn command(&mut self, settings: &Settings, bytes: &[u8]) -> Result<bool, StompError> {
        let limit = settings.command_bytes_max;
        let unseen = bytes.get(self.scanned..).unwrap_or_default();
        let Some(found) = memchr::memchr2(b'\n', 0, unseen) else {
            self.scanned = bytes.len();
            // One more may be the carriage return before the line feed.
            if bytes.len() > limit + 1 {
                return Err(StompError::CommandTooLong { limit });
            }
            return Ok(false);
        };
        let at = self.scanned + found;
        let line = bytes.get(..at).unwrap_or_default();
        let command = line.trim_ascii_end();
        if command.len() > limit {
            return Err(StompError::CommandTooLong { limit });
        }
        self.verb = Verb::of(command);
        if !self.logged_in && self.verb != Verb::Connect {
            let command = shown(command);
            return Err(StompError::ExpectedConnect { command });
        }
        if bytes.get(at) == Some(&0) {
            return Err(StompError::NulInHeaders);
        }
        self.command_end = at;
        self.scanned = at + 1;
        self.line_start = self.scanned;
        self.stage = Stage::Headers;
        Ok(true)
    }

    /// Collects header lines up to the empty one; `false` while that is not there.
    fn headers(&mut self, settings: &Settings, bytes: &[u8]) -> Result<bool, StompError> {
        loop {
            let unseen = bytes.get(self.scanned..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'\n', 0, unseen) else {
                self.scanned = bytes.len();
                self.check_header(settings, bytes.len() - self.line_start, bytes.len())?;
                return Ok(false);
            };
            let at = self.scanned + found;
            if bytes.get(at) == Some(&0) {
                return Err(StompError::NulInHeaders);
            }
            let line = bytes.get(self.line_start..at).unwrap_or_default();
            self.scanned = at + 1;
            if line.is_empty() || line == b"\r" {
                break;
            }
            self.check_header(settings, line.len(), at)?;
            self.add_line(settings, line)?;
            self.line_start = self.scanned;
        }
        self.body_start = self.scanned;
        self.check_header(settings, 0, self.body_start)?;
        self.stage = Stage::Body;
        let block = bytes.get(..self.body_start).unwrap_or_default();
        self.has_escapes = memchr::memchr(b'\\', block).is_some();
        if let Some(length) = self.content_length {
            self.check_body(settings, length)?;
            self.wanted = self.body_start + length + 1;
        }
        Ok(true)
    }

    fn check_header(
        &self,
        settings: &Settings,
        line_len: usize,
        block_len: usize,
    ) -> Result<(), StompError> {
        let limit = settings.header_line_bytes_max;
        // One more may be the carriage return before the line feed.
        if line_len > limit + 1 {
            return Err(StompError::HeaderLineTooLong { limit });
        }
        let limit = settings.frame_before_login_bytes_max;
        if !self.logged_in && block_len > limit {
            return Err(StompError::FrameBeforeLoginTooLong { limit });
        }
        let limit = settings.header_block_bytes_max;
        if block_len > limit {
            return Err(StompError::HeaderBlockTooLong { limit });
        }
        Ok(())
    }

    #[inline]
    fn add_line(&mut self, settings: &Settings, line: &[u8]) -> Result<(), StompError> {
        let has_return = self.version != Version::V1_1 || self.verb == Verb::Connect;
        let line = match line.split_last() {
            Some((b'\r', before)) if has_return => before,
            _ => line,
        };
        let limit = settings.header_line_bytes_max;
        if line.len() > limit {
            return Err(StompError::HeaderLineTooLong { limit });
        }
        let limit = settings.headers_count_max;
        if self.lines.len() >= limit {
            return Err(StompError::TooManyHeaders { limit });
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let known = match self.verb {
            Verb::Send => Known::of(line.get(..colon).unwrap_or_default()),
            _ => Known::Property,
        };
        let offset = |at: usize| u32::try_from(self.line_start + at).unwrap_or(u32::MAX);
        self.lines.push(Line {
            start: offset(0),
            colon: offset(colon),
            end: offset(line.len()),
            known,
        });
        // ActiveMQ counts on the length for SEND only; other frames end at their NUL.
        if known == Known::ContentLength && self.content_length.is_none() {
            let value = line.get(colon + 1..).unwrap_or_default();
            self.content_length = Some(content_length(value)?);
        }
        Ok(())
    }

    /// The end of the body; `None` while it is not there.
    fn body(&mut self, settings: &Settings, bytes: &[u8]) -> Result<Option<usize>, StompError> {
        if let Some(length) = self.content_length {
            let end = self.body_start + length;
            return match bytes.get(end) {
                None => Ok(None),
                Some(0) => Ok(Some(end)),
                Some(_) => Err(StompError::MissingNul),
            };
        }
        let unseen = bytes.get(self.scanned..).unwrap_or_default();
        let found = memchr::memchr(0, unseen).map(|found| self.scanned + found);
        let end = found.unwrap_or(bytes.len());
        self.check_body(settings, end - self.body_start)?;
        self.scanned = end;
        Ok(found)
    }

    fn check_body(&self, settings: &Settings, length: usize) -> Result<(), StompError> {
        let frame = self.body_start.saturating_add(length);
        let limit = settings.frame_before_login_bytes_max;
        if !self.logged_in && frame > limit {
            return Err(StompError::FrameBeforeLoginTooLong { limit });
        }
        let limit = settings.body_bytes_max;
        if length > limit {
            return Err(StompError::BodyTooLong { limit });
        }
        let limit = settings.frame_bytes_max;
        if frame > limit {
            return Err(StompError::FrameTooLong { limit });
        }
        Ok(())
    }
}

fn content_length(value: &[u8]) -> Result<usize, StompError> {
    let plain = value.trim_ascii();
    let length = number::parse_u64(plain).and_then(|length| usize::try_from(length).ok());
    // A length that overflows is too long rather than malformed: no limit is that high.
    let digits = !plain.is_empty() && plain.iter().all(u8::is_ascii_digit);
    length
        .or(digits.then_some(usize::MAX / 2))
        .ok_or_else(|| StompError::ContentLength {
            value: shown(value),
        })
}
