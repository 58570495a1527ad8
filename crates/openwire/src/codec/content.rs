//! The body of a message on the wire.
//!
//! The content of a text message begins with the length of the text. The text alone is what the
//! broker keeps, so the length is put in front of it while writing, without a copy.

use bytes::Bytes;

/// A body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The bytes, or those of the text alone.
    pub bytes: Bytes,
    /// The length of the bytes is written in front of them, as part of the content.
    pub has_length: bool,
}

impl Content {
    /// Bytes of the content on the wire.
    pub fn len(&self) -> usize {
        self.bytes.len() + if self.has_length { 4 } else { 0 }
    }

    /// `true` when there is not even a length.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        let has_length = false;
        Self { bytes, has_length }
    }
}

#[cfg(test)]
impl serde::Serialize for Content {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&self.bytes, serializer)
    }
}
