//! OpenWire structures: the sum of all, and which of them may stand in cached fields.
//!
//! Generated from commands.txt by `cargo run -p xtask -- codegen openwire`; do not edit.

use super::*;
use crate::codec::{Cached, DecodeError, Reader, Wire, Writer};

/// The first version that has a wire type.
pub(crate) fn first_version(type_id: u8) -> u8 {
    match type_id {
        20 => 2,
        29 | 19 => 3,
        92 => 12,
        _ => 1,
    }
}

/// One more bit precedes these when nested in tight frames.
pub(crate) fn is_marshal_aware(type_id: u8) -> bool {
    matches!(type_id, 23 | 24 | 25 | 26 | 27 | 28 | 29 | 1)
}

/// Any structure.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize), serde(untagged))]
pub enum DataStructure {
    ConnectionId(ConnectionId),
    SessionId(SessionId),
    ConsumerId(ConsumerId),
    ProducerId(ProducerId),
    BrokerId(BrokerId),
    MessageId(Box<MessageId>),
    ActiveMQDestination(ActiveMQDestination),
    LocalTransactionId(LocalTransactionId),
    XATransactionId(XATransactionId),
    NetworkBridgeFilter(Box<NetworkBridgeFilter>),
    Message(Box<Message>),
    MessageDispatch(Box<MessageDispatch>),
    MessageAck(Box<MessageAck>),
    MessagePull(Box<MessagePull>),
    ProducerAck(Box<ProducerAck>),
    MessageDispatchNotification(Box<MessageDispatchNotification>),
    WireFormatInfo(Box<WireFormatInfo>),
    BrokerInfo(Box<BrokerInfo>),
    ConnectionInfo(Box<ConnectionInfo>),
    SessionInfo(Box<SessionInfo>),
    ConsumerInfo(Box<ConsumerInfo>),
    ProducerInfo(Box<ProducerInfo>),
    TransactionInfo(Box<TransactionInfo>),
    DestinationInfo(Box<DestinationInfo>),
    RemoveSubscriptionInfo(Box<RemoveSubscriptionInfo>),
    RemoveInfo(Box<RemoveInfo>),
    BrokerSubscriptionInfo(Box<BrokerSubscriptionInfo>),
    SubscriptionInfo(Box<SubscriptionInfo>),
    KeepAliveInfo(Box<KeepAliveInfo>),
    ShutdownInfo(Box<ShutdownInfo>),
    ControlCommand(Box<ControlCommand>),
    FlushCommand(Box<FlushCommand>),
    ConnectionError(Box<ConnectionError>),
    ConsumerControl(Box<ConsumerControl>),
    ConnectionControl(Box<ConnectionControl>),
    Response(Box<Response>),
    ExceptionResponse(Box<ExceptionResponse>),
    DataResponse(Box<DataResponse>),
    DataArrayResponse(Box<DataArrayResponse>),
    IntegerResponse(Box<IntegerResponse>),
    DiscoveryEvent(Box<DiscoveryEvent>),
    ReplayCommand(Box<ReplayCommand>),
    PartialCommand(Box<PartialCommand>),
    JournalTopicAck(Box<JournalTopicAck>),
    JournalQueueAck(Box<JournalQueueAck>),
    JournalTrace(Box<JournalTrace>),
    JournalTransaction(Box<JournalTransaction>),
}

