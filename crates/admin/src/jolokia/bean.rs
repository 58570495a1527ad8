//! What an MBean is made of: tables of attributes and operations, one per type, and the thing
//! they speak of. The tables themselves are in `beans`.

use super::beans::{
    branch, broker, connection, connector, destination, health, jobs, producer, slow, store,
    subscription,
};
use super::data::Data;
use super::fault::Fault;
use super::object_name::ObjectName;
use super::scene::Scene;
use crate::settings::ServedConnector;
use floodway_broker::settings::Slow;
use floodway_broker::view::{
    ConnectionView, DestinationView, ProducerView, SlowStrategyView, SubscriptionView,
};
use floodway_message::Destination;
use floodway_message::session::Xid;
use serde_json::Value;

/// One attribute: its name, its Java type, what it tells, and how to get it.
pub(crate) struct Attribute<T: 'static> {
    pub(crate) name: &'static str,
    pub(crate) java: &'static str,
    pub(crate) text: &'static str,
    pub(crate) get: fn(&T, &Scene<'_>) -> Data,
    /// How to change it, if it can be changed.
    pub(crate) set: Option<Setter<T>>,
}

/// Changes an attribute.
pub(crate) type Setter<T> = fn(&T, &Scene<'_>, &Value) -> Result<(), Fault>;

/// An attribute that can only be read.
pub(crate) const fn reads<T>(
    name: &'static str,
    java: &'static str,
    text: &'static str,
    get: fn(&T, &Scene<'_>) -> Data,
) -> Attribute<T> {
    Attribute {
        name,
        java,
        text,
        get,
        set: None,
    }
}

impl<T> Attribute<T> {
    /// It can be changed, too.
    pub(crate) const fn writes(self, set: Setter<T>) -> Self {
        Self {
            set: Some(set),
            ..self
        }
    }
}

/// One operation: its name, its arguments with their Java types, what it returns and does.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [(&'static str, &'static str)],
    pub(crate) returns: &'static str,
    pub(crate) text: &'static str,
    pub(crate) act: Act,
}

/// What operations do; several with different arguments may do the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    // Of the broker.
    AddQueue,
    AddTopic,
    RemoveQueue,
    RemoveTopic,
    QueryQueues,
    QueryTopics,
    BrowseQueue,
    CreateDurable,
    DestroyDurable,
    ConnectorOfScheme,
    /// Harmless where it is called, and without meaning here.
    Nothing,
    /// Known, and not possible here; why.
    Refuse(&'static str),
    // Of several.
    ResetTotals,
    // Of destinations.
    Browse,
    BrowseTable,
    GetMessage,
    SendText,
    SendTextWithHeaders,
    SendProperties,
    Purge,
    RemoveMessage,
    RemoveMatching,
    CopyMessage,
    CopyMatching,
    MoveMessage,
    MoveMatching,
    RetryMessage,
    RetryAll,
    Pause,
    Resume,
    CursorSize,
    CursorBuffers,
    CursorHasSpace,
    RemoveGroup,
    RemoveAllGroups,
    // Of subscriptions.
    Destroy,
    MatchesQueue,
    MatchesTopic,
    // Of connections and connectors.
    CloseConnection,
    CountConnections,
    // Of producers.
    ResetSent,
    ResetBlocked,
    // Of strategies for slow consumers.
    AbortConsumer,
    AbortConnection,
    // Of health.
    HealthTable,
    HealthList,
    HealthText,
    // Of the scheduler.
    Jobs(jobs::JobAct),
    // Of prepared branches.
    CommitBranch,
    RollBackBranch,
}

/// What an MBean speaks of.
pub(crate) enum Subject {
    Broker,
    Health,
    Store,
    Scheduler,
    Queue(Box<DestinationView>),
    Topic(Box<DestinationView>),
    Subscription(Box<SubscriptionView>),
    Durable(Box<SubscriptionView>),
    TopicSubscription(Box<SubscriptionView>),
    Producer(Box<(ProducerView, Option<Destination>)>),
    Connection(Box<ConnectionView>),
    Connector(Box<ServedConnector>),
    Branch(Xid),
    Slow(Box<SlowStrategyView>),
}

/// An MBean.
pub(crate) struct Bean {
    pub(crate) name: ObjectName,
    pub(crate) subject: Subject,
}

/// One attribute of one MBean.
pub(crate) struct Row<'a> {
    pub(crate) name: &'static str,
    pub(crate) java: &'static str,
    pub(crate) text: &'static str,
    pub(crate) writable: bool,
    pub(crate) get: &'a dyn Fn() -> Data,
    pub(crate) set: &'a dyn Fn(&Value) -> Result<(), Fault>,
}

