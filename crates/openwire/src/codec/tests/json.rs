//! Compares a decoded structure with the fields that were recorded for it.

use serde_json::Value;

/// Panics where `found` differs from `expected`. Field names are compared without case and
/// underscores; what the recorder shortened is compared as far as it goes.
pub(super) fn assert_same(expected: &Value, found: &Value, path: &str) {
    if let Some(difference) = difference(expected, found, path) {
        panic!("{difference}");
    }
}

fn difference(expected: &Value, found: &Value, path: &str) -> Option<String> {
    let differs = || Some(format!("{path}: expected {expected}, found {found}"));
    match (expected, found) {
        (Value::Object(fields), _) if fields.contains_key("hex") => {
            let hex = fields.get("hex")?.as_str()?;
            (bytes(found) != unhex(hex)).then(differs)?
        }
        (Value::Object(fields), _) if fields.contains_key("hex_prefix") => {
            let prefix = unhex(fields.get("hex_prefix")?.as_str()?);
            let all = bytes(found);
            let same = all.starts_with(&prefix) && all.len() as u64 == fields["length"].as_u64()?;
            (!same).then(differs)?
        }
        (Value::Object(fields), Value::String(text)) if fields.contains_key("string_prefix") => {
            let same = text.starts_with(fields["string_prefix"].as_str()?)
                && text.chars().count() as u64 == fields["length"].as_u64()?;
            (!same).then(differs)?
        }
        (Value::Object(fields), Value::Object(found)) => fields
            .iter()
            .filter(|(name, _)| !name.starts_with('_'))
            .find_map(|(name, value)| {
                let path = format!("{path}.{name}");
                match found.iter().find(|(found, _)| plain(found) == plain(name)) {
                    Some((_, found)) => difference(value, found, &path),
                    None => Some(format!("{path} is missing")),
                }
            }),
        // A line of a stack trace.
        (Value::Array(all), Value::Object(found)) => {
            let names = ["class", "method", "file", "line"];
            all.iter()
                .zip(names)
                .find_map(|(one, name)| difference(one, &found[name], path))
        }
        (Value::Array(all), Value::Array(found)) if all.len() == found.len() => all
            .iter()
            .zip(found)
            .find_map(|(one, found)| difference(one, found, path)),
        _ => (expected != found).then(differs)?,
    }
}

fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

fn bytes(value: &Value) -> Vec<u8> {
    let numbers = value.as_array().map(Vec::as_slice).unwrap_or_default();
    numbers
        .iter()
        .map(|number| number.as_u64().unwrap() as u8)
        .collect()
}

pub(super) fn unhex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