impl Wire for DataStructure {
    fn accepts(type_id: u8) -> bool {
        ConnectionId::accepts(type_id)
            || SessionId::accepts(type_id)
            || ConsumerId::accepts(type_id)
            || ProducerId::accepts(type_id)
            || BrokerId::accepts(type_id)
            || MessageId::accepts(type_id)
            || ActiveMQDestination::accepts(type_id)
            || LocalTransactionId::accepts(type_id)
            || XATransactionId::accepts(type_id)
            || NetworkBridgeFilter::accepts(type_id)
            || Message::accepts(type_id)
            || MessageDispatch::accepts(type_id)
            || MessageAck::accepts(type_id)
            || MessagePull::accepts(type_id)
            || ProducerAck::accepts(type_id)
            || MessageDispatchNotification::accepts(type_id)
            || WireFormatInfo::accepts(type_id)
            || BrokerInfo::accepts(type_id)
            || ConnectionInfo::accepts(type_id)
            || SessionInfo::accepts(type_id)
            || ConsumerInfo::accepts(type_id)
            || ProducerInfo::accepts(type_id)
            || TransactionInfo::accepts(type_id)
            || DestinationInfo::accepts(type_id)
            || RemoveSubscriptionInfo::accepts(type_id)
            || RemoveInfo::accepts(type_id)
            || BrokerSubscriptionInfo::accepts(type_id)
            || SubscriptionInfo::accepts(type_id)
            || KeepAliveInfo::accepts(type_id)
            || ShutdownInfo::accepts(type_id)
            || ControlCommand::accepts(type_id)
            || FlushCommand::accepts(type_id)
            || ConnectionError::accepts(type_id)
            || ConsumerControl::accepts(type_id)
            || ConnectionControl::accepts(type_id)
            || Response::accepts(type_id)
            || ExceptionResponse::accepts(type_id)
            || DataResponse::accepts(type_id)
            || DataArrayResponse::accepts(type_id)
            || IntegerResponse::accepts(type_id)
            || DiscoveryEvent::accepts(type_id)
            || ReplayCommand::accepts(type_id)
            || PartialCommand::accepts(type_id)
            || JournalTopicAck::accepts(type_id)
            || JournalQueueAck::accepts(type_id)
            || JournalTrace::accepts(type_id)
            || JournalTransaction::accepts(type_id)
    }
    fn type_id(&self) -> u8 {
        match self {
            Self::ConnectionId(one) => one.type_id(),
            Self::SessionId(one) => one.type_id(),
            Self::ConsumerId(one) => one.type_id(),
            Self::ProducerId(one) => one.type_id(),
            Self::BrokerId(one) => one.type_id(),
            Self::MessageId(one) => one.type_id(),
            Self::ActiveMQDestination(one) => one.type_id(),
            Self::LocalTransactionId(one) => one.type_id(),
            Self::XATransactionId(one) => one.type_id(),
            Self::NetworkBridgeFilter(one) => one.type_id(),
            Self::Message(one) => one.type_id(),
            Self::MessageDispatch(one) => one.type_id(),
            Self::MessageAck(one) => one.type_id(),
            Self::MessagePull(one) => one.type_id(),
            Self::ProducerAck(one) => one.type_id(),
            Self::MessageDispatchNotification(one) => one.type_id(),
            Self::WireFormatInfo(one) => one.type_id(),
            Self::BrokerInfo(one) => one.type_id(),
            Self::ConnectionInfo(one) => one.type_id(),
            Self::SessionInfo(one) => one.type_id(),
            Self::ConsumerInfo(one) => one.type_id(),
            Self::ProducerInfo(one) => one.type_id(),
            Self::TransactionInfo(one) => one.type_id(),
            Self::DestinationInfo(one) => one.type_id(),
            Self::RemoveSubscriptionInfo(one) => one.type_id(),
            Self::RemoveInfo(one) => one.type_id(),
            Self::BrokerSubscriptionInfo(one) => one.type_id(),
            Self::SubscriptionInfo(one) => one.type_id(),
            Self::KeepAliveInfo(one) => one.type_id(),
            Self::ShutdownInfo(one) => one.type_id(),
            Self::ControlCommand(one) => one.type_id(),
            Self::FlushCommand(one) => one.type_id(),
            Self::ConnectionError(one) => one.type_id(),
            Self::ConsumerControl(one) => one.type_id(),
            Self::ConnectionControl(one) => one.type_id(),
            Self::Response(one) => one.type_id(),
            Self::ExceptionResponse(one) => one.type_id(),
            Self::DataResponse(one) => one.type_id(),
            Self::DataArrayResponse(one) => one.type_id(),
            Self::IntegerResponse(one) => one.type_id(),
            Self::DiscoveryEvent(one) => one.type_id(),
            Self::ReplayCommand(one) => one.type_id(),
            Self::PartialCommand(one) => one.type_id(),
            Self::JournalTopicAck(one) => one.type_id(),
            Self::JournalQueueAck(one) => one.type_id(),
            Self::JournalTrace(one) => one.type_id(),
            Self::JournalTransaction(one) => one.type_id(),
        }
    }
    fn read(r: &mut Reader<'_>, type_id: u8) -> Result<Self, DecodeError> {
        Ok(match type_id {
            120 => Self::ConnectionId(Wire::read(r, type_id)?),
            121 => Self::SessionId(Wire::read(r, type_id)?),
            122 => Self::ConsumerId(Wire::read(r, type_id)?),
            123 => Self::ProducerId(Wire::read(r, type_id)?),
            124 => Self::BrokerId(Wire::read(r, type_id)?),
            110 => Self::MessageId(Wire::read(r, type_id)?),
            100..=103 => Self::ActiveMQDestination(Wire::read(r, type_id)?),
            111 => Self::LocalTransactionId(Wire::read(r, type_id)?),
            112 => Self::XATransactionId(Wire::read(r, type_id)?),
            91 => Self::NetworkBridgeFilter(Wire::read(r, type_id)?),
            23..=29 => Self::Message(Wire::read(r, type_id)?),
            21 => Self::MessageDispatch(Wire::read(r, type_id)?),
            22 => Self::MessageAck(Wire::read(r, type_id)?),
            20 => Self::MessagePull(Wire::read(r, type_id)?),
            19 => Self::ProducerAck(Wire::read(r, type_id)?),
            90 => Self::MessageDispatchNotification(Wire::read(r, type_id)?),
            1 => Self::WireFormatInfo(Wire::read(r, type_id)?),
            2 => Self::BrokerInfo(Wire::read(r, type_id)?),
            3 => Self::ConnectionInfo(Wire::read(r, type_id)?),
            4 => Self::SessionInfo(Wire::read(r, type_id)?),
            5 => Self::ConsumerInfo(Wire::read(r, type_id)?),
            6 => Self::ProducerInfo(Wire::read(r, type_id)?),
            7 => Self::TransactionInfo(Wire::read(r, type_id)?),
            8 => Self::DestinationInfo(Wire::read(r, type_id)?),
            9 => Self::RemoveSubscriptionInfo(Wire::read(r, type_id)?),
            12 => Self::RemoveInfo(Wire::read(r, type_id)?),
            92 => Self::BrokerSubscriptionInfo(Wire::read(r, type_id)?),
            55 => Self::SubscriptionInfo(Wire::read(r, type_id)?),
            10 => Self::KeepAliveInfo(Wire::read(r, type_id)?),
            11 => Self::ShutdownInfo(Wire::read(r, type_id)?),
            14 => Self::ControlCommand(Wire::read(r, type_id)?),
            15 => Self::FlushCommand(Wire::read(r, type_id)?),
            16 => Self::ConnectionError(Wire::read(r, type_id)?),
            17 => Self::ConsumerControl(Wire::read(r, type_id)?),
            18 => Self::ConnectionControl(Wire::read(r, type_id)?),
            30 => Self::Response(Wire::read(r, type_id)?),
            31 => Self::ExceptionResponse(Wire::read(r, type_id)?),
            32 => Self::DataResponse(Wire::read(r, type_id)?),
            33 => Self::DataArrayResponse(Wire::read(r, type_id)?),
            34 => Self::IntegerResponse(Wire::read(r, type_id)?),
            40 => Self::DiscoveryEvent(Wire::read(r, type_id)?),
            65 => Self::ReplayCommand(Wire::read(r, type_id)?),
            60..=61 => Self::PartialCommand(Wire::read(r, type_id)?),
            50 => Self::JournalTopicAck(Wire::read(r, type_id)?),
            52 => Self::JournalQueueAck(Wire::read(r, type_id)?),
            53 => Self::JournalTrace(Wire::read(r, type_id)?),
            54 => Self::JournalTransaction(Wire::read(r, type_id)?),
            _ => return Err(r.unknown_type(type_id)),
        })
    }
    fn write(&self, w: &mut Writer<'_>) {
        match self {
            Self::ConnectionId(one) => one.write(w),
            Self::SessionId(one) => one.write(w),
            Self::ConsumerId(one) => one.write(w),
            Self::ProducerId(one) => one.write(w),
            Self::BrokerId(one) => one.write(w),
            Self::MessageId(one) => one.write(w),
            Self::ActiveMQDestination(one) => one.write(w),
            Self::LocalTransactionId(one) => one.write(w),
            Self::XATransactionId(one) => one.write(w),
            Self::NetworkBridgeFilter(one) => one.write(w),
            Self::Message(one) => one.write(w),
            Self::MessageDispatch(one) => one.write(w),
            Self::MessageAck(one) => one.write(w),
            Self::MessagePull(one) => one.write(w),
            Self::ProducerAck(one) => one.write(w),
            Self::MessageDispatchNotification(one) => one.write(w),
            Self::WireFormatInfo(one) => one.write(w),
            Self::BrokerInfo(one) => one.write(w),
            Self::ConnectionInfo(one) => one.write(w),
            Self::SessionInfo(one) => one.write(w),
            Self::ConsumerInfo(one) => one.write(w),
            Self::ProducerInfo(one) => one.write(w),
            Self::TransactionInfo(one) => one.write(w),
            Self::DestinationInfo(one) => one.write(w),
            Self::RemoveSubscriptionInfo(one) => one.write(w),
            Self::RemoveInfo(one) => one.write(w),
            Self::BrokerSubscriptionInfo(one) => one.write(w),
            Self::SubscriptionInfo(one) => one.write(w),
            Self::KeepAliveInfo(one) => one.write(w),
            Self::ShutdownInfo(one) => one.write(w),
            Self::ControlCommand(one) => one.write(w),
            Self::FlushCommand(one) => one.write(w),
            Self::ConnectionError(one) => one.write(w),
            Self::ConsumerControl(one) => one.write(w),
            Self::ConnectionControl(one) => one.write(w),
            Self::Response(one) => one.write(w),
            Self::ExceptionResponse(one) => one.write(w),
            Self::DataResponse(one) => one.write(w),
            Self::DataArrayResponse(one) => one.write(w),
            Self::IntegerResponse(one) => one.write(w),
            Self::DiscoveryEvent(one) => one.write(w),
            Self::ReplayCommand(one) => one.write(w),
            Self::PartialCommand(one) => one.write(w),
            Self::JournalTopicAck(one) => one.write(w),
            Self::JournalQueueAck(one) => one.write(w),
            Self::JournalTrace(one) => one.write(w),
            Self::JournalTransaction(one) => one.write(w),
        }
    }
}

