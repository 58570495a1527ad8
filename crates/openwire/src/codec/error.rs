//! Why bytes are not a frame: every error says at which offset of the frame and in which field.

/// A frame that cannot be read. The connection cannot go on after it: the marshalling cache and
/// the frame borders are lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} of the frame, field {field}: {fault}")]
pub struct DecodeError {
    /// Offset after the size prefix.
    pub at: usize,
    /// The field being read, as the protocol spells it.
    pub field: &'static str,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    #[error("{wanted} bytes are needed and {left} are left")]
    Truncated { wanted: usize, left: usize },
    #[error("the length {length} is negative")]
    NegativeLength { length: i32 },
    #[error("the frame has {left} bytes after its last field")]
    LeftOver { left: usize },
    #[error("the frame uses {used} of its {found} bytes of flags")]
    UnusedBits { used: usize, found: usize },
    #[error("the structure type {type_id} is unknown, or not of protocol version {version}")]
    UnknownType { type_id: u8, version: u8 },
    #[error("the structure type {type_id} cannot stand here")]
    MisplacedType { type_id: u8 },
    #[error("the text is not modified UTF-8")]
    Text,
    #[error("structures are nested deeper than {limit}")]
    TooDeep { limit: usize },
    #[error("arrays and stack traces have more than {limit} elements")]
    TooMany { limit: usize },
    #[error("the cache slot {index} is empty, of another type, or not below {size}")]
    CacheSlot { index: i16, size: u16 },
    #[error("the cached values have more than {limit} bytes")]
    CacheBytes { limit: usize },
    #[error("a frame is embedded in its marshalled form, which no client sends")]
    Premarshalled,
    #[error(
        "the frame has {size} bytes; between 1 and {limit} (wireFormat.maxFrameSize) are allowed"
    )]
    FrameSize { size: i32, limit: usize },
    #[error("a value of a property or map entry has the unknown type {code}")]
    PrimitiveType { code: u8 },
}
