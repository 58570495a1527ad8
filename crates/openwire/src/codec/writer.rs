//! Writes the fields of one frame, in either encoding.
//!
//! The flags of a tight frame are gathered apart and put in front at the end, so one pass over
//! the fields is enough. Large byte sequences are kept by reference. What a length on the wire
//! cannot express (texts over 32,767 or 65,535 bytes) is cut, never wrongly framed.

use super::cache::WriteCache;
use super::stencil::Trace;
use super::{Cached, Content, Format, Secret, Text, Throwable, Wire};
use crate::generated::structure::is_marshal_aware;
use bytes::{Bytes, BytesMut};
use floodway_message::output::SHARE_BYTES_MIN;

/// Longest text that Java's tight reader takes.
const TIGHT_TEXT_BYTES_MAX: usize = 32_766;

const WORD_BITS: usize = 64;

/// Flags of a tight frame, the first in the lowest bit.
#[derive(Debug, Default)]
pub(super) struct Bits {
    /// Whole words.
    bytes: Vec<u8>,
    /// The last, incomplete word.
    word: u64,
    count: usize,
}

impl Bits {
    #[inline]
    fn push(&mut self, bit: bool) {
        self.word |= u64::from(bit) << (self.count % WORD_BITS);
        self.count += 1;
        if self.count.is_multiple_of(WORD_BITS) {
            self.bytes.extend_from_slice(&self.word.to_le_bytes());
            self.word = 0;
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.word = 0;
        self.count = 0;
    }

    /// The number of bytes in the form in which it stands in front of them, and the bytes.
    pub(super) fn parts(&mut self) -> (Length, &[u8]) {
        let length = self.count.div_ceil(8);
        if self.bytes.len() < length {
            self.bytes.extend_from_slice(&self.word.to_le_bytes());
        }
        self.bytes.truncate(length);
        let count = u16::try_from(length).unwrap_or(u16::MAX);
        let [high, low] = count.to_be_bytes();
        let head = match count {
            0..64 => ([low, 0, 0], 1),
            64..256 => ([0xc0, low, 0], 2),
            _ => ([0x80, high, low], 3),
        };
        (Length(head.0, head.1), &self.bytes)
    }
}

/// One to three bytes.
pub(super) struct Length([u8; 3], usize);

impl Length {
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

/// What the writers of a connection use again and again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Where fields are appended: the buffer of the output, lent for one frame.
    pub(super) body: BytesMut,
    pub(super) bits: Bits,
    /// Byte sequences kept by reference, each with its place in `body`.
    pub(super) shared: Vec<(usize, Bytes)>,
    /// Where things stand in the frame, if somebody wants to know.
    pub(super) trace: Option<Trace>,
}

/// A frame being written.
pub struct Writer<'a> {
    format: Format,
    out: &'a mut Scratch,
    cache: &'a mut WriteCache,
}

impl<'a> Writer<'a> {
    pub(super) fn new(format: Format, out: &'a mut Scratch, cache: &'a mut WriteCache) -> Self {
        Self { format, out, cache }
    }

    /// The negotiated version.
    #[inline]
    pub fn version(&self) -> u8 {
        self.format.version
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.out.body.extend_from_slice(bytes);
    }

    /// A flag: a bit or a byte.
    #[inline]
    pub fn boolean(&mut self, flag: bool) {
        if self.format.tight {
            self.out.bits.push(flag);
        } else {
            self.put(&[u8::from(flag)]);
        }
    }

    /// 8 bits.
    #[inline]
    pub fn byte(&mut self, number: i8) {
        self.put(&number.to_be_bytes());
    }

    /// 32 bits.
    #[inline]
    pub fn int(&mut self, number: i32) {
        self.put(&number.to_be_bytes());
    }

    /// 64 bits; in a tight frame as many as its unsigned magnitude needs.
    #[inline]
    pub fn long(&mut self, number: i64) {
        if let Some(trace) = &mut self.out.trace {
            trace.longs.push((self.out.body.len(), number));
        }
        if !self.format.tight {
            self.put(&number.to_be_bytes());
            return;
        }
        let bits = &mut self.out.bits;
        if number == 0 {
            bits.push(false);
            bits.push(false);
        } else if let Ok(small) = u16::try_from(number) {
            bits.push(false);
            bits.push(true);
            self.put(&small.to_be_bytes());
        } else if let Ok(middle) = u32::try_from(number) {
            bits.push(true);
            bits.push(false);
            self.put(&middle.to_be_bytes());
        } else {
            bits.push(true);
            bits.push(true);
            self.put(&number.to_be_bytes());
        }
    }

    /// A string that may be absent.
    #[inline]
    pub fn string(&mut self, text: &Option<Text>) {
        self.boolean(text.is_some());
        if let Some(text) = text {
            self.text(text.bytes());
        }
    }

