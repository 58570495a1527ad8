//! Reading and writing the tagged fields of a message head.
//!
//! It knows the layout and nothing of what a tag means. Readers stop at the first bad field.

use super::{FIXED_BYTES, MessageError, Tag, VERSION};
use crate::properties::PropertyValue;
use bytes::BytesMut;

const FIELD_HEAD_BYTES: usize = 5;

/// Checks that all fields lie within the head.
pub(super) fn check(head: &[u8]) -> Result<(), MessageError> {
    let found = head.first().copied().unwrap_or_default();
    if found != VERSION {
        return Err(MessageError::Version { found });
    }
    if head.len() < FIXED_BYTES {
        return Err(MessageError::Damaged { at: head.len() });
    }
    let consumed: usize = iterate(head)
        .map(|(_, bytes)| FIELD_HEAD_BYTES + bytes.len())
        .sum();
    let at = FIXED_BYTES + consumed;
    if at == head.len() {
        Ok(())
    } else {
        Err(MessageError::Damaged { at })
    }
}

/// The fields in order, each with its tag; ends at the first field that does not fit.
#[inline]
pub(super) fn iterate(head: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = head.get(FIXED_BYTES..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (field_head, after) = rest.split_first_chunk::<FIELD_HEAD_BYTES>()?;
        let [tag, a, b, c, d] = *field_head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let (bytes, next) = after.split_at_checked(length)?;
        rest = next;
        Some((tag, bytes))
    })
}

/// Sets a field, replacing an earlier one of the same tag.
pub(super) fn set(head: &mut BytesMut, tag: u8, parts: &[&[u8]]) {
    if iterate(head).any(|(found, _)| found == tag) {
        remove(head, tag);
    }
    let length: usize = parts.iter().map(|part| part.len()).sum();
    append_field_head(head, tag, length);
    for part in parts {
        head.extend_from_slice(part);
    }
}

fn append_field_head(head: &mut BytesMut, tag: u8, length: usize) {
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    head.extend_from_slice(&[tag, a, b, c, d]);
}

/// Takes out all fields of a tag.
pub(super) fn remove(head: &mut BytesMut, tag: u8) {
    remove_where(head, |found, _| found == tag);
}

/// Takes out all fields that a test says, given their tag and bytes.
pub(super) fn remove_where(head: &mut BytesMut, test: impl Fn(u8, &[u8]) -> bool) {
    let old = head.split();
    head.extend_from_slice(old.get(..FIXED_BYTES).unwrap_or_default());
    for (found, bytes) in iterate(&old) {
        if !test(found, bytes) {
            append_field_head(head, found, bytes.len());
            head.extend_from_slice(bytes);
        }
    }
}

/// Property field: name length (2), name, value.
pub(super) fn property(bytes: &[u8]) -> Option<(&str, PropertyValue<'_>)> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    let (name, value) = rest.split_at_checked(u16::from_be_bytes(*length) as usize)?;
    Some((
        std::str::from_utf8(name).ok()?,
        PropertyValue::decode(value)?,
    ))
}

/// Appends a property; a name over 65,535 bytes is left out (codecs refuse it before).
pub(super) fn append_property(head: &mut BytesMut, name: &str, value: PropertyValue<'_>) {
    let Ok(name_length) = u16::try_from(name.len()) else {
        return;
    };
    if let PropertyValue::String(text) = value {
        append_field_head(head, Tag::Property as u8, 3 + name.len() + text.len());
        head.extend_from_slice(&name_length.to_be_bytes());
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(&[8]);
        head.extend_from_slice(text.as_bytes());
        return;
    }
    let mut encoded = Vec::with_capacity(16);
    value.encode(&mut encoded);
    append_field_head(head, Tag::Property as u8, 2 + name.len() + encoded.len());
    head.extend_from_slice(&name_length.to_be_bytes());
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(&encoded);
}
