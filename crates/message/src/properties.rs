//! Values of message properties and their form in an encoded head.
//!
//! A value is one type byte and its bytes; numbers are big-endian. Reading never allocates and
//! never trusts a length.

/// The value of a message property (JMS 1.1, section 3.5.4, and ActiveMQ's extensions).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PropertyValue<'a> {
    /// A property that is present without a value.
    Null,
    /// true or false.
    Boolean(bool),
    /// 8 bits.
    Byte(i8),
    /// 16 bits.
    Short(i16),
    /// 32 bits.
    Integer(i32),
    /// 64 bits.
    Long(i64),
    /// 32-bit floating point.
    Float(f32),
    /// 64-bit floating point.
    Double(f64),
    /// Text.
    String(&'a str),
}

impl<'a> PropertyValue<'a> {
    pub(crate) fn encode(self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0),
            Self::Boolean(v) => out.extend_from_slice(&[1, u8::from(v)]),
            Self::Byte(v) => {
                out.push(2);
                out.extend_from_slice(&v.to_be_bytes());
            }
            Self::Short(v) => {
                out.push(3);
                out.extend_from_slice(&v.to_be_bytes());
            }
            Self::Integer(v) => {
                out.push(4);
                out.extend_from_slice(&v.to_be_bytes());
            }
            Self::Long(v) => {
                out.push(5);
                out.extend_from_slice(&v.to_be_bytes());
            }
            Self::Float(v) => {
                out.push(6);
                out.extend_from_slice(&v.to_be_bytes());
            }
            Self::Double(v) => {
                out.push(7);
                out.extend_from_slice(&v.to_be_bytes());
            }
            Self::String(v) => {
                out.push(8);
                out.extend_from_slice(v.as_bytes());
            }
        }
    }

    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        Some(match kind {
            0 => Self::Null,
            1 => Self::Boolean(*rest.first()? != 0),
            2 => Self::Byte(i8::from_be_bytes(rest.try_into().ok()?)),
            3 => Self::Short(i16::from_be_bytes(rest.try_into().ok()?)),
            4 => Self::Integer(i32::from_be_bytes(rest.try_into().ok()?)),
            5 => Self::Long(i64::from_be_bytes(rest.try_into().ok()?)),
            6 => Self::Float(f32::from_be_bytes(rest.try_into().ok()?)),
            7 => Self::Double(f64::from_be_bytes(rest.try_into().ok()?)),
            8 => Self::String(std::str::from_utf8(rest).ok()?),
            _ => return None,
        })
    }
}
