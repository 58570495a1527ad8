//! Reads the fields of one frame, in either encoding.
//!
//! Loose frames are a plain stream; tight frames have all flags of the frame in front. Strings
//! and byte sequences are slices of the frame. Nothing is allocated by a length or count that
//! was not checked against the rest of the frame, the depth and the number of elements.

use super::cache::ReadCache;
use super::{
    Cached, Content, DEPTH_MAX, DecodeError, ELEMENTS_MAX, Fault, Format, Secret, StackFrame, Text,
    Throwable, Wire,
};
use crate::generated::structure::{first_version, is_marshal_aware};
use bytes::Bytes;

/// A frame being read.
pub struct Reader<'a> {
    frame: &'a Bytes,
    at: usize,
    field: &'static str,
    format: Format,
    /// Flags of a tight frame: their bytes, and how many bits were read.
    bits: (&'a [u8], usize),
    cache: &'a mut ReadCache,
    depth: usize,
    elements: usize,
    /// Strings are copied: they are about to be kept in the cache.
    keeps: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(frame: &'a Bytes, format: Format, cache: &'a mut ReadCache) -> Self {
        Self {
            frame,
            at: 0,
            field: "type",
            format,
            bits: (&[], 0),
            cache,
            depth: 0,
            elements: 0,
            keeps: false,
        }
    }

    /// The negotiated version.
    #[inline]
    pub fn version(&self) -> u8 {
        self.format.version
    }

    /// Names the field that is read next, for errors.
    #[inline]
    pub fn at(&mut self, field: &'static str) -> &mut Self {
        self.field = field;
        self
    }

    /// Reads the type and, of a tight frame, the flags.
    pub(super) fn head(&mut self) -> Result<u8, DecodeError> {
        let type_id = self.u8()?;
        if self.format.tight && type_id != 0 {
            let bytes = match self.u8()? {
                0xc0 => usize::from(self.u8()?),
                0x80 => usize::from(self.u16()?),
                few => usize::from(few),
            };
            self.bits = (self.take(bytes)?, 0);
        }
        Ok(type_id)
    }

    /// Checks that the whole frame was read.
    pub(super) fn finish(&mut self) -> Result<(), DecodeError> {
        self.field = "end";
        let left = self.frame.len().saturating_sub(self.at);
        if left > 0 {
            return Err(self.error(Fault::LeftOver { left }));
        }
        let (bytes, used) = self.bits;
        let (used, found) = (used.div_ceil(8), bytes.len());
        if used != found {
            return Err(self.error(Fault::UnusedBits { used, found }));
        }
        Ok(())
    }

    /// Checks that the version has a type.
    pub(super) fn check_type(&self, type_id: u8) -> Result<(), DecodeError> {
        if first_version(type_id) > self.format.version {
            return Err(self.unknown_type(type_id));
        }
        Ok(())
    }

    pub(crate) fn unknown_type(&self, type_id: u8) -> DecodeError {
        let version = self.format.version;
        self.error(Fault::UnknownType { type_id, version })
    }

    #[cold]
    fn error(&self, fault: Fault) -> DecodeError {
        DecodeError {
            at: self.at.min(self.frame.len()),
            field: self.field,
            fault,
        }
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let frame: &'a Bytes = self.frame;
        let bytes = self
            .at
            .checked_add(length)
            .and_then(|end| frame.get(self.at..end));
        let Some(bytes) = bytes else {
            let left = frame.len().saturating_sub(self.at);
            let wanted = length;
            return Err(self.error(Fault::Truncated { wanted, left }));
        };
        self.at += length;
        Ok(bytes)
    }

    #[inline]
    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    #[inline]
    fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array_of().map(|[byte]| byte)
    }

    #[inline]
    fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array_of().map(u16::from_be_bytes)
    }

    #[inline]
    fn bit(&mut self) -> Result<bool, DecodeError> {
        let (bytes, used) = self.bits;
        let Some(byte) = bytes.get(used / 8) else {
            return Err(self.error(Fault::Truncated { wanted: 1, left: 0 }));
        };
        self.bits.1 = used + 1;
        Ok(byte >> (used % 8) & 1 != 0)
    }

    /// A flag: a bit or a byte.
    #[inline]
    pub fn boolean(&mut self) -> Result<bool, DecodeError> {
        if self.format.tight {
            self.bit()
        } else {
            Ok(self.u8()? != 0)
        }
    }

    /// 8 bits.
    #[inline]
    pub fn byte(&mut self) -> Result<i8, DecodeError> {
        self.array_of().map(i8::from_be_bytes)
    }

    /// 32 bits.
    #[inline]
    pub fn int(&mut self) -> Result<i32, DecodeError> {
        self.array_of().map(i32::from_be_bytes)
    }

    /// 64 bits; in a tight frame as many as its magnitude needs.
    #[inline]
    pub fn long(&mut self) -> Result<i64, DecodeError> {
        if !self.format.tight {
            return self.array_of().map(i64::from_be_bytes);
        }
        Ok(match (self.bit()?, self.bit()?) {
            (false, false) => 0,
            (false, true) => i64::from(self.u16()?),
            (true, false) => i64::from(self.array_of().map(u32::from_be_bytes)?),
            (true, true) => self.array_of().map(i64::from_be_bytes)?,
        })
    }

    #[inline]
    fn slice(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        let from = self.at;
        let bytes = self.take(length)?;
        if !self.keeps {
            return Ok(self.frame.slice(from..from + length));
        }
        if !self.cache.charge(length) {
            let limit = super::CACHED_BYTES_MAX;
            return Err(self.error(Fault::CacheBytes { limit }));
        }
        Ok(Bytes::copy_from_slice(bytes))
    }

    /// A string that may be absent.
    #[inline]
    pub fn string(&mut self) -> Result<Option<Text>, DecodeError> {
        if !self.boolean()? {
            return Ok(None);
        }
        let is_latin1 = self.format.tight && self.bit()?;
        let length = usize::from(self.u16()?);
        let bytes = self.slice(length)?;
        if is_latin1 {
            return Ok(Some(Text::from_latin1(bytes)));
        }
        match Text::from_wire(bytes) {
            Some(text) => Ok(Some(text)),
            None => Err(self.error(Fault::Text)),
        }
    }

    /// A string that is never shown.
    pub fn secret(&mut self) -> Result<Option<Secret>, DecodeError> {
        Ok(self.string()?.map(Secret))
    }

    /// Bytes that may be absent.
    #[inline]
    pub fn bytes(&mut self) -> Result<Option<Bytes>, DecodeError> {
        if !self.boolean()? {
            return Ok(None);
        }
        let length = self.int()?;
        let Ok(bytes) = usize::try_from(length) else {
            return Err(self.error(Fault::NegativeLength { length }));
        };
        self.slice(bytes).map(Some)
    }

    /// A body that may be absent.
    pub fn content(&mut self) -> Result<Option<Content>, DecodeError> {
        Ok(self.bytes()?.map(Content::from))
    }

    /// Eight bytes as they are.
    pub fn magic(&mut self) -> Result<[u8; 8], DecodeError> {
        self.array_of()
    }

    fn count(&mut self) -> Result<usize, DecodeError> {
        let count = usize::from(self.u16()?);
        self.elements += count;
        if self.elements > ELEMENTS_MAX {
            let limit = ELEMENTS_MAX;
            return Err(self.error(Fault::TooMany { limit }));
        }
        Ok(count)
    }

    #[inline]
    fn deeper(&mut self) -> Result<(), DecodeError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error(Fault::TooDeep { limit: DEPTH_MAX }));
        }
        Ok(())
    }

    /// An exception that may be absent.
    pub fn throwable(&mut self) -> Result<Option<Throwable>, DecodeError> {
        if !self.boolean()? {
            return Ok(None);
        }
        self.deeper()?;
        let mut found = Throwable {
            class: self.string()?,
            message: self.string()?,
            ..Throwable::default()
        };
        if self.format.stack_traces {
            for _ in 0..self.count()? {
                found.frames.push(StackFrame {
                    class: self.string()?,
                    method: self.string()?,
                    file: self.string()?,
                    line: self.int()?,
                });
            }
            found.cause = self.throwable()?.map(Box::new);
        }
        self.depth -= 1;
        Ok(Some(found))
    }

    /// A structure that may be absent.
    #[inline]
    pub fn nested<T: Wire>(&mut self) -> Result<Option<T>, DecodeError> {
        if !self.boolean()? {
            return Ok(None);
        }
        let type_id = self.u8()?;
        if !T::accepts(type_id) {
            return Err(self.error(Fault::MisplacedType { type_id }));
        }
        self.check_type(type_id)?;
        if self.format.tight && is_marshal_aware(type_id) && self.bit()? {
            return Err(self.error(Fault::Premarshalled));
        }
        self.deeper()?;
        let found = T::read(self, type_id)?;
        self.depth -= 1;
        Ok(Some(found))
    }

    /// A structure that may be absent, or stand in the cache.
    #[inline]
    pub fn cached<T: Cached>(&mut self) -> Result<Option<T>, DecodeError> {
        if !self.format.cache {
            return self.nested();
        }
        let is_new = self.boolean()?;
        let index = self.array_of().map(i16::from_be_bytes)?;
        if !is_new {
            return match self.cache.get(index) {
                Some(None) => Ok(None),
                Some(Some(value)) => match T::load(value) {
                    Some(found) => Ok(Some(found)),
                    None => Err(self.bad_slot(index)),
                },
                None => Err(self.bad_slot(index)),
            };
        }
        let kept_before = self.keeps;
        self.keeps |= index >= 0;
        let found = self.nested::<T>()?;
        self.keeps = kept_before;
        if index >= 0 {
            let value = found.as_ref().and_then(Cached::key);
            if found.is_some() != value.is_some() {
                return Err(self.bad_slot(index));
            }
            let value = value.map(|key| key.to_value());
            if !self.cache.set(index, value) {
                return Err(self.bad_slot(index));
            }
        }
        Ok(found)
    }

    #[cold]
    fn bad_slot(&self, index: i16) -> DecodeError {
        let size = self.cache.size();
        self.error(Fault::CacheSlot { index, size })
    }

    /// An array that may be absent, and so may its elements.
    pub fn array<T: Wire>(&mut self) -> Result<Option<Vec<Option<T>>>, DecodeError> {
        if !self.boolean()? {
            return Ok(None);
        }
        let count = self.count()?;
        (0..count)
            .map(|_| self.nested())
            .collect::<Result<_, _>>()
            .map(Some)
    }
}