/// What a slot of the marshalling cache holds.
#[derive(Debug, Clone, PartialEq)]
pub enum CachedValue {
    ConnectionId(ConnectionId),
    SessionId(SessionId),
    ConsumerId(ConsumerId),
    ProducerId(ProducerId),
    BrokerId(BrokerId),
    ActiveMQDestination(ActiveMQDestination),
    LocalTransactionId(LocalTransactionId),
    XATransactionId(XATransactionId),
}

/// What a slot of the marshalling cache is looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CachedRef<'a> {
    ConnectionId(&'a ConnectionId),
    SessionId(&'a SessionId),
    ConsumerId(&'a ConsumerId),
    ProducerId(&'a ProducerId),
    BrokerId(&'a BrokerId),
    ActiveMQDestination(&'a ActiveMQDestination),
    LocalTransactionId(&'a LocalTransactionId),
    XATransactionId(&'a XATransactionId),
}

impl CachedValue {
    pub(crate) fn lend(&self) -> CachedRef<'_> {
        match self {
            Self::ConnectionId(one) => CachedRef::ConnectionId(one),
            Self::SessionId(one) => CachedRef::SessionId(one),
            Self::ConsumerId(one) => CachedRef::ConsumerId(one),
            Self::ProducerId(one) => CachedRef::ProducerId(one),
            Self::BrokerId(one) => CachedRef::BrokerId(one),
            Self::ActiveMQDestination(one) => CachedRef::ActiveMQDestination(one),
            Self::LocalTransactionId(one) => CachedRef::LocalTransactionId(one),
            Self::XATransactionId(one) => CachedRef::XATransactionId(one),
        }
    }
}

impl CachedRef<'_> {
    pub(crate) fn to_value(self) -> CachedValue {
        match self {
            Self::ConnectionId(one) => CachedValue::ConnectionId(one.clone()),
            Self::SessionId(one) => CachedValue::SessionId(one.clone()),
            Self::ConsumerId(one) => CachedValue::ConsumerId(one.clone()),
            Self::ProducerId(one) => CachedValue::ProducerId(one.clone()),
            Self::BrokerId(one) => CachedValue::BrokerId(one.clone()),
            Self::ActiveMQDestination(one) => CachedValue::ActiveMQDestination(one.clone()),
            Self::LocalTransactionId(one) => CachedValue::LocalTransactionId(one.clone()),
            Self::XATransactionId(one) => CachedValue::XATransactionId(one.clone()),
        }
    }
}

impl Cached for ConnectionId {
    fn key(&self) -> Option<CachedRef<'_>> {
        Some(CachedRef::ConnectionId(self))
    }
    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::ConnectionId(one) => Some(one.clone()),
            _ => None,
        }
    }
}

impl Cached for SessionId {
    fn key(&self) -> Option<CachedRef<'_>> {
        Some(CachedRef::SessionId(self))
    }
    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::SessionId(one) => Some(one.clone()),
            _ => None,
        }
    }
}

