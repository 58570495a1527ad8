//! OpenWire structures: connections.
//!
//! Generated from commands.txt by `cargo run -p xtask -- codegen openwire`; do not edit.

use super::*;
use crate::codec::{
    Content, DecodeError, Reader, Secret, Text, Throwable, TransactionId, Wire, Writer,
};
use bytes::Bytes;

/// Wire type 1.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct WireFormatInfo {
    pub magic: [u8; 8],
    pub version: i32,
    pub marshalled_properties: Option<Bytes>,
}

impl Wire for WireFormatInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 1)
    }
    fn type_id(&self) -> u8 {
        1
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            magic: r.at("magic").magic()?,
            version: r.at("version").int()?,
            marshalled_properties: r.at("marshalledProperties").bytes()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.magic(&self.magic);
        w.int(self.version);
        w.bytes(&self.marshalled_properties);
    }
}

/// Wire type 2.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct BrokerInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub broker_id: Option<BrokerId>,
    pub broker_url: Option<Text>,
    pub peer_broker_infos: Option<Vec<Option<BrokerInfo>>>,
    pub broker_name: Option<Text>,
    pub slave_broker: bool,
    pub master_broker: bool,
    pub fault_tolerant_configuration: bool,
    pub duplex_connection: bool,
    pub network_connection: bool,
    pub connection_id: i64,
    pub broker_upload_url: Option<Text>,
    pub network_properties: Option<Text>,
}

impl Wire for BrokerInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 2)
    }
    fn type_id(&self) -> u8 {
        2
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            broker_id: r.at("brokerId").cached()?,
            broker_url: r.at("brokerURL").string()?,
            peer_broker_infos: r.at("peerBrokerInfos").array()?,
            broker_name: r.at("brokerName").string()?,
            slave_broker: r.at("slaveBroker").boolean()?,
            master_broker: r.at("masterBroker").boolean()?,
            fault_tolerant_configuration: r.at("faultTolerantConfiguration").boolean()?,
            duplex_connection: if r.version() >= 2 {
                r.at("duplexConnection").boolean()?
            } else {
                false
            },
            network_connection: if r.version() >= 2 {
                r.at("networkConnection").boolean()?
            } else {
                false
            },
            connection_id: if r.version() >= 2 {
                r.at("connectionId").long()?
            } else {
                0
            },
            broker_upload_url: if r.version() >= 3 {
                r.at("brokerUploadUrl").string()?
            } else {
                None
            },
            network_properties: if r.version() >= 3 {
                r.at("networkProperties").string()?
            } else {
                None
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.broker_id);
        w.string(&self.broker_url);
        w.array(&self.peer_broker_infos);
        w.string(&self.broker_name);
        w.boolean(self.slave_broker);
        w.boolean(self.master_broker);
        w.boolean(self.fault_tolerant_configuration);
        if w.version() >= 2 {
            w.boolean(self.duplex_connection);
        }
        if w.version() >= 2 {
            w.boolean(self.network_connection);
        }
        if w.version() >= 2 {
            w.long(self.connection_id);
        }
        if w.version() >= 3 {
            w.string(&self.broker_upload_url);
        }
        if w.version() >= 3 {
            w.string(&self.network_properties);
        }
    }
}

/// Wire type 3.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ConnectionInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub connection_id: Option<ConnectionId>,
    pub client_id: Option<Text>,
    pub password: Option<Secret>,
    pub user_name: Option<Text>,
    pub broker_path: Option<Vec<Option<BrokerId>>>,
    pub broker_master_connector: bool,
    pub manageable: bool,
    pub client_master: bool,
    pub fault_tolerant: bool,
    pub failover_reconnect: bool,
    pub client_ip: Option<Text>,
}

impl Wire for ConnectionInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 3)
    }
    fn type_id(&self) -> u8 {
        3
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            connection_id: r.at("connectionId").cached()?,
            client_id: r.at("clientId").string()?,
            password: r.at("password").secret()?,
            user_name: r.at("userName").string()?,
            broker_path: r.at("brokerPath").array()?,
            broker_master_connector: r.at("brokerMasterConnector").boolean()?,
            manageable: r.at("manageable").boolean()?,
            client_master: if r.version() >= 2 {
                r.at("clientMaster").boolean()?
            } else {
                true
            },
            fault_tolerant: if r.version() >= 6 {
                r.at("faultTolerant").boolean()?
            } else {
                false
            },
            failover_reconnect: if r.version() >= 6 {
                r.at("failoverReconnect").boolean()?
            } else {
                false
            },
            client_ip: if r.version() >= 8 {
                r.at("clientIp").string()?
            } else {
                None
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.connection_id);
        w.string(&self.client_id);
        w.secret(&self.password);
        w.string(&self.user_name);
        w.array(&self.broker_path);
        w.boolean(self.broker_master_connector);
        w.boolean(self.manageable);
        if w.version() >= 2 {
            w.boolean(self.client_master);
        }
        if w.version() >= 6 {
            w.boolean(self.fault_tolerant);
        }
        if w.version() >= 6 {
            w.boolean(self.failover_reconnect);
        }
        if w.version() >= 8 {
            w.string(&self.client_ip);
        }
    }
}

