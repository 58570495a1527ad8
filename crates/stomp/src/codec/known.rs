//! Header names with a meaning in SEND frames.
//!
//! They are recognised once, while the frame is decoded; by their length first, so that a name
//! is compared with few others. Everything else is a property of the message.

/// A header name of a SEND frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    AmqMsgType,
    ContentLength,
    CorrelationId,
    Destination,
    /// Belongs to the conversation or may be set by the broker only.
    Dropped,
    Expires,
    GroupId,
    GroupSequence,
    Persistent,
    Priority,
    Property,
    Receipt,
    ReplyTo,
    Timestamp,
    Transaction,
    Transformation,
    Type,
}

impl Known {
    /// What a name means; the JMS names are those that ActiveMQ turns into fields.
    #[inline]
    pub(crate) fn of(name: &[u8]) -> Self {
        let candidates: &[(&[u8], Self)] = match name.len() {
            4 => &[(b"type", Self::Type)],
            7 => &[
                (b"receipt", Self::Receipt),
                (b"expires", Self::Expires),
                (b"JMSType", Self::Type),
            ],
            8 => &[(b"priority", Self::Priority), (b"reply-to", Self::ReplyTo)],
            9 => &[(b"timestamp", Self::Timestamp)],
            10 => &[
                (b"persistent", Self::Persistent),
                (b"message-id", Self::Dropped),
                (b"JMSXUserID", Self::Dropped),
            ],
            11 => &[
                (b"destination", Self::Destination),
                (b"transaction", Self::Transaction),
                (b"JMSXGroupID", Self::GroupId),
                (b"JMSPriority", Self::Priority),
                (b"redelivered", Self::Dropped),
            ],
            12 => &[
                (b"JMSXGroupSeq", Self::GroupSequence),
                (b"amq-msg-type", Self::AmqMsgType),
                (b"subscription", Self::Dropped),
                (b"JMSTimestamp", Self::Timestamp),
            ],
            13 => &[(b"JMSExpiration", Self::Expires)],
            14 => &[
                (b"content-length", Self::ContentLength),
                (b"correlation-id", Self::CorrelationId),
                (b"transformation", Self::Transformation),
                (b"JMSRedelivered", Self::Dropped),
            ],
            16 => &[(b"JMSCorrelationID", Self::CorrelationId)],
            17 => &[(b"JMSXDeliveryCount", Self::Dropped)],
            _ => &[],
        };
        let found = candidates.iter().find(|(candidate, _)| *candidate == name);
        found.map_or(Self::Property, |(_, known)| *known)
    }
}