    #[inline]
    fn text(&mut self, bytes: &[u8]) {
        let most = if self.format.tight {
            self.out.bits.push(bytes.is_ascii() && !bytes.contains(&0));
            TIGHT_TEXT_BYTES_MAX
        } else {
            usize::from(u16::MAX)
        };
        let bytes = cut(bytes, most);
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.put(&length.to_be_bytes());
        self.put(bytes);
    }

    /// A string that is never shown.
    pub fn secret(&mut self, text: &Option<Secret>) {
        self.boolean(text.is_some());
        if let Some(Secret(text)) = text {
            self.text(text.bytes());
        }
    }

    /// Bytes that may be absent.
    #[inline]
    pub fn bytes(&mut self, bytes: &Option<Bytes>) {
        self.boolean(bytes.is_some());
        let Some(bytes) = bytes else {
            return;
        };
        self.length(bytes.len());
        self.put_shared(bytes);
    }

    /// A body that may be absent.
    pub fn content(&mut self, content: &Option<Content>) {
        self.boolean(content.is_some());
        let Some(content) = content else {
            return;
        };
        let start = self.out.body.len();
        self.length(content.len());
        if content.has_length {
            self.length(content.bytes.len());
        }
        self.put_shared(&content.bytes);
        if let Some(trace) = &mut self.out.trace {
            trace.content = Some(start..self.out.body.len());
        }
    }

    fn length(&mut self, length: usize) {
        self.int(i32::try_from(length).unwrap_or(i32::MAX));
    }

    /// No other frame can be made of this one.
    fn is_unique(&mut self) {
        if let Some(trace) = &mut self.out.trace {
            trace.unique = true;
        }
    }

    fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARE_BYTES_MIN {
            self.put(bytes);
        } else {
            let place = self.out.body.len();
            self.out.shared.push((place, bytes.clone()));
            self.is_unique();
        }
    }

    /// Eight bytes as they are.
    pub fn magic(&mut self, magic: &[u8; 8]) {
        self.put(magic);
    }

    /// An exception that may be absent.
    pub fn throwable(&mut self, throwable: &Option<Throwable>) {
        self.boolean(throwable.is_some());
        if let Some(throwable) = throwable {
            self.present_throwable(throwable);
        }
    }

    fn present_throwable(&mut self, throwable: &Throwable) {
        self.string(&throwable.class);
        self.string(&throwable.message);
        if !self.format.stack_traces {
            return;
        }
        self.count(throwable.frames.len());
        for frame in throwable.frames.iter().take(usize::from(u16::MAX)) {
            self.string(&frame.class);
            self.string(&frame.method);
            self.string(&frame.file);
            self.int(frame.line);
        }
        self.boolean(throwable.cause.is_some());
        if let Some(cause) = &throwable.cause {
            self.present_throwable(cause);
        }
    }

    fn count(&mut self, count: usize) {
        self.put(&u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
    }

    /// A structure that may be absent.
    #[inline]
    pub fn nested<T: Wire>(&mut self, value: &Option<T>) {
        self.boolean(value.is_some());
        if let Some(value) = value {
            self.present(value);
        }
    }

    #[inline]
    fn present<T: Wire>(&mut self, value: &T) {
        let type_id = value.type_id();
        if self.format.tight && is_marshal_aware(type_id) {
            self.out.bits.push(false);
        }
        self.put(&[type_id]);
        value.write(self);
    }

    /// A structure that may be absent, or stand in the cache.
    #[inline]
    pub fn cached<T: Cached>(&mut self, value: &Option<T>) {
        if !self.format.cache {
            return self.nested(value);
        }
        let key = value.as_ref().and_then(Cached::key);
        let is_stored = value.is_some() == key.is_some();
        let known = if is_stored {
            self.cache.find(key)
        } else {
            None
        };
        self.boolean(known.is_none());
        if let Some(index) = known {
            self.put(&index.to_be_bytes());
            return;
        }
        self.is_unique();
        let place = self.out.body.len();
        // A loose frame numbers a value before those within it, a tight one after them.
        let mut index = -1;
        if is_stored && !self.format.tight {
            index = self.cache.add(key);
        }
        self.put(&index.to_be_bytes());
        self.nested(value);
        if is_stored && self.format.tight {
            index = self.cache.add(key);
            if let Some(slot) = self.out.body.get_mut(place..place + 2) {
                slot.copy_from_slice(&index.to_be_bytes());
            }
        }
    }

    /// An array that may be absent, and so may its elements.
    pub fn array<T: Wire>(&mut self, elements: &Option<Vec<Option<T>>>) {
        self.boolean(elements.is_some());
        if let Some(elements) = elements {
            self.count(elements.len());
            for element in elements.iter().take(usize::from(u16::MAX)) {
                self.nested(element);
            }
        }
    }
}

/// At most `most` bytes of modified UTF-8, without splitting a character.
fn cut(bytes: &[u8], most: usize) -> &[u8] {
    let mut end = bytes.len().min(most);
    while end < bytes.len() && end > 0 && bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end -= 1;
    }
    bytes.get(..end).unwrap_or_default()
}