/// Wire type 4.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct SessionInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub session_id: Option<SessionId>,
}

impl Wire for SessionInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 4)
    }
    fn type_id(&self) -> u8 {
        4
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            session_id: r.at("sessionId").cached()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.session_id);
    }
}

/// Wire type 5.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ConsumerInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub consumer_id: Option<ConsumerId>,
    pub browser: bool,
    pub destination: Option<ActiveMQDestination>,
    pub prefetch_size: i32,
    pub maximum_pending_message_limit: i32,
    pub dispatch_async: bool,
    pub selector: Option<Text>,
    pub client_id: Option<Text>,
    pub subscription_name: Option<Text>,
    pub no_local: bool,
    pub exclusive: bool,
    pub retroactive: bool,
    pub priority: i8,
    pub broker_path: Option<Vec<Option<BrokerId>>>,
    pub additional_predicate: Option<Box<DataStructure>>,
    pub network_subscription: bool,
    pub optimized_acknowledge: bool,
    pub no_range_acks: bool,
    pub network_consumer_path: Option<Vec<Option<ConsumerId>>>,
}

impl Wire for ConsumerInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 5)
    }
    fn type_id(&self) -> u8 {
        5
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            consumer_id: r.at("consumerId").cached()?,
            browser: r.at("browser").boolean()?,
            destination: r.at("destination").cached()?,
            prefetch_size: r.at("prefetchSize").int()?,
            maximum_pending_message_limit: r.at("maximumPendingMessageLimit").int()?,
            dispatch_async: r.at("dispatchAsync").boolean()?,
            selector: r.at("selector").string()?,
            client_id: if r.version() >= 10 {
                r.at("clientId").string()?
            } else {
                None
            },
            subscription_name: r.at("subscriptionName").string()?,
            no_local: r.at("noLocal").boolean()?,
            exclusive: r.at("exclusive").boolean()?,
            retroactive: r.at("retroactive").boolean()?,
            priority: r.at("priority").byte()?,
            broker_path: r.at("brokerPath").array()?,
            additional_predicate: r.at("additionalPredicate").nested()?,
            network_subscription: r.at("networkSubscription").boolean()?,
            optimized_acknowledge: r.at("optimizedAcknowledge").boolean()?,
            no_range_acks: r.at("noRangeAcks").boolean()?,
            network_consumer_path: if r.version() >= 4 {
                r.at("networkConsumerPath").array()?
            } else {
                None
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.consumer_id);
        w.boolean(self.browser);
        w.cached(&self.destination);
        w.int(self.prefetch_size);
        w.int(self.maximum_pending_message_limit);
        w.boolean(self.dispatch_async);
        w.string(&self.selector);
        if w.version() >= 10 {
            w.string(&self.client_id);
        }
        w.string(&self.subscription_name);
        w.boolean(self.no_local);
        w.boolean(self.exclusive);
        w.boolean(self.retroactive);
        w.byte(self.priority);
        w.array(&self.broker_path);
        w.nested(&self.additional_predicate);
        w.boolean(self.network_subscription);
        w.boolean(self.optimized_acknowledge);
        w.boolean(self.no_range_acks);
        if w.version() >= 4 {
            w.array(&self.network_consumer_path);
        }
    }
}

/// Wire type 6.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ProducerInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub producer_id: Option<ProducerId>,
    pub destination: Option<ActiveMQDestination>,
    pub broker_path: Option<Vec<Option<BrokerId>>>,
    pub dispatch_async: bool,
    pub window_size: i32,
}

impl Wire for ProducerInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 6)
    }
    fn type_id(&self) -> u8 {
        6
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            producer_id: r.at("producerId").cached()?,
            destination: r.at("destination").cached()?,
            broker_path: r.at("brokerPath").array()?,
            dispatch_async: if r.version() >= 2 {
                r.at("dispatchAsync").boolean()?
            } else {
                false
            },
            window_size: if r.version() >= 3 {
                r.at("windowSize").int()?
            } else {
                0
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.producer_id);
        w.cached(&self.destination);
        w.array(&self.broker_path);
        if w.version() >= 2 {
            w.boolean(self.dispatch_async);
        }
        if w.version() >= 3 {
            w.int(self.window_size);
        }
    }
}

