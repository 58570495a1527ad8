//! Text of floating-point numbers as Java 17 writes it.
//!
//! The digits are the fewest that lie strictly nearer to the number than half the distance to its
//! neighbours (Steele and White, "How to print floating-point numbers accurately", 1990), with
//! the peculiarities of Java before version 19: whole numbers below 2^63 are written from their
//! exact digits, powers of two use the smaller distance on both sides, and a number in
//! exponential notation has at least two digits. Not taken over: an overflow that costs Java the
//! last digit of some floats between 2^85 and 2^86.

use std::cmp::Ordering;
use std::fmt::Write;

/// Appends `Double.toString(number)`.
pub(super) fn append_double(out: &mut String, number: f64) {
    let bits = number.to_bits();
    let exponent = (bits >> 52) & 0x7ff;
    let fraction = bits & ((1 << 52) - 1);
    append(out, number, &Binary::new(fraction, exponent, &DOUBLE));
}

/// Appends `Float.toString(number)`.
pub(super) fn append_float(out: &mut String, number: f32) {
    let bits = u64::from(number.to_bits());
    let exponent = (bits >> 23) & 0xff;
    let fraction = bits & ((1 << 23) - 1);
    append(
        out,
        f64::from(number),
        &Binary::new(fraction, exponent, &FLOAT),
    );
}

/// A binary floating-point format.
struct Format {
    precision_bits: u32,
    exponent_min: i32,
}

const DOUBLE: Format = Format {
    precision_bits: 53,
    exponent_min: -1074,
};

const FLOAT: Format = Format {
    precision_bits: 24,
    exponent_min: -149,
};

/// The magnitude `mantissa * 2^exponent`.
struct Binary {
    mantissa: u64,
    exponent: i32,
    precision_bits: u32,
}

impl Binary {
    fn new(fraction: u64, biased_exponent: u64, format: &Format) -> Self {
        let biased = i32::try_from(biased_exponent).unwrap_or(0);
        let hidden_bit = 1_u64 << format.precision_bits.saturating_sub(1);
        Self {
            mantissa: if biased == 0 {
                fraction
            } else {
                fraction | hidden_bit
            },
            exponent: format
                .exponent_min
                .saturating_add(biased.saturating_sub(1).max(0)),
            precision_bits: format.precision_bits,
        }
    }

    /// The number, if it is whole and below 2^63.
    fn whole(&self) -> Option<u64> {
        let shift = self.exponent.unsigned_abs();
        if self.exponent < 0 {
            let whole = self.mantissa.checked_shr(shift)?;
            return (whole.checked_shl(shift)? == self.mantissa).then_some(whole);
        }
        let fits = self.mantissa.leading_zeros() > shift;
        if fits {
            self.mantissa.checked_shl(shift)
        } else {
            None
        }
    }
}

/// Decimal digits `d.ddd` times a power of ten; not empty.
struct Digits {
    digits: Vec<u8>,
    exponent: i32,
}

fn append(out: &mut String, number: f64, binary: &Binary) {
    if number.is_nan() {
        out.push_str("NaN");
        return;
    }
    if number.is_sign_negative() {
        out.push('-');
    }
    if number.is_infinite() {
        out.push_str("Infinity");
    } else if number == 0.0 {
        out.push_str("0.0");
    } else {
        let mut digits = match binary.whole() {
            Some(whole) => whole_digits(whole, binary.precision_bits),
            None => shortest_digits(binary),
        };
        while digits.digits.len() > 1 && digits.digits.last() == Some(&0) {
            digits.digits.pop();
        }
        append_digits(out, &digits);
    }
}

/// Plain notation from 0.001 to below 10,000,000, otherwise exponential.
fn append_digits(out: &mut String, number: &Digits) {
    let mut digits = number
        .digits
        .iter()
        .map(|digit| char::from(b'0'.saturating_add(*digit)));
    if (-3..0).contains(&number.exponent) {
        out.push_str("0.");
        out.extend((number.exponent..-1).map(|_| '0'));
        out.extend(digits);
        return;
    }
    let plain = (0..7).contains(&number.exponent);
    let whole_digits = if plain {
        number.exponent.saturating_add(1)
    } else {
        1
    };
    out.extend((0..whole_digits).map(|_| digits.next().unwrap_or('0')));
    out.push('.');
    out.push(digits.next().unwrap_or('0'));
    out.extend(digits);
    if !plain {
        // Writing to a string cannot fail.
        let _written = write!(out, "E{}", number.exponent);
    }
}

/// The exact digits of a whole number, rounded where they lie far below the precision: as many
/// as fit an eighth of the distance to the neighbours.
fn whole_digits(whole: u64, precision_bits: u32) -> Digits {
    let bits = 64_u32.saturating_sub(whole.leading_zeros());
    let spare_bits = bits.saturating_sub(precision_bits).saturating_sub(2);
    let dropped = (1_u64 << spare_bits).checked_ilog10().unwrap_or(0);
    let unit = 10_u64.saturating_pow(dropped);
    let rest = whole.checked_rem(unit).unwrap_or(0);
    let kept = whole.checked_div(unit).unwrap_or(whole);
    let up = dropped > 0 && rest >= unit.checked_div(2).unwrap_or(1);
    let text = kept.saturating_add(u64::from(up)).to_string();
    let exponent = text
        .len()
        .saturating_sub(1)
        .saturating_add(usize::try_from(dropped).unwrap_or(0));
    Digits {
        digits: text.bytes().map(|byte| byte.wrapping_sub(b'0')).collect(),
        exponent: i32::try_from(exponent).unwrap_or(0),
    }
}