impl Subject {
    /// The Java class that ActiveMQ has for it.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Broker => "org.apache.activemq.broker.jmx.BrokerView",
            Self::Health => "org.apache.activemq.broker.jmx.HealthView",
            Self::Store => "org.apache.activemq.broker.jmx.PersistenceAdapterView",
            Self::Scheduler => "org.apache.activemq.broker.jmx.JobSchedulerView",
            Self::Queue(_) => "org.apache.activemq.broker.jmx.QueueView",
            Self::Topic(_) => "org.apache.activemq.broker.jmx.TopicView",
            Self::Subscription(_) => "org.apache.activemq.broker.jmx.SubscriptionView",
            Self::Durable(one) if one.connection.is_none() => {
                "org.apache.activemq.broker.jmx.InactiveDurableSubscriptionView"
            }
            Self::Durable(_) => "org.apache.activemq.broker.jmx.DurableSubscriptionView",
            Self::TopicSubscription(_) => "org.apache.activemq.broker.jmx.TopicSubscriptionView",
            Self::Producer(_) => "org.apache.activemq.broker.jmx.ProducerView",
            Self::Connection(_) => "org.apache.activemq.broker.jmx.ConnectionView",
            Self::Connector(_) => "org.apache.activemq.broker.jmx.ConnectorView",
            Self::Branch(_) => "org.apache.activemq.broker.jmx.RecoveredXATransactionView",
            Self::Slow(one) if one.strategy.slow == Slow::Full => {
                "org.apache.activemq.broker.jmx.AbortSlowConsumerStrategyView"
            }
            Self::Slow(_) => "org.apache.activemq.broker.jmx.AbortSlowAckConsumerStrategyView",
        }
    }

    /// Shows each attribute to `visit`, in the order of the tables; none is computed by that.
    pub(crate) fn visit(&self, scene: &Scene<'_>, visit: &mut dyn FnMut(Row<'_>)) {
        match self {
            Self::Broker => rows(broker::ATTRIBUTES, &(), scene, visit),
            Self::Health => rows(health::ATTRIBUTES, &(), scene, visit),
            Self::Store => rows(store::ATTRIBUTES, &(), scene, visit),
            Self::Scheduler => rows(jobs::ATTRIBUTES, &(), scene, visit),
            Self::Queue(one) => {
                rows(destination::ATTRIBUTES, &**one, scene, visit);
                rows(destination::OF_QUEUES, &**one, scene, visit);
            }
            Self::Topic(one) => rows(destination::ATTRIBUTES, &**one, scene, visit),
            Self::Subscription(one) => rows(subscription::ATTRIBUTES, &**one, scene, visit),
            Self::Durable(one) => {
                rows(subscription::ATTRIBUTES, &**one, scene, visit);
                rows(subscription::OF_DURABLES, &**one, scene, visit);
            }
            Self::TopicSubscription(one) => {
                rows(subscription::ATTRIBUTES, &**one, scene, visit);
                rows(subscription::OF_TOPICS, &**one, scene, visit);
            }
            Self::Producer(one) => rows(producer::ATTRIBUTES, &**one, scene, visit),
            Self::Connection(one) => rows(connection::ATTRIBUTES, &**one, scene, visit),
            Self::Connector(one) => rows(connector::ATTRIBUTES, &**one, scene, visit),
            Self::Branch(one) => rows(branch::ATTRIBUTES, one, scene, visit),
            Self::Slow(one) => {
                rows(slow::ATTRIBUTES, &**one, scene, visit);
                if one.strategy.slow != Slow::Full {
                    rows(slow::OF_ACKS, &**one, scene, visit);
                }
            }
        }
    }

    pub(crate) fn operations(&self) -> impl Iterator<Item = &'static Operation> {
        let (own, more): (&[Operation], &[Operation]) = match self {
            Self::Broker => (broker::operations::OPERATIONS, &[]),
            Self::Health => (health::OPERATIONS, &[]),
            Self::Store => (store::OPERATIONS, &[]),
            Self::Scheduler => (jobs::OPERATIONS, &[]),
            Self::Queue(_) => (
                destination::operations::OPERATIONS,
                destination::operations::QUEUE_OPERATIONS,
            ),
            Self::Topic(_) => (destination::operations::OPERATIONS, &[]),
            Self::Subscription(_) | Self::TopicSubscription(_) => (subscription::OPERATIONS, &[]),
            Self::Durable(_) => (subscription::OPERATIONS, subscription::DURABLE_OPERATIONS),
            Self::Producer(_) => (producer::OPERATIONS, &[]),
            Self::Connection(_) => (connection::OPERATIONS, &[]),
            Self::Connector(_) => (connector::OPERATIONS, &[]),
            Self::Branch(_) => (branch::OPERATIONS, &[]),
            Self::Slow(_) => (slow::OPERATIONS, &[]),
        };
        own.iter().chain(more)
    }
}

fn rows<T>(
    table: &'static [Attribute<T>],
    one: &T,
    scene: &Scene<'_>,
    visit: &mut dyn FnMut(Row<'_>),
) {
    for attribute in table {
        visit(Row {
            name: attribute.name,
            java: attribute.java,
            text: attribute.text,
            writable: attribute.set.is_some(),
            get: &|| (attribute.get)(one, scene),
            set: &|value| match attribute.set {
                Some(set) => set(one, scene, value),
                None => Err(Fault::read_only(attribute.name)),
            },
        });
    }
}
