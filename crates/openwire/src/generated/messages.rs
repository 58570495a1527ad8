//! OpenWire structures: messages.
//!
//! Generated from commands.txt by `cargo run -p xtask -- codegen openwire`; do not edit.

use super::*;
use crate::codec::{
    Content, DecodeError, Reader, Secret, Text, Throwable, TransactionId, Wire, Writer,
};
use bytes::Bytes;

/// Wire type 23, 24, 25, 26, 27, 28, 29.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Message {
    pub type_id: u8,
    pub command_id: i32,
    pub response_required: bool,
    pub producer_id: Option<ProducerId>,
    pub destination: Option<ActiveMQDestination>,
    pub transaction_id: Option<TransactionId>,
    pub original_destination: Option<ActiveMQDestination>,
    pub message_id: Option<MessageId>,
    pub original_transaction_id: Option<TransactionId>,
    pub group_id: Option<Text>,
    pub group_sequence: i32,
    pub correlation_id: Option<Text>,
    pub persistent: bool,
    pub expiration: i64,
    pub priority: i8,
    pub reply_to: Option<ActiveMQDestination>,
    pub timestamp: i64,
    #[cfg_attr(test, serde(rename = "type"))]
    pub message_type: Option<Text>,
    pub content: Option<Content>,
    pub marshalled_properties: Option<Bytes>,
    pub data_structure: Option<Box<DataStructure>>,
    pub target_consumer_id: Option<ConsumerId>,
    pub compressed: bool,
    pub redelivery_counter: i32,
    pub broker_path: Option<Vec<Option<BrokerId>>>,
    pub arrival: i64,
    pub user_id: Option<Text>,
    pub received_by_df_bridge: bool,
    pub droppable: bool,
    pub cluster: Option<Vec<Option<BrokerId>>>,
    pub broker_in_time: i64,
    pub broker_out_time: i64,
    pub jmsx_group_first_for_consumer: bool,
    pub remote_blob_url: Option<Text>,
    pub mime_type: Option<Text>,
    pub deleted_by_broker: bool,
}

impl Wire for Message {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 23..=29)
    }
    fn type_id(&self) -> u8 {
        self.type_id
    }
    fn read(r: &mut Reader<'_>, type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            type_id,
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            producer_id: r.at("producerId").cached()?,
            destination: r.at("destination").cached()?,
            transaction_id: r.at("transactionId").cached()?,
            original_destination: r.at("originalDestination").cached()?,
            message_id: r.at("messageId").nested()?,
            original_transaction_id: r.at("originalTransactionId").cached()?,
            group_id: r.at("groupID").string()?,
            group_sequence: r.at("groupSequence").int()?,
            correlation_id: r.at("correlationId").string()?,
            persistent: r.at("persistent").boolean()?,
            expiration: r.at("expiration").long()?,
            priority: r.at("priority").byte()?,
            reply_to: r.at("replyTo").nested()?,
            timestamp: r.at("timestamp").long()?,
            message_type: r.at("type").string()?,
            content: r.at("content").content()?,
            marshalled_properties: r.at("marshalledProperties").bytes()?,
            data_structure: r.at("dataStructure").nested()?,
            target_consumer_id: r.at("targetConsumerId").cached()?,
            compressed: r.at("compressed").boolean()?,
            redelivery_counter: r.at("redeliveryCounter").int()?,
            broker_path: r.at("brokerPath").array()?,
            arrival: r.at("arrival").long()?,
            user_id: r.at("userID").string()?,
            received_by_df_bridge: r.at("receivedByDFBridge").boolean()?,
            droppable: if r.version() >= 2 {
                r.at("droppable").boolean()?
            } else {
                false
            },
            cluster: if r.version() >= 3 {
                r.at("cluster").array()?
            } else {
                None
            },
            broker_in_time: if r.version() >= 3 {
                r.at("brokerInTime").long()?
            } else {
                0
            },
            broker_out_time: if r.version() >= 3 {
                r.at("brokerOutTime").long()?
            } else {
                0
            },
            jmsx_group_first_for_consumer: if r.version() >= 10 {
                r.at("JMSXGroupFirstForConsumer").boolean()?
            } else {
                false
            },
            remote_blob_url: if r.version() >= 3 && type_id == 29 {
                r.at("remoteBlobUrl").string()?
            } else {
                None
            },
            mime_type: if r.version() >= 3 && type_id == 29 {
                r.at("mimeType").string()?
            } else {
                None
            },
            deleted_by_broker: if r.version() >= 3 && type_id == 29 {
                r.at("deletedByBroker").boolean()?
            } else {
                false
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.producer_id);
        w.cached(&self.destination);
        w.cached(&self.transaction_id);
        w.cached(&self.original_destination);
        w.nested(&self.message_id);
        w.cached(&self.original_transaction_id);
        w.string(&self.group_id);
        w.int(self.group_sequence);
        w.string(&self.correlation_id);
        w.boolean(self.persistent);
        w.long(self.expiration);
        w.byte(self.priority);
        w.nested(&self.reply_to);
        w.long(self.timestamp);
        w.string(&self.message_type);
        w.content(&self.content);
        w.bytes(&self.marshalled_properties);
        w.nested(&self.data_structure);
        w.cached(&self.target_consumer_id);
        w.boolean(self.compressed);
        w.int(self.redelivery_counter);
        w.array(&self.broker_path);
        w.long(self.arrival);
        w.string(&self.user_id);
        w.boolean(self.received_by_df_bridge);
        if w.version() >= 2 {
            w.boolean(self.droppable);
        }
        if w.version() >= 3 {
            w.array(&self.cluster);
        }
        if w.version() >= 3 {
            w.long(self.broker_in_time);
        }
        if w.version() >= 3 {
            w.long(self.broker_out_time);
        }
        if w.version() >= 10 {
            w.boolean(self.jmsx_group_first_for_consumer);
        }
        if w.version() >= 3 && self.type_id == 29 {
            w.string(&self.remote_blob_url);
        }
        if w.version() >= 3 && self.type_id == 29 {
            w.string(&self.mime_type);
        }
        if w.version() >= 3 && self.type_id == 29 {
            w.boolean(self.deleted_by_broker);
        }
    }
}

