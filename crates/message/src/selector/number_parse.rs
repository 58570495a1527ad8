//! Numbers from text, by the rules of Java's `Integer.valueOf` and `Double.valueOf` families.
//!
//! Used where a string property meets a number in converting selectors. Every function gives
//! `None` for a text that Java refuses.

/// The first of ten consecutive decimal digits in each script of Unicode's first plane, without
/// ASCII (Java's `Character.digit`).
const ZEROS: [char; 36] = [
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}',
    '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}',
    '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}', '\u{1946}', '\u{19d0}', '\u{1a80}', '\u{1a90}',
    '\u{1b50}', '\u{1bb0}', '\u{1c40}', '\u{1c50}', '\u{a620}', '\u{a8d0}', '\u{a900}', '\u{a9d0}',
    '\u{a9f0}', '\u{aa50}', '\u{abf0}', '\u{ff10}',
];

/// An optional sign and decimal digits of any script, within 64 bits.
pub(super) fn parse_integer(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (negative, digits) = sign(text);
    if digits.is_ascii() {
        return None;
    }
    let mut number = 0_i64;
    for character in digits.chars() {
        let digit = i64::from(digit(character)?);
        let digit = if negative {
            digit.checked_neg()?
        } else {
            digit
        };
        number = number.checked_mul(10)?.checked_add(digit)?;
    }
    Some(number)
}

fn digit(character: char) -> Option<u32> {
    character.to_digit(10).or_else(|| {
        let code = u32::from(character);
        ZEROS
            .iter()
            .filter_map(|zero| code.checked_sub(u32::from(*zero)))
            .find(|digit| *digit < 10)
    })
}

/// A double, with blanks around it, exponent, type suffix or in hexadecimal notation.
pub(super) fn parse_double(text: &str) -> Option<f64> {
    match recognize(text)? {
        Notation::Special(number) => Some(number),
        Notation::Decimal(digits) => digits.parse().ok(),
        Notation::Hexadecimal(number) => Some(number.round(&DOUBLE)),
    }
}

/// As [`parse_double`], rounded once, to a float.
pub(super) fn parse_float(text: &str) -> Option<f32> {
    match recognize(text)? {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "NaN and infinities stay what they are"
        )]
        Notation::Special(number) => Some(number as f32),
        Notation::Decimal(digits) => digits.parse().ok(),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounded to a float's bits before"
        )]
        Notation::Hexadecimal(number) => Some(number.round(&FLOAT) as f32),
    }
}

enum Notation<'t> {
    Special(f64),
    /// Sign, digits, point and exponent in the form that Rust reads too.
    Decimal(&'t str),
    Hexadecimal(Binary),
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn recognize(text: &str) -> Option<Notation<'_>> {
    let text = text.trim_matches(|character| character <= ' ');
    let (negative, number) = sign(text);
    let signed = |number: f64| if negative { -number } else { number };
    match number {
        "NaN" => return Some(Notation::Special(f64::NAN)),
        "Infinity" => return Some(Notation::Special(signed(f64::INFINITY))),
        _ => {}
    }
    let is_suffix = |byte: u8| matches!(byte, b'f' | b'F' | b'd' | b'D');
    if let Some(digits) = number
        .strip_prefix("0x")
        .or_else(|| number.strip_prefix("0X"))
    {
        return Some(Notation::Hexadecimal(hexadecimal(negative, digits)?));
    }
    let text = if text.bytes().next_back().is_some_and(is_suffix) {
        text.get(..text.len().checked_sub(1)?)?
    } else {
        text
    };
    is_decimal(sign(text).1).then_some(Notation::Decimal(text))
}

/// Whether `text` is digits with at most one point, at least one digit, and perhaps an exponent.
fn is_decimal(text: &str) -> bool {
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(sign(exponent).1)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|digits| !digits.is_empty() && all_digits(digits))
}

/// A number `mantissa * 2^exponent`; the lowest bit of the mantissa also stands for all lower
/// bits that are not zero.
struct Binary {
    negative: bool,
    mantissa: u64,
    exponent: i64,
}

