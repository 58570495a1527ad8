//! Bodies: text out of its content and back, and what compressed content holds.
//!
//! Decompression is bounded: a body that inflates beyond the limit is an error, and memory is
//! taken only as bytes come out.

use crate::codec::{is_same_in_both, to_modified, to_standard_exact};
use bytes::Bytes;
use floodway_message::BodyKind;
use std::borrow::Cow;
use std::io::Read;

/// Wire types of messages.
pub(crate) const PLAIN: u8 = 23;
pub(crate) const BYTES: u8 = 24;
pub(crate) const MAP: u8 = 25;
pub(crate) const OBJECT: u8 = 26;
pub(crate) const STREAM: u8 = 27;
pub(crate) const TEXT: u8 = 28;

/// What a body of a wire type is to other protocols.
pub(crate) fn kind_of(type_id: u8) -> BodyKind {
    match type_id {
        BYTES => BodyKind::Bytes,
        MAP => BodyKind::Map,
        OBJECT => BodyKind::Object,
        STREAM => BodyKind::Stream,
        TEXT => BodyKind::Text,
        _ => BodyKind::Empty,
    }
}

/// The wire type for a body that did not come from OpenWire.
pub(crate) fn type_of(kind: BodyKind) -> u8 {
    match kind {
        BodyKind::Text => TEXT,
        BodyKind::Bytes => BYTES,
        _ => PLAIN,
    }
}

/// The text within the content of a text message, and whether it is the same in both UTF-8s;
/// `None` when the content cannot be given back from it.
pub(crate) fn text(content: &Bytes) -> Option<(Bytes, bool)> {
    let (length, text) = content.split_first_chunk::<4>()?;
    if usize::try_from(u32::from_be_bytes(*length)).ok()? != text.len() {
        return None;
    }
    match to_standard_exact(text)? {
        Cow::Borrowed(_) => Some((content.slice(4..), true)),
        Cow::Owned(text) => Some((text.into(), false)),
    }
}

/// Text for the wire.
pub(crate) fn modified(text: &Bytes) -> Bytes {
    if is_same_in_both(text) {
        return text.clone();
    }
    match to_modified(&String::from_utf8_lossy(text)) {
        Cow::Borrowed(bytes) => Bytes::copy_from_slice(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

/// What compressed content of a wire type holds, at most `limit` bytes.
///
/// # Errors
/// When it is not a zlib stream, or holds more.
pub fn inflate(type_id: u8, content: &[u8], limit: usize) -> Result<Bytes, InflateError> {
    // The content of a bytes message begins with its length.
    let start = if type_id == BYTES { 4 } else { 0 };
    let packed = content.get(start..).unwrap_or_default();
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::ZlibDecoder::new(packed)
        .take(most)
        .read_to_end(&mut plain)?;
    if plain.len() > limit {
        return Err(InflateError::TooLong { limit });
    }
    Ok(plain.into())
}

/// Why compressed content was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InflateError {
    #[error("the compressed body is damaged: {0}")]
    Damaged(#[from] std::io::Error),
    #[error("the compressed body holds more than {limit} bytes")]
    TooLong { limit: usize },
}
