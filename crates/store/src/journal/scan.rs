//! Reading a segment record by record, as recovery does.
//!
//! Nothing that a file says is believed before its checksum was compared, and no memory is taken
//! for a length before the file is known to be that long. Records longer than the window are
//! checked piece by piece.

use std::sync::Arc;

use crate::StoreError;
use crate::disk::File;
use crate::journal::record::{HEADER_BYTES, Header, Record, SYNCED_BEFORE, crc_after, crc_begin};
use crate::journal::segment::{log_name, read_up_to};

/// Bytes read at a time.
const WINDOW_BYTES: usize = 1024 * 1024;

/// A segment being read.
pub(crate) struct Scanner {
    file: Arc<dyn File>,
    number: u64,
    salt: u32,
    end: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl Scanner {
    /// Reads segment `number` up to `end`.
    pub(crate) fn new(file: Arc<dyn File>, number: u64, salt: u32, end: u64) -> Self {
        Self {
            file,
            number,
            salt,
            end,
            window: Vec::new(),
            window_at: 0,
        }
    }

    /// The bytes at an offset, `None` if they reach beyond the end.
    fn bytes(&mut self, at: u64, length: u64) -> Result<Option<&[u8]>, StoreError> {
        let Some(end) = at.checked_add(length).filter(|end| *end <= self.end) else {
            return Ok(None);
        };
        if at < self.window_at || end > self.window_at + self.window.len() as u64 {
            let wanted = length.max(WINDOW_BYTES as u64).min(self.end - at);
            let Ok(wanted) = usize::try_from(wanted) else {
                return Ok(None);
            };
            self.window.resize(wanted, 0);
            let read = read_up_to(self.file.as_ref(), &mut self.window, at);
            let read =
                read.map_err(|cause| StoreError::file("reading", log_name(self.number), cause))?;
            self.window.truncate(read);
            self.window_at = at;
        }
        let (Ok(begin), Ok(length)) = (
            usize::try_from(at - self.window_at),
            usize::try_from(length),
        ) else {
            return Ok(None);
        };
        Ok(self.window.get(begin..begin + length))
    }

    /// The header of a whole record at an offset; `None` if there is none.
    pub(crate) fn at(&mut self, at: u64) -> Result<Option<Header>, StoreError> {
        let (number, salt) = (self.number, self.salt);
        let room = self.end.saturating_sub(at);
        let header = self.bytes(at, HEADER_BYTES)?.and_then(Header::read);
        let Some(header) = header.filter(|header| header.is_plausible(number, room)) else {
            return Ok(None);
        };
        let length = u64::from(header.length);
        let mut crc = crc_begin(header.length, salt);
        let mut done = 8;
        while done < length {
            let step = (length - done).min(WINDOW_BYTES as u64);
            let Some(bytes) = self.bytes(at + done, step)? else {
                return Ok(None);
            };
            crc = crc_after(crc, bytes);
            done += step;
        }
        Ok((crc == header.crc).then_some(header))
    }

    /// The record whose header [`Scanner::at`] returned, all of it in memory.
    pub(crate) fn record(
        &mut self,
        at: u64,
        header: Header,
    ) -> Result<Option<Record<'_>>, StoreError> {
        let whole = self.bytes(at, u64::from(header.length))?;
        Ok(whole.and_then(|whole| Record::split(header, whole)))
    }

    /// The stored targets of a record without its head and body.
    pub(crate) fn targets(&mut self, at: u64, header: Header) -> Result<&[u8], StoreError> {
        let length = header.head_at() - HEADER_BYTES;
        Ok(self.bytes(at + HEADER_BYTES, length)?.unwrap_or_default())
    }

    /// The first whole record behind a damaged one at `at`. With `synced_only`, only a record
    /// counts that proves everything before it to have been durable, and `None` means that a
    /// crash tore the end of the log at `at`.
    pub(crate) fn search(&mut self, at: u64, synced_only: bool) -> Result<Option<u64>, StoreError> {
        // If only the content is damaged, the length still leads to the next record.
        let skipped = self.bytes(at, HEADER_BYTES)?.and_then(Header::read);
        let room = self.end.saturating_sub(at);
        let skipped = skipped.filter(|header| header.is_plausible(self.number, room));
        let mut next = at + skipped.map_or(8, |header| header.padded());
        let mut is_guess = skipped.is_some();
        while next < self.end {
            match self.at(next)? {
                Some(header) if !synced_only || header.has(SYNCED_BEFORE) => {
                    return Ok(Some(next));
                }
                Some(header) => next += header.padded(),
                None if is_guess => next = at + 8,
                None => next += 8,
            }
            is_guess = false;
        }
        Ok(None)
    }
}
