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

/// Where the number of the segment stands in a record.
const NUMBER_AT: usize = 16;

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
                None if is_guess => next = self.next_candidate(at + 8)?,
                None => next = self.next_candidate(next + 8)?,
            }
            is_guess = false;
        }
        Ok(None)
    }

    /// The next place from `at` on where the number of the segment stands as in a header. Most of
    /// what is searched is zeros or records of another life, and this passes over them quickly.
    fn next_candidate(&mut self, at: u64) -> Result<u64, StoreError> {
        let number = self.number.to_le_bytes();
        let mut at = at;
        while at < self.end {
            let step = (self.end - at).min(WINDOW_BYTES as u64);
            let Some(bytes) = self.bytes(at, step)? else {
                return Ok(self.end);
            };
            let mut places = bytes.chunks_exact(8).skip(NUMBER_AT / 8);
            if let Some(place) = places.position(|chunk| chunk == number) {
                return Ok(at + 8 * place as u64);
            }
            // The next piece begins where a number could still have stood outside of this one.
            let seen = (step - step % 8).saturating_sub(NUMBER_AT as u64);
            if seen == 0 {
                return Ok(self.end);
            }
            at += seen;
        }
        Ok(self.end)
    }
}
