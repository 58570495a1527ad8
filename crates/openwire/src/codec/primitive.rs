//! Primitive maps: message properties, bodies of map messages, properties of `WireFormatInfo`.
//!
//! Read without allocating, entry by entry; nested maps and lists are checked and handed out as
//! their bytes. Order is the sender's.

use super::{DEPTH_MAX, Fault};
use bytes::{BufMut, BytesMut};

/// Java writes longer strings, in characters, as "big" ones. It counts UTF-16 units.
const STRING_UNITS_MAX: usize = 8190;

/// One value. Texts are modified UTF-8.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Primitive<'a> {
    Null,
    Boolean(bool),
    Byte(i8),
    Char(u16),
    Short(i16),
    Integer(i32),
    Long(i64),
    Double(f64),
    Float(f32),
    /// A text of at most 65,535 bytes.
    String(&'a [u8]),
    /// A text with a length of 32 bits.
    BigString(&'a [u8]),
    Bytes(&'a [u8]),
    /// A map within the map, with its count.
    Map(&'a [u8]),
    /// A list, with its count.
    List(&'a [u8]),
}

/// Entries of a marshalled map.
#[derive(Debug, Clone)]
pub struct PrimitiveMap<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> PrimitiveMap<'a> {
    /// The map that `bytes` hold; no bytes and the null map have no entries.
    pub fn new(bytes: &'a [u8]) -> Self {
        match bytes.split_first_chunk::<4>() {
            Some((count, rest)) => Self {
                rest,
                left: usize::try_from(i32::from_be_bytes(*count)).unwrap_or(0),
            },
            None => Self { rest: &[], left: 0 },
        }
    }

    /// Entries that are announced and not yet read.
    pub fn len_left(&self) -> usize {
        self.left
    }

    /// What follows the entries read so far.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for PrimitiveMap<'a> {
    type Item = Result<(&'a [u8], Primitive<'a>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let entry = short_text(&mut self.rest).and_then(|name| {
            let value = value(&mut self.rest, 0)?;
            Ok((name, value))
        });
        if entry.is_err() {
            self.left = 0;
        }
        Some(entry)
    }
}

/// Reads one value from the front of `bytes`.
///
/// # Errors
/// When it is not well formed, or nested deeper than allowed.
pub fn read_one<'a>(bytes: &mut &'a [u8]) -> Result<Primitive<'a>, Fault> {
    value(bytes, 0)
}

fn value<'a>(rest: &mut &'a [u8], depth: usize) -> Result<Primitive<'a>, Fault> {
    let [code] = array(rest)?;
    Ok(match code {
        0 => Primitive::Null,
        1 => Primitive::Boolean(array::<1>(rest)? != [0]),
        2 => Primitive::Byte(i8::from_be_bytes(array(rest)?)),
        3 => Primitive::Char(u16::from_be_bytes(array(rest)?)),
        4 => Primitive::Short(i16::from_be_bytes(array(rest)?)),
        5 => Primitive::Integer(i32::from_be_bytes(array(rest)?)),
        6 => Primitive::Long(i64::from_be_bytes(array(rest)?)),
        7 => Primitive::Double(f64::from_be_bytes(array(rest)?)),
        8 => Primitive::Float(f32::from_be_bytes(array(rest)?)),
        9 => Primitive::String(short_text(rest)?),
        10 => Primitive::Bytes(long_bytes(rest)?),
        11 => Primitive::Map(skip(rest, depth, true)?),
        12 => Primitive::List(skip(rest, depth, false)?),
        13 => Primitive::BigString(long_bytes(rest)?),
        _ => return Err(Fault::PrimitiveType { code }),
    })
}

/// Passes over a map or list and returns its bytes.
fn skip<'a>(rest: &mut &'a [u8], depth: usize, is_map: bool) -> Result<&'a [u8], Fault> {
    if depth >= DEPTH_MAX {
        return Err(Fault::TooDeep { limit: DEPTH_MAX });
    }
    let start = *rest;
    let count = i32::from_be_bytes(array(rest)?);
    for _ in 0..count.max(0) {
        if is_map {
            short_text(rest)?;
        }
        value(rest, depth + 1)?;
    }
    Ok(start.get(..start.len() - rest.len()).unwrap_or_default())
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Fault> {
    let Some((taken, after)) = rest.split_at_checked(length) else {
        let left = rest.len();
        let wanted = length;
        return Err(Fault::Truncated { wanted, left });
    };
    *rest = after;
    Ok(taken)
}

fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Fault> {
    let mut array = [0; N];
    array.copy_from_slice(take(rest, N)?);
    Ok(array)
}

fn short_text<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Fault> {
    let length = u16::from_be_bytes(array(rest)?);
    take(rest, length.into())
}

fn long_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Fault> {
    let length = i32::from_be_bytes(array(rest)?);
    match usize::try_from(length) {
        Ok(bytes) => take(rest, bytes),
        Err(_) => Err(Fault::NegativeLength { length }),
    }
}

/// Appends an entry whose name is a standard text; a name over 65,535 bytes is left out by the
/// caller.
pub fn put_entry(out: &mut BytesMut, name: &str, value: &Primitive<'_>) {
    let name = super::text::to_modified(name);
    let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
    out.put_u16(length);
    out.put_slice(name.get(..length.into()).unwrap_or_default());
    put_value(out, value);
}

/// Appends a value with its type.
pub fn put_value(out: &mut BytesMut, value: &Primitive<'_>) {
    match value {
        Primitive::Null => out.put_u8(0),
        Primitive::Boolean(flag) => out.put_slice(&[1, u8::from(*flag)]),
        Primitive::Byte(number) => {
            out.put_u8(2);
            out.put_i8(*number);
        }
        Primitive::Char(unit) => {
            out.put_u8(3);
            out.put_u16(*unit);
        }
        Primitive::Short(number) => {
            out.put_u8(4);
            out.put_i16(*number);
        }
        Primitive::Integer(number) => {
            out.put_u8(5);
            out.put_i32(*number);
        }
        Primitive::Long(number) => {
            out.put_u8(6);
            out.put_i64(*number);
        }
        Primitive::Double(number) => {
            out.put_u8(7);
            out.put_f64(*number);
        }
        Primitive::Float(number) => {
            out.put_u8(8);
            out.put_f32(*number);
        }
        Primitive::String(text) | Primitive::BigString(text) => put_text(out, text),
        Primitive::Bytes(bytes) => {
            out.put_u8(10);
            put_long_bytes(out, bytes);
        }
        Primitive::Map(bytes) => {
            out.put_u8(11);
            out.put_slice(bytes);
        }
        Primitive::List(bytes) => {
            out.put_u8(12);
            out.put_slice(bytes);
        }
    }
}

/// `true` for a text that Java writes with a length of 32 bits.
fn is_big(text: &[u8]) -> bool {
    // A unit is one to three bytes: only between these lengths counting is needed.
    if text.len() <= STRING_UNITS_MAX {
        return false;
    }
    let units = text.iter().filter(|byte| *byte & 0xc0 != 0x80).count();
    units > STRING_UNITS_MAX
}

/// Appends a text as Java does: with a short or a long length.
fn put_text(out: &mut BytesMut, text: &[u8]) {
    match u16::try_from(text.len()) {
        Ok(length) if !is_big(text) => {
            out.put_u8(9);
            out.put_u16(length);
            out.put_slice(text);
        }
        _ => {
            out.put_u8(13);
            put_long_bytes(out, text);
        }
    }
}

fn put_long_bytes(out: &mut BytesMut, bytes: &[u8]) {
    out.put_i32(i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    out.put_slice(bytes);
}
