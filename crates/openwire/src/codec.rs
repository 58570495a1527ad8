//! Bytes to structures and back: framing, both encodings, the marshalling cache, negotiation.
//!
//! It knows no command's meaning; which fields a structure has is in `generated`. All limits are
//! the constants here and the settings of [`Decoder`]; lengths and counts are checked against
//! what is left of the frame before anything is allocated. Sizes are bytes.

mod cache;
mod content;
mod decoder;
mod encoder;
mod error;
mod negotiation;
mod primitive;
mod reader;
mod stencil;
mod text;
mod throwable;
mod wire;
mod writer;

#[cfg(test)]
mod tests;

pub use content::Content;
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{DecodeError, Fault};
pub use negotiation::{Agreement, Format, MAGIC, NegotiationError, Offer, VERSION_MAX};
pub use primitive::{Primitive, PrimitiveMap, put_entry, put_value, read_one};
pub use reader::Reader;
pub(crate) use stencil::Stencil;
pub use text::{Secret, Text};
pub(crate) use text::{is_same_in_both, to_modified, to_standard, to_standard_exact};
pub use throwable::{StackFrame, Throwable};
pub use wire::{Cached, TransactionId, Wire};
pub use writer::Writer;

/// Structures within structures, causes of causes, maps within maps: no deeper than this.
pub const DEPTH_MAX: usize = 32;
/// Elements of all arrays and stack traces of one frame together.
pub const ELEMENTS_MAX: usize = 16 * 1024;
/// Bytes of all values that a peer put into the marshalling cache together.
pub const CACHED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// A Java client that is told a cache size below this loops for ever.
pub const CACHE_SIZE_MIN: u16 = 100;
/// Slots of the marshalling cache when 0 was agreed.
pub const CACHE_SIZE_OF_ZERO: u16 = 16383;
