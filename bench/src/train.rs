//! A train of equal, pre-encoded frames: sending patches numbers in place and writes a slice.
//!
//! It knows where the stamp and the numbers lie in a frame, and no protocol.
//! Invariant: all frames have one length, so the first N frames are one contiguous slice; a train
//! must be wholly written before it is loaded again. Lengths are bytes.

use crate::body::Stamp;

/// Decimal digits of a number inside a frame.
pub const DECIMAL_DIGITS: usize = 12;

/// About this many bytes are handed to one write.
const TRAIN_BYTES: usize = 64 * 1024;

/// One encoded frame and the places in it that change from message to message.
pub struct FrameShape {
    pub bytes: Vec<u8>,
    pub body_at: usize,
    pub numbers: Vec<Number>,
}

/// A number in a frame that grows by one with each message.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    pub at: usize,
    pub form: Form,
    /// Its value in the message whose sequence is 0.
    pub first: u64,
}

/// How a number is written.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// `DECIMAL_DIGITS` digits, with zeros in front.
    Decimal,
    /// Four bytes, the highest first.
    Binary,
}

/// Frames ready to be written.
pub struct Train {
    bytes: Vec<u8>,
    frame_length: usize,
    body_at: usize,
    numbers: Vec<Number>,
    capacity: usize,
}

impl Train {
    /// Repeats the frame as often as it fits one write, but not more than `count_max` times.
    pub fn new(shape: &FrameShape, count_max: usize) -> Self {
        let frame_length = shape.bytes.len().max(1);
        let capacity = (TRAIN_BYTES / frame_length).min(count_max).max(1);
        Self {
            bytes: shape.bytes.repeat(capacity),
            frame_length,
            body_at: shape.body_at,
            numbers: shape.numbers.clone(),
            capacity,
        }
    }

    /// How many frames one load can take.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Bytes of one frame.
    pub fn frame_length(&self) -> usize {
        self.frame_length
    }

    /// Stamps the first `count` frames with consecutive sequence numbers from `first` on.
    pub fn load(&mut self, count: usize, first: Stamp) {
        let mut stamp = first;
        for frame in self.bytes.chunks_exact_mut(self.frame_length).take(count) {
            if let Some(body) = frame.get_mut(self.body_at..) {
                stamp.write(body);
            }
            for number in &self.numbers {
                if let Some(place) = frame.get_mut(number.at..) {
                    number.write(place, stamp.sequence);
                }
            }
            stamp.sequence += 1;
        }
    }

    /// The bytes of the first `count` frames, without the `written` bytes already gone.
    pub fn unwritten(&self, count: usize, written: usize) -> &[u8] {
        self.bytes
            .get(written..count * self.frame_length)
            .unwrap_or_default()
    }
}

impl Number {
    #[inline]
    fn write(self, place: &mut [u8], sequence: u64) {
        let value = self.first + sequence;
        match (self.form, place.first_chunk_mut::<4>()) {
            (Form::Decimal, _) => write_digits(place, value),
            (Form::Binary, Some(place)) => {
                let [.., a, b, c, d] = value.to_be_bytes();
                *place = [a, b, c, d];
            }
            (Form::Binary, None) => {}
        }
    }
}

fn write_digits(place: &mut [u8], number: u64) {
    let mut rest = number;
    for digit in place.iter_mut().take(DECIMAL_DIGITS).rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

#[cfg(test)]
mod tests;