impl Cached for ConsumerId {
    fn key(&self) -> Option<CachedRef<'_>> {
        Some(CachedRef::ConsumerId(self))
    }
    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::ConsumerId(one) => Some(one.clone()),
            _ => None,
        }
    }
}

impl Cached for ProducerId {
    fn key(&self) -> Option<CachedRef<'_>> {
        Some(CachedRef::ProducerId(self))
    }
    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::ProducerId(one) => Some(one.clone()),
            _ => None,
        }
    }
}

impl Cached for BrokerId {
    fn key(&self) -> Option<CachedRef<'_>> {
        Some(CachedRef::BrokerId(self))
    }
    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::BrokerId(one) => Some(one.clone()),
            _ => None,
        }
    }
}

impl Cached for ActiveMQDestination {
    fn key(&self) -> Option<CachedRef<'_>> {
        Some(CachedRef::ActiveMQDestination(self))
    }
    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::ActiveMQDestination(one) => Some(one.clone()),
            _ => None,
        }
    }
}

impl Cached for LocalTransactionId {
    fn key(&self) -> Option<CachedRef<'_>> {
        Some(CachedRef::LocalTransactionId(self))
    }
    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::LocalTransactionId(one) => Some(one.clone()),
            _ => None,
        }
    }
}

impl Cached for XATransactionId {
    fn key(&self) -> Option<CachedRef<'_>> {
        Some(CachedRef::XATransactionId(self))
    }
    fn load(value: &CachedValue) -> Option<Self> {
        match value {
            CachedValue::XATransactionId(one) => Some(one.clone()),
            _ => None,
        }
    }
}

