//! All fields of a head in one pass, for rooms that write every one of them.
//!
//! It knows which tags mean what and nothing of wire formats. Texts are handed out as the bytes
//! that the producer's room wrote, so that a room that copies them does not check them again.
//! Fields that do not read well are left out.

use super::{Message, Tag, fields};
use crate::DestinationKind;
use crate::properties::PropertyValue;

/// One field of a message head.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Field<'a> {
    /// JMSMessageID.
    Id(&'a [u8]),
    /// JMSDestination: kind and name.
    Destination(DestinationKind, &'a [u8]),
    /// Where the message was first sent to.
    OriginalDestination(DestinationKind, &'a [u8]),
    /// JMSReplyTo.
    ReplyTo(DestinationKind, &'a [u8]),
    /// JMSCorrelationID.
    CorrelationId(&'a [u8]),
    /// JMSType.
    Type(&'a [u8]),
    /// JMSXGroupID.
    GroupId(&'a [u8]),
    /// JMSXGroupSeq.
    GroupSequence(i32),
    /// JMSXUserID.
    UserId(&'a [u8]),
    /// A property: name and value.
    Property(&'a [u8], PropertyValue<'a>),
}

impl Message {
    /// The fields in the order in which they were set. Those that no protocol shows (producer
    /// sequence, transaction, native bytes) are left out.
    #[inline]
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        fields::iterate(&self.head).filter_map(|(tag, bytes)| read(tag, bytes))
    }
}

#[inline]
fn read(tag: u8, bytes: &[u8]) -> Option<Field<'_>> {
    const ID: u8 = Tag::Id as u8;
    const DESTINATION: u8 = Tag::Destination as u8;
    const ORIGINAL_DESTINATION: u8 = Tag::OriginalDestination as u8;
    const REPLY_TO: u8 = Tag::ReplyTo as u8;
    const CORRELATION_ID: u8 = Tag::CorrelationId as u8;
    const TYPE: u8 = Tag::Type as u8;
    const GROUP_ID: u8 = Tag::GroupId as u8;
    const GROUP_SEQUENCE: u8 = Tag::GroupSequence as u8;
    const USER_ID: u8 = Tag::UserId as u8;
    const PROPERTY: u8 = Tag::Property as u8;
    Some(match tag {
        ID => Field::Id(bytes),
        DESTINATION => destination(bytes).map(|(kind, name)| Field::Destination(kind, name))?,
        ORIGINAL_DESTINATION => {
            destination(bytes).map(|(kind, name)| Field::OriginalDestination(kind, name))?
        }
        REPLY_TO => destination(bytes).map(|(kind, name)| Field::ReplyTo(kind, name))?,
        CORRELATION_ID => Field::CorrelationId(bytes),
        TYPE => Field::Type(bytes),
        GROUP_ID => Field::GroupId(bytes),
        GROUP_SEQUENCE => Field::GroupSequence(i32::from_be_bytes(bytes.try_into().ok()?)),
        USER_ID => Field::UserId(bytes),
        PROPERTY => {
            let (length, rest) = bytes.split_first_chunk::<2>()?;
            let (name, value) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            Field::Property(name, PropertyValue::decode(value)?)
        }
        _ => return None,
    })
}

fn destination(bytes: &[u8]) -> Option<(DestinationKind, &[u8])> {
    let (code, name) = bytes.split_first()?;
    Some((DestinationKind::from_code(*code)?, name))
}
