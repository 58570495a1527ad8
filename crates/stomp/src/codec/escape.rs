//! Escapes in header names and values (STOMP 1.1 and 1.2, "Value Encoding").
//!
//! 1.0 and the CONNECT and CONNECTED frames of every version have none. A backslash before any
//! other character stays as it is, as with ActiveMQ. What a version cannot express (a line feed
//! in 1.0, a NUL in all) is written as a space, so that no value can forge a header or a frame.

use super::Version;
use bytes::BytesMut;
use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// The escapes of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escaping {
    /// None at all.
    None,
    /// `\n`, `\c`, `\\`.
    Basic,
    /// Those and `\r`.
    Full,
}

const NONE: u8 = 1;
const BASIC: u8 = 2;
const FULL: u8 = 4;

/// For each byte the escapings in which it cannot be written as it is.
#[expect(
    clippy::indexing_slicing,
    reason = "constant indices, checked when compiled"
)]
static SPECIAL: [u8; 256] = {
    let mut table = [0; 256];
    table[0] = NONE | BASIC | FULL;
    table[b'\n' as usize] = NONE | BASIC | FULL;
    table[b':' as usize] = BASIC | FULL;
    table[b'\\' as usize] = BASIC | FULL;
    table[b'\r' as usize] = FULL;
    table
};

impl Escaping {
    pub(crate) fn of(version: Version) -> Self {
        match version {
            Version::V1_0 => Self::None,
            Version::V1_1 => Self::Basic,
            Version::V1_2 => Self::Full,
        }
    }

    /// What the escaped bytes stand for; borrowed when nothing is escaped.
    #[inline]
    pub(crate) fn decode(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        if self == Self::None || memchr::memchr(b'\\', bytes).is_none() {
            return Cow::Borrowed(bytes);
        }
        Cow::Owned(self.decode_escaped(bytes))
    }

    fn decode_escaped(self, bytes: &[u8]) -> Vec<u8> {
        let mut decoded = Vec::with_capacity(bytes.len());
        let mut rest = bytes.iter();
        while let Some(&byte) = rest.next() {
            let meant = match (byte, rest.as_slice().first()) {
                (b'\\', Some(b'n')) => Some(b'\n'),
                (b'\\', Some(b'c')) => Some(b':'),
                (b'\\', Some(b'\\')) => Some(b'\\'),
                (b'\\', Some(b'r')) if self == Self::Full => Some(b'\r'),
                _ => None,
            };
            if meant.is_some() {
                rest.next();
            }
            decoded.push(meant.unwrap_or(byte));
        }
        decoded
    }

    /// Appends bytes escaped.
    #[inline]
    pub(crate) fn encode(self, out: &mut BytesMut, bytes: &[u8]) {
        if self.is_plain(bytes) {
            out.extend_from_slice(bytes);
        } else {
            self.encode_special(out, bytes);
        }
    }

    /// `true` when escaping changes nothing.
    #[inline]
    pub(crate) fn is_plain(self, bytes: &[u8]) -> bool {
        let mask = self.mask();
        !bytes.iter().any(|&byte| is_special(byte, mask))
    }

    fn encode_special(self, out: &mut BytesMut, bytes: &[u8]) {
        let mask = self.mask();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|&byte| is_special(byte, mask)) {
            let (plain, from) = rest.split_at(at);
            let Some((&special, after)) = from.split_first() else {
                break;
            };
            out.extend_from_slice(plain);
            out.extend_from_slice(match special {
                b'\n' if self != Self::None => b"\\n",
                b':' => b"\\c",
                b'\\' => b"\\\\",
                b'\r' => b"\\r",
                _ => b" ",
            });
            rest = after;
        }
        out.extend_from_slice(rest);
    }

    fn mask(self) -> u8 {
        match self {
            Self::None => NONE,
            Self::Basic => BASIC,
            Self::Full => FULL,
        }
    }
}

#[inline]
fn is_special(byte: u8, mask: u8) -> bool {
    SPECIAL
        .get(usize::from(byte))
        .is_some_and(|bits| bits & mask != 0)
}