/// What comes behind `0x`: hexadecimal digits with at most one point, and a binary exponent.
fn hexadecimal(negative: bool, text: &str) -> Option<Binary> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let exponent = exponent
        .strip_suffix(['f', 'F', 'd', 'D'])
        .unwrap_or(exponent);
    let (exponent_negative, exponent) = sign(exponent);
    if exponent.is_empty() || !exponent.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // An exponent beyond any double stays beyond, whatever the digits (a text is that short).
    let exponent: i64 = exponent
        .parse()
        .map_or(i64::MAX / 4, |value: i64| value.min(i64::MAX / 4));
    let mut exponent = if exponent_negative {
        exponent.saturating_neg()
    } else {
        exponent
    };
    let (mut mantissa, mut seen, mut seen_point, mut lost) = (0_u64, false, false, false);
    for byte in digits.bytes() {
        if byte == b'.' && !seen_point {
            seen_point = true;
            continue;
        }
        let digit = char::from(byte).to_digit(16)?;
        seen = true;
        if mantissa < 1 << 56 {
            mantissa = (mantissa << 4) | u64::from(digit);
            exponent = exponent.saturating_sub(if seen_point { 4 } else { 0 });
        } else {
            lost |= digit != 0;
            exponent = exponent.saturating_add(if seen_point { 0 } else { 4 });
        }
    }
    seen.then_some(Binary {
        negative,
        mantissa: (mantissa << 1) | u64::from(lost),
        exponent: exponent.saturating_sub(1),
    })
}

/// A binary floating-point format.
struct Format {
    precision_bits: i64,
    exponent_min: i64,
    exponent_max: i64,
}

const DOUBLE: Format = Format {
    precision_bits: 53,
    exponent_min: -1022,
    exponent_max: 1023,
};

const FLOAT: Format = Format {
    precision_bits: 24,
    exponent_min: -126,
    exponent_max: 127,
};

impl Binary {
    /// The nearest number of a format, ties to even.
    fn round(&self, format: &Format) -> f64 {
        let sign = if self.negative { -1.0 } else { 1.0 };
        if self.mantissa == 0 {
            return 0.0 * sign;
        }
        let bits = i64::from(64_u32.saturating_sub(self.mantissa.leading_zeros()));
        let leading = self.exponent.saturating_add(bits).saturating_sub(1);
        if leading > format.exponent_max {
            return f64::INFINITY * sign;
        }
        let missing = format.exponent_min.saturating_sub(leading).max(0);
        let precision = format.precision_bits.saturating_sub(missing);
        if precision < 0 {
            return 0.0 * sign;
        }
        let shift = bits.saturating_sub(precision);
        let (kept, exponent) = match u32::try_from(shift) {
            Ok(shift) => (
                shift_rounding(self.mantissa, shift),
                self.exponent.saturating_add(i64::from(shift)),
            ),
            Err(_fits_already) => (self.mantissa, self.exponent),
        };
        // A carry into the next power of two overflows to infinity in the multiplication.
        scale(kept, exponent) * sign
    }
}

/// `number / 2^shift`, rounded to the nearest, ties to even.
fn shift_rounding(number: u64, shift: u32) -> u64 {
    if shift == 0 {
        return number;
    }
    let kept = number.checked_shr(shift).unwrap_or(0);
    let half = 1_u64.checked_shl(shift.saturating_sub(1)).unwrap_or(0);
    let rest = number & half.saturating_mul(2).wrapping_sub(1);
    let up = rest > half || (rest == half && kept & 1 == 1);
    kept.saturating_add(u64::from(up))
}

/// `number * 2^exponent`, which the caller knows to be exact.
#[expect(
    clippy::cast_precision_loss,
    reason = "at most 53 bits, or a number far above any double"
)]
fn scale(number: u64, exponent: i64) -> f64 {
    let half = exponent.checked_div(2).unwrap_or(0);
    let rest = exponent.saturating_sub(half);
    number as f64 * power_of_two(half) * power_of_two(rest)
}

fn power_of_two(exponent: i64) -> f64 {
    let exponent = exponent.clamp(-1022, 1023);
    let biased = u64::try_from(exponent.saturating_add(1023)).unwrap_or(0);
    f64::from_bits(biased << 52)
}

#[cfg(test)]
mod tests;
