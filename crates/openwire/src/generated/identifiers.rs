//! OpenWire structures: identifiers.
//!
//! Generated from commands.txt by `cargo run -p xtask -- codegen openwire`; do not edit.

use super::*;
use crate::codec::{
    Content, DecodeError, Reader, Secret, Text, Throwable, TransactionId, Wire, Writer,
};
use bytes::Bytes;

/// Wire type 120.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ConnectionId {
    pub value: Option<Text>,
}

impl Wire for ConnectionId {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 120)
    }
    fn type_id(&self) -> u8 {
        120
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            value: r.at("value").string()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.value);
    }
}

/// Wire type 121.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct SessionId {
    pub connection_id: Option<Text>,
    pub value: i64,
}

impl Wire for SessionId {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 121)
    }
    fn type_id(&self) -> u8 {
        121
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            connection_id: r.at("connectionId").string()?,
            value: r.at("value").long()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.connection_id);
        w.long(self.value);
    }
}

/// Wire type 122.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ConsumerId {
    pub connection_id: Option<Text>,
    pub session_id: i64,
    pub value: i64,
}

impl Wire for ConsumerId {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 122)
    }
    fn type_id(&self) -> u8 {
        122
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            connection_id: r.at("connectionId").string()?,
            session_id: r.at("sessionId").long()?,
            value: r.at("value").long()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.connection_id);
        w.long(self.session_id);
        w.long(self.value);
    }
}

/// Wire type 123.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ProducerId {
    pub connection_id: Option<Text>,
    pub value: i64,
    pub session_id: i64,
}

impl Wire for ProducerId {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 123)
    }
    fn type_id(&self) -> u8 {
        123
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            connection_id: r.at("connectionId").string()?,
            value: r.at("value").long()?,
            session_id: r.at("sessionId").long()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.connection_id);
        w.long(self.value);
        w.long(self.session_id);
    }
}

/// Wire type 124.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct BrokerId {
    pub value: Option<Text>,
}

impl Wire for BrokerId {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 124)
    }
    fn type_id(&self) -> u8 {
        124
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            value: r.at("value").string()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.value);
    }
}

/// Wire type 110.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct MessageId {
    pub text_view: Option<Text>,
    pub producer_id: Option<ProducerId>,
    pub producer_sequence_id: i64,
    pub broker_sequence_id: i64,
}

impl Wire for MessageId {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 110)
    }
    fn type_id(&self) -> u8 {
        110
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            text_view: if r.version() >= 10 {
                r.at("textView").string()?
            } else {
                None
            },
            producer_id: r.at("producerId").cached()?,
            producer_sequence_id: r.at("producerSequenceId").long()?,
            broker_sequence_id: r.at("brokerSequenceId").long()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        if w.version() >= 10 {
            w.string(&self.text_view);
        }
        w.cached(&self.producer_id);
        w.long(self.producer_sequence_id);
        w.long(self.broker_sequence_id);
    }
}

/// Wire type 100, 101, 102, 103.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ActiveMQDestination {
    pub type_id: u8,
    pub physical_name: Option<Text>,
}

impl Wire for ActiveMQDestination {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 100..=103)
    }
    fn type_id(&self) -> u8 {
        self.type_id
    }
    fn read(r: &mut Reader<'_>, type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            type_id,
            physical_name: r.at("physicalName").string()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.physical_name);
    }
}

/// Wire type 111.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct LocalTransactionId {
    pub value: i64,
    pub connection_id: Option<ConnectionId>,
}

impl Wire for LocalTransactionId {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 111)
    }
    fn type_id(&self) -> u8 {
        111
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            value: r.at("value").long()?,
            connection_id: r.at("connectionId").cached()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.long(self.value);
        w.cached(&self.connection_id);
    }
}

/// Wire type 112.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct XATransactionId {
    pub format_id: i32,
    pub global_transaction_id: Option<Bytes>,
    pub branch_qualifier: Option<Bytes>,
}

impl Wire for XATransactionId {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 112)
    }
    fn type_id(&self) -> u8 {
        112
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            format_id: r.at("formatId").int()?,
            global_transaction_id: r.at("globalTransactionId").bytes()?,
            branch_qualifier: r.at("branchQualifier").bytes()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.format_id);
        w.bytes(&self.global_transaction_id);
        w.bytes(&self.branch_qualifier);
    }
}

/// Wire type 91.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct NetworkBridgeFilter {
    pub network_ttl: i32,
    pub network_broker_id: Option<BrokerId>,
    pub message_ttl: i32,
    pub consumer_ttl: i32,
}

impl Wire for NetworkBridgeFilter {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 91)
    }
    fn type_id(&self) -> u8 {
        91
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            network_ttl: if r.version() <= 9 {
                r.at("networkTTL").int()?
            } else {
                0
            },
            network_broker_id: r.at("networkBrokerId").cached()?,
            message_ttl: if r.version() >= 10 {
                r.at("messageTTL").int()?
            } else {
                0
            },
            consumer_ttl: if r.version() >= 10 {
                r.at("consumerTTL").int()?
            } else {
                0
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        if w.version() <= 9 {
            w.int(self.network_ttl);
        }
        w.cached(&self.network_broker_id);
        if w.version() >= 10 {
            w.int(self.message_ttl);
        }
        if w.version() >= 10 {
            w.int(self.consumer_ttl);
        }
    }
}