/// Wire type 21.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct MessageDispatch {
    pub command_id: i32,
    pub response_required: bool,
    pub consumer_id: Option<ConsumerId>,
    pub destination: Option<ActiveMQDestination>,
    pub message: Option<Box<Message>>,
    pub redelivery_counter: i32,
}

impl Wire for MessageDispatch {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 21)
    }
    fn type_id(&self) -> u8 {
        21
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            consumer_id: r.at("consumerId").cached()?,
            destination: r.at("destination").cached()?,
            message: r.at("message").nested()?,
            redelivery_counter: r.at("redeliveryCounter").int()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.consumer_id);
        w.cached(&self.destination);
        w.nested(&self.message);
        w.int(self.redelivery_counter);
    }
}

/// Wire type 22.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct MessageAck {
    pub command_id: i32,
    pub response_required: bool,
    pub destination: Option<ActiveMQDestination>,
    pub transaction_id: Option<TransactionId>,
    pub consumer_id: Option<ConsumerId>,
    pub ack_type: i8,
    pub first_message_id: Option<MessageId>,
    pub last_message_id: Option<MessageId>,
    pub message_count: i32,
    pub poison_cause: Option<Throwable>,
}

impl Wire for MessageAck {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 22)
    }
    fn type_id(&self) -> u8 {
        22
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            destination: r.at("destination").cached()?,
            transaction_id: r.at("transactionId").cached()?,
            consumer_id: r.at("consumerId").cached()?,
            ack_type: r.at("ackType").byte()?,
            first_message_id: r.at("firstMessageId").nested()?,
            last_message_id: r.at("lastMessageId").nested()?,
            message_count: r.at("messageCount").int()?,
            poison_cause: if r.version() >= 7 {
                r.at("poisonCause").throwable()?
            } else {
                None
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.destination);
        w.cached(&self.transaction_id);
        w.cached(&self.consumer_id);
        w.byte(self.ack_type);
        w.nested(&self.first_message_id);
        w.nested(&self.last_message_id);
        w.int(self.message_count);
        if w.version() >= 7 {
            w.throwable(&self.poison_cause);
        }
    }
}

/// Wire type 20.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct MessagePull {
    pub command_id: i32,
    pub response_required: bool,
    pub consumer_id: Option<ConsumerId>,
    pub destination: Option<ActiveMQDestination>,
    pub timeout: i64,
    pub correlation_id: Option<Text>,
    pub message_id: Option<MessageId>,
}

impl Wire for MessagePull {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 20)
    }
    fn type_id(&self) -> u8 {
        20
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            consumer_id: r.at("consumerId").cached()?,
            destination: r.at("destination").cached()?,
            timeout: r.at("timeout").long()?,
            correlation_id: if r.version() >= 3 {
                r.at("correlationId").string()?
            } else {
                None
            },
            message_id: if r.version() >= 3 {
                r.at("messageId").nested()?
            } else {
                None
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.consumer_id);
        w.cached(&self.destination);
        w.long(self.timeout);
        if w.version() >= 3 {
            w.string(&self.correlation_id);
        }
        if w.version() >= 3 {
            w.nested(&self.message_id);
        }
    }
}

/// Wire type 19.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ProducerAck {
    pub command_id: i32,
    pub response_required: bool,
    pub producer_id: Option<ProducerId>,
    pub size: i32,
}

impl Wire for ProducerAck {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 19)
    }
    fn type_id(&self) -> u8 {
        19
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            producer_id: r.at("producerId").nested()?,
            size: r.at("size").int()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.nested(&self.producer_id);
        w.int(self.size);
    }
}

/// Wire type 90.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct MessageDispatchNotification {
    pub command_id: i32,
    pub response_required: bool,
    pub consumer_id: Option<ConsumerId>,
    pub destination: Option<ActiveMQDestination>,
    pub delivery_sequence_id: i64,
    pub message_id: Option<MessageId>,
}

impl Wire for MessageDispatchNotification {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 90)
    }
    fn type_id(&self) -> u8 {
        90
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            consumer_id: r.at("consumerId").cached()?,
            destination: r.at("destination").cached()?,
            delivery_sequence_id: r.at("deliverySequenceId").long()?,
            message_id: r.at("messageId").nested()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.consumer_id);
        w.cached(&self.destination);
        w.long(self.delivery_sequence_id);
        w.nested(&self.message_id);
    }
}
