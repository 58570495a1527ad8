//! Names of files and the header of a segment.
//!
//! A segment is a file `journal-<number>.log`. Numbers only rise, also when a file is used again
//! under a new one, so a record that carries its segment's number cannot be taken for one of the
//! file's former life. The header stands twice, 64 bytes each, records begin at byte 128:
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic |
//! | 8 | 4 | version of the format |
//! | 12 | 4 | CRC-32C of bytes 0-11 and 16-63 |
//! | 16 | 8 | number of the segment |
//! | 24 | 8 | number of the segment before, 0 if none |
//! | 32 | 8 | where the segment before ends |
//! | 40 | 4 | salt of the records' checksums |

use std::io;

use crate::StoreError;
use crate::disk::File;
use crate::journal::fields::{Fields, PutFields};

/// Where records begin.
pub(crate) const RECORDS_AT: u64 = 128;

/// Newest version of segments, sidecars and checkpoints that this code reads and writes.
pub(crate) const VERSION: u32 = 1;

const MAGIC: &[u8; 8] = b"FLWYLOG\n";

const COPY_BYTES: usize = 64;

/// Numbers above this are never reached by counting.
pub(crate) const NUMBER_MAX: u64 = u64::MAX / 2;

/// Name of the file with all facts up to some segment.
pub(crate) const CHECKPOINT_NAME: &str = "checkpoint";

/// Ending of a file that is still being written.
pub(crate) const NEW_SUFFIX: &str = ".new";

/// Name of a segment's file.
pub(crate) fn log_name(number: u64) -> String {
    format!("journal-{number:010}.log")
}

/// Name of a segment's sidecar.
pub(crate) fn sidecar_name(number: u64) -> String {
    format!("journal-{number:010}.idx")
}

/// The number in a name made by [`log_name`].
pub(crate) fn log_number(name: &str) -> Option<u64> {
    number(name, ".log")
}

/// The number in a name made by [`sidecar_name`].
pub(crate) fn sidecar_number(name: &str) -> Option<u64> {
    number(name, ".idx")
}

fn number(name: &str, suffix: &str) -> Option<u64> {
    name.strip_prefix("journal-")?
        .strip_suffix(suffix)?
        .parse()
        .ok()
}

/// The first bytes of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) number: u64,
    pub(crate) previous: u64,
    pub(crate) previous_end: u64,
    pub(crate) salt: u32,
}

impl SegmentHeader {
    /// Appends both copies.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let mut copy = Vec::with_capacity(COPY_BYTES);
        copy.put_u64(self.number);
        copy.put_u64(self.previous);
        copy.put_u64(self.previous_end);
        copy.put_u32(self.salt);
        copy.resize(COPY_BYTES - 16, 0);
        let mut begin = Vec::with_capacity(COPY_BYTES);
        begin.put(MAGIC);
        begin.put_u32(VERSION);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&begin), &copy);
        begin.put_u32(crc);
        begin.put(&copy);
        out.put(&begin);
        out.put(&begin);
    }

    /// The header of a file that should be segment `number`; `None` if it was never one.
    pub(crate) fn read(file: &dyn File, number: u64) -> Result<Option<Self>, StoreError> {
        let mut bytes = [0; 2 * COPY_BYTES];
        let fail = |cause| StoreError::file("reading", log_name(number), cause);
        let length = read_up_to(file, &mut bytes, 0).map_err(fail)?;
        let bytes = bytes.get(..length).unwrap_or_default();
        for copy in bytes.chunks_exact(COPY_BYTES) {
            if let Some(header) = Self::read_copy(copy, number)? {
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    fn read_copy(copy: &[u8], number: u64) -> Result<Option<Self>, StoreError> {
        let Some((begin, after)) = copy.split_at_checked(12) else {
            return Ok(None);
        };
        let Some((crc, rest)) = after.split_at_checked(4) else {
            return Ok(None);
        };
        let (magic, version) = begin.split_at(8);
        let expected = crc32c::crc32c_append(crc32c::crc32c(begin), rest);
        if magic != MAGIC || Fields(crc).u32() != Some(expected) {
            return Ok(None);
        }
        let found = Fields(version).u32().unwrap_or_default();
        if found > VERSION {
            return Err(StoreError::Version {
                file: log_name(number),
                found,
                known: VERSION,
            });
        }
        let mut fields = Fields(rest);
        let header = (|| {
            Some(Self {
                number: fields.u64()?,
                previous: fields.u64()?,
                previous_end: fields.u64()?,
                salt: fields.u32()?,
            })
        })();
        Ok(header.filter(|header| header.number == number))
    }
}

/// Reads until `buffer` is full or the file ends.
pub(crate) fn read_up_to(file: &dyn File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while let Some(left) = buffer.get_mut(done..)
        && !left.is_empty()
    {
        let read = file.read_at(left, offset + done as u64)?;
        if read == 0 {
            break;
        }
        done += read;
    }
    Ok(done)
}
