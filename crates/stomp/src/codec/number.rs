//! Decimal numbers to and from bytes, without allocation or formatting machinery.
//!
//! Reading accepts plain digits with at most one sign and nothing that overflows.

use bytes::BytesMut;

#[cfg(test)]
mod tests;

/// Appends a number.
#[inline]
pub(crate) fn put_u64(out: &mut BytesMut, number: u64) {
    let mut room = [0; 20];
    out.extend_from_slice(digits(number, &mut room));
}

/// The digits of a number, written to the end of `room`.
#[inline]
fn digits(mut number: u64, room: &mut [u8; 20]) -> &[u8] {
    let mut start = room.len();
    for slot in room.iter_mut().rev() {
        *slot = b'0' + u8::try_from(number % 10).unwrap_or_default();
        start -= 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    room.get(start..).unwrap_or_default()
}

/// Appends a signed number.
#[inline]
pub(crate) fn put_i64(out: &mut BytesMut, number: i64) {
    if number < 0 {
        out.extend_from_slice(b"-");
    }
    put_u64(out, number.unsigned_abs());
}

/// Reads plain digits.
#[inline]
pub(crate) fn parse_u64(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u64, |number, &byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// Reads digits with an optional sign.
pub(crate) fn parse_i64(bytes: &[u8]) -> Option<i64> {
    match bytes.split_first() {
        Some((b'-', digits)) => 0i64.checked_sub_unsigned(parse_u64(digits)?),
        Some((b'+', digits)) => i64::try_from(parse_u64(digits)?).ok(),
        _ => i64::try_from(parse_u64(bytes)?).ok(),
    }
}

/// Appends a floating-point number as Java prints it: `1.0`, `2.5E10`, `NaN`, `-Infinity`.
pub(crate) fn put_f64(out: &mut BytesMut, number: f64) {
    put_float(out, number, || {
        (format!("{number:?}"), format!("{number:E}"))
    });
}

/// Appends a short floating-point number, as [`put_f64`].
pub(crate) fn put_f32(out: &mut BytesMut, number: f32) {
    put_float(out, number.into(), || {
        (format!("{number:?}"), format!("{number:E}"))
    });
}

fn put_float(out: &mut BytesMut, number: f64, texts: impl Fn() -> (String, String)) {
    let size = number.abs();
    if number.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if number.is_infinite() {
        out.extend_from_slice(if number > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        });
    } else if size == 0.0 || (1e-3..1e7).contains(&size) {
        out.extend_from_slice(texts().0.as_bytes());
    } else {
        let scientific = texts().1;
        let (mantissa, exponent) = scientific.split_once('E').unwrap_or((&scientific, "0"));
        out.extend_from_slice(mantissa.as_bytes());
        if !mantissa.contains('.') {
            out.extend_from_slice(b".0");
        }
        out.extend_from_slice(b"E");
        out.extend_from_slice(exponent.as_bytes());
    }
}
