//! OpenWire structures: controls.
//!
//! Generated from commands.txt by `cargo run -p xtask -- codegen openwire`; do not edit.

use super::*;
use crate::codec::{
    Content, DecodeError, Reader, Secret, Text, Throwable, TransactionId, Wire, Writer,
};
use bytes::Bytes;

/// Wire type 10.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct KeepAliveInfo {
    pub command_id: i32,
    pub response_required: bool,
}

impl Wire for KeepAliveInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 10)
    }
    fn type_id(&self) -> u8 {
        10
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
    }
}

/// Wire type 11.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ShutdownInfo {
    pub command_id: i32,
    pub response_required: bool,
}

impl Wire for ShutdownInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 11)
    }
    fn type_id(&self) -> u8 {
        11
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
    }
}

/// Wire type 14.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ControlCommand {
    pub command_id: i32,
    pub response_required: bool,
    pub command: Option<Text>,
}

impl Wire for ControlCommand {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 14)
    }
    fn type_id(&self) -> u8 {
        14
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            command: r.at("command").string()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.string(&self.command);
    }
}

/// Wire type 15.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct FlushCommand {
    pub command_id: i32,
    pub response_required: bool,
}

impl Wire for FlushCommand {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 15)
    }
    fn type_id(&self) -> u8 {
        15
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
    }
}

/// Wire type 16.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ConnectionError {
    pub command_id: i32,
    pub response_required: bool,
    pub exception: Option<Throwable>,
    pub connection_id: Option<ConnectionId>,
}

impl Wire for ConnectionError {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 16)
    }
    fn type_id(&self) -> u8 {
        16
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            exception: r.at("exception").throwable()?,
            connection_id: r.at("connectionId").nested()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.throwable(&self.exception);
        w.nested(&self.connection_id);
    }
}

/// Wire type 17.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ConsumerControl {
    pub command_id: i32,
    pub response_required: bool,
    pub destination: Option<ActiveMQDestination>,
    pub close: bool,
    pub consumer_id: Option<ConsumerId>,
    pub prefetch: i32,
    pub flush: bool,
    pub start: bool,
    pub stop: bool,
}

impl Wire for ConsumerControl {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 17)
    }
    fn type_id(&self) -> u8 {
        17
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            destination: if r.version() >= 6 {
                r.at("destination").nested()?
            } else {
                None
            },
            close: r.at("close").boolean()?,
            consumer_id: r.at("consumerId").nested()?,
            prefetch: r.at("prefetch").int()?,
            flush: if r.version() >= 2 {
                r.at("flush").boolean()?
            } else {
                false
            },
            start: if r.version() >= 2 {
                r.at("start").boolean()?
            } else {
                false
            },
            stop: if r.version() >= 2 {
                r.at("stop").boolean()?
            } else {
                false
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        if w.version() >= 6 {
            w.nested(&self.destination);
        }
        w.boolean(self.close);
        w.nested(&self.consumer_id);
        w.int(self.prefetch);
        if w.version() >= 2 {
            w.boolean(self.flush);
        }
        if w.version() >= 2 {
            w.boolean(self.start);
        }
        if w.version() >= 2 {
            w.boolean(self.stop);
        }
    }
}

/// Wire type 18.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ConnectionControl {
    pub command_id: i32,
    pub response_required: bool,
    pub close: bool,
    pub exit: bool,
    pub fault_tolerant: bool,
    pub resume: bool,
    pub suspend: bool,
    pub connected_brokers: Option<Text>,
    pub reconnect_to: Option<Text>,
    pub rebalance_connection: bool,
    pub token: Option<Bytes>,
}

impl Wire for ConnectionControl {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 18)
    }
    fn type_id(&self) -> u8 {
        18
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            close: r.at("close").boolean()?,
            exit: r.at("exit").boolean()?,
            fault_tolerant: r.at("faultTolerant").boolean()?,
            resume: r.at("resume").boolean()?,
            suspend: r.at("suspend").boolean()?,
            connected_brokers: if r.version() >= 6 {
                r.at("connectedBrokers").string()?
            } else {
                None
            },
            reconnect_to: if r.version() >= 6 {
                r.at("reconnectTo").string()?
            } else {
                None
            },
            rebalance_connection: if r.version() >= 6 {
                r.at("rebalanceConnection").boolean()?
            } else {
                false
            },
            token: if r.version() >= 8 {
                r.at("token").bytes()?
            } else {
                None
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.boolean(self.close);
        w.boolean(self.exit);
        w.boolean(self.fault_tolerant);
        w.boolean(self.resume);
        w.boolean(self.suspend);
        if w.version() >= 6 {
            w.string(&self.connected_brokers);
        }
        if w.version() >= 6 {
            w.string(&self.reconnect_to);
        }
        if w.version() >= 6 {
            w.boolean(self.rebalance_connection);
        }
        if w.version() >= 8 {
            w.bytes(&self.token);
        }
    }
}

/// Wire type 30.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Response {
    pub command_id: i32,
    pub response_required: bool,
    pub correlation_id: i32,
}

impl Wire for Response {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 30)
    }
    fn type_id(&self) -> u8 {
        30
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            correlation_id: r.at("correlationId").int()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.int(self.correlation_id);
    }
}

/// Wire type 31.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ExceptionResponse {
    pub command_id: i32,
    pub response_required: bool,
    pub correlation_id: i32,
    pub exception: Option<Throwable>,
}

