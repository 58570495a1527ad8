//! Message properties: the marshalled map, and the broker's own property fields.
//!
//! A map whose entries all have a field of their type, in the form in which we write it, is kept
//! as fields only; any other is kept as it came as well.

use crate::codec::{Primitive, PrimitiveMap, put_entry, to_modified, to_standard};
use bytes::{BufMut, Bytes, BytesMut};
use floodway_message::{Field, Message, MessageBuilder, PropertyValue};
use std::borrow::Cow;

/// Takes the properties of a map over; returns how many, and whether the fields make the same
/// map again. `scratch` is used for that.
pub(crate) fn take_over(
    map: &[u8],
    builder: &mut MessageBuilder,
    scratch: &mut BytesMut,
) -> (u32, bool) {
    scratch.clear();
    scratch.put_u32(0);
    let mut taken = 0;
    for entry in PrimitiveMap::new(map) {
        let Ok((name, value)) = entry else {
            // Kept as it came; what is readable of it was taken over.
            break;
        };
        let name = to_standard(name);
        let text: Cow<'_, str>;
        let value = match value {
            Primitive::Null => PropertyValue::Null,
            Primitive::Boolean(flag) => PropertyValue::Boolean(flag),
            Primitive::Byte(number) => PropertyValue::Byte(number),
            Primitive::Short(number) => PropertyValue::Short(number),
            Primitive::Integer(number) => PropertyValue::Integer(number),
            Primitive::Long(number) => PropertyValue::Long(number),
            Primitive::Double(number) => PropertyValue::Double(number),
            Primitive::Float(number) => PropertyValue::Float(number),
            Primitive::Char(unit) => {
                let letter = char::from_u32(unit.into()).unwrap_or(char::REPLACEMENT_CHARACTER);
                text = String::from(letter).into();
                PropertyValue::String(&text)
            }
            Primitive::String(bytes) | Primitive::BigString(bytes) => {
                text = to_standard(bytes);
                PropertyValue::String(&text)
            }
            Primitive::Bytes(_) | Primitive::Map(_) | Primitive::List(_) => continue,
        };
        builder.property(&name, value);
        put_field(scratch, &name, value);
        taken += 1;
    }
    set_count(scratch, taken);
    (taken, scratch[..] == *map)
}

/// The map that the property fields of a message make; entries before `skipped` are left out.
/// Returns how many there are.
pub(crate) fn put_fields(message: &Message, skipped: u32, out: &mut BytesMut) -> u32 {
    let mut count = 0_u32;
    for field in message.fields() {
        let Field::Property(name, value) = field else {
            continue;
        };
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        count += 1;
        if count > skipped {
            put_field(out, name, value);
        }
    }
    count.saturating_sub(skipped)
}

fn put_field(out: &mut BytesMut, name: &str, value: PropertyValue<'_>) {
    let value = match value {
        PropertyValue::Boolean(flag) => Primitive::Boolean(flag),
        PropertyValue::Byte(number) => Primitive::Byte(number),
        PropertyValue::Short(number) => Primitive::Short(number),
        PropertyValue::Integer(number) => Primitive::Integer(number),
        PropertyValue::Long(number) => Primitive::Long(number),
        PropertyValue::Float(number) => Primitive::Float(number),
        PropertyValue::Double(number) => Primitive::Double(number),
        PropertyValue::String(text) => {
            let text = to_modified(text);
            return put_entry(out, name, &Primitive::String(&text));
        }
        _ => Primitive::Null,
    };
    put_entry(out, name, &value);
}

/// The marshalled map of a message: as it came, with what the broker has added since.
pub(crate) fn marshal(message: &Message, raw: Option<&(u32, Bytes)>) -> Bytes {
    // Names and values take less on the wire than in the head.
    let mut map = BytesMut::with_capacity(message.head().len());
    let Some((taken, raw)) = raw else {
        map.put_u32(0);
        let count = put_fields(message, 0, &mut map);
        set_count(&mut map, count);
        return map.freeze();
    };
    if let Some(rest) = without_removed(message, *taken, raw) {
        return rest;
    }
    let added = put_fields(message, *taken, &mut map);
    let count = raw
        .first_chunk::<4>()
        .map_or(0, |count| u32::from_be_bytes(*count));
    if added == 0 || count > i32::MAX.unsigned_abs() {
        return raw.clone();
    }
    let mut whole = BytesMut::with_capacity(raw.len() + map.len());
    whole.put_slice(raw);
    whole.put_slice(&map);
    set_count(&mut whole, count.saturating_add(added));
    whole.freeze()
}

/// The map of a message of which the broker has removed properties; `None` when it has not.
fn without_removed(message: &Message, taken: u32, raw: &Bytes) -> Option<Bytes> {
    let mut fields = message.properties().peekable();
    let mut map = BytesMut::with_capacity(raw.len());
    map.put_u32(0);
    let (mut count, mut left, mut removed) = (0, taken, false);
    let mut entries = PrimitiveMap::new(raw);
    loop {
        let before = entries.rest();
        let Some(Ok((name, value))) = entries.next() else {
            break;
        };
        let is_field = !matches!(
            value,
            Primitive::Bytes(_) | Primitive::Map(_) | Primitive::List(_)
        );
        if is_field {
            left = left.checked_sub(1)?;
            let name = to_standard(name);
            if fields.next_if(|(field, _)| *field == name).is_none() {
                removed = true;
                continue;
            }
        }
        map.put_slice(before.get(..before.len() - entries.rest().len())?);
        count += 1;
    }
    if !removed || left > 0 {
        return None;
    }
    for (name, value) in fields {
        put_field(&mut map, name, value);
        count += 1;
    }
    set_count(&mut map, count);
    Some(map.freeze())
}

fn set_count(map: &mut BytesMut, count: u32) {
    if let Some(slot) = map.first_chunk_mut::<4>() {
        *slot = count.to_be_bytes();
    }
}