/// The fewest digits that identify a number, at least two in exponential notation.
fn shortest_digits(binary: &Binary) -> Digits {
    let Scaled {
        mut rest,
        unit,
        mut margin,
        exponent,
    } = Scaled::new(binary);
    let digits_min = if (-3..=7).contains(&exponent) { 1 } else { 2 };
    let mut digits = Vec::new();
    loop {
        digits.push(rest.divide(&unit));
        let low = rest.compare(&margin) == Ordering::Less;
        let high = rest.plus(&margin).compare(&unit) == Ordering::Greater;
        if (low || high) && digits.len() >= digits_min {
            let odd = digits.last().is_some_and(|digit| digit % 2 == 1);
            let up = match rest.plus(&rest).compare(&unit) {
                _ if !low => true,
                _ if !high => false,
                Ordering::Greater => true,
                Ordering::Less => false,
                Ordering::Equal => odd,
            };
            return round(digits, exponent, up);
        }
        rest.multiply(10);
        margin.multiply(10);
    }
}

fn round(mut digits: Vec<u8>, exponent: i32, up: bool) -> Digits {
    if up {
        while digits.last() == Some(&9) {
            digits.pop();
        }
        match digits.last_mut() {
            Some(last) => *last = last.saturating_add(1),
            None => {
                return Digits {
                    digits: vec![1],
                    exponent: exponent.saturating_add(1),
                };
            }
        }
    }
    Digits { digits, exponent }
}

/// A number as `rest / unit * 10^exponent`, with `1 <= rest / unit < 10` (or a little less than 1),
/// and the distance within which digits identify it as `margin / unit`.
struct Scaled {
    rest: Natural,
    unit: Natural,
    margin: Natural,
    exponent: i32,
}

impl Scaled {
    fn new(binary: &Binary) -> Self {
        // Everything is four times as large, so that a quarter of the last bit is whole.
        let (up, down) = (binary.exponent.max(0), binary.exponent.min(0));
        let mut rest = Natural::new(binary.mantissa);
        rest.shift(up.unsigned_abs().saturating_add(2));
        let mut unit = Natural::new(4);
        unit.shift(down.unsigned_abs());
        let mut margin = Natural::new(if binary.mantissa.is_power_of_two() {
            1
        } else {
            2
        });
        margin.shift(up.unsigned_abs());
        let mut exponent = 0_i32;
        while rest.compare(&unit) == Ordering::Less {
            rest.multiply(10);
            margin.multiply(10);
            exponent = exponent.saturating_sub(1);
        }
        // A number that may be rounded up to the next power of ten starts with the digit 0.
        loop {
            let mut ten_units = unit.clone();
            ten_units.multiply(10);
            if rest.plus(&margin).compare(&ten_units) != Ordering::Greater {
                break;
            }
            unit = ten_units;
            exponent = exponent.saturating_add(1);
        }
        Self {
            rest,
            unit,
            margin,
            exponent,
        }
    }
}

/// A natural number of any size: 32 bits each, lowest first, without leading zeros.
#[derive(Clone, Debug)]
struct Natural {
    limbs: Vec<u32>,
}

impl Natural {
    fn new(number: u64) -> Self {
        let (low, high) = split(number);
        let mut natural = Self {
            limbs: vec![low, high],
        };
        natural.trim();
        natural
    }

    fn trim(&mut self) {
        while self.limbs.last() == Some(&0) {
            self.limbs.pop();
        }
    }

    fn multiply(&mut self, factor: u32) {
        let mut carry = 0;
        for limb in &mut self.limbs {
            let product = u64::from(*limb)
                .wrapping_mul(u64::from(factor))
                .wrapping_add(u64::from(carry));
            (*limb, carry) = split(product);
        }
        if carry > 0 {
            self.limbs.push(carry);
        }
    }

    /// Multiplies by `2^bits`.
    fn shift(&mut self, bits: u32) {
        self.multiply(1 << (bits % 32));
        let limbs = std::iter::repeat_n(0, usize::try_from(bits / 32).unwrap_or(0));
        self.limbs.splice(0..0, limbs);
        self.trim();
    }

    fn plus(&self, other: &Self) -> Self {
        let length = self.limbs.len().max(other.limbs.len());
        let mut carry = 0;
        let mut limbs = Vec::with_capacity(length.saturating_add(1));
        for index in 0..length {
            let one = self.limbs.get(index).copied().unwrap_or(0);
            let two = other.limbs.get(index).copied().unwrap_or(0);
            let sum = u64::from(one)
                .wrapping_add(u64::from(two))
                .wrapping_add(u64::from(carry));
            let (low, high) = split(sum);
            limbs.push(low);
            carry = high;
        }
        limbs.push(carry);
        let mut sum = Self { limbs };
        sum.trim();
        sum
    }

    /// Takes away a number that is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (index, limb) in self.limbs.iter_mut().enumerate() {
            let taken = other.limbs.get(index).copied().unwrap_or(0);
            let (partial, first) = limb.overflowing_sub(taken);
            let (result, second) = partial.overflowing_sub(u32::from(borrow));
            *limb = result;
            borrow = first || second;
        }
        self.trim();
    }

    /// The quotient, which is one digit; leaves the remainder.
    fn divide(&mut self, divisor: &Self) -> u8 {
        let mut quotient = 0_u8;
        while self.compare(divisor) != Ordering::Less {
            self.subtract(divisor);
            quotient = quotient.saturating_add(1);
        }
        quotient
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_length = self.limbs.len().cmp(&other.limbs.len());
        by_length.then_with(|| self.limbs.iter().rev().cmp(other.limbs.iter().rev()))
    }
}

/// The low and the high 32 bits.
fn split(number: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
    (
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
    )
}

#[cfg(test)]
mod tests;