/// Wire type 7.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct TransactionInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub connection_id: Option<ConnectionId>,
    pub transaction_id: Option<TransactionId>,
    #[cfg_attr(test, serde(rename = "type"))]
    pub operation: i8,
}

impl Wire for TransactionInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 7)
    }
    fn type_id(&self) -> u8 {
        7
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            connection_id: r.at("connectionId").cached()?,
            transaction_id: r.at("transactionId").cached()?,
            operation: r.at("type").byte()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.connection_id);
        w.cached(&self.transaction_id);
        w.byte(self.operation);
    }
}

/// Wire type 8.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct DestinationInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub connection_id: Option<ConnectionId>,
    pub destination: Option<ActiveMQDestination>,
    pub operation_type: i8,
    pub timeout: i64,
    pub broker_path: Option<Vec<Option<BrokerId>>>,
}

impl Wire for DestinationInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 8)
    }
    fn type_id(&self) -> u8 {
        8
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            connection_id: r.at("connectionId").cached()?,
            destination: r.at("destination").cached()?,
            operation_type: r.at("operationType").byte()?,
            timeout: r.at("timeout").long()?,
            broker_path: r.at("brokerPath").array()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.connection_id);
        w.cached(&self.destination);
        w.byte(self.operation_type);
        w.long(self.timeout);
        w.array(&self.broker_path);
    }
}

/// Wire type 9.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct RemoveSubscriptionInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub connection_id: Option<ConnectionId>,
    pub subscription_name: Option<Text>,
    pub client_id: Option<Text>,
}

impl Wire for RemoveSubscriptionInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 9)
    }
    fn type_id(&self) -> u8 {
        9
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            connection_id: r.at("connectionId").cached()?,
            subscription_name: r.at("subscriptionName").string()?,
            client_id: r.at("clientId").string()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.connection_id);
        w.string(&self.subscription_name);
        w.string(&self.client_id);
    }
}

/// Wire type 12.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct RemoveInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub object_id: Option<Box<DataStructure>>,
    pub last_delivered_sequence_id: i64,
}

impl Wire for RemoveInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 12)
    }
    fn type_id(&self) -> u8 {
        12
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            object_id: r.at("objectId").cached()?,
            last_delivered_sequence_id: if r.version() >= 5 {
                r.at("lastDeliveredSequenceId").long()?
            } else {
                -2
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.cached(&self.object_id);
        if w.version() >= 5 {
            w.long(self.last_delivered_sequence_id);
        }
    }
}

/// Wire type 92.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct BrokerSubscriptionInfo {
    pub command_id: i32,
    pub response_required: bool,
    pub broker_id: Option<BrokerId>,
    pub broker_name: Option<Text>,
    pub subscription_infos: Option<Vec<Option<ConsumerInfo>>>,
}

impl Wire for BrokerSubscriptionInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 92)
    }
    fn type_id(&self) -> u8 {
        92
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            command_id: r.at("commandId").int()?,
            response_required: r.at("responseRequired").boolean()?,
            broker_id: r.at("brokerId").nested()?,
            broker_name: r.at("brokerName").string()?,
            subscription_infos: r.at("subscriptionInfos").array()?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.int(self.command_id);
        w.boolean(self.response_required);
        w.nested(&self.broker_id);
        w.string(&self.broker_name);
        w.array(&self.subscription_infos);
    }
}

/// Wire type 55.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct SubscriptionInfo {
    pub client_id: Option<Text>,
    pub destination: Option<ActiveMQDestination>,
    pub selector: Option<Text>,
    pub subscription_name: Option<Text>,
    pub subscribed_destination: Option<ActiveMQDestination>,
    pub no_local: bool,
}

impl Wire for SubscriptionInfo {
    fn accepts(type_id: u8) -> bool {
        matches!(type_id, 55)
    }
    fn type_id(&self) -> u8 {
        55
    }
    fn read(r: &mut Reader<'_>, _type_id: u8) -> Result<Self, DecodeError> {
        Ok(Self {
            client_id: r.at("clientId").string()?,
            destination: r.at("destination").cached()?,
            selector: r.at("selector").string()?,
            subscription_name: r.at("subscriptionName").string()?,
            subscribed_destination: if r.version() >= 3 {
                r.at("subscribedDestination").nested()?
            } else {
                None
            },
            no_local: if r.version() >= 11 {
                r.at("noLocal").boolean()?
            } else {
                false
            },
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.string(&self.client_id);
        w.cached(&self.destination);
        w.string(&self.selector);
        w.string(&self.subscription_name);
        if w.version() >= 3 {
            w.nested(&self.subscribed_destination);
        }
        if w.version() >= 11 {
            w.boolean(self.no_local);
        }
    }
}