impl Wire for ExceptionResponse {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 31)
    }
    fn type_id(&self) -> u8 {
        31
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            correlation_id: r.at("correlationId").int()?,
            exception: r.at("exception").throwable()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.int(self.correlation_id);
        w.throwable(&self.exception);
    }
}

/// Wire type 32.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct DataResponse {
    pub command_id: i32,
    pub response_required: bool,
    pub correlation_id: i32,
    pub data: Option<Box<DataStructure>>,
}

impl Wire for DataResponse {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 32)
    }
    fn type_id(&self) -> u8 {
        32
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            correlation_id: r.at("correlationId").int()?,
            data: r.at("data").nested()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.int(self.correlation_id);
        w.nested(&self.data);
    }
}

/// Wire type 33.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct DataArrayResponse {
    pub command_id: i32,
    pub response_required: bool,
    pub correlation_id: i32,
    pub data: Option<Vec<Option<DataStructure>>>,
}

impl Wire for DataArrayResponse {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 33)
    }
    fn type_id(&self) -> u8 {
        33
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            correlation_id: r.at("correlationId").int()?,
            data: r.at("data").array()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.int(self.correlation_id);
        w.array(&self.data);
    }
}

/// Wire type 34.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct IntegerResponse {
    pub command_id: i32,
    pub response_required: bool,
    pub correlation_id: i32,
    pub result: i32,
}

impl Wire for IntegerResponse {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 34)
    }
    fn type_id(&self) -> u8 {
        34
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            correlation_id: r.at("correlationId").int()?,
            result: r.at("result").int()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.int(self.correlation_id);
        w.int(self.result);
    }
}

/// Wire type 40.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct DiscoveryEvent {
    pub service_name: Option<Text>,
    pub broker_name: Option<Text>,
}

impl Wire for DiscoveryEvent {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 40)
    }
    fn type_id(&self) -> u8 {
        40
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            service_name: r.at("serviceName").string()?,
            broker_name: r.at("brokerName").string()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.service_name);
        w.string(&self.broker_name);
    }
}

/// Wire type 65.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ReplayCommand {
    pub command_id: i32,
    pub response_required: bool,
    pub first_nak_number: i32,
    pub last_nak_number: i32,
}

impl Wire for ReplayCommand {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 65)
    }
    fn type_id(&self) -> u8 {
        65
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            first_nak_number: r.at("firstNakNumber").int()?,
            last_nak_number: r.at("lastNakNumber").int()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.int(self.first_nak_number);
        w.int(self.last_nak_number);
    }
}

/// Wire type 60, 61.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct PartialCommand {
    pub type_id: u8,
    pub command_id: i32,
    pub data: Option<Bytes>,
}

impl Wire for PartialCommand {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 60..=61)
    }
    fn type_id(&self) -> u8 {
        self.type_id
    }
    fn read(r: &mut Reader<'_>, type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            type_id,
            command_id: r.at("commandId").int()?,
            data: r.at("data").bytes()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.bytes(&self.data);
    }
}

/// Wire type 50.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct JournalTopicAck {
    pub destination: Option<ActiveMQDestination>,
    pub message_id: Option<MessageId>,
    pub message_sequence_id: i64,
    pub subscription_name: Option<Text>,
    pub client_id: Option<Text>,
    pub transaction_id: Option<TransactionId>,
}

impl Wire for JournalTopicAck {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 50)
    }
    fn type_id(&self) -> u8 {
        50
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            destination: r.at("destination").nested()?,
            message_id: r.at("messageId").nested()?,
            message_sequence_id: r.at("messageSequenceId").long()?,
            subscription_name: r.at("subscriptionName").string()?,
            client_id: r.at("clientId").string()?,
            transaction_id: r.at("transactionId").nested()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.nested(&self.destination);
        w.nested(&self.message_id);
        w.long(self.message_sequence_id);
        w.string(&self.subscription_name);
        w.string(&self.client_id);
        w.nested(&self.transaction_id);
    }
}

/// Wire type 52.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct JournalQueueAck {
    pub destination: Option<ActiveMQDestination>,
    pub message_ack: Option<Box<MessageAck>>,
}

impl Wire for JournalQueueAck {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 52)
    }
    fn type_id(&self) -> u8 {
        52
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            destination: r.at("destination").nested()?,
            message_ack: r.at("messageAck").nested()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.nested(&self.destination);
        w.nested(&self.message_ack);
    }
}

/// Wire type 53.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct JournalTrace {
    pub message: Option<Text>,
}

impl Wire for JournalTrace {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 53)
    }
    fn type_id(&self) -> u8 {
        53
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            message: r.at("message").string()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.message);
    }
}

/// Wire type 54.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct JournalTransaction {
    pub transaction_id: Option<TransactionId>,
    #[cfg_attr(test, serde(rename = "type"))]
    pub operation: i8,
    pub was_prepared: bool,
}

impl Wire for JournalTransaction {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 54)
    }
    fn type_id(&self) -> u8 {
        54
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            transaction_id: r.at("transactionId").nested()?,
            operation: r.at("type").byte()?,
            was_prepared: r.at("wasPrepared").boolean()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.nested(&self.transaction_id);
        w.byte(self.operation);
        w.boolean(self.was_prepared);
    }
}
