//! Received bytes to structures.
//!
//! A frame is a size of four bytes and so many bytes. A size over the limit ends the connection
//! before anything of the frame is waited for. A frame is a part of the receive buffer, which can
//! be used again once everything read from the frame is dropped or copied.

use super::cache::ReadCache;
use super::{DecodeError, Fault, Format, Reader, Wire};
use crate::generated::DataStructure;
use bytes::{Buf, Bytes, BytesMut};

const SIZE_BYTES: usize = 4;

/// Decodes one direction of a connection.
#[derive(Debug)]
pub struct Decoder {
    format: Format,
    cache: ReadCache,
    /// Longest frame taken.
    pub frame_bytes_max: usize,
    /// Size of the frame that has begun, its prefix included; 0 when unknown.
    wanted: usize,
}

impl Decoder {
    /// A decoder of a format.
    pub fn new(format: Format, frame_bytes_max: usize) -> Self {
        Self {
            format,
            cache: ReadCache::new(format.cache_size),
            frame_bytes_max,
            wanted: 0,
        }
    }

    /// Bytes that the frame that has begun needs; 0 when unknown.
    pub fn input_wanted(&self) -> usize {
        self.wanted
    }

    /// How many values frames have put into the marshalling cache. Two frames of one layout may
    /// be treated alike, without reading the second, only if the first put nothing there.
    pub fn stored_count(&self) -> u64 {
        self.cache.stored_count
    }

    /// Takes the next whole frame, without its size prefix, from the front of `input`.
    ///
    /// # Errors
    /// When its size is not allowed.
    pub fn next_frame(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, DecodeError> {
        self.wanted = 0;
        let Some(prefix) = input.first_chunk::<SIZE_BYTES>() else {
            return Ok(None);
        };
        let size = i32::from_be_bytes(*prefix);
        let limit = self.frame_bytes_max;
        let length = match usize::try_from(size) {
            Ok(length) if (1..=limit).contains(&length) => length,
            _ => {
                return Err(DecodeError {
                    at: 0,
                    field: "size",
                    fault: Fault::FrameSize { size, limit },
                });
            }
        };
        if input.len() < SIZE_BYTES + length {
            self.wanted = SIZE_BYTES + length;
            return Ok(None);
        }
        input.advance(SIZE_BYTES);
        Ok(Some(input.split_to(length).freeze()))
    }

    /// Reads a frame; `None` for the null command.
    ///
    /// # Errors
    /// When it is not well formed; the connection cannot go on then.
    pub fn read(&mut self, frame: &Bytes) -> Result<Option<DataStructure>, DecodeError> {
        let mut reader = Reader::new(frame, self.format, &mut self.cache);
        let type_id = reader.head()?;
        if type_id == 0 {
            reader.finish()?;
            return Ok(None);
        }
        reader.check_type(type_id)?;
        let found = DataStructure::read(&mut reader, type_id)?;
        reader.finish()?;
        Ok(Some(found))
    }
}