impl Cached for DataStructure {
    fn key(&self) -> Option<CachedRef<'_>> {
        match self {
            Self::ConnectionId(one) => Some(CachedRef::ConnectionId(one)),
            Self::SessionId(one) => Some(CachedRef::SessionId(one)),
            Self::ConsumerId(one) => Some(CachedRef::ConsumerId(one)),
            Self::ProducerId(one) => Some(CachedRef::ProducerId(one)),
            Self::BrokerId(one) => Some(CachedRef::BrokerId(one)),
            Self::ActiveMQDestination(one) => Some(CachedRef::ActiveMQDestination(one)),
            Self::LocalTransactionId(one) => Some(CachedRef::LocalTransactionId(one)),
            Self::XATransactionId(one) => Some(CachedRef::XATransactionId(one)),
            _ => None,
        }
    }
    fn load(value: &CachedValue) -> Option<Self> {
        Some(match value {
            CachedValue::ConnectionId(one) => Self::ConnectionId(one.clone()),
            CachedValue::SessionId(one) => Self::SessionId(one.clone()),
            CachedValue::ConsumerId(one) => Self::ConsumerId(one.clone()),
            CachedValue::ProducerId(one) => Self::ProducerId(one.clone()),
            CachedValue::BrokerId(one) => Self::BrokerId(one.clone()),
            CachedValue::ActiveMQDestination(one) => Self::ActiveMQDestination(one.clone()),
            CachedValue::LocalTransactionId(one) => Self::LocalTransactionId(one.clone()),
            CachedValue::XATransactionId(one) => Self::XATransactionId(one.clone()),
        })
    }
}
