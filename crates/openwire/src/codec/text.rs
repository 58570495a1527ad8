//! Strings as they stand on the wire: modified UTF-8, kept as received.
//!
//! U+0000 is two bytes and a supplementary character is a pair of surrogates of three bytes
//! each; all else is UTF-8. A [`Text`] is always well formed; unpaired surrogates, which Java
//! allows, are kept and shown as U+FFFD.

use bytes::Bytes;
use std::borrow::Cow;
use std::fmt;

/// A string of the wire. Cheap to clone.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Bytes);

impl Text {
    /// Takes received bytes; `None` when they are not modified UTF-8.
    #[inline]
    pub fn from_wire(bytes: Bytes) -> Option<Self> {
        (bytes.is_ascii() || is_modified_utf8(&bytes)).then_some(Self(bytes))
    }

    /// Takes bytes of which each is one character (Latin-1), as a tight encoder may flag them.
    pub(crate) fn from_latin1(bytes: Bytes) -> Self {
        if bytes.is_ascii() {
            return Self(bytes);
        }
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        Self::new(&text)
    }

    /// A text for the wire.
    pub fn new(text: &str) -> Self {
        match to_modified(text) {
            Cow::Borrowed(bytes) => Self(Bytes::copy_from_slice(bytes)),
            Cow::Owned(bytes) => Self(bytes.into()),
        }
    }

    /// Takes UTF-8 that came with a message; a copy only where modified UTF-8 differs.
    pub(crate) fn from_standard(bytes: Bytes) -> Self {
        if is_same_in_both(&bytes) {
            return Self(bytes);
        }
        Self::new(&String::from_utf8_lossy(&bytes))
    }

    /// A text that is part of the program. ASCII without NUL.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// The bytes on the wire.
    #[inline]
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// The text as everything but the wire knows it.
    #[inline]
    pub fn to_str(&self) -> Cow<'_, str> {
        to_standard(&self.0)
    }

    /// A copy that keeps no receive buffer alive.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_str(), f)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
impl serde::Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_str())
    }
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub Text);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// UTF-8 as modified UTF-8; the same bytes unless there is a NUL or a supplementary character.
pub(crate) fn to_modified(text: &str) -> Cow<'_, [u8]> {
    let bytes = text.as_bytes();
    if is_same_in_both(bytes) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 2);
    for letter in text.chars() {
        let mut units = [0; 2];
        let units = letter.encode_utf16(&mut units);
        if letter == '\0' {
            out.extend_from_slice(&[0xc0, 0x80]);
        } else if let [high, low] = units {
            put_surrogate(&mut out, *high);
            put_surrogate(&mut out, *low);
        } else {
            let mut buffer = [0; 4];
            out.extend_from_slice(letter.encode_utf8(&mut buffer).as_bytes());
        }
    }
    Cow::Owned(out)
}

/// `true` for UTF-8 that is modified UTF-8 as well.
pub(crate) fn is_same_in_both(utf8: &[u8]) -> bool {
    utf8.iter()
        .fold(true, |all, byte| all & (*byte != 0) & (*byte < 0xf0))
}

/// Well-formed modified UTF-8 as UTF-8; an unpaired surrogate becomes U+FFFD.
pub(crate) fn to_standard(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(
            char::decode_utf16(Units(bytes))
                .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect(),
        ),
    }
}

/// As [`to_standard`], but only where [`to_modified`] gives the same bytes back.
pub(crate) fn to_standard_exact(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return is_same_in_both(bytes).then_some(Cow::Borrowed(text));
    }
    if !is_modified_utf8(bytes) {
        return None;
    }
    let text = to_standard(bytes);
    (*to_modified(&text) == *bytes).then_some(text)
}

fn put_surrogate(out: &mut Vec<u8>, unit: u16) {
    let [high, low] = unit.to_be_bytes();
    out.extend_from_slice(&[
        0xe0 | high >> 4,
        0x80 | (high & 0x0f) << 2 | low >> 6,
        0x80 | low & 0x3f,
    ]);
}

fn is_modified_utf8(bytes: &[u8]) -> bool {
    let is_rest = |byte: &u8| byte & 0xc0 == 0x80;
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return true,
            [first, after @ ..] if *first < 0x80 => after,
            [first, second, after @ ..] if first >> 5 == 6 && is_rest(second) => after,
            [first, second, third, after @ ..]
                if first >> 4 == 14 && is_rest(second) && is_rest(third) =>
            {
                after
            }
            _ => return false,
        }
    }
}

/// UTF-16 units of well-formed modified UTF-8.
struct Units<'a>(&'a [u8]);

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let (unit, rest) = match self.0 {
            [first, rest @ ..] if *first < 0x80 => (u16::from(*first), rest),
            [first, second, rest @ ..] if first >> 5 == 6 => (
                u16::from(first & 0x1f) << 6 | u16::from(second & 0x3f),
                rest,
            ),
            [first, second, third, rest @ ..] => (
                u16::from(first & 0x0f) << 12
                    | u16::from(second & 0x3f) << 6
                    | u16::from(third & 0x3f),
                rest,
            ),
            _ => return None,
        };
        self.0 = rest;
        Some(unit)
    }
}
