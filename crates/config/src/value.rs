//! Values of attributes: sizes, truth values, numbers, times.
//!
//! The forms are ActiveMQ's: `64 mb`, `1gb`, `1024kb` or plain bytes; times in milliseconds.
//! Every refusal says what to write instead. Sizes are bytes with 1 kb = 1024.

#[cfg(test)]
mod tests;

/// Why a value was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum ValueError {
    #[error("\"{text}\" is not a size; write bytes or a number with kb, mb or gb, as in \"64 mb\"")]
    Size { text: String },
    #[error("\"{text}\" is too large for a size; write at most 8 exabytes")]
    SizeRange { text: String },
    #[error("\"{text}\" is neither true nor false; write \"true\" or \"false\"")]
    Truth { text: String },
    #[error("\"{text}\" is not a whole number; write digits only, as in \"{example}\"")]
    Number { text: String, example: i64 },
    #[error("{value} is out of range; write a number from {least} to {most}")]
    Range { value: i64, least: i64, most: i64 },
    #[error("\"{text}\" is not a number; write for example \"0.5\"")]
    Fraction { text: String },
    #[error("\"{text}\" is not a pair of milliseconds; write for example \"10000,10000\"")]
    HeartBeat { text: String },
    #[error("\"{text}\" is not a factor from 1 to 1000; write for example \"1.5\"")]
    Grace { text: String },
}

/// Longest piece of a wrong value that a message repeats.
const QUOTED_CHARS_MAX: usize = 60;

/// A value as messages show it: short, on one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(QUOTED_CHARS_MAX)
        .collect();
    if text.chars().count() > QUOTED_CHARS_MAX {
        shown.push('…');
    }
    shown
}

/// Bytes.
pub(crate) fn size(text: &str) -> Result<u64, ValueError> {
    let wrong = || ValueError::Size { text: quoted(text) };
    let compact = text.trim();
    let digits = compact.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = compact.split_at(digits.unwrap_or(compact.len()));
    if number.is_empty() {
        return Err(wrong());
    }
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        "t" | "tb" => 40,
        _ => return Err(wrong()),
    };
    let too_large = || ValueError::SizeRange { text: quoted(text) };
    let number: u64 = number.parse().ok().ok_or_else(too_large)?;
    number
        .checked_mul(1 << shift)
        .filter(|&bytes| i64::try_from(bytes).is_ok())
        .ok_or_else(too_large)
}

/// True or false, in the spellings that Spring takes.
pub(crate) fn truth(text: &str) -> Result<bool, ValueError> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err(ValueError::Truth { text: quoted(text) }),
    }
}

/// A whole number within limits, both included.
pub(crate) fn number(text: &str, least: i64, most: i64) -> Result<i64, ValueError> {
    let value: i64 = text.trim().parse().ok().ok_or_else(|| ValueError::Number {
        text: quoted(text),
        example: least.max(1),
    })?;
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(ValueError::Range { value, least, most })
    }
}

/// A number that may have a fraction.
pub(crate) fn fraction(text: &str) -> Result<f64, ValueError> {
    text.trim()
        .parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| ValueError::Fraction { text: quoted(text) })
}

/// Bytes for people: `64 mb`, rounded to a tenth of the unit.
pub(crate) fn size_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1 << 40, "tb"),
        (1 << 30, "gb"),
        (1 << 20, "mb"),
        (1024, "kb"),
    ];
    for (unit, name) in UNITS {
        if bytes >= unit {
            let unit = u128::from(unit);
            let tenths = (u128::from(bytes) * 10 + unit / 2) / unit;
            return if tenths.is_multiple_of(10) {
                format!("{} {name}", tenths / 10)
            } else {
                format!("{}.{} {name}", tenths / 10, tenths % 10)
            };
        }
    }
    format!("{bytes} bytes")
}
