//! Bodies that can be checked: whoever gets one knows which message it belongs to and whether
//! every byte of it is right.
//!
//! Magic (4 bytes), number of the message (8), length of the filling (4), filling, checksum (4).
//! Numbers are big-endian.

use crate::random::Random;
use crate::trace::digest;
use bytes::Bytes;

const MAGIC: [u8; 4] = *b"FWsm";

/// Bytes of a body with an empty filling.
pub(crate) const BODY_BYTES_MIN: usize = 20;

/// A body of a message with so many bytes of filling.
pub(crate) fn write(number: u64, filling: usize) -> Bytes {
    let mut body = Vec::with_capacity(BODY_BYTES_MIN + filling);
    body.extend_from_slice(&MAGIC);
    body.extend_from_slice(&number.to_be_bytes());
    body.extend_from_slice(&u32::try_from(filling).unwrap_or(u32::MAX).to_be_bytes());
    let mut random = Random::new(number);
    while body.len() < BODY_BYTES_MIN - 4 + filling {
        let bytes = random.next().to_be_bytes();
        let missing = BODY_BYTES_MIN - 4 + filling - body.len();
        body.extend(bytes.iter().take(missing));
    }
    let sum = digest(&body);
    body.extend_from_slice(&sum.to_be_bytes());
    body.into()
}

/// The number of the message, if every byte is right.
pub(crate) fn read(body: &[u8]) -> Option<u64> {
    let (content, sum) = body.split_last_chunk::<4>()?;
    if digest(content).to_be_bytes() != *sum {
        return None;
    }
    let (number, rest) = content.strip_prefix(&MAGIC)?.split_first_chunk::<8>()?;
    let (filling, rest) = rest.split_first_chunk::<4>()?;
    (rest.len() == u32::from_be_bytes(*filling) as usize).then(|| u64::from_be_bytes(*number))
}

#[cfg(test)]
mod tests;
